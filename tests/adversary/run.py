"""One site from its first member to the verdicts on it."""

import json
import resource
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tests.adversary.attacks import attacks
from tests.adversary.judge import Verdict, judge
from tests.adversary.leaks import one_scope
from tests.adversary.loot import Loot, read_loot
from tests.adversary.material import material
from tests.adversary.seize import begin_of_log, seize
from tests.adversary.simulate import Simulation
from tests.adversary.site import Site, fresh_folder
from tests.adversary.trained import trained
from tests.adversary.world import BEGIN, DAY, HOUR, Size, begin_for, make_world

from openmai.anonymity.encoding import Domain

Say = Callable[[str], None]


@dataclass
class Outcome:
    """What became of one run; `facts` are for the report."""

    size: Size
    leaks: frozenset[str]
    verdicts: list[Verdict]
    facts: dict[str, Any]

    def of(self, name: str) -> Verdict:
        return next(each for each in self.verdicts if each.name == name)


def run(
    size: Size,
    *,
    where: Path,
    say: Say,
    leaks: frozenset[str] = frozenset(),
    keep: bool = False,
) -> Outcome:
    """Simulate, seize, attack, judge. The folder of the run is removed unless `keep`."""
    folder = fresh_folder(where)
    begin = begin_for(size, time.time())
    try:
        with _scopes(leaks):
            facts = simulate(size, folder, say=say, leaks=leaks, begin=begin)
        began = time.monotonic()
        loot, verdicts = attack(size, folder, begin=begin)
        facts["material"] = material(loot, newcomers=size.newcomers > 0)
        facts["seconds of attack"] = round(time.monotonic() - began)
        facts["posts"] = len(loot.posts)
        say(f"{len(loot.posts)} posts attacked in {facts['seconds of attack']} s")
        return Outcome(size, leaks, verdicts, facts)
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def simulate(
    size: Size, folder: Path, *, say: Say, leaks: frozenset[str] = frozenset(), begin: float = BEGIN
) -> dict[str, Any]:
    """Live and be seized; what was seized lies in `folder` afterwards."""
    outside = folder / "outside"
    outside.mkdir()
    world = make_world(size, begin=begin)
    eager = {"OPENMAI_EPOCH_SECONDS": str(int(HOUR)), "OPENMAI_EPOCH_MIN_JOINERS": "1"}
    site = Site(folder / "site", outside, world, leaks=leaks, pace=eager if "no-waiting" in leaks else {})
    site.clock.set(begin - 3 * DAY)
    began, spent = time.monotonic(), _processor_seconds()
    try:
        site.start()
        simulation = Simulation(world, site, outside, say, leaks)
        simulation.run()
        # Whoever logs members in at each visit keeps the log of it, too.
        last = begin + size.days * DAY
        log_since = 0.0 if leaks else begin_of_log(outside / "times.json", until=last)
        seize(site, folder / "seized", log_since=log_since)
    finally:
        site.stop()
    facts = dict(simulation.facts)
    facts["seconds in all"] = round(time.monotonic() - began)
    facts["processor seconds"] = round(_processor_seconds() - spent)
    say(f"{len(simulation.truth)} posts of {size.members} members in {facts['seconds in all']} s")
    return facts


def attack(size: Size, folder: Path, *, begin: float = BEGIN) -> tuple[Loot, list[Verdict]]:
    """Every attack on what lies in `folder`, and only then the truth."""
    end = begin + (size.days + 1) * DAY
    tick = make_world(size, begin=begin).tick
    loot = read_loot(folder, world_tick=tick, begin=begin, end=end, modes=size.modes)
    found = [(each, each.score(loot)) for each in attacks()]
    truth = json.loads((folder / "outside" / "truth.json").read_text())
    authors = np.array([truth[post.id]["author"] for post in loot.posts])
    if not loot.crowd[np.arange(len(authors)), authors].all():
        raise AssertionError("an author is outside of the crowd that the post claims")
    found.append(trained(loot, authors, found))
    return loot, judge(loot, authors, found, times=size.permutations)


def _processor_seconds() -> float:
    """Of this process and of all that it started and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


@contextmanager
def _scopes(leaks: frozenset[str]) -> Iterator[None]:
    """The devices of a site with one scope follow it."""
    real = Domain.thread_scope
    if "one-scope" in leaks:
        one_scope()
    try:
        yield
    finally:
        Domain.thread_scope = real  # type: ignore[method-assign]

"""The talk side: every thread through the real verifier and the real ticks, with real proofs.

The rosters come from the people site over HTTP, as the talk worker fetches them.
"""

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.conf import settings

from openmai.demo.community.threads import Thread, load_threads
from openmai.demo.seed.casting import Post, Slots, Speaker, cast_thread
from openmai.demo.seed.meter import metered
from openmai.demo.seed.proving import Provers
from openmai.demo.seed.schedule import moments
from openmai.demo.seed.timeline import Timeline, timeline
from openmai.demo.seed.trees import read_trees
from openmai.platform.clock import next_tick
from openmai.platform.config import load_talk
from openmai.talk.actions import accept_submission, write_tick
from openmai.talk.epoch import Epoch
from openmai.talk.rules import Rules
from openmai.talk.snapshots import RosterSource
from openmai.talk.worker import refresh


def run(inbox: dict[str, Any], *, now: datetime, progress: Callable[[str], None]) -> dict[str, Any]:
    """Fill the talk site. `inbox`: `speakers`, from the people part; to say less, `threads`, some titles."""
    config = load_talk()
    rules: Rules = settings.OPENMAI_RULES
    when = timeline(now)
    threads = [each for each in load_threads() if each.title in inbox.get("threads", [each.title])]
    with Provers(config.static_dir, 20, gate=config.gate_dir) as provers:
        with RosterSource(config.roster_source) as source:
            refresh(source, rules=rules, now=when.talk)
        speakers = [Speaker.from_document(each) for each in inbox["speakers"]]
        posts = _rehearse(threads, speakers, when, rules)
        joins = [post.join for post in posts if post.join is not None]
        proofs = provers.prove_all([join.request for join in joins])
        for join, proved in zip(
            joins,
            metered(proofs, total=len(joins), what="proofs for speaking", report=progress),
            strict=True,
        ):
            join.proved = proved
    _publish(posts, rules, progress)
    return {"posts": len(posts)}


def _rehearse(
    threads: Sequence[Thread], speakers: Sequence[Speaker], when: Timeline, rules: Rules
) -> list[Post]:
    """Every post with its moment, key and the proof it needs, in the order of time."""
    draw = secrets.SystemRandom()
    domain, trees = rules.domain(when.now), read_trees(rules.domain(when.now).season)
    slots = Slots(rules.slots, draw)
    posts: list[Post] = []
    for thread in threads:
        times = moments(thread, when, tick=rules.tick, uniform=draw.random)
        posts += cast_thread(
            thread, times, speakers=speakers, trees=trees, domain=domain, slots=slots, draw=draw
        )
    return sorted(posts, key=attrgetter("at"))


def _publish(posts: Sequence[Post], rules: Rules, progress: Callable[[str], None]) -> None:
    """Submit each post at its moment, and let every tick at which something is due pass."""
    epoch = Epoch()
    shown = metered(posts, total=len(posts), what="posts published", report=progress)
    for due, together in groupby(shown, key=lambda post: next_tick(post.at, rules.tick_seconds)):
        for post in together:
            accept_submission(post.body(), epoch=epoch, rules=rules, now=post.at)
        write_tick(epoch=epoch, rules=rules, now=due)

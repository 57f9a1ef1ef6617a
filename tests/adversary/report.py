"""docs/subpoena-test.md, written by the run: what was done, what was found, for readers who are no engineers."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final

from tests.adversary.attacks import LATER
from tests.adversary.judge import Verdict
from tests.adversary.leaks import CAUGHT_BY, WORDS
from tests.adversary.material import lacking
from tests.adversary.plots import panels
from tests.adversary.run import Outcome

RANK_MARGIN: Final = 0.02
FIRST_MARGIN: Final = 0.01
CAUGHT: Final = 1e-6


def caught(controls: Sequence[Outcome]) -> dict[str, Verdict]:
    """For each attack the verdict on the build that was made to leak to it."""
    found = {}
    for name, leak in CAUGHT_BY.items():
        for control in controls:
            if leak in control.leaks:
                found[name] = control.of(name)
    return found


def missed(controls: Sequence[Outcome]) -> list[str]:
    """Attacks that did not find the leak made for them, or had none: then the run is void."""
    found = caught(controls)
    return [name for name in CAUGHT_BY if name not in found or found[name].p_tail >= CAUGHT]


def failures(outcome: Outcome, *, rank: float = RANK_MARGIN, first: float = FIRST_MARGIN) -> list[str]:
    """Attacks that found more than the margins allow."""
    return [each.name for each in outcome.verdicts if not each.passes(rank=rank, first=first)]


def write_report(outcome: Outcome, controls: Sequence[Outcome], *, to: Path, on: date, revision: str) -> None:
    """`revision` names the code that ran."""
    pictures = to.parent / "images"
    pictures.mkdir(parents=True, exist_ok=True)
    (pictures / "subpoena-ranks.svg").write_text(
        panels(outcome.verdicts, title="The site as it is: rank of the author under each attack")
    )
    shown = list(caught(controls).values())
    (pictures / "subpoena-controls.svg").write_text(
        panels(shown, title="Sites made to leak: the same attacks")
    )
    to.write_text(_text(outcome, controls, f"{on.isoformat()}, revision {revision}"))


def _text(outcome: Outcome, controls: Sequence[Outcome], which: str) -> str:
    parts = [
        _HEAD,
        f"## Result of {which}",
        verdict(outcome, controls),
        _figures(outcome),
        _reading(outcome),
    ]
    parts += ["## Every attack", _table(outcome), _PICTURE]
    parts += [
        "## What there was to look at",
        _material(outcome),
        "## Would the test notice a leak?",
        _CONTROLS,
    ]
    parts += [
        _control_table(controls),
        _CONTROL_PICTURE,
        "## How it was done",
        _method(outcome),
        _limits(outcome),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def verdict(outcome: Outcome, controls: Sequence[Outcome]) -> str:
    """Everything that is wrong with the run, or that it passed."""
    wrong = []
    if lost := missed(controls):
        wrong.append(f"**Void**: these attacks did not find the leak made for them: {', '.join(lost)}.")
    if nothing := lacking(outcome.facts["material"]):
        wrong.append(f"**Void**: of this too little was seized to find anything: {'; '.join(nothing)}.")
    if found := failures(outcome):
        wrong.append(f"**Not passed**: {', '.join(found)}.")
    if wrong:
        return " ".join(wrong)
    return "**Passed.** What was seized added to no attack more than the margins allow."


_HEAD: Final = """
# The subpoena test

*Written by `make adversary`; do not edit by hand.*

Suppose a court orders the operator to hand over everything, and the operator does: the disks of both databases with all that
was ever deleted and not yet overwritten, the write-ahead logs, the backups, the log files, the keys. Can an expert, with all of it and as much
time as they like, tell who wrote a post in Job Talk?

This test simulates such a seizure and carries out the attacks that experts know. Its question is precise. Some knowledge is open to everybody: who is
on a roster, when a batch of posts was published, and when members were active on the real-name site. An attacker with that knowledge alone is called
**ideal** here. What the seized material adds to it must not be more than a margin that is named below.
"""

_PICTURE: Final = """
![Rank distributions, real against ideal](images/subpoena-ranks.svg)

Each panel shows, from left to right, the ranks from first to last suspect, and how many of the authors stand at that rank or before. The broken line is
chance. The red line (the attack) lies within the broad blue one (the ideal attacker) when the seized material tells nothing.
"""

_CONTROLS: Final = """
A test that finds nothing proves little unless it would find something. So for each attack there is a site that was made to leak on purpose, in a way that
real software has leaked. The same attack, run on that site, must find the leak, with a probability of error below one in a million. If one does not,
the whole run is void.

The leaking sites are smaller: 80 members, six days, 900 posts. They keep the real-name site's whole log, and the one that writes each post at once makes five backups a
day. Where a root is to tell the author, most posts are written in one epoch and sent in another.
"""

_CONTROL_PICTURE: Final = """
![Rank distributions on sites made to leak](images/subpoena-controls.svg)
"""


def _limits(outcome: Outcome) -> str:
    return f"""
## What this does not show
The writer's style, a story that only one person could tell, a watched device or network, and an operator who changes the software from now on: no
test of a seizure can see those. Nor what a longer log would tell: the real-name site's write-ahead log knows the second of a log-in, so it
[must be short](storage.md). Nor more of backups than this run had: {outcome.facts["backups"]} in {outcome.size.days} days. A backup can tell only of posts that
came in around it, and with few of them the attack on their difference could not have moved the average much, whatever the site did. Nor does it show
that nobody will find another attack. Whoever has an idea is asked to add it to `tests/adversary/attacks`: one function, and one site that leaks to it.
"""


def _figures(outcome: Outcome) -> str:
    facts, size = outcome.facts, outcome.size
    sizes = sorted(set(size.rosters))
    rows = [
        ("members", f"{size.members}, in rosters of {', '.join(map(str, sizes))}"),
        ("days", f"{size.days}, compressed"),
        ("anonymous posts", f"{facts['posts']}, of which {facts.get('browser posts', 0)} through Chromium"),
        ("members who came during that time", str(facts.get("joined later", 0))),
        ("proofs of membership, each with one at the gate", str(facts["proofs"])),
        ("time", f"{facts['seconds in all']} s of simulation, {facts['seconds of attack']} s of attack"),
    ]
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def _reading(outcome: Outcome) -> str:
    worst = max(outcome.verdicts, key=_share_of_margin)
    ideal, adding_up = outcome.of("xmin"), outcome.of("nullifier_reuse")
    return (
        f"The ideal attacker who knows every visit to the real-name site to the second puts the author at rank {ideal.rank_ideal:.2f} "
        f"on average (0.50 is chance, 0 is certainty) and names the author at the first guess for {ideal.first_ideal:.1%} of the posts; one who also adds up what is known of all posts "
        f"of a persona: rank {adding_up.rank_ideal:.2f} and {adding_up.first_ideal:.1%}. "
        f"The attack that came nearest to what is allowed is “{worst.words}”: {worst.gain_rank:+.4f} in rank, with 95 % certainty "
        f"no more than {worst.bound_rank:+.4f}, and {worst.gain_first:+.2%} of first guesses, no more than {worst.bound_first:+.2%}. "
        f"Allowed to each attack are {RANK_MARGIN} in rank and {FIRST_MARGIN:.0%} of first guesses."
        + _noticed(outcome)
    )


def _share_of_margin(verdict: Verdict) -> float:
    return max(verdict.bound_rank / RANK_MARGIN, verdict.bound_first / FIRST_MARGIN)


def _noticed(outcome: Outcome) -> str:
    """Attacks that add something for certain, however little."""
    found = [f"“{each.words}” ({each.gain_rank:+.4f})" for each in outcome.verdicts if each.detected]
    if not found:
        return " None adds anything that could not be chance."
    return f" More than chance, though within what is allowed, are in rank {', '.join(found)}."


def _table(outcome: Outcome) -> str:
    head = [
        "| attack on | rank, ideal | rank, real | gained, at most | first guess, ideal | real | gained, at most | p (Holm) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    rows = [
        f"| {each.words} | {each.rank_ideal:.3f} | {each.rank_real:.3f} | {each.bound_rank:+.4f} | "
        f"{each.first_ideal:.2%} | {each.first_real:.2%} | {each.bound_first:+.2%} | {each.p_holm:.3f} |"
        for each in outcome.verdicts
    ]
    later = ", ".join(name.replace("_", " ") for name in LATER)
    return "\n".join([*head, *rows, "", f"Not attacked, because the site has none yet: {later}."])


def _material(outcome: Outcome) -> str:
    rows = [f"| {words} | {count:,} |" for words, (count, _least) in outcome.facts["material"].items()]
    head = [
        "An attack that finds nothing where nothing lies has shown nothing: too little of one of these, and the run is void.",
        "",
        "| | |",
        "|---|---|",
    ]
    return "\n".join([*head, *rows])


def _control_table(controls: Sequence[Outcome]) -> str:
    head = ["| attack on | a site that … | rank, ideal | rank, real | p |", "|---|---|---|---|---|"]
    rows = []
    for name, verdict in caught(controls).items():
        p = f"{verdict.p_tail:.0e}" if verdict.p_tail >= 1e-300 else "< 1e-300"
        rows.append(
            f"| {verdict.words} | {WORDS[CAUGHT_BY[name]]} | {verdict.rank_ideal:.3f} | "
            f"{verdict.rank_real:.3f} | {p} |"
        )
    return "\n".join(head + rows)


def _method(outcome: Outcome) -> str:
    modes = outcome.size.modes
    return f"""
- **Simulate.** The people site and the talk site run as an operator runs them: the same processes, each with its own PostgreSQL cluster. Each member has an
  address and a user agent of its own, registers, verifies an employment by mail, and makes a key, all over HTTP. The days pass quickly because the processes are given another clock;
  that clock exists in the tests only, and so do quicker password hashes. Posts come out every six hours. {modes["at once"]:.0%} of the posts are sent during a visit to the real-name site, {modes["later"]:.0%} are
  written then and sent at a random time of the next day, {modes["any time"]:.0%} have nothing to do with a visit. Proofs are real; replies of a persona that is known carry a signature only, as in the product.
  Who wrote what is kept outside of what is seized.
- **Seize.** The data directories with the write-ahead log (of Job Talk all that was ever written, of the real-name site that of the last day with visits, as is promised), {outcome.facts["backups"]} base backups of each cluster, the statistics views, logs, keys, every other file; and the public site, read after each release and as a whole at the end.
- **Attack.** Each attack gives every member of the roster a score for every post. It is combined with what the ideal attacker knows by weights that were learnt from the posts of other authors.
  Attacks on the talk site's data know every visit to the second; attacks on the people site's data know the days and look for the hour.
- **Judge.** The mean rank and the share of right first guesses, compared with the ideal attacker's post by post; the bound is the upper end of a one-sided 95 % interval in which all posts of one author count as one observation.
  p: {outcome.size.permutations:,} permutations of the authors among the personas that spoke in the same roster and epoch (for attacks whose score is the same for all posts of an epoch: of the signs of each author's gain; for nullifiers that return: of how many of the pairs are one member's), corrected after Holm.
  For the controls p is the normal tail of the same permutations.
"""

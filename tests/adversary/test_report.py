"""What the report says first: passed, not passed, or void."""

import numpy as np
import pytest
from tests.adversary import report
from tests.adversary.judge import Verdict
from tests.adversary.leaks import CAUGHT_BY
from tests.adversary.run import Outcome
from tests.adversary.test_judge import MEMBERS, POSTS, verdict_on
from tests.adversary.world import CONTROL, FULL

MATERIAL = {"posts in Job Talk's tables": (POSTS, POSTS), "log-ins in the log": (3, 1)}
QUIET = verdict_on(lambda authors, _draw: np.zeros((POSTS, MEMBERS)))


def outcome(verdict: Verdict = QUIET, **material: tuple[int, int]) -> Outcome:
    return Outcome(FULL, frozenset(), [verdict], {"material": MATERIAL | material})


def test_a_run_in_which_an_attack_had_nothing_to_look_at_is_void(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "CAUGHT_BY", {})
    assert report.verdict(outcome(), []).startswith("**Passed.**")
    assert report.verdict(outcome(backups=(0, 1)), []) == (
        "**Void**: of this too little was seized to find anything: backups."
    )


def test_a_leak_that_no_attack_found_makes_the_run_void() -> None:
    said = report.verdict(outcome(), [Outcome(CONTROL, frozenset(), [QUIET], {})])
    assert said.startswith("**Void**")
    assert all(name in said for name in CAUGHT_BY)


def test_an_attack_beyond_the_margins_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "CAUGHT_BY", {})

    def trace(authors: np.ndarray, draw: np.random.Generator) -> np.ndarray:
        scores = draw.random((POSTS, MEMBERS))
        scores[np.arange(POSTS), authors] += 1
        return scores

    told = verdict_on(trace)
    assert report.verdict(outcome(told), []) == f"**Not passed**: {told.name}."

"""The judge itself: it stays calm before noise, and finds what is there."""

from pathlib import Path

import numpy as np
import pytest
from tests.adversary.attacks import Attack
from tests.adversary.judge import Ints, Verdict, combine, holm, judge, permuted, place_of_each, ranks
from tests.adversary.loot import Loot, Post
from tests.adversary.world import DAY, HOUR, MODES

MEMBERS, POSTS, TICK = 40, 400, 6 * HOUR


def invented(draw: np.random.Generator) -> tuple[Loot, Ints]:
    """Posts of a roster of 40, ten in each of forty epochs, each by a persona of its own."""
    posts = [
        Post(f"{n:064x}", f"{n:064x}", f"{n:064x}", str(n + 1), "r", (1 + n // 10) * TICK, 0, 1, True)
        for n in range(POSTS)
    ]
    visits = [sorted(draw.uniform(0, 10 * DAY, 8).tolist()) for _ in range(MEMBERS)]
    loot = Loot(
        Path(), TICK, 0.0, 11 * DAY, posts, [f"m{n}" for n in range(MEMBERS)], ["r"] * MEMBERS, visits,
        {}, {}, {}, {}, [(0.0, 0.0)], MODES,
    )  # fmt: skip
    loot.__dict__["newcomers"] = {}
    loot.__dict__["crowd"] = np.ones((POSTS, MEMBERS), dtype=bool)
    return loot, draw.integers(0, MEMBERS, POSTS)


def verdict_on(scores: np.ndarray, *, seed: int = 3) -> Verdict:
    draw = np.random.default_rng(seed)
    loot, authors = invented(draw)
    attack = Attack("invented", "an invented trace", "activity", lambda _: scores)
    hint = scores(authors, draw) if callable(scores) else scores
    return judge(loot, authors, [(attack, hint)], times=2_000)[0]


def test_noise_gains_nothing_and_passes() -> None:
    found = [verdict_on(lambda authors, draw: draw.random((POSTS, MEMBERS)), seed=n) for n in range(8)]
    assert sum(each.detected for each in found) <= 1
    assert all(each.passes(rank=0.08, first=0.06) for each in found)


def test_a_trace_of_the_author_is_found_beyond_doubt() -> None:
    def trace(authors: Ints, draw: np.random.Generator) -> np.ndarray:
        scores = draw.random((POSTS, MEMBERS))
        scores[np.arange(POSTS), authors] += 0.5
        return scores

    found = verdict_on(trace)
    assert found.p_tail < 1e-6
    assert found.detected
    assert not found.passes(rank=0.02, first=0.01)


def test_the_right_answer_for_one_post_in_ten_does_not_pass() -> None:
    def trace(authors: Ints, draw: np.random.Generator) -> np.ndarray:
        scores = np.zeros((POSTS, MEMBERS))
        told = draw.random(POSTS) < 0.1
        scores[np.flatnonzero(told), authors[told]] = 1.0
        return scores

    assert not verdict_on(trace).passes(rank=0.02, first=0.01)


def test_ties_count_half_and_share_the_first_guess() -> None:
    crowd = np.ones((2, 4), dtype=bool)
    scores = np.array([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    found, first = ranks(scores, crowd, np.array([0, 3]))
    assert found.tolist() == [0.25, 0.5]
    assert first.tolist() == [0.5, 0.25]
    assert place_of_each(scores, crowd)[0].tolist() == [0.25, 0.25, 0.75, 0.75]


def test_what_everybody_of_an_epoch_shares_is_no_evidence() -> None:
    """A score that is the same for all posts of a roster and epoch cannot tell its authors apart."""
    draw = np.random.default_rng(5)
    loot, authors = invented(draw)
    by_epoch = draw.random((POSTS // 10, MEMBERS)).repeat(10, axis=0)
    places = place_of_each(by_epoch, loot.crowd)
    assert permuted(loot, places, authors, times=200, draw=draw, by_root=False) == (1.0, 1.0)


def test_weights_are_learnt_from_the_posts_of_others() -> None:
    """A score that gives away one author only does not help against the others."""
    draw = np.random.default_rng(6)
    loot, authors = invented(draw)
    noise = draw.random((POSTS, MEMBERS))
    scores = noise.copy()
    scores[authors == 7, 7] = 9.0
    real, _ = ranks(combine([noise, scores], loot.crowd, authors), loot.crowd, authors)
    assert real[authors != 7].mean() > 0.4


def test_holm_multiplies_by_what_is_left() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])

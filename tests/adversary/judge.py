"""Whether what was seized tells more than what everybody may know: ranks, permutations, Holm, bounds.

A post's rank is the place of its author among the members of the roster, from 0 (first) to 1 (last); 0.5 is
chance. "Ideal" is the attacker who has seized nothing. "Real" has the ideal's knowledge and the attack's
score, weighed by a conditional logit that is trained on the posts of other authors, so that an attack that
knows little more is not hidden by noise, and one that knows nothing costs nothing.
"""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray
from tests.adversary.attacks import Attack
from tests.adversary.attacks.nullifier_reuse import by_persona
from tests.adversary.likelihood import activity, days
from tests.adversary.loot import Loot, Matrix

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
IDEALS: Final = {"activity": activity, "days": days, "persona": by_persona}
# Their information lies in the root, so the posts of one roster and epoch are exchanged whatever their root.
BY_ROOT: Final = frozenset({"roster_join", "unique_roots"})
FOLDS: Final = 5
ONE_SIDED: Final = NormalDist().inv_cdf(0.95)


@dataclass
class Verdict:
    """What one attack achieved. `bound_*` are upper 95 % bounds of what it gained over the ideal."""

    name: str
    words: str
    ideal: str
    posts: int
    rank_alone: float
    rank_real: float
    rank_ideal: float
    first_real: float
    first_ideal: float
    gain_rank: float
    bound_rank: float
    gain_first: float
    bound_first: float
    p: float
    p_tail: float
    p_holm: float
    ranks_real: Floats
    ranks_ideal: Floats

    def passes(self, *, rank: float, first: float) -> bool:
        return self.bound_rank <= rank and self.bound_first <= first

    @property
    def detected(self) -> bool:
        return self.p_holm < 0.05


def ranks(scores: Matrix, crowd: NDArray[np.bool_], authors: Ints) -> tuple[Floats, Floats]:
    """Rank and probability of a right first guess for each post; ties count half, and share the guess."""
    own = scores[np.arange(len(authors)), authors][:, None]
    above = ((scores > own) & crowd).sum(axis=1)
    equal = ((scores == own) & crowd).sum(axis=1)
    return (above + equal / 2) / crowd.sum(axis=1), np.where(above == 0, 1 / np.maximum(equal, 1), 0.0)


def place_of_each(scores: Matrix, crowd: NDArray[np.bool_]) -> Matrix:
    """The rank that each member would have as author; 1 outside the crowd."""
    found = np.ones(scores.shape)
    for post in range(len(scores)):
        members = np.flatnonzero(crowd[post])
        ordered = np.sort(-scores[post, members])
        low = np.searchsorted(ordered, -scores[post, members], side="left")
        high = np.searchsorted(ordered, -scores[post, members], side="right")
        found[post, members] = (low + high) / 2 / len(members)
    return found


# ── The attacker who weighs ──────────────


def combine(features: list[Matrix], crowd: NDArray[np.bool_], authors: Ints) -> Matrix:
    """Each fifth of the authors is judged with weights that were learnt from the posts of the others."""
    cube = np.stack([_centred(each, crowd) for each in features], axis=-1)
    scores = np.zeros(crowd.shape)
    for fold in range(FOLDS):
        held = authors % FOLDS == fold
        if held.any():
            weights = _logit(cube[~held], crowd[~held], authors[~held])
            scores[held] = cube[held] @ weights
    return np.where(crowd, scores, -np.inf)


def _centred(scores: Matrix, crowd: NDArray[np.bool_]) -> Matrix:
    inside = np.where(crowd, np.where(np.isfinite(scores), scores, -30.0), 0.0)
    mean = inside.sum(axis=1, keepdims=True) / crowd.sum(axis=1, keepdims=True)
    centred = np.where(crowd, inside - mean, 0.0)
    scale = np.sqrt((centred**2).sum() / crowd.sum())
    return centred / (scale or 1.0)


def _logit(cube: Floats, crowd: NDArray[np.bool_], authors: Ints) -> Floats:
    """Conditional logit with a small ridge, by Newton's method."""
    weights = np.zeros(cube.shape[-1])
    rows = np.arange(len(authors))
    for _ in range(25):
        utility = np.where(crowd, cube @ weights, -np.inf)
        chance = np.exp(utility - utility.max(axis=1, keepdims=True))
        chance /= chance.sum(axis=1, keepdims=True)
        mean = np.einsum("pm,pmf->pf", chance, cube)
        gradient = (cube[rows, authors] - mean).sum(axis=0) - weights
        spread = np.einsum("pm,pmf,pmg->fg", chance, cube, cube) - mean.T @ mean
        step = np.linalg.solve(spread + np.eye(len(weights)), gradient)
        weights = weights + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-6:
            break
    return weights


# ── Permutations ──────────────


def permuted(
    loot: Loot, places: Matrix, authors: Ints, *, times: int, draw: np.random.Generator, by_root: bool
) -> tuple[float, float]:
    """p of the mean rank when authors change places among the personas of one roster that spoke in one
    epoch; counted, and by the normal tail of the same permutations.
    """
    units: dict[tuple[str, str, float], list[int]] = {}
    for number, post in enumerate(loot.posts):
        units.setdefault((post.thread, post.key, post.tick), []).append(number)
    strata: dict[tuple[object, ...], list[list[int]]] = {}
    for together in units.values():
        post = loot.posts[together[0]]
        strata.setdefault((post.roster, post.tick, None if by_root else post.epoch), []).append(together)
    observed, sums = 0.0, np.zeros(times)
    for members in strata.values():
        if len(members) < 2:
            continue
        own = authors[[each[0] for each in members]]
        table = np.array([places[each][:, own].mean(axis=0) for each in members])
        observed += float(np.trace(table))
        order = np.argsort(draw.random((times, len(members))), axis=1)
        sums += table[np.arange(len(members)), order].sum(axis=1)
    return _p_values(-observed, -sums)


def linked(loot: Loot, authors: Ints, *, times: int, draw: np.random.Generator) -> tuple[float, float]:
    """p of how many personas that share a nullifier or a key in two threads are indeed one member's, when
    authors change places among the personas of one roster that entered in one epoch.
    """
    entries = np.array([number for number, post in enumerate(loot.posts) if post.first])
    posts = [loot.posts[number] for number in entries]
    pairs = [
        (one, two)
        for one in range(len(posts))
        for two in range(one)
        if posts[one].thread != posts[two].thread
        and (posts[one].nullifier == posts[two].nullifier or posts[one].key == posts[two].key)
    ]
    drawn = np.tile(authors[entries], (times, 1))
    strata: dict[tuple[str, float], list[int]] = {}
    for number, post in enumerate(posts):
        strata.setdefault((post.roster, post.tick), []).append(number)
    for together in strata.values():
        order = np.argsort(draw.random((times, len(together))), axis=1)
        drawn[:, together] = authors[entries][np.array(together)[order]]
    right = sum((drawn[:, one] == drawn[:, two] for one, two in pairs), np.zeros(times))
    own = authors[entries]
    return _p_values(float(sum(own[one] == own[two] for one, two in pairs)), right)


def flipped(gains: Floats, authors: Ints, *, times: int, draw: np.random.Generator) -> tuple[float, float]:
    """p of the mean gain when the gain of each author may as well have been a loss; for attacks whose score
    is the same for all posts of a roster and epoch.
    """
    sums = np.bincount(authors, weights=gains)
    signs = draw.choice((-1.0, 1.0), size=(times, len(sums)))
    return _p_values(float(sums.sum()), signs @ sums)


def _p_values(observed: float, drawn: Floats) -> tuple[float, float]:
    spread = float(drawn.std())
    if spread < 1e-12:
        return 1.0, 1.0
    counted = (1 + int((drawn >= observed - 1e-9).sum())) / (1 + len(drawn))
    tail = NormalDist().cdf(-(observed - float(drawn.mean())) / spread)
    return counted, tail


def holm(values: list[float]) -> list[float]:
    """Holm's correction, in the given order."""
    adjusted, running = [0.0] * len(values), 0.0
    for place, index in enumerate(np.argsort(values)):
        running = max(running, min(1.0, (len(values) - place) * values[index]))
        adjusted[index] = running
    return adjusted


# ── The verdicts ──────────────


def bound(gains: Floats, authors: Ints) -> tuple[float, float]:
    """Mean gain and its upper 95 % bound; the posts of one author are one observation."""
    mean = float(gains.mean())
    sums = np.bincount(authors, weights=gains - mean)
    error = float(np.sqrt((sums**2).sum())) / len(gains)
    return mean, mean + ONE_SIDED * error


def judge(
    loot: Loot, authors: Ints, found: list[tuple[Attack, Matrix]], *, times: int, seed: int = 1
) -> list[Verdict]:
    """All attacks against one site."""
    draw = np.random.default_rng(seed)
    ideals = {name: make(loot) for name, make in IDEALS.items()}
    verdicts = [_judge(loot, authors, attack, scores, ideals, times, draw) for attack, scores in found]
    for verdict, p in zip(verdicts, holm([each.p for each in verdicts]), strict=True):
        verdict.p_holm = p
    return verdicts


def _judge(
    loot: Loot,
    authors: Ints,
    attack: Attack,
    scores: Matrix,
    ideals: dict[str, Matrix],
    times: int,
    draw: np.random.Generator,
) -> Verdict:
    crowd, ideal = loot.crowd, ideals[attack.ideal]
    real = combine([ideal, scores], crowd, authors)
    rank_real, first_real = ranks(real, crowd, authors)
    rank_ideal, first_ideal = ranks(ideal, crowd, authors)
    rank_alone, _ = ranks(scores, crowd, authors)
    if attack.ideal == "activity":
        places = place_of_each(scores, crowd)
        by_root = attack.name in BY_ROOT
        p, tail = permuted(loot, places, authors, times=times, draw=draw, by_root=by_root)
    elif attack.name == "nullifier_reuse":
        p, tail = linked(loot, authors, times=times, draw=draw)
    else:
        p, tail = flipped(rank_ideal - rank_alone, authors, times=times, draw=draw)
    gain_rank, bound_rank = bound(rank_ideal - rank_real, authors)
    gain_first, bound_first = bound(first_real - first_ideal, authors)
    return Verdict(
        attack.name, attack.words, attack.ideal, len(authors),
        float(rank_alone.mean()), float(rank_real.mean()), float(rank_ideal.mean()),
        float(first_real.mean()), float(first_ideal.mean()),
        gain_rank, bound_rank, gain_first, bound_first, p, tail, 1.0, rank_real, rank_ideal,
    )  # fmt: skip

"""A nullifier or key in two threads: both personas are one member, and what is known of each adds up."""

import numpy as np
from tests.adversary.likelihood import activity
from tests.adversary.loot import Loot, Matrix

WORDS = "nullifiers and keys that return in another thread"
IDEAL = "persona"


def score(loot: Loot) -> Matrix:
    return added_up(loot, [post.nullifier for post in loot.posts])


def by_persona(loot: Loot) -> Matrix:
    """The ideal attacker adds up what is known of one persona's posts: they belong together in public."""
    return added_up(loot, [post.thread + post.nullifier for post in loot.posts])


def added_up(loot: Loot, groups: list[str]) -> Matrix:
    """The same sum for every post of a group; posts of one tick count once, as they say the same."""
    single = np.where(loot.crowd, activity(loot), 0.0)
    together: dict[str, dict[float, int]] = {}
    for number, group in enumerate(groups):
        together.setdefault(group, {}).setdefault(float(loot.ticks[number]), number)
    sums = {group: single[list(members.values())].sum(axis=0) for group, members in together.items()}
    scores = np.array([sums[group] for group in groups])
    return np.where(loot.crowd, scores, -np.inf)

"""Who has just come into a roster may speak at once: the epoch that a join names, and its newest leaves."""

import numpy as np
from tests.adversary.loot import Loot, Matrix

WORDS = "members who joined with the very epoch that a post rests on"
IDEAL = "activity"


def score(loot: Loot) -> Matrix:
    joined = np.array(loot.joined)
    scores = np.array([joined == post.epoch for post in loot.posts], dtype=float)
    return np.where(loot.crowd, scores, -np.inf)

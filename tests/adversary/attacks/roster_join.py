"""Who has just come into a roster may speak at once: how new a member is in the epoch of a join."""

import numpy as np
from tests.adversary.loot import Loot, Matrix

WORDS = "how new each member is in the epoch that a join names"
IDEAL = "activity"


def score(loot: Loot) -> Matrix:
    joined = np.array(loot.joined, dtype=float)
    epochs = np.array([post.epoch for post in loot.posts], dtype=float)
    age = np.clip(epochs[:, None] - joined[None, :], 0, None)
    return np.where(loot.crowd, -np.log1p(age), -np.inf)

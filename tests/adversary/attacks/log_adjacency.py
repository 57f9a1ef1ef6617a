"""Two lines of one log that stand together: one about a member, one about a post."""

import numpy as np
from tests.adversary.files import mentions
from tests.adversary.loot import Loot, Matrix

WORDS = "lines of the logs that stand together"
IDEAL = "activity"


def score(loot: Loot) -> Matrix:
    scores = np.zeros(loot.crowd.shape)
    for path in loot.files:
        if path.suffix != ".log":
            continue
        seen: dict[int, list[int]] = {}
        posts: list[tuple[int, int]] = []
        for number, line in enumerate(path.read_text(errors="replace").splitlines()):
            found = mentions(loot, line)
            for member in found.members:
                seen.setdefault(member, []).append(number)
            posts += [(post, number) for post in found.posts]
        for post, number in posts:
            for member, lines in seen.items():
                gap = min(abs(number - each) for each in lines)
                scores[post, member] += np.exp(-gap / 3)
    return np.where(loot.crowd, scores, -np.inf)

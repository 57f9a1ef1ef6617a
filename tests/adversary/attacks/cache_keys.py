"""A cache on the disk whose entries tell who looked at which thread."""

import numpy as np
from tests.adversary.files import mentions
from tests.adversary.loot import Loot, Matrix

WORDS = "keys and entries of caches on the disk"
IDEAL = "activity"


def score(loot: Loot) -> Matrix:
    threads: dict[str, list[int]] = {}
    for number, post in enumerate(loot.posts):
        threads.setdefault(post.thread, []).append(number)
    looked: dict[str, set[int]] = {}
    visitors: dict[str, set[int]] = {}
    for path in loot.files:
        if path.suffix != ".cache":
            continue
        text = f"{path.name} {path.read_text(errors='replace')}"
        found = mentions(loot, text)
        for trace in found.traces:
            looked.setdefault(trace, set()).update(n for t in found.hex if t in threads for n in threads[t])
            visitors.setdefault(trace, set()).update(found.members)
    scores = np.zeros(loot.crowd.shape)
    for trace, posts in looked.items():
        for member in visitors.get(trace, ()):
            scores[sorted(posts), member] += 1
    return np.where(loot.crowd, scores, -np.inf)

"""One insertion: at a million leaves at most twice what it costs at 20,000.

It costs one hash for each level where the new leaf is on the right, so at most log2 of the size: 20
against 15. The big tree's inner nodes are random numbers, because what a node is does not change what an
insertion costs.
"""

import random

from bench._harness import Result, Side, by_turns, dearer, timed
from openmai.anonymity.leanimt import LeanIMT

LARGE, SMALL = 1_000_000, 20_000
INSERTIONS = 64


def tree_of(size: int, rng: random.Random) -> LeanIMT:
    tree = LeanIMT()
    levels: list[list[int]] = []
    while not levels or len(levels[-1]) > 1:
        length = (len(levels[-1]) + 1) // 2 if levels else size
        levels.append([rng.getrandbits(250) for _ in range(length)])
    tree._levels = levels
    return tree


def run() -> Result:
    rng = random.Random(1)
    large, small = tree_of(LARGE, rng), tree_of(SMALL, rng)

    def insertions(tree: LeanIMT) -> None:
        for _ in range(INSERTIONS):
            tree.insert(rng.randrange(1, 2**250))

    ours, reference = by_turns(timed(lambda: insertions(large)), timed(lambda: insertions(small)), rounds=9)
    return dearer(
        "roster-insert",
        Side(f"one insertion at {LARGE:,} leaves; grows with the logarithm", ours / INSERTIONS),
        Side(f"one insertion at {SMALL:,} leaves", reference / INSERTIONS),
        bar=2,
    )

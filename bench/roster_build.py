"""A roster of 20,000 built at once: at most 1.3 times its bare hashes."""

import random
from itertools import pairwise

from bench._harness import Result, Side, by_turns, dearer, timed
from openmai.anonymity.leanimt import LeanIMT
from openmai.anonymity.poseidon import poseidon2

SIZE = 20_000


def run() -> Result:
    rng = random.Random(1)
    leaves = [rng.randrange(1, 2**250) for _ in range(SIZE)]
    # A binary tree of n leaves has n − 1 inner nodes; lean promotion makes no further ones.
    pairs = list(pairwise(leaves))
    ours, bare = by_turns(
        timed(lambda: LeanIMT(leaves)), timed(lambda: [poseidon2(a, b) for a, b in pairs]), rounds=5
    )
    return dearer(
        "roster-build",
        Side(f"LeanIMT of {SIZE:,} leaves", ours),
        Side(f"{len(pairs):,} times poseidon2", bare),
        bar=1.3,
    )

"""Mutations of whatever the guided engine has kept: documents by our mutators, anything else by accident."""

from random import Random
from typing import Any, Final

import orjson
from tests.fuzz import proofs, spellings
from tests.fuzz.drafts import Draft
from tests.fuzz.variations import CHEAP, DEAR, _plain
from tests.fuzz.world import World

# Whoever signs anew says something of their own; over generations nobody could tell whose word it is.
UNGUIDED: Final = {proofs.lapsed, proofs.banned, proofs.rerandomised}
GUIDED: Final = tuple(each for each in (*CHEAP, *DEAR) if each not in UNGUIDED)


class Mutating:
    """One mutation of some bytes, or None where the engine's own are better. Nothing is signed."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._bodies = tuple(seed.body for seed in world.seeds)

    def __call__(self, data: bytes, rng: Random) -> bytes | None:
        if rng.random() < 0.3:
            return spellings.damaged(data, self._bodies, rng, tuple(range(len(data)))) if data else None
        try:
            document: Any = orjson.loads(data)
        except orjson.JSONDecodeError:
            return None
        if type(document) is not dict:
            return None
        draft = Draft(self.world, rng, rng.choice(self.world.seeds), document, may_sign=False)
        rng.choice(GUIDED)(draft)
        return _plain(draft)

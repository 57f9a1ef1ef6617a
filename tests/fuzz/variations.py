"""Draws variations: which seed, which mutators, how they are written. The weights set what a run costs."""

from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Any, Final

import orjson
from tests.fuzz import proofs, spellings, values
from tests.fuzz.drafts import Draft, Mutator, draft_of
from tests.fuzz.world import World

# Fall while being read, or at what the site knows.
CHEAP: Final[dict[Mutator, int]] = {
    spellings.drop_a_field: 6,
    spellings.add_a_field: 6,
    spellings.rename_a_field: 6,
    spellings.retype_a_field: 12,
    spellings.move_a_field: 6,
    values.odd_number: 14,
    values.odd_hex: 10,
    values.other_bytes: 8,
    values.odd_text: 8,
    values.odd_place: 8,
    values.odd_roster: 4,
    values.odd_checkpoint: 6,
    values.odd_day: 4,
    values.odd_pages: 4,
    values.without_join: 2,
    values.other_root: 3,
    values.other_list: 3,
    proofs.other_signature: 6,
    proofs.lapsed: 1,
    proofs.banned: 1,
}
# Reach the decoding of points, or the pairing.
DEAR: Final[dict[Mutator, int]] = {
    proofs.bad_point: 8,
    proofs.flipped_proof: 8,
    proofs.other_points: 8,
    proofs.other_proof: 4,
    proofs.swapped_pages: 3,
    proofs.other_nullifier: 4,
    proofs.other_slot: 4,
    proofs.yesterday: 1,
    proofs.other_epoch: 4,
    proofs.other_words: 5,
    proofs.other_thread: 3,
    proofs.other_key: 3,
    proofs.other_join: 4,
}
# What cannot be refused: another spelling, other bytes of the same proof.
HARMLESS: Final[dict[Mutator, int]] = {spellings.reorder: 1, proofs.rerandomised: 1}
ALL: Final = {**CHEAP, **DEAR, **HARMLESS}
# Of a hundred thousand variations, so many take a mutator that may cost a pairing.
DEAR_SHARE: Final = 0.02
HARMLESS_SHARE: Final = 0.0003


@dataclass(frozen=True, slots=True)
class Variation:
    """What is sent. `made` names the mutators."""

    seed: str
    made: tuple[str, ...]
    body: bytes
    proofs: frozenset[bytes]


class _Wheel:
    """Draws by weight."""

    def __init__(self, weights: dict[Mutator, int]) -> None:
        self.mutators = tuple(weights)
        self.weights = tuple(accumulate(weights.values()))

    def draw(self, rng: Random) -> Mutator:
        return rng.choices(self.mutators, cum_weights=self.weights)[0]


class Variations:
    """All that is drawn follows from the random numbers that are passed in."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._parsed: list[Any] = [orjson.loads(seed.body) for seed in world.seeds]
        self._bodies = tuple(seed.body for seed in world.seeds)
        self._cheap_places = tuple(
            _outside_of_proofs(body, self._parsed[at]) for at, body in enumerate(self._bodies)
        )
        self._wheels = _Wheel(CHEAP), _Wheel(DEAR), _Wheel(HARMLESS)

    def draw(self, rng: Random) -> Variation:
        """Never a seed itself."""
        while (found := self._draw(rng)).body in self._bodies:
            pass
        return found

    def _draw(self, rng: Random) -> Variation:
        at = rng.randrange(len(self._bodies))
        draft = draft_of(self.world, self.world.seeds[at], rng, self._parsed[at])
        made: list[str] = []
        luck = rng.random()
        if luck < DEAR_SHARE + HARMLESS_SHARE:
            wheel = self._wheels[1 if luck < DEAR_SHARE else 2]
            for _ in range(rng.choice((1, 1, 1, 2))):
                self._apply(wheel.draw(rng), draft, made)
            draft.settle()
            return self._written(draft, made, draft.encoded())
        if luck < 0.30:
            made.append("damaged")
            body = spellings.damaged(self._bodies[at], self._bodies, rng, self._cheap_places[at])
            return self._written(draft, made, body)
        for _ in range(rng.choice((1, 1, 1, 1, 2, 3))):
            self._apply(self._wheels[0].draw(rng), draft, made)
        draft.settle()
        return self._written(draft, made, self._spelt(draft, rng, made))

    def changed(self, seed: int, mutators: tuple[Mutator, ...], rng: Random) -> Variation:
        """The seed with this number, changed by these mutators in turn."""
        draft = draft_of(self.world, self.world.seeds[seed], rng, self._parsed[seed])
        made: list[str] = []
        for mutator in mutators:
            self._apply(mutator, draft, made)
        draft.settle()
        return self._written(draft, made, _plain(draft))

    def _apply(self, mutator: Mutator, draft: Draft, made: list[str]) -> None:
        made.append(mutator.__name__)
        mutator(draft)

    def _spelt(self, draft: Draft, rng: Random, made: list[str]) -> bytes:
        luck = rng.random()
        if luck > 0.12:
            return _plain(draft)
        if luck > 0.06:
            made.append("respelled")
            return spellings.respelled(draft.document, rng)
        if luck > 0.03:
            made.append("doubled")
            return spellings.doubled(_plain(draft), rng)
        made.append("numbered")
        return spellings.numbered(draft.document, rng)

    def _written(self, draft: Draft, made: list[str], body: bytes) -> Variation:
        return Variation(draft.seed.name, tuple(made), body, frozenset(draft.proofs))


def _plain(draft: Draft) -> bytes:
    try:
        return draft.encoded()
    except TypeError:
        # Integers beyond 64 bits, lone surrogates.
        return spellings.respelled(draft.document, draft.rng)


def _outside_of_proofs(body: bytes, document: Any) -> tuple[int, ...]:
    """The places where a changed byte hardly ever costs a pairing."""
    join = document["join"]
    if join is None:
        return tuple(range(len(body)))
    taken: set[int] = set()
    texts = [join["proof"], join["nullifier"], join["gate"]["rate"], *join["gate"]["proofs"]]
    for text in texts:
        at = body.find(text.encode())
        taken.update(range(at, at + len(text)))
    return tuple(at for at in range(len(body)) if at not in taken)

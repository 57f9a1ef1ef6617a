"""A variation in the making: a copy of a seed's document, which mutators change."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import orjson
from tests.fuzz.world import Seed, World

from openmai.anonymity.content import Opening, Reply, parse_content
from openmai.anonymity.errors import AnonymityError

Document = dict[str, Any]


@dataclass
class Draft:
    """One variation. `proofs` are bytes of proofs that were re-randomised and may therefore be accepted."""

    world: World
    rng: Random
    seed: Seed
    document: Document
    proofs: set[bytes] = field(default_factory=set)
    signed: bool = False
    may_sign: bool = True

    @property
    def join(self) -> Document | None:
        join = self.document.get("join")
        return join if type(join) is dict else None

    @property
    def gate(self) -> Document | None:
        gate = (self.join or {}).get("gate")
        return gate if type(gate) is dict else None

    def encoded(self) -> bytes:
        return orjson.dumps(self.document)

    def settle(self) -> None:
        """Words that a known persona signs without a join are its own, and no attack; Charlie is nobody."""
        if self.signed and self.document.get("join") is None:
            self.sign_again(self.world.cast.charlie)

    def sign_again(self, member: Any = None) -> None:
        """By its own writer, or by somebody else who makes it theirs; what is no content stays as it is."""
        if not self.may_sign:
            return
        try:
            content = parse_content(self.document.get("content"))
        except AnonymityError:
            return
        self.signed = True
        key, signature = self.world.sign(member or self.seed.member, content)
        self.document |= {"key": key.hex(), "signature": signature.hex()}


Mutator = Callable[[Draft], None]


def draft_of(world: World, seed: Seed, rng: Random, parsed: Document) -> Draft:
    """A fresh copy of the seed's document, whose parts may be changed in place."""
    document = {**parsed, "content": {**parsed["content"]}}
    if (join := parsed["join"]) is not None:
        gate = join["gate"]
        document["join"] = {**join, "gate": {**gate, "proofs": [*gate["proofs"]]}}
    return Draft(world, rng, seed, document)


__all__ = ["Document", "Draft", "Mutator", "Opening", "Reply", "draft_of"]

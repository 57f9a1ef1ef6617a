"""The name and the glyph of a persona, drawn from its nullifier (docs/protocol.md §7).

The nullifier is public and differs from thread to thread, so two aliases of one member have nothing in
common.
"""

from dataclasses import dataclass
from typing import Final, Literal

from openmai.anonymity.alias_words import ADJECTIVES, ANIMALS
from openmai.anonymity.encoding import sha256
from openmai.anonymity.fields import be32, check_field

_FIRST_SUFFIX: Final = 10
_SUFFIXES: Final = 90


@dataclass(frozen=True, slots=True)
class Alias:
    """`suffix` (10 to 99) is shown when two personas of a thread drew the same words; `glyph` is 24 bytes
    to draw from.
    """

    en: str
    zh: str
    suffix: int
    glyph: bytes

    def shown(self, language: Literal["en", "zh"], *, with_suffix: bool) -> str:
        name = self.en if language == "en" else self.zh
        return f"{name} {self.suffix}" if with_suffix else name


def alias_of(nullifier: int) -> Alias:
    """The alias of the persona with this nullifier; raise `NotCanonical` if it is no field element."""
    digest = sha256(b"alias" + be32(check_field(nullifier, name="nullifier")))
    adjective = ADJECTIVES[digest[0] % len(ADJECTIVES)]
    animal = ANIMALS[digest[1] % len(ANIMALS)]
    return Alias(
        en=f"{adjective[0]} {animal[0]}".title(),
        zh=adjective[1] + animal[1],
        suffix=_FIRST_SUFFIX + digest[2] % _SUFFIXES,
        glyph=digest[8:],
    )

"""Keys that were lost and replaced: once a season, and never one that has replaced another."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar

from openmai.anonymity.errors import AnonymityError, gettext_noop

_ = gettext_noop


class SecondReplacement(AnonymityError):
    """A key is replaced, or replaces one, that stands in a replacement already."""


class GivenUpKey(AnonymityError):
    """A key that was given up as lost joins a roster, and stays."""

    words: ClassVar = _("a key that was given up as lost joins a roster")


@dataclass(frozen=True, slots=True, order=True)
class Replacement:
    """Two commitments: the lost one and the one in its place."""

    old: int
    new: int

    def document(self) -> dict[str, str]:
        return {"old": str(self.old), "new": str(self.new)}


@dataclass(slots=True)
class Replacements:
    """The replacements of a season so far."""

    _pairs: dict[int, Replacement] = field(default_factory=dict)

    @classmethod
    def of(cls, known: Iterable[Replacement]) -> "Replacements":
        found = cls()
        for each in known:
            found.add(each)
        return found

    def add(self, pair: Replacement) -> bool:
        """Say whether `pair` is new; raise `SecondReplacement`. A chain would shake a ban off twice."""
        if self._pairs.get(pair.old) == pair == self._pairs.get(pair.new):
            return False
        if pair.old in self._pairs or pair.new in self._pairs:
            raise SecondReplacement(_("a key is replaced, or replaces another, a second time in a season"))
        self._pairs[pair.old] = self._pairs[pair.new] = pair
        return True

    def given_up(self, commitment: int) -> bool:
        """Whether this key was replaced by another."""
        pair = self._pairs.get(commitment)
        return pair is not None and pair.old == commitment

    def with_all(self, pairs: Iterable[Replacement]) -> "Replacements":
        """These and `pairs`; raise `SecondReplacement`."""
        found = Replacements(dict(self._pairs))
        for each in pairs:
            found.add(each)
        return found

    def check_standing(self, commitments: Iterable[int]) -> None:
        """Raise `GivenUpKey` if one of them was replaced."""
        if any(map(self.given_up, commitments)):
            raise GivenUpKey(GivenUpKey.words)

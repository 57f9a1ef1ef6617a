"""Whose keys signed the evidence of leaves: the names under which the world can look the keys up."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from openmai.anonymity.documents import DocumentRefused, Fields
from openmai.anonymity.errors import gettext_noop

_ = gettext_noop
KEY_FIELDS: Final = ("kind", "name", "sha256")
KIND_OF: Final[Mapping[str, str]] = {"dkim": "dkim", "oidc": "jwks"}
"""The kind of the key behind a leaf of a class; the other classes rest on no key."""
_SELECTED: Final = "._domainkey."
_NAMES: Final[Mapping[str, re.Pattern[str]]] = {
    "dkim": re.compile(r"(?=.{1,255}\Z)[a-z0-9._-]+\._domainkey\.[a-z0-9._-]+"),
    "jwks": re.compile(r"(?=.{1,255}\Z)https?://[!-~]+"),
}


class UnfoundedKey(DocumentRefused):
    """A key is named that no leaf rests on, or under more names than it has leaves."""

    words: ClassVar = _("a key is named that no leaf rests on")


@dataclass(frozen=True, slots=True, order=True)
class IssuerKey:
    """`name` is `<selector>._domainkey.<domain>` for DKIM and the issuer's URL for a key of its JWKS;
    `sha256` is the leaf's `issuer_key`.
    """

    kind: str
    name: str
    sha256: bytes

    @property
    def place(self) -> tuple[str, bytes]:
        """What leaves name it by."""
        return self.kind, self.sha256

    @property
    def owner(self) -> str:
        """Who publishes it: the domain, or the issuer."""
        return self.name.rpartition(_SELECTED)[2] if self.kind == "dkim" else self.name

    def document(self) -> dict[str, Any]:
        return {"kind": self.kind, "name": self.name, "sha256": self.sha256.hex()}


@dataclass(frozen=True, slots=True)
class Signers:
    """Whose keys signed the evidence of a crowd, as the log says it: who owns more of it comes first.
    `unnamed` leaves rest on a key that the log does not name.
    """

    owners: tuple[str, ...]
    unnamed: int


def fits(kind: str, name: str) -> bool:
    """Whether a key of this kind can have this name in a journal."""
    return _NAMES[kind].fullmatch(name) is not None


def check_key(fields: Fields) -> None:
    """The fields of a named key, in the log and in journals."""
    fields.word("name", _NAMES[fields.literal("kind", *_NAMES)])
    fields.hex("sha256", size=32)


def key_of(facts: Mapping[str, Any]) -> IssuerKey:
    """A named key from fields that were checked."""
    return IssuerKey(facts["kind"], facts["name"], bytes.fromhex(facts["sha256"]))


def read_key(fields: Fields) -> IssuerKey:
    check_key(fields)
    return key_of({name: fields.raw(name) for name in KEY_FIELDS})


def place_of(kind: str, issuer_key: bytes | None) -> tuple[str, bytes] | None:
    """By what a leaf of this class names its key; None for a leaf that rests on none."""
    return None if issuer_key is None or kind not in KIND_OF else (KIND_OF[kind], issuer_key)


def check_founded(keys: Iterable[IssuerKey], places: Iterable[tuple[str, bytes] | None]) -> None:
    """Raise `UnfoundedKey` unless each has a leaf of its own, by the `places` that leaves name keys by."""
    over = Counter(each.place for each in keys)
    over.subtract(Counter(each for each in places if each is not None))
    if any(count > 0 for count in over.values()):
        raise UnfoundedKey(UnfoundedKey.words)


def signers(keys: Iterable[IssuerKey], places: Iterable[tuple[str, bytes] | None]) -> Signers:
    """Who signed for the leaves that name their keys by `places`."""
    owners: dict[tuple[str, bytes], set[str]] = {}
    for each in keys:
        owners.setdefault(each.place, set()).add(each.owner)
    found, unnamed = Counter[str](), 0
    for place, leaves in Counter(each for each in places if each is not None).items():
        if place not in owners:
            unnamed += leaves
        found.update(dict.fromkeys(owners.get(place, ()), leaves))
    return Signers(tuple(sorted(found, key=lambda each: (-found[each], each))), unnamed)

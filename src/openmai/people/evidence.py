"""Evidence at rest: what a package holds, how it is sealed, and how the seal names what it belongs to.

A package is canonical JSON. It is sealed by AES-SIV (RFC 5297) under a key of its own; class, season,
commitment and employment are associated data, so that a package copied to another row does not open there.
AES-SIV needs no nonce: every package holds a salt of its own.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from openmai.anonymity import evidence
from openmai.anonymity.encoding import canonical_json, length_prefixed
from openmai.people.conf import config, domain, evidence_key
from openmai.people.errors import PeopleError

SALT_BYTES: Final = evidence.SALT_SIZE


class SealBroken(PeopleError):
    """The sealed bytes were changed, or belong to another row."""


@dataclass(frozen=True)
class Place:
    """Whose evidence it is: the associated data of the seal."""

    kind: str
    season: str
    commitment: bytes
    employment: UUID

    @property
    def associated(self) -> list[bytes]:
        parts = (config().site_id.encode(), self.kind.encode(), self.season.encode(), self.commitment)
        return [b"openmai/v1/evidence\0", *map(length_prefixed, (*parts, self.employment.bytes))]


@dataclass(frozen=True)
class Sealed:
    """What a row keeps: the sealed package and SHA-256(package ‖ salt)."""

    sealed: bytes
    digest: bytes


def bind_text(*, season: str, commitment: bytes, salt: bytes) -> str:
    """b of docs/protocol.md §2: 52 characters of lower-case base32."""
    return evidence.bind_text(domain(season), commitment=int.from_bytes(commitment, "big"), salt=salt)


def seal(place: Place, *, salt: bytes, facts: Mapping[str, object]) -> Sealed:
    """Seal `facts`, JSON values, with what they are bound to."""
    package = canonical_json(
        {
            **facts,
            "type": evidence.EVIDENCE_TYPE,
            "class": place.kind,
            "site": config().site_id,
            "season": place.season,
            "commitment": str(int.from_bytes(place.commitment, "big")),
            "employment": str(place.employment),
            "salt": salt.hex(),
        }
    )
    return Sealed(seal_bytes(package, place.associated), evidence.evidence_digest(package, salt))


def unseal(place: Place, sealed: bytes) -> tuple[dict[str, Any], bytes]:
    """The package as a mapping, and its digest; raise `SealBroken`."""
    package = unseal_bytes(sealed, place.associated)
    facts: dict[str, Any] = json.loads(package)
    return facts, evidence.evidence_digest(package, bytes.fromhex(facts["salt"]))


def seal_bytes(data: bytes, associated: list[bytes]) -> bytes:
    return AESSIV(evidence_key()).encrypt(data, associated)


def unseal_bytes(sealed: bytes, associated: list[bytes]) -> bytes:
    """Raise `SealBroken` if the bytes are not what was sealed with `associated`."""
    try:
        return AESSIV(evidence_key()).decrypt(sealed, associated)
    except (InvalidTag, ValueError) as error:
        raise SealBroken("the sealed bytes do not belong here, or were changed") from error

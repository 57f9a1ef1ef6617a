"""Packages of evidence (docs/protocol.md §2) as anybody can read one: what they name, and their digest.

What the employer signed in them is for others to check; here is only what ties a package to a leaf.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from openmai.anonymity.documents import BadValue, Fields, load_canonical
from openmai.anonymity.encoding import Domain, sha256
from openmai.anonymity.errors import AnonymityError, gettext_noop
from openmai.anonymity.fields import be32
from openmai.anonymity.limits import MAX_EVIDENCE

_ = gettext_noop
EVIDENCE_TYPE: Final = "openmai/evidence/v1"
SALT_SIZE: Final = 16
CLASSES: Final = ("dkim", "oidc", "badge", "code")
_NAMED: Final = ("type", "class", "site", "season", "commitment", "salt")


class WrongEvidence(AnonymityError):
    """The package is not the evidence of the leaf that it names."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package whose form holds. `facts` are all its fields; what its class adds is not checked."""

    kind: str
    domain: Domain
    commitment: int
    salt: bytes
    facts: Mapping[str, Any]
    data: bytes

    @property
    def digest(self) -> bytes:
        return evidence_digest(self.data, self.salt)

    @property
    def bind(self) -> str:
        """What the employer must have signed, computed anew and never taken from the package."""
        return bind_text(self.domain, commitment=self.commitment, salt=self.salt)


def evidence_digest(package: bytes, salt: bytes) -> bytes:
    """How leaves name their evidence: without the salt, which is inside, nobody can guess what was hashed."""
    return sha256(package + salt)


def bind_text(domain: Domain, *, commitment: int, salt: bytes) -> str:
    """b of docs/protocol.md §2: 52 characters of lower-case base32."""
    value = domain.bind_code(commitment=commitment, salt=salt)
    return base64.b32encode(be32(value)).decode().rstrip("=").lower()


def read_package(data: bytes, domain: Domain) -> Package:
    """Read a package of this site and season; raise a `DocumentRefused`."""
    document = load_canonical(data, limit=MAX_EVIDENCE)
    if type(document) is not dict:
        raise BadValue(_("an object was expected here"))
    # A class's own fields are not this function's affair.
    fields = Fields({name: document[name] for name in _NAMED if name in document}, _NAMED)
    fields.literal("type", EVIDENCE_TYPE)
    if (fields.raw("site"), fields.raw("season")) != (domain.site, domain.season):
        raise BadValue(_("the evidence belongs to another site or season"), pointer="/season")
    return Package(
        kind=fields.literal("class", *CLASSES),
        domain=domain,
        commitment=fields.decimal("commitment"),
        salt=fields.hex("salt", size=SALT_SIZE),
        facts=document,
        data=data,
    )

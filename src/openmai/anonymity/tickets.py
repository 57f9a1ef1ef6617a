"""Enrolment tickets and the answers to them, as they travel (docs/protocol.md §2).

Whether a ticket was issued, is unused and has not expired is known to the people site alone.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any, Final

from openmai.anonymity.content import read_domain
from openmai.anonymity.documents import (
    BadValue,
    DocumentRefused,
    Fields,
    NotCanonicalField,
    load_canonical,
    load_json,
)
from openmai.anonymity.encoding import Domain, canonical_json
from openmai.anonymity.errors import gettext_noop
from openmai.anonymity.groth16 import PROOF_SIZE
from openmai.anonymity.limits import MAX_ANSWER, MAX_TICKET
from openmai.anonymity.membership import MembershipProof

_ = gettext_noop
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]+")
_ACCOUNT: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ANSWER_FIELDS: Final = ("ticket", "commitment", "nullifier", "proof")


@dataclass(frozen=True, slots=True)
class Ticket:
    """What ties an answer to the account (a UUID) that asked. `nonce` is 32 random bytes."""

    account: str
    nonce: bytes
    season: str
    site: str

    @property
    def domain(self) -> Domain:
        return Domain(self.site, self.season)


@dataclass(frozen=True, slots=True)
class Answer:
    """The device's answer: the commitment, and the proof that its secret is known.

    The numbers are kept as they came: `enrolment.verify_enrolment` insists on their canonical form.
    """

    ticket: Ticket
    commitment: str
    nullifier: str
    proof: str


def encode_ticket(ticket: Ticket) -> str:
    """Canonical JSON in base64url without padding."""
    document = {
        "account": ticket.account,
        "nonce": ticket.nonce.hex(),
        "season": ticket.season,
        "site": ticket.site,
    }
    return urlsafe_b64encode(canonical_json(document)).decode("ascii").rstrip("=")


def decode_ticket(text: object, *, domain: Domain | None = None) -> Ticket:
    """Read a ticket; raise a `DocumentRefused`, also for one of another site or season than `domain`."""
    fields = Fields(
        load_canonical(_from_base64url(text), limit=MAX_TICKET), ("account", "nonce", "season", "site")
    )
    found = read_domain(fields, domain)
    return Ticket(
        account=fields.word("account", _ACCOUNT),
        nonce=fields.hex("nonce", size=32),
        season=found.season,
        site=found.site,
    )


def build_answer(*, ticket: Ticket, commitment: int, proof: MembershipProof) -> bytes:
    """The canonical body of `POST /api/v1/enrolments`."""
    document = {
        "ticket": encode_ticket(ticket),
        "commitment": str(commitment),
        "nullifier": str(proof.nullifier),
        "proof": proof.points.hex(),
    }
    return canonical_json(document)


def parse_answer(body: bytes, *, domain: Domain | None) -> Answer:
    """Read the body of `POST /api/v1/enrolments`; raise a `DocumentRefused`. Nothing is verified here."""
    fields = Fields(load_json(body, limit=MAX_ANSWER), _ANSWER_FIELDS)
    try:
        ticket = decode_ticket(fields.raw("ticket"), domain=domain)
    except DocumentRefused as error:
        # Inside the ticket there is no pointer that the sender could follow.
        error.pointer = fields.at("ticket")
        raise
    commitment, nullifier = fields.decimal("commitment"), fields.decimal("nullifier")
    proof = fields.hex("proof", size=PROOF_SIZE)
    return Answer(ticket=ticket, commitment=str(commitment), nullifier=str(nullifier), proof=proof.hex())


def _from_base64url(text: Any) -> bytes:
    if type(text) is not str or len(text) > MAX_TICKET or not _BASE64URL.fullmatch(text):
        raise BadValue(_("a ticket is at most %(limit)d characters of base64url"), limit=MAX_TICKET)
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise BadValue(_("the ticket is cut short")) from error
    # Spare bits of the last character could be set, and the ticket would have two names.
    if urlsafe_b64encode(data).decode("ascii").rstrip("=") != text:
        raise NotCanonicalField(_("the ticket is not in its one permitted form"))
    return data

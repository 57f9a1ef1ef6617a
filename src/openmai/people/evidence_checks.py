"""Evidence checked again from its sealed package: by the publisher for newcomers, by the audit for all.

`recheck` raises `EvidenceFailed` or returns what was proved. The words are the operator's, hence English.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from openmai.companies.queries import domains_of
from openmai.people.errors import PeopleError
from openmai.people.evidence import Place, SealBroken, bind_text, unseal
from openmai.people.evidence_claims import ClaimMissing, check_claims
from openmai.people.id_token import Expected, TokenRefused, verify_id_token
from openmai.people.login_claims import subject_claims
from openmai.people.models import BadgeReview, Evidence, LoginProvider
from openmai.people.signed_mail import MailRefused, verify_mail
from openmai.people.txt_records import TxtAnswer
from openmai.people.work_address import address_claim

NEEDED: Final = 2
WORDS: Final = {
    "seal": "the sealed bytes were changed, or belong to another row",
    "digest": "the package is not the one whose digest is kept (and logged)",
    "form": "the package lacks what its class must hold",
    "unbound": "what the employer signed is not bound to this commitment",
    "signature": "the employer's signature does not hold under the archived key",
    "issuer": "the issuer is not one of this company",
    "issuer-key": "the key is not the one whose hash is kept (and logged)",
    "issuer-name": "the key's name is not the one that is kept (and may be logged)",
    "reviewers": "two different reviewers, neither of them the member, have not accepted it",
    "claim": "the address or log-in that it rests on is not this employment's",
}


class EvidenceFailed(PeopleError):
    """The evidence does not show what it is kept for; `code` is a key of `WORDS`."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(WORDS[code] + (f" ({detail})" if detail else ""))
        self.code = code


@dataclass(frozen=True)
class Checked:
    """What evidence proved: its class, and who issued it ("" where nobody but this site did)."""

    kind: str
    issuer: str


@dataclass(frozen=True)
class Package:
    """An opened package, and the row that it came from."""

    row: Evidence
    facts: Mapping[str, Any]

    @property
    def bind(self) -> str:
        """What the employer must have signed, computed anew and never taken from the package."""
        salt = bytes.fromhex(self.facts["salt"])
        return bind_text(season=self.row.season, commitment=bytes(self.row.commitment), salt=salt)


def recheck(row: Evidence) -> Checked:
    """Check one row. Raises `EvidenceFailed`."""
    package = _open(row)
    try:
        issuer = _CHECKS[row.kind](package)
    except (KeyError, TypeError, ValueError) as error:
        raise EvidenceFailed("form", type(error).__name__) from error
    return Checked(row.kind, issuer)


def _open(row: Evidence) -> Package:
    place = Place(row.kind, row.season, bytes(row.commitment), row.employment_id)
    try:
        facts, digest = unseal(place, bytes(row.sealed))
    except SealBroken as error:
        raise EvidenceFailed("seal") from error
    except (KeyError, TypeError, ValueError) as error:
        raise EvidenceFailed("form", type(error).__name__) from error
    if digest != bytes(row.digest):
        raise EvidenceFailed("digest")
    said = (facts.get("class"), facts.get("season"), facts.get("commitment"), facts.get("employment"))
    commitment = int.from_bytes(bytes(row.commitment), "big")
    if said != (row.kind, row.season, str(commitment), str(row.employment_id)):
        raise EvidenceFailed("unbound")
    return Package(row, facts)


def _mail(package: Package) -> str:
    facts, row = package.facts, package.row
    answer = TxtAnswer.from_document(facts["dns"])
    raw = base64.b64decode(facts["mail"], validate=True)
    try:
        verified = verify_mail(
            raw,
            bind=package.bind,
            domains=domains_of(row.employment.company_id),
            to=facts["to"],
            now=datetime.fromisoformat(facts["received"]),
            look_up=lambda name: answer if name == answer.name else TxtAnswer(name, ()),
        )
    except MailRefused as error:
        code = {"no-code": "unbound", "foreign-sender": "issuer"}.get(error.code, "signature")
        raise EvidenceFailed(code, error.code) from error
    _check_issued(row, signature=verified.signature, key=verified.key, name=verified.key_name)
    _check_claims(row, [address_claim(verified.address)])
    return verified.domain


def _token(package: Package) -> str:
    facts, row = package.facts, package.row
    provider = LoginProvider.objects.filter(
        id=UUID(facts["provider"]), company=row.employment.company_id
    ).first()
    if provider is None:
        raise EvidenceFailed("issuer")
    try:
        proved = verify_id_token(
            facts["id_token"],
            jwks=json.loads(facts["jwks"]),
            expected=Expected.of(provider, nonce=package.bind),
            now=datetime.fromisoformat(facts["received"]),
        )
    except TokenRefused as error:
        code = {"nonce": "unbound", "issuer": "issuer", "tenant": "issuer"}.get(error.code, "signature")
        raise EvidenceFailed(code, error.code) from error
    _check_issued(row, signature=proved.signature, key=proved.key, name=proved.issuer)
    _check_claims(row, subject_claims(proved, domains=domains_of(row.employment.company_id)))
    return proved.issuer


def _check_issued(row: Evidence, *, signature: bytes, key: bytes, name: str) -> None:
    if bytes(row.issuer_key or b"") != key:
        raise EvidenceFailed("issuer-key")
    if row.issuer_name is not None and row.issuer_name != name:
        raise EvidenceFailed("issuer-name")
    if bytes(row.signature or b"") != signature:
        raise EvidenceFailed("signature", "another signature")


def _check_claims(row: Evidence, claims: list[bytes]) -> None:
    try:
        check_claims(row.employment, claims)
    except ClaimMissing as error:
        raise EvidenceFailed("claim") from error


def _code(package: Package) -> str:
    """The operator's word: nobody else signed anything, but the books must agree."""
    claims = [bytes.fromhex(each) for each in package.facts["claims"]]
    if not claims:
        raise EvidenceFailed("claim")
    _check_claims(package.row, claims)
    return ""


def _badge(package: Package) -> str:
    """The word of two people: the books must name both, and neither may be the member."""
    _code(package)
    facts, employment = package.facts, package.row.employment
    review = BadgeReview.objects.filter(
        id=UUID(facts["review"]), member=employment.member_id, company=employment.company_id
    ).first()
    if review is None or review.state != BadgeReview.State.ACCEPTED:
        raise EvidenceFailed("reviewers")
    votes = review.votes.filter(accepted=True).exclude(reviewer=employment.member_id)
    reviewers = sorted(str(each) for each in votes.values_list("reviewer", flat=True))
    if len(set(reviewers)) < NEEDED or reviewers != facts["reviewers"]:
        raise EvidenceFailed("reviewers")
    if bytes(review.digest).hex() != facts["picture"]:
        raise EvidenceFailed("digest")
    return ""


_CHECKS: Final[dict[str, Callable[[Package], str]]] = {
    Evidence.Kind.DKIM: _mail,
    Evidence.Kind.OIDC: _token,
    Evidence.Kind.BADGE: _badge,
    Evidence.Kind.CODE: _code,
}

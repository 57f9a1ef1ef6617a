"""Keeping evidence: of what the employer signed, and of what is only this site's word."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from openmai.anonymity.log.issuers import KIND_OF, fits
from openmai.people.conf import keyed_hash
from openmai.people.evidence import SALT_BYTES, Place, seal
from openmai.people.models import BadgeReview, Employment, Evidence
from openmai.people.queries.membership import current_enrolment


@dataclass(frozen=True)
class Binding:
    """What evidence is bound to: a commitment (32 bytes) of a season, through a salt."""

    season: str
    commitment: bytes
    salt: bytes


@dataclass(frozen=True)
class Issued:
    """SHA-256 of the employer's signature, and of the key that made it; the name of that key."""

    signature: bytes
    key: bytes
    name: str


def archive(
    *,
    employment: Employment,
    kind: Evidence.Kind,
    binding: Binding,
    facts: Mapping[str, object],
    issued: Issued | None,
    on: date,
) -> Evidence:
    """Seal `facts` and keep them. Inside a transaction; the database refuses what was used before."""
    place = Place(kind.value, binding.season, binding.commitment, employment.id)
    sealed = seal(place, salt=binding.salt, facts=facts)
    return Evidence.objects.create(
        employment=employment,
        season=binding.season,
        commitment=binding.commitment,
        kind=kind,
        signature=issued.signature if issued else None,
        issuer_key=issued.key if issued else None,
        # An issuer that no journal could name stays unnamed, and proves all the same.
        issuer_name=issued.name if issued and fits(KIND_OF[kind.value], issued.name) else None,
        digest=sealed.digest,
        sealed=sealed.sealed,
        received_on=on,
    )


def give_word(*, member_id: UUID, season: str, on: date) -> int:
    """Keep this site's word for every employment of a member with a key; return how many were new.

    Whichever comes later, the key or the employment, calls this. Employments whose evidence the employer
    signed have it too: the signature was for one key, and the next season has another.
    """
    enrolment = current_enrolment(member_id=member_id, season=season)
    if enrolment is None:
        return 0
    commitment = bytes(enrolment.commitment)
    worded = Evidence.objects.filter(
        season=season, commitment=commitment, kind__in=[Evidence.Kind.CODE, Evidence.Kind.BADGE]
    )
    employments = Employment.objects.filter(member=member_id, ended_on=None, valid_until__gt=on)
    missing = list(employments.exclude(id__in=worded.values("employment")))
    for employment in missing:
        _give(employment, season, commitment, on)
    return len(missing)


def _give(employment: Employment, season: str, commitment: bytes, on: date) -> None:
    kind, facts = _word(employment)
    # Unguessable without the key, and the same if it is asked for twice.
    salt = keyed_hash("evidence-salt", employment.id.bytes, season.encode(), commitment)[:SALT_BYTES]
    archive(
        employment=employment,
        kind=kind,
        binding=Binding(season, commitment, salt),
        facts={**facts, "method": employment.method, "verified": employment.verified_on.isoformat()},
        issued=None,
        on=on,
    )


def _word(employment: Employment) -> tuple[Evidence.Kind, dict[str, object]]:
    """What the word rests on: what is claimed for the employment, and who looked at its document."""
    claims = sorted(bytes(claim.address).hex() for claim in employment.addresses.all())
    review = (
        BadgeReview.objects.filter(
            member=employment.member_id, company=employment.company_id, state=BadgeReview.State.ACCEPTED
        )
        .order_by("-decided_on")
        .first()
    )
    if employment.method != Employment.Method.BADGE or review is None:
        return Evidence.Kind.CODE, {"claims": claims}
    return Evidence.Kind.BADGE, {
        "claims": claims,
        "review": str(review.id),
        "picture": bytes(review.digest).hex(),
        "reviewers": sorted(str(vote.reviewer_id) for vote in review.votes.filter(accepted=True)),
    }

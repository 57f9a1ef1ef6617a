"""What stands behind each leaf, as the roster journal and the log tell it: class and hashes, nothing else."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection

from openmai.companies.queries import companies_of_trade
from openmai.people.models import Roster


@dataclass(frozen=True)
class LeafEvidence:
    """`kind`: dkim, oidc, badge or code. `digest`: SHA-256(evidence ‖ salt). `issuer_key`: SHA-256 of the
    employer's key; None where nobody but this site vouches."""

    kind: str
    digest: bytes
    issuer_key: bytes | None


def companies_of(roster: Roster) -> list[UUID] | None:
    """Whose employees a roster holds; None for the site's."""
    if roster.trade:
        return companies_of_trade(roster.trade)
    return [roster.company_id] if roster.company_id else None


def evidence(*, roster: Roster, commitments: Iterable[bytes], on: date) -> dict[bytes, LeafEvidence]:
    """The strongest evidence of each commitment (32 bytes) for its place in `roster`; one statement.

    A commitment that has none is not in the answer. For a provable roster only what the employer signed
    counts, for a company's or a trade's only what was shown of its companies.
    """
    provable = roster.kind == Roster.Kind.PROVABLE
    companies = companies_of(roster)
    given: list[Any] = [roster.season, list(commitments), on, companies, companies, provable]
    with connection.cursor() as cursor:
        cursor.execute(_STRONGEST, given)
        rows = cursor.fetchall()
    return {
        bytes(commitment): LeafEvidence(kind, bytes(digest), bytes(key) if key else None)
        for commitment, kind, digest, key in rows
    }


_STRONGEST = """
    SELECT DISTINCT ON (evidence.commitment)
           evidence.commitment, evidence.kind, evidence.digest, evidence.issuer_key
    FROM people_evidence AS evidence
    JOIN people_employment AS employment ON employment.id = evidence.employment_id
    JOIN people_enrolment AS enrolment
      ON enrolment.season = evidence.season AND enrolment.commitment = evidence.commitment
     AND enrolment.member_id = employment.member_id
    WHERE evidence.season = %s AND evidence.commitment = ANY(%s)
      AND employment.ended_on IS NULL AND employment.valid_until > %s
      AND (%s::uuid[] IS NULL OR employment.company_id = ANY(%s::uuid[]))
      AND (NOT %s OR evidence.kind IN ('dkim', 'oidc'))
    ORDER BY evidence.commitment, array_position(ARRAY['dkim', 'oidc', 'badge', 'code'], evidence.kind::text),
             evidence.digest
"""

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
    employer's key; None where nobody but this site vouches. `issuer_name`: that key's name, as far as the
    site knows it; of several that one company's evidence gives it the first, so that it is the same for all
    who rest on it."""

    kind: str
    digest: bytes
    issuer_key: bytes | None
    issuer_name: str | None = None


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
    given: list[Any] = [roster.season, list(commitments), on, companies, companies, provable, roster.season]
    with connection.cursor() as cursor:
        cursor.execute(_STRONGEST, given)
        rows = cursor.fetchall()
    return {
        bytes(commitment): LeafEvidence(kind, bytes(digest), bytes(key) if key else None, name)
        for commitment, kind, digest, key, name in rows
    }


_STRONGEST = """
    WITH strongest AS (
        SELECT DISTINCT ON (evidence.commitment)
               evidence.commitment, evidence.kind, evidence.digest, evidence.issuer_key, employment.company_id
        FROM people_evidence AS evidence
        JOIN people_employment AS employment ON employment.id = evidence.employment_id
        JOIN people_enrolment AS enrolment
          ON enrolment.season = evidence.season AND enrolment.commitment = evidence.commitment
         AND enrolment.member_id = employment.member_id
        WHERE evidence.season = %s AND evidence.commitment = ANY(%s)
          AND employment.ended_on IS NULL AND employment.valid_until > %s
          AND (%s::uuid[] IS NULL OR employment.company_id = ANY(%s::uuid[]))
          AND (NOT %s OR evidence.kind IN ('dkim', 'oidc'))
        ORDER BY evidence.commitment,
                 array_position(ARRAY['dkim', 'oidc', 'badge', 'code'], evidence.kind::text), evidence.digest
    ), named AS (
        SELECT evidence.kind, evidence.issuer_key, employment.company_id,
               min(evidence.issuer_name COLLATE "C") AS issuer_name
        FROM people_evidence AS evidence
        JOIN people_employment AS employment ON employment.id = evidence.employment_id
        WHERE evidence.season = %s AND evidence.issuer_name IS NOT NULL
          AND evidence.issuer_key IN (SELECT issuer_key FROM strongest)
        GROUP BY evidence.kind, evidence.issuer_key, employment.company_id
    )
    SELECT commitment, kind, digest, issuer_key, issuer_name
    FROM strongest LEFT JOIN named USING (kind, issuer_key, company_id)
"""

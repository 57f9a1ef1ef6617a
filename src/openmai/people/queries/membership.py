"""Who belongs into which roster, now."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from openmai.anonymity.rosters import company_roster, industry_roster
from openmai.anonymity.seasons import season_at
from openmai.companies.queries import OTHER_TRADE, CompanyCard, companies_by_id
from openmai.people.errors import Refused
from openmai.people.models import Employment, Enrolment, Evidence, Roster

PROVABLE_KINDS: Final = (Evidence.Kind.DKIM, Evidence.Kind.OIDC)


@dataclass
class Crowd:
    """The commitments (32 bytes each) that ought to be live in one roster."""

    name: str
    kind: Roster.Kind
    company_id: UUID | None
    trade: str = ""
    commitments: set[bytes] = field(default_factory=set)


def _crowds_of(company: CompanyCard, *, provable: bool) -> Iterator[Crowd]:
    """The rosters that an employment there leads into. "Other" is no trade, and has none."""
    yield Crowd("site", Roster.Kind.SITE, None)
    for kind in [Roster.Kind.ATTESTED] + [Roster.Kind.PROVABLE] * provable:
        yield Crowd(company_roster(company.slug, kind), kind, company.id)
        if company.trade != OTHER_TRADE:
            yield Crowd(industry_roster(company.trade, kind), kind, None, company.trade)


def crowds(season: str, *, on: date) -> dict[str, Crowd]:
    """Every roster that somebody belongs into, by name.

    Attested: all employments that are active and have not run out. Provable: those with the employer's
    signature for this very commitment, which the publisher checks again. Of a trade: those at its companies.
    Site: any.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MEMBERSHIP, [season, on])
        rows = cursor.fetchall()
    companies = companies_by_id(row[0] for row in rows)
    found: dict[str, Crowd] = {}
    for company_id, commitment, provable in rows:
        for crowd in _crowds_of(companies[company_id], provable=provable):
            found.setdefault(crowd.name, crowd).commitments.add(bytes(commitment))
    return found


_MEMBERSHIP = """
    SELECT employment.company_id, enrolment.commitment,
           EXISTS (SELECT FROM people_evidence AS evidence
                   WHERE evidence.employment_id = employment.id AND evidence.season = enrolment.season
                     AND evidence.commitment = enrolment.commitment AND evidence.kind IN ('dkim', 'oidc'))
    FROM people_enrolment AS enrolment
    JOIN people_member AS member ON member.id = enrolment.member_id AND member.is_active
    JOIN people_employment AS employment
      ON employment.member_id = enrolment.member_id AND employment.ended_on IS NULL
    WHERE enrolment.season = %s AND employment.valid_until > %s
      AND enrolment.replaced_on IS NULL
      AND NOT EXISTS (SELECT FROM people_replacement AS replacement
                      JOIN people_enrolment AS lost ON lost.id = replacement.enrolment_id
                      WHERE lost.member_id = enrolment.member_id AND lost.season = enrolment.season
                        AND replacement.cleared_on IS NULL)
"""


def current_enrolment(*, member_id: UUID, season: str) -> Enrolment | None:
    """The member's key of a season, if there is one and it was not lost."""
    return Enrolment.objects.filter(member=member_id, season=season, replaced_on=None).first()


def rosters_of_member(*, member_id: UUID, season: str, on: date) -> list[str]:
    """The names, without shards, of the rosters that a member belongs into in `season`, sorted."""
    enrolment = current_enrolment(member_id=member_id, season=season)
    if enrolment is None:
        return []
    evidence = Evidence.objects.filter(
        employment=OuterRef("id"),
        season=season,
        commitment=bytes(enrolment.commitment),
        kind__in=PROVABLE_KINDS,
    )
    held = Employment.objects.filter(member=member_id, ended_on=None, valid_until__gt=on)
    active = held.annotate(provable=Exists(evidence))
    rows = list(active.values_list("company_id", "provable"))
    companies = companies_by_id(row[0] for row in rows)
    return sorted(
        {
            crowd.name
            for company, provable in rows
            for crowd in _crowds_of(companies[company], provable=provable)
        }
    )


class NoSuchEmployment(Refused):
    """Nobody with this address works there, as far as this site knows."""

    code = "no-such-employment"


def active_employment(*, email: str, company: str) -> UUID:
    """The employment of the member with this personal address, for the operator; raise `NoSuchEmployment`."""
    found = Employment.objects.filter(
        member__email__iexact=email, company__slug=company, ended_on=None
    ).values_list("id", flat=True)
    employment = found.first()
    if employment is None:
        raise NoSuchEmployment(
            _("No member with the address %(email)s has an active employment at %(company)s.")
            % {"email": email, "company": company}
        )
    return employment


def current_season(now: datetime) -> str:
    return season_at(int(now.timestamp())).id

"""What a member sees of himself."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import OuterRef, Subquery

from openmai.anonymity.seasons import season_at
from openmai.companies.queries import CompanyCard, companies_by_id, domains_of
from openmai.people.conf import config
from openmai.people.freshness import freshness, may_verify_again
from openmai.people.mail_reasons import REASONS
from openmai.people.models import Employment, Enrolment, Evidence, MailProof, Member
from openmai.people.queries.membership import PROVABLE_KINDS
from openmai.people.queries.rosters import Outlook, outlook
from openmai.people.queries.seasons import SeasonNews, season_news


@dataclass(frozen=True)
class EmploymentLine:
    """One employment of a member. `proved_by`: the class of the employer's evidence for this season's key."""

    id: UUID
    company: CompanyCard
    method: str
    verified_on: date
    ended_on: date | None
    ended_by: str
    valid_until: date
    expired: bool
    freshness: str
    may_renew: bool
    proved_by: str

    @property
    def provable(self) -> bool:
        return bool(self.proved_by)

    @property
    def active(self) -> bool:
        return self.ended_on is None


@dataclass(frozen=True)
class Home:
    """A member's first-run steps, each done or not; `outlook` is None without a key."""

    member: Member
    employments: list[EmploymentLine]
    enrolled: bool
    outlook: Outlook | None
    season: SeasonNews

    @property
    def employed(self) -> bool:
        return any(line.active for line in self.employments)

    @property
    def can_speak(self) -> bool:
        return self.outlook is not None and self.outlook.can_speak


@dataclass(frozen=True)
class MailProofPage:
    """What a member needs to send the mail, and what became of it; `reason`: why the last was refused."""

    id: UUID
    company: CompanyCard
    domains: list[str]
    to: str
    subject: str
    accepted: bool
    reason: str


def employment_lines(*, member_id: UUID, now: datetime) -> list[EmploymentLine]:
    """Active ones first, then those that ended, newest first."""
    season = season_at(int(now.timestamp())).id
    keys = Enrolment.objects.filter(member=member_id, season=season, replaced_on=None).values("commitment")
    evidence = Evidence.objects.filter(
        employment=OuterRef("id"), season=season, commitment__in=keys, kind__in=PROVABLE_KINDS
    ).order_by("kind")
    proved_by = Subquery(evidence.values("kind")[:1])
    rows = list(Employment.objects.filter(member=member_id).annotate(proved_by=proved_by))
    companies = companies_by_id(row.company_id for row in rows)
    lines = [
        EmploymentLine(
            row.id,
            companies[row.company_id],
            str(Employment.Method(row.method).label),
            row.verified_on,
            row.ended_on,
            str(Employment.Ended(row.ended_by).label) if row.ended_by else "",
            row.valid_until,
            row.valid_until <= now.date(),
            freshness(row.verified_on, now),
            may_verify_again(row, now),
            row.proved_by or "",
        )
        for row in rows
    ]
    return sorted(lines, key=lambda line: (not line.active, -line.verified_on.toordinal(), line.company.slug))


def home_of(*, member: Member, now: datetime) -> Home:
    found = outlook(member_id=member.id, now=now)
    lines = employment_lines(member_id=member.id, now=now)
    return Home(member, lines, found is not None, found, season_news(member_id=member.id, now=now))


def mail_proof_page(proof: MailProof) -> MailProofPage:
    company = companies_by_id([proof.company_id])[proof.company_id]
    return MailProofPage(
        id=proof.id,
        company=company,
        domains=domains_of(proof.company_id),
        to=config().inbound_address,
        subject=f"Openmai {proof.bind}",
        accepted=proof.state == MailProof.State.ACCEPTED,
        reason=str(REASONS[proof.refusal]) if proof.refusal else "",
    )

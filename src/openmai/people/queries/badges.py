"""Documents: what their sender sees, and what the reviewers do."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from openmai.companies.queries import CompanyCard, companies_by_id
from openmai.people.badge_reasons import REASONS
from openmai.people.models import BadgeReview, Reviewer

SHOWN = 50


@dataclass(frozen=True)
class BadgeLine:
    """A document. `name` is whose it is; `votes` counts those who accepted it so far."""

    id: UUID
    company: CompanyCard
    name: str
    state: str
    reason: str
    opened_on: date
    votes: int

    @property
    def waiting(self) -> bool:
        return self.state == BadgeReview.State.WAITING


def is_reviewer(member_id: UUID) -> bool:
    return Reviewer.objects.filter(member=member_id, ended_on=None).exists()


def reviewers() -> list[tuple[str, date]]:
    """Mail address and first day of each, for the operator."""
    active = Reviewer.objects.filter(ended_on=None).order_by("member__email")
    return list(active.values_list("member__email", "since_on"))


def badges_to_review(reviewer_id: UUID) -> list[BadgeLine]:
    """What this reviewer may decide on, oldest first: not their own, not those they voted on."""
    waiting = BadgeReview.objects.filter(state=BadgeReview.State.WAITING).exclude(member=reviewer_id)
    rows = waiting.exclude(votes__reviewer=reviewer_id).order_by("opened_on", "id")[:SHOWN]
    return badge_lines(list(rows.select_related("member")))


def own_badges(member_id: UUID) -> list[BadgeLine]:
    """A member's documents that wait or were refused lately; an accepted one is an employment."""
    shown = [BadgeReview.State.WAITING, BadgeReview.State.REFUSED]
    rows = BadgeReview.objects.filter(member=member_id, state__in=shown).order_by("-opened_on", "id")
    return badge_lines(list(rows.select_related("member")[:5]))


def badge_lines(rows: list[BadgeReview]) -> list[BadgeLine]:
    companies = companies_by_id(row.company_id for row in rows)
    return [
        BadgeLine(
            row.id,
            companies[row.company_id],
            row.member.real_name,
            row.state,
            str(REASONS[row.refusal]) if row.refusal else "",
            row.opened_on,
            row.votes.filter(accepted=True).count(),
        )
        for row in rows
    ]

"""The gatekeepers: private rows are reached through these, and only by their owner.

Each raises `Http404` for a stranger, exactly as for a row that does not exist.
"""

from datetime import datetime
from uuid import UUID

from django.http import Http404, HttpRequest

from openmai.people.models import (
    BadgeReview,
    CodeChallenge,
    Employment,
    Enrolment,
    LoginProof,
    MailProof,
    Member,
    Reviewer,
    RosterLeaf,
)


def member_of(request: HttpRequest) -> Member:
    """The logged-in member; only behind `login_required`."""
    if not isinstance(request.user, Member):
        raise Http404
    return request.user


def own_employment(member: Member, employment_id: UUID) -> Employment:
    employment = Employment.objects.filter(id=employment_id, member=member).first()
    if employment is None:
        raise Http404
    return employment


def own_mail_proof(member: Member, proof_id: UUID) -> MailProof:
    proof = MailProof.objects.filter(id=proof_id, member=member).first()
    if proof is None:
        raise Http404
    return proof


def own_login_proof(member: Member, *, now: datetime) -> LoginProof | None:
    """The log-in that this member began and may still finish, if any."""
    awaited = LoginProof.objects.select_related("provider")
    return awaited.filter(member=member, expires_at__gt=now).first()


def own_badge(member: Member, review_id: UUID) -> BadgeReview:
    review = BadgeReview.objects.filter(id=review_id, member=member).first()
    if review is None:
        raise Http404
    return review


def reviewer_of(request: HttpRequest) -> Member:
    """The logged-in member, if the operator named them a reviewer; for others there is no such page."""
    member = member_of(request)
    if not Reviewer.objects.filter(member=member, ended_on=None).exists():
        raise Http404
    return member


def badge_to_review(reviewer: Member, review_id: UUID) -> BadgeReview:
    """A waiting document of somebody else that this reviewer has not voted on."""
    waiting = BadgeReview.objects.filter(id=review_id, state=BadgeReview.State.WAITING)
    others = waiting.exclude(member=reviewer).exclude(votes__reviewer=reviewer.id)
    review = others.select_related("member").first()
    if review is None:
        raise Http404
    return review


def own_leaf(member: Member, roster: str, *, season: str) -> RosterLeaf:
    """The place that this member's key has in a published roster."""
    keys = Enrolment.objects.filter(member=member, season=season, replaced_on=None).values("commitment")
    held = RosterLeaf.objects.filter(roster__season=season, roster__name=roster, removed_epoch=None)
    leaf = held.filter(commitment__in=keys).select_related("roster").first()
    if leaf is None:
        raise Http404
    return leaf


def own_challenge(member: Member) -> CodeChallenge | None:
    """The code on its way to this member, if any."""
    return CodeChallenge.objects.filter(member=member).first()

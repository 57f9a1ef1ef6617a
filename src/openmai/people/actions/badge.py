"""Employment by a badge or document that two people looked at (V4): four eyes, and the picture goes."""

from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID, uuid4

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from openmai.anonymity.encoding import length_prefixed
from openmai.anonymity.seasons import season_at
from openmai.companies.queries import company_by_slug
from openmai.people import limits, mails
from openmai.people.actions.employment import AddressTaken, begin_employment
from openmai.people.actions.evidence import give_word
from openmai.people.badge_reasons import CHOICES, REASONS
from openmai.people.conf import config, keyed_hash
from openmai.people.errors import Refused
from openmai.people.evidence import SALT_BYTES, seal_bytes, unseal_bytes
from openmai.people.freshness import may_verify_again
from openmai.people.models import BadgeReview, BadgeVote, Employment, Member, Reviewer
from openmai.platform.pictures import Busy, NoPicture, reencode

# A document that nobody looked at in this time is deleted.
STALE: Final = timedelta(days=30)
NEEDED: Final = 2
MAX_NUMBER: Final = 40


class NoCompany(Refused):
    code = "no-company"


class BadPicture(Refused):
    code = "bad-picture"


class VerifiedAlready(Refused):
    code = "already-verified"


class NotYours(Refused):
    """The reviewer may not decide on this one: it is their own, decided, or they voted before."""

    code = "not-yours"


class BadVote(Refused):
    code = "bad-vote"


def open_badge_review(*, member_id: UUID, company_slug: str, picture: bytes, now: datetime) -> BadgeReview:
    """Take a picture for two reviewers to look at; one that waited for the same company is replaced.

    Raise `NoCompany`, `VerifiedAlready`, `BadPicture` or `LimitReached`.
    """
    company = company_by_slug(company_slug)
    if company is None:
        raise NoCompany(_("Choose the company first."))
    active = Employment.objects.filter(member=member_id, company=company.id, ended_on=None).first()
    if active is not None and not may_verify_again(active, now):
        raise VerifiedAlready(
            _("Your employment at %(company)s is verified already.") % {"company": company.name}
        )
    limits.take(limits.BADGES_PER_MEMBER, subject=member_id.bytes, on=now.date())
    limits.take(limits.BADGES_PER_DAY, subject=b"", on=now.date())
    pixels = _pixels(picture)
    review_id = uuid4()
    with transaction.atomic():
        Member.objects.select_for_update().get(id=member_id)
        waiting = BadgeReview.objects.filter(
            member=member_id, company=company.id, state=BadgeReview.State.WAITING
        )
        waiting.delete()
        return BadgeReview.objects.create(
            id=review_id,
            member_id=member_id,
            company_id=company.id,
            sealed=seal_bytes(pixels, _associated(review_id, member_id)),
            digest=sha256(pixels + _salt(review_id)).digest(),
            opened_on=now.date(),
        )


def _pixels(picture: bytes) -> bytes:
    try:
        return reencode(picture)
    except NoPicture as error:
        raise BadPicture(
            _("Send a JPEG, PNG or WebP picture of at most 8 MB and 40 million pixels.")
        ) from error
    except Busy as error:
        raise BadPicture(_("Too many pictures are coming in just now. Try again in a minute.")) from error


def _salt(review_id: UUID) -> bytes:
    return keyed_hash("evidence-salt", review_id.bytes)[:SALT_BYTES]


def _associated(review_id: UUID, member_id: UUID) -> list[bytes]:
    named = (config().site_id.encode(), review_id.bytes, member_id.bytes)
    return [b"openmai/v1/badge\0", *map(length_prefixed, named)]


def picture_of(review: BadgeReview) -> bytes:
    """The JPEG of a waiting review; b"" once it is decided. Raise `SealBroken` if the row was changed."""
    if review.sealed is None:
        return b""
    return unseal_bytes(bytes(review.sealed), _associated(review.id, review.member_id))


@transaction.atomic
def vote_on_badge(
    *, reviewer_id: UUID, review_id: UUID, number: str = "", refusal: str = "", now: datetime
) -> BadgeReview:
    """One reviewer's word: the number on the document, or why it is refused. Raise `NotYours` or `BadVote`.

    Two reviewers who read the same number verify the employment; one refusal, or two numbers, ends it.
    """
    review = (
        BadgeReview.objects.select_for_update(of=["self"])
        .select_related("member")
        .filter(id=review_id, state=BadgeReview.State.WAITING)
        .exclude(member=reviewer_id)
        .first()
    )
    reviewer = Reviewer.objects.filter(member=reviewer_id, ended_on=None).first()
    if review is None or reviewer is None or review.votes.filter(reviewer=reviewer).exists():
        raise NotYours(_("This document is not yours to decide on, or has been decided."))
    plain = "".join(number.split()).casefold()
    if bool(plain) == bool(refusal) or len(plain) > MAX_NUMBER or (refusal and refusal not in CHOICES):
        raise BadVote(_("Give either the number on the document or the reason why it is refused."))
    BadgeVote.objects.create(
        review=review,
        member=review.member,
        reviewer=reviewer,
        accepted=not refusal,
        number=_number(review.company_id, plain) if plain else None,
        voted_on=now.date(),
    )
    return _decide(review, refusal, now)


def _number(company_id: UUID, number: str) -> bytes:
    """The claim by which a document is known, so that it verifies one account."""
    return keyed_hash("badge-number", company_id.bytes, number.encode())


def _decide(review: BadgeReview, refusal: str, now: datetime) -> BadgeReview:
    if refusal:
        return _close(review, BadgeReview.State.REFUSED, refusal, now)
    numbers = [bytes(vote.number or b"") for vote in review.votes.filter(accepted=True)]
    if len(numbers) < NEEDED:
        return review
    if len(set(numbers)) != 1:
        return _close(review, BadgeReview.State.REFUSED, "number-differs", now)
    try:
        with transaction.atomic():
            begin_employment(
                member=review.member,
                company_id=review.company_id,
                claims=numbers[:1],
                method=Employment.Method.BADGE,
                on=now.date(),
            )
    except AddressTaken:
        return _close(review, BadgeReview.State.REFUSED, "number-taken", now)
    _close(review, BadgeReview.State.ACCEPTED, "", now)
    give_word(member_id=review.member_id, season=season_at(int(now.timestamp())).id, on=now.date())
    return review


def _close(review: BadgeReview, state: BadgeReview.State, refusal: str, now: datetime) -> BadgeReview:
    """Decide, and delete the picture in the same breath."""
    review.state, review.refusal = state, refusal
    review.sealed, review.decided_on = None, now.date()
    review.save(update_fields=["state", "refusal", "sealed", "decided_on"])
    page = f"{config().people_origin}/{review.member.language}/employment/"
    mails.tell_badge_decided(review.member, reason=REASONS[refusal] if refusal else "", page=page)
    return review


def withdraw_badge(*, review_id: UUID, now: datetime) -> None:
    """The member takes the picture back; nothing happens if it was decided meanwhile."""
    waiting = BadgeReview.objects.filter(id=review_id, state=BadgeReview.State.WAITING)
    waiting.update(state=BadgeReview.State.WITHDRAWN, sealed=None, decided_on=now.date())


def withdraw_stale(*, on: date) -> int:
    """Delete the pictures that nobody has looked at for long; return how many."""
    waiting = BadgeReview.objects.filter(state=BadgeReview.State.WAITING, opened_on__lt=on - STALE)
    return waiting.update(state=BadgeReview.State.WITHDRAWN, sealed=None, decided_on=on)

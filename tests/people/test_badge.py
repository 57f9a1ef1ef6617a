"""A badge that two people look at (V4): four eyes, one number, and no picture afterwards."""

import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from PIL import Image
from tests.factories.people import HARBOUR, HARBOUR_DOMAIN, employ, enrol, make_member, queued_mails
from tests.people.conftest import browser

from openmai.people import actions
from openmai.people.actions.badge import BadPicture, BadVote, NotYours, VerifiedAlready, picture_of
from openmai.people.actions.reviewers import NoSuchMember, dismiss_reviewer, name_reviewer
from openmai.people.evidence import SealBroken
from openmai.people.evidence_checks import EvidenceFailed, recheck
from openmai.people.models import AddressClaim, BadgeReview, BadgeVote, Employment, Evidence, Member
from openmai.people.queries.membership import rosters_of_member
from openmai.platform.pictures import MAX_BYTES


def picture(size: tuple[int, int] = (80, 50), *, kind: str = "PNG", **options: Any) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, "red").save(written, format=kind, **options)
    return written.getvalue()


@pytest.fixture
def reviewers(companies: Any, today: datetime) -> list[Member]:
    """Rita and Ron, named by the operator."""
    members = [make_member(name, now=today) for name in ("Rita", "Ron")]
    for member in members:
        name_reviewer(email=member.email, on=today.date())
    return members


def send(member: Member, now: datetime, data: bytes | None = None) -> BadgeReview:
    return actions.open_badge_review(
        member_id=member.id, company_slug=HARBOUR, picture=data or picture(), now=now
    )


def vote(reviewer: Member, review: BadgeReview, now: datetime, **said: str) -> BadgeReview:
    return actions.vote_on_badge(reviewer_id=reviewer.id, review_id=review.id, now=now, **said)


def test_two_reviewers_who_read_one_number_verify_the_employment(
    alice: Member, reviewers: list[Member], today: datetime
):
    enrolled = enrol(alice, now=today)
    review = send(alice, today)
    vote(reviewers[0], review, today, number="HL-0815")
    assert not Employment.objects.exists(), "one pair of eyes is not enough"
    assert vote(reviewers[1], review, today, number="hl-0815 ").state == "accepted"

    employment = Employment.objects.get()
    assert (employment.member, employment.method) == (alice, "badge")
    assert employment.valid_until == today.date() + timedelta(days=180)
    rosters = rosters_of_member(member_id=alice.id, season=enrolled.season, on=today.date())
    assert rosters == [f"company/{HARBOUR}/attested", "industry/logistics/attested", "site"], "never provable"
    evidence = Evidence.objects.get()
    assert (evidence.kind, evidence.issuer_key) == ("badge", None)
    assert recheck(evidence).kind == "badge"
    mail = queued_mails()[-1]
    assert (mail.to, mail.subject) == ([alice.email], "Your document was looked at")
    assert HARBOUR_DOMAIN not in mail.text


def test_the_picture_goes_with_the_decision(alice: Member, reviewers: list[Member], today: datetime):
    review = send(alice, today)
    assert b"\xff\xd8\xff" not in bytes(review.sealed or b"")
    assert picture_of(review).startswith(b"\xff\xd8\xff")
    vote(reviewers[0], review, today, refusal="unreadable")
    review.refresh_from_db()
    assert (review.state, review.sealed, review.refusal) == ("refused", None, "unreadable")
    assert picture_of(review) == b""
    assert "sharper" in queued_mails()[-1].text
    with pytest.raises(IntegrityError), transaction.atomic():
        BadgeReview.objects.update(sealed=b"again")


def test_only_the_pixels_are_kept(alice: Member, today: datetime):
    exif = Image.Exif()
    exif[0x010F] = "Mallory's Camera"
    data = picture(kind="JPEG", exif=exif, comment=b"taken at home") + b"a tail"
    kept = picture_of(send(alice, today, data))
    assert b"Camera" not in kept
    assert b"taken at home" not in kept
    assert b"a tail" not in kept
    assert not Image.open(io.BytesIO(kept)).getexif()


def test_nobody_decides_twice_or_on_their_own(alice: Member, reviewers: list[Member], today: datetime):
    rita, ron = reviewers
    review = send(alice, today)
    vote(rita, review, today, number="1")
    with pytest.raises(NotYours):
        vote(rita, review, today, number="1")
    own = send(ron, today)
    with pytest.raises(NotYours):
        vote(ron, own, today, number="1")
    with pytest.raises(NotYours):
        vote(alice, own, today, number="1")
    assert not Employment.objects.exists()


def test_the_database_knows_four_eyes_too(alice: Member, reviewers: list[Member], today: datetime):
    rita = reviewers[0]
    review, own = send(alice, today), send(rita, today)
    common = {"accepted": True, "number": b"n" * 32, "voted_on": today.date()}
    BadgeVote.objects.create(review=review, member=alice, reviewer=rita.reviewer, **common)
    with pytest.raises(IntegrityError), transaction.atomic():
        BadgeVote.objects.create(review=review, member=alice, reviewer=rita.reviewer, **common)
    with pytest.raises(IntegrityError), transaction.atomic():
        BadgeVote.objects.create(review=own, member=rita, reviewer=rita.reviewer, **common)


def test_two_numbers_are_no_agreement(alice: Member, reviewers: list[Member], today: datetime):
    review = send(alice, today)
    vote(reviewers[0], review, today, number="0815")
    assert vote(reviewers[1], review, today, number="0816").refusal == "number-differs"
    assert not Employment.objects.exists()


def test_a_badge_that_verifies_alice_verifies_nobody_else(
    alice: Member, mallory: Member, reviewers: list[Member], today: datetime
):
    for member in (alice, mallory):
        review = send(member, today)
        for reviewer in reviewers:
            review = vote(reviewer, review, today, number="0815")
    assert (review.state, review.refusal) == ("refused", "number-taken")
    assert Employment.objects.get().member == alice
    assert AddressClaim.objects.count() == 1


def test_a_vote_is_a_number_or_a_reason(alice: Member, reviewers: list[Member], today: datetime):
    review = send(alice, today)
    for said in (
        {},
        {"number": " "},
        {"number": "1", "refusal": "unreadable"},
        {"refusal": "number-taken"},
        {"refusal": "x"},
        {"number": "1" * 41},
    ):
        with pytest.raises(BadVote):
            vote(reviewers[0], review, today, **said)
    assert not BadgeVote.objects.exists()


def test_who_is_dismissed_decides_no_more(alice: Member, reviewers: list[Member], today: datetime):
    review = send(alice, today)
    dismiss_reviewer(email=reviewers[0].email, on=today.date())
    with pytest.raises(NotYours):
        vote(reviewers[0], review, today, number="1")
    assert browser(reviewers[0]).get("/en/reviews/").status_code == 404
    with pytest.raises(NoSuchMember):
        dismiss_reviewer(email=reviewers[0].email, on=today.date())
    with pytest.raises(NoSuchMember):
        name_reviewer(email="nobody@home.example", on=today.date())


def test_a_fabricated_review_is_found(alice: Member, reviewers: list[Member], today: datetime):
    enrol(alice, now=today)
    review = send(alice, today)
    for reviewer in reviewers:
        vote(reviewer, review, today, number="0815")
    evidence = Evidence.objects.get()
    BadgeVote.objects.filter(reviewer=reviewers[0].reviewer).delete()
    with pytest.raises(EvidenceFailed) as caught:
        recheck(evidence)
    assert caught.value.code == "reviewers"


def test_a_sealed_picture_opens_for_its_own_review_only(alice: Member, bob: Member, today: datetime):
    first, second = send(alice, today), send(bob, today)
    second.sealed = first.sealed
    with pytest.raises(SealBroken):
        picture_of(second)


HOSTILE = {
    "nothing": b"",
    "text": b"hello",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "pdf": b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF",
    "gif": picture(kind="GIF"),
    "tiff": picture(kind="TIFF"),
    "half": picture(kind="JPEG")[:200],
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "bomb": picture((10_000, 10_000), kind="PNG"),
    "too many bytes": picture() + bytes(MAX_BYTES),
    "html and png": b"<html><script>alert(1)</script>" + picture(),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_small_picture_is_refused(alice: Member, today: datetime, name: str):
    with pytest.raises(BadPicture):
        send(alice, today, HOSTILE[name] or b" ")
    assert not BadgeReview.objects.exists()


def test_the_pages_lead_through_it(alice: Member, as_alice: Client, reviewers: list[Member], today: datetime):
    page = as_alice.get(f"/en/employment/badge/?company={HARBOUR}").content.decode()
    assert "Two different reviewers" in page
    upload = {"company": HARBOUR, "picture": SimpleUploadedFile("b.png", picture(), "image/png")}
    sent = as_alice.post("/en/employment/badge/", upload, follow=True)
    assert sent.redirect_chain == [("/en/employment/", 302)]
    assert "0 of 2 have looked at it" in sent.content.decode()

    review = BadgeReview.objects.get()
    for reviewer in reviewers:
        client = browser(reviewer)
        assert str(review.id) in client.get("/en/reviews/").content.decode()
        seen = client.get(f"/en/reviews/{review.id}/picture.jpg")
        assert (seen.status_code, seen["Content-Type"]) == (200, "image/jpeg")
        assert seen["X-Content-Type-Options"] == "nosniff"
        assert "no-store" in seen["Cache-Control"]
        bad = client.post(f"/en/reviews/{review.id}/", {"number": "", "refusal": ""})
        assert bad.status_code == 422
        done = client.post(f"/en/reviews/{review.id}/", {"number": "0815"}, follow=True)
        assert done.redirect_chain == [("/en/reviews/", 302)]
        assert client.get(f"/en/reviews/{review.id}/picture.jpg").status_code == 404
    assert "a document that two people looked at" in as_alice.get("/en/employment/").content.decode()


def test_an_upload_is_bounded_and_guarded_against_forged_requests(alice: Member):
    client = Client(enforce_csrf_checks=True, headers={"accept-language": "en"})
    client.force_login(alice)
    upload = {"company": HARBOUR, "picture": SimpleUploadedFile("b.png", picture(), "image/png")}
    assert client.post("/en/employment/badge/", upload).status_code == 403
    large = SimpleUploadedFile("b.png", picture() + bytes(MAX_BYTES), "image/png")
    answer = browser(alice).post("/en/employment/badge/", {"company": HARBOUR, "picture": large})
    assert answer.status_code in {400, 403, 422}
    assert not BadgeReview.objects.exists()


def test_a_picture_can_be_taken_back_and_does_not_wait_for_ever(
    alice: Member, as_alice: Client, as_bob: Client, today: datetime
):
    review = send(alice, today)
    assert as_bob.post(f"/en/employment/badge/{review.id}/withdraw/").status_code == 404
    as_alice.post(f"/en/employment/badge/{review.id}/withdraw/")
    review.refresh_from_db()
    assert (review.state, review.sealed) == ("withdrawn", None)
    stale = send(alice, today)
    actions.forget_expired(now=today + timedelta(days=31))
    stale.refresh_from_db()
    assert (stale.state, stale.sealed) == ("withdrawn", None)


def test_a_fresh_employment_needs_no_badge(alice: Member, today: datetime):
    employ(alice, f"alice@{HARBOUR_DOMAIN}", now=today)
    with pytest.raises(VerifiedAlready):
        send(alice, today)

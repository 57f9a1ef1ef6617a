"""How employments end, and what their address may do afterwards (V7)."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from tests.factories.people import HARBOUR_DOMAIN, employ, enrol, queued_mails

from openmai.anonymity.seasons import season_at
from openmai.people import actions
from openmai.people.actions.codes import WrongCode
from openmai.people.actions.employment import AlreadyEnded
from openmai.people.models import AddressClaim, DailyUse, Employment, MailProof, Member

ADDRESS = f"alice@{HARBOUR_DOMAIN}"


def end(employment_id: object, now: datetime, by: str = "member") -> None:
    actions.end_employment(employment_id=employment_id, by=by, now=now)  # type: ignore[arg-type]


def test_an_employment_ends_once(alice: Member, today: datetime):
    employment_id = employ(alice, ADDRESS, now=today)
    end(employment_id, today + timedelta(days=2))
    employment = Employment.objects.get()
    assert (employment.ended_on, employment.ended_by) == ((today + timedelta(days=2)).date(), "member")
    with pytest.raises(AlreadyEnded):
        end(employment_id, today)


def test_the_operator_ends_an_employment_and_the_member_is_told(alice: Member, today: datetime):
    employment_id = employ(alice, ADDRESS, now=today)
    end(employment_id, today, by="operator")
    mail = queued_mails()[-1]
    assert (mail.to, mail.subject) == (["alice@home.example"], "An employment was ended")
    assert "/en/employment/" in mail.text
    assert HARBOUR_DOMAIN not in mail.text, "a lock screen names no employer"


def test_an_address_cannot_wander_to_another_account_within_the_season(
    alice: Member, mallory: Member, now: datetime
):
    end(employ(alice, ADDRESS, now=now), now)
    with pytest.raises(WrongCode):
        employ(mallory, ADDRESS, now=now + timedelta(days=1))
    ends = datetime.fromtimestamp(season_at(int(now.timestamp())).ends, UTC)
    with pytest.raises(WrongCode):
        employ(mallory, ADDRESS, now=ends - timedelta(minutes=1))
    employ(mallory, ADDRESS, now=ends + timedelta(days=1))
    assert AddressClaim.objects.get().employment.member == mallory


def test_its_own_account_may_use_it_again(alice: Member, now: datetime):
    end(employ(alice, ADDRESS, now=now), now)
    employ(alice, ADDRESS, now=now + timedelta(days=1))
    assert Employment.objects.filter(ended_on=None).count() == 1
    assert AddressClaim.objects.get().held_until is None


def test_the_database_keeps_an_employment_whole(alice: Member, today: datetime):
    employ(alice, ADDRESS, now=today)
    for changes in (
        {"ended_on": today.date()},
        {"ended_by": "member"},
        {"ended_on": today.date() - timedelta(days=1), "ended_by": "member"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Employment.objects.update(**changes)
    company_id = Employment.objects.get().company_id
    with pytest.raises(IntegrityError), transaction.atomic():
        Employment.objects.create(
            member=alice, company_id=company_id, method="code", verified_on=today.date()
        )


def test_what_is_over_is_forgotten_and_what_is_not_stays(alice: Member, now: datetime):
    enrol(alice, now=now)
    actions.open_mail_proof(
        member_id=alice.id, company_slug="harbour-logistics", now=now, randbytes=lambda size: b"s" * size
    )
    Session.objects.create(session_key="old", session_data="", expire_date=now)
    Session.objects.create(session_key="new", session_data="", expire_date=now + timedelta(days=30))
    actions.forget_expired(now=now)
    assert (MailProof.objects.count(), DailyUse.objects.count(), Session.objects.count()) == (1, 2, 2)
    actions.forget_expired(now=now + timedelta(days=9))
    assert (MailProof.objects.count(), DailyUse.objects.count()) == (0, 0)
    assert list(Session.objects.values_list("session_key", flat=True)) == ["new"]

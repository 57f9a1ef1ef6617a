"""Verifications run out, are announced before, and a crowd's freshness singles nobody out (V5)."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from tests.factories.people import HARBOUR, HARBOUR_DOMAIN, employ, enrol, prove_by_mail, queued_mails

from openmai.anonymity.seasons import season_at
from openmai.companies.queries import company_by_slug, crowd_of
from openmai.people import actions
from openmai.people.actions.codes import AlreadyVerified
from openmai.people.actions.crowds import tell_crowds
from openmai.people.freshness import SMALLEST_BAND, bands, freshness, season_start
from openmai.people.models import Employment, Evidence, Member, Roster, RosterEpoch
from openmai.people.queries.membership import rosters_of_member

ADDRESS = f"alice@{HARBOUR_DOMAIN}"
NOW = datetime(2026, 3, 20, 10, 0, 30, tzinfo=UTC)


def test_a_code_holds_for_half_a_year_and_a_signed_mail_for_a_year(alice: Member, now: datetime):
    employ(alice, ADDRESS, now=now)
    assert Employment.objects.get().valid_until == now.date() + timedelta(days=180)
    enrol(alice, now=now)
    prove_by_mail(alice, ADDRESS, now=now)
    assert Employment.objects.get().valid_until == now.date() + timedelta(days=365)


def test_a_weaker_proof_never_shortens_what_a_stronger_one_gave(alice: Member, now: datetime):
    enrol(alice, now=now)
    prove_by_mail(alice, ADDRESS, now=now)
    later = datetime.fromtimestamp(season_at(int(now.timestamp())).ends, UTC) + timedelta(days=1)
    employ(alice, ADDRESS, now=later)
    employment = Employment.objects.get()
    assert (employment.method, employment.verified_on) == ("code", later.date())
    assert employment.valid_until == now.date() + timedelta(days=365)


def test_what_ran_out_belongs_into_no_roster_until_it_is_verified_again(alice: Member, now: datetime):
    season = enrol(alice, now=now).season
    employ(alice, ADDRESS, now=now)
    Employment.objects.update(valid_until=now.date() + timedelta(days=1))
    assert rosters_of_member(member_id=alice.id, season=season, on=now.date())
    tomorrow = now + timedelta(days=1)
    assert rosters_of_member(member_id=alice.id, season=season, on=tomorrow.date()) == []
    employ(alice, ADDRESS, now=tomorrow)
    assert rosters_of_member(member_id=alice.id, season=season, on=tomorrow.date())
    assert Evidence.objects.filter(kind="code").count() == 1


def test_a_fresh_verification_is_not_made_again(alice: Member, now: datetime):
    employ(alice, ADDRESS, now=now)
    with pytest.raises(AlreadyVerified):
        employ(alice, ADDRESS, now=now + timedelta(hours=1))


def test_a_mail_says_in_time_that_it_runs_out_and_says_it_once(alice: Member, now: datetime):
    employ(alice, ADDRESS, now=now)
    until = Employment.objects.get().valid_until
    sent = len(queued_mails())
    for days, expected in ((165, 0), (166, 1), (167, 0), (180, 0)):
        assert actions.remind_members(now=now + timedelta(days=days)) == expected, days
    [mail] = queued_mails()[sent:]
    assert (mail.to, mail.subject) == (["alice@home.example"], "Please verify again")
    assert until.isoformat() in mail.text
    assert HARBOUR_DOMAIN not in mail.text
    employ(alice, ADDRESS, now=now + timedelta(days=170))
    assert Employment.objects.get().reminded_on is None, "the next end is announced anew"


def test_who_left_is_not_reminded(alice: Member, now: datetime):
    actions.end_employment(employment_id=employ(alice, ADDRESS, now=now), by="member", now=now)
    assert actions.remind_members(now=now + timedelta(days=170)) == 0


def test_the_page_shows_the_band_and_when_it_ends(alice: Member, as_alice: Client, today: datetime):
    employ(alice, ADDRESS, now=today)
    page = as_alice.get("/en/employment/").content.decode()
    assert "verified this season" in page
    assert "It holds until" in page
    assert "Verify again" not in page
    Employment.objects.update(
        verified_on=today.date() - timedelta(days=181), valid_until=today.date() - timedelta(days=1)
    )
    page = as_alice.get("/en/employment/").content.decode()
    assert "run out" in page
    assert "Verify again" in page
    assert "verified in the last 6 months" in page
    Employment.objects.update(verified_on=today.date() - timedelta(days=183))
    assert "verified longer ago" in as_alice.get("/en/employment/").content.decode()


def test_bands_of_a_day():
    start = season_start(NOW)
    assert freshness(start, NOW) == "season"
    assert freshness(start - timedelta(days=1), NOW) == "half-year"
    assert freshness(NOW.date() - timedelta(days=182), NOW) == "older"


DAYS = st.lists(st.dates(min_value=date(2025, 1, 1), max_value=NOW.date()), min_size=20, max_size=60)


@given(days=DAYS)
def test_no_band_of_a_crowd_is_small_and_none_is_told_fresher_than_it_is(days: list[date]):
    told = bands(days, NOW)
    assert sum(count for _band, count in told) == len(days)
    assert all(count >= SMALLEST_BAND for _band, count in told)
    order = ["season", "half-year", "older"]
    for place, band in enumerate(order):
        claimed = sum(count for name, count in told if order.index(name) <= place)
        really = sum(order.index(freshness(day, NOW)) <= place for day in days)
        assert claimed <= really, band


def test_a_few_stragglers_do_not_stand_out():
    fresh, old = [NOW.date()] * 18, [NOW.date() - timedelta(days=100)] * 3
    assert bands(fresh + old, NOW) == [("half-year", 21)]


@pytest.fixture
def epoch(alice: Member, now: datetime) -> RosterEpoch:
    employ(alice, ADDRESS, now=now)
    enrol(alice, now=now)
    actions.publish_rosters(now=now)
    actions.publish_rosters(now=now + timedelta(days=8))
    return RosterEpoch.objects.get(roster__kind="attested", roster__trade="", superseded_at=None)


def test_a_small_crowd_is_not_spoken_of(epoch: RosterEpoch, visitor: Client):
    company = company_by_slug(HARBOUR)
    assert company is not None
    assert crowd_of(company.id) is None
    assert "Who is verified" not in visitor.get(f"/en/companies/{HARBOUR}/").content.decode()


def test_the_companys_page_tells_of_a_crowd_in_steps_of_ten(
    epoch: RosterEpoch, visitor: Client, now: datetime
):
    RosterEpoch.objects.filter(sha256=epoch.sha256).update(size=40, live=40, settled=40)
    tell_crowds(Roster.objects.filter(kind="attested"), now=now)
    page = visitor.get(f"/en/companies/{HARBOUR}/").content.decode()
    assert "Who is verified" in page
    assert "about 100% verified this season" in page

"""The people site tells members of a new season: on its pages, and by one mail before it and one after."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from tests.factories.people import HARBOUR_DOMAIN, employ, queued_mails
from tests.people.test_rosters import crowd, enrol_without_proof, member

from openmai.anonymity.seasons import season_called
from openmai.people import actions
from openmai.people.actions.rosters import drop_superseded_leaves
from openmai.people.models import LeavesFile, Member
from openmai.people.queries.seasons import season_news

DAY = timedelta(days=1)
ENDS = datetime.fromtimestamp(season_called("s228").ends, UTC)


@pytest.fixture(autouse=True)
def _companies(companies: dict[str, Any]) -> None:
    """Every test here needs employers."""


@pytest.fixture
def someone(now: datetime) -> Member:
    """Alice has a key of s228; Charlie, who is there too, has none."""
    alice = member("Alice", now)
    member("Charlie", now)
    enrol_without_proof(alice, now)
    return alice


def subjects() -> list[tuple[str, str]]:
    return [(mail.to[0], mail.subject) for mail in queued_mails()]


def test_in_the_last_week_each_member_with_a_key_is_told_once(someone: Member):
    assert actions.remind_of_season(now=ENDS - 7 * DAY - timedelta(seconds=1)) == 0
    assert actions.remind_of_season(now=ENDS - 7 * DAY) == 1
    assert actions.remind_of_season(now=ENDS - DAY) == 0
    assert subjects() == [(someone.email, "The season ends soon")]
    assert "2026-06-06" in queued_mails()[0].text


def test_in_the_first_days_only_those_are_told_who_have_no_new_key(someone: Member, now: datetime):
    bob = member("Bob", now)
    enrol_without_proof(bob, now)
    enrol_without_proof(bob, ENDS)
    assert actions.remind_of_season(now=ENDS) == 0
    assert actions.remind_of_season(now=ENDS + 2 * DAY) == 1
    assert actions.remind_of_season(now=ENDS + 3 * DAY) == 0
    assert subjects() == [(someone.email, "A new season: register your new key")]


def test_a_worker_that_comes_late_does_not_tell_of_an_old_beginning(someone: Member):
    assert actions.remind_of_season(now=ENDS + 9 * DAY) == 0


def test_no_mail_names_an_employer(someone: Member, now: datetime):
    employ(someone, f"alice@{HARBOUR_DOMAIN}", now=now)
    before = len(queued_mails())
    actions.remind_of_season(now=ENDS - DAY)
    actions.remind_of_season(now=ENDS + 2 * DAY)
    told = queued_mails()[before:]
    assert len(told) == 2
    assert not any("arbour" in mail.text + mail.subject for mail in told)


def test_the_mails_are_in_the_members_language(someone: Member):
    Member.objects.filter(id=someone.id).update(language="zh-hans")
    actions.remind_of_season(now=ENDS - DAY)
    assert [subject for _to, subject in subjects()] == ["本季即将结束"]


def test_what_a_member_is_told_follows_the_season(someone: Member, now: datetime):
    def news(moment: datetime) -> tuple[bool, bool]:
        found = season_news(member_id=someone.id, now=moment)
        return found.ends is not None, found.renew

    assert news(now) == (False, False)
    assert news(ENDS - 7 * DAY) == (True, False)
    assert news(ENDS) == (False, True)
    enrol_without_proof(someone, ENDS)
    assert news(ENDS) == (False, False)
    # A season later again; two seasons later nobody is reminded of what was long ago.
    assert news(ENDS + 90 * DAY) == (False, True)
    assert news(ENDS + 180 * DAY) == (False, False)


@pytest.mark.parametrize("page", ["/en/", "/en/enrol/"])
def test_the_pages_say_that_a_new_season_has_begun(
    someone: Member, page: str, monkeypatch: pytest.MonkeyPatch
):
    client = Client()
    client.force_login(someone)
    monkeypatch.setattr("openmai.people.views.utc_now", lambda: ENDS + DAY)
    assert "A new season has begun" in client.get(page).content.decode()
    monkeypatch.setattr("openmai.people.views.utc_now", lambda: ENDS - DAY)
    assert "A new season has begun" not in client.get(page).content.decode()


def test_leaves_files_of_a_season_are_dropped_when_its_threads_are_closed(now: datetime):
    crowd(3, now)
    actions.publish_rosters(now=now)
    actions.publish_rosters(now=now + 8 * DAY)
    held = LeavesFile.objects.count()
    assert held
    closes = ENDS + 14 * DAY
    assert drop_superseded_leaves(now=closes - timedelta(seconds=1)) == 0
    assert drop_superseded_leaves(now=closes) == held

"""Threads outlive their season by fourteen days: who spoke in them goes on, who was on a roster may enter."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.factories.cast import DOMAIN, SEASON, SITE
from tests.talk.conftest import Talk
from tests.talk.refusing import check_refused

from openmai.anonymity.bans import read_ban_list
from openmai.anonymity.content import Opening
from openmai.anonymity.seasons import season_called
from openmai.talk.actions import add_ban, forget_leaves
from openmai.talk.models import Persona, RosterLeaves

ENDS = datetime.fromtimestamp(season_called(SEASON).ends, UTC)
CLOSES = ENDS + timedelta(days=14)


@pytest.fixture
def opening(talk: Talk) -> Opening:
    """A thread that Alice opened in the season; its last second has passed."""
    opening = talk.cast.opening()
    talk.published(talk.cast.submission(talk.cast.alice, opening))
    talk.go_to(ENDS)
    return opening


def test_a_persona_of_the_past_season_goes_on(talk: Talk, opening: Opening):
    talk.published(talk.cast.submission(talk.cast.alice, talk.cast.reply(opening)))
    assert Persona.objects.count() == 1


def test_a_newcomer_enters_with_the_old_roster_and_the_old_secret(talk: Talk, opening: Opening):
    talk.go_to(CLOSES - timedelta(seconds=talk.rules.tick_seconds))
    talk.published(talk.cast.submission(talk.cast.bob, talk.cast.reply(opening)))
    assert Persona.objects.count() == 2


def test_on_the_fifteenth_day_the_thread_is_closed(talk: Talk, opening: Opening):
    talk.go_to(CLOSES - timedelta(seconds=1))
    talk.accepted(talk.cast.submission(talk.cast.bob, talk.cast.reply(opening)))
    talk.go_to(CLOSES)
    late = talk.cast.submission(talk.cast.alice, talk.cast.reply(opening, body="Too late."), None)
    check_refused(talk, late, status=422, code="wrong-season", pointer="/content/season")


def test_who_was_banned_enters_no_old_thread_while_those_are_open(talk: Talk, opening: Opening):
    threat = talk.cast.opening(title="A threat")
    talk.go_to(ENDS - timedelta(days=1))
    talk.published(talk.cast.submission(talk.cast.bob, threat))
    add_ban(post=threat.id, reason="threat", until=CLOSES, rules=talk.rules, now=talk.now)
    talk.go_to(ENDS + timedelta(days=1))
    talk.tick()
    old = read_ban_list(talk.get(f"/api/v1/bans?season={SEASON}").content, domain=DOMAIN)
    assert old.ban_on(talk.cast.bob.secret) is not None
    assert talk.get("/api/v1/bans").json() == {
        "type": "openmai/bans/v1", "site": SITE, "season": "s229", "serial": 0, "bans": [],
    }  # fmt: skip
    reply = talk.cast.reply(opening, body="Let me in.")
    check_refused(
        talk,
        talk.cast.submission(talk.cast.bob, reply),
        status=409,
        code="stale-bans",
        pointer="/join/gate/bans",
    )
    talk.published(talk.cast.submission(talk.cast.mallory, talk.cast.reply(opening), "site", bans=old))


def test_a_post_of_the_past_season_is_banned_and_waits_no_longer(talk: Talk, opening: Opening):
    talk.accepted(talk.cast.submission(talk.cast.alice, talk.cast.reply(opening)))
    until = add_ban(
        post=opening.id, reason="spam", until=CLOSES + timedelta(days=9), rules=talk.rules, now=talk.now
    )
    assert until == CLOSES
    assert talk.tick().banned == 1
    talk.go_to(CLOSES)
    assert talk.get(f"/api/v1/bans?season={SEASON}").status_code == 404


def test_nobody_opens_a_thread_in_a_season_that_is_over(talk: Talk, opening: Opening):
    body = talk.cast.submission(talk.cast.bob, talk.cast.opening(title="Late", body="Is this still on?"))
    check_refused(talk, body, status=422, code="wrong-season", pointer="/content/season")


def test_the_last_index_of_the_season_is_served_while_its_threads_are_open(talk: Talk, opening: Opening):
    index = talk.cast.index()
    assert talk.get("/rosters/index.json").status_code == 404
    assert talk.get(f"/rosters/{SEASON}/index.json").content == index
    listed = talk.get(f"/api/v1/rosters?season={SEASON}").json()["rosters"]
    assert {each["roster"] for each in listed} == set(talk.cast.rosters)
    assert talk.get("/api/v1/rosters").json()["rosters"] == []
    talk.now = CLOSES
    assert talk.get(f"/rosters/{SEASON}/index.json").status_code == 404
    assert talk.get(f"/api/v1/rosters?season={SEASON}").status_code == 404


def test_a_season_that_never_was_has_no_index(talk: Talk):
    for season in ("s229", "s226", "s0", "x", "s" * 500, "s228%00"):
        assert talk.get(f"/rosters/{season}/index.json").status_code == 404


def test_the_page_says_until_when_the_thread_is_open(talk: Talk, opening: Opening):
    page = talk.get(f"/en/t/{opening.id.hex()}/").content.decode()
    assert "data-composer" in page
    assert "2026-06-20" in page
    talk.now = CLOSES
    page = talk.get(f"/en/t/{opening.id.hex()}/").content.decode()
    assert "data-composer" not in page
    assert "closed" in page


def test_leaves_are_forgotten_when_their_season_is_closed(talk: Talk, opening: Opening):
    held = RosterLeaves.objects.count()
    talk.now = CLOSES - timedelta(seconds=1)
    forget_leaves(rules=talk.rules, now=talk.now)
    assert RosterLeaves.objects.count() == held
    talk.now = CLOSES
    forget_leaves(rules=talk.rules, now=talk.now)
    assert not RosterLeaves.objects.exists()

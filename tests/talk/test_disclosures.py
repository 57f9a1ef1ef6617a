"""How many requests for data were answered: the operator says it, the log keeps it, visitors read it."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from tests.factories.cast import DOMAIN
from tests.talk.conftest import Talk
from tests.talk.test_log import followed
from typer.testing import CliRunner

from openmai.anonymity.log.entries import parse_entry
from openmai.anonymity.seasons import season_called
from openmai.cli import disclosures
from openmai.cli.main import app
from openmai.talk.actions import CountRefused, count_requests
from openmai.talk.models import Disclosures, LogEntry
from openmai.talk.queries.disclosures import answered_requests, logged_requests
from openmai.talk.queries.log import log_size


def say(talk: Talk, count: int) -> None:
    count_requests(count, rules=talk.rules, now=talk.now)


def logged() -> list[int]:
    rows = LogEntry.objects.filter(kind="disclosures").order_by("index")
    return [parse_entry(bytes(row.data)).facts["count"] for row in rows]


def test_the_number_is_logged_with_the_next_tick_and_once(talk: Talk):
    """Nobody need post for it to appear, and a tick without news logs nothing."""
    talk.published(talk.cast.submission(talk.cast.alice, talk.cast.opening()))
    assert logged() == []
    say(talk, 0)
    assert logged() == []
    talk.tick()
    assert logged() == [0]
    size = log_size()
    talk.tick()
    assert log_size() == size
    say(talk, 3)
    talk.tick()
    talk.tick()
    assert logged() == [0, 3]
    assert followed(talk)["disclosures"] == 2


def test_the_number_only_grows(talk: Talk):
    say(talk, 3)
    say(talk, 3)
    with pytest.raises(CountRefused, match="You said 3 before"):
        say(talk, 2)
    for count in (-1, 2**53):
        with pytest.raises(CountRefused, match="no number of requests"):
            say(talk, count)
    assert answered_requests(DOMAIN.season) == 3
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Disclosures.objects.all().delete()


def test_each_season_has_its_own_number(talk: Talk):
    talk.published(talk.cast.submission(talk.cast.alice, talk.cast.opening()))
    say(talk, 3)
    talk.tick()
    assert logged_requests(DOMAIN.season) == 3
    later = season_called(DOMAIN.season).ends
    talk.go_to(talk.now + timedelta(seconds=later - int(talk.now.timestamp())))
    talk.tick()
    season = talk.rules.domain(talk.now).season
    assert season != DOMAIN.season
    assert logged_requests(season) is None
    say(talk, 0)
    talk.tick()
    assert logged_requests(season) == 0
    assert logged() == [3, 0]


def test_the_about_page_tells_what_the_log_says(talk: Talk):
    talk.published(talk.cast.submission(talk.cast.alice, talk.cast.opening()))
    assert "the operator has not said" in talk.get("/en/about/").content.decode()
    say(talk, 4711)
    assert "4711" not in talk.get("/en/about/").content.decode()
    talk.tick()
    page = talk.get("/en/about/").content.decode()
    assert "Requests for data answered this season" in page
    assert "4711" in page
    assert "the operator has not said" not in page


def test_the_operators_command_says_and_shows_it(talk: Talk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(disclosures, "utc_now", lambda: talk.now)

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["disclosures", *arguments])
        return done.exit_code, done.output

    talk.published(talk.cast.submission(talk.cast.alice, talk.cast.opening()))
    assert run() == (0, f"Nothing was said of season {DOMAIN.season}.\n")
    told = f"With the next tick the public log says that 3 were answered in season {DOMAIN.season}.\n"
    assert run("3") == run() == (0, told)
    code, words = run("2")
    assert (code, "You said 3 before" in words) == (1, True)
    talk.tick()
    assert run() == (0, f"The public log says that 3 were answered in season {DOMAIN.season}.\n")

"""Nobody is known here: no cookie, no account code, and nothing stored that says who sent what, from where,
or when.
"""

import logging
import os
import subprocess
import sys
from io import StringIO

import pytest
from django.db import connection
from django.urls import URLPattern, URLResolver, get_resolver
from tests.talk.conftest import Talk

from openmai.platform.logging import SafeFormatter
from openmai.talk import models

ADDRESS = "203.0.113.77"
AGENT = "AliceBrowser/1.0"


def routes(patterns: list[URLPattern | URLResolver]) -> list[str]:
    found = []
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            prefix = str(pattern.pattern) or ""
            found += [prefix + route for route in routes(pattern.url_patterns)]
        else:
            found.append(str(pattern.pattern))
    return found


def filled(route: str, post: str) -> str:
    for part, value in (
        ("<digest:thread>", post),
        ("<digest:post>", post),
        ("<digest:digest>", post),
        ("<slug:section>", "work"),
        ("<str:season>", "s200"),
        ("<path:path>", "0/000.p/1"),
        ("<action>", post),
        ("<thread>", post),
    ):
        route = route.replace(part, value)
    return "/" + route.lstrip("^/")


def test_no_route_sets_a_cookie(talk: Talk):
    opening = talk.cast.opening()
    talk.published(talk.cast.submission(talk.cast.alice, opening))
    paths = {filled(route, opening.id.hex()) for route in routes(get_resolver().url_patterns)}
    assert len(paths) >= 24
    talk.client.cookies["sessionid"] = "planted"
    for path in sorted(paths):
        assert "<" not in path, path
        for response in (talk.client.get(path), talk.client.post(path), talk.client.head(path)):
            assert "Set-Cookie" not in response.headers, path
            assert set(response.cookies) == set(), path
            assert "Cookie" not in response.get("Vary", ""), path
            assert response.status_code < 500, path


def test_a_planted_cookie_changes_no_answer(talk: Talk):
    plain = talk.get("/en/").content
    talk.client.cookies["django_language"] = "zh-hans"
    talk.client.cookies["sessionid"] = "planted"
    assert talk.get("/en/").content == plain


PROBE = """
import sys
import django
django.setup()
import openmai.sites.talk.urls, openmai.talk.ticker, openmai.talk.worker, openmai.talk.api
from django.test import RequestFactory
from django.core.handlers.wsgi import WSGIHandler
WSGIHandler().get_response(RequestFactory().get("/en/about/", headers={"host": "127.0.0.1"}))
forbidden = ("django.contrib.auth", "django.contrib.sessions", "django.contrib.messages",
             "django.middleware.csrf", "django.contrib.contenttypes", "allauth", "procrastinate",
             "openmai.people", "openmai.companies")
print([name for name in sys.modules if name.startswith(forbidden)])
"""


def test_the_talk_process_loads_no_code_of_accounts():
    done = subprocess.run(
        [sys.executable, "-c", PROBE],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "openmai.sites.talk.settings"},
    )
    assert done.returncode == 0, done.stderr
    # The API's library imports the decorator of this middleware; the middleware itself is not installed.
    assert done.stdout.strip() == "['django.middleware.csrf']"


def stored() -> str:
    """Every row of every table of the talk database, as text."""
    rows = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" t')  # noqa: S608 - a name from the catalogue
            rows += [row[0] for row in cursor.fetchall()]
    return "\n".join(rows)


def test_nothing_that_is_stored_knows_the_sender(talk: Talk):
    opening = talk.cast.opening()
    for member, body in (
        (talk.cast.alice, talk.cast.submission(talk.cast.alice, opening)),
        (talk.cast.bob, talk.cast.submission(talk.cast.bob, talk.cast.opening(title="Pay"), "site")),
    ):
        response = talk.client.post(
            "/api/v1/submissions",
            body,
            content_type="application/json",
            REMOTE_ADDR=ADDRESS,
            headers={"user-agent": AGENT, "x-forwarded-for": ADDRESS, "cookie": f"member={member.name}"},
        )
        assert response.status_code == 202
    talk.tick()
    everything = stored()
    assert "Night shifts" in everything
    for member in talk.cast.members:
        assert member.name not in everything
        for number in (member.secret, member.commitment):
            assert str(number) not in everything
    assert ADDRESS not in everything
    assert AGENT not in everything
    # The times that a row of a person's making holds are ticks.
    times = {models.Post.objects.values_list("tick", flat=True).distinct().get()}
    assert times == {talk.now}


def test_the_log_of_a_crash_names_no_request(talk: Talk, monkeypatch: pytest.MonkeyPatch):
    def crash(*_: object, **__: object) -> None:
        raise RuntimeError("Alice wrote this")

    monkeypatch.setattr("openmai.talk.api.accept_submission", crash)
    written = StringIO()
    handlers = [
        handler for handler in logging.getLogger().handlers if isinstance(handler.formatter, SafeFormatter)
    ]
    for handler in handlers:
        monkeypatch.setattr(handler, "stream", written)
    talk.client.raise_request_exception = False
    body = talk.cast.submission(talk.cast.alice, talk.cast.opening())
    response = talk.client.post(
        "/api/v1/submissions?who=alice", body, content_type="application/json", REMOTE_ADDR=ADDRESS
    )
    assert response.status_code == 500
    logged = written.getvalue()
    assert "RuntimeError" in logged
    for secret in ("Alice", "who=alice", ADDRESS, "Night shifts", "/api/v1/submissions"):
        assert secret not in logged


def test_the_database_has_no_sequence_and_no_clock_of_its_own(talk: Talk):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.relname FROM pg_class s "
            "JOIN pg_depend d ON d.objid = s.oid AND d.deptype IN ('a', 'i') "
            "JOIN pg_class t ON t.oid = d.refobjid WHERE s.relkind = 'S' AND t.relname LIKE 'talk%'"
        )
        assert cursor.fetchall() == []
        cursor.execute(
            "SELECT table_name, column_name, column_default FROM information_schema.columns "
            "WHERE table_name LIKE 'talk%' AND column_default IS NOT NULL"
        )
        assert cursor.fetchall() == []
        # Those of the log refuse, and write nothing.
        cursor.execute("SELECT DISTINCT tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname")
        assert cursor.fetchall() == [("log_has_no_gap",), ("log_is_kept",)]

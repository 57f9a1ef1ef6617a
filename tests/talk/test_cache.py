"""Pages are kept until the tick: what headers say, what is never kept, and that a kept page is the right
one.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from django.core.handlers.wsgi import WSGIHandler
from tests.talk.conftest import Talk

from openmai.talk import cache
from openmai.talk.api import api
from openmai.talk.cache import EpochCache
from openmai.talk.epoch import EPOCH, Epoch

START = datetime(2026, 3, 20, 10, 0, 30, tzinfo=UTC)


class Answered:
    def __init__(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status = int(status[:3])
        self.headers = dict(headers)
        self.body = body


class Counting:
    """An application that says which answer this is; the test chooses status and headers."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.status = "200 OK"
        self.headers = [("Content-Type", "text/plain")]
        self.size = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.calls.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}?{environ['QUERY_STRING']}")
        start_response(self.status, list(self.headers))
        return [f"answer {len(self.calls)}".encode() + b" " * self.size]


class Site:
    def __init__(self, application: Any, *, epoch: Epoch, capacity: int = 10_000) -> None:
        self.now = START
        self.cache = EpochCache(
            application, epoch=epoch, tick_seconds=600, clock=lambda: self.now, capacity=capacity
        )

    def ask(self, path: str, method: str = "GET", **environ: str) -> Answered:
        path, _, query = path.partition("?")
        request: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query}
        request |= {"HTTP_HOST": "127.0.0.1:8001", **environ}
        setup_testing_defaults(request)
        heard: list[Any] = []
        body = b"".join(self.cache(request, lambda *given: heard.extend(given)))
        return Answered(heard[0], heard[1], body)


@pytest.fixture
def inner() -> Counting:
    return Counting()


@pytest.fixture
def epoch() -> Epoch:
    return Epoch()


@pytest.fixture
def site(inner: Counting, epoch: Epoch) -> Site:
    return Site(inner, epoch=epoch)


def test_a_page_is_made_once_and_says_to_the_second_how_long_it_holds(site: Site, inner: Counting):
    first = site.ask("/en/")
    assert first.headers["Cache-Control"] == "public, max-age=570"
    site.now += timedelta(seconds=100, milliseconds=300)
    again = site.ask("/en/")
    assert again.headers["Cache-Control"] == "public, max-age=469"
    assert again.body == first.body == b"answer 1"
    assert again.headers["ETag"] == first.headers["ETag"]
    assert inner.calls == ["GET /en/?"]


def test_who_has_the_page_is_told_that_it_still_holds(site: Site):
    tag = site.ask("/en/").headers["ETag"]
    again = site.ask("/en/", HTTP_IF_NONE_MATCH=tag)
    assert (again.status, again.body) == (304, b"")
    assert again.headers["Cache-Control"] == "public, max-age=570"
    assert "Content-Type" not in again.headers
    assert site.ask("/en/", HTTP_IF_NONE_MATCH='"other"').status == 200


def test_head_is_get_without_the_body(site: Site, inner: Counting):
    head = site.ask("/en/", "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert site.ask("/en/").headers == head.headers
    assert inner.calls == ["GET /en/?"]


def test_a_due_tick_that_is_not_written_leaves_the_old_page_for_a_second(
    site: Site, inner: Counting, epoch: Epoch
):
    site.ask("/en/")
    site.now = START + timedelta(seconds=570)
    late = site.ask("/en/")
    assert (late.body, late.headers["Cache-Control"]) == (b"answer 1", "public, max-age=1")
    epoch.settle(datetime(2026, 3, 20, 10, 10, tzinfo=UTC), [])
    fresh = site.ask("/en/")
    assert (fresh.body, fresh.headers["Cache-Control"]) == (b"answer 2", "public, max-age=600")


def test_a_page_that_a_tick_overtook_is_not_kept(epoch: Epoch):
    inner = Counting()

    def overtaken(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        yield from inner(environ, start_response)
        if len(inner.calls) == 1:
            # While this page is being made, a tick is written and another reader has turned the cache.
            epoch.settle(START, [])
            site.ask("/zh-hans/")

    site = Site(overtaken, epoch=epoch)
    assert site.ask("/en/").body == b"answer 1"
    assert site.ask("/en/").body == b"answer 3"
    assert site.ask("/en/").body == b"answer 3"


@pytest.mark.parametrize(
    "status", ["404 Not Found", "500 Internal Server Error", "302 Found", "503 Service Unavailable"]
)
def test_only_good_answers_are_kept(site: Site, inner: Counting, status: str):
    inner.status = status
    assert "Cache-Control" not in site.ask("/en/").headers
    site.ask("/en/")
    assert len(inner.calls) == 2


@pytest.mark.parametrize(
    "header", [("Cache-Control", "no-store"), ("Vary", "Accept-Language"), ("Set-Cookie", "a=b")]
)
def test_what_speaks_for_itself_or_to_one_reader_is_not_kept(
    site: Site, inner: Counting, header: tuple[str, str]
):
    inner.headers.append(header)
    assert site.ask("/en/").headers[header[0]] == header[1]
    site.ask("/en/")
    assert len(inner.calls) == 2


def test_posts_pass_through(site: Site, inner: Counting):
    site.ask("/api/v1/submissions", "POST")
    site.ask("/api/v1/submissions", "POST")
    assert inner.calls == ["POST /api/v1/submissions?"] * 2


def test_a_query_that_no_page_knows_neither_reaches_it_nor_fills_the_memory(site: Site, inner: Counting):
    for query in (
        "utm_source=x",
        "a=1&after=abc",
        "after=abc&after=def&b=2",
        "section=pay&after=abc",
        "&".join("abcdefghijklmnopqrstuvwxyz"),
    ):
        site.ask(f"/en/?{query}")
    assert inner.calls == [
        "GET /en/?",
        "GET /en/?after=abc",
        "GET /en/?after=def",
    ]


@pytest.mark.parametrize(
    ("asked", "reaches"),
    [
        ("/api/v1/bans?after=1&season=s228", "/api/v1/bans?season=s228"),
        ("/api/v1/bans?after=2", "/api/v1/bans?"),
        ("/api/v1/rosters?season=s228&section=pay", "/api/v1/rosters?season=s228"),
        ("/api/v1/threads?section=pay&after=a&season=s228", "/api/v1/threads?after=a&section=pay"),
        ("/api/v1/threads/00?after=a&section=pay", "/api/v1/threads/00?after=a"),
        ("/api/v1/site?after=1", "/api/v1/site?"),
        ("/rosters/index.json?season=s228", "/rosters/index.json?"),
        ("/p/00/proof.json?after=1", "/p/00/proof.json?"),
        ("/zh-hans/s/pay/?before=a&after=b", "/zh-hans/s/pay/?after=b"),
        ("/en/t/00/?before=a&section=pay", "/en/t/00/?before=a"),
        ("/en/new/?section=pay&after=a", "/en/new/?section=pay"),
        ("/en/new/?section=nowhere", "/en/new/?"),
        ("/en/about/?after=a", "/en/about/?"),
    ],
)
def test_each_address_knows_its_own_query_and_no_other(site: Site, inner: Counting, asked: str, reaches: str):
    site.ask(asked)
    assert inner.calls == [f"GET {reaches}"]


def test_ever_new_queries_do_not_have_the_ban_list_made_again(site: Site, inner: Counting):
    for number in range(50):
        site.ask(f"/api/v1/bans?after={number}&section={number}&x={number}")
    assert len(inner.calls) == 1


def test_every_parameter_of_the_api_is_known_to_the_cache():
    """Whoever adds one to a route finds that it never arrives."""
    for path, operations in api.get_openapi_schema(path_prefix="/api/v1/")["paths"].items():
        asked = [
            each["name"] for each in operations.get("get", {}).get("parameters", ()) if each["in"] == "query"
        ]
        concrete = re.sub(r"{\w+}", "00", path)
        known = [names for pattern, names in cache.QUERIES if pattern.fullmatch(concrete)]
        assert sorted(asked) == sorted(known[0] if known else ()), path


def test_the_memory_is_bounded(inner: Counting, epoch: Epoch):
    inner.size = 400
    site = Site(inner, epoch=epoch, capacity=1000)
    for number in range(10):
        site.ask(f"/{number}")
    site.ask("/9")
    assert len(inner.calls) == 10
    site.ask("/0")
    assert len(inner.calls) == 11


def test_long_queries_take_room_too(inner: Counting, epoch: Epoch):
    site = Site(inner, epoch=epoch, capacity=10_000)
    for number in range(10):
        site.ask(f"/en/?after={number}{'x' * 5_000}")
    site.ask(f"/en/?after=0{'x' * 5_000}")
    assert len(inner.calls) == 11


def test_long_headers_take_room_too(inner: Counting, epoch: Epoch):
    inner.headers.append(("Content-Security-Policy", "x" * 5_000))
    site = Site(inner, epoch=epoch, capacity=10_000)
    for path in ("/0", "/1", "/0"):
        site.ask(path)
    assert len(inner.calls) == 3


def test_a_page_of_enormous_length_does_not_push_the_others_out(
    inner: Counting, epoch: Epoch, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(cache, "LARGEST", 1_000)
    site = Site(inner, epoch=epoch, capacity=2_000)
    site.ask("/small")
    inner.size = 1_500
    assert len(site.ask("/great").body) > 1_500
    site.ask("/great")
    assert len(inner.calls) == 3, "the great one is made each time"
    site.ask("/small")
    assert len(inner.calls) == 3, "the small one is still kept"


@pytest.mark.django_db(transaction=True)
def test_the_whole_site_behind_the_cache(empty_talk: Talk):
    talk = empty_talk
    talk.take_over(*talk.cast.rosters.values())
    opening = talk.cast.opening()
    body = talk.cast.submission(talk.cast.alice, opening)
    site = Site(WSGIHandler(), epoch=EPOCH, capacity=1_000_000)
    path = f"/en/t/{opening.id.hex()}/"
    assert site.ask(path).status == 404
    talk.accepted(body)
    assert b"Nobody has spoken" in site.ask("/en/").body
    talk.tick()
    site.now = talk.now
    assert b"Night shifts" in site.ask("/en/").body
    page = site.ask(path)
    assert page.headers["Cache-Control"] == "public, max-age=600"
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "Vary" not in page.headers
    for kept in (
        "/api/v1/site",
        "/api/v1/rosters",
        f"/p/{opening.id.hex()}/proof.json",
        "/rosters/index.json",
    ):
        assert site.ask(kept).headers["Cache-Control"] == "public, max-age=600", kept
    assert site.ask(f"/api/v1/actions/{opening.id.hex()}").headers["Cache-Control"] == "no-store"
    assert site.ask(f"/p/{opening.id.hex()}").headers["Cache-Control"] == "no-store"
    evil = site.ask("/zh-hans/?utm=<script>", HTTP_ACCEPT_LANGUAGE="en")
    assert b"utm" not in evil.body
    assert 'lang="zh-Hans"' in evil.body.decode()

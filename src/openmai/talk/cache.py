"""The epoch cache: between two ticks no page changes, so its bytes are kept in front of Django until the
next tick.

The privacy epoch is the cache epoch. Every kept answer says to the second how long it holds; when a tick is
due and not yet written, the old page is served as stale after a second.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from openmai.platform.clock import tick_at, whole_seconds_until
from openmai.talk.epoch import Epoch
from openmai.talk.sections import BY_SLUG

# What each address may be asked for; the rest of a query never reaches a page. An address that is not named
# here knows no query.
QUERIES: Final = tuple(
    (re.compile(pattern), names)
    for pattern, names in (
        (r"/[a-z-]+/", ("after",)),
        (r"/[a-z-]+/s/[^/]+/", ("after",)),
        (r"/[a-z-]+/t/[^/]+/", ("after", "before")),
        (r"/[a-z-]+/new/", ("section",)),
        (r"/api/v1/(bans|rosters)", ("season",)),
        (r"/api/v1/threads", ("after", "section")),
        (r"/api/v1/threads/[^/]+", ("after",)),
    )
)
# A form that is asked for with a section that there is not is the form without one.
_SECTIONED: Final = re.compile(r"/[a-z-]+/new/")
CAPACITY: Final = 64 * 1024 * 1024
LARGEST: Final = 4 * 1024 * 1024

Headers = list[tuple[str, str]]
StartResponse = Callable[..., Any]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer with status 200: its headers without those about caching, its body, its entity tag."""

    headers: Headers
    body: bytes
    etag: str


class EpochCache:
    """WSGI: keeps good answers to GET until the tick; everything else passes through."""

    def __init__(
        self,
        application: Application,
        *,
        epoch: Epoch,
        tick_seconds: int,
        clock: Callable[[], datetime],
        capacity: int = CAPACITY,
    ) -> None:
        self._application = application
        self._epoch = epoch
        self._tick = timedelta(seconds=tick_seconds)
        self._clock = clock
        self._capacity = capacity
        self._started = tick_at(clock(), tick_seconds)
        self._lock = Lock()
        self._kept: dict[tuple[str, str], Kept] = {}
        self._size = 0
        self._generation = epoch.generation

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return self._application(environ, start_response)
        path = environ.get("PATH_INFO", "/")
        query = _allowed(path, environ.get("QUERY_STRING", ""))
        key = (path, query)
        generation = self._epoch.generation
        if generation != self._generation:
            self._turn(generation)
        kept = self._kept.get(key)
        if kept is None:
            answer = _Answer(self._application, {**environ, "REQUEST_METHOD": "GET", "QUERY_STRING": query})
            kept = answer.kept()
            if kept is None:
                return answer.replay(environ, start_response)
            self._keep(key, kept, generation)
        return _serve(kept, environ, start_response, max_age=self._max_age())

    def _max_age(self) -> int:
        """Whole seconds to the next tick; 1 while the tick that is due has not been written."""
        until = (self._epoch.written or self._started) + self._tick
        now = self._clock()
        return whole_seconds_until(until, now) if now < until else 1

    def _turn(self, generation: int) -> None:
        with self._lock:
            self._kept, self._size, self._generation = {}, 0, generation

    def _keep(self, key: tuple[str, str], kept: Kept, generation: int) -> None:
        """Keep an answer that was made under `generation`, at the cost of the oldest ones."""
        if len(kept.body) > LARGEST:
            return
        with self._lock:
            if generation != self._generation or key in self._kept:
                return
            self._kept[key] = kept
            self._size += _room(key, kept)
            while self._size > self._capacity:
                oldest = next(iter(self._kept))
                self._size -= _room(oldest, self._kept.pop(oldest))


def _room(key: tuple[str, str], kept: Kept) -> int:
    """Bytes of an answer and of what was asked: a small page can be asked for with a long query."""
    return len(kept.body) + sum(map(len, key)) + sum(len(name) + len(value) for name, value in kept.headers)


class _Answer:
    """What the application answers, read to its end."""

    def __init__(self, application: Application, environ: dict[str, Any]) -> None:
        self.status = ""
        self.headers: Headers = []
        body = application(environ, self._start)
        try:
            self.body = b"".join(body)
        finally:
            # The end of the request, for Django: its connections are looked after here.
            if hasattr(body, "close"):
                body.close()

    def _start(self, status: str, headers: Headers, _error: object = None) -> None:
        self.status, self.headers = status, headers

    def kept(self) -> Kept | None:
        """None unless it is good, the same for everybody, and says nothing about caching itself."""
        names = {name.lower() for name, _ in self.headers}
        if not self.status.startswith("200 ") or names & {"cache-control", "vary", "set-cookie"}:
            return None
        etag = '"' + hashlib.sha256(self.body).hexdigest()[:32] + '"'
        return Kept(self.headers, self.body, etag)

    def replay(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        start_response(self.status, self.headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [self.body]


def _serve(
    kept: Kept, environ: dict[str, Any], start_response: StartResponse, *, max_age: int
) -> Iterable[bytes]:
    headers = [*kept.headers, ("Cache-Control", f"public, max-age={max_age}"), ("ETag", kept.etag)]
    if kept.etag in environ.get("HTTP_IF_NONE_MATCH", ""):
        start_response("304 Not Modified", [pair for pair in headers if not _about_body(pair[0])])
        return []
    start_response("200 OK", headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [kept.body]


def _about_body(header: str) -> bool:
    return header.lower() in ("content-length", "content-type")


def _allowed(path: str, query: str) -> str:
    """The query reduced to what the address knows, in one order, each name once."""
    known = next((names for pattern, names in QUERIES if pattern.fullmatch(path)), ())
    if not query or not known:
        return ""
    given = dict(parse_qsl(query, max_num_fields=20)) if query.count("&") < 20 else {}
    if _SECTIONED.fullmatch(path) and given.get("section") not in BY_SLUG:
        given.pop("section", None)
    return urlencode([(name, given[name]) for name in known if name in given])

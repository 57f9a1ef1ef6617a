"""Positive controls: what a careless site would do. Each leak stands for one that real software has had.

They are switched on by ADVERSARY_LEAKS in processes that `tests.adversary.process` starts, and exist nowhere
in the product. An attack that does not find the leak that was made for it makes the whole run void.
"""

import os
import threading
import uuid
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from tests.adversary.clock import SharedClock

Names = frozenset[str]
# Which build an attack must be caught on.
CAUGHT_BY: Final = {
    "xmin": "at-once",
    "xmax_on_parents": "at-once",
    "ctid": "at-once",
    "page_lsn": "at-once",
    "toast_oids": "at-once",
    "wal_commit_times": "at-once",
    "wal_order": "at-once",
    "two_backups": "at-once",
    "sequences": "counter",
    "uuid_versions": "uuid7",
    "dead_tuples": "pending",
    "file_times": "files",
    "inodes": "files-reset",
    "log_adjacency": "shared-log",
    "address_and_agent": "addresses",
    "cache_keys": "cache",
    "session_expiry": "sessions",
    "member_wal": "sessions",
    "mail_times": "mails",
    "roster_join": "no-waiting",
    "unique_roots": "hourly-roots",
    "nullifier_reuse": "one-scope",
    "trained_model": "addresses",
}
WORDS: Final = {
    "at-once": "writes each post to the database when it comes in",
    "counter": "counts the posts in a column as they come in",
    "uuid7": "gives each incoming post an identifier of UUID version 7",
    "pending": "keeps waiting posts in a table and deletes them at the tick",
    "files": "writes a file for each incoming post",
    "files-reset": "does so, and sets the file's time back",
    "shared-log": "lets one proxy log visits to both sites",
    "addresses": "keeps address and user agent of members and of posts",
    "cache": "caches pages on the disk by visitor",
    "sessions": "keeps Django's own sessions, which expire to the second, and the write-ahead log about them",
    "mails": "mails a notice at each visit and keeps the queue's history",
    "no-waiting": "publishes each newcomer at once, alone",
    "hourly-roots": "changes every roster every hour with an invented member",
    "one-scope": "uses one scope for all threads",
}
_request = threading.local()
_lock = threading.Lock()


def leak_in_talk(leaks: Names, clock: SharedClock) -> None:
    """After django.setup and before the application is built."""
    from openmai.talk import api

    if "one-scope" in leaks:
        one_scope()
    accept: Callable[..., Any] = api.accept_submission

    def accept_and_tell(body: bytes, **given: Any) -> Any:
        receipt = accept(body, **given)
        action = str(receipt.document()["action"])
        for name in sorted(leaks & _ON_ACCEPTANCE.keys()):
            _ON_ACCEPTANCE[name](action, clock)
        return receipt

    api.accept_submission = accept_and_tell


def leak_in_people(leaks: Names, clock: SharedClock) -> None:
    """Before the application is built."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openmai.sites.people.settings")
    django.setup()
    from django.conf import settings

    if "one-scope" in leaks:
        one_scope()
    if "sessions" in leaks:
        settings.SESSION_ENGINE = "django.contrib.sessions.backends.db"
    if "mails" in leaks:
        _run("DROP TRIGGER IF EXISTS people_keep_no_event ON procrastinate_events", [])
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "tests.adversary.leaks.notice_visits"]


def notice_visits(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Django middleware, the innermost: tells the leaks which member looks at the account page."""
    chosen = frozenset(os.environ["ADVERSARY_LEAKS"].split(","))

    def middleware(request: Any) -> Any:
        if request.path.endswith("/account/") and request.user.is_authenticated:
            for name in sorted(chosen & _ON_VISIT.keys()):
                _ON_VISIT[name](request.user, request.META)
        return get_response(request)

    return middleware


def leak_in_worker(leaks: Names, _clock: SharedClock) -> None:
    """Before the people worker runs."""
    if "mails" in leaks:
        from procrastinate import App

        real = App.run_worker_async
        App.run_worker_async = lambda self, **given: real(self, **{**given, "delete_jobs": "never"})


def one_scope() -> None:
    """The scope of every thread is the same, on the site and on the devices."""
    from openmai.anonymity.encoding import Domain

    real = Domain.thread_scope
    Domain.thread_scope = lambda self, _thread: real(self, bytes(32))  # type: ignore[method-assign]


def watch(application: Any, site: str, leaks: Names, _clock: SharedClock) -> Any:
    """WSGI: the leaks that see a request."""

    def watched(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        _request.environ = environ
        path = environ.get("PATH_INFO", "")
        if "cache" in leaks and site == "talk" and path.startswith("/api/v1/threads/"):
            _cache(f"{path} {environ['REMOTE_ADDR']}")
        answer: Iterable[bytes] = application(environ, start_response)
        return answer

    return watched


# ── When a post comes in ──────────────


def _at_once(action: str, _clock: SharedClock) -> None:
    from openmai.talk.actions import ticks
    from openmai.talk.epoch import EPOCH
    from openmai.talk.rules import rules

    item = EPOCH.get(bytes.fromhex(action))
    if item is not None:
        with _lock:
            ticks._write([item], item.due, rules())


def _counter(action: str, _clock: SharedClock) -> None:
    _insert("leak_counter", "n bigserial, post text", "post", action)


def _uuid7(action: str, clock: SharedClock) -> None:
    moment = int(clock.now() * 1000)
    value = uuid.UUID(int=moment << 80 | 7 << 76 | 2 << 62 | uuid.uuid4().int & (1 << 62) - 1)
    _insert("leak_uuid", "post text, event uuid", "post, event", action, value)


def _pending(action: str, clock: SharedClock) -> None:
    now = clock.utc_now()
    given = [now, bytes.fromhex(action), uuid.uuid4().hex * 40]
    _insert("leak_pending", "at timestamptz, post bytea, text text", "at, post, text", *given)
    _run("DELETE FROM leak_pending WHERE at < %s", [now - timedelta(hours=3)])


def _file(action: str, _clock: SharedClock) -> None:
    _media("media", f"{action}.txt", "an attachment")


def _file_reset(action: str, _clock: SharedClock) -> None:
    os.utime(_media("media", f"{action}.dat", "an attachment"), (0, 0))


def _log_post(action: str, _clock: SharedClock) -> None:
    _log(f"POST submission {action}")


def _address_of_post(action: str, _clock: SharedClock) -> None:
    environ = _request.environ
    given = [action, environ["REMOTE_ADDR"], environ.get("HTTP_USER_AGENT", "")]
    _insert("leak_visitor", "post text, address text, agent text", "post, address, agent", *given)


# ── When a member comes by ──────────────


def _log_visit(member: Any, _meta: dict[str, Any]) -> None:
    _log(f"GET account {member.id}")


def _address_of_member(member: Any, meta: dict[str, Any]) -> None:
    given = [str(member.id), meta["REMOTE_ADDR"], meta.get("HTTP_USER_AGENT", "")]
    _insert("leak_visitor", "account text, address text, agent text", "account, address, agent", *given)


def _cache_of_member(member: Any, meta: dict[str, Any]) -> None:
    _cache(f"account {member.id} {meta['REMOTE_ADDR']}")


def _mail(member: Any, _meta: dict[str, Any]) -> None:
    from django.core.mail import send_mail

    send_mail("You were here", "This is a notice.", None, [member.email])


_ON_ACCEPTANCE: Final[dict[str, Callable[[str, SharedClock], None]]] = {
    "at-once": _at_once,
    "counter": _counter,
    "uuid7": _uuid7,
    "pending": _pending,
    "files": _file,
    "files-reset": _file_reset,
    "shared-log": _log_post,
    "addresses": _address_of_post,
}
_ON_VISIT: Final[dict[str, Callable[[Any, dict[str, Any]], None]]] = {
    "shared-log": _log_visit,
    "addresses": _address_of_member,
    "cache": _cache_of_member,
    "mails": _mail,
}


# ── How it is kept ──────────────


def _insert(table: str, columns: str, names: str, *values: object) -> None:
    places = ", ".join(["%s"] * len(values))
    _run(f"CREATE TABLE IF NOT EXISTS {table} ({columns})", [])
    _run(f"INSERT INTO {table} ({names}) VALUES ({places})", list(values))  # noqa: S608 - our own words


def _run(statement: str, values: list[object]) -> None:
    from django.db import connection

    with _lock, connection.cursor() as cursor:
        cursor.execute(statement, values or None)


def _log(line: str) -> None:
    with _lock, (_root() / "logs" / "proxy.log").open("a") as file:
        file.write(f"{line}\n")


def _cache(text: str) -> None:
    _media("cache", f"{uuid.uuid4().hex}.cache", text)


def _media(folder: str, name: str, text: str) -> Path:
    place = _root() / folder
    place.mkdir(exist_ok=True)
    (place / name).write_text(text)
    return place / name


def _root() -> Path:
    return Path(os.environ["ADVERSARY_ROOT"])


ALL: Final = frozenset(WORDS)
# Builds that run as one: their leaks do not stand in each other's way, and each attack reads only its own.
WRITES: Final = frozenset({"at-once"})
TRACES: Final = frozenset(
    {
        "counter",
        "uuid7",
        "pending",
        "files",
        "files-reset",
        "shared-log",
        "addresses",
        "cache",
        "sessions",
        "mails",
    }
)
ROSTERS: Final = frozenset({"no-waiting", "hourly-roots"})
SCOPES: Final = frozenset({"one-scope"})
BUILDS: Final = (ROSTERS, SCOPES, WRITES, TRACES)

"""The command as a member calls it, in a home of its own, and small servers of files for it to meet."""

import os
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.anonymity.logs import SignedLog
from tests.factories.cast import (
    ARTIFACTS,
    DOMAIN,
    HARBOUR,
    ROOT,
    SITE,
    SLOTS,
    TICK,
    Cast,
    PublishedRoster,
)
from tests.factories.gate import WASM, logged_artifacts, made_gate

from openmai.anonymity.artifacts import GATE_PINNED, PINNED
from openmai.anonymity.encoding import canonical_json
from openmai.anonymity.keys import public_bytes
from openmai.anonymity.log.entries import parse_entry, tick_entries
from openmai.anonymity.log.journals import journal_entries
from openmai.anonymity.log.tiles import new_tiles
from openmai.anonymity.log.view import LogTrust
from openmai.anonymity.seasons import season_at
from openmai.cli.member.home import Home
from openmai.cli.member.sites import GateFacts, SiteFacts
from openmai.platform.clock import iso_seconds, next_tick

COMMAND = Path(sys.executable).with_name("openmai")


def site_facts(cast: Cast) -> SiteFacts:
    """What the cast's talk site says of itself."""
    return SiteFacts(
        domain=DOMAIN,
        tick_seconds=600,
        floor=20,
        receipt_key=public_bytes(cast.receipt_key),
        roster_key=cast.roster_key,
        people_origin="http://localhost:8000",
        log=LogTrust(cast.log.note_key),
        sections=("work",),
        gate=gate_facts(),
    )


def gate_facts() -> GateFacts:
    served = made_gate().served
    return GateFacts(SLOTS, made_gate().document, served.url, bytes.fromhex(served.sha256))


@dataclass
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def keep_artifacts(cache: Path) -> None:
    """Let a member's cache hold the proving artifacts already."""
    kept = cache / "artifacts"
    kept.mkdir(parents=True)
    for (depth, kind), digest in PINNED.items():
        if kind != "vkey":
            (kept / f"{digest}.{kind}").symlink_to(ARTIFACTS / f"semaphore-{depth}.{kind}")
    (kept / f"{GATE_PINNED['wasm']}.wasm").symlink_to(WASM)
    (kept / f"{made_gate().served.sha256}.zkey").symlink_to(made_gate().proving_key)


@pytest.fixture
def environment(tmp_path: Path, home: Home) -> dict[str, str]:
    """A member's environment: nothing of this machine's user, artifacts in the cache."""
    cache = tmp_path / "cache"
    keep_artifacts(cache / "openmai")
    inherited = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
    return inherited | {
        "HOME": str(tmp_path),
        "OPENMAI_HOME": str(home.folder),
        "XDG_CACHE_HOME": str(cache),
        "LANG": "C.UTF-8",
        "COLUMNS": "200",
    }


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    """Call `openmai` with these arguments; `typed` is its standard input."""

    def call(*arguments: str | Path, typed: str = "", **variables: str) -> Ran:
        done = subprocess.run(
            [COMMAND, *map(str, arguments)],
            env=environment | variables,
            cwd=ROOT,
            input=typed,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            timeout=300,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return call


@dataclass
class Files:
    """An HTTP server of fixed answers: path → (status, headers, body).

    `asked` tells who asked for what, `received` what was sent to it.
    """

    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)
    origin: str = ""

    def put(self, path: str, body: bytes, *, status: int = 200, **headers: str) -> None:
        self.answers[path] = (
            status,
            {name.replace("_", "-"): value for name, value in headers.items()},
            body,
        )


@contextmanager
def serving() -> Iterator[Files]:
    """A server of its own, for as long as it lasts."""
    served = Files()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            status, headers, body = served.answers.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "content-length" not in headers:
                self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            served.received.append(self.rfile.read(int(self.headers["content-length"])))
            self.do_GET()

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.origin = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def files() -> Iterator[Files]:
    with serving() as served:
        yield served


def put_log(files: Files, log: SignedLog) -> None:
    """Serve a log as it is now."""
    tiles = log.tiles
    files.put("/log/checkpoint", log.checkpoint().data)
    for tile in new_tiles(0, len(log.entries)):
        files.put(f"/log/{tile.path}", tiles.read(tile))


def serve_log(files: Files, cast: Cast, *rosters: PublishedRoster) -> None:
    """Serve the cast's log, with these rosters in it, and say where they stand in it."""
    for each in rosters:
        cast.checkpoint_of(each)
    log = cast.log
    if parse_entry(log.entries[-1]).kind != "standing":
        log.stand(DOMAIN, logged_artifacts(DOMAIN))
    put_log(files, log)
    listed = [
        {
            "statement": each.signed.name.hex(),
            "log": {
                "index": log.places[each.signed.name],
                "size": log.heads[each.signed.name].size,
                "root": b64encode(log.heads[each.signed.name].root).decode(),
            },
        }
        for each in rosters
    ]
    files.put("/api/v1/rosters", canonical_json({"rosters": listed}))


def site_document(cast: Cast, *, now: int, **changes: object) -> bytes:
    """What `GET /api/v1/site` says of the cast's site in the season of `now`."""
    document: dict[str, object] = {
        "site": SITE,
        "season": season_at(now).id,
        "tick_seconds": 600,
        "next_tick": iso_seconds(next_tick(datetime.fromtimestamp(now, UTC), 600)),
        "floor": 20,
        "root_grace_seconds": 172_800,
        "receipt_key": cast.receipt_key.public_key().public_bytes_raw().hex(),
        "roster_key": cast.roster_key.hex(),
        "people_origin": "http://localhost:8000",
        "log": {
            "origin": cast.log.note_key.name,
            "key": cast.log.note_key.text,
            "witnesses": [],
            "quorum": 0,
        },
        "gate": {
            "slots": SLOTS,
            "vkey": made_gate().document,
            "zkey": made_gate().served.document(),
            "wasm": {},
            "bans": {},
        },
        "sections": [{"slug": "work", "en": "Work", "zh": "工作"}],
        "limits": {},
    }
    return canonical_json(document | changes)


@pytest.fixture
def whole(cast: Cast) -> SignedLog:
    """A log as a site keeps it: two epochs of a roster with all that they rest on, and a tick."""
    log = SignedLog(SITE, cast.log_key)
    first = cast.rosters[HARBOUR]
    second = cast.follow(first, joined=3, removed=[0, 5])
    for roster, known in ((first, ()), (second, first.journal.enrolments)):
        fresh = [each for each in roster.journal.enrolments if each not in known]
        entries = journal_entries(roster.journal, roster.signed, enrolments=fresh)
        for each in sorted(entries, key=lambda each: each.order):
            log.append(each)
    for each in tick_entries(DOMAIN, TICK, [bytes(32), b"\1" * 32]):
        log.append(each)
    return log

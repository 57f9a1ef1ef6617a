"""A talk site of one answer, its ban list, which a test changes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.factories.cast import DOMAIN, SITE

from openmai.anonymity.encoding import canonical_json


def ban_list(*bans: dict[str, object], **changes: object) -> bytes:
    document = {
        "type": "openmai/bans/v1",
        "site": SITE,
        "season": DOMAIN.season,
        "serial": 3,
        "bans": list(bans),
    }
    return canonical_json(document | changes)


def ban(**changes: object) -> dict[str, object]:
    return {
        "thread": "11" * 32,
        "nullifier": "7",
        "until": "2026-04-01T00:00:00Z",
        "reason": "spam",
    } | changes


@contextmanager
def talk_site_of_one_answer() -> Iterator[tuple[str, dict[str, Any]]]:
    """Its origin, and what it answers: `status`, `body`; `asked` grows with each request."""
    answer: dict[str, Any] = {"status": 200, "body": ban_list(), "asked": []}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer["asked"].append((self.path, dict(self.headers)))
            self.send_response(answer["status"])
            self.end_headers()
            self.wfile.write(answer["body"])

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", answer
    server.shutdown()
    server.server_close()

"""A thread page of 50 posts over HTTP, beside a bare application that returns the same bytes from memory."""

import http.client
import json
import tempfile
from pathlib import Path

from bench._harness import Result, Side, by_turns
from bench._server import get, milliseconds_each, serve
from bench._talk import talk_site, thread_of

_REQUESTS = 400
_ROUNDS = 15
_BY_THE_SERVER = ("date", "server", "connection", "transfer-encoding")


def run() -> Result:
    with talk_site() as world, tempfile.TemporaryDirectory() as folder:
        path = f"/en/t/{thread_of(world, 1, replies=50).hex()}/"
        with serve("openmai.sites.talk.wsgi:application") as talk:
            answer = Path(folder) / "answer.json"
            answer.write_text(json.dumps(_answer(talk, path)))
            with serve("bench._bare:application", BENCH_ANSWER=str(answer)) as bare:
                requests = [get(path)] * _REQUESTS
                ours, theirs = by_turns(
                    lambda: milliseconds_each(talk, requests),
                    lambda: milliseconds_each(bare, requests),
                    rounds=_ROUNDS,
                    warm_up=2,
                )
    return Result(
        "thread-read",
        Side("the talk site, a thread page of 50 replies", 1e3 / ours, "pages/s"),
        Side("a bare WSGI application, the same bytes, the same granian", 1e3 / theirs, "pages/s"),
        ratio=theirs / ours,
        bar=0.5,
        must_be="at least",
    )


def _answer(port: int, path: str) -> dict[str, object]:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", path, headers={"Host": "127.0.0.1:8001"})
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    headers = [pair for pair in response.getheaders() if pair[0].lower() not in _BY_THE_SERVER]
    return {"headers": headers, "body": body}

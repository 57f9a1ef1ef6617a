"""Openings with real proofs, accepted over HTTP, beside the rate at which the same process verifies."""

import json

from bench._harness import Result, Side, by_turns
from bench._server import Connection, get, milliseconds_each, post, serve
from bench._talk import talk_site

_SUBMISSIONS = 48
_ROUNDS = 15
# One submission at a time each, as sixteen writers send.
_WRITERS = 16


def run() -> Result:
    with talk_site() as world:
        bodies = [world.submission(number) for number in range(_SUBMISSIONS)]
        requests = [post("/api/v1/submissions", body) for body in bodies]
        verify = post("/bench/verify", json.dumps([body.decode() for body in bodies]).encode())
        with serve("bench._submit:application") as port:
            control = Connection(port)

            def accept() -> float:
                control.ask(get("/bench/forget"), count=1)
                return milliseconds_each(port, requests, status=202, connections=_WRITERS, depth=1)

            def reference() -> float:
                return float(json.loads(control.ask(verify, count=1))["milliseconds_each"])

            ours, theirs = by_turns(accept, reference, rounds=_ROUNDS, warm_up=2)
    return Result(
        "submit",
        Side("submissions accepted over HTTP", 1e3 / ours, "per second"),
        Side(
            "the same proofs verified one by one by the same process, nothing else",
            1e3 / theirs,
            "per second",
        ),
        ratio=theirs / ours,
        bar=0.7,
        must_be="at least",
    )

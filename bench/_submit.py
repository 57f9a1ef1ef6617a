"""The talk site with two more addresses: one forgets what waits, one verifies proofs in this process."""

import json
import time
from collections.abc import Callable, Iterable
from typing import Any

from openmai.sites.talk.wsgi import application as talk


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    if path == "/bench/forget":
        from openmai.talk.epoch import EPOCH

        EPOCH.clear()
        return _say(start_response, {})
    if path == "/bench/verify":
        bodies = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        return _say(start_response, {"milliseconds_each": _verify([body.encode() for body in bodies])})
    return talk(environ, start_response)


def _say(start_response: Callable[..., Any], document: object) -> Iterable[bytes]:
    body = json.dumps(document).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def _verify(bodies: list[bytes]) -> float:
    from openmai.anonymity.membership import verify_membership
    from openmai.anonymity.submission import join_scope_and_message, parse_submission

    claims = []
    for body in bodies:
        said = parse_submission(body, domain=None)
        join = said.join
        if join is None:
            raise ValueError("every opening has a join")
        scope, message = join_scope_and_message(
            content=said.content,
            key=said.key,
            roster=join.roster,
            root=join.proof.root,
            checkpoint=join.checkpoint,
        )
        claims.append((join.proof, scope, message))
    start = time.perf_counter()
    for proof, scope, message in claims:
        verify_membership(proof, scope=scope, message=message, roots={proof.root})
    return (time.perf_counter() - start) * 1e3 / len(claims)

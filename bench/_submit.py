"""The talk site with two more addresses: one forgets what waits, one verifies proofs in this process."""

import json
import secrets
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from openmai.sites.talk.wsgi import application as talk

if TYPE_CHECKING:
    # At run time after django.setup.
    from openmai.anonymity.joins import JoinClaim


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    if path == "/bench/forget":
        from openmai.talk.epoch import EPOCH

        EPOCH.clear()
        return _say(start_response, {})
    if path == "/bench/verify":
        bodies = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        return _say(start_response, {"milliseconds_each": _verify([body.encode() for body in bodies])})
    answer: Iterable[bytes] = talk(environ, start_response)
    return answer


def _say(start_response: Callable[..., Any], document: object) -> Iterable[bytes]:
    body = json.dumps(document).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def _verify(bodies: list[bytes]) -> float:
    from openmai.anonymity.joins import Balance, verify_join

    claims = [join_claim(body) for body in bodies]
    balance = Balance.of(claims[0].gate.gates.key, randbits=secrets.randbits)
    start = time.perf_counter()
    for claim in claims:
        verify_join(claim, balance=balance, randbits=secrets.randbits)
    return (time.perf_counter() - start) * 1e3 / len(claims)


def join_claim(body: bytes) -> "JoinClaim":
    """What the proofs of an opening are checked for, as the site would say it."""
    from openmai.anonymity.bans import BanList
    from openmai.anonymity.gate import GateClaim, GateList, GateStatement
    from openmai.anonymity.joins import JoinClaim
    from openmai.anonymity.membership import Claim
    from openmai.anonymity.submission import join_scope_and_message, parse_submission
    from openmai.talk.rules import rules

    said = parse_submission(body, domain=None)
    if said.entrance is None:
        raise ValueError("every opening has a join")
    proof, gate, domain = said.entrance.join.proof, said.entrance.gate, said.content.domain
    scope, message = join_scope_and_message(
        content=said.content,
        key=said.key,
        roster=said.entrance.join.roster,
        root=proof.root,
        checkpoint=said.entrance.join.checkpoint,
    )
    statement = GateStatement(
        proof.nullifier, gate.rate, scope, domain.rate_scope(gate.day), rules().slots, message
    )
    gates = GateList.of(rules().gate.key, BanList(domain.site, domain.season, 0, ()))
    return JoinClaim(Claim(proof, scope, message, {proof.root}), GateClaim(gates, statement, gate.proofs))

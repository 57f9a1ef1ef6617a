"""The package's side of `frontend/tests/interop_gate.test.ts`: judges a join that the worker's code made, and
makes a gate's document that the worker's code judges.

`python -m tests.anonymity.gate_interop verify` reads `{"submission", "root", "bans"}` (bytes in hex) and says
"ok" or the code of the refusal; `prove` reads `{"bans", "secret", "day", "slot", "slots", "scope",
"message"}`.
"""

import json
import secrets
import sys
from typing import Any

from tests.anonymity.frontend_vectors import DOMAIN
from tests.factories.gate import gate_prover, made_gate

from openmai.anonymity.bans import read_ban_list
from openmai.anonymity.errors import AnonymityError
from openmai.anonymity.gate import GateClaim, GateList, GateStatement
from openmai.anonymity.joins import Balance, JoinClaim, verify_join
from openmai.anonymity.membership import Claim
from openmai.anonymity.prover.gate import GateRequest
from openmai.anonymity.submission import join_scope_and_message, parse_submission, verify_action

SLOTS = 30


def verify(asked: dict[str, Any]) -> str:
    """As the site does it: everything but the proofs is computed here."""
    said = parse_submission(bytes.fromhex(asked["submission"]), domain=DOMAIN)
    verify_action(content=said.content, key=said.key, signature=said.signature)
    entrance = said.entrance
    assert entrance is not None
    join, gate = entrance.join, entrance.gate
    bans = read_ban_list(bytes.fromhex(asked["bans"]), domain=DOMAIN)
    key = made_gate().key
    gates = GateList.of(key, bans)
    gates.check_count(gate)
    assert gate.bans == bans.digest
    root = int(asked["root"])
    scope, message = join_scope_and_message(
        content=said.content, key=said.key, roster=join.roster, root=root, checkpoint=join.checkpoint
    )
    statement = GateStatement(
        nullifier=entrance.nullifier,
        rate=gate.rate,
        thread_scope=scope,
        rate_scope=DOMAIN.rate_scope(gate.day),
        slots=SLOTS,
        message=message,
    )
    membership = Claim(join.proof, scope, message, {root})
    claim = JoinClaim(membership, GateClaim(gates, statement, gate.proofs))
    balance = Balance.of(key, randbits=secrets.randbits)
    verify_join(claim, balance=balance, randbits=secrets.randbits)
    return "ok"


def prove(asked: dict[str, Any]) -> str:
    bans = read_ban_list(bytes.fromhex(asked["bans"]), domain=DOMAIN)
    scope, message = int(asked["scope"]), int(asked["message"])
    request = GateRequest(
        int(asked["secret"]), DOMAIN, scope, message, asked["day"], asked["slot"], asked["slots"]
    )
    return json.dumps(gate_prover().prove(request, bans, randbelow=secrets.randbelow).document())


if __name__ == "__main__":
    try:
        print({"verify": verify, "prove": prove}[sys.argv[1]](json.load(sys.stdin)))
    except AnonymityError as error:
        print(getattr(error, "code", type(error).__name__))

"""The official JavaScript library accepts what we make, and we accept what it makes. It runs, unmocked."""

import json
import random
import subprocess
from typing import Any

import pytest
from tests.anonymity.speech import ARTIFACTS, ROOT, Speech

from openmai.anonymity.groth16 import CURVE, Points, decode_points
from openmai.anonymity.leanimt import LeanIMT
from openmai.anonymity.membership import MembershipProof, verify_membership
from openmai.anonymity.prover import Prover

SCOPE, MESSAGE = 2**255 + 12345, 2**200 + 678
OTHERS = [random.Random(9).randrange(1, 2**250) for _ in range(6)]


def to_semaphore(proof: MembershipProof, *, scope: int, message: int) -> dict[str, Any]:
    """Our 128 bytes as the library's eight decimals: in G2 the imaginary parts come first there."""
    a, b, c = decode_points(proof.points)
    (x0, x1), (y0, y1) = b.x, b.y
    return {
        "merkleTreeDepth": 20,
        "merkleTreeRoot": str(proof.root),
        "nullifier": str(proof.nullifier),
        "message": str(message),
        "scope": str(scope),
        "points": [str(v) for v in (a.x, a.y, x1, x0, y1, y0, c.x, c.y)],
    }


def from_semaphore(proof: dict[str, Any]) -> MembershipProof:
    ax, ay, bx1, bx0, by1, by0, cx, cy = map(int, proof["points"])
    points = Points(CURVE(ax, ay), CURVE((bx0, bx1), (by0, by1)), CURVE(cx, cy)).compress()
    return MembershipProof(int(proof["merkleTreeRoot"]), int(proof["nullifier"]), points)


STEPS = [
    [["add", "11"], ["add", "12"], ["add", "13"], ["update", "1", "99"], ["remove", "0"], ["add", "14"]],
    [
        ["add", *map(str, range(1, 301))],
        ["remove", "7"],
        ["remove", "299"],
        ["update", "298", "5"],
        ["add", "301"],
    ],
    [["add", "5", "6", "7"], ["remove", "2"], ["remove", "1"], ["remove", "0"], ["add", "8", "9"]],
]


def our_roots(steps: list[list[str]]) -> list[str]:
    tree, roots = LeanIMT(), []
    for verb, *values in steps:
        match verb:
            case "add":
                tree.extend(map(int, values))
            case "update":
                tree.update(int(values[0]), int(values[1]))
            case "remove":
                tree.update(int(values[0]), 0)
        roots.append(str(tree.root))
        assert LeanIMT(tree.leaves).root == tree.root
    return roots


@pytest.fixture(scope="module")
def official(speech: Speech) -> dict[str, Any]:
    good = to_semaphore(speech.proof, scope=speech.scope, message=speech.message)
    question = {
        "proofs": [good, {**good, "message": str(speech.message + 1)}],
        "groups": STEPS,
        "artifacts": {kind: str(ARTIFACTS / f"semaphore-20.{kind}") for kind in ("wasm", "zkey")},
        "speak": {"others": [str(other) for other in OTHERS], "scope": str(SCOPE), "message": str(MESSAGE)},
    }
    script = ROOT / "tests" / "anonymity" / "semaphore.mjs"
    run = subprocess.run(
        ["node", script],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return json.loads(run.stdout)


def test_it_accepts_our_proof_and_not_another_message(official: dict[str, Any]):
    assert official["verdicts"] == [True, False]


@pytest.mark.parametrize("number", range(len(STEPS)))
def test_our_roots_are_its_roots_through_additions_updates_and_removals(
    official: dict[str, Any], number: int
):
    assert our_roots(STEPS[number]) == official["roots"][number]


def test_we_derive_its_commitment_from_its_secret(official: dict[str, Any], prover: Prover):
    assert str(prover.commitment(int(official["secret"]))) == official["commitment"]


def test_we_accept_its_proof_and_would_have_the_same_nullifier(official: dict[str, Any], prover: Prover):
    roster = LeanIMT([*OTHERS, int(official["commitment"])])
    proof = from_semaphore(official["proof"])
    proved = verify_membership(proof, scope=SCOPE, message=MESSAGE, roots={roster.root})
    ours = prover.prove(
        secret=int(official["secret"]),
        path=roster.path(len(OTHERS)),
        scope=SCOPE,
        message=MESSAGE,
        randbelow=random.Random(8).randrange,
    )
    assert (ours.root, ours.nullifier) == (proved.root, proved.nullifier)

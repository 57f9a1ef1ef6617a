"""A member, a roster and both provers: ours, and snarkjs in a Node process that stays up between requests."""

import json
import random
import secrets
import subprocess
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from openmai.anonymity.artifacts import Artifacts
from openmai.anonymity.encoding import circuit_input
from openmai.anonymity.groth16 import decode_points
from openmai.anonymity.leanimt import DEPTH, LeanIMT, MerklePath
from openmai.anonymity.membership import Membership, MembershipProof, verify_membership
from openmai.anonymity.prover import Prover

ROOT = Path(__file__).resolve().parents[1]
STEM = ROOT / "node_modules" / "@zk-kit" / "semaphore-artifacts" / f"semaphore-{DEPTH}"
FILES = tuple(STEM.with_suffix(suffix) for suffix in (".json", ".wasm", ".zkey"))
SCOPE, MESSAGE = 2**255 + 1, 2**254 + 2


class Member:
    """Somebody in a roster of 1,000 (paths of ten siblings), who says one thing."""

    secret = 123456789

    def __init__(self) -> None:
        wasm, zkey = (STEM.with_suffix(suffix).read_bytes() for suffix in (".wasm", ".zkey"))
        self.prover = Prover(Artifacts(DEPTH, wasm, zkey))
        rng = random.Random(1)
        self.roster = LeanIMT(rng.randrange(1, 2**250) for _ in range(999))
        self.place = self.roster.insert(self.prover.commitment(self.secret))

    @property
    def path(self) -> MerklePath:
        return self.roster.path(self.place)

    @cached_property
    def proof(self) -> MembershipProof:
        return self.prove()

    def prove(self) -> MembershipProof:
        return self.prover.prove(
            secret=self.secret, path=self.path, scope=SCOPE, message=MESSAGE, randbelow=secrets.randbelow
        )

    def verify(self) -> Membership:
        return verify_membership(self.proof, scope=SCOPE, message=MESSAGE, roots={self.roster.root})

    def snarkjs_inputs(self) -> dict[str, Any]:
        """The circuit's inputs, in decimals."""
        path = self.path
        return {
            "secret": str(self.secret),
            "merkleProofLength": str(len(path.siblings)),
            "merkleProofIndex": str(path.index),
            "merkleProofSiblings": [str(s) for s in path.siblings] + ["0"] * (DEPTH - len(path.siblings)),
            "scope": str(circuit_input(SCOPE)),
            "message": str(circuit_input(MESSAGE)),
        }

    def snarkjs_proof(self) -> dict[str, Any]:
        """Our proof as snarkjs reads it, with its public signals."""
        a, b, c = decode_points(self.proof.points)
        signals = (self.proof.root, self.proof.nullifier, circuit_input(MESSAGE), circuit_input(SCOPE))
        return {
            "signals": [str(signal) for signal in signals],
            "proof": {
                "pi_a": [str(a.x), str(a.y), "1"],
                "pi_b": [[str(v) for v in b.x], [str(v) for v in b.y], ["1", "0"]],
                "pi_c": [str(c.x), str(c.y), "1"],
                "protocol": "groth16",
                "curve": "bn128",
            },
        }


class Snarkjs:
    """Durations are measured inside Node, so that the pipe costs the reference nothing."""

    def __init__(self, files: Sequence[Path] = FILES) -> None:
        """`files`: verification key, circuit and proving key."""
        self._node = subprocess.Popen(
            ["node", ROOT / "bench" / "_snarkjs.mjs", *files],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Snarkjs":
        return self

    def __exit__(self, *_: object) -> None:
        self._node.communicate()

    def milliseconds(self, action: str, request: dict[str, Any], *, of: str = "wall") -> float:
        """How long it took by the clock, or with `of="processor"` in processor time."""
        assert self._node.stdin is not None
        assert self._node.stdout is not None
        self._node.stdin.write(json.dumps({"action": action, **request}) + "\n")
        self._node.stdin.flush()
        reply = json.loads(self._node.stdout.readline())
        assert reply["answer"], "snarkjs did not accept"
        return float(reply[of])

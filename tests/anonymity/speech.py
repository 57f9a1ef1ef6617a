"""What the tests of this folder share: the artifacts, a domain, and Alice's words with their proof."""

from dataclasses import dataclass
from pathlib import Path

from openmai.anonymity.artifacts import Artifacts
from openmai.anonymity.documents import Fields
from openmai.anonymity.encoding import Domain, circuit_input
from openmai.anonymity.leanimt import LeanIMT
from openmai.anonymity.log.merkle import EMPTY
from openmai.anonymity.membership import Claim, MembershipProof
from openmai.anonymity.submission import read_join

ROOT = Path(__file__).resolve().parents[2]
ARTIFACTS = ROOT / "node_modules" / "@zk-kit" / "semaphore-artifacts"
DOMAIN = Domain(site="test.openmai.example", season="s228")


def read_artifacts(depth: int) -> Artifacts:
    stem = ARTIFACTS / f"semaphore-{depth}"
    return Artifacts(depth, stem.with_suffix(".wasm").read_bytes(), stem.with_suffix(".zkey").read_bytes())


def parse_proof(*, root: object, nullifier: object, points_hex: object) -> MembershipProof:
    """A proof as it comes with a submission, read as the talk site reads it."""
    join = {
        "roster": "site",
        "root": root,
        "nullifier": nullifier,
        "checkpoint": EMPTY.text,
        "proof": points_hex,
    }
    return read_join(Fields(join, join.keys())).proof


@dataclass(frozen=True)
class Speech:
    """Alice's membership proof, all that it says, and the roster she is in."""

    secret: int
    roster: LeanIMT
    scope: int
    message: int
    proof: MembershipProof

    @property
    def claim(self) -> Claim:
        return Claim(self.proof, self.scope, self.message, {self.roster.root})

    @property
    def inputs(self) -> list[int]:
        """The four public signals."""
        proof = self.proof
        return [proof.root, proof.nullifier, circuit_input(self.message), circuit_input(self.scope)]

"""Real proofs for the simulated devices, made ahead in two processes and kept in build/adversary.

Every device of the simulation draws from seeds, so that the second run finds what the first has proved.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Final

from tests.factories.cast import ROOT, read_artifacts
from tests.factories.gate import FOLDER, made_gate

from openmai.anonymity.artifacts import PINNED
from openmai.anonymity.bans import BanList
from openmai.anonymity.encoding import circuit_input
from openmai.anonymity.fields import be32
from openmai.anonymity.gate import Gate
from openmai.anonymity.groth16 import PROOF_SIZE
from openmai.anonymity.membership import MembershipProof
from openmai.anonymity.poseidon import poseidon2
from openmai.anonymity.prover import Prover
from openmai.demo.seed.proving import Provers, Request

KEPT: Final = ROOT / "build" / "adversary"


class Proofs:
    """Proofs of membership and at the gate, in the order of the requests."""

    def __init__(self, static_dir: Path, stack: ExitStack) -> None:
        self._static_dir, self._stack = static_dir, stack
        self.made = self.found = 0
        self.one_at_a_time = Lock()
        (KEPT / "proofs").mkdir(parents=True, exist_ok=True)

    @cached_property
    def _provers(self) -> Provers:
        return self._stack.enter_context(Provers(self._static_dir, 20, gate=FOLDER))

    @cached_property
    def enrolling(self) -> Prover:
        """At depth 1; for whoever enrols, whose ticket is never the same twice."""
        return Prover(read_artifacts(1))

    def commitment(self, secret: int) -> int:
        kept = KEPT / "proofs" / f"c-{sha256(be32(secret)).hexdigest()}"
        if not kept.exists():
            _keep(kept, be32(self.enrolling.commitment(secret)))
        return int.from_bytes(kept.read_bytes(), "big")

    def entries(
        self, requests: Sequence[Request], commitments: Sequence[int]
    ) -> Iterator[tuple[MembershipProof, Gate]]:
        """Over the empty list of bans; each request has its slot."""
        places = [KEPT / "proofs" / _name(each) for each in requests]
        missing = [number for number, place in enumerate(places) if not place.exists()]
        self.made += len(missing)
        self.found += len(requests) - len(missing)
        if missing:
            proved = self._provers.prove_all([requests[number] for number in missing])
            for number, each in zip(missing, proved, strict=True):
                assert each.gate is not None
                _keep(places[number], each.proof.points + b"".join(each.gate.proofs))
        for place, asked, commitment in zip(places, requests, commitments, strict=True):
            nullifier = poseidon2(circuit_input(asked.scope), asked.secret)
            points, gate = place.read_bytes()[:PROOF_SIZE], place.read_bytes()[PROOF_SIZE:]
            proof = MembershipProof(asked.path.root_from(commitment), nullifier, points)
            yield proof, _gate(asked, gate)


def _gate(asked: Request, proof: bytes) -> Gate:
    assert asked.slot is not None
    nobody = BanList(asked.domain.site, asked.domain.season, 0, ())
    return Gate(asked.slot.day, nobody.digest, asked.at_gate(asked.slot).statement().rate, (proof,))


def _name(asked: Request) -> str:
    numbers = [asked.secret, asked.path.index, *asked.path.siblings, asked.scope, asked.message]
    keys = PINNED[20, "zkey"] + made_gate().served.sha256 + repr(asked.slot)
    return sha256(keys.encode() + b"".join(map(be32, numbers))).hexdigest()


def _keep(path: Path, data: bytes) -> None:
    """At once or not at all: two runs may share the folder."""
    part = path.with_name(f"{path.name}.{random.SystemRandom().getrandbits(64):x}")
    part.write_bytes(data)
    part.replace(path)

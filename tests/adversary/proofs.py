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

from openmai.anonymity.artifacts import PINNED
from openmai.anonymity.encoding import circuit_input
from openmai.anonymity.fields import be32
from openmai.anonymity.membership import MembershipProof
from openmai.anonymity.poseidon import poseidon2
from openmai.anonymity.prover import Prover
from openmai.demo.seed.proving import Provers, Request

KEPT: Final = ROOT / "build" / "adversary"


class Proofs:
    """Proofs of membership, in the order of the requests."""

    def __init__(self, static_dir: Path, stack: ExitStack) -> None:
        self._static_dir, self._stack = static_dir, stack
        self.made = self.found = 0
        self.one_at_a_time = Lock()
        (KEPT / "proofs").mkdir(parents=True, exist_ok=True)

    @cached_property
    def _provers(self) -> Provers:
        return self._stack.enter_context(Provers(self._static_dir, 20))

    @cached_property
    def enrolling(self) -> Prover:
        """At depth 1; for whoever enrols, whose ticket is never the same twice."""
        return Prover(read_artifacts(1))

    def commitment(self, secret: int) -> int:
        kept = KEPT / "proofs" / f"c-{sha256(be32(secret)).hexdigest()}"
        if not kept.exists():
            _keep(kept, be32(self.enrolling.commitment(secret)))
        return int.from_bytes(kept.read_bytes(), "big")

    def membership(
        self, requests: Sequence[Request], commitments: Sequence[int]
    ) -> Iterator[MembershipProof]:
        places = [KEPT / "proofs" / _name(each) for each in requests]
        missing = [number for number, place in enumerate(places) if not place.exists()]
        self.made += len(missing)
        self.found += len(requests) - len(missing)
        if missing:
            proved = self._provers.prove_all([requests[number] for number in missing])
            for number, each in zip(missing, proved, strict=True):
                _keep(places[number], each.proof.points)
        for place, asked, commitment in zip(places, requests, commitments, strict=True):
            nullifier = poseidon2(circuit_input(asked.scope), asked.secret)
            yield MembershipProof(asked.path.root_from(commitment), nullifier, place.read_bytes())


def _name(asked: Request) -> str:
    numbers = [asked.secret, asked.path.index, *asked.path.siblings, asked.scope, asked.message]
    return sha256(PINNED[20, "zkey"].encode() + b"".join(map(be32, numbers))).hexdigest()


def _keep(path: Path, data: bytes) -> None:
    """At once or not at all: two runs may share the folder."""
    part = path.with_name(f"{path.name}.{random.SystemRandom().getrandbits(64):x}")
    part.write_bytes(data)
    part.replace(path)

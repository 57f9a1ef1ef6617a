"""Real proofs for the simulated devices, made ahead in processes of their own."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from threading import Lock

from tests.factories.cast import read_artifacts
from tests.factories.gate import FOLDER

from openmai.anonymity.gate import Gate
from openmai.anonymity.membership import MembershipProof
from openmai.anonymity.prover import Prover
from openmai.demo.seed.proving import Provers, Request


class Proofs:
    """Proofs of membership and at the gate, in the order of the requests. `made` counts them."""

    def __init__(self, static_dir: Path, stack: ExitStack, *, processes: int) -> None:
        self._static_dir, self._stack, self._processes = static_dir, stack, processes
        self._commitments: dict[int, int] = {}
        self.made = 0
        self.one_at_a_time = Lock()

    @cached_property
    def _provers(self) -> Provers:
        return self._stack.enter_context(
            Provers(self._static_dir, 20, gate=FOLDER, processes=self._processes)
        )

    @cached_property
    def enrolling(self) -> Prover:
        """At depth 1; for whoever enrols, whose ticket is never the same twice."""
        return Prover(read_artifacts(1))

    def commitment(self, secret: int) -> int:
        if secret not in self._commitments:
            self._commitments[secret] = self.enrolling.commitment(secret)
        return self._commitments[secret]

    def entries(self, requests: Sequence[Request]) -> Iterator[tuple[MembershipProof, Gate]]:
        """Over the empty list of bans; each request has its slot."""
        self.made += len(requests)
        for proved in self._provers.prove_all(requests) if requests else ():
            assert proved.gate is not None
            yield proved.proof, proved.gate

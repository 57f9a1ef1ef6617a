"""Proofs in several processes at once, for the two cores that a small machine has.

`python -m openmai.demo.seed.proving DEPTH STATIC_DIR [GATE_DIR]` reads a request a line and answers a line,
both JSON. It ends with its standard input, so that it never outlives whoever asks, however that one ended.
"""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Final, NamedTuple, Self

from openmai.anonymity.bans import BanList
from openmai.anonymity.encoding import Domain
from openmai.anonymity.gate import Gate
from openmai.anonymity.leanimt import MerklePath
from openmai.anonymity.membership import MembershipProof
from openmai.anonymity.prover import Prover
from openmai.anonymity.prover.gate import GateRequest
from openmai.demo.artifacts import read_artifacts, read_gate_prover

PROCESSES: Final = 2
_INHERITED: Final = ("PATH", "HOME", "LANG", "VIRTUAL_ENV")


class ProverEnded(Exception):
    """A proving process ended without an answer; what it said stands above in the log."""


class Slot(NamedTuple):
    """A member's slot of a UTC day, of so many."""

    day: str
    slot: int
    slots: int


@dataclass(frozen=True, slots=True)
class Request:
    """What `Prover.prove` is asked; scope and message are 256-bit integers of `domain`. With a `slot`, the
    same is proved at the gate, where nobody is banned yet.
    """

    secret: int
    path: MerklePath
    scope: int
    message: int
    domain: Domain
    slot: Slot | None = None

    def line(self) -> bytes:
        """JSON; numbers as strings, because they are longer than JSON's."""
        numbers = [self.secret, self.path.index, self.scope, self.message, *self.path.siblings]
        document = [list(map(str, numbers)), [self.domain.site, self.domain.season], self.slot]
        return json.dumps(document).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> "Request":
        numbers, domain, slot = json.loads(line)
        secret, index, scope, message, *siblings = map(int, numbers)
        path = MerklePath(index, tuple(siblings))
        return cls(secret, path, scope, message, Domain(*domain), None if slot is None else Slot(*slot))

    def at_gate(self, slot: Slot) -> GateRequest:
        return GateRequest(self.secret, self.domain, self.scope, self.message, *slot)


@dataclass(frozen=True, slots=True)
class Proved:
    """The proofs, and the commitment of the secret."""

    commitment: int
    proof: MembershipProof
    gate: Gate | None

    def line(self) -> bytes:
        numbers = [self.commitment, self.proof.root, self.proof.nullifier]
        gate = None
        if self.gate is not None:
            proofs = [proof.hex() for proof in self.gate.proofs]
            gate = [self.gate.day, self.gate.bans.hex(), str(self.gate.rate), proofs]
        return json.dumps([*map(str, numbers), self.proof.points.hex(), gate]).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> "Proved":
        commitment, root, nullifier, points, told = json.loads(line)
        proof = MembershipProof(int(root), int(nullifier), bytes.fromhex(points))
        gate = None
        if told is not None:
            day, bans, rate, proofs = told
            gate = Gate(day, bytes.fromhex(bans), int(rate), tuple(map(bytes.fromhex, proofs)))
        return cls(int(commitment), proof, gate)


class Provers:
    """Proving processes of one depth, started at once and ended with the `with` block; `gate` is a folder of
    gate keys.
    """

    def __init__(
        self, static_dir: Path, depth: int, *, gate: Path | None = None, processes: int = PROCESSES
    ) -> None:
        argv = [sys.executable, "-m", "openmai.demo.seed.proving", str(depth), str(static_dir)]
        argv += [] if gate is None else [str(gate)]
        # They need nothing of the site's settings, so they are told nothing.
        environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        self._processes = [
            subprocess.Popen(  # noqa: S603 - our own program and arguments
                argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
            )
            for _ in range(processes)
        ]
        self._idle: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()
        for process in self._processes:
            self._idle.put(process)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.kill()
            process.communicate()

    def prove_all(self, requests: Sequence[Request]) -> Iterator[Proved]:
        """The proofs in the order of the requests, each as soon as it and those before it are there."""
        with ThreadPoolExecutor(len(self._processes)) as threads:
            yield from threads.map(self._prove, requests)

    def _prove(self, request: Request) -> Proved:
        process = self._idle.get()
        assert process.stdin is not None  # noqa: S101 - it was asked for as a pipe
        assert process.stdout is not None  # noqa: S101 - likewise
        try:
            process.stdin.write(request.line())
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = b""
        self._idle.put(process)
        if not line:
            raise ProverEnded(f"a proving process ended with {process.wait()}")
        return Proved.read(line)


def main(depth: int, static_dir: Path, gate_dir: Path | None) -> None:
    """Inside a proving process."""
    prover = Prover(read_artifacts(static_dir, depth))
    prover.prepare()
    gate_prover = None if gate_dir is None else read_gate_prover(static_dir, gate_dir)
    for line in sys.stdin.buffer:
        asked = Request.read(line)
        proof = prover.prove(
            secret=asked.secret,
            path=asked.path,
            scope=asked.scope,
            message=asked.message,
            randbelow=secrets.randbelow,
        )
        gate = None
        if gate_prover is not None and asked.slot is not None:
            nobody = BanList(asked.domain.site, asked.domain.season, 0, ())
            gate = gate_prover.prove(asked.at_gate(asked.slot), nobody, randbelow=secrets.randbelow)
        sys.stdout.buffer.write(Proved(prover.commitment(asked.secret), proof, gate).line())
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]) if len(sys.argv) > 3 else None)

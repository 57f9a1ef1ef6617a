"""Proofs in several processes at once, for the two cores that a small machine has.

`python -m openmai.demo.seed.proving DEPTH STATIC_DIR` reads a request a line and answers a line, both JSON.
It ends with its standard input, so that it never outlives whoever asks, however that one ended.
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
from typing import Final, Self

from openmai.anonymity.leanimt import MerklePath
from openmai.anonymity.membership import MembershipProof
from openmai.anonymity.prover import Prover
from openmai.demo.artifacts import read_artifacts

PROCESSES: Final = 2
_INHERITED: Final = ("PATH", "HOME", "LANG", "VIRTUAL_ENV")


class ProverEnded(Exception):
    """A proving process ended without an answer; what it said stands above in the log."""


@dataclass(frozen=True, slots=True)
class Request:
    """What `Prover.prove` is asked; scope and message are 256-bit integers of a `Domain`."""

    secret: int
    path: MerklePath
    scope: int
    message: int

    def line(self) -> bytes:
        """JSON; numbers as strings, because they are longer than JSON's."""
        numbers = [self.secret, self.path.index, self.scope, self.message, *self.path.siblings]
        return json.dumps([str(number) for number in numbers]).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> "Request":
        secret, index, scope, message, *siblings = map(int, json.loads(line))
        return cls(secret, MerklePath(index, tuple(siblings)), scope, message)


@dataclass(frozen=True, slots=True)
class Proved:
    """The proof, and the commitment of the secret."""

    commitment: int
    proof: MembershipProof

    def line(self) -> bytes:
        numbers = [self.commitment, self.proof.root, self.proof.nullifier]
        return json.dumps([*map(str, numbers), self.proof.points.hex()]).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> "Proved":
        commitment, root, nullifier, points = json.loads(line)
        return cls(int(commitment), MembershipProof(int(root), int(nullifier), bytes.fromhex(points)))


class Provers:
    """Proving processes of one depth, started at once and ended with the `with` block."""

    def __init__(self, static_dir: Path, depth: int, *, processes: int = PROCESSES) -> None:
        argv = [sys.executable, "-m", "openmai.demo.seed.proving", str(depth), str(static_dir)]
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


def main(depth: int, static_dir: Path) -> None:
    """Inside a proving process."""
    prover = Prover(read_artifacts(static_dir, depth))
    prover.prepare()
    for line in sys.stdin.buffer:
        asked = Request.read(line)
        proof = prover.prove(
            secret=asked.secret,
            path=asked.path,
            scope=asked.scope,
            message=asked.message,
            randbelow=secrets.randbelow,
        )
        sys.stdout.buffer.write(Proved(prover.commitment(asked.secret), proof).line())
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))

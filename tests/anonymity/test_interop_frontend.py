"""The front end and this package are two programs that must compute the same (docs/protocol.md §1 to §8).

`frontend/tests/interop.test.ts` reproduces the vectors; here it is made sure that they are this package's.
"""

import json

import pytest
from tests.anonymity.frontend_vectors import ROOT, VECTORS, WORDS, alias_words, as_file, vectors

from openmai.anonymity.artifacts import GATE_PINNED, PINNED, WrongArtifact, check_gate_circuit


def test_the_worker_carries_the_packages_alias_words() -> None:
    assert WORDS.read_bytes() == as_file(alias_words()), "run python -m tests.anonymity.frontend_vectors"


def test_the_vectors_are_what_this_package_computes() -> None:
    assert VECTORS.read_bytes() == as_file(vectors()), "run python -m tests.anonymity.frontend_vectors"


def test_the_build_pins_the_same_artifacts() -> None:
    pins = json.loads((ROOT / "frontend" / "pins.json").read_text())["sha256"]
    suffixes = {"wasm": "wasm", "zkey": "zkey", "vkey": "json"}
    ceremony = {f"semaphore-{depth}.{suffixes[kind]}": digest for (depth, kind), digest in PINNED.items()}
    gate = {f"gate.{kind}": digest for kind, digest in GATE_PINNED.items()}
    assert {name: pin for name, pin in pins.items() if name != "gate.circom"} == ceremony | gate


@pytest.mark.parametrize("kind", ["wasm", "r1cs"])
def test_the_compiled_circuit_is_the_pinned_one(kind: str) -> None:
    data = (ROOT / "build" / "gate" / f"gate.{kind}").read_bytes()
    assert check_gate_circuit(kind, data) is data
    with pytest.raises(WrongArtifact, match=f"the gate's {kind} has SHA-256"):
        check_gate_circuit(kind, data[:-1] + bytes([data[-1] ^ 1]))

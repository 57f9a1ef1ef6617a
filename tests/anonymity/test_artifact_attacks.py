"""Attacks 8 and 9 of the threat model: artifacts, circuits and keys that somebody has doctored."""

import random

import pytest
from tests.anonymity.speech import read_artifacts

from openmai.anonymity.artifacts import Artifacts, WrongArtifact
from openmai.anonymity.leanimt import MerklePath
from openmai.anonymity.prover import Prover, UnsafeProof
from openmai.anonymity.prover.witness import Circuit
from openmai.anonymity.prover.zkey import read_proving_key


@pytest.mark.parametrize("kind", ["wasm", "zkey"])
def test_8_artifacts_are_pinned(kind: str):
    right = read_artifacts(1)
    parts = {"wasm": right.wasm, "zkey": right.zkey}
    parts[kind] = parts[kind][:-1] + bytes([parts[kind][-1] ^ 1])
    with pytest.raises(WrongArtifact):
        Artifacts(1, **parts)
    with pytest.raises(WrongArtifact):
        Artifacts(20, right.wasm, right.zkey)


# 9. A doctored circuit or key


class ScopeChanger(Circuit):
    """A circuit that answers, correctly, another question."""

    def witness(self, inputs):
        return super().witness({**inputs, "scope": [inputs["scope"][0] + 1]})


def test_9_a_doctored_circuit_is_noticed_before_anything_is_sent(rng: random.Random):
    artifacts = read_artifacts(1)
    doctored = Prover(artifacts)
    doctored.__dict__["_circuit"] = ScopeChanger(artifacts.wasm)
    with pytest.raises(UnsafeProof, match="public signals"):
        doctored.prove(secret=5, path=MerklePath(0, (9,)), scope=1, message=2, randbelow=rng.randrange)


def test_9_a_doctored_key_is_noticed_before_anything_is_sent(rng: random.Random):
    artifacts = read_artifacts(1)
    doctored = Prover(artifacts)
    key = read_proving_key(artifacts.zkey)
    key.private.points[0], key.private.points[1] = key.private.points[1], key.private.points[0]
    doctored.__dict__["_key"] = key
    with pytest.raises(UnsafeProof, match="pinned key"):
        doctored.prove(secret=5, path=MerklePath(0, (9,)), scope=1, message=2, randbelow=rng.randrange)

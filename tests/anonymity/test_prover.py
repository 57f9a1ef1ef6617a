import gc
import random

import pytest
import wasmtime
from tests.anonymity.speech import ARTIFACTS, Speech, read_artifacts

from openmai.anonymity import artifacts
from openmai.anonymity.artifacts import (
    PINNED,
    Artifacts,
    WrongArtifact,
    check_artifact,
    verification_key_bytes,
)
from openmai.anonymity.fields import L
from openmai.anonymity.groth16 import verification_key
from openmai.anonymity.leanimt import LeanIMT, MerklePath
from openmai.anonymity.membership import verify_membership
from openmai.anonymity.prover import BadSecret, NoWitness, Prover, new_secret
from openmai.anonymity.prover.zkey import BadProvingKey, read_proving_key


def test_the_pinned_hashes_are_those_of_the_npm_package():
    for depth, kind in PINNED:
        name = f"semaphore-{depth}.json" if kind == "vkey" else f"semaphore-{depth}.{kind}"
        check_artifact(depth, kind, (ARTIFACTS / name).read_bytes())


def test_other_depths_are_not_pinned():
    with pytest.raises(WrongArtifact):
        Artifacts(10, b"", b"")
    with pytest.raises(WrongArtifact):
        verification_key_bytes(10)


def test_a_changed_verification_key_does_not_load(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(artifacts.PINNED, (20, "vkey"), "0" * 64)
    verification_key.cache_clear()
    with pytest.raises(WrongArtifact):
        verification_key(20)


def test_a_secret_is_uniform_in_the_subgroup_and_never_zero():
    assert new_secret(lambda bound: 0) == 1
    assert new_secret(lambda bound: bound - 1) == L - 1


@pytest.mark.parametrize("secret", [0, L, -1, True, 1.0, "1"])
def test_a_secret_out_of_range_is_refused(enrolment_prover: Prover, secret: int):
    with pytest.raises(BadSecret):
        enrolment_prover.commitment(secret)


def test_both_circuits_have_one_commitment_for_a_secret(prover: Prover, enrolment_prover: Prover):
    assert prover.commitment(L - 1) == enrolment_prover.commitment(L - 1)


def test_a_lone_member_proves_with_an_empty_path(prover: Prover, rng: random.Random):
    secret = new_secret(rng.randrange)
    roster = LeanIMT([prover.commitment(secret)])
    proof = prover.prove(secret=secret, path=roster.path(0), scope=1, message=2, randbelow=rng.randrange)
    assert proof.root == roster.root == roster.leaves[0]
    verify_membership(proof, scope=1, message=2, roots={roster.root})


def test_a_proof_depends_on_randomness_and_its_meaning_does_not(speech: Speech, prover: Prover):
    place = speech.roster.leaves.index(prover.commitment(speech.secret))
    statement = {
        "secret": speech.secret,
        "path": speech.roster.path(place),
        "scope": speech.scope,
        "message": speech.message,
    }
    first, second = (prover.prove(**statement, randbelow=random.Random(seed).randrange) for seed in (5, 6))
    assert (first.root, first.nullifier) == (second.root, second.nullifier)
    a, b, c = (slice(0, 32), slice(32, 96), slice(96, 128))
    assert all(first.points[part] != second.points[part] for part in (a, b, c))


def test_a_circuit_without_a_solution_says_so(enrolment_prover: Prover):
    inputs = enrolment_prover._inputs(1, MerklePath(0, (9,)), 1, 2)
    enrolment_prover._circuit.witness(inputs)
    for change in (
        {"secret": [L]},
        {"secret": []},
        {"secret": [], "scope": [1, 1]},
        {"secret": [], "no such signal": [1]},
        {"merkleProofSiblings": [1, 1]},
    ):
        with pytest.raises(NoWitness):
            enrolment_prover._circuit.witness({**inputs, **change})


def test_a_proving_key_that_is_none():
    zkey = read_artifacts(1).zkey
    for data in (b"", b"zkey", b"PK\3\4" + bytes(100), zkey[:100], zkey[:5000]):
        with pytest.raises(BadProvingKey):
            read_proving_key(data)


def test_secrets_and_keys_do_not_show_in_a_traceback(enrolment_prover: Prover):
    assert len(repr(read_artifacts(1))) < 100
    assert "secret" not in repr(enrolment_prover)


def test_nothing_of_a_secret_outlives_its_proof(enrolment_prover: Prover):
    """The circuit's memory holds it; that a run was kept was once seen by the memory that proving took."""
    enrolment_prover.commitment(7)
    gc.collect()
    assert not [each for each in gc.get_objects() if type(each) is wasmtime.Store]

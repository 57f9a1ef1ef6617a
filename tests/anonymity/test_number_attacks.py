"""Attacks 2 to 5 of the threat model: root 0, another depth, aliased numbers, missing inputs."""

import random

import pytest
from tests.anonymity.forging import (
    run_circuit,
    uncompressed_library_says,
)
from tests.anonymity.speech import Speech, parse_proof

from openmai.anonymity import groth16
from openmai.anonymity.errors import NotCanonical
from openmai.anonymity.fields import R, parse_decimal
from openmai.anonymity.groth16 import InvalidProof, WrongInputs
from openmai.anonymity.leanimt import LeanIMT, MerklePath
from openmai.anonymity.membership import (
    BadNullifier,
    MembershipProof,
    UnknownRoot,
    ZeroRoot,
    verify_membership,
)
from openmai.anonymity.prover import PathTooLong, Prover, new_secret

# 2. Root 0


def test_2_a_path_longer_than_the_depth_proves_root_zero_to_anybody(prover: Prover, rng: random.Random):
    signals, points = run_circuit(
        prover,
        secret=new_secret(rng.randrange),
        length=21,
        index=0,
        siblings=[],
        scope=1,
        message=2,
        randbelow=rng.randrange,
    )
    assert signals[0] == LeanIMT().root == 0
    groth16.verify(groth16.verification_key(20), points, signals)
    with pytest.raises(ZeroRoot):
        MembershipProof(root=signals[0], nullifier=signals[1], points=points)
    with pytest.raises(ZeroRoot):
        parse_proof(root="0", nullifier=str(signals[1]), points_hex=points.hex())


def test_2_our_own_prover_refuses_such_a_path(enrolment_prover: Prover, rng: random.Random):
    with pytest.raises(PathTooLong):
        enrolment_prover.prove(
            secret=5, path=MerklePath(0, (1, 2)), scope=1, message=2, randbelow=rng.randrange
        )


def test_2_only_published_roots_are_accepted(speech: Speech):
    with pytest.raises(UnknownRoot):
        verify_membership(
            speech.proof, scope=speech.scope, message=speech.message, roots={speech.roster.root + 1}
        )


# 3. Depth


def test_3_a_proof_of_another_depth_is_refused(enrolment_prover: Prover, rng: random.Random):
    secret = new_secret(rng.randrange)
    roster = LeanIMT([enrolment_prover.commitment(secret), 9])
    proof = enrolment_prover.prove(
        secret=secret, path=roster.path(0), scope=1, message=2, randbelow=rng.randrange
    )
    with pytest.raises(InvalidProof):
        verify_membership(proof, scope=1, message=2, roots={roster.root})


# 4. Aliased numbers

NOT_DECIMALS = [
    *("", "00", "01", "+1", "-1", "1.0", "1e3", "0x10", "0b1", "1_000", " 1", "1 ", "1\n", "１", "٣", "1\0"),
    *("9" * 77, "1" + "0" * 77, str(R), str(R + 1), str(5 * R + 1), "null", "NaN", "Infinity"),
    *(1, 16, 0, True, False, 1.0, None, b"1", ["1"], {"1": 1}),
]


@pytest.mark.parametrize("number", NOT_DECIMALS, ids=repr)
def test_4_a_number_has_one_spelling(number: object):
    with pytest.raises(NotCanonical):
        parse_decimal(number)


@pytest.mark.parametrize("shift", [R, 5 * R])
def test_4_the_same_number_plus_a_multiple_of_the_order_is_not_the_same(speech: Speech, shift: int):
    proof, key = speech.proof, groth16.verification_key(20)
    for position in range(4):
        aliased = list(speech.inputs)
        aliased[position] += shift
        # The library alone would take it.
        assert uncompressed_library_says(key, proof.points, aliased)
        with pytest.raises(NotCanonical):
            groth16.verify(key, proof.points, aliased)
        with pytest.raises(NotCanonical):
            groth16.verify_batch(
                key, [groth16.Claim(proof.points, aliased, key.start)], randbits=random.Random(1).getrandbits
            )
    for root, nullifier in ((proof.root + shift, proof.nullifier), (proof.root, proof.nullifier + shift)):
        with pytest.raises(NotCanonical):
            MembershipProof(root, nullifier, proof.points)
        with pytest.raises(NotCanonical):
            parse_proof(root=str(root), nullifier=str(nullifier), points_hex=proof.points.hex())


@pytest.mark.parametrize("number", [True, 1.0, "1", None, -1])
def test_4_inputs_are_integers_and_nothing_like_them(speech: Speech, number: object):
    with pytest.raises(NotCanonical):
        MembershipProof(number, 1, speech.proof.points)  # type: ignore[arg-type]
    with pytest.raises(NotCanonical):
        groth16.verify(groth16.verification_key(20), speech.proof.points, [number, 1, 1, 1])  # type: ignore[list-item]


def test_4_nullifier_zero_is_nobodys(speech: Speech):
    with pytest.raises(BadNullifier):
        parse_proof(root=str(speech.proof.root), nullifier="0", points_hex=speech.proof.points.hex())


# 5. Number of inputs


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5])
def test_5_missing_or_extra_inputs(speech: Speech, count: int):
    inputs = [*speech.inputs, 1][:count]
    key = groth16.verification_key(20)
    with pytest.raises(WrongInputs):
        groth16.verify(key, speech.proof.points, inputs)
    with pytest.raises(WrongInputs):
        groth16.verify_batch(
            key,
            [groth16.Claim(speech.proof.points, inputs, key.start)],
            randbits=random.Random(1).getrandbits,
        )

"""Attack 1 of the threat model: one leaf that hides two keys, and answers that are not one's own."""

import random

import pytest
from tests.anonymity.forging import (
    run_circuit,
)
from tests.anonymity.speech import DOMAIN

from openmai.anonymity import groth16
from openmai.anonymity.encoding import circuit_input
from openmai.anonymity.enrolment import (
    ENROLMENT_PAIR,
    CommitmentRefused,
    Enrolment,
    prove_enrolment,
    verify_enrolment,
)
from openmai.anonymity.errors import NotCanonical
from openmai.anonymity.fields import R
from openmai.anonymity.groth16 import InvalidProof
from openmai.anonymity.leanimt import LeanIMT, MerklePath
from openmai.anonymity.membership import (
    BadNullifier,
    verify_membership,
)
from openmai.anonymity.poseidon import poseidon2
from openmai.anonymity.prover import Prover, new_secret

NONCE = b"n" * 32
TICKET = {"domain": DOMAIN, "account": "mallory", "nonce": NONCE}


# 1. Sybil subtree


def test_1_one_leaf_that_hides_two_keys_would_be_two_personas(prover: Prover, rng: random.Random):
    """Why enrolment asks for a proof of knowledge: nothing later can tell the two apart from two members."""
    secrets = [new_secret(rng.randrange) for _ in range(2)]
    first, second = map(prover.commitment, secrets)
    roster = LeanIMT([77, poseidon2(first, second), 78])
    outer, nullifiers = roster.path(1), set()
    for secret, inner in zip(secrets, (MerklePath(0, (second,)), MerklePath(1, (first,))), strict=True):
        proof = prover.prove(
            secret=secret, path=inner.then(outer), scope=5, message=6, randbelow=rng.randrange
        )
        nullifiers.add(verify_membership(proof, scope=5, message=6, roots={roster.root}).nullifier)
    assert len(nullifiers) == 2


@pytest.mark.parametrize("length", [0, 1, 2])
@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("beside", ["the pair", "the other key"])
def test_1_a_subtree_cannot_be_enrolled(
    enrolment_prover: Prover, rng: random.Random, length: int, index: int, beside: str
):
    mine, other = new_secret(rng.randrange), new_secret(rng.randrange)
    sibling = ENROLMENT_PAIR if beside == "the pair" else enrolment_prover.commitment(other)
    subtree = poseidon2(enrolment_prover.commitment(mine), enrolment_prover.commitment(other))
    signals, proof = run_circuit(
        enrolment_prover,
        secret=mine,
        length=length,
        index=index,
        siblings=[sibling],
        scope=circuit_input(DOMAIN.enrol_scope()),
        message=circuit_input(DOMAIN.enrol_message(account="mallory", nonce=NONCE)),
        randbelow=rng.randrange,
    )
    groth16.verify(groth16.verification_key(1), proof, signals)
    with pytest.raises(InvalidProof):
        verify_enrolment(**TICKET, commitment=str(subtree), nullifier=str(signals[1]), proof=proof.hex())


@pytest.fixture(scope="module")
def answer(enrolment_prover: Prover) -> dict[str, str]:
    """Alice's answer to her ticket."""
    rng = random.Random(4)
    commitment, proof = prove_enrolment(
        enrolment_prover,
        secret=new_secret(rng.randrange),
        domain=DOMAIN,
        account="alice",
        nonce=NONCE,
        randbelow=rng.randrange,
    )
    return {
        "commitment": str(commitment),
        "nullifier": str(proof.nullifier),
        "proof": proof.points.hex(),
    }


def test_1_alice_enrols_with_her_own_key(answer: dict[str, str]):
    enrolment = verify_enrolment(domain=DOMAIN, account="alice", nonce=NONCE, **answer)
    assert enrolment == Enrolment(commitment=int(answer["commitment"]))


def test_1_an_answer_belongs_to_one_account_ticket_and_site(answer: dict[str, str]):
    other_season = type(DOMAIN)(site=DOMAIN.site, season="s229")
    for domain, account, nonce in (
        (DOMAIN, "mallory", NONCE),
        (DOMAIN, "alice", b"m" * 32),
        (other_season, "alice", NONCE),
    ):
        with pytest.raises(InvalidProof):
            verify_enrolment(domain=domain, account=account, nonce=nonce, **answer)


def test_1_anothers_commitment_is_not_mine(answer: dict[str, str]):
    with pytest.raises(InvalidProof):
        verify_enrolment(domain=DOMAIN, account="alice", nonce=NONCE, **{**answer, "commitment": "5"})


@pytest.mark.parametrize("commitment", [0, ENROLMENT_PAIR])
def test_1_neither_zero_nor_the_pair_is_a_commitment(answer: dict[str, str], commitment: int):
    with pytest.raises(CommitmentRefused):
        verify_enrolment(
            domain=DOMAIN, account="alice", nonce=NONCE, **{**answer, "commitment": str(commitment)}
        )


def test_1_an_enrolment_has_canonical_numbers(answer: dict[str, str]):
    for field in ("commitment", "nullifier"):
        changed = {**answer, field: str(int(answer[field]) + R)}
        with pytest.raises(NotCanonical):
            verify_enrolment(domain=DOMAIN, account="alice", nonce=NONCE, **changed)
    with pytest.raises(BadNullifier):
        verify_enrolment(domain=DOMAIN, account="alice", nonce=NONCE, **{**answer, "nullifier": "0"})
    with pytest.raises(NotCanonical):
        verify_enrolment(
            domain=DOMAIN, account="alice", nonce=NONCE, **{**answer, "proof": answer["proof"].upper()}
        )

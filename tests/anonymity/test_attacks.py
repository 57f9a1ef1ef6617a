"""Each row of the threat model's table of attacks on the protocol, by its number there."""

import random

import pytest
from tests.anonymity.forging import (
    P,
    outside_the_subgroup,
    rerandomise,
    run_circuit,
    uncompressed_library_says,
)
from tests.anonymity.speech import DOMAIN, Speech, read_artifacts

from openmai.anonymity import groth16
from openmai.anonymity.artifacts import Artifacts, WrongArtifact
from openmai.anonymity.encoding import circuit_input
from openmai.anonymity.enrolment import (
    ENROLMENT_PAIR,
    CommitmentRefused,
    Enrolment,
    prove_enrolment,
    verify_enrolment,
)
from openmai.anonymity.errors import NotCanonical
from openmai.anonymity.fields import R, parse_decimal
from openmai.anonymity.groth16 import InvalidProof, MalformedProof, WrongInputs, ask_library
from openmai.anonymity.leanimt import LeanIMT, MerklePath
from openmai.anonymity.membership import (
    BadNullifier,
    MembershipProof,
    UnknownRoot,
    ZeroRoot,
    parse_proof,
    verify_membership,
)
from openmai.anonymity.poseidon import poseidon2
from openmai.anonymity.prover import PathTooLong, Prover, UnsafeProof, new_secret
from openmai.anonymity.prover.witness import Circuit
from openmai.anonymity.prover.zkey import read_proving_key

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
            groth16.verify_batch(key, [(proof.points, aliased)], randbits=random.Random(1).getrandbits)
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
        groth16.verify_batch(key, [(speech.proof.points, inputs)], randbits=random.Random(1).getrandbits)


# 6. Bad points

INFINITY = bytes(31) + b"\x40"
INFINITY_G2 = bytes(63) + b"\x40"


def with_part(proof: bytes, part: str, value: bytes) -> bytes:
    a, b, c = proof[:32], proof[32:96], proof[96:]
    return {"a": value + b + c, "b": a + value + c, "c": a + b + value}[part]


def g1_bytes(x: int, flags: int = 0) -> bytes:
    data = bytearray(x.to_bytes(32, "little"))
    data[-1] |= flags
    return bytes(data)


BAD_POINTS = {
    "A not on the curve": ("a", g1_bytes(4)),
    "C not on the curve": ("c", g1_bytes(4)),
    "A at infinity": ("a", INFINITY),
    "B at infinity": ("b", INFINITY_G2),
    "C at infinity": ("c", INFINITY),
    "A at infinity with a coordinate": ("a", g1_bytes(5, 0x40)),
    "A with both flags": ("a", g1_bytes(1, 0xC0)),
    "B with both flags": ("b", bytes(63) + b"\xc0"),
    "C with both flags": ("c", g1_bytes(1, 0xC0)),
    "x of A not below p": ("a", g1_bytes(1 + P)),
    "x of B not below p": ("b", (P + 1).to_bytes(32, "little") + bytes(32)),
    "B not on the twist": ("b", b"\x07" * 63 + b"\x01"),
    "B in the wrong subgroup": ("b", outside_the_subgroup()),
    "A of ones": ("a", b"\xff" * 32),
}


@pytest.mark.parametrize("name", BAD_POINTS)
def test_6_bad_points(speech: Speech, name: str):
    points = with_part(speech.proof.points, *BAD_POINTS[name])
    with pytest.raises(MalformedProof):
        verify_membership(
            MembershipProof(speech.proof.root, speech.proof.nullifier, points),
            scope=speech.scope,
            message=speech.message,
            roots={speech.roster.root},
        )


@pytest.mark.parametrize("change", [lambda p: p[:-1], lambda p: p + b"\0", lambda p: b"", lambda p: p + p])
def test_6_lengths_are_exact(speech: Speech, change):
    points = change(speech.proof.points)
    with pytest.raises(MalformedProof):
        groth16.decode_points(points)
    with pytest.raises(MalformedProof):
        MembershipProof(speech.proof.root, speech.proof.nullifier, points)
    with pytest.raises(NotCanonical):
        parse_proof(
            root=str(speech.proof.root), nullifier=str(speech.proof.nullifier), points_hex=points.hex()
        )


def test_6_other_types_than_bytes_are_no_proof(speech: Speech):
    for points in (
        list(speech.proof.points),
        bytearray(speech.proof.points),
        speech.proof.points.hex(),
        None,
    ):
        with pytest.raises(MalformedProof):
            groth16.decode_points(points)


def test_6_a_panic_of_the_library_is_an_ordinary_error():
    """Its constructor panics on a point off the curve; `except Exception` would not see that."""
    curve = groth16.CURVE.curve
    with pytest.raises(BaseException) as panic:  # noqa: PT011 # a panic has no class to name
        curve.PointG1(1, 3)
    assert not isinstance(panic.value, Exception)
    with pytest.raises(MalformedProof):
        ask_library(curve.PointG1, 1, 3)


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_6_an_interruption_is_not_a_bad_point(interruption: type[BaseException]):
    def interrupted() -> None:
        raise interruption

    with pytest.raises(interruption):
        ask_library(interrupted)


# 7 and 8. Scopes


def test_8_thread_ids_that_look_alike_are_different_scopes():
    spellings = [b"16", b"0x10", b"\x10", (16).to_bytes(32, "big")]
    assert len({DOMAIN.thread_scope(spelling) for spelling in spellings}) == len(spellings)


def test_8_a_scope_is_256_bits_and_no_more():
    for scope in (-1, 2**256):
        with pytest.raises(OverflowError):
            circuit_input(scope)


def test_8_a_proof_says_one_thing_in_one_thread(speech: Speech):
    for scope, message in ((speech.scope + 1, speech.message), (speech.scope, speech.message + 1)):
        with pytest.raises(InvalidProof):
            verify_membership(speech.proof, scope=scope, message=message, roots={speech.roster.root})


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


# Not an attack


def test_a_rerandomised_proof_is_accepted_as_the_same_persona(speech: Speech, rng: random.Random):
    """Groth16 proofs are malleable by design. So the bytes of a proof never identify anything: the nullifier
    does, and the message binds the key and the content."""
    points = rerandomise(groth16.verification_key(20), speech.proof.points, randbelow=rng.randrange)
    assert points != speech.proof.points
    other = MembershipProof(speech.proof.root, speech.proof.nullifier, points)
    proved = verify_membership(other, scope=speech.scope, message=speech.message, roots={speech.roster.root})
    assert proved.nullifier == speech.proof.nullifier

"""Verification of one proof, of many, and of 2,000 that Mallory damaged."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.anonymity.forging import rerandomise, shift_c
from tests.anonymity.speech import Speech, parse_proof

from openmai.anonymity import groth16
from openmai.anonymity.errors import AnonymityError, NotCanonical
from openmai.anonymity.fields import R
from openmai.anonymity.groth16 import InvalidProof, MalformedProof
from openmai.anonymity.membership import (
    BatchRefused,
    Claim,
    Membership,
    MembershipProof,
    UnknownRoot,
    verify_membership,
    verify_memberships,
)
from openmai.anonymity.prover import Prover


def wire(proof: MembershipProof) -> dict[str, str]:
    return {"root": str(proof.root), "nullifier": str(proof.nullifier), "points_hex": proof.points.hex()}


def test_the_wire_form_is_read_back(speech: Speech):
    assert parse_proof(**wire(speech.proof)) == speech.proof


def test_verification_returns_what_was_proved(speech: Speech):
    proved = verify_membership(
        speech.proof, scope=speech.scope, message=speech.message, roots={speech.roster.root}
    )
    assert proved == Membership(speech.roster.root, speech.proof.nullifier, speech.scope, speech.message)


@pytest.fixture
def claims(speech: Speech, rng: random.Random) -> list[Claim]:
    """Eight proofs with different bytes."""
    key = groth16.verification_key(20)
    proofs = [rerandomise(key, speech.proof.points, randbelow=rng.randrange) for _ in range(8)]
    return [replace(speech.claim, proof=replace(speech.proof, points=points)) for points in proofs]


def with_points(claim: Claim, points: bytes) -> Claim:
    return replace(claim, proof=replace(claim.proof, points=points))


def test_a_batch_of_good_proofs(claims: list[Claim], rng: random.Random):
    proved = verify_memberships(claims, randbits=rng.getrandbits)
    assert [membership.nullifier for membership in proved] == [claim.proof.nullifier for claim in claims]


def test_an_empty_batch_proves_nothing(rng: random.Random):
    assert verify_memberships([], randbits=rng.getrandbits) == ()


def test_one_bad_proof_in_a_batch_is_found_and_named(claims: list[Claim], rng: random.Random):
    claims[5] = replace(claims[5], message=claims[5].message + 1)
    with pytest.raises(BatchRefused) as refused:
        verify_memberships(claims, randbits=rng.getrandbits)
    assert {place: type(error) for place, error in refused.value.refusals.items()} == {5: InvalidProof}


def test_all_bad_proofs_of_a_batch_are_named_each_with_its_own_error(claims: list[Claim], rng: random.Random):
    claims[0] = with_points(claims[0], bytes(31) + b"\x40" + claims[0].proof.points[32:])
    claims[2] = replace(claims[2], roots={1})
    claims[7] = with_points(claims[7], shift_c(claims[7].proof.points, 1))
    with pytest.raises(BatchRefused) as refused:
        verify_memberships(claims, randbits=rng.getrandbits)
    kinds = {place: type(error) for place, error in refused.value.refusals.items()}
    assert kinds == {0: MalformedProof, 2: UnknownRoot, 7: InvalidProof}


def test_errors_that_cancel_out_are_caught_by_the_random_weights(claims: list[Claim], rng: random.Random):
    key = groth16.verification_key(20)
    inputs = [1, 1, 1, 1]
    claims[1] = with_points(claims[1], shift_c(claims[1].proof.points, 1))
    claims[4] = with_points(claims[4], shift_c(claims[4].proof.points, -1))
    # With equal weights the two errors vanish from the sum, which is why the weights must be unpredictable.
    batch = [groth16.Claim(claim.proof.points, _inputs(claim), key.start) for claim in claims]
    groth16.verify_batch(key, batch, randbits=lambda _: pow(len(batch), -1, R))
    with pytest.raises(InvalidProof):
        groth16.verify_batch(key, batch, randbits=rng.getrandbits)
    with pytest.raises(InvalidProof):
        groth16.verify_batch(key, [*batch, batch[0]._replace(inputs=inputs)], randbits=rng.getrandbits)


def _inputs(claim: Claim) -> list[int]:
    return Speech(0, None, claim.scope, claim.message, claim.proof).inputs  # type: ignore[arg-type]


def flip_a_bit(rng: random.Random, fields: dict[str, str]) -> None:
    data = bytearray.fromhex(fields["points_hex"])
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    fields["points_hex"] = data.hex()


def replace_a_point(rng: random.Random, fields: dict[str, str]) -> None:
    text, (start, end) = fields["points_hex"], rng.choice([(0, 64), (64, 192), (192, 256)])
    fields["points_hex"] = text[:start] + rng.randbytes((end - start) // 2).hex() + text[end:]


def exchange_the_points(rng: random.Random, fields: dict[str, str]) -> None:
    text = fields["points_hex"]
    fields["points_hex"] = text[192:] + text[64:192] + text[:64]


def change_the_length(rng: random.Random, fields: dict[str, str]) -> None:
    text = fields["points_hex"]
    fields["points_hex"] = text[: rng.randrange(256)] + rng.choice(["", "00", "zz", " " * 300])


def alias_a_number(rng: random.Random, fields: dict[str, str]) -> None:
    name = rng.choice(["root", "nullifier"])
    fields[name] = str(int(fields[name]) + rng.randrange(1, 6) * R)


def change_a_digit(rng: random.Random, fields: dict[str, str]) -> None:
    name = rng.choice(["root", "nullifier"])
    text = fields[name]
    place = rng.randrange(len(text))
    fields[name] = (
        text[:place] + rng.choice([c for c in "0123456789-+.e _x" if c != text[place]]) + text[place + 1 :]
    )


MUTATIONS: list[Callable[[random.Random, dict[str, str]], None]] = [
    flip_a_bit,
    replace_a_point,
    exchange_the_points,
    change_the_length,
    alias_a_number,
    change_a_digit,
]


def test_of_2000_damaged_proofs_none_is_accepted_and_none_escapes_as_another_error(speech: Speech):
    rng, outcomes = random.Random(2000), Counter[str]()
    for number in range(2000):
        fields = wire(speech.proof)
        mutate = MUTATIONS[number % len(MUTATIONS)]
        mutate(rng, fields)
        try:
            proof = parse_proof(**fields)
            # The damaged root is accepted as known, so that the proof itself has to refuse it.
            verify_membership(proof, scope=speech.scope, message=speech.message, roots={proof.root})
        except AnonymityError as error:
            outcomes[type(error).__name__] += 1
        else:
            pytest.fail(f"accepted after {mutate.__name__}: {fields}")
    assert set(outcomes) == {"NotCanonicalField", "MalformedProof", "InvalidProof"}


def test_hex_has_one_spelling(speech: Speech):
    text = speech.proof.points.hex()
    for spelling in (text.upper(), f"0x{text[2:]}", f" {text[1:]}", f"{text[:-1]}\n", text[:-2], text + "00"):
        with pytest.raises(NotCanonical):
            parse_proof(**{**wire(speech.proof), "points_hex": spelling})


def test_two_scopes_give_nullifiers_that_have_nothing_in_common(speech: Speech, prover: Prover):
    place = speech.roster.leaves.index(prover.commitment(speech.secret))
    other = prover.prove(
        secret=speech.secret,
        path=speech.roster.path(place),
        scope=speech.scope + 1,
        message=speech.message,
        randbelow=random.Random(3).randrange,
    )
    assert other.nullifier != speech.proof.nullifier
    verify_membership(other, scope=speech.scope + 1, message=speech.message, roots={speech.roster.root})

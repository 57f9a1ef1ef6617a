"""Attack 6 of the threat model: points that crash the library or lie elsewhere; and what is no attack."""

import random

import pytest
from tests.anonymity.forging import (
    P,
    outside_the_subgroup,
    rerandomise,
)
from tests.anonymity.speech import Speech, parse_proof

from openmai.anonymity import groth16
from openmai.anonymity.errors import NotCanonical
from openmai.anonymity.groth16 import MalformedProof, ask_library
from openmai.anonymity.membership import (
    MembershipProof,
    verify_membership,
)

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


# Not an attack


def test_a_rerandomised_proof_is_accepted_as_the_same_persona(speech: Speech, rng: random.Random):
    """Groth16 proofs are malleable by design. So the bytes of a proof never identify anything: the nullifier
    does, and the message binds the key and the content."""
    points = rerandomise(groth16.verification_key(20), speech.proof.points, randbelow=rng.randrange)
    assert points != speech.proof.points
    other = MembershipProof(speech.proof.root, speech.proof.nullifier, points)
    proved = verify_membership(other, scope=speech.scope, message=speech.message, roots={speech.roster.root})
    assert proved.nullifier == speech.proof.nullifier

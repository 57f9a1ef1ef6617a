"""Groth16 over BN254 (Groth, EUROCRYPT 2016), behind a wall of our own checks.

The pairing library reduces scalars, drops missing inputs, accepts the point at infinity and trailing
bytes, and answers some bad points with a `BaseException`. So nothing reaches it that has not been checked
here: exact lengths, flags, count and range of the inputs (attacks 4 to 6 of the threat model).

A proof is 128 bytes: A (32), B (64), C (32), each point compressed as arkworks does: x little-endian, the
sign of y in the top bit. Proofs can be re-randomised by anybody; what identifies a persona is the
nullifier, never the bytes.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, repeat
from operator import getitem
from typing import Any, ClassVar, Final, NamedTuple, TypeVar

from zksnake.ecc import EllipticCurve

from openmai.anonymity.artifacts import verification_key_bytes
from openmai.anonymity.errors import AnonymityError, gettext_noop
from openmai.anonymity.fields import R, check_field

_ = gettext_noop
# zksnake has no types; these say which group is meant.
G1 = Any
G2 = Any
GT = Any
Answer = TypeVar("Answer")

CURVE: Final = EllipticCurve("BN254")
PROOF_SIZE: Final = 128
_G1_SIZE: Final = 32
_INFINITY_FLAG: Final = 0x40
# Forging one proof inside a batch succeeds with a probability of 2 to the minus this.
_BATCH_BITS: Final = 128


class MalformedProof(AnonymityError):
    """The bytes are no three points of the right groups, or not in their one encoding."""

    code: ClassVar[str] = "malformed-proof"


class WrongInputs(AnonymityError):
    """The number of public inputs is not the circuit's."""

    code: ClassVar[str] = "malformed-proof"


class InvalidProof(AnonymityError):
    """Well-formed, but it does not prove this statement."""

    code: ClassVar[str] = "invalid-proof"


class Points(NamedTuple):
    """A decoded proof: members of the prime-order groups, none of them the point at infinity."""

    a: G1
    b: G2
    c: G1

    def compress(self) -> bytes:
        return bytes(self.a.to_bytes()) + bytes(self.b.to_bytes()) + bytes(self.c.to_bytes())


# For one base: for each of the 32 bytes of a scalar, the multiples by 0 to 255 times that byte's weight.
FixedBase = tuple[tuple[G1, ...], ...]


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A circuit's verification key. `ic` has one point more than the circuit has public inputs."""

    alpha: G1
    beta: G2
    gamma: G2
    delta: G2
    ic: tuple[G1, ...]
    alpha_beta: GT
    bases: tuple[FixedBase, ...]

    def check_inputs(self, inputs: Sequence[int]) -> list[int]:
        if len(inputs) != len(self.ic) - 1:
            message = _("the circuit has %(wanted)d public inputs, not %(given)d")
            raise WrongInputs(message, wanted=len(self.ic) - 1, given=len(inputs))
        return [check_field(value, name="public input") for value in inputs]

    def statement(self, checked: Sequence[int]) -> G1:
        """IC₀ + Σ inputᵢ·ICᵢ by 32 additions an input: the bases never change, so multiples are kept."""
        total = self.ic[0]
        for base, value in zip(self.bases, checked, strict=True):
            total = sum(map(getitem, base, value.to_bytes(32, "little")), total)
        return total


@cache
def verification_key(depth: int) -> VerificationKey:
    """The pinned key of Semaphore's circuit of this depth; raise `WrongArtifact` if there is none."""
    key = json.loads(verification_key_bytes(depth))
    alpha, beta = _affine_g1(key["vk_alpha_1"]), _affine_g2(key["vk_beta_2"])
    ic = tuple(_affine_g1(point) for point in key["IC"])
    return VerificationKey(
        alpha=alpha,
        beta=beta,
        gamma=_affine_g2(key["vk_gamma_2"]),
        delta=_affine_g2(key["vk_delta_2"]),
        ic=ic,
        alpha_beta=CURVE.pairing(alpha, beta),
        bases=tuple(map(_fixed_base, ic[1:])),
    )


def _fixed_base(point: G1) -> FixedBase:
    rows = []
    for _ in range(32):
        # accumulate gives 0·P, P, …, 255·P; one more P is the next byte's weight.
        row = tuple(accumulate(repeat(point, 255), initial=CURVE.curve.PointG1.identity()))
        rows.append(row)
        point = row[-1] + point
    return tuple(rows)


def _affine_g1(point: list[str]) -> G1:
    return CURVE(int(point[0]), int(point[1]))


def _affine_g2(point: list[list[str]]) -> G2:
    (x0, x1), (y0, y1), _ = point
    return CURVE((int(x0), int(x1)), (int(y0), int(y1)))


def ask_library(call: Callable[..., Answer], *arguments: object) -> Answer:
    """Call into zksnake with hostile points; whatever it complains of becomes `MalformedProof`.

    Its panics arrive as PyO3's `PanicException`, derived from BaseException and not importable; anything
    else of that kind, such as `KeyboardInterrupt`, is none of our business and passes.
    """
    try:
        return call(*arguments)
    except (ValueError, OverflowError) as error:
        raise MalformedProof(_("a point of the proof is not on its curve or not in its group")) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise MalformedProof(_("a point of the proof could not be read")) from error


def decode_points(proof: bytes) -> Points:
    """Read 128 bytes as a proof; raise `MalformedProof` unless they are its one encoding."""
    if type(proof) is not bytes or len(proof) != PROOF_SIZE:
        raise MalformedProof(_("a proof has exactly %(size)d bytes"), size=PROOF_SIZE)
    a, b, c = proof[:_G1_SIZE], proof[_G1_SIZE:-_G1_SIZE], proof[-_G1_SIZE:]
    # The library would take infinity with any x beside it, and then everything pairs to one.
    if any(point[-1] & _INFINITY_FLAG for point in (a, b, c)):
        raise MalformedProof(_("a point of the proof is the point at infinity"))
    curve = CURVE.curve
    return Points(
        ask_library(curve.PointG1.from_bytes, a),
        ask_library(curve.PointG2.from_bytes, b),
        ask_library(curve.PointG1.from_bytes, c),
    )


def verify(key: VerificationKey, proof: bytes, inputs: Sequence[int]) -> None:
    """Check e(A, B) = e(α, β) · e(Σ inputᵢ·ICᵢ, γ) · e(C, δ); raise `InvalidProof` if it does not hold.

    Also `MalformedProof`, `WrongInputs` and `NotCanonical`. The inputs are checked before the points are
    decoded.
    """
    checked = key.check_inputs(inputs)
    points = decode_points(proof)
    pairs = [points.a, -key.statement(checked), -points.c], [points.b, key.gamma, key.delta]
    if ask_library(CURVE.multi_pairing, *pairs) != key.alpha_beta:
        raise InvalidProof(_("the proof does not prove this statement"))


def verify_batch(
    key: VerificationKey, claims: Sequence[tuple[bytes, Sequence[int]]], *, randbits: Callable[[int], int]
) -> None:
    """Check many (proof, inputs) at once; raise `InvalidProof` if any fails, without saying which.

    A random affine combination of the equations, the weights drawn after the proofs are fixed: one final
    exponentiation and one Miller loop a proof instead of three. `randbits(k)` must be unpredictable.
    """
    checked = [key.check_inputs(inputs) for _, inputs in claims]
    points = [decode_points(proof) for proof, _ in claims]
    if not points:
        return
    weights = _affine_weights(len(points), randbits)
    columns = zip(*checked, strict=True)
    combined = [sum(w * x for w, x in zip(weights, column, strict=True)) % R for column in columns]
    left = ask_library(CURVE.batch_mul, [point.a for point in points], weights)
    rest = ask_library(CURVE.multiexp, [point.c for point in points], weights)
    g1 = [*left, -key.statement(combined), -rest]
    g2 = [*(point.b for point in points), key.gamma, key.delta]
    if ask_library(CURVE.multi_pairing, g1, g2) != key.alpha_beta:
        raise InvalidProof(_("at least one proof of the batch does not prove its statement"))


def _affine_weights(count: int, randbits: Callable[[int], int]) -> list[int]:
    """All random but the last, which makes the sum 1, so that e(α, β) and IC₀ keep their weight.

    Errors that differ cancel with a probability of 2 to the minus `_BATCH_BITS`; equal ones add up to
    themselves.
    """
    free = [randbits(_BATCH_BITS) for _ in range(count - 1)]
    return [*free, (1 - sum(free)) % R]

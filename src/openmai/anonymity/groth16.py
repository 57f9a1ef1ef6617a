"""Groth16 over BN254 (Groth, EUROCRYPT 2016), behind a wall of our own checks.

The pairing library reduces scalars, drops missing inputs, accepts the point at infinity and trailing
bytes, and answers some bad points with a `BaseException`. So nothing reaches it that has not been checked
here: exact lengths, flags, count and range of the inputs (attacks 4 to 6 of the threat model).

A proof is 128 bytes: A (32), B (64), C (32), each point compressed as arkworks does: x little-endian, the
sign of y in the top bit. Proofs can be re-randomised by anybody; what identifies a persona is the
nullifier, never the bytes.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
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
_COORDINATE: Final = re.compile(r"0|[1-9][0-9]{0,76}")
# Forging one proof inside a batch succeeds with a probability of 2 to the minus this.
_BATCH_BITS: Final = 128


class MalformedProof(AnonymityError):
    """The bytes are no three points of the right groups, or not in their one encoding."""

    code: ClassVar[str] = "malformed-proof"


class WrongInputs(AnonymityError):
    """The number of public inputs is not the circuit's."""

    code: ClassVar[str] = "malformed-proof"


class MalformedKey(AnonymityError):
    """A verification key whose points are not of the right groups, or not as many as the circuit's."""


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
    """A circuit's verification key. `ic` has one point more than the circuit has public inputs.

    Of the inputs that change with each proof, the first ones, `bases` keeps multiples; the rest, which many
    proofs have in common, is summed up once by `fixed`.
    """

    alpha: G1
    beta: G2
    gamma: G2
    delta: G2
    ic: tuple[G1, ...]
    alpha_beta: GT
    bases: tuple[FixedBase, ...]

    @property
    def start(self) -> G1:
        """What a statement begins with if the circuit has no inputs in common."""
        return self.ic[0]

    def fixed(self, common: Sequence[int]) -> G1:
        """IC₀ + Σ inputᵢ·ICᵢ over the last inputs, all that `bases` does not keep."""
        changing = len(self.bases)
        checked = _checked(common, len(self.ic) - 1 - changing)
        return self.ic[0] + CURVE.multiexp(list(self.ic[1 + changing :]), checked)

    def check_inputs(self, inputs: Sequence[int]) -> list[int]:
        """The inputs that change, if they are as many as `bases` and canonical."""
        return _checked(inputs, len(self.bases))

    def sum(self, checked: Sequence[int]) -> G1:
        """Σ inputᵢ·ICᵢ by 32 additions an input: the bases never change, so multiples are kept."""
        total = CURVE.curve.PointG1.identity()
        for base, value in zip(self.bases, checked, strict=True):
            total = sum(map(getitem, base, value.to_bytes(32, "little")), total)
        return total


def _checked(inputs: Sequence[int], wanted: int) -> list[int]:
    if len(inputs) != wanted:
        message = _("the circuit has %(wanted)d public inputs, not %(given)d")
        raise WrongInputs(message, wanted=wanted, given=len(inputs))
    return [check_field(value, name="public input") for value in inputs]


@cache
def verification_key(depth: int) -> VerificationKey:
    """The pinned key of Semaphore's circuit of this depth; raise `WrongArtifact` if there is none."""
    return read_verification_key(json.loads(verification_key_bytes(depth)), inputs=4, changing=4)


def read_verification_key(key: Mapping[str, Any], *, inputs: int, changing: int) -> VerificationKey:
    """Read snarkjs' JSON of a key with so many inputs, of which the first `changing` differ from proof to
    proof.

    Raises `MalformedKey` unless each point is in its group and none is at infinity: whoever wrote the file
    may want a verifier that accepts everything.
    """
    try:
        points = _read_points(key)
    except (KeyError, TypeError, ValueError, OverflowError, MalformedProof) as error:
        raise MalformedKey(_("the verification key cannot be read")) from error
    alpha, beta, gamma, delta, *ic = points
    if len(ic) != inputs + 1 or any(point.is_zero() for point in points):
        raise MalformedKey(_("the verification key is not that of the circuit"))
    return VerificationKey(
        alpha=alpha,
        beta=beta,
        gamma=gamma,
        delta=delta,
        ic=tuple(ic),
        alpha_beta=CURVE.pairing(alpha, beta),
        bases=tuple(map(_fixed_base, ic[1 : 1 + changing])),
    )


def _read_points(key: Mapping[str, Any]) -> list[G1 | G2]:
    g2 = [key[name] for name in ("vk_beta_2", "vk_gamma_2", "vk_delta_2")]
    return [
        ask_library(_affine_g1, key["vk_alpha_1"]),
        *(ask_library(_affine_g2, point) for point in g2),
        *(ask_library(_affine_g1, point) for point in key["IC"]),
    ]


def _fixed_base(point: G1) -> FixedBase:
    rows = []
    for _ in range(32):
        # accumulate gives 0·P, P, …, 255·P; one more P is the next byte's weight.
        row = tuple(accumulate(repeat(point, 255), initial=CURVE.curve.PointG1.identity()))
        rows.append(row)
        point = row[-1] + point
    return tuple(rows)


def _affine_g1(point: list[str]) -> G1:
    x, y, z = point
    if z != "1":
        raise ValueError("the point is not affine")
    return CURVE(_coordinate(x), _coordinate(y))


def _affine_g2(point: list[list[str]]) -> G2:
    (x0, x1), (y0, y1), z = point
    if z != ["1", "0"]:
        raise ValueError("the point is not affine")
    return CURVE((_coordinate(x0), _coordinate(x1)), (_coordinate(y0), _coordinate(y1)))


def _coordinate(text: object) -> int:
    # The library reduces what it is given: x + p would be the same point in another spelling.
    if (
        type(text) is not str
        or not _COORDINATE.fullmatch(text)
        or (number := int(text)) >= CURVE.field_modulus
    ):
        raise ValueError("a coordinate is a canonical decimal string below p")
    return number


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


def verify(key: VerificationKey, proof: bytes, inputs: Sequence[int], *, start: G1 | None = None) -> None:
    """Check e(A, B) = e(α, β) · e(Σ inputᵢ·ICᵢ, γ) · e(C, δ); raise `InvalidProof` if it does not hold.

    `start` is `key.fixed(…)` where the circuit has inputs in common. Also raises `MalformedProof`,
    `WrongInputs` and `NotCanonical`. The inputs are checked before the points are decoded.
    """
    checked = key.check_inputs(inputs)
    points = decode_points(proof)
    statement = key.sum(checked) + (key.start if start is None else start)
    pairs = [points.a, -statement, -points.c], [points.b, key.gamma, key.delta]
    if ask_library(CURVE.multi_pairing, *pairs) != key.alpha_beta:
        raise InvalidProof(_("the proof does not prove this statement"))


class Claim(NamedTuple):
    """One proof under a key: what changes of its inputs, and what the statement begins with."""

    proof: bytes
    inputs: Sequence[int]
    start: G1


Randbits = Callable[[int], int]


class Batch(NamedTuple):
    """Proofs under one key; in the sum of all equations their weights add up to `total`."""

    key: VerificationKey
    claims: Sequence[Claim]
    total: int


def verify_batch(key: VerificationKey, claims: Sequence[Claim], *, randbits: Randbits) -> None:
    """`verify_together` for one key."""
    if claims:
        verify_together([Batch(key, claims, 1)], target=key.alpha_beta, randbits=randbits)


def verify_together(batches: Sequence[Batch], *, target: GT, randbits: Randbits) -> None:
    """Check many proofs under one or more keys at once; raise `InvalidProof` if any fails, without saying
    which.

    A random affine combination of the equations, the weights drawn after the proofs are fixed: one final
    exponentiation, and one Miller loop a proof instead of three. `randbits(k)` must be unpredictable.
    `target` is the product of e(α, β) to the power of `total` over all keys; of several totals all but one
    must be secret, so that errors under one key cannot cancel those under another.
    """
    checked = [[batch.key.check_inputs(claim.inputs) for claim in batch.claims] for batch in batches]
    g1: list[G1] = []
    g2: list[G2] = []
    # By γ, which is the same for all keys that snarkjs makes: one Miller loop for all statements.
    statements: dict[bytes, tuple[G1, G2]] = {}
    for batch, inputs in zip(batches, checked, strict=True):
        points = [decode_points(claim.proof) for claim in batch.claims]
        weights = _affine_weights(len(points), batch.total, randbits)
        g1 += ask_library(CURVE.batch_mul, [point.a for point in points], weights)
        g2 += [point.b for point in points]
        g1.append(-ask_library(CURVE.multiexp, [point.c for point in points], weights))
        g2.append(batch.key.delta)
        name, statement = bytes(batch.key.gamma.to_bytes()), _statement(batch, inputs, weights)
        total = statement + statements[name][0] if name in statements else statement
        statements[name] = total, batch.key.gamma
    for total, gamma in statements.values():
        g1.append(-total)
        g2.append(gamma)
    if ask_library(CURVE.multi_pairing, g1, g2) != target:
        raise InvalidProof(_("at least one proof of the batch does not prove its statement"))


def _statement(batch: Batch, inputs: Sequence[Sequence[int]], weights: Sequence[int]) -> G1:
    """The weighted sum of the statements: inputs are combined as numbers, starts by how often they occur."""
    columns = zip(*inputs, strict=True)
    combined = [sum(w * x for w, x in zip(weights, column, strict=True)) % R for column in columns]
    total = batch.key.sum(combined)
    shares: dict[int, tuple[G1, int]] = {}
    for claim, weight in zip(batch.claims, weights, strict=True):
        # Most claims share the very same object; equal ones that do not only cost a multiplication more.
        _start, share = shares.get(id(claim.start), (claim.start, 0))
        shares[id(claim.start)] = claim.start, (share + weight) % R
    for start, share in shares.values():
        total += start if share == 1 else start * share
    return total


def _affine_weights(count: int, total: int, randbits: Randbits) -> list[int]:
    """All random but the last, which makes the sum `total`, so that e(α, β) and IC₀ keep their weight.

    Errors that differ cancel with a probability of 2 to the minus `_BATCH_BITS`; equal ones add up to
    themselves.
    """
    free = [randbits(_BATCH_BITS) for _ in range(count - 1)]
    return [*free, (total - sum(free)) % R]


def balanced(keys: tuple[VerificationKey, VerificationKey], *, randbits: Randbits) -> tuple[int, GT]:
    """A secret total for the batch of the second key, and the target beside a total of 1 for the first.

    Drawn once and kept for many batches: whoever sees only whether they hold excludes one of 2 to the
    `_BATCH_BITS` totals with each attempt.
    """
    first, second = keys
    total = randbits(_BATCH_BITS)
    alphas, betas = [first.alpha, second.alpha * total], [first.beta, second.beta]
    return total, CURVE.multi_pairing(alphas, betas)

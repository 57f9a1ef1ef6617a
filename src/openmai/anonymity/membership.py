"""Membership proofs at depth 20: "one of this roster says this message here, under this nullifier"."""

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar

from openmai.anonymity import groth16
from openmai.anonymity.encoding import circuit_input
from openmai.anonymity.errors import AnonymityError, gettext_noop
from openmai.anonymity.fields import check_field
from openmai.anonymity.leanimt import DEPTH

_ = gettext_noop


class ZeroRoot(AnonymityError):
    """Root 0: the empty tree's, and what the circuit says of a path longer than its depth, to anybody."""

    code: ClassVar[str] = "zero-root"


class UnknownRoot(AnonymityError):
    """The root is none of those that are accepted now."""

    code: ClassVar[str] = "unknown-root"


class BadNullifier(AnonymityError):
    """The nullifier is 0."""

    code: ClassVar[str] = "bad-nullifier"


class BatchRefused(AnonymityError):
    """Some claims of a batch failed; `refusals` maps their positions to what each would have raised alone."""

    def __init__(self, refusals: Mapping[int, AnonymityError]) -> None:
        places = ", ".join(map(str, sorted(refusals)))
        super().__init__(_("these claims of the batch were refused: %(places)s"), places=places)
        self.refusals = MappingProxyType(dict(refusals))


@dataclass(frozen=True, slots=True)
class MembershipProof:
    """What travels: `root` and `nullifier` in (0, r), `points` 128 bytes. Canonical from its creation on."""

    root: int
    nullifier: int
    points: bytes

    def __post_init__(self) -> None:
        if check_field(self.root, name="root") == 0:
            raise ZeroRoot(_("the root of an empty roster proves nothing"))
        if check_field(self.nullifier, name="nullifier") == 0:
            raise BadNullifier(_("the nullifier is 0"))
        if type(self.points) is not bytes or len(self.points) != groth16.PROOF_SIZE:
            raise groth16.MalformedProof(_("a proof has exactly %(size)d bytes"), size=groth16.PROOF_SIZE)


@dataclass(frozen=True, slots=True)
class Membership:
    """What was proved: a member of the roster with this root holds the nullifier's secret and said the
    message.
    """

    root: int
    nullifier: int
    scope: int
    message: int


@dataclass(frozen=True, slots=True)
class Claim:
    """One element of a batch: a proof and what it is expected to prove."""

    proof: MembershipProof
    scope: int
    message: int
    roots: Container[int] = field(repr=False)


def verify_membership(
    proof: MembershipProof, *, scope: int, message: int, roots: Container[int]
) -> Membership:
    """Return what `proof` proves of this scope and message, both 256-bit integers of `Domain`.

    Raises `UnknownRoot`, `MalformedProof` or `InvalidProof`. The depth is always 20.
    """
    claim = Claim(proof, scope, message, roots)
    groth16.verify(groth16.verification_key(DEPTH), proof.points, _public_inputs(claim))
    return _proved(claim)


def verify_memberships(claims: Iterable[Claim], *, randbits: Callable[[int], int]) -> tuple[Membership, ...]:
    """Verify many at once, in less than half the time each; all or `BatchRefused`, which names each that
    failed.
    """
    listed = list(claims)
    try:
        key = groth16.verification_key(DEPTH)
        groth16.verify_batch(key, [proof_claim(claim) for claim in listed], randbits=randbits)
    except AnonymityError as error:
        raise BatchRefused(_refusals(listed)) from error
    return tuple(map(_proved, listed))


def proof_claim(claim: Claim) -> groth16.Claim:
    """The claim as the pairing sees it; raise `UnknownRoot`."""
    key = groth16.verification_key(DEPTH)
    return groth16.Claim(claim.proof.points, _public_inputs(claim), key.start)


def _refusals(claims: list[Claim]) -> dict[int, AnonymityError]:
    refusals: dict[int, AnonymityError] = {}
    for position, claim in enumerate(claims):
        try:
            verify_membership(claim.proof, scope=claim.scope, message=claim.message, roots=claim.roots)
        except AnonymityError as error:
            refusals[position] = error
    return refusals


def _public_inputs(claim: Claim) -> tuple[int, int, int, int]:
    """The circuit's four public signals in its order; raise `UnknownRoot`."""
    if claim.proof.root not in claim.roots:
        raise UnknownRoot(_("the root is not a current one of this roster"))
    return (
        claim.proof.root,
        claim.proof.nullifier,
        circuit_input(claim.message),
        circuit_input(claim.scope),
    )


def _proved(claim: Claim) -> Membership:
    return Membership(
        root=claim.proof.root, nullifier=claim.proof.nullifier, scope=claim.scope, message=claim.message
    )

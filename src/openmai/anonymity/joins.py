"""Membership and gate of a join together: one multi-pairing for all that wait."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from openmai.anonymity import groth16
from openmai.anonymity.errors import AnonymityError
from openmai.anonymity.gate import GateClaim, verify_gate
from openmai.anonymity.groth16 import VerificationKey
from openmai.anonymity.leanimt import DEPTH
from openmai.anonymity.membership import BatchRefused, Claim, proof_claim, verify_membership


@dataclass(frozen=True, slots=True)
class JoinClaim:
    """A member says something, and no ban and no limit stands against it. Both parts share nullifier, scope
    and message; whoever builds the claim sees to that.
    """

    membership: Claim
    gate: GateClaim


@dataclass(frozen=True, slots=True)
class Balance:
    """How much the gate weighs against membership when both are verified together: a secret of the verifier,
    which makes it once for each gate's key.
    """

    key: VerificationKey = field(repr=False)
    total: int = field(repr=False)
    target: groth16.GT = field(repr=False)

    @classmethod
    def of(cls, key: VerificationKey, *, randbits: Callable[[int], int]) -> "Balance":
        """A fresh one; `randbits(k)` must be unpredictable."""
        keys = groth16.verification_key(DEPTH), key
        return cls(key, *groth16.balanced(keys, randbits=randbits))


def verify_join(claim: JoinClaim, *, balance: Balance, randbits: Callable[[int], int]) -> None:
    """Raise what the first part that falls would raise alone."""
    try:
        _verify([claim], balance, randbits)
    except AnonymityError:
        # Which part was it? The parts are asked alone, and accept only what the whole accepts.
        _verify_parts(claim)
        raise


def verify_joins(claims: Sequence[JoinClaim], *, balance: Balance, randbits: Callable[[int], int]) -> None:
    """All or `BatchRefused`, which names each that fell. All have one gate, that of `balance`."""
    try:
        _verify(claims, balance, randbits)
    except AnonymityError as error:
        raise BatchRefused(_refusals(claims)) from error


def _verify(claims: Sequence[JoinClaim], balance: Balance, randbits: Callable[[int], int]) -> None:
    if any(claim.gate.gates.key is not balance.key for claim in claims):
        raise ValueError("a claim of another gate's than the balance's")
    if not claims:
        return
    members = [proof_claim(claim.membership) for claim in claims]
    pages = [page for claim in claims for page in claim.gate.proof_claims()]
    batches = [
        groth16.Batch(groth16.verification_key(DEPTH), members, 1),
        groth16.Batch(balance.key, pages, balance.total),
    ]
    groth16.verify_together(batches, target=balance.target, randbits=randbits)


def _verify_parts(claim: JoinClaim) -> None:
    member = claim.membership
    verify_membership(member.proof, scope=member.scope, message=member.message, roots=member.roots)
    verify_gate(claim.gate)


def _refusals(claims: Sequence[JoinClaim]) -> dict[int, AnonymityError]:
    refusals: dict[int, AnonymityError] = {}
    for place, claim in enumerate(claims):
        try:
            _verify_parts(claim)
        except AnonymityError as error:
            refusals[place] = error
    return refusals

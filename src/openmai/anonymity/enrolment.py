"""Proof of knowledge at enrolment: the commitment is a key's, not a subtree's (docs/protocol.md §2).

Without it Mallory registers Poseidon(c1, c2) as one commitment, proves with a path one longer, and has
two personas. The proof is a membership proof in the two-leaf tree (commitment, K) by the stock circuit of
depth 1, which has no room for a longer path.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from Crypto.Hash import keccak

from openmai.anonymity import groth16
from openmai.anonymity.encoding import Domain, circuit_input
from openmai.anonymity.errors import AnonymityError, gettext_noop
from openmai.anonymity.fields import be32, parse_decimal, parse_hex
from openmai.anonymity.leanimt import MerklePath
from openmai.anonymity.membership import BadNullifier, MembershipProof
from openmai.anonymity.poseidon import poseidon2

if TYPE_CHECKING:
    # A server that only verifies loads no WebAssembly engine.
    from openmai.anonymity.prover import Prover

_ = gettext_noop
DEPTH: Final = 1
# No y-coordinate of Baby Jubjub, so nobody holds a key with it.
ENROLMENT_PAIR: Final = (
    int.from_bytes(keccak.new(digest_bits=256, data=b"openmai/v1/enrol-pok/0").digest(), "big") >> 8
)


class CommitmentRefused(AnonymityError):
    """0 stands for a removed member and K for the other half of the pair; neither can be a member's
    commitment.
    """

    code: ClassVar[str] = "bad-value"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What was proved: whoever answered this ticket knows the secret behind `commitment`."""

    commitment: int


@dataclass(frozen=True, slots=True)
class EnrolmentClaim:
    """An enrolment as it is logged: `message` is D("enrol-pok", …), which names no account to anybody else;
    `points` are the proof's 128 bytes.
    """

    commitment: int
    nullifier: int
    message: int
    points: bytes

    def document(self) -> dict[str, Any]:
        return {
            "commitment": str(self.commitment),
            "nullifier": str(self.nullifier),
            "message": be32(self.message).hex(),
            "proof": self.points.hex(),
        }


def verify_enrolments(
    claims: Sequence[EnrolmentClaim], *, domain: Domain, randbits: Callable[[int], int]
) -> None:
    """Check that each commitment is a key's; all at once, in less than half the time each.

    Raises `CommitmentRefused`, `MalformedProof` or `InvalidProof`.
    """
    scope, key = circuit_input(domain.enrol_scope()), groth16.verification_key(DEPTH)
    batch = [
        groth16.Claim(
            claim.points,
            (
                poseidon2(_check_commitment(claim.commitment), ENROLMENT_PAIR),
                claim.nullifier,
                circuit_input(claim.message),
                scope,
            ),
            key.start,
        )
        for claim in claims
    ]
    groth16.verify_batch(key, batch, randbits=randbits)


def verify_enrolment(
    *, domain: Domain, account: str, nonce: bytes, commitment: object, nullifier: object, proof: object
) -> Enrolment:
    """Check the answer to the ticket (account, nonce). `commitment` and `nullifier` are decimals, `proof`
    256 hex.

    Raises `NotCanonical`, `CommitmentRefused`, `BadNullifier`, `MalformedProof` or `InvalidProof`.
    """
    leaf = _check_commitment(parse_decimal(commitment, name="commitment"))
    tag = parse_decimal(nullifier, name="nullifier")
    if tag == 0:
        raise BadNullifier(_("the nullifier is 0"))
    points = parse_hex(proof, size=groth16.PROOF_SIZE, name="proof")
    scope, message = _circuit_scope_and_message(domain, account, nonce)
    # The root is computed here, never taken from the answer.
    inputs = (poseidon2(leaf, ENROLMENT_PAIR), tag, message, scope)
    groth16.verify(groth16.verification_key(DEPTH), points, inputs)
    return Enrolment(commitment=leaf)


def prove_enrolment(
    prover: "Prover",
    *,
    secret: int,
    domain: Domain,
    account: str,
    nonce: bytes,
    randbelow: Callable[[int], int],
) -> tuple[int, MembershipProof]:
    """The commitment of `secret` and the proof that its holder answers this ticket. `prover` has depth 1."""
    proof = prover.prove(
        secret=secret,
        path=MerklePath(0, (ENROLMENT_PAIR,)),
        scope=domain.enrol_scope(),
        message=domain.enrol_message(account=account, nonce=nonce),
        randbelow=randbelow,
    )
    return prover.commitment(secret), proof


def _check_commitment(commitment: int) -> int:
    if commitment in (0, ENROLMENT_PAIR):
        raise CommitmentRefused(_("this number cannot be a member's commitment"))
    return commitment


def _circuit_scope_and_message(domain: Domain, account: str, nonce: bytes) -> tuple[int, int]:
    message = domain.enrol_message(account=account, nonce=nonce)
    return circuit_input(domain.enrol_scope()), circuit_input(message)

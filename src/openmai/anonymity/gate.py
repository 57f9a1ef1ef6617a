"""The gate: "whoever is this persona wrote none of the banned posts, and takes one of the day's slots".

The circuit is ours and the set-up each operator's own, because only the operator relies on it; that a member
speaks is Semaphore's proof alone. Both show the same thread nullifier, so they are about one secret.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from openmai.anonymity import groth16
from openmai.anonymity.bans import BANS_A_PAGE, BanList, Page
from openmai.anonymity.documents import BadValue, DocumentRefused, Fields, check_list
from openmai.anonymity.encoding import Domain, circuit_input
from openmai.anonymity.errors import AnonymityError, gettext_noop
from openmai.anonymity.fields import parse_hex
from openmai.anonymity.groth16 import G1, PROOF_SIZE, VerificationKey
from openmai.anonymity.limits import MAX_GATE_PAGES
from openmai.anonymity.poseidon import poseidon2

_ = gettext_noop
MOST_SLOTS: Final = 255
# threadNullifier, rateNullifier, threadScope, rateScope, slots, message change from proof to proof; bans do
# not.
CHANGING: Final = 6
PUBLIC_INPUTS: Final = CHANGING + 2 * BANS_A_PAGE
_FIELDS: Final = ("day", "bans", "rate", "proofs")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class MalformedGate(DocumentRefused):
    """A gate proof is not 128 bytes in their one encoding."""

    code: ClassVar = "malformed-gate"


class InvalidGate(DocumentRefused):
    """A gate proof does not prove this: another persona, message, day, number of slots, list or page."""

    code: ClassVar = "invalid-gate"


class WrongGateCount(DocumentRefused):
    """There is not one gate proof for each page of the ban list."""

    code: ClassVar = "wrong-gate-count"


@dataclass(frozen=True, slots=True)
class Gate:
    """What a join brings: the UTC day of its slot, the name of the ban list, the rate nullifier, a proof a
    page.
    """

    day: str
    bans: bytes
    rate: int
    proofs: tuple[bytes, ...] = field(repr=False)

    def document(self) -> dict[str, Any]:
        return {
            "day": self.day,
            "bans": self.bans.hex(),
            "rate": str(self.rate),
            "proofs": [proof.hex() for proof in self.proofs],
        }


def read_gate(fields: Fields) -> Gate:
    """The field `gate` of a join; raise a `DocumentRefused`. Points are not decoded yet."""
    gate = fields.child("gate", _FIELDS)
    day = gate.word("day", _DAY)
    rate = gate.decimal("rate")
    if rate == 0:
        raise BadValue(_("the rate nullifier is 0"), pointer=gate.at("rate"))
    listed = check_list(gate.raw("proofs"), least=1, most=MAX_GATE_PAGES, pointer=gate.at("proofs"))
    proofs = tuple(_read_proof(each, f"{gate.at('proofs')}/{place}") for place, each in enumerate(listed))
    return Gate(day, gate.hex("bans", size=32), rate, proofs)


def _read_proof(value: object, pointer: str) -> bytes:
    try:
        return parse_hex(value, size=PROOF_SIZE)
    except AnonymityError as error:
        raise MalformedGate(
            _("a gate proof has %(digits)d lowercase hexadecimal digits"),
            digits=2 * PROOF_SIZE,
            pointer=pointer,
        ) from error


@dataclass(frozen=True, slots=True)
class GateStatement:
    """What a gate proof is about: one persona, day and message. Numbers of `Domain` are 256 bits long."""

    nullifier: int
    rate: int
    thread_scope: int
    rate_scope: int
    slots: int
    message: int

    def inputs(self) -> tuple[int, ...]:
        """The circuit's public signals before the bans, in its order."""
        scopes = circuit_input(self.thread_scope), circuit_input(self.rate_scope)
        return self.nullifier, self.rate, *scopes, self.slots, circuit_input(self.message)


def rate_nullifier(*, secret: int, domain: Domain, day: str, slot: int) -> int:
    """The rate nullifier of a member's slot on a day."""
    return poseidon2(poseidon2(circuit_input(domain.rate_scope(day)), slot), secret)


def read_gate_key(document: object) -> VerificationKey:
    """Parse a verification key as snarkjs writes it; raise `MalformedKey` if it is not one of the gate's
    circuit.
    """
    if not isinstance(document, dict):
        raise groth16.MalformedKey(_("the verification key cannot be read"))
    return groth16.read_verification_key(document, inputs=PUBLIC_INPUTS, changing=CHANGING)


def page_signals(page: Page) -> list[int]:
    """The circuit's ban inputs: all scopes, then all nullifiers."""
    return [scope for scope, _ in page] + [nullifier for _, nullifier in page]


@dataclass(frozen=True, slots=True)
class GateList:
    """A ban list as one gate's verifier keeps it: its name, and for each page the sum over its inputs."""

    key: VerificationKey = field(repr=False)
    digest: bytes
    starts: tuple[G1, ...] = field(repr=False)

    @classmethod
    def of(cls, key: VerificationKey, bans: BanList) -> "GateList":
        """Sum up the sixty inputs of each page, once for a list."""
        starts = tuple(key.fixed(page_signals(page)) for page in bans.pages())
        return cls(key, bans.digest, starts)

    def check_count(self, gate: Gate) -> None:
        """Raise `WrongGateCount` unless there is one proof for each page."""
        if len(gate.proofs) != len(self.starts):
            message = _("the ban list has %(wanted)d pages, and %(given)d gate proofs came")
            values = {"wanted": len(self.starts), "given": len(gate.proofs)}
            raise WrongGateCount(message, pointer="/join/gate/proofs", **values)


@dataclass(frozen=True, slots=True)
class GateClaim:
    """The gate proofs of a join, what they are expected to prove, and the list that they must be about."""

    gates: GateList
    statement: GateStatement
    proofs: tuple[bytes, ...] = field(repr=False)

    def proof_claims(self) -> list[groth16.Claim]:
        """One for each page, as the pairing sees it: the page is the verifier's own, never the sender's."""
        inputs = self.statement.inputs()
        return [
            groth16.Claim(proof, inputs, start)
            for proof, start in zip(self.proofs, self.gates.starts, strict=True)
        ]


def verify_gate(claim: GateClaim) -> None:
    """Check page by page; raise `MalformedGate` or `InvalidGate` with the place of the first that falls."""
    for place, (proof, inputs, start) in enumerate(claim.proof_claims()):
        pointer = f"/join/gate/proofs/{place}"
        try:
            groth16.verify(claim.gates.key, proof, inputs, start=start)
        except groth16.MalformedProof as error:
            raise MalformedGate(error.template, pointer=pointer, **error.values) from error
        except groth16.InvalidProof as error:
            raise InvalidGate(_("the gate proof does not prove this statement"), pointer=pointer) from error


def free_slots(slots: int, used: Sequence[int]) -> list[int]:
    """The slots of a day that are not used yet."""
    taken = set(used)
    return [slot for slot in range(slots) if slot not in taken]

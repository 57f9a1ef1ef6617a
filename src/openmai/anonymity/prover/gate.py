"""Proving at the gate: the operator's key, our own circuit, and a check of everything before it leaves."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from openmai.anonymity import groth16
from openmai.anonymity.artifacts import check_gate_circuit
from openmai.anonymity.bans import Ban, BanList, Page
from openmai.anonymity.encoding import Domain, circuit_input
from openmai.anonymity.errors import AnonymityError, gettext_noop
from openmai.anonymity.gate import Gate, GateStatement, page_signals, rate_nullifier, read_gate_key
from openmai.anonymity.poseidon import poseidon2
from openmai.anonymity.prover.proving import prove
from openmai.anonymity.prover.witness import Circuit
from openmai.anonymity.prover.zkey import ProvingKey, read_proving_key

_ = gettext_noop


class Banned(AnonymityError):
    """This secret wrote a banned post: for it the circuit has no solution."""

    def __init__(self, ban: Ban) -> None:
        super().__init__(_("this key wrote a post that is banned until %(until)s"), until=ban.until)
        self.ban = ban


class UnsafeGate(AnonymityError):
    """The circuit or the operator's key did not do what it should; the proof must not be sent."""


@dataclass(frozen=True, slots=True)
class GateRequest:
    """What is proved: one member's slot on a day, in a thread, over a join's message."""

    secret: int
    domain: Domain
    thread_scope: int
    message: int
    day: str
    slot: int
    slots: int

    def statement(self) -> GateStatement:
        return GateStatement(
            nullifier=poseidon2(circuit_input(self.thread_scope), self.secret),
            rate=rate_nullifier(secret=self.secret, domain=self.domain, day=self.day, slot=self.slot),
            thread_scope=self.thread_scope,
            rate_scope=self.domain.rate_scope(self.day),
            slots=self.slots,
            message=self.message,
        )

    def witness_inputs(self, page: Page) -> dict[str, list[int]]:
        _nullifier, _rate, thread_scope, rate_scope, slots, message = self.statement().inputs()
        return {
            "secret": [self.secret],
            "slot": [self.slot],
            "threadScope": [thread_scope],
            "rateScope": [rate_scope],
            "slots": [slots],
            "message": [message],
            "banScope": [scope for scope, _ in page],
            "banNullifier": [nullifier for _, nullifier in page],
        }


class GateProver:
    """Proves with the pinned circuit and an operator's key. Parsing takes seconds and happens once."""

    def __init__(self, *, wasm: bytes, zkey: bytes, key: object) -> None:
        """`key` is the verification key's JSON document."""
        self._wasm = check_gate_circuit("wasm", wasm)
        self._zkey = zkey
        self._verification_key = read_gate_key(key)

    @cached_property
    def _circuit(self) -> Circuit:
        return Circuit(self._wasm)

    @cached_property
    def _key(self) -> ProvingKey:
        # The operator's, and pinned by nobody but the member: its points may be anything.
        return groth16.ask_library(read_proving_key, self._zkey)

    def prepare(self) -> None:
        """Load now what the first proof would load."""
        _ = self._circuit, self._key

    def prove(self, request: GateRequest, bans: BanList, *, randbelow: Callable[[int], int]) -> Gate:
        """A proof for each page of the list. Raises `Banned`, `NoWitness` (a slot ≥ slots) or `UnsafeGate`.

        The proof is made without randomness and then re-randomised: A and B are uniform, and the verification
        equation leaves one C. So whatever the proving key holds, a proof that holds under the verification
        key tells nothing more, and one that does not is not sent.
        """
        if (ban := bans.ban_on(request.secret)) is not None:
            raise Banned(ban)
        proofs = tuple(self._prove_page(request, page, randbelow) for page in bans.pages())
        return Gate(request.day, bans.digest, request.statement().rate, proofs)

    def _prove_page(self, request: GateRequest, page: Page, randbelow: Callable[[int], int]) -> bytes:
        witness = self._circuit.witness(request.witness_inputs(page))
        changing = list(request.statement().inputs())
        public = [*changing, *page_signals(page)]
        if witness[1 : 1 + len(public)] != public:
            raise UnsafeGate(
                _("the circuit's public signals are not those of this secret, slot, day and list")
            )
        try:
            points: bytes = groth16.ask_library(self._compressed, witness, randbelow)
            start = self._verification_key.fixed(page_signals(page))
            groth16.verify(self._verification_key, points, changing, start=start)
        except (AnonymityError, IndexError) as error:
            raise UnsafeGate(_("the gate proof does not verify under the site's key")) from error
        return points

    def _compressed(self, witness: list[int], randbelow: Callable[[int], int]) -> bytes:
        return prove(self._key, witness, randbelow=randbelow).compress()

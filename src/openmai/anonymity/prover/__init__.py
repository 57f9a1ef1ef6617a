"""Proving without a browser: Semaphore's stock circuits, run and proved in Python.

`Prover` is used by the command line and the tests. No network and no file: the artifacts come as bytes
and are checked against the pinned hashes.
"""

from collections.abc import Callable
from functools import cached_property

from openmai.anonymity import groth16
from openmai.anonymity.artifacts import Artifacts
from openmai.anonymity.encoding import circuit_input
from openmai.anonymity.errors import AnonymityError, gettext_noop
from openmai.anonymity.fields import L
from openmai.anonymity.leanimt import MerklePath
from openmai.anonymity.membership import MembershipProof
from openmai.anonymity.poseidon import poseidon2
from openmai.anonymity.prover.proving import prove
from openmai.anonymity.prover.witness import Circuit, NoWitness
from openmai.anonymity.prover.zkey import ProvingKey, read_proving_key

__all__ = ["Artifacts", "BadSecret", "NoWitness", "PathTooLong", "Prover", "UnsafeProof", "new_secret"]

_ = gettext_noop


class BadSecret(AnonymityError):
    """A secret is an integer with 1 ≤ secret < l."""


class PathTooLong(AnonymityError):
    """The path has more siblings than the circuit has levels, for which it would answer root 0."""


class UnsafeProof(AnonymityError):
    """The circuit or the key did not do what the pinned ones do; the proof must not be sent."""


def new_secret(randbelow: Callable[[int], int]) -> int:
    """A uniformly random secret in [1, l); `randbelow` must be unpredictable, such as `secrets.randbelow`."""
    return 1 + randbelow(L - 1)


class Prover:
    """Proves with one circuit. Compiling it and parsing the key take seconds and happen once: keep the
    prover.
    """

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    @property
    def depth(self) -> int:
        return self._artifacts.depth

    @cached_property
    def _circuit(self) -> Circuit:
        return Circuit(self._artifacts.wasm)

    @cached_property
    def _key(self) -> ProvingKey:
        return read_proving_key(self._artifacts.zkey)

    def prepare(self) -> None:
        """Load now what the first proof would load: for a caller who wants to say so meanwhile."""
        _ = self._circuit, self._key

    def commitment(self, secret: int) -> int:
        """Poseidon of the secret's public key, which itself never leaves the circuit.

        The circuit's root over a path of no siblings is the leaf.
        """
        root, _ = self._circuit.outputs(self._inputs(secret, MerklePath(0, ()), 0, 0), 2)
        return root

    def prove(
        self, *, secret: int, path: MerklePath, scope: int, message: int, randbelow: Callable[[int], int]
    ) -> MembershipProof:
        """Prove that the commitment of `secret` is the leaf of `path`, over two 256-bit integers of `Domain`.

        The caller compares the proof's root with the roster's. Raises `BadSecret`, `PathTooLong` or
        `UnsafeProof`: before anything is returned it is verified with the pinned key and every public
        signal computed again, because a doctored key could smuggle the secret out.
        """
        scope_signal, message_signal = circuit_input(scope), circuit_input(message)
        witness = self._circuit.witness(self._inputs(secret, path, scope_signal, message_signal))
        leaf = self.commitment(secret)
        public = [path.root_from(leaf), poseidon2(scope_signal, secret), message_signal, scope_signal]
        if witness[1 : 1 + len(public)] != public:
            raise UnsafeProof(
                _("the circuit's public signals are not those of this secret, path, scope and message")
            )
        points = prove(self._key, witness, randbelow=randbelow).compress()
        self._check(points, public)
        return MembershipProof(root=public[0], nullifier=public[1], points=points)

    def _check(self, points: bytes, public: list[int]) -> None:
        try:
            groth16.verify(groth16.verification_key(self.depth), points, public)
        except AnonymityError as error:
            raise UnsafeProof(_("the new proof does not verify with the pinned key")) from error

    def _inputs(self, secret: int, path: MerklePath, scope: int, message: int) -> dict[str, list[int]]:
        if type(secret) is not int or not 1 <= secret < L:
            raise BadSecret(_("a secret lies between 1 and the order of Baby Jubjub's subgroup"))
        missing = self.depth - len(path.siblings)
        if missing < 0:
            refusal = _("the circuit has %(levels)d levels, the path %(length)d")
            raise PathTooLong(refusal, levels=self.depth, length=len(path.siblings))
        return {
            "secret": [secret],
            "merkleProofLength": [len(path.siblings)],
            "merkleProofIndex": [path.index],
            "merkleProofSiblings": [*path.siblings, *[0] * missing],
            "scope": [scope],
            "message": [message],
        }

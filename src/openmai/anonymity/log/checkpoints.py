"""C2SP tlog-checkpoint and tlog-cosignature: what the log signs, and what witnesses add."""

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from openmai.anonymity.errors import gettext_noop
from openmai.anonymity.keys import public_bytes
from openmai.anonymity.log.base64 import decode_base64
from openmai.anonymity.log.merkle import EMPTY_ROOT, HASH_SIZE, LogRefused, TreeHead, parse_size
from openmai.anonymity.log.notes import (
    COSIGNATURE,
    BadNoteSignature,
    MalformedNote,
    Note,
    NoteKey,
    SignatureLine,
    check_ed25519,
    parse_note,
    sign_note,
    verify_note,
)

_ = gettext_noop
MAX_TIMESTAMP: Final = 2**63 - 1


class WrongOrigin(LogRefused):
    """The checkpoint is another log's."""


class TooFewWitnesses(LogRefused):
    """Fewer of the known witnesses than are asked for have signed the checkpoint."""


@dataclass(frozen=True, slots=True)
class Cosignature:
    """What a witness said: at `timestamp` (Unix seconds) this was the largest head of the log it had seen."""

    witness: str
    timestamp: int


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A head that the log's own key signed. `note` has all signatures that came with it."""

    origin: str
    head: TreeHead
    note: Note

    @property
    def data(self) -> bytes:
        return self.note.data


def log_origin(site: str) -> str:
    """The first line of the checkpoints of a site, and the name of its key."""
    return f"{site}/log"


def checkpoint_text(origin: str, head: TreeHead) -> str:
    return f"{origin}\n{head.size}\n{b64encode(head.root).decode()}\n"


def sign_checkpoint(origin: str, head: TreeHead, key: Ed25519PrivateKey) -> SignedCheckpoint:
    return SignedCheckpoint(origin, head, sign_note(checkpoint_text(origin, head), name=origin, key=key))


def read_checkpoint(note: Note) -> tuple[str, TreeHead]:
    """Origin and head of a checkpoint without extension lines; raise `MalformedNote` or `BadHead`."""
    lines = note.text.split("\n")
    root = decode_base64(lines[2]) if len(lines) == 4 else None
    if not lines[0] or root is None or len(root) != HASH_SIZE:
        raise MalformedNote(_("a checkpoint has three lines: the log, its size and its root"))
    head = TreeHead(parse_size(lines[1]), root)
    if head.size == 0 and head.root != EMPTY_ROOT:
        raise MalformedNote(_("the root of an empty log is another"))
    return lines[0], head


def open_checkpoint(data: bytes, key: NoteKey) -> SignedCheckpoint:
    """Read a checkpoint of the log that `key` is of; its name is the origin.

    Raises `MalformedNote`, `BadHead`, `WrongOrigin`, `UnknownSigner` or `BadNoteSignature`.
    """
    note = parse_note(data)
    origin, head = read_checkpoint(note)
    if origin != key.name:
        raise WrongOrigin(
            _("the checkpoint is of the log %(found)s, not %(name)s"), found=origin, name=key.name
        )
    verify_note(note, key)
    return SignedCheckpoint(origin, head, note)


def cosign(
    checkpoint: SignedCheckpoint, *, name: str, timestamp: int, key: Ed25519PrivateKey
) -> SignatureLine:
    """A witness's line (cosignature/v1)."""
    witness = NoteKey(name, public_bytes(key), COSIGNATURE)
    signature = key.sign(_cosigned(checkpoint.note.text, timestamp))
    return SignatureLine(name, witness.id, timestamp.to_bytes(8, "big") + signature)


def verify_cosignature(note: Note, witness: NoteKey) -> Cosignature | None:
    """What `witness` said of this checkpoint; None if it said nothing. Raises `BadNoteSignature`."""
    said = None
    for line in note.by(witness):
        timestamp = int.from_bytes(line.signature[:8], "big")
        if len(line.signature) != 72 or timestamp > MAX_TIMESTAMP:
            raise BadNoteSignature(_("the signature of %(name)s does not hold"), name=witness.name)
        check_ed25519(witness, line.signature[8:], _cosigned(note.text, timestamp))
        said = Cosignature(witness.name, timestamp)
    return said


def check_witnesses(
    checkpoint: SignedCheckpoint, witnesses: Iterable[NoteKey], *, quorum: int
) -> tuple[Cosignature, ...]:
    """The cosignatures by known witnesses; raise `TooFewWitnesses` or `BadNoteSignature`.

    Two names with one key count once: a quorum counts keys.
    """
    found = {
        witness.public: said
        for witness in witnesses
        if (said := verify_cosignature(checkpoint.note, witness)) is not None
    }
    if len(found) < quorum:
        message = _("%(found)d witnesses have signed the log's newest state, and %(quorum)d are asked for")
        raise TooFewWitnesses(message, found=len(found), quorum=quorum)
    return tuple(found.values())


def _cosigned(text: str, timestamp: int) -> bytes:
    return f"cosignature/v1\ntime {timestamp}\n{text}".encode()

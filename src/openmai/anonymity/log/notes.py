"""C2SP signed-note: text, an empty line, and signature lines with the name and the short id of each key."""

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from openmai.anonymity.encoding import sha256
from openmai.anonymity.errors import gettext_noop
from openmai.anonymity.keys import BadSignature, public_bytes, verify_signature
from openmai.anonymity.log.base64 import decode_base64
from openmai.anonymity.log.merkle import LogRefused

_ = gettext_noop
ED25519: Final = 0x01
COSIGNATURE: Final = 0x04
# The least that verifiers must read is 16 signatures; a witness of tomorrow may sign with 2.5 KB.
MAX_NOTE: Final = 65_536
MAX_SIGNATURES: Final = 64
_NAME: Final = re.compile(r"[^\s+\x00-\x1f\x7f]{1,255}")
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")
_DASH: Final = "— "
_VKEY: Final = re.compile(r"([^\s+]{1,255})\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)")


class MalformedNote(LogRefused):
    """This is not a signed note."""


class UnknownSigner(LogRefused):
    """None of the keys that are trusted has signed the note."""


class BadKey(LogRefused):
    """This is not a key in the form name+id+key."""


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A key that notes are verified with. `kind` is `ED25519` (logs) or `COSIGNATURE` (witnesses)."""

    name: str
    public: bytes
    kind: int = ED25519

    @property
    def id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public)[:4]

    @property
    def text(self) -> str:
        """A verifier key as C2SP writes it."""
        return f"{self.name}+{self.id.hex()}+{b64encode(bytes([self.kind]) + self.public).decode()}"


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """`signature` has what follows the four bytes of `key_id`."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def text(self) -> str:
        return f"{_DASH}{self.name} {b64encode(self.key_id + self.signature).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A note as it was read: whose signatures hold is not known yet. `text` ends with its line feed."""

    text: str
    signatures: tuple[SignatureLine, ...]

    @property
    def data(self) -> bytes:
        return (self.text + "\n" + "".join(line.text for line in self.signatures)).encode()

    def by(self, key: NoteKey) -> tuple[SignatureLine, ...]:
        """The lines that say that they are by `key`."""
        return tuple(line for line in self.signatures if (line.name, line.key_id) == (key.name, key.id))

    def with_signatures(self, lines: Sequence[SignatureLine]) -> "Note":
        return Note(self.text, (*self.signatures, *(line for line in lines if line not in self.signatures)))


def parse_key(text: str, *, kind: int) -> NoteKey:
    """Read a verifier key `name+id+key`; raise `BadKey`."""
    match = _VKEY.fullmatch(text)
    data = decode_base64(match[3]) if match else None
    if match is None or data is None or len(data) != 33 or data[0] != kind:
        raise BadKey(_("a key is written as name+id+key, the key an Ed25519 one in base64"))
    key = NoteKey(match[1], data[1:], kind)
    if key.text != text or not is_key_name(key.name):
        raise BadKey(_("the id of the key does not belong to its name"))
    return key


def is_key_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def parse_note(data: bytes) -> Note:
    """Read a note in its one form; raise `MalformedNote`."""
    if len(data) > MAX_NOTE:
        raise MalformedNote(_("the note has more than %(limit)d bytes"), limit=MAX_NOTE)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedNote(_("the note is not UTF-8")) from error
    body, gap, lines = text.rpartition("\n\n")
    if not gap or not lines.endswith("\n") or _CONTROL.search(text):
        raise MalformedNote(_("a note is text, an empty line and signatures"))
    listed = lines[:-1].split("\n")
    if len(listed) > MAX_SIGNATURES:
        raise MalformedNote(_("the note has more than %(limit)d signatures"), limit=MAX_SIGNATURES)
    return Note(body + "\n", tuple(map(parse_signature, listed)))


def parse_signature(line: str) -> SignatureLine:
    """Read a signature line without its line feed; raise `MalformedNote`."""
    name, _space, encoded = line.removeprefix(_DASH).partition(" ")
    data = decode_base64(encoded)
    if not line.startswith(_DASH) or not is_key_name(name) or data is None or len(data) < 5:
        raise MalformedNote(_("a signature of the note is not in its one form"))
    return SignatureLine(name, data[:4], data[4:])


def sign_note(text: str, *, name: str, key: Ed25519PrivateKey) -> Note:
    """The note with an Ed25519 signature; `text` ends with a line feed."""
    signer = NoteKey(name, public_bytes(key))
    return Note(text, (SignatureLine(name, signer.id, key.sign(text.encode())),))


def verify_note(note: Note, key: NoteKey) -> None:
    """Raise `UnknownSigner` if no line is by `key`, `BadSignature` if one that says so is not."""
    lines = note.by(key)
    if not lines:
        raise UnknownSigner(_("the note is not signed by %(name)s with the key that is known"), name=key.name)
    for line in lines:
        check_ed25519(key, line.signature, note.text.encode())


def check_ed25519(key: NoteKey, signature: bytes, message: bytes) -> None:
    try:
        verify_signature(key=key.public, signature=signature, message=message)
    except BadSignature as error:
        raise BadNoteSignature(_("the signature of %(name)s does not hold"), name=key.name) from error


class BadNoteSignature(LogRefused, BadSignature):
    """A line that names a known key was not made with it."""

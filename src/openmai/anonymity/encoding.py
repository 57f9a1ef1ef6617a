"""Domain separation: how scopes and messages are made (docs/protocol.md §1)."""

import hashlib
from dataclasses import dataclass

import rfc8785
from Crypto.Hash import keccak

from openmai.anonymity.errors import NotCanonical, gettext_noop
from openmai.anonymity.fields import be32

_ = gettext_noop
Argument = str | bytes | int


def canonical_json(document: object) -> bytes:
    """The RFC 8785 bytes of `document`; raise `NotCanonical` if it has none (floats out of range, lone
    surrogates).
    """
    try:
        return rfc8785.dumps(document)  # type: ignore[arg-type]
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError) as error:
        raise NotCanonical(_("the document has no canonical form")) from error


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def length_prefixed(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def circuit_input(value: int) -> int:
    """Semaphore v4's own reduction of a 256-bit integer into the field: keccak256(be32(value)) >> 8."""
    digest = keccak.new(digest_bits=256, data=be32(value)).digest()
    return int.from_bytes(digest, "big") >> 8


@dataclass(frozen=True, slots=True)
class Domain:
    """A site in a season: everything hashed for one says nothing in another."""

    site: str
    season: str

    def digest(self, tag: str, *arguments: Argument) -> int:
        """D(tag, …) as a 256-bit integer. Strings are UTF-8, integers 32 bytes big-endian."""
        parts = [self.site.encode(), self.season.encode(), *map(_argument_bytes, arguments)]
        return int.from_bytes(
            sha256(b"openmai/v1/" + tag.encode() + b"\0" + b"".join(map(length_prefixed, parts))), "big"
        )

    def thread_scope(self, thread_id: bytes) -> int:
        return self.digest("thread", thread_id)

    def rate_scope(self, day: str) -> int:
        """The scope of a UTC day's slots; `day` is "YYYY-MM-DD"."""
        return self.digest("rate", day)

    def enrol_scope(self) -> int:
        return self.digest("enrol")

    def enrol_message(self, *, account: str, nonce: bytes) -> int:
        return self.digest("enrol-pok", account, nonce)

    def join_message(
        self, *, thread_id: bytes, key: bytes, roster: str, root: int, checkpoint: str, first: bytes
    ) -> int:
        """What a membership proof says when a persona enters a thread; `first` is the id of its first
        content.
        """
        return self.digest("join", thread_id, key, roster, root, checkpoint, first)

    def action_bytes(self, content_id: bytes) -> bytes:
        """The 32 bytes that a persona signs for each of its actions."""
        return be32(self.digest("action", content_id))

    def receipt_bytes(self, content_id: bytes, due: str) -> bytes:
        """The 32 bytes that the talk site signs when it accepts; `due` is an RFC 3339 time in UTC."""
        return be32(self.digest("receipt", content_id, due))

    def bind_code(self, *, commitment: int, salt: bytes) -> int:
        """What ties evidence to a commitment (protocol §3)."""
        return self.digest("bind", commitment, salt)


def _argument_bytes(argument: Argument) -> bytes:
    match argument:
        case str():
            return argument.encode()
        case bytes():
            return argument
        case int():
            return be32(argument)

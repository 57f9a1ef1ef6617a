"""Submissions: content signed by a persona, the first time with a membership proof (docs/protocol.md §5)."""

from dataclasses import dataclass
from typing import Any, ClassVar, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from openmai.anonymity.content import Content, Opening, parse_content
from openmai.anonymity.documents import DocumentRefused, Fields, NotCanonicalField, load_json
from openmai.anonymity.encoding import Domain, canonical_json
from openmai.anonymity.errors import gettext_noop
from openmai.anonymity.gate import Gate, read_gate
from openmai.anonymity.groth16 import PROOF_SIZE
from openmai.anonymity.keys import BadSignature, public_bytes, verify_signature
from openmai.anonymity.limits import MAX_BODY
from openmai.anonymity.log.merkle import BadHead, parse_head
from openmai.anonymity.membership import BadNullifier, MembershipProof, ZeroRoot
from openmai.anonymity.rosters import ROSTER_PATTERN

__all__ = [
    "MAX_BODY",
    "Entrance",
    "Join",
    "OpeningWithoutJoin",
    "RefusedRoot",
    "Submission",
    "build_submission",
    "join_scope_and_message",
    "parse_submission",
    "read_join",
    "sign_content",
    "verify_action",
]

_ = gettext_noop
VERSION: Final = 1
# Sixteen digits, a space, 32 bytes in base64.
MAX_HEAD: Final = 61
_FIELDS: Final = ("version", "content", "key", "signature", "join")
_JOIN_FIELDS: Final = ("roster", "root", "nullifier", "checkpoint", "proof", "gate")


class OpeningWithoutJoin(DocumentRefused):
    """An opening without a join: whoever opens a thread is new in it."""

    code: ClassVar = "join-required"


class RefusedRoot(DocumentRefused, ZeroRoot):
    """The root is 0, the root of nothing."""

    code: ClassVar = "zero-root"


class RefusedNullifier(DocumentRefused, BadNullifier):
    """The nullifier is 0."""

    code: ClassVar = "bad-nullifier"


@dataclass(frozen=True, slots=True)
class Join:
    """With which a persona enters a thread: it wears the label of `roster`.

    `checkpoint` is the log's at the time when the epoch was logged (protocol §10), the same for everyone who
    uses that epoch.
    """

    roster: str
    proof: MembershipProof
    checkpoint: str

    def document(self) -> dict[str, Any]:
        """What of it is published."""
        return {
            "roster": self.roster,
            "root": str(self.proof.root),
            "nullifier": str(self.proof.nullifier),
            "checkpoint": self.checkpoint,
            "proof": self.proof.points.hex(),
        }


@dataclass(frozen=True, slots=True)
class Entrance:
    """A join as it is sent: with the gate's proofs, which the site checks and forgets."""

    join: Join
    gate: Gate

    @property
    def nullifier(self) -> int:
        return self.join.proof.nullifier

    def document(self) -> dict[str, Any]:
        return {**self.join.document(), "gate": self.gate.document()}


@dataclass(frozen=True, slots=True)
class Submission:
    """What a device sends. `key` is the persona's (32 bytes), `signature` 64 bytes over the action."""

    content: Content
    key: bytes
    signature: bytes
    entrance: Entrance | None

    @property
    def id(self) -> bytes:
        """The id of the content: sending the same content again is the same action."""
        return self.content.id

    @property
    def thread_id(self) -> bytes:
        return self.content.thread_id

    @property
    def join(self) -> Join | None:
        return None if self.entrance is None else self.entrance.join

    def document(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "content": self.content.document(),
            "key": self.key.hex(),
            "signature": self.signature.hex(),
            "join": None if self.entrance is None else self.entrance.document(),
        }


def sign_content(content: Content, key: Ed25519PrivateKey) -> bytes:
    """The persona's signature over be32(D("action", id))."""
    return key.sign(content.domain.action_bytes(content.id))


def verify_action(*, content: Content, key: bytes, signature: bytes) -> None:
    """Raise `BadSignature` unless the persona with `key` signed `content`."""
    try:
        verify_signature(key=key, signature=signature, message=content.domain.action_bytes(content.id))
    except BadSignature as error:
        error.pointer = "/signature"
        raise


def join_scope_and_message(
    *, content: Content, key: bytes, roster: str, root: int, checkpoint: str, first: bytes | None = None
) -> tuple[int, int]:
    """What a join must prove, here and at the gate: the thread's scope, and the message that ties roster,
    root, checkpoint, key and first post.

    `first` is the id of the content that the join came with; None means `content` itself.
    """
    thread_id = content.thread_id
    message = content.domain.join_message(
        thread_id=thread_id,
        key=key,
        roster=roster,
        root=root,
        checkpoint=checkpoint,
        first=content.id if first is None else first,
    )
    return content.domain.thread_scope(thread_id), message


def build_submission(*, content: Content, key: Ed25519PrivateKey, entrance: Entrance | None) -> bytes:
    """The canonical bytes to send; raise a `DocumentRefused` if the talk site would refuse their form."""
    submission = Submission(
        content=content, key=public_bytes(key), signature=sign_content(content, key), entrance=entrance
    )
    body = canonical_json(submission.document())
    parse_submission(body, domain=content.domain)
    return body


def parse_submission(body: bytes, *, domain: Domain | None, past: str | None = None) -> Submission:
    """Check 1 and, with `domain`, the first half of check 2 (§6); raise a `DocumentRefused`.

    A reply may also be of the season `past`, whose threads are open still.

    Neither signature nor proof is verified here.
    """
    fields = Fields(load_json(body, limit=MAX_BODY), _FIELDS)
    fields.literal("version", VERSION)
    content = parse_content(fields.raw("content"), domain=domain, past=past, pointer=fields.at("content"))
    key, signature = fields.hex("key", size=32), fields.hex("signature", size=64)
    entrance = None
    if fields.raw("join") is not None:
        entered = fields.child("join", _JOIN_FIELDS)
        entrance = Entrance(read_join(entered), read_gate(entered))
    elif isinstance(content, Opening):
        raise OpeningWithoutJoin(_("an opening needs a proof of membership"), pointer=fields.at("join"))
    return Submission(content=content, key=key, signature=signature, entrance=entrance)


def read_join(fields: Fields) -> Join:
    """The fields `roster`, `root`, `nullifier`, `checkpoint` and `proof`; points are not decoded yet."""
    roster = fields.word("roster", ROSTER_PATTERN)
    root, nullifier = fields.decimal("root"), fields.decimal("nullifier")
    if root == 0:
        raise RefusedRoot(_("the root of an empty roster proves nothing"), pointer=fields.at("root"))
    if nullifier == 0:
        raise RefusedNullifier(_("the nullifier is 0"), pointer=fields.at("nullifier"))
    proof = MembershipProof(root=root, nullifier=nullifier, points=fields.hex("proof", size=PROOF_SIZE))
    return Join(roster, proof, _read_checkpoint(fields))


def _read_checkpoint(fields: Fields) -> str:
    text = fields.text("checkpoint", most=MAX_HEAD)
    try:
        return parse_head(text).text
    except BadHead as error:
        raise NotCanonicalField(error.template, pointer=fields.at("checkpoint")) from error

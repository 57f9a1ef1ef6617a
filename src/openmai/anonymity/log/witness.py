"""What a witness does (C2SP tlog-witness): it cosigns a log that has only grown since it last looked.

Pure: whoever calls keeps the head that was cosigned last, and keeps the new one before the answer is sent.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from openmai.anonymity.errors import gettext_noop
from openmai.anonymity.log.base64 import decode_base64
from openmai.anonymity.log.checkpoints import SignedCheckpoint, open_checkpoint, read_checkpoint
from openmai.anonymity.log.merkle import (
    EMPTY,
    HASH_SIZE,
    LogRefused,
    TreeHead,
    parse_size,
    verify_consistency,
)
from openmai.anonymity.log.notes import MAX_NOTE, NoteKey, parse_note

_ = gettext_noop
MAX_PROOF: Final = 63
MAX_REQUEST: Final = MAX_NOTE + 64 * 48


class WitnessRefusal(LogRefused):
    """The witness does not sign. `status` is the answer's HTTP status, `body` its text."""

    status: ClassVar[int] = 400
    body = ""


class BadRequest(WitnessRefusal):
    """The request is not in its one form, or the old size is greater than the new one."""


class UnknownLog(WitnessRefusal):
    """This witness does not look after this log."""

    status: ClassVar[int] = 404


class NotByTheLog(WitnessRefusal):
    """The log's known key has not signed the checkpoint."""

    status: ClassVar[int] = 403


class OtherSize(WitnessRefusal):
    """The old size is not the one that was cosigned last, or the same size has two roots."""

    status: ClassVar[int] = 409


class NotConsistent(WitnessRefusal):
    """The log did not grow out of what was cosigned last."""

    status: ClassVar[int] = 422


@dataclass(frozen=True, slots=True)
class Request:
    """`add-checkpoint` as it was read."""

    old: int
    proof: tuple[bytes, ...]
    checkpoint: bytes


def read_request(body: bytes) -> Request:
    """Raise `BadRequest` for every form but one."""
    head, gap, checkpoint = body.partition(b"\n\n")
    try:
        first, *lines = head.decode("ascii").split("\n")
        old = parse_size(first.removeprefix("old "))
        read_checkpoint(parse_note(checkpoint))
    except (LogRefused, UnicodeDecodeError) as error:
        raise BadRequest(_("the request is not in its one form")) from error
    proof = tuple(filter(None, map(decode_base64, lines)))
    sizes_fit = len(proof) == len(lines) <= MAX_PROOF and all(len(each) == HASH_SIZE for each in proof)
    if not gap or not first.startswith("old ") or not sizes_fit or len(body) > MAX_REQUEST:
        raise BadRequest(_("the request is not in its one form"))
    return Request(old, proof, checkpoint)


def judge(
    body: bytes, *, logs: Mapping[str, NoteKey], last: Callable[[str], TreeHead | None]
) -> SignedCheckpoint:
    """The checkpoint that may be cosigned; raise a `WitnessRefusal`.

    `logs` are those that the witness looks after, by origin; `last` gives the head cosigned last.
    """
    request = read_request(body)
    origin, head = read_checkpoint(parse_note(request.checkpoint))
    if (key := logs.get(origin)) is None:
        raise UnknownLog(_("this witness does not know the log"))
    try:
        checkpoint = open_checkpoint(request.checkpoint, key)
    except LogRefused as error:
        raise NotByTheLog(error.template, **error.values) from error
    if request.old > head.size:
        raise BadRequest(_("the old size is greater than the new one"))
    _check_growth(request, checkpoint, last(origin) or EMPTY)
    return checkpoint


def _check_growth(request: Request, checkpoint: SignedCheckpoint, last: TreeHead) -> None:
    head = checkpoint.head
    if request.old != last.size or (head.size == last.size and head.root != last.root):
        refusal = OtherSize(_("the size that was cosigned last is %(size)d"), size=last.size)
        refusal.body = f"{last.size}\n"
        raise refusal
    try:
        verify_consistency(old=last, new=head, proof=request.proof)
    except LogRefused as error:
        raise NotConsistent(error.template, **error.values) from error

"""The part of a proof file that is about the log (docs/protocol.md §8): what was logged, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from openmai.anonymity.documents import BadValue, Fields
from openmai.anonymity.encoding import canonical_json
from openmai.anonymity.errors import AnonymityError, gettext_noop
from openmai.anonymity.log.checkpoints import (
    Cosignature,
    SignedCheckpoint,
    check_witnesses,
    log_origin,
    open_checkpoint,
)
from openmai.anonymity.log.entries import LogEntry, parse_entry, roster_entry
from openmai.anonymity.log.merkle import LogRefused, TreeHead, leaf_hash, verify_consistency, verify_inclusion
from openmai.anonymity.log.notes import COSIGNATURE, MAX_NOTE, NoteKey, parse_key
from openmai.anonymity.log.view import LogTrust
from openmai.anonymity.rosters import SignedStatement

_ = gettext_noop
LOG_CLAIMS: Final = ("log-roster", "log-tick", "log-order", "witnesses")
LOG_FIELDS: Final = ("key", "witnesses", "checkpoint", "roster", "consistency", "tick")
# As many as a tree of 2**53 entries is high, and one.
_MAX_PROOF: Final = 64
_MAX_WITNESSES: Final = 32


class WrongLogKey(LogRefused):
    """The checkpoint is signed by another key than the one that is known."""


class WrongOrder(LogRefused):
    """What must come first in the log does not."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry's place in the log, and the proof of it."""

    index: int
    proof: tuple[bytes, ...]

    def document(self) -> dict[str, Any]:
        return {"index": self.index, "proof": [each.hex() for each in self.proof]}


@dataclass(frozen=True, slots=True)
class LogPart:
    """`roster` is proved in the tree of the join's own checkpoint, `tick` in that of `checkpoint`, and
    `consistency` leads from the one to the other.
    """

    key: bytes
    witnesses: tuple[NoteKey, ...]
    checkpoint: bytes
    roster: Placed
    consistency: tuple[bytes, ...]
    tick: Placed
    entry: LogEntry

    def document(self) -> dict[str, Any]:
        return {
            "key": self.key.hex(),
            "witnesses": [each.text for each in self.witnesses],
            "checkpoint": self.checkpoint.decode(),
            "roster": self.roster.document(),
            "consistency": [each.hex() for each in self.consistency],
            "tick": {
                **self.tick.document(),
                "entry": {"tick": self.entry.facts["tick"], "posts": self.entry.facts["posts"]},
            },
        }


@dataclass(frozen=True, slots=True)
class Logged:
    """What the log says of a post: published at `tick` (RFC 3339), the roster logged before it.

    `joined` is the head that the post's writer saw, `head` the one that was signed later.
    """

    key: bytes
    joined: TreeHead
    origin: str
    head: TreeHead
    roster_index: int
    tick_index: int
    tick: str
    witnesses: tuple[Cosignature, ...]


def read_log_part(fields: Fields, *, site: str, season: str) -> LogPart:
    """Read the part; raise a `DocumentRefused` or a `LogRefused`. Nothing is proved yet."""
    tick = fields.child("tick", ("index", "proof", "entry"))
    entry = tick.child("entry", ("tick", "posts"))
    document = {"type": "openmai/log/tick/v1", "site": site, "season": season}
    note = fields.raw("checkpoint")
    if type(note) is not str or len(note) > MAX_NOTE:
        raise BadValue(_("a text was expected here"), pointer=fields.at("checkpoint"))
    return LogPart(
        key=fields.hex("key", size=32),
        witnesses=_witnesses(fields),
        checkpoint=note.encode(),
        roster=_placed(fields.child("roster", ("index", "proof"))),
        consistency=_hashes(fields, "consistency"),
        tick=_placed(tick),
        entry=parse_entry(
            canonical_json({**document, "tick": entry.raw("tick"), "posts": entry.raw("posts")})
        ),
    )


def open_part(part: LogPart, *, site: str, trust: LogTrust | None) -> SignedCheckpoint:
    """The checkpoint of the part; with `trust` its key must be the one that is known."""
    key = NoteKey(log_origin(site), part.key)
    if trust is not None and trust.key != key:
        raise WrongLogKey(_("the log is signed by another key than the one that is known"))
    return open_checkpoint(part.checkpoint, key)


def check_roster_logged(
    part: LogPart, checkpoint: SignedCheckpoint, *, joined: TreeHead, signed: SignedStatement
) -> None:
    """The claim `log-roster`: the join names the log just behind the roster's entry, and that log grew into
    the one that was signed.
    """
    if joined.size != part.roster.index + 1:
        raise WrongOrder(_("the join names another head of the log than that of its roster"))
    leaf = leaf_hash(roster_entry(signed).data)
    verify_inclusion(index=part.roster.index, leaf=leaf, proof=part.roster.proof, head=joined)
    verify_consistency(old=joined, new=checkpoint.head, proof=part.consistency)


def check_tick_logged(part: LogPart, checkpoint: SignedCheckpoint, *, post: bytes) -> None:
    """The claim `log-tick`: the log says that this post was published."""
    if post.hex() not in part.entry.facts["posts"]:
        raise WrongOrder(_("the entry of the log does not name the post"))
    leaf = leaf_hash(part.entry.data)
    verify_inclusion(index=part.tick.index, leaf=leaf, proof=part.tick.proof, head=checkpoint.head)


def check_order(part: LogPart, *, joined: TreeHead) -> None:
    """The claim `log-order`: the roster was logged before the post was, so it was not made up for it."""
    if part.tick.index < joined.size:
        raise WrongOrder(_("the post was logged before the roster that it rests on"))


def check_part_witnesses(
    part: LogPart, checkpoint: SignedCheckpoint, *, trust: LogTrust | None
) -> tuple[Cosignature, ...]:
    """The claim `witnesses`: every cosignature of a known witness holds, and there are enough of them."""
    witnesses = part.witnesses if trust is None else trust.witnesses
    return check_witnesses(checkpoint, witnesses, quorum=0 if trust is None else trust.quorum)


def _placed(fields: Fields) -> Placed:
    return Placed(fields.integer("index"), _hashes(fields, "proof"))


def _hashes(fields: Fields, name: str) -> tuple[bytes, ...]:
    listed = _strings(fields, name, most=_MAX_PROOF)
    each = Fields(
        {str(at): value for at, value in enumerate(listed)},
        [str(at) for at in range(len(listed))],
        pointer=fields.at(name),
    )
    return tuple(each.hex(str(at), size=32) for at in range(len(listed)))


def _witnesses(fields: Fields) -> tuple[NoteKey, ...]:
    listed = _strings(fields, "witnesses", most=_MAX_WITNESSES)
    try:
        return tuple(parse_key(each, kind=COSIGNATURE) for each in listed)
    except AnonymityError as error:
        error.pointer = fields.at("witnesses")
        raise


def _strings(fields: Fields, name: str, *, most: int) -> Sequence[str]:
    listed = fields.raw(name)
    if type(listed) is not list or len(listed) > most or not all(type(each) is str for each in listed):
        raise BadValue(_("a list was expected here"), pointer=fields.at(name))
    return listed

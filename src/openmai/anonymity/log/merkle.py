"""RFC 6962 trees: hashes, and the two proofs about them (verified as RFC 9162 §2.1.3 and §2.1.4 say)."""

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from openmai.anonymity.encoding import sha256
from openmai.anonymity.errors import AnonymityError, gettext_noop
from openmai.anonymity.log.base64 import decode_base64

_ = gettext_noop
HASH_SIZE: Final = 32
EMPTY_ROOT: Final = sha256(b"")
# Sizes are JSON integers in places (protocol §1).
MAX_SIZE: Final = 2**53 - 1
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,15}")


class LogRefused(AnonymityError):
    """The log, or what claims to be of it, cannot be trusted."""


class AlteredLog(LogRefused):
    """Hashes do not lead to the root that was signed: something was changed on its way or in its place."""


class RolledBack(LogRefused):
    """The log is shorter than it was."""


class ForkedLog(LogRefused):
    """Two signed heads contradict each other: the log shows different people different things."""


class BadHead(LogRefused):
    """What should name a tree's size and root does not."""


@dataclass(frozen=True, slots=True)
class TreeHead:
    """A tree by its size and root (32 bytes)."""

    size: int
    root: bytes

    @property
    def text(self) -> str:
        """How a join carries it: the size, a space, the root in base64."""
        return f"{self.size} {b64encode(self.root).decode()}"


EMPTY: Final = TreeHead(0, EMPTY_ROOT)


def parse_size(text: str) -> int:
    """A tree's size as notes have it; raise `BadHead`."""
    if not _SIZE.fullmatch(text) or (size := int(text)) > MAX_SIZE:
        raise BadHead(_("the size of the log is not a whole number in its one form"))
    return size


def parse_head(text: str) -> TreeHead:
    """Read what `TreeHead.text` writes; raise `BadHead`."""
    size, space, root = text.partition(" ")
    decoded = decode_base64(root)
    if not space or decoded is None or len(decoded) != HASH_SIZE:
        raise BadHead(_("a checkpoint is a size, a space and 32 bytes in base64"))
    return TreeHead(parse_size(size), decoded)


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\0" + entry)


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right)


def split_hashes(packed: bytes) -> list[bytes]:
    """The hashes that stand in one piece."""
    return [packed[at : at + HASH_SIZE] for at in range(0, len(packed), HASH_SIZE)]


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root over a complete subtree's hashes, whose number is a power of two."""
    while len(hashes) > 1:
        one_by_one = iter(hashes)
        hashes = [node_hash(left, right) for left, right in zip(one_by_one, one_by_one, strict=True)]
    return hashes[0]


def verify_inclusion(*, index: int, leaf: bytes, proof: Sequence[bytes], head: TreeHead) -> None:
    """Raise `AlteredLog` unless the entry with the hash `leaf` stands at `index` of the tree."""
    if not 0 <= index < head.size:
        raise AlteredLog(_("the entry lies outside the log that was signed"))
    place, last, found = index, head.size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise AlteredLog(_("the proof is longer than the tree is high"))
        if place & 1 or place == last:
            found = node_hash(sibling, found)
            place, last = _up_to_right_child(place, last)
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    if last or found != head.root:
        raise AlteredLog(_("the entry is not in the log that was signed"))


def verify_consistency(*, old: TreeHead, new: TreeHead, proof: Sequence[bytes]) -> None:
    """Return if `new` grew out of `old`.

    Raises `RolledBack` if `new` is smaller, `ForkedLog` if it is of equal size with another root, or if the
    proof holds for `new` and yields another root for the size of `old`; else `AlteredLog`.
    """
    if new.size < old.size:
        message = _("the log had %(old)d entries, and has %(new)d now")
        raise RolledBack(message, old=old.size, new=new.size)
    if old.size in (0, new.size):
        _check_trivial(old, new, proof)
        return
    old_root, new_root = _roots(old, new, proof)
    if new_root != new.root:
        raise AlteredLog(_("the proof does not lead to the root that was signed"))
    if old_root != old.root:
        raise _forked(old)


def _check_trivial(old: TreeHead, new: TreeHead, proof: Sequence[bytes]) -> None:
    if proof:
        raise AlteredLog(_("there is a proof where none is needed"))
    if old.root != (new.root if old.size == new.size else EMPTY_ROOT):
        raise _forked(old)


def _forked(old: TreeHead) -> ForkedLog:
    return ForkedLog(
        _("the log has two histories: its first %(size)d entries were others before"), size=old.size
    )


def _roots(old: TreeHead, new: TreeHead, proof: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The roots of both sizes that follow from the proof, as RFC 9162 §2.1.4.2 walks it."""
    path = [old.root, *proof] if old.size & (old.size - 1) == 0 else list(proof)
    if not path:
        raise AlteredLog(_("the proof is missing"))
    place, last = old.size - 1, new.size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old_root = new_root = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise AlteredLog(_("the proof is longer than the tree is high"))
        if place & 1 or place == last:
            old_root, new_root = node_hash(sibling, old_root), node_hash(sibling, new_root)
            place, last = _up_to_right_child(place, last)
        else:
            new_root = node_hash(new_root, sibling)
        place, last = place >> 1, last >> 1
    if last:
        raise AlteredLog(_("the proof is shorter than the tree is high"))
    return old_root, new_root


def _up_to_right_child(place: int, last: int) -> tuple[int, int]:
    """Skip the levels on which the right edge has no sibling."""
    while place and not place & 1:
        place, last = place >> 1, last >> 1
    return place, last

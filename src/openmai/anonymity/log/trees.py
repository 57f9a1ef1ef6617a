"""The tree of RFC 6962 over hashes that are kept somewhere: those of the entries, and the roots of complete
subtrees above them. A proof reads a few short rows of them, whatever the tree has grown to.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

from openmai.anonymity.errors import gettext_noop
from openmai.anonymity.log.merkle import (
    EMPTY_ROOT,
    HASH_SIZE,
    AlteredLog,
    TreeHead,
    fold,
    node_hash,
    split_hashes,
)

_ = gettext_noop
Range = tuple[int, int]
"""Entries from the first to below the second."""


@dataclass(frozen=True, slots=True)
class Row:
    """Hashes that are read together, from place `low` to below `high` of a level; those of level 0 are the
    entries', each of another level the root of 2**(height * level) entries.
    """

    level: int
    low: int
    high: int


ReadRows = Callable[[Sequence[Row]], Sequence[bytes]]
"""Gives each row's hashes in one piece. What they are worth is decided by the proofs computed from them."""


class StoredTree:
    """The tree of `size` entries, of which a row is kept of every `height` levels. What an answer needs is
    read together, and once; nothing of it is believed until a proof that was computed here verifies.
    """

    def __init__(self, size: int, read: ReadRows, *, height: int) -> None:
        self.size = size
        self._read = read
        self._height = height
        self._rows: dict[Row, list[bytes]] = {}

    def root(self) -> bytes:
        return self.root_at(self.size)

    def root_at(self, size: int) -> bytes:
        """The root of the first `size` entries."""
        return self.range_root(0, size) if size else EMPTY_ROOT

    def head(self) -> TreeHead:
        return TreeHead(self.size, self.root())

    def inclusion_proof(self, index: int) -> list[bytes]:
        """RFC 6962 §2.1.1, from the entry up."""
        low, high = 0, self.size
        path: list[Range] = []
        while high - low > 1:
            middle = low + _split(high - low)
            if index < middle:
                path.append((middle, high))
                high = middle
            else:
                path.append((low, middle))
                low = middle
        return self._range_roots(path[::-1])

    def consistency_proof(self, old: int) -> list[bytes]:
        """RFC 6962 §2.1.2, from `old` entries to all of them; empty if `old` is 0 or all."""
        if old in (0, self.size):
            return []
        low, high, whole = 0, self.size, True
        path: list[Range] = []
        while old != high:
            middle = low + _split(high - low)
            if old <= middle:
                path.append((middle, high))
                high = middle
            else:
                path.append((low, middle))
                low, whole = middle, False
        if not whole:
            path.append((low, high))
        return self._range_roots(path[::-1])

    def leaf(self, index: int) -> bytes:
        """The hash of an entry."""
        place, first = divmod(index, 1 << self._height)
        return self.row(0, place)[first]

    def row(self, level: int, place: int) -> list[bytes]:
        """The hashes of a row as they are in this tree; raise `AlteredLog` if there are not so many."""
        row = self._row(level, place)
        self._load([row])
        return self._rows[row]

    def range_root(self, low: int, high: int) -> bytes:
        """The root over the entries from `low` to `high`, one of the ranges that the tree is made of."""
        return self._range_roots([(low, high)])[0]

    def _range_roots(self, ranges: Sequence[Range]) -> list[bytes]:
        made_of = [list(_subtrees(*each)) for each in ranges]
        places = (self._place(*subtree)[:2] for subtrees in made_of for subtree in subtrees)
        self._load(self._row(*place) for place in places)
        return [reduce(_above, map(self._subtree, reversed(subtrees))) for subtrees in made_of]

    def _subtree(self, subtree: Range) -> bytes:
        """The root of a complete subtree."""
        level, place, first, count = self._place(*subtree)
        return fold(self.row(level, place)[first : first + count])

    def _place(self, low: int, high: int) -> tuple[int, int, int, int]:
        """Level and place of the row from which a complete subtree's root is computed, and which of its
        hashes: the first, and how many.
        """
        level, rest = divmod((high - low).bit_length() - 1, self._height)
        place, first = divmod(low >> (level * self._height), 1 << self._height)
        return level, place, first, 1 << rest

    def _row(self, level: int, place: int) -> Row:
        low = place << self._height
        high = min(low + (1 << self._height), self.size >> (self._height * level))
        if high <= low:
            raise AlteredLog(_("the entry lies outside the log that was signed"))
        return Row(level, low, high)

    def _load(self, rows: Iterable[Row]) -> None:
        missing = [row for row in dict.fromkeys(rows) if row not in self._rows]
        found = self._read(missing) if missing else []
        for row, data in zip(missing, found, strict=True):
            if len(data) != (row.high - row.low) * HASH_SIZE:
                raise AlteredLog(_("a file of the log has another length than its name says"))
            self._rows[row] = split_hashes(data)


def _subtrees(low: int, high: int) -> Iterator[Range]:
    """The complete subtrees that a range is made of, the largest first."""
    while low < high:
        size = 1 << ((high - low).bit_length() - 1)
        yield low, low + size
        low += size


def _above(right: bytes, left: bytes) -> bytes:
    return node_hash(left, right)


def _split(length: int) -> int:
    """The greatest power of two below `length`, which is at least 2."""
    return 1 << ((length - 1).bit_length() - 1)

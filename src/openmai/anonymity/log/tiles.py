"""C2SP tlog-tiles: how a log is cut into static files, and proofs computed from them.

Tiles are 8 levels high. A tile of hashes at level L holds the roots of complete subtrees of 256**L entries;
the tile of entries with the same index as one at level 0 holds the entries themselves.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from openmai.anonymity.errors import gettext_noop
from openmai.anonymity.log.merkle import (
    EMPTY_ROOT,
    HASH_SIZE,
    AlteredLog,
    LogRefused,
    TreeHead,
    fold,
    node_hash,
)

_ = gettext_noop
HEIGHT: Final = 8
WIDTH: Final = 1 << HEIGHT
MAX_LEVEL: Final = 63
# A length in two bytes stands before each entry.
MAX_ENTRY: Final = 65_535
MAX_HASH_TILE: Final = WIDTH * HASH_SIZE
MAX_ENTRY_TILE: Final = WIDTH * (2 + MAX_ENTRY)
# Indexes of up to 18 digits: more than 2**53 entries need 5 groups.
_PATH: Final = re.compile(
    r"tile/(entries|0|[1-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
)


class BadTilePath(LogRefused):
    """No tile has this name."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One file. `level` is None for a tile of entries; `width` is 256, or less for a partial tile."""

    level: int | None
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        kind = "entries" if self.level is None else str(self.level)
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{kind}/{_index_path(self.index)}{partial}"

    @property
    def is_partial(self) -> bool:
        return self.width < WIDTH

    @property
    def largest(self) -> int:
        """The most bytes that it can have."""
        return self.width * (2 + MAX_ENTRY if self.level is None else HASH_SIZE)


Read = Callable[[Tile], bytes]
"""Gives a tile's bytes. What they are worth is decided by the proofs that are computed from them."""


def _index_path(index: int) -> str:
    digits = f"{index:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    return "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])


def parse_tile_path(path: str) -> Tile:
    """The tile that `path` (from "tile/" on) names; raise `BadTilePath` for every other spelling."""
    match = _PATH.fullmatch(path)
    if match is not None:
        kind, index, width = match.groups()
        tile = Tile(
            None if kind == "entries" else int(kind),
            int(index.replace("x", "").replace("/", "")),
            WIDTH if width is None else int(width),
        )
        if tile.width <= WIDTH and tile.path == path:
            return tile
    raise BadTilePath(_("this is not the name of a tile"))


def tile_at(level: int | None, index: int, size: int) -> Tile | None:
    """The tile as it is in a tree of `size` entries; None if it would be empty."""
    count = size >> (HEIGHT * (level or 0))
    width = min(WIDTH, count - index * WIDTH)
    return Tile(level, index, width) if width > 0 else None


def new_tiles(old: int, new: int) -> Iterator[Tile]:
    """Every tile that growth from `old` to `new` entries changed, as it is at the end."""
    for level in (None, *range(MAX_LEVEL + 1)):
        shift = HEIGHT * (level or 0)
        if old >> shift == new >> shift:
            if level is not None:
                return
            continue
        for index in range((old >> shift) // WIDTH, -(-(new >> shift) // WIDTH)):
            tile = tile_at(level, index, new)
            assert tile is not None  # noqa: S101 - the range ends where tiles are empty
            yield tile


def pack_entries(entries: Sequence[bytes]) -> bytes:
    """A tile of entries: each behind its length in two bytes."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def unpack_entries(tile: Tile, data: bytes) -> tuple[bytes, ...]:
    """The entries of a tile; raise `AlteredLog` unless there are exactly as many as its name says."""
    entries = []
    at = 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if at + 2 > len(data) or end > len(data):
            raise AlteredLog(_("a file of the log ends within an entry"))
        entries.append(data[at + 2 : end])
        at = end
    if len(entries) != tile.width:
        raise AlteredLog(_("a file of the log has another number of entries than its name says"))
    return tuple(entries)


def first_entries(data: bytes, width: int) -> bytes:
    """The beginning of a tile of entries that has grown since its partial tile was named."""
    at = 0
    for _entry in range(width):
        at += 2 + int.from_bytes(data[at : at + 2], "big")
    return data[:at]


class TiledTree:
    """The tree of `size` entries as its tiles tell it. Tiles are read once each; nothing of them is believed
    until a proof that was computed here verifies.
    """

    def __init__(self, size: int, read: Read) -> None:
        self.size = size
        self._read = read
        self._rows: dict[Tile, list[bytes]] = {}

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
        path: list[bytes] = []
        while high - low > 1:
            middle = low + _split(high - low)
            if index < middle:
                path.append(self.range_root(middle, high))
                high = middle
            else:
                path.append(self.range_root(low, middle))
                low = middle
        return path[::-1]

    def consistency_proof(self, old: int) -> list[bytes]:
        """RFC 6962 §2.1.2, from `old` entries to all of them; empty if `old` is 0 or all."""
        if old in (0, self.size):
            return []
        low, high, whole = 0, self.size, True
        path: list[bytes] = []
        while old != high:
            middle = low + _split(high - low)
            if old <= middle:
                path.append(self.range_root(middle, high))
                high = middle
            else:
                path.append(self.range_root(low, middle))
                low, whole = middle, False
        if not whole:
            path.append(self.range_root(low, high))
        return path[::-1]

    def leaf(self, index: int) -> bytes:
        return self.row(0, index // WIDTH)[index % WIDTH]

    def range_root(self, low: int, high: int) -> bytes:
        """The root over the entries from `low` to `high`, one of the ranges that the tree is made of."""
        length = high - low
        if length & (length - 1) == 0:
            return self._subtree(length.bit_length() - 1, low)
        middle = low + _split(length)
        return node_hash(self.range_root(low, middle), self.range_root(middle, high))

    def _subtree(self, level: int, low: int) -> bytes:
        """The root of the complete subtree of 2**level entries that begins at `low`."""
        tile_level, height = divmod(level, HEIGHT)
        first = low >> (tile_level * HEIGHT)
        row = self.row(tile_level, first // WIDTH)
        return fold(row[first % WIDTH : first % WIDTH + (1 << height)])

    def row(self, level: int, index: int) -> list[bytes]:
        """The hashes of a tile as it is in this tree; raise `AlteredLog` if it is of another length."""
        tile = tile_at(level, index, self.size)
        if tile is None:
            raise AlteredLog(_("the entry lies outside the log that was signed"))
        if tile not in self._rows:
            data = self._read(tile)
            if len(data) != tile.largest:
                raise AlteredLog(_("a file of the log has another length than its name says"))
            self._rows[tile] = [data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)]
        return self._rows[tile]


def _split(length: int) -> int:
    """The greatest power of two below `length`, which is at least 2."""
    return 1 << ((length - 1).bit_length() - 1)

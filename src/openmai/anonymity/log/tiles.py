"""C2SP tlog-tiles: how a log is cut into static files, and proofs computed from them.

Tiles are 8 levels high. A tile of hashes at level L holds the roots of complete subtrees of 256**L entries;
the tile of entries with the same index as one at level 0 holds the entries themselves.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from openmai.anonymity.errors import gettext_noop
from openmai.anonymity.log.merkle import HASH_SIZE, AlteredLog, LogRefused
from openmai.anonymity.log.trees import Row, StoredTree

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


class TiledTree(StoredTree):
    """The tree of `size` entries as its tiles tell it, which are read once each."""

    def __init__(self, size: int, read: Read) -> None:
        super().__init__(size, lambda rows: [read(_tile_of(row)) for row in rows], height=HEIGHT)


def _tile_of(row: Row) -> Tile:
    return Tile(row.level, row.low // WIDTH, row.high - row.low)

"""Where a log is read from: a talk site over HTTP, or a folder that mirrors it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from openmai.anonymity.log.notes import MAX_NOTE
from openmai.anonymity.log.tiles import Tile, first_entries
from openmai.cli.member.errors import Refused, Unreachable
from openmai.cli.member.home import write_bytes
from openmai.cli.member.web import Web
from openmai.cli.member.words import gettext as _

CHECKPOINT = "checkpoint"


class Source(Protocol):
    """A checkpoint, and the tiles under it."""

    def checkpoint(self) -> bytes: ...

    def tile(self, tile: Tile) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Site:
    """A talk site."""

    web: Web

    def checkpoint(self) -> bytes:
        return self.web.get(f"/log/{CHECKPOINT}", limit=MAX_NOTE)

    def tile(self, tile: Tile) -> bytes:
        """A tile; of one that has been filled since the checkpoint was made, the beginning."""
        try:
            return self.web.get(f"/log/{tile.path}", limit=tile.largest)
        except Refused as error:
            if error.code != "not-found" or not tile.is_partial:
                raise
        whole = Tile(tile.level, tile.index)
        data = self.web.get(f"/log/{whole.path}", limit=whole.largest)
        return first_entries(data, tile.width) if tile.level is None else data[: tile.largest]


@dataclass(frozen=True, slots=True)
class Folder:
    """A mirror on this machine; any web server can serve it as it is."""

    root: Path

    def checkpoint(self) -> bytes:
        return self._read(CHECKPOINT, MAX_NOTE)

    def tile(self, tile: Tile) -> bytes:
        return self._read(tile.path, tile.largest)

    def has(self, tile: Tile) -> bool:
        return (self.root / tile.path).is_file()

    def keep(self, path: str, data: bytes) -> None:
        write_bytes(self.root / path, data)

    def _read(self, path: str, limit: int) -> bytes:
        try:
            with (self.root / path).open("rb") as file:
                return file.read(limit + 1)
        except OSError as error:
            message = _("%(path)s cannot be read: %(reason)s.")
            raise Unreachable(message % {"path": self.root / path, "reason": error.strerror}) from error

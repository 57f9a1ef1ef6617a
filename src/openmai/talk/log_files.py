"""The log as immutable files (C2SP tlog-tiles), written after the commit and served in front of Django.

The folder is a copy: whatever is missing in it is made again from the database.
"""

import os
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Final

from django.db import connection, transaction

from openmai.anonymity.errors import AnonymityError
from openmai.anonymity.log.checkpoints import read_checkpoint
from openmai.anonymity.log.notes import parse_note
from openmai.anonymity.log.tiles import BadTilePath, Tile, new_tiles, parse_tile_path
from openmai.talk.errors import TalkError
from openmai.talk.queries.log import newest_checkpoint, tile_data

PREFIX: Final = "/log/"
CHECKPOINT: Final = "checkpoint"
TILE_TYPE: Final = "application/octet-stream"
CHECKPOINT_TYPE: Final = "text/plain; charset=utf-8"
IMMUTABLE: Final = "public, max-age=31536000, immutable"
# It may change at any tick, and when a witness has signed.
SHORT: Final = "public, max-age=1"
_ONE_PUBLISHER: Final = 0x6C6F6766  # an arbitrary key for PostgreSQL's advisory lock

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class LogLost(TalkError):
    """The folder shows more of the log than the database holds, which must have been set back. Nothing is
    written over it: everybody who saw the longer log would see a fork.
    """


def publish(root: Path, *, quorum: int) -> None:
    """Bring the folder up to the newest checkpoint that may be shown; raise `LogLost`."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ONE_PUBLISHER])
        newest = newest_checkpoint(quorum=quorum)
        before = shown(root)
        if newest is None or newest.head.size < before:
            if before:
                raise LogLost(f"{root} shows {before} entries")
            return
        for tile in new_tiles(before, newest.head.size):
            write_tile(root, tile, tile_data(tile))
        # Last, because it promises all others.
        _write(root / CHECKPOINT, newest.data)


def shown(root: Path) -> int:
    """How many entries the folder's checkpoint covers; 0 if there is none that can be read."""
    try:
        return read_checkpoint(parse_note((root / CHECKPOINT).read_bytes()))[1].size
    except (OSError, AnonymityError):
        return 0


def shown_to_readers(root: Path, *, quorum: int) -> int:
    """How many entries the checkpoint that readers get covers: the folder's, or one made in its place."""
    if size := shown(root):
        return size
    newest = newest_checkpoint(quorum=quorum)
    return 0 if newest is None else newest.head.size


def write_tile(root: Path, tile: Tile, data: bytes) -> None:
    path = root / tile.path
    _write(path, data)
    if not tile.is_partial:
        shutil.rmtree(path.with_name(path.name + ".p"), ignore_errors=True)


def _write(path: Path, data: bytes) -> None:
    """At once or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as part:
        part.write(data)
        part.flush()
        os.fchmod(part.fileno(), 0o644)
    Path(part.name).replace(path)


class LogFiles:
    """WSGI: the files of `root` under /log/; whatever is not there is for the application to make."""

    def __init__(self, application: Application, *, root: Path, headers: dict[str, str]) -> None:
        self._application = application
        self._root = root
        self._headers = list(headers.items())

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        name = environ.get("PATH_INFO", "").removeprefix(PREFIX)
        if environ["REQUEST_METHOD"] in ("GET", "HEAD") and environ["PATH_INFO"].startswith(PREFIX):
            data = self._read(name)
            if data is not None:
                start_response("200 OK", [*self._headers, *_about(name, data)])
                return [] if environ["REQUEST_METHOD"] == "HEAD" else [data]
        return self._application(environ, start_response)

    def _read(self, name: str) -> bytes | None:
        # Only the names of tiles reach the disk.
        with suppress(BadTilePath, OSError):
            if name != CHECKPOINT:
                parse_tile_path(name)
            return (self._root / name).read_bytes()
        return None


def _about(name: str, data: bytes) -> list[tuple[str, str]]:
    is_checkpoint = name == CHECKPOINT
    return [
        ("Content-Type", CHECKPOINT_TYPE if is_checkpoint else TILE_TYPE),
        ("Content-Length", str(len(data))),
        ("Cache-Control", SHORT if is_checkpoint else IMMUTABLE),
    ]

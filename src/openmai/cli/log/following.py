"""Following a log: reading all of it, and keeping a copy that grows with it."""

from collections.abc import Callable
from dataclasses import dataclass

from openmai.anonymity.log.audit import Audit
from openmai.anonymity.log.checkpoints import SignedCheckpoint, open_checkpoint
from openmai.anonymity.log.tiles import WIDTH, Tile, new_tiles
from openmai.anonymity.log.view import LogTrust, LogView, open_view, read_entries
from openmai.cli.log.sources import CHECKPOINT, Folder, Source
from openmai.cli.member.errors import Unreachable

Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Followed:
    """A log that was read to its end, and what is in it."""

    view: LogView
    audit: Audit


def verify_log(
    source: Source,
    *,
    site: str,
    trust: LogTrust,
    seen: SignedCheckpoint | None,
    randbits: Callable[[int], int],
    report: Report,
) -> Followed:
    """Read the whole log and check every hash and entry; raise a `LogRefused`."""
    view = open_view(source.checkpoint(), trust=trust, read=source.tile, seen=seen)
    view.check_root()
    audit = Audit(site, randbits)
    for index in range(-(-view.head.size // WIDTH)):
        audit.read(read_entries(view, index, source.tile))
        report(min((index + 1) * WIDTH, view.head.size), view.head.size)
    audit.finish()
    return Followed(view, audit)


def mirror_log(source: Source, folder: Folder, *, trust: LogTrust, report: Report) -> LogView:
    """Bring the copy in `folder` up to date; raise a `LogRefused`, and then it stays as it was.

    A tile is kept only if its hashes lead to the signed root, and its entries to its hashes.
    """
    seen = _kept(folder, trust)
    view = open_view(source.checkpoint(), trust=trust, read=source.tile, seen=seen)
    view.check_root()
    tiles = list(new_tiles(0 if seen is None else seen.head.size, view.head.size))
    fetched: dict[str, bytes] = {}
    for place, tile in enumerate(tiles, 1):
        fetched[tile.path] = _checked(view, tile, source)
        report(place, len(tiles))
    for path, data in fetched.items():
        folder.keep(path, data)
    folder.keep(CHECKPOINT, view.checkpoint.data)
    return view


def _checked(view: LogView, tile: Tile, source: Source) -> bytes:
    if tile.level is None:
        data = source.tile(tile)
        read_entries(view, tile.index, lambda _tile: data)
    else:
        data = view.check_tile(tile)
    return data


def _kept(folder: Folder, trust: LogTrust) -> SignedCheckpoint | None:
    try:
        return open_checkpoint(folder.checkpoint(), trust.key)
    except Unreachable:
        return None

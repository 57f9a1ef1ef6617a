"""The log as the database holds it: tiles of any width, checkpoints, and where a post or roster stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from openmai.anonymity.fields import be32
from openmai.anonymity.log.checkpoints import SignedCheckpoint, read_checkpoint
from openmai.anonymity.log.entries import LogEntry, parse_entry
from openmai.anonymity.log.merkle import HASH_SIZE
from openmai.anonymity.log.notes import parse_note, parse_signature
from openmai.anonymity.log.replacements import Replacement
from openmai.anonymity.log.tiles import WIDTH, Tile, TiledTree, pack_entries
from openmai.talk.errors import TalkError
from openmai.talk.queries.database import one, rows


class TileMissing(TalkError):
    """The log has not grown as far as this tile."""


@dataclass(frozen=True, slots=True)
class LoggedPosts:
    """The entry of the log that names a post."""

    index: int
    entry: LogEntry


def log_size() -> int:
    """How many entries there are; all of them are under a checkpoint that was signed in their transaction."""
    row = one('SELECT "index" + 1 FROM talk_logentry ORDER BY "index" DESC LIMIT 1', {})
    return 0 if row is None else int(row[0])


def hashes(level: int, low: int, high: int) -> list[bytes]:
    """The hashes at a tile level from place `low` to `high`; fewer if the log is shorter."""
    packed = packed_hashes(level, low, high)
    return [packed[at : at + HASH_SIZE] for at in range(0, len(packed), HASH_SIZE)]


def packed_hashes(level: int, low: int, high: int) -> bytes:
    """The same in one piece, as a tile has them: PostgreSQL joins 256 rows sooner than Python reads them."""
    place = {"level": level, "low": low, "high": high}
    if level == 0:
        row = one(
            """SELECT string_agg(hash, ''::bytea ORDER BY "index") FROM talk_logentry
               WHERE "index" >= %(low)s AND "index" < %(high)s""",
            place,
        )
    else:
        row = one(
            """SELECT string_agg(hash, ''::bytea ORDER BY "index") FROM talk_lognode
               WHERE level = %(level)s AND "index" >= %(low)s AND "index" < %(high)s""",
            place,
        )
    return b"" if row is None or row[0] is None else bytes(row[0])


def entries(low: int, high: int) -> list[bytes]:
    found = rows(
        'SELECT data FROM talk_logentry WHERE "index" >= %(low)s AND "index" < %(high)s ORDER BY "index"',
        {"low": low, "high": high},
    )
    return [row[0] for row in found]


def tile_data(tile: Tile) -> bytes:
    """The bytes of a tile; raise `TileMissing` if there is not so much of it."""
    low = tile.index * WIDTH
    high = low + tile.width
    if tile.level is not None:
        packed = packed_hashes(tile.level, low, high)
        if len(packed) != tile.width * HASH_SIZE:
            raise TileMissing(tile.path)
        return packed
    found = entries(low, high)
    if len(found) != tile.width:
        raise TileMissing(tile.path)
    return pack_entries(found)


def log_tree(size: int) -> TiledTree:
    return TiledTree(size, tile_data)


def newest_checkpoint(*, quorum: int = 0) -> SignedCheckpoint | None:
    """The newest checkpoint that so many witnesses have cosigned, with all that did."""
    row = one(
        """SELECT c.size, c.note FROM talk_logcheckpoint c
           WHERE (SELECT count(*) FROM talk_logcosignature s WHERE s.checkpoint_id = c.size) >= %(quorum)s
           ORDER BY c.size DESC LIMIT 1""",
        {"quorum": quorum},
    )
    if row is None:
        return None
    size, data = row
    said = rows(
        "SELECT line FROM talk_logcosignature WHERE checkpoint_id = %(size)s ORDER BY witness", {"size": size}
    )
    note = parse_note(data).with_signatures([parse_signature(line) for (line,) in said])
    return SignedCheckpoint(*read_checkpoint(note), note)


def cosigned_size(witness: str) -> int:
    """The size of the newest checkpoint that a witness has cosigned; 0 for none."""
    row = one(
        """SELECT checkpoint_id FROM talk_logcosignature WHERE witness = %(witness)s
           ORDER BY checkpoint_id DESC LIMIT 1""",
        {"witness": witness},
    )
    return 0 if row is None else int(row[0])


def standing_entries() -> dict[str, LogEntry]:
    """The newest entry of each kind that holds until there is another."""
    found = rows(
        """SELECT DISTINCT ON (kind) kind, data FROM talk_logentry
           WHERE kind IN ('season', 'artifacts', 'bans', 'bundle', 'disclosures')
           ORDER BY kind, "index" DESC""",
        {},
    )
    return {kind: parse_entry(data) for kind, data in found}


def last_entry() -> LogEntry | None:
    row = one('SELECT data FROM talk_logentry ORDER BY "index" DESC LIMIT 1', {})
    return None if row is None else parse_entry(row[0])


def logged_commitments(season: str, commitments: Sequence[int]) -> set[int]:
    """Those of them whose proof of knowledge of this season is in the log: a proof of another is none."""
    found = rows(
        "SELECT commitment FROM talk_logenrolment WHERE season = %(season)s AND commitment = ANY(%(asked)s)",
        {"season": season, "asked": [be32(each) for each in commitments]},
    )
    return {int.from_bytes(row[0], "big") for row in found}


def logged_replacements(season: str, commitments: Sequence[int]) -> list[Replacement]:
    """The replacements that name any of them."""
    found = rows(
        """SELECT old, new FROM talk_logreplacement
           WHERE season = %(season)s AND (old = ANY(%(asked)s) OR new = ANY(%(asked)s))""",
        {"season": season, "asked": [be32(each) for each in commitments]},
    )
    return [Replacement(int.from_bytes(old, "big"), int.from_bytes(new, "big")) for old, new in found]


def logged_posts(post: bytes, tick: datetime, season: str) -> LoggedPosts | None:
    """The entry that names a post of this tick."""
    # More than one only if the tick was written twice, after a restart in its second half.
    found = rows(
        """SELECT e."index", e.data FROM talk_logtick t JOIN talk_logentry e ON e."index" = t.entry_id
           WHERE t.tick = %(tick)s AND t.season = %(season)s AND %(post)s BETWEEN t.first AND t.last""",
        {"tick": tick, "season": season, "post": post},
    )
    listed = [LoggedPosts(index, parse_entry(data)) for index, data in found]
    return next((each for each in listed if post.hex() in each.entry.facts["posts"]), None)

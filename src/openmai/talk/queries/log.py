"""The log as the database holds it: tiles of any width, checkpoints, and where a post or roster stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from openmai.anonymity.fields import be32
from openmai.anonymity.log.checkpoints import SignedCheckpoint, read_checkpoint
from openmai.anonymity.log.entries import LogEntry, parse_entry
from openmai.anonymity.log.notes import parse_note, parse_signature
from openmai.anonymity.log.replacements import Replacement
from openmai.anonymity.log.tiles import HEIGHT, WIDTH, Tile, pack_entries
from openmai.anonymity.log.trees import Row, StoredTree
from openmai.talk.errors import TalkError
from openmai.talk.queries.database import one, rows

# Of every four levels of the tree one is kept: twice as many as its tiles have, for a proof reads and hashes
# up to 2**height hashes of each.
NODE_HEIGHT: Final = 4
NODE_WIDTH: Final = 1 << NODE_HEIGHT


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


def hashes(asked: Sequence[Row]) -> list[bytes]:
    """Of each row the hashes in one piece; fewer of them if the log is shorter."""
    found = rows(
        # PostgreSQL joins hashes sooner than Python reads them.
        """SELECT CASE asked.level WHEN 0 THEN (
                      SELECT string_agg(hash, ''::bytea ORDER BY "index") FROM talk_logentry
                      WHERE "index" >= asked.low AND "index" < asked.high
                  ) ELSE (
                      SELECT string_agg(hash, ''::bytea ORDER BY "index") FROM talk_lognode
                      WHERE level = asked.level AND "index" >= asked.low AND "index" < asked.high
                  ) END
           FROM unnest(%(levels)s::smallint[], %(lows)s::bigint[], %(highs)s::bigint[])
                WITH ORDINALITY AS asked (level, low, high, place)
           ORDER BY place""",
        {
            "levels": [row.level for row in asked],
            "lows": [row.low for row in asked],
            "highs": [row.high for row in asked],
        },
    )
    return [bytes(packed or b"") for (packed,) in found]


def entries(low: int, high: int) -> list[bytes]:
    found = rows(
        'SELECT data FROM talk_logentry WHERE "index" >= %(low)s AND "index" < %(high)s ORDER BY "index"',
        {"low": low, "high": high},
    )
    return [row[0] for row in found]


def tile_data(tile: Tile) -> bytes:
    """The bytes of a tile; raise `TileMissing` if there is not so much of it."""
    low = tile.index * WIDTH
    if tile.level is None:
        found = entries(low, low + tile.width)
        if len(found) != tile.width:
            raise TileMissing(tile.path)
        return pack_entries(found)
    (data,) = hashes([Row(tile.level * HEIGHT // NODE_HEIGHT, low, low + tile.width)])
    if len(data) != tile.largest:
        raise TileMissing(tile.path)
    return data


def log_tree(size: int) -> StoredTree:
    """The tree over the first `size` entries."""
    return StoredTree(size, hashes, height=NODE_HEIGHT)


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

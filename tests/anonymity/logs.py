"""A log in memory, made from its entries by the definition of RFC 6962 and not by the code under test."""

from collections.abc import Sequence
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from openmai.anonymity.encoding import Domain
from openmai.anonymity.keys import public_bytes
from openmai.anonymity.log.checkpoints import SignedCheckpoint, log_origin, sign_checkpoint
from openmai.anonymity.log.entries import LogEntry, parse_entry, roster_entry, tick_entries
from openmai.anonymity.log.journals import Journal, journal_entries
from openmai.anonymity.log.merkle import TreeHead
from openmai.anonymity.log.notes import NoteKey
from openmai.anonymity.log.part import LogPart, Placed
from openmai.anonymity.log.standing import Standing
from openmai.anonymity.log.tiles import HEIGHT, WIDTH, Tile, TiledTree, pack_entries
from openmai.anonymity.rosters import SignedStatement


def tree_hash(entries: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962 §2.1, word for word."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\0" + entries[0]).digest()
    split = 1
    while split * 2 < len(entries):
        split *= 2
    return sha256(b"\1" + tree_hash(entries[:split]) + tree_hash(entries[split:])).digest()


class MemoryLog:
    """Serves the tiles of its entries, of any width."""

    def __init__(self, entries: Sequence[bytes]) -> None:
        self.entries = list(entries)
        self._known: dict[tuple[int, int], bytes] = {}

    def read(self, tile: Tile) -> bytes:
        if tile.level is None:
            return pack_entries(self.entries[tile.index * WIDTH : tile.index * WIDTH + tile.width])
        first = tile.index * WIDTH
        return b"".join(self._node(tile.level, at) for at in range(first, first + tile.width))

    def _node(self, level: int, at: int) -> bytes:
        if (level, at) not in self._known:
            span = 1 << (HEIGHT * level)
            self._known[level, at] = tree_hash(self.entries[at * span : (at + 1) * span])
        return self._known[level, at]

    def at(self, size: int) -> TiledTree:
        return TiledTree(size, self.read)


class SignedLog:
    """A site's log for those who test without a site. `heads` has each roster's own checkpoint by the name
    of its statement, `places` the index of its entry.
    """

    def __init__(self, site: str, key: Ed25519PrivateKey) -> None:
        self.origin = log_origin(site)
        self.key = key
        self.entries: list[bytes] = []
        self.heads: dict[bytes, TreeHead] = {}
        self.places: dict[bytes, int] = {}

    @property
    def tiles(self) -> MemoryLog:
        return MemoryLog(self.entries)

    @property
    def note_key(self) -> NoteKey:
        return NoteKey(self.origin, public_bytes(self.key))

    def add(self, *rosters: SignedStatement) -> None:
        """Log rosters one behind the other: the head of each is the one behind its entry."""
        for each in rosters:
            self.places[each.name] = self.append(roster_entry(each))
            self.heads[each.name] = self.head()

    def add_epoch(self, signed: SignedStatement, journal: Journal) -> None:
        """Log an epoch with all that it rests on, as the talk site does."""
        known = set(self.entries)
        fresh = journal_entries(journal, signed, enrolments=journal.enrolments)
        for each in sorted(fresh, key=lambda each: each.order):
            if each.kind == "roster":
                self.add(signed)
            elif each.data not in known:
                self.append(each)

    def append(self, entry: LogEntry) -> int:
        self.entries.append(entry.data)
        return len(self.entries) - 1

    def stand(self, domain: Domain, *entries: LogEntry) -> None:
        """End an addition of `entries` as the talk site does: with the entry that says what is in force."""
        standing = Standing()
        for each in entries:
            self.append(each)
        for index, data in enumerate(self.entries):
            standing.note(index, parse_entry(data))
        self.append(standing.entry(domain))

    def head(self) -> TreeHead:
        return self.tiles.at(len(self.entries)).head()

    def checkpoint(self) -> SignedCheckpoint:
        return sign_checkpoint(self.origin, self.head(), self.key)

    def part(self, roster: SignedStatement, post: bytes, *, tick: str) -> LogPart:
        """The log's part of the proof file of a post that `tick` publishes; this log stays as it is."""
        grown = SignedLog(roster.statement.site, self.key)
        grown.entries = list(self.entries)
        (entry,) = tick_entries(roster.statement.domain, tick, [post])
        place, joined, index = grown.append(entry), self.heads[roster.name], self.places[roster.name]
        tree = grown.tiles.at(len(grown.entries))
        return LogPart(
            key=public_bytes(self.key),
            witnesses=(),
            checkpoint=grown.checkpoint().data,
            roster=Placed(index, tuple(self.tiles.at(joined.size).inclusion_proof(index))),
            consistency=tuple(tree.consistency_proof(joined.size)),
            tick=Placed(place, tuple(tree.inclusion_proof(place))),
            entry=entry,
        )

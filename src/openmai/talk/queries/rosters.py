"""Rosters as they were taken over: for the API, for the mirror, and for the next snapshot."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from openmai.anonymity.log.merkle import TreeHead
from openmai.anonymity.rosters import roster_kind, roster_slug
from openmai.talk.queries.database import Row, one, rows
from openmai.talk.queries.log import logged_commitments


@dataclass(frozen=True, slots=True)
class Held:
    """What is held of a season: the index's serial and bytes (None before the first), and of each roster the
    newest epoch with the digest of its statement.

    `leaves_of` gives the leaves file of a statement while it is kept, `commitments` those whose proof of
    knowledge is logged.
    """

    serial: int
    envelope: bytes | None
    epochs: Mapping[str, tuple[int, bytes]]
    leaves_of: Callable[[bytes], bytes | None]
    commitments: Callable[[Sequence[int]], set[int]]


@dataclass(frozen=True, slots=True)
class CurrentRoster:
    """A roster in its current epoch. `open` is false below the floor.

    `log_index` is its place in the log, `checkpoint` the head just behind it.
    """

    roster: str
    epoch: int
    root: int
    size: int
    live: int
    settled: int
    label_en: str
    label_zh: str
    leaves: bytes
    statement: bytes
    log_index: int
    checkpoint: TreeHead
    open: bool

    @property
    def kind(self) -> str:
        return roster_kind(self.roster)

    @property
    def label(self) -> dict[str, str] | None:
        slug = roster_slug(self.roster)
        return None if slug is None else {"slug": slug, "en": self.label_en, "zh": self.label_zh}


@dataclass(frozen=True, slots=True)
class RosterListing:
    """What devices are told of a season's rosters: the signed index (None before the first), and each
    roster's current epoch.
    """

    envelope: bytes | None
    rosters: tuple[CurrentRoster, ...]

    @property
    def log_size(self) -> int:
        """How much of the log must be shown for all of them to be found in it."""
        return max((each.checkpoint.size for each in self.rosters), default=0)


def held(season: str) -> Held:
    """Two statements."""
    index = one("SELECT serial, envelope FROM talk_rosterindex WHERE season = %(season)s", {"season": season})
    newest = rows(
        """SELECT DISTINCT ON (roster) roster, epoch, id FROM talk_rosterepoch
           WHERE season = %(season)s ORDER BY roster, epoch DESC""",
        {"season": season},
    )
    serial, envelope = index or (0, None)
    epochs = {row[0]: (row[1], row[2]) for row in newest}
    return Held(
        serial, envelope, epochs, leaves_of=_leaves_of, commitments=partial(logged_commitments, season)
    )


def _leaves_of(statement: bytes) -> bytes | None:
    row = one(
        """SELECT l.data FROM talk_rosterepoch e JOIN talk_rosterleaves l ON l.id = e.leaves
           WHERE e.id = %(id)s""",
        {"id": statement},
    )
    return None if row is None else bytes(row[0])


def roster_listing(season: str, *, floor: int) -> RosterListing:
    """One statement, so that the index and the rosters are of one moment."""
    found = rows(
        # The index comes with the first row only.
        """SELECT CASE row_number() OVER (ORDER BY e.roster) WHEN 1 THEN i.envelope END,
                  e.roster, e.epoch, e.root, e.size, e.live, e.settled, e.label_en, e.label_zh,
                  e.leaves, e.id, e.log_index, e.log_root
           FROM talk_rosterindex i
           LEFT JOIN talk_rosterepoch e ON e.season = i.season AND e.superseded_at IS NULL
           WHERE i.season = %(season)s ORDER BY e.roster""",
        {"season": season},
    )
    envelope = bytes(found[0][0]) if found else None
    return RosterListing(envelope, tuple(_current(row[1:], floor) for row in found if row[1] is not None))


def _current(row: Row, floor: int) -> CurrentRoster:
    roster, epoch, root, size, live, settled, *rest, log_index, log_root = row
    counts = int.from_bytes(root, "big"), size, live, settled
    checkpoint = TreeHead(log_index + 1, log_root)
    return CurrentRoster(*(roster, epoch, *counts, *rest, log_index, checkpoint, settled >= floor))


def statement_envelope(digest: bytes) -> bytes | None:
    row = one("SELECT envelope FROM talk_rosterepoch WHERE id = %(id)s", {"id": digest})
    return None if row is None else bytes(row[0])


def leaves_file(digest: bytes) -> bytes | None:
    row = one("SELECT data FROM talk_rosterleaves WHERE id = %(id)s", {"id": digest})
    return None if row is None else bytes(row[0])


def paths_file(digest: bytes) -> bytes | None:
    row = one("SELECT data FROM talk_rosterpaths WHERE id = %(id)s", {"id": digest})
    return None if row is None else bytes(row[0])

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


def current_rosters(season: str, *, floor: int) -> list[CurrentRoster]:
    found = rows(
        """SELECT roster, epoch, root, size, live, settled, label_en, label_zh, leaves, id,
                  log_index, log_root
           FROM talk_rosterepoch WHERE season = %(season)s AND superseded_at IS NULL ORDER BY roster""",
        {"season": season},
    )
    return [_current(row, floor) for row in found]


def _current(row: Row, floor: int) -> CurrentRoster:
    roster, epoch, root, size, live, settled, *rest, log_index, log_root = row
    counts = int.from_bytes(root, "big"), size, live, settled
    checkpoint = TreeHead(log_index + 1, log_root)
    return CurrentRoster(*(roster, epoch, *counts, *rest, log_index, checkpoint, settled >= floor))


def index_envelope(season: str) -> bytes | None:
    row = one("SELECT envelope FROM talk_rosterindex WHERE season = %(season)s", {"season": season})
    return None if row is None else bytes(row[0])


def statement_envelope(digest: bytes) -> bytes | None:
    row = one("SELECT envelope FROM talk_rosterepoch WHERE id = %(id)s", {"id": digest})
    return None if row is None else bytes(row[0])


def leaves_file(digest: bytes) -> bytes | None:
    row = one("SELECT data FROM talk_rosterleaves WHERE id = %(id)s", {"id": digest})
    return None if row is None else bytes(row[0])


def paths_file(digest: bytes) -> bytes | None:
    row = one("SELECT data FROM talk_rosterpaths WHERE id = %(id)s", {"id": digest})
    return None if row is None else bytes(row[0])

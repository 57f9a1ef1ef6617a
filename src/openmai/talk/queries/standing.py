"""What the database knows of a submission's thread, personas and roster, asked before it is accepted."""

from dataclasses import dataclass
from datetime import datetime

from openmai.anonymity.fields import be32
from openmai.anonymity.log.merkle import TreeHead
from openmai.talk.queries.database import one, rows
from openmai.talk.standing import Claimed, Known


@dataclass(frozen=True, slots=True)
class Published:
    """What a repeated submission is compared with; `proof` is None if the post came without a join."""

    key: bytes
    signature: bytes
    proof: bytes | None
    tick: datetime


@dataclass(frozen=True, slots=True)
class ThreadStanding:
    """A thread, whether it has the parent asked for, and its personas that have the key or the nullifier."""

    season: str
    parent_found: bool
    personas: tuple[Known, ...]


@dataclass(frozen=True, slots=True)
class RosterRoot:
    """One epoch of a roster that has a root. `statement` is the digest of its envelope, `checkpoint` the one
    that a join under it carries. `missed`: it is over and its paths file is not kept, or never was because
    a newer epoch came with it.
    """

    statement: bytes
    checkpoint: str
    settled: int
    superseded_at: datetime | None
    missed: bool
    label_en: str
    label_zh: str


def published(content_id: bytes) -> Published | None:
    row = one(
        """SELECT a.key, p.signature, j.proof, p.tick
           FROM talk_post p JOIN talk_persona a ON a.id = p.persona_id
           LEFT JOIN talk_join j ON j.content_id = p.id
           WHERE p.id = %(id)s""",
        {"id": content_id},
    )
    return None if row is None else Published(*row)


def is_published(content_id: bytes) -> bool:
    return one("SELECT 1 FROM talk_post WHERE id = %(id)s", {"id": content_id}) is not None


def thread_standing(thread: bytes, *, parent: bytes | None, claimed: Claimed) -> ThreadStanding | None:
    found = rows(
        """SELECT t.season,
                  %(parent)s::bytea IS NULL OR EXISTS (
                      SELECT 1 FROM talk_post p WHERE p.id = %(parent)s AND p.thread_id = t.id),
                  a.nullifier, a.key, a.roster,
                  (SELECT max(j.tick) FROM talk_join j WHERE j.persona_id = a.id)
           FROM talk_thread t
           LEFT JOIN talk_persona a ON a.thread_id = t.id AND (a.key = %(key)s OR a.nullifier = %(nullifier)s)
           WHERE t.id = %(thread)s""",
        {"thread": thread, "parent": parent, "key": claimed.key, "nullifier": claimed.nullifier},
    )
    if not found:
        return None
    personas = tuple(Known(*row[2:]) for row in found if row[2] is not None)
    return ThreadStanding(season=found[0][0], parent_found=found[0][1], personas=personas)


def roster_roots(season: str, roster: str, root: int) -> list[RosterRoot]:
    """The epochs of the roster that have this root, the newest first: leaves that only age keep theirs."""
    found = rows(
        """SELECT id, log_index + 1, log_root, settled, superseded_at,
                  superseded_at IS NOT NULL
                    AND NOT EXISTS (SELECT FROM talk_rosterpaths AS kept WHERE kept.id = epoch.paths),
                  label_en, label_zh
           FROM talk_rosterepoch AS epoch
           WHERE season = %(season)s AND roster = %(roster)s AND root = %(root)s ORDER BY epoch.epoch DESC""",
        {"season": season, "roster": roster, "root": be32(root)},
    )
    return [RosterRoot(row[0], TreeHead(row[1], row[2]).text, *row[3:]) for row in found]


def roster_is_known(season: str, roster: str) -> bool:
    parameters = {"season": season, "roster": roster}
    found = one(
        "SELECT 1 FROM talk_rosterepoch WHERE season = %(season)s AND roster = %(roster)s LIMIT 1", parameters
    )
    return found is not None

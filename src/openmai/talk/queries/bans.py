"""The ban list in force, and what the next tick will make of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from openmai.anonymity.bans import Ban, BanList, read_ban_list, sorted_bans
from openmai.anonymity.encoding import Domain
from openmai.anonymity.fields import be32
from openmai.platform.clock import iso_seconds
from openmai.talk.queries.database import one, rows


@dataclass(frozen=True, slots=True)
class CurrentBans:
    """The list in force and its bytes. `added_at` is the last tick at which a ban was added, or None."""

    bans: BanList
    document: bytes
    digest: bytes
    added_at: datetime | None


def current_bans(domain: Domain) -> CurrentBans:
    """The list of the season; before the first change it is empty and has the serial 0."""
    row = one(
        "SELECT document, added_at FROM talk_banlist WHERE season = %(season)s", {"season": domain.season}
    )
    if row is None:
        empty = BanList(domain.site, domain.season, 0, ())
        return CurrentBans(empty, empty.encoded(), empty.digest, None)
    document = bytes(row[0])
    bans = read_ban_list(document, domain=domain)
    return CurrentBans(bans, document, bans.digest, row[1])


def bans_wanted(domain: Domain, *, at: datetime) -> tuple[Ban, ...]:
    """What should be in force from the tick `at` on."""
    found = rows(
        """SELECT thread, nullifier, until, reason FROM talk_ban
           WHERE season = %(season)s AND ended_at IS NULL AND NOT lifted AND until > %(at)s""",
        {"season": domain.season, "at": at},
    )
    return sorted_bans(
        Ban.of(
            domain,
            thread=bytes(thread),
            nullifier=int.from_bytes(nullifier, "big"),
            until=iso_seconds(until),
            reason=reason,
        )
        for thread, nullifier, until, reason in found
    )


@dataclass(frozen=True, slots=True)
class ListedBan:
    """A ban as the operator sees it. `state` says since when or until when it holds."""

    id: bytes
    post: bytes | None
    reason: str
    until: datetime
    state: str


def listed_bans() -> list[ListedBan]:
    """Every ban that was ever decided, the newest end first; with the persona's first post."""
    found = rows(
        """SELECT b.id, b.reason, b.until, b.lifted, b.added_at, b.ended_at,
                  (SELECT p.id FROM talk_persona a JOIN talk_post p ON p.persona_id = a.id
                   WHERE a.nullifier = b.nullifier ORDER BY p.position LIMIT 1)
           FROM talk_ban b ORDER BY b.until DESC, b.id""",
        {},
    )
    return [
        ListedBan(
            bytes(key), None if post is None else bytes(post), reason, until, _state(lifted, added, ended)
        )
        for key, reason, until, lifted, added, ended, post in found
    ]


def _state(lifted: bool, added: datetime | None, ended: datetime | None) -> str:
    if ended is not None:
        return "over"
    if lifted:
        return "lifted at the next tick"
    return "next tick" if added is None else "in force"


def open_bans(season: str) -> int:
    """How many bans the next list may hold."""
    row = one(
        "SELECT count(*) FROM talk_ban WHERE season = %(season)s AND ended_at IS NULL AND NOT lifted",
        {"season": season},
    )
    return int(row[0]) if row else 0


@dataclass(frozen=True, slots=True)
class Spoken:
    """The persona of a post, and the season of its thread."""

    thread: bytes
    nullifier: bytes
    season: str


def persona_of(post: bytes) -> Spoken | None:
    row = one(
        """SELECT t.id, a.nullifier, t.season FROM talk_post p
           JOIN talk_persona a ON a.id = p.persona_id JOIN talk_thread t ON t.id = p.thread_id
           WHERE p.id = %(post)s""",
        {"post": post},
    )
    return None if row is None else Spoken(bytes(row[0]), bytes(row[1]), row[2])


def rates_used(nullifiers: Sequence[int]) -> frozenset[bytes]:
    """Which of these rate nullifiers are taken."""
    asked = [be32(each) for each in nullifiers]
    found = rows(
        "SELECT nullifier FROM talk_ratenullifier WHERE nullifier = ANY(%(asked)s)", {"asked": asked}
    )
    return frozenset(bytes(row[0]) for row in found)

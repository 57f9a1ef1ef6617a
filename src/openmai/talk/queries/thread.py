"""One thread: its head, and a page of its replies. Two statements, wherever in the thread the page lies, and
a third for the checkpoints that the API tells.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import orjson

from openmai.anonymity.log.merkle import TreeHead
from openmai.talk.cursors import PlaceCursor
from openmai.talk.queries.database import Row, one, rows
from openmai.talk.voices import Voice, voice

PAGE: Final = 50
_START: Final = PlaceCursor(0, 0)

_COLUMNS: Final = """
SELECT p.id, p.parent_id, p.position, p.branch, p.tick, p.content, p.signature,
       a.nullifier, a.key, a.roster, a.label_en, a.label_zh, a.numbered, p.persona_id = %(op)s,
       b.nullifier, b.key, b.roster, b.label_en, b.label_zh, b.numbered, q.persona_id = %(op)s
FROM talk_post p JOIN talk_persona a ON a.id = p.persona_id
LEFT JOIN talk_post q ON q.id = p.parent_id AND q.position > 0
LEFT JOIN talk_persona b ON b.id = q.persona_id
WHERE p.thread_id = %(thread)s
"""
_FORWARD: Final = (
    " AND (p.branch, p.position) > (%(branch)s, %(position)s) ORDER BY p.branch, p.position LIMIT %(limit)s"
)
_BACKWARD: Final = (
    " AND p.branch > 0 AND (p.branch, p.position) < (%(branch)s, %(position)s)"
    " ORDER BY p.branch DESC, p.position DESC LIMIT %(limit)s"
)
_IN_TIME: Final = " AND p.position > %(position)s ORDER BY p.position LIMIT %(limit)s"


@dataclass(frozen=True, slots=True)
class PostView:
    """A post with its author. `content` is its JSON; `answers` is whom it answers, None if that is the
    opening.
    """

    id: bytes
    parent: bytes | None
    position: int
    branch: int
    tick: datetime
    content: str
    signature: bytes
    voice: Voice
    answers: Voice | None

    @property
    def body(self) -> str:
        return str(orjson.loads(self.content)["body"])

    @property
    def level(self) -> int:
        """1 directly under the opening, 2 below a reply."""
        return 1 if self.position == self.branch else 2

    @property
    def place(self) -> PlaceCursor:
        return PlaceCursor(self.branch, self.position)


@dataclass(frozen=True, slots=True)
class ThreadHead:
    """A thread and its opening."""

    id: bytes
    season: str
    section: str
    title: str
    opened_at: datetime
    active_at: datetime
    replies: int
    opener: bytes
    opening: PostView


@dataclass(frozen=True, slots=True)
class ThreadPage:
    """Replies in the order of the page; `earlier` and `later` lead to its neighbours.

    `checkpoints` are those that the joins of the whole thread carry, where they were asked for.
    """

    head: ThreadHead
    replies: tuple[PostView, ...]
    earlier: PlaceCursor | None
    later: PlaceCursor | None
    checkpoints: tuple[str, ...] = ()


def thread_head(thread: bytes) -> ThreadHead | None:
    row = one(
        """SELECT t.season, t.section, t.title, t.opened_at, t.active_at, t.replies,
                  p.id, p.parent_id, p.position, p.branch, p.tick, p.content, p.signature,
                  a.nullifier, a.key, a.roster, a.label_en, a.label_zh, a.numbered, true, p.persona_id
           FROM talk_thread t JOIN talk_post p ON p.id = t.id JOIN talk_persona a ON a.id = p.persona_id
           WHERE t.id = %(thread)s""",
        {"thread": thread},
    )
    if row is None:
        return None
    opening = PostView(*(*row[6:13], voice(*row[13:20]), None))
    return ThreadHead(*(thread, *row[:6], row[20], opening))


def thread_page(
    thread: bytes, *, after: PlaceCursor | None, before: PlaceCursor | None, size: int = PAGE
) -> ThreadPage | None:
    """The page after or before a place (both exclusive), or the first; None if there is no such thread."""
    head = thread_head(thread)
    if head is None:
        return None
    if before is not None:
        found = _replies(head, _BACKWARD, before, size)
        shown = tuple(reversed(found[:size]))
        more_before, more_after = len(found) > size, before != PlaceCursor.end()
    else:
        found = _replies(head, _FORWARD, after or _START, size)
        shown = tuple(found[:size])
        more_before, more_after = after is not None and after.branch > 0, len(found) > size
    earlier = shown[0].place if shown and more_before else None
    later = shown[-1].place if shown and more_after else None
    return ThreadPage(head, shown, earlier, later)


def thread_in_time(thread: bytes, *, after: int, size: int = PAGE) -> ThreadPage | None:
    """Replies as they came, behind the position `after`; `later` is set if there are more."""
    head = thread_head(thread)
    if head is None:
        return None
    found = _replies(head, _IN_TIME, PlaceCursor(0, after), size)
    shown = tuple(found[:size])
    later = shown[-1].place if len(found) > size else None
    return ThreadPage(head, shown, None, later, _checkpoints(thread))


def _checkpoints(thread: bytes) -> tuple[str, ...]:
    """What everybody who entered the thread saw of the log: a fork would show itself here."""
    found = rows(
        """SELECT DISTINCT e.log_index + 1, e.log_root
           FROM talk_join j JOIN talk_persona a ON a.id = j.persona_id
           JOIN talk_rosterepoch e ON e.id = j.epoch_id WHERE a.thread_id = %(thread)s ORDER BY 1""",
        {"thread": thread},
    )
    return tuple(TreeHead(*row).text for row in found)


def _replies(head: ThreadHead, order: str, place: PlaceCursor, size: int) -> Sequence[PostView]:
    parameters = {
        "thread": head.id,
        "op": head.opener,
        "branch": place.branch,
        "position": place.position,
        "limit": size + 1,
    }
    return [_post(row) for row in rows(_COLUMNS + order, parameters)]


def _post(row: Row) -> PostView:
    answers = None if row[14] is None else voice(*row[14:21])
    return PostView(*(*row[:7], voice(*row[7:14]), answers))

"""Lists of threads by latest activity."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from openmai.talk.cursors import ActivityCursor
from openmai.talk.queries.database import rows
from openmai.talk.voices import Voice, voice

PAGE: Final = 30
_EXCERPT: Final = 160

# The statement is put together from these parts alone; values are parameters.
_SELECT: Final = """
SELECT t.id, t.section, t.title, left(p.content->>'body', %(excerpt)s), t.replies, t.opened_at, t.active_at,
       a.nullifier, a.key, a.roster, a.label_en, a.label_zh, a.numbered, true
FROM talk_thread t JOIN talk_post p ON p.id = t.id JOIN talk_persona a ON a.id = p.persona_id
WHERE true
"""
_IN_SECTION: Final = " AND t.section = %(section)s"
_AFTER: Final = " AND (t.active_at, t.id) < (%(active_at)s, %(thread)s)"
_ORDER: Final = " ORDER BY t.active_at DESC, t.id DESC LIMIT %(limit)s"


@dataclass(frozen=True, slots=True)
class ThreadLine:
    """A thread in a list; `excerpt` is the beginning of its opening."""

    id: bytes
    section: str
    title: str
    excerpt: str
    replies: int
    opened_at: datetime
    active_at: datetime
    voice: Voice


@dataclass(frozen=True, slots=True)
class ThreadList:
    """A page of threads; `next` leads to the following one."""

    lines: tuple[ThreadLine, ...]
    next: ActivityCursor | None


def list_threads(*, section: str | None, after: ActivityCursor | None, size: int = PAGE) -> ThreadList:
    """One statement. Newest activity first; `after` excludes itself."""
    statement = _SELECT + (_IN_SECTION if section else "") + (_AFTER if after else "") + _ORDER
    parameters = {
        "excerpt": _EXCERPT,
        "section": section,
        "active_at": after.active_at if after else None,
        "thread": after.thread if after else None,
        "limit": size + 1,
    }
    lines = tuple(ThreadLine(*(*row[:7], voice(*row[7:]))) for row in rows(statement, parameters))
    shown = lines[:size]
    following = ActivityCursor(shown[-1].active_at, shown[-1].id) if len(lines) > size else None
    return ThreadList(shown, following)

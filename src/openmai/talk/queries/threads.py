"""Lists of threads by latest activity."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from openmai.talk.cursors import ActivityCursor
from openmai.talk.queries.database import rows
from openmai.talk.voices import Voice, voice

PAGE: Final = 30
EXCERPT: Final = 160
# A word that the cut may have gone through. Chinese has no spaces and is cut anywhere, as is an endless word.
_LAST_WORD: Final = re.compile(r"(?<=[\s\u2e80-\U0010ffff])[^\s\u2e80-\U0010ffff]{1,24}\Z")
_BEFORE_DOTS: Final = " \n\t,.;:-–—…、，。；："

# The statement is put together from these parts alone; values are parameters.
_SELECT: Final = """
SELECT t.id, t.section, t.title, left(p.content->>'body', %(characters)s), t.replies, t.opened_at,
       t.active_at, a.nullifier, a.key, a.roster, a.label_en, a.label_zh, a.numbered, true
FROM talk_thread t JOIN talk_post p ON p.id = t.id JOIN talk_persona a ON a.id = p.persona_id
WHERE true
"""
_IN_SECTION: Final = " AND t.section = %(section)s"
_AFTER: Final = " AND (t.active_at, t.id) < (%(active_at)s, %(thread)s)"
_ORDER: Final = " ORDER BY t.active_at DESC, t.id DESC LIMIT %(limit)s"


@dataclass(frozen=True, slots=True)
class ThreadLine:
    """A thread in a list; `excerpt` is the beginning of its opening, with "…" if it goes on."""

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
        "characters": EXCERPT + 1,
        "section": section,
        "active_at": after.active_at if after else None,
        "thread": after.thread if after else None,
        "limit": size + 1,
    }
    lines = tuple(_line(row) for row in rows(statement, parameters))
    shown = lines[:size]
    following = ActivityCursor(shown[-1].active_at, shown[-1].id) if len(lines) > size else None
    return ThreadList(shown, following)


def _line(row: tuple[Any, ...]) -> ThreadLine:
    thread, section, title, beginning, replies, opened_at, active_at, *speaker = row
    return ThreadLine(
        thread, section, title, excerpt(beginning), replies, opened_at, active_at, voice(*speaker)
    )


def excerpt(beginning: str) -> str:
    """At most `EXCERPT` characters; what is cut ends with a whole word and "…"."""
    if len(beginning) <= EXCERPT:
        return beginning
    kept = _LAST_WORD.sub("", beginning[:EXCERPT])[: EXCERPT - 1]
    return kept.rstrip(_BEFORE_DOTS) + "…"

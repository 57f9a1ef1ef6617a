"""What the invented community says: threads with their replies, read from `content/threads`.

A file has a `language` and threads; a thread has

    section, title, body
    hours     how long ago it was opened, at most `OLDEST`
    spread    within how many hours the replies came (optional)
    cast      voice → label: "luming" for an employee, "luming+" for one proved by signed mail,
              "site" for any verified member, "site/luming" for one who works there and does not say so
    replies   [voice, number of the reply that is answered or 0 for the opening, text], numbered from 1
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

from openmai.anonymity.rosters import SITE_ROSTER, company_roster
from openmai.demo.community.companies import read_folder

Language = Literal["en", "zh"]
OPENER: Final = "op"
OLDEST: Final = 107
"""Hours of history that the content may use; see `openmai.demo.seed.timeline`."""


@dataclass(frozen=True, slots=True)
class Voice:
    """Who speaks: somebody of `company` (anybody if it is None) under the label of `roster`."""

    company: str | None
    roster: str


@dataclass(frozen=True, slots=True)
class Line:
    """A reply. `answers` is the place of the answered one in `Thread.replies`, None for the opening."""

    voice: str
    answers: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation; `cast` names each voice, the opener's is `OPENER`."""

    language: Language
    section: str
    hours: float
    spread: float
    title: str
    body: str
    cast: dict[str, Voice]
    replies: tuple[Line, ...]


@cache
def load_threads() -> tuple[Thread, ...]:
    """Every thread, the oldest first."""
    documents = [document for _, document in read_folder("threads")]
    threads = [_thread(document["language"], each) for document in documents for each in document["thread"]]
    return tuple(sorted(threads, key=lambda thread: -thread.hours))


def _thread(language: Language, document: dict[str, Any]) -> Thread:
    hours = document["hours"]
    return Thread(
        language=language,
        section=document["section"],
        hours=hours,
        spread=document.get("spread", min(0.85 * hours, 30)),
        title=document["title"],
        body=document["body"].strip(),
        cast={name: _voice(label) for name, label in document["cast"].items()},
        replies=tuple(_line(*row) for row in document["replies"]),
    )


def _voice(label: str) -> Voice:
    kind, _, company = label.partition("/")
    if kind == SITE_ROSTER:
        return Voice(company or None, SITE_ROSTER)
    slug = label.removesuffix("+")
    return Voice(slug, company_roster(slug, "provable" if label.endswith("+") else "attested"))


def _line(voice: str, answers: int, text: str) -> Line:
    return Line(voice, answers - 1 if answers else None, text)

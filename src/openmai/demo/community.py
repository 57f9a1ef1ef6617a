"""Who lives in the demo and what they say. All of it is invented."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from openmai.anonymity.seasons import season_at
from openmai.demo.companies import COMPANIES, DemoCompany

PASSWORD: Final = "correct horse demo"  # noqa: S105 - printed on the terminal, good for invented members only
HISTORY: Final = timedelta(days=3)
MEMBERS_PER_COMPANY: Final = 24
LATE_PER_COMPANY: Final = 2

_GIVEN: Final = (
    "Alice",
    "Bob",
    "Dana",
    "Emil",
    "Fatma",
    "Goran",
    "Hanna",
    "Ivo",
    "Jin",
    "Kofi",
    "Lena",
    "Marek",
)
_FAMILY: Final = ("Novak", "Berg", "Lindt", "Okoro", "Sato", "Weiss", "Moreau", "Tanaka", "Silva", "Haddad")


@dataclass(frozen=True)
class Timeline:
    """When it all happened: both publications of the rosters, then the talk, up to now."""

    began: datetime
    rosters: tuple[datetime, datetime]
    talk: datetime


def timeline(now: datetime) -> Timeline:
    """The last three days, or what there is of this season: keys of the season before would be of no use."""
    season = datetime.fromtimestamp(season_at(int(now.timestamp())).starts, UTC)
    began = max(now - HISTORY, season)
    span = now - began
    return Timeline(began, (began + span / 12, began + span / 2), began + span * 2 / 3)


@dataclass(frozen=True)
class Person:
    """An invented member; `number` counts within the company from 0."""

    company: DemoCompany
    number: int

    @property
    def name(self) -> str:
        place = self.number + 7 * COMPANIES.index(self.company)
        return f"{_GIVEN[self.number % len(_GIVEN)]} {_FAMILY[place % len(_FAMILY)]}"

    @property
    def email(self) -> str:
        return f"{self.company.slug}{self.number:02}@mail.example"

    @property
    def work_address(self) -> str:
        return f"staff{self.number:02}@{self.company.domain}"

    @property
    def language(self) -> str:
        return "zh-hans" if self.number % 2 else "en"

    @property
    def logs_in(self) -> bool:
        return self.number == 0


def people(*, late: bool | None = None) -> Iterator[Person]:
    """Everybody, or only those of the first epoch, or only the latecomers."""
    for company in COMPANIES:
        for number in range(MEMBERS_PER_COMPANY):
            if late is None or late == (number >= MEMBERS_PER_COMPANY - LATE_PER_COMPANY):
                yield Person(company, number)


@dataclass(frozen=True)
class Line:
    """A post; `speaker` is the number of an employee of the thread's company, or of another one's."""

    company: str
    speaker: int
    text: str


@dataclass(frozen=True)
class Conversation:
    """A thread: the first line opens it."""

    section: str
    title: str
    lines: tuple[Line, ...]


CONVERSATIONS: Final = (
    Conversation(
        "work",
        "Six night shifts in a row, again",
        (
            Line(
                "riverbend", 3, "Who else on the third floor has six in a row this month? The plan said four."
            ),
            Line("riverbend", 8, "Same here. Ask for the plan in writing; it helped in spring."),
            Line("baiyan", 5, "Drivers have the same fight. Keep your own record of hours."),
            Line("riverbend", 3, "Thank you both. I will write it down from today."),
        ),
    ),
    Conversation(
        "pay",
        "年终奖到底什么时候发",
        (
            Line("luming", 2, "去年说三月，今年到现在没有消息。你们组收到通知了吗？"),
            Line("luming", 9, "我们组也没有。听说要等审计完。"),
            Line("kestrel", 4, "我们这边已经发了，比去年少两成。"),
        ),
    ),
)

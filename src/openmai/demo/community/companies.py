"""The companies of the demo, who works there, and whom a visitor of the demo can log in as."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

CONTENT: Final[Traversable] = files("openmai.demo.community") / "content"
# Nobody can own a name under it (RFC 2606).
PERSONAL_DOMAIN: Final = "post.example"
_EARLY_OF_TEN: Final = 8


@dataclass(frozen=True, slots=True)
class Person:
    """An invented employee. `local` is the part before the @ of both addresses."""

    local: str
    name: str
    title: str
    city: str

    @property
    def email(self) -> str:
        """The personal address."""
        return f"{self.local}@{PERSONAL_DOMAIN}"

    @property
    def language(self) -> str:
        return "en" if self.name.isascii() or self.name[0] < "\u3000" else "zh-hans"


@dataclass(frozen=True, slots=True)
class Company:
    """An employer with its verified people. Of these, the first `signed_mails` also sent a signed mail."""

    slug: str
    en: str
    zh: str
    domains: tuple[str, ...]
    trade: str
    size: int
    about_en: str
    about_zh: str
    signed_mails: int
    members: tuple[Person, ...]

    @property
    def domain(self) -> str:
        """Where its people have their addresses."""
        return self.domains[0]

    def comers(self, *, late: bool) -> Iterator[tuple[Person, bool]]:
        """Who joined at first, or who came later, and whether they sent a signed mail."""
        for place, person in enumerate(self.members):
            if late == (place % 10 >= _EARLY_OF_TEN):
                yield person, place < self.signed_mails

    def work_address(self, person: Person) -> str:
        return f"{person.local}@{self.domain}"


@dataclass(frozen=True, slots=True)
class Visitor:
    """A log-in for whoever tries the demo; `works_at` is a slug, or empty for somebody unverified."""

    email: str
    name: str
    language: str
    note: str
    works_at: str = ""
    address: str = ""


def read_toml(path: Traversable) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def read_folder(name: str) -> list[tuple[str, dict[str, Any]]]:
    """(stem, document) of every TOML file in a folder of `content`, by name."""
    found = sorted((CONTENT / name).iterdir(), key=lambda path: path.name)
    return [(path.name.removesuffix(".toml"), read_toml(path)) for path in found]


@cache
def load_companies() -> tuple[Company, ...]:
    """Every company, by slug, which is the name of its file."""
    return tuple(_company(slug, document) for slug, document in read_folder("companies"))


@cache
def load_visitors() -> tuple[Visitor, ...]:
    return tuple(Visitor(**each) for each in read_toml(CONTENT / "visitors.toml")["visitor"])


def visitors_password() -> str:
    """One for all, printed on the terminal."""
    return str(read_toml(CONTENT / "visitors.toml")["password"])


def _company(slug: str, document: dict[str, Any]) -> Company:
    members = tuple(Person(*row) for row in document.pop("members"))
    return Company(slug=slug, domains=tuple(document.pop("domains")), members=members, **document)

"""Openings and replies (docs/protocol.md §4): canonical JSON whose SHA-256 is its id."""

import re
from dataclasses import dataclass
from typing import Any, Final

from openmai.anonymity.documents import BadValue, Fields, WrongSeason, WrongSite, tidy_text
from openmai.anonymity.encoding import Domain, canonical_json, sha256
from openmai.anonymity.errors import gettext_noop
from openmai.anonymity.limits import MAX_TEXT, MAX_TITLE, NONCE_SIZE
from openmai.anonymity.seasons import SEASON_PATTERN

__all__ = ["Content", "Opening", "Reply", "parse_content", "read_domain", "tidy_text"]

_ = gettext_noop
OPENING_TYPE: Final = "openmai/thread/v1"
REPLY_TYPE: Final = "openmai/reply/v1"
SITE_PATTERN: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")
SECTION_PATTERN: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_OPENING_FIELDS: Final = ("type", "site", "season", "section", "title", "body", "nonce")
_REPLY_FIELDS: Final = ("type", "site", "season", "thread", "parent", "body", "nonce")


@dataclass(frozen=True, slots=True)
class Opening:
    """The first post of a thread. `nonce` is 16 random bytes. Only `parse_content` checks the values."""

    site: str
    season: str
    section: str
    title: str
    body: str
    nonce: bytes

    def document(self) -> dict[str, Any]:
        """What is hashed, sent and stored."""
        return {
            "type": OPENING_TYPE,
            "site": self.site,
            "season": self.season,
            "section": self.section,
            "title": self.title,
            "body": self.body,
            "nonce": self.nonce.hex(),
        }

    @property
    def id(self) -> bytes:
        """The 32 bytes that name this post, and its thread."""
        return sha256(canonical_json(self.document()))

    @property
    def thread_id(self) -> bytes:
        return self.id

    @property
    def domain(self) -> Domain:
        return Domain(self.site, self.season)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer in `thread` (32 bytes), to the post `parent` or to the opening when that is None."""

    site: str
    season: str
    thread: bytes
    parent: bytes | None
    body: str
    nonce: bytes

    def document(self) -> dict[str, Any]:
        """What is hashed, sent and stored."""
        return {
            "type": REPLY_TYPE,
            "site": self.site,
            "season": self.season,
            "thread": self.thread.hex(),
            "parent": None if self.parent is None else self.parent.hex(),
            "body": self.body,
            "nonce": self.nonce.hex(),
        }

    @property
    def id(self) -> bytes:
        """The 32 bytes that name this post."""
        return sha256(canonical_json(self.document()))

    @property
    def thread_id(self) -> bytes:
        return self.thread

    @property
    def domain(self) -> Domain:
        return Domain(self.site, self.season)


Content = Opening | Reply


def parse_content(
    document: object, *, domain: Domain | None = None, past: str | None = None, pointer: str = ""
) -> Content:
    """Read an opening or a reply; raise a `DocumentRefused`.

    With `domain`, raise `WrongSite` or `WrongSeason` if it was written for another; a reply may also be of
    the season `past`. `pointer` is where the content stands in the document that is being read.
    """
    kind = document.get("type") if type(document) is dict else None
    if kind == OPENING_TYPE:
        content: Content = _parse_opening(Fields(document, _OPENING_FIELDS, pointer=pointer), domain)
    elif kind == REPLY_TYPE:
        content = _parse_reply(Fields(document, _REPLY_FIELDS, pointer=pointer), domain, past)
    else:
        message = _("“type” must be %(opening)s or %(reply)s")
        raise BadValue(message, pointer=f"{pointer}/type", opening=OPENING_TYPE, reply=REPLY_TYPE)
    return content


def read_domain(fields: Fields, expected: Domain | None, *, past: str | None = None) -> Domain:
    """The fields `site` and `season`; raise `WrongSite` or `WrongSeason` unless they are as expected, or the
    season is `past`.
    """
    found = Domain(fields.word("site", SITE_PATTERN), fields.word("season", SEASON_PATTERN))
    if expected is not None and found.site != expected.site:
        message = _("this was made for the site %(found)s; this is %(expected)s")
        raise WrongSite(message, pointer=fields.at("site"), found=found.site, expected=expected.site)
    if expected is not None and found.season not in (expected.season, past):
        message = _("this was made for season %(found)s; the season is %(expected)s")
        raise WrongSeason(message, pointer=fields.at("season"), found=found.season, expected=expected.season)
    return found


def _parse_opening(fields: Fields, expected: Domain | None) -> Opening:
    domain = read_domain(fields, expected)
    return Opening(
        site=domain.site,
        season=domain.season,
        section=fields.word("section", SECTION_PATTERN),
        title=fields.text("title", least=1, most=MAX_TITLE),
        body=fields.text("body", most=MAX_TEXT, lines=True),
        nonce=fields.hex("nonce", size=NONCE_SIZE),
    )


def _parse_reply(fields: Fields, expected: Domain | None, past: str | None) -> Reply:
    domain = read_domain(fields, expected, past=past)
    return Reply(
        site=domain.site,
        season=domain.season,
        thread=fields.hex("thread", size=32),
        parent=fields.optional_hex("parent", size=32),
        body=fields.text("body", least=1, most=MAX_TEXT, lines=True),
        nonce=fields.hex("nonce", size=NONCE_SIZE),
    )

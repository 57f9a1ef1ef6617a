"""The ban list (docs/protocol.md §6): one public document for everybody, and the pages that the gate proves
over.

A ban names a persona, by its thread and its nullifier, and nobody's name: whoever holds the
secret behind it cannot make a gate proof as long as the list says so.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Final

from openmai.anonymity.documents import BadValue, DocumentRefused, Fields, check_list, load_canonical
from openmai.anonymity.encoding import Domain, canonical_json, circuit_input, sha256
from openmai.anonymity.errors import gettext_noop
from openmai.anonymity.limits import MAX_BAN_LIST, MAX_BANS
from openmai.anonymity.poseidon import poseidon2

_ = gettext_noop
BANS_A_PAGE: Final = 30
BAN_LIST_TYPE: Final = "openmai/bans/v1"
REASONS: Final = ("spam", "threat", "private-data", "false-fact", "illegal", "other")
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_REASON: Final = re.compile(r"[a-z][a-z-]{0,31}")
_FIELDS: Final = ("type", "site", "season", "serial", "bans")
_BAN_FIELDS: Final = ("thread", "nullifier", "until", "reason")

# Scope and nullifier as the circuit has them.
Pair = tuple[int, int]
Page = tuple[Pair, ...]


class UnsortedBans(DocumentRefused):
    """The bans are not in their one order, or one is there twice."""

    code: ClassVar = "not-canonical"


@dataclass(frozen=True, slots=True)
class Ban:
    """A persona that may not speak, and its member nowhere anew: by its thread (32 bytes) and its nullifier.

    `scope` is D("thread", thread), 256 bits. Whoever reads a list computes it: a list that could name any
    scope could name a member, by the nullifier of their enrolment, which is public beside their name.
    """

    thread: bytes
    scope: int
    nullifier: int
    until: str
    reason: str

    @classmethod
    def of(cls, domain: Domain, *, thread: bytes, nullifier: int, until: str, reason: str) -> "Ban":
        return cls(thread, domain.thread_scope(thread), nullifier, until, reason)

    @property
    def pair(self) -> Pair:
        return circuit_input(self.scope), self.nullifier

    def names(self, secret: int) -> bool:
        """Whether the banned persona is that of this secret."""
        scope, nullifier = self.pair
        return poseidon2(scope, secret) == nullifier

    def document(self) -> dict[str, str]:
        return {
            "thread": self.thread.hex(),
            "nullifier": str(self.nullifier),
            "until": self.until,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class BanList:
    """Every ban of a site in a season, by thread and nullifier. `serial` grows with each change."""

    site: str
    season: str
    serial: int
    bans: tuple[Ban, ...]

    def encoded(self) -> bytes:
        """The canonical bytes; their SHA-256 is the list's name."""
        document: dict[str, Any] = {
            "type": BAN_LIST_TYPE,
            "site": self.site,
            "season": self.season,
            "serial": self.serial,
            "bans": [ban.document() for ban in self.bans],
        }
        return canonical_json(document)

    @property
    def digest(self) -> bytes:
        return sha256(self.encoded())

    def pages(self) -> tuple[Page, ...]:
        """Thirty pairs each, the last one filled up with (0, 0); an empty list is one page of these.

        Poseidon(0, secret) = 0 has no known solution, so an unused pair bans nobody.
        """
        pairs = [ban.pair for ban in self.bans]
        pairs += [(0, 0)] * (-len(pairs) % BANS_A_PAGE or (0 if pairs else BANS_A_PAGE))
        return tuple(tuple(pairs[at : at + BANS_A_PAGE]) for at in range(0, len(pairs), BANS_A_PAGE))

    def ban_of(self, *, thread: bytes, nullifier: int) -> Ban | None:
        """The ban of this persona, if there is one."""
        return next((ban for ban in self.bans if _place(ban) == (thread, nullifier)), None)

    def ban_on(self, secret: int) -> Ban | None:
        """The ban that keeps the holder of this secret from proving; of several the one that ends last."""
        return max((ban for ban in self.bans if ban.names(secret)), key=lambda ban: ban.until, default=None)


def sorted_bans(bans: Iterable[Ban]) -> tuple[Ban, ...]:
    """In the order of a ban list."""
    return tuple(sorted(bans, key=_place))


def _place(ban: Ban) -> tuple[bytes, int]:
    return ban.thread, ban.nullifier


def read_ban_list(data: bytes, *, domain: Domain) -> BanList:
    """Parse a ban list of this site and season; raise a `DocumentRefused` if it is anything else."""
    fields = Fields(load_canonical(data, limit=MAX_BAN_LIST), _FIELDS)
    fields.literal("type", BAN_LIST_TYPE)
    fields.literal("site", domain.site)
    fields.literal("season", domain.season)
    raw = check_list(fields.raw("bans"), most=MAX_BANS, pointer=fields.at("bans"))
    bans = tuple(
        _read_ban(Fields(each, _BAN_FIELDS, pointer=f"/bans/{place}"), domain)
        for place, each in enumerate(raw)
    )
    places = [_place(ban) for ban in bans]
    if any(earlier >= later for earlier, later in pairwise(places)):
        raise UnsortedBans(
            _("the bans are not in the order of thread and nullifier"), pointer=fields.at("bans")
        )
    return BanList(domain.site, domain.season, fields.integer("serial"), bans)


def _read_ban(fields: Fields, domain: Domain) -> Ban:
    nullifier = fields.decimal("nullifier")
    if nullifier == 0:
        raise BadValue(_("the nullifier is 0"), pointer=fields.at("nullifier"))
    return Ban.of(
        domain,
        thread=fields.hex("thread", size=32),
        nullifier=nullifier,
        until=fields.word("until", _TIME),
        reason=fields.word("reason", _REASON),
    )

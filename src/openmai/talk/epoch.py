"""The memory of one epoch: what was accepted and waits for the tick. Nothing of it touches a disk before.

One process holds it (docs/adr/0002). If the process ends, what waited is gone, and the outboxes of the
writers send it again: that is why nothing is written early, not even at an orderly end.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from threading import Lock
from typing import ClassVar, Final

from django.utils.translation import gettext as _

from openmai.anonymity.content import Opening, Reply
from openmai.anonymity.encoding import Domain
from openmai.anonymity.gate import GateList
from openmai.anonymity.groth16 import VerificationKey
from openmai.talk.admission import InForce, RateUsed
from openmai.talk.errors import Refused, TalkError
from openmai.talk.log_files import shown_to_readers
from openmai.talk.queries.bans import CurrentBans, current_bans
from openmai.talk.queries.rosters import RosterListing, roster_listing
from openmai.talk.queries.standing import RosterRoot, roster_roots
from openmai.talk.rules import Rules
from openmai.talk.standing import Claimed, Known, check_persona

# At 10 minutes a tick, 17 posts a second.
CAPACITY: Final = 10_000
# Of text; so that posts of the greatest length cannot take four hundred megabytes.
CAPACITY_BYTES: Final = 64 * 1024 * 1024
# Of one persona in its thread, so that nobody floods a thread or takes all the room with bare signatures.
PERSONA_SHARE: Final = 20


class PoolFull(Refused):
    """As many posts wait as the site holds in memory; the outbox tries again."""

    code: ClassVar = "pool-full"


class ShareFull(PoolFull):
    """One persona has as many posts waiting in its thread as it may; the outbox tries again."""


class Moved(TalkError):
    """A tick was written since the database was asked: ask it again."""


class TakenContent(Refused):
    """This very content is known under another key: somebody sends a copy of it as their own."""

    code: ClassVar = "bad-value"
    pointer: ClassVar = "/content/nonce"

    def __init__(self) -> None:
        super().__init__(_("Another persona has said exactly this; write it with a nonce of your own."))


@dataclass(frozen=True, slots=True)
class Entry:
    """The join that an accepted submission came with: `statement` names the roster's epoch, `proof` is 128
    bytes. Of the gate the used slot is kept, and up to which addition to the ban list it was proved.
    """

    statement: bytes
    proof: bytes
    label_en: str
    label_zh: str
    rate: bytes
    day: date
    bans_added_at: datetime | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """An accepted submission. `due` is the tick at which it will be written."""

    id: bytes
    thread: bytes
    content: Opening | Reply
    key: bytes
    signature: bytes
    nullifier: bytes
    roster: str
    entry: Entry | None
    accepted: datetime
    due: datetime

    @property
    def size(self) -> int:
        """Bytes of its text."""
        return len(self.content.body.encode())

    @property
    def speaker(self) -> Claimed:
        """Its persona; known by now also if it came without a join."""
        return Claimed(self.key, self.nullifier, self.roster)


class Epoch:
    """What waits, and up to when what is published is complete. Safe to share between threads.

    `generation` grows at each tick that was written; whoever decides by what the database said passes the
    generation that it asked under, so that no decision outlives a tick.
    """

    def __init__(self, *, capacity: int = CAPACITY, capacity_bytes: int = CAPACITY_BYTES) -> None:
        self._lock = Lock()
        self._capacity = capacity
        self._room = capacity_bytes
        self._waiting: dict[bytes, Waiting] = {}
        self._personas: dict[bytes, list[Known]] = defaultdict(list)
        self._shares: Counter[tuple[bytes, bytes]] = Counter()
        self._rates: set[bytes] = set()
        self._roots: dict[tuple[str, str, int], list[RosterRoot]] = {}
        self._bans: dict[Domain, InForce] = {}
        self._listed: dict[Domain, tuple[int, CurrentBans]] = {}
        self._rosters: dict[str, tuple[int, RosterListing]] = {}
        self._closing: datetime | None = None
        self._written: datetime | None = None
        self._generation = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def generation(self) -> int:
        return self._generation

    @property
    def written(self) -> datetime | None:
        """The last tick that was written, or None before the first."""
        return self._written

    def roots(self, season: str, roster: str, root: int) -> list[RosterRoot]:
        """The epochs of a roster with this root, asked of the database once in a generation: one that is
        superseded meanwhile has its grace before it.
        """
        key = (season, roster, root)
        found = self._roots.get(key)
        if found is None and (found := roster_roots(season, roster, root)):
            self._roots[key] = found
        return found or []

    def bans(self, domain: Domain, key: VerificationKey) -> InForce:
        """The season's ban list in force, summed up once for a list."""
        kept, generation = self._bans.get(domain), self._generation
        same_key = kept is not None and kept.gates.key is key
        if kept is not None and same_key and kept.generation == generation:
            return kept
        current = self.listed(domain)
        same = kept is not None and same_key and kept.current.digest == current.digest
        gates = kept.gates if kept is not None and same else GateList.of(key, current.bans)
        found = InForce(domain, generation, current, gates)
        # Two seasons at most are open.
        self._bans = {old: each for old, each in self._bans.items() if each.generation == generation}
        self._bans[domain] = found
        return found

    def listed(self, domain: Domain) -> CurrentBans:
        """The season's ban list in force, asked of the database and read once in a generation."""
        generation = self._generation
        kept = self._listed.get(domain)
        if kept is not None and kept[0] == generation:
            return kept[1]
        current = current_bans(domain)
        known = {old: each for old, each in self._listed.items() if each[0] == generation}
        self._listed = {**known, domain: (generation, current)}
        return current

    def rosters(self, season: str, *, rules: Rules) -> RosterListing:
        """What devices are told of the season's rosters, asked of the database once in a generation: the
        index and the places in the log are two answers, and would else be of two moments.

        Epochs that the shown log does not reach yet, as while a witness is slow, are left for a generation
        after this.
        """
        generation = self._generation
        kept = self._rosters.get(season)
        if kept is not None and kept[0] == generation:
            return kept[1]
        found = roster_listing(season, floor=rules.floor)
        if kept is not None and found.log_size > shown_to_readers(rules.log_dir, quorum=rules.quorum):
            found = kept[1]
        self._rosters[season] = (generation, found)
        return found

    def get(self, content_id: bytes) -> Waiting | None:
        return self._waiting.get(content_id)

    def personas(self, thread: bytes, claimed: Claimed) -> list[Known]:
        """The waiting personas of a thread that have this key or this nullifier."""
        with self._lock:
            return self._matching(thread, claimed)

    def _matching(self, thread: bytes, claimed: Claimed) -> list[Known]:
        known = self._personas.get(thread, ())
        return [each for each in known if each.key == claimed.key or each.nullifier == claimed.nullifier]

    def add(self, item: Waiting, *, generation: int, tick: timedelta) -> Waiting:
        """Let `item` wait, and return what waits under its id: the first that came.

        Raises `Moved`, `PoolFull`, `TakenContent`, `RateUsed` or an error of `standing` if another thread was
        faster.
        """
        with self._lock:
            if (first := self._waiting.get(item.id)) is not None:
                if first.key != item.key:
                    raise TakenContent
                return first
            if generation != self._generation:
                raise Moved
            if len(self._waiting) >= self._capacity or item.size > self._room:
                raise PoolFull(
                    _("As many posts wait as this site can hold; send it again after the next tick.")
                )
            if self._shares[item.thread, item.key] >= PERSONA_SHARE:
                raise ShareFull(
                    _("As many of your posts wait in this thread as may; send it again after the next tick.")
                )
            check_persona(item.speaker, self._matching(item.thread, item.speaker), now=item.accepted)
            if item.entry is not None and item.entry.rate in self._rates:
                raise RateUsed
            if self._closing is not None and item.due <= self._closing:
                item = replace(item, due=self._closing + tick)
            self._waiting[item.id] = item
            self._room -= item.size
            self._shares[item.thread, item.key] += 1
            self._note(item)
            return item

    def _note(self, item: Waiting) -> None:
        """Remember what a waiting join takes: a persona and a slot."""
        if item.entry is not None:
            self._personas[item.thread].append(Known(item.nullifier, item.key, item.roster, item.accepted))
            self._rates.add(item.entry.rate)

    def close(self, tick: datetime) -> list[Waiting]:
        """Take stock for `tick`: everything that is due, in the order of the ids. It keeps waiting until
        `written`.
        """
        with self._lock:
            self._closing = tick if self._closing is None else max(tick, self._closing)
            return [self._waiting[key] for key in sorted(self._waiting) if self._waiting[key].due <= tick]

    def settle(
        self,
        tick: datetime,
        items: Iterable[Waiting],
        *,
        bans_added: Mapping[str, datetime | None] | None = None,
    ) -> None:
        """`items` are in the database, or can never be: forget them and begin a new generation.

        `bans_added` says of each open season when a ban was last added. A join that came while the tick was
        being written was proved over the list before: it is forgotten as well, and so is its persona, before
        anything can hang on it; its outbox proves again.
        """
        with self._lock:
            stale = [each for each in self._waiting.values() if _is_stale(each, bans_added or {})]
            for item in (*items, *stale):
                if self._waiting.pop(item.id, None) is not None:
                    self._room += item.size
            self._personas.clear()
            self._rates.clear()
            self._shares = Counter((item.thread, item.key) for item in self._waiting.values())
            for item in self._waiting.values():
                self._note(item)
            self._roots = {}
            self._written = tick
            self._generation += 1

    def clear(self) -> None:
        """Forget everything, as the end of the process does."""
        with self._lock:
            self._room += sum(item.size for item in self._waiting.values())
            self._waiting.clear()
            self._personas.clear()
            self._shares.clear()
            self._rates.clear()
            self._roots = {}
            self._bans, self._listed, self._rosters = {}, {}, {}
            self._closing = self._written = None
            self._generation += 1


def _is_stale(item: Waiting, bans_added: Mapping[str, datetime | None]) -> bool:
    season = item.content.season
    return item.entry is not None and season in bans_added and item.entry.bans_added_at != bans_added[season]


# The memory of this process.
EPOCH: Final = Epoch()

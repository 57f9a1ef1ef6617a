"""Reading a whole log: every entry in its one form, every roster's root out of the leaves in the log."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from openmai.anonymity.encoding import Domain
from openmai.anonymity.enrolment import EnrolmentClaim, verify_enrolments
from openmai.anonymity.errors import AnonymityError, gettext_noop
from openmai.anonymity.fields import parse_decimal
from openmai.anonymity.leanimt import LeanIMT
from openmai.anonymity.log.entries import LogEntry, parse_entry
from openmai.anonymity.log.issuers import UnfoundedKey, key_of
from openmai.anonymity.log.journals import claim_of, leaf_of
from openmai.anonymity.log.merkle import LogRefused
from openmai.anonymity.log.replacements import GivenUpKey, Replacement, Replacements
from openmai.anonymity.log.standing import Standing

_ = gettext_noop


class BadLog(LogRefused):
    """The log is well kept and says something that cannot be true. `index` is the entry's."""

    def __init__(self, index: int, template: str, /, **values: object) -> None:
        super().__init__(template, **values)
        self.index = index


@dataclass
class Roster:
    """A roster as the log tells it so far."""

    tree: LeanIMT = field(default_factory=LeanIMT)
    epoch: int = 0
    live: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Move:
    """A leaf that joined or left a roster. `index` is that of the epoch's entry."""

    index: int
    epoch: int
    commitment: int
    joined: bool


@dataclass
class Audit:
    """Reads entries in their order; `found` counts them by kind.

    Additions sort leaves by their bytes and not by their place, so leaves wait until their epoch's entry.
    They put replacements and observations behind all epochs, so the moves of an addition, and the keys that
    its leaves rest on, are kept until its end.
    """

    site: str
    randbits: Callable[[int], int]
    found: dict[str, int] = field(default_factory=dict)
    rosters: dict[tuple[str, str], Roster] = field(default_factory=dict)
    posts: set[str] = field(default_factory=set)
    _index: int = 0
    _standing: Standing = field(default_factory=Standing)
    _proved: dict[str, set[int]] = field(default_factory=dict)
    _replaced: dict[str, Replacements] = field(default_factory=dict)
    _waiting: dict[str, list[EnrolmentClaim]] = field(default_factory=dict)
    _changes: dict[tuple[str, str, int], list[LogEntry]] = field(default_factory=dict)
    _moves: dict[tuple[str, str], list[Move]] = field(default_factory=dict)
    _signed: dict[tuple[str, str, int], Counter[tuple[str, bytes]]] = field(default_factory=dict)
    _answered: dict[str, int] = field(default_factory=dict)
    _last: LogEntry | None = None

    def read(self, entries: Iterable[bytes]) -> None:
        """Read the next entries; raise `BadLog`."""
        for data in entries:
            try:
                self._read(data)
            except BadLog:
                raise
            except AnonymityError as error:
                raise BadLog(self._index, error.template, **error.values) from error
            self._index += 1

    def finish(self) -> None:
        """Verify what was gathered; raise `BadLog`. Leaves without their epoch's entry are refused."""
        for season in list(self._waiting):
            self._verify(season)
        self._end_addition()
        if self._changes:
            raise BadLog(self._index, _("the log names leaves of an epoch that it does not name"))

    def _read(self, data: bytes) -> None:
        entry = parse_entry(data)
        if entry.domain.site != self.site:
            raise BadLog(self._index, _("an entry is about another site"))
        # An addition is sorted, so what comes before its forerunner begins another.
        if self._last is not None and entry.order <= self._last.order:
            self._end_addition()
        self._last = entry
        self.found[entry.kind] = self.found.get(entry.kind, 0) + 1
        if entry.kind == "enrolment":
            self._enrol(entry)
        elif entry.kind in ("leaf", "removal"):
            key = entry.domain.season, entry.facts["roster"], entry.facts["epoch"]
            self._changes.setdefault(key, []).append(entry)
        elif entry.kind == "roster":
            self._close_epoch(entry)
        elif entry.kind == "replacement":
            self._replace(entry)
        elif entry.kind == "disclosures":
            self._count(entry)
        elif entry.kind == "observation":
            self._name_key(entry)
        elif entry.kind == "tick":
            self._publish(entry)
        elif entry.kind == "bans" and entry.facts["serial"] <= self._standing.serial(entry.domain.season):
            raise BadLog(self._index, _("the log holds two ban lists of one serial, or an older one later"))
        elif entry.kind == "standing" and entry.data != self._standing.entry(entry.domain).data:
            raise BadLog(self._index, _("the log says that other things are in force than it holds"))
        self._standing.note(self._index, entry)

    def _enrol(self, entry: LogEntry) -> None:
        season = entry.domain.season
        claim = claim_of(entry.facts)
        proved = self._proved.setdefault(season, set())
        if claim.commitment in proved:
            raise BadLog(self._index, _("a commitment is enrolled twice"))
        proved.add(claim.commitment)
        self._waiting.setdefault(season, []).append(claim)
        if len(self._waiting[season]) >= 128:
            self._verify(season)

    def _verify(self, season: str) -> None:
        claims = self._waiting.pop(season)
        try:
            verify_enrolments(claims, domain=Domain(self.site, season), randbits=self.randbits)
        except AnonymityError as error:
            raise BadLog(self._index, _("a proof of knowledge does not hold")) from error

    def _close_epoch(self, entry: LogEntry) -> None:
        """The leaves that the log names must give the root that was signed."""
        season, name, epoch = entry.domain.season, entry.facts["roster"], entry.facts["epoch"]
        roster = self.rosters.setdefault((season, name), Roster())
        if epoch <= roster.epoch:
            raise BadLog(self._index, _("the log names an epoch of %(roster)s twice"), roster=name)
        changes = self._changes.pop((season, name, epoch), [])
        self._apply(roster, changes, entry)
        roster.epoch = epoch
        if str(roster.tree.root) != entry.facts["root"]:
            message = _("the leaves of %(roster)s in the log do not give the root of epoch %(epoch)d")
            raise BadLog(self._index, message, roster=name, epoch=epoch)

    def _apply(self, roster: Roster, changes: list[LogEntry], entry: LogEntry) -> None:
        tree, season, epoch = roster.tree, entry.domain.season, entry.facts["epoch"]
        joined = sorted(
            (each for each in changes if each.kind == "leaf"), key=lambda each: each.facts["index"]
        )
        commitments = [parse_decimal(each.facts["commitment"]) for each in joined]
        places = (leaf_of(each.facts).key_place for each in joined)
        self._signed[season, entry.facts["roster"], epoch] = Counter(each for each in places if each)
        if [each.facts["index"] for each in joined] != list(range(tree.size, tree.size + len(joined))):
            raise BadLog(self._index, _("leaves joined at places where they cannot be"))
        if not self._proved.get(season, set()).issuperset(commitments):
            raise BadLog(self._index, _("a leaf joined without a proof of knowledge"))
        tree.extend(commitments)
        roster.live.update(commitments)
        leaves = tree.leaves
        removed = [each.facts["index"] for each in changes if each.kind == "removal"]
        for index in removed:
            tree.update(index, 0)
            roster.live.discard(leaves[index])
        moves = self._moves.setdefault((season, entry.facts["roster"]), [])
        moves += [Move(self._index, epoch, each, joined=True) for each in commitments]
        moves += [Move(self._index, epoch, leaves[index], joined=False) for index in removed]

    def _replace(self, entry: LogEntry) -> None:
        """The new key stands in a roster or joined one in this addition; the lost one is in none of those."""
        season = entry.domain.season
        pair = Replacement(parse_decimal(entry.facts["old"]), parse_decimal(entry.facts["new"]))
        if not self._replaced.setdefault(season, Replacements()).add(pair):
            raise BadLog(self._index, _("a replacement is logged twice"))
        entered = list(self._entered(pair.new, season))
        if not entered:
            raise BadLog(self._index, _("the log names a replacement that joined no roster"))
        if any(self._stood(pair.old, place, epoch) for place, epoch in entered):
            raise BadLog(self._index, _("a key that was replaced still stands in the roster"))

    def _count(self, entry: LogEntry) -> None:
        count, season = entry.facts["count"], entry.domain.season
        if count < self._answered.get(season, 0):
            raise BadLog(self._index, _("the log says of fewer requests for data than before"))
        self._answered[season] = count

    def _name_key(self, entry: LogEntry) -> None:
        """A leaf that joined with this epoch, in this addition, rests on the key: one for each name."""
        epoch = entry.domain.season, entry.facts["roster"], entry.facts["epoch"]
        free, place = self._signed.get(epoch, Counter()), key_of(entry.facts).place
        if not free[place]:
            raise BadLog(self._index, UnfoundedKey.words)
        free[place] -= 1

    def _entered(self, commitment: int, season: str) -> Iterator[tuple[tuple[str, str], int]]:
        """The rosters that a key joined in this addition, with the epoch, and those in which it stands."""
        for place, roster in self.rosters.items():
            if place[0] != season:
                continue
            moves = self._moves.get(place, ())
            yield from (
                (place, each.epoch) for each in moves if each.joined and each.commitment == commitment
            )
            if commitment in roster.live:
                yield place, roster.epoch

    def _stood(self, commitment: int, place: tuple[str, str], epoch: int) -> bool:
        """Whether a key stood in a roster in an epoch of this addition: its next move tells."""
        moves = self._moves.get(place, ())
        move = next((each for each in moves if each.commitment == commitment and each.epoch > epoch), None)
        return commitment in self.rosters[place].live if move is None else not move.joined

    def _end_addition(self) -> None:
        """A key that was given up joins only in an epoch that was missed, and has left by the last one."""
        for place, moves in self._moves.items():
            given_up = self._replaced.get(place[0], Replacements()).given_up
            for move in moves:
                if move.joined and given_up(move.commitment) and move.commitment in self.rosters[place].live:
                    raise BadLog(move.index, GivenUpKey.words)
        self._moves, self._signed = {}, {}

    def _publish(self, entry: LogEntry) -> None:
        posts = set(entry.facts["posts"])
        if posts & self.posts:
            raise BadLog(self._index, _("a post was published twice"))
        self.posts |= posts

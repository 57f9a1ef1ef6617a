"""Rosters from the talk site's mirror, checked in full before anything is proved under them.

The mirror is asked, never the people site: that would tell the real-name side who is about to speak.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from openmai.anonymity.encoding import sha256
from openmai.anonymity.errors import AnonymityError
from openmai.anonymity.leanimt import LeanIMT, MerklePath
from openmai.anonymity.limits import (
    MAX_INDEX,
    MAX_LEAVES_FILE,
    MAX_PATHS,
    MAX_SHARD,
    MAX_STATEMENT,
    MAX_WHOLE,
)
from openmai.anonymity.paths import Altered, CheckedPaths, CutShort, NoChain, TooMuch, check_paths
from openmai.anonymity.rosters import (
    SITE_ROSTER,
    RosterIndex,
    RosterStatement,
    SignedStatement,
    check_leaves,
    is_trade,
    open_index,
    open_statement,
    roster_kind,
    roster_slug,
    shard_before,
    whole_roster,
)
from openmai.cli.member.epochs import (
    AcceptedEpochs,
    KeptEpoch,
    Removals,
    epoch_of_leaves,
    epoch_of_paths,
)
from openmai.cli.member.errors import Refused, Usage
from openmai.cli.member.home import Home
from openmai.cli.member.log import SiteLog
from openmai.cli.member.pins import Pins, read_pins, read_season_pins, write_pins, write_season_pins
from openmai.cli.member.show import Progress, Report
from openmai.cli.member.sites import SiteFacts
from openmai.cli.member.web import Web
from openmai.cli.member.words import gettext as _
from openmai.cli.member.words import reason_of

# No fewer, whatever the site says of its own floor: a crowd of two is not one.
SMALLEST_CROWD: Final = 20
_ORDER: Final = {"provable": 0, "attested": 1, "site": 2}


@dataclass(frozen=True, slots=True)
class CheckedRoster:
    """A roster that may be spoken from: signed, logged, current, large enough. `path` leads from the own
    leaf to its root; `checkpoint` is what a join under it carries.
    """

    statement: RosterStatement
    path: MerklePath
    checkpoint: str


@dataclass(frozen=True, slots=True)
class Mirror:
    """The talk site's copy of the rosters, and what this machine insists on.

    Which files it asks for depends on the roster's size and on what it kept, never on the member's place.
    """

    web: Web
    facts: SiteFacts
    pins: Pins
    home: Home
    progress: Progress
    whole_up_to: int = MAX_WHOLE

    def index(self) -> RosterIndex:
        """The signed index; raise `Refused` if it is forged, older than one seen before, or another one."""
        domain = self.facts.domain
        path = f"/rosters/{domain.season}/index.json" if self.facts.past else "/rosters/index.json"
        data = self.web.get(path, limit=MAX_INDEX)
        pins = self._pins()
        try:
            index = open_index(data, key=self.pins.roster_key, domain=domain, seen=pins.serial)
        except AnonymityError as error:
            raise Refused(
                _("The index of rosters is refused: %(error)s.") % {"error": reason_of(error)}
            ) from error
        if index.serial == pins.serial and pins.index not in (None, sha256(data)):
            # Two lists for two members: whoever gets the rarer one stands in a smaller crowd.
            message = _("The site shows two different indexes of rosters with the serial %(serial)d.")
            raise Refused(message % {"serial": index.serial}, code="index-forked")
        seen = replace(self.pins, serial=index.serial, index=sha256(data))
        if not self.facts.past:
            write_pins(self.home, domain.site, replace(pins, serial=index.serial, index=sha256(data)))
        # A season's own, so that it is known still when the next season's indexes have begun.
        write_season_pins(self.home, domain, seen)
        return index

    def _pins(self) -> Pins:
        """What was last seen of the indexes of this season."""
        if self.facts.past:
            return read_season_pins(self.home, self.facts.domain) or Pins(self.pins.roster_key, 0)
        return read_pins(self.home, self.facts.domain.site) or self.pins

    def checked(self, index: RosterIndex, roster: str, *, commitment: int, floor: int) -> CheckedRoster:
        """The current epoch of `roster`; raise `Refused` if one may not speak from it."""
        signed = self._statement(index, roster)
        self._refuse_small(signed.statement, floor)
        self._refuse_early_shard(index, signed.statement)
        checkpoint = self._logged(signed)
        epoch, removals = self._epoch(signed, commitment)
        if removals.too_many:
            raise _shrunk(signed.statement, removals)
        self._accepted.accept(epoch)
        path = epoch.path(commitment)
        if path is None:
            message = _("Your key is not in %(roster)s yet. New keys wait for the next epoch of the roster.")
            raise Refused(message % {"roster": roster}, code="not-in-roster")
        return CheckedRoster(signed.statement, path, checkpoint)

    def _epoch(self, signed: SignedStatement, commitment: int) -> tuple[KeptEpoch, Removals]:
        """What this machine comes to know of an epoch, by as few bytes as will do."""
        kept = self._accepted.kept(signed.statement.roster)
        if kept is not None and kept.signed.name == signed.name and _tells(kept, commitment):
            return kept, Removals(0, signed.statement.live)
        proved: Removals | None = None
        gap: NoChain | None = None
        if signed.statement.size > self.whole_up_to:
            paths = self._paths(signed.statement)
            own = self._accepted.own_tile(signed.statement.roster)
            try:
                found, proved = epoch_of_paths(signed, paths, kept, own=own, commitment=commitment)
            except Altered as error:
                raise _altered(signed.statement) from error
            except NoChain as error:
                gap = error
            else:
                if proved.too_many or _tells(found, commitment):
                    return found, proved
        tree = self._leaves(signed.statement)
        try:
            removals = proved or self._accepted.removals(signed.statement.roster, tree.leaves)
        except NoChain as error:
            raise _unchained(signed.statement, kept, gap) from (gap or error)
        return epoch_of_leaves(signed, tree, commitment=commitment), removals

    def accept(
        self, index: RosterIndex, roster: str, *, epoch: int
    ) -> tuple[Removals | None, RosterStatement]:
        """Accept an epoch that lost many members; raise `Refused` if it is not the current one, or not the
        one that everybody sees.

        None where it cannot be told how many.
        """
        signed = self._statement(index, roster)
        if signed.statement.epoch != epoch:
            message = _("%(roster)s is at epoch %(found)d now, not at %(epoch)d.")
            raise Refused(message % {"roster": roster, "found": signed.statement.epoch, "epoch": epoch})
        # Whatever the member accepts, it is no crowd set apart.
        self._refuse_early_shard(index, signed.statement)
        self._logged(signed)
        tree = self._leaves(signed.statement)
        try:
            removals = self._accepted.removals(roster, tree.leaves)
        except NoChain:
            removals = None
        self._accepted.accept(epoch_of_leaves(signed, tree, kept=self._accepted.kept(roster)))
        return removals, signed.statement

    @property
    def log(self) -> SiteLog:
        past = self.facts.domain.season if self.facts.past else None
        return SiteLog(self.web, self.facts.domain.site, self.home, self.facts.log, past)

    def _logged(self, signed: SignedStatement) -> str:
        with self.progress.waiting(_("Checking the log")):
            return self.log.check_roster(self.log.view(), signed)

    @property
    def _accepted(self) -> AcceptedEpochs:
        return AcceptedEpochs(self.home, self.facts.domain, self.pins.roster_key)

    def _refuse_small(self, statement: RosterStatement, floor: int) -> None:
        least = max(floor, self.facts.floor)
        if statement.settled < least:
            message = _(
                "%(roster)s has %(settled)d settled members; with fewer than %(least)d you could be found."
            )
            values = {"roster": statement.roster, "settled": statement.settled, "least": least}
            raise Refused(message % values, code="below-floor")

    def _refuse_early_shard(self, index: RosterIndex, statement: RosterStatement) -> None:
        """Shards open in their order: one begun while the one before has room is a crowd set apart."""
        before = shard_before(statement.roster)
        if before is None:
            return
        signed = None if index.entry(before) is None else self._statement(index, before)
        if signed is None or signed.statement.size < MAX_SHARD:
            message = _(
                "%(roster)s was opened although %(before)s is not full. Members whom somebody wants to see "
                "apart would stand so; nothing was sent. Tell the operator in public."
            )
            raise Refused(message % {"roster": statement.roster, "before": before}, code="early-shard")
        # Else a full one could be made up for one member.
        self._logged(signed)

    def _paths(self, statement: RosterStatement) -> CheckedPaths:
        name = statement.paths
        data = self._named(f"/rosters/paths/{name.hex()}.bin", name, MAX_PATHS)
        try:
            return check_paths(statement, data)
        except AnonymityError as error:
            raise Refused(_("The roster is refused: %(error)s.") % {"error": reason_of(error)}) from error

    def _leaves(self, statement: RosterStatement) -> LeanIMT:
        with self.progress.counting(_("Fetching the roster")) as report:
            data = self._named(
                f"/rosters/leaves/{statement.leaves.hex()}.bin", statement.leaves, MAX_LEAVES_FILE, report
            )
        try:
            with self.progress.waiting(_("Checking %(size)d leaves") % {"size": statement.size}):
                return check_leaves(statement, data)
        except AnonymityError as error:
            raise Refused(_("The roster is refused: %(error)s.") % {"error": reason_of(error)}) from error

    def _statement(self, index: RosterIndex, roster: str) -> SignedStatement:
        entry = index.entry(roster)
        if entry is None:
            raise Refused(_("There is no roster %(roster)s.") % {"roster": roster}, code="unknown-roster")
        path = f"/rosters/statements/{entry.statement.hex()}.json"
        try:
            data = self._named(path, entry.statement, MAX_STATEMENT)
        except Refused as error:
            if error.code != "not-found":
                raise
            # The talk site holds an epoch back that it could not check.
            message = _("The site does not hand out the roster %(roster)s yet.")
            raise Refused(message % {"roster": roster}, code="unknown-roster") from error
        try:
            signed = open_statement(data, key=self.pins.roster_key, domain=self.facts.domain)
        except AnonymityError as error:
            raise Refused(_("The roster is refused: %(error)s.") % {"error": reason_of(error)}) from error
        if (signed.statement.roster, signed.statement.epoch) != (roster, entry.epoch):
            raise Refused(_("The index names another roster or epoch than the statement does."))
        return signed

    def _named(self, path: str, name: bytes, limit: int, report: Report | None = None) -> bytes:
        data = self.web.get(path, limit=limit, report=report)
        if sha256(data) != name:
            message = _("%(origin)s sent other bytes at %(path)s than their name says.")
            raise Refused(message % {"origin": self.web.origin, "path": path})
        return data


def candidates(index: RosterIndex, wanted: str) -> list[str]:
    """The rosters to try, best first: `wanted` is a roster's id, a company's slug, or "site"."""
    listed = [entry.roster for entry in index.rosters]
    found = [roster for roster in listed if names_roster(wanted, roster)]
    if not found:
        raise Usage(_("No roster is called %(wanted)s.") % {"wanted": wanted})
    return _best_first(found)


def names_roster(wanted: str, roster: str) -> bool:
    """Whether what the member asked for stands for this roster."""
    return wanted in (roster, whole_roster(roster), roster_slug(roster))


def labels(own: Iterable[str]) -> list[str]:
    """What a member of these rosters may ask for, as far as this machine knows; everybody may be a member."""
    listed = [*_best_first(own), SITE_ROSTER]
    return list(dict.fromkeys(roster_slug(roster) or SITE_ROSTER for roster in listed))


def _best_first(rosters: Iterable[str]) -> list[str]:
    """What third parties can check before what the operator vouches for, both before the site's own."""

    def order(roster: str) -> tuple[bool, bool, int, str, int]:
        whole, _mark, shard = roster.partition("#")
        kind = roster_kind(roster)
        return kind == "site", is_trade(roster), _ORDER[kind], whole, int(shard or 1)

    return sorted(rosters, key=order)


def _tells(epoch: KeptEpoch, commitment: int) -> bool:
    """Whether it is known where this leaf stands, or that it stands nowhere."""
    return epoch.path(commitment) is not None or epoch.lacks(commitment)


def _unchained(statement: RosterStatement, kept: KeptEpoch | None, gap: NoChain | None) -> Refused:
    """Of a machine that saw only paths files, and of which the newest one does not lead on from there."""
    before = statement.live if kept is None else kept.statement.live
    values = {
        "roster": statement.roster,
        "epoch": statement.epoch,
        "live": statement.live,
        "before": before,
    }
    match gap:
        case CutShort():
            message = _(
                "The site leaves out how %(roster)s has changed since this machine looked at it, though "
                "there is room to say it. Somebody may want to see you alone among keys of their own. "
                "Nothing was sent. Tell the operator in public."
            )
            return Refused(message % values, code="roster-cut-short")
        case TooMuch():
            message = _(
                "%(roster)s had %(before)d members when this machine last looked, and has %(live)d now: too "
                "much has changed to tell how many of those that it knew are gone. Nothing was sent. If you "
                "know why so many came or left: openmai identity accept %(roster)s %(epoch)d"
            )
            return Refused(message % values, code="roster-remade")
        case _:
            message = _(
                "This machine has not looked at %(roster)s for long, and cannot tell how many of the members "
                "that it knew are gone. Nothing was sent. To go on from here: openmai identity accept "
                "%(roster)s %(epoch)d"
            )
            return Refused(message % values, code="roster-unchained")


def _altered(statement: RosterStatement) -> Refused:
    message = _(
        "Members of %(roster)s whom this machine knew were exchanged without a word. Somebody wants to see "
        "you alone among keys of their own. Nothing was sent. Tell the operator in public."
    )
    return Refused(message % {"roster": statement.roster}, code="roster-altered")


def _shrunk(statement: RosterStatement, removals: Removals) -> Refused:
    message = _(
        "%(gone)d of the %(before)d members of %(roster)s that this machine knew are gone. People may have "
        "left, or somebody wants to see you alone among keys of their own. Nothing was sent. "
        "If you know why they left: openmai identity accept %(roster)s %(epoch)d"
    )
    known = {"gone": removals.gone, "before": removals.before}
    return Refused(
        message % (known | {"roster": statement.roster, "epoch": statement.epoch}), code="roster-shrunk"
    )

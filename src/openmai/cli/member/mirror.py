"""Rosters from the talk site's mirror, checked in full before anything is proved under them.

The mirror is asked, never the people site: that would tell the real-name side who is about to speak.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from openmai.anonymity.encoding import sha256
from openmai.anonymity.errors import AnonymityError
from openmai.anonymity.leanimt import LeanIMT
from openmai.anonymity.limits import MAX_INDEX, MAX_LEAVES_FILE, MAX_STATEMENT
from openmai.anonymity.rosters import (
    RosterIndex,
    RosterStatement,
    check_leaves,
    open_index,
    open_statement,
    roster_kind,
    roster_slug,
)
from openmai.cli.member.errors import Refused, Usage
from openmai.cli.member.home import Home
from openmai.cli.member.pins import Pins, write_pins
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
    """A roster that may be spoken from: signed, current, large enough, with this member's leaf at `place`."""

    statement: RosterStatement
    tree: LeanIMT
    place: int


@dataclass(frozen=True, slots=True)
class Mirror:
    """The talk site's copy of the rosters, and what this machine insists on."""

    web: Web
    facts: SiteFacts
    pins: Pins
    home: Home
    progress: Progress

    def index(self) -> RosterIndex:
        """The signed index; raise `Refused` if it is forged or older than one seen before."""
        data = self.web.get("/rosters/index.json", limit=MAX_INDEX)
        try:
            index = open_index(
                data, key=self.pins.roster_key, domain=self.facts.domain, seen=self.pins.serial
            )
        except AnonymityError as error:
            raise Refused(
                _("The index of rosters is refused: %(error)s.") % {"error": reason_of(error)}
            ) from error
        write_pins(self.home, self.facts.domain.site, Pins(self.pins.roster_key, index.serial))
        return index

    def checked(self, index: RosterIndex, roster: str, *, commitment: int, floor: int) -> CheckedRoster:
        """The current epoch of `roster`; raise `Refused` if one may not speak from it."""
        statement = self._statement(index, roster)
        least = max(floor, self.facts.floor)
        if statement.settled < least:
            message = _(
                "%(roster)s has %(settled)d settled members; with fewer than %(least)d you could be found."
            )
            values = {"roster": roster, "settled": statement.settled, "least": least}
            raise Refused(message % values, code="below-floor")
        with self.progress.counting(_("Fetching the roster")) as report:
            data = self._named(
                f"/rosters/leaves/{statement.leaves.hex()}.bin", statement.leaves, MAX_LEAVES_FILE, report
            )
        try:
            with self.progress.waiting(_("Checking %(size)d leaves") % {"size": statement.size}):
                tree = check_leaves(statement, data)
        except AnonymityError as error:
            raise Refused(_("The roster is refused: %(error)s.") % {"error": reason_of(error)}) from error
        if commitment not in tree.leaves:
            message = _("Your key is not in %(roster)s yet. New keys wait for the next epoch of the roster.")
            raise Refused(message % {"roster": roster}, code="not-in-roster")
        return CheckedRoster(statement, tree, tree.leaves.index(commitment))

    def _statement(self, index: RosterIndex, roster: str) -> RosterStatement:
        entry = index.entry(roster)
        if entry is None:
            raise Refused(_("There is no roster %(roster)s.") % {"roster": roster}, code="unknown-roster")
        data = self._named(
            f"/rosters/statements/{entry.statement.hex()}.json", entry.statement, MAX_STATEMENT
        )
        try:
            statement = open_statement(data, key=self.pins.roster_key, domain=self.facts.domain).statement
        except AnonymityError as error:
            raise Refused(_("The roster is refused: %(error)s.") % {"error": reason_of(error)}) from error
        if (statement.roster, statement.epoch) != (roster, entry.epoch):
            raise Refused(_("The index names another roster or epoch than the statement does."))
        return statement

    def _named(self, path: str, name: bytes, limit: int, report: Report | None = None) -> bytes:
        data = self.web.get(path, limit=limit, report=report)
        if sha256(data) != name:
            message = _("%(origin)s sent other bytes at %(path)s than their name says.")
            raise Refused(message % {"origin": self.web.origin, "path": path})
        return data


def candidates(index: RosterIndex, own: Sequence[str], wanted: str | None) -> list[str]:
    """The rosters to try, best first.

    `wanted` is what the member asked for: a roster's id, a company's slug, or "site". `own` are the rosters
    that the people site named at enrolment.
    """
    if wanted is None:
        return _best_first(own) or ["site"]
    listed = [entry.roster for entry in index.rosters]
    found = [roster for roster in listed if wanted in (roster, roster_slug(roster))]
    if not found:
        raise Usage(_("No roster is called %(wanted)s.") % {"wanted": wanted})
    return _best_first(found)


def _best_first(rosters: Iterable[str]) -> list[str]:
    """What third parties can check before what the operator vouches for, both before the site's own."""
    return sorted(rosters, key=lambda roster: (_ORDER[roster_kind(roster)], roster))

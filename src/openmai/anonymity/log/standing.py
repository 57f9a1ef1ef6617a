"""What is in force, as the log's newest entry says (docs/protocol.md §9): where the ban lists and the
artifacts stand that no later entry replaces.

A ban list, a number of slots or a key that one member alone is shown would tell that member's join from all
others. So a client uses what the newest head names, which is the same for everybody who sees that head.
"""

from collections.abc import Mapping
from typing import ClassVar

from openmai.anonymity.bans import BanList
from openmai.anonymity.documents import DocumentRefused
from openmai.anonymity.encoding import Domain
from openmai.anonymity.errors import gettext_noop
from openmai.anonymity.log.entries import LogEntry, artifacts_entry, bans_entry, parse_entry, standing_entry
from openmai.anonymity.log.merkle import AlteredLog, LogRefused
from openmai.anonymity.log.tiles import WIDTH, Read
from openmai.anonymity.log.view import LogView, read_entries

_ = gettext_noop


class NothingStanding(LogRefused):
    """The newest entry does not say what is in force."""

    code: ClassVar = "nothing-standing"


class UnloggedBans(LogRefused):
    """The ban list is not the one that the log names."""

    code: ClassVar = "bans-not-logged"


class OutdatedBans(LogRefused):
    """The log holds a newer ban list."""

    code: ClassVar = "bans-outdated"


class OtherSlots(LogRefused):
    """The log says another number of slots."""

    code: ClassVar = "slots-not-logged"


class OtherGateKeys(LogRefused):
    """The log names other keys of the gate, or another circuit."""

    code: ClassVar = "gate-not-logged"


class Standing:
    """What stands after the entries that were noted."""

    def __init__(self, before: LogEntry | None = None) -> None:
        """`before`: the log's last entry, if it is not read from its beginning."""
        known = before.facts if before is not None and before.kind == "standing" else {}
        self._artifacts: int = known.get("artifacts", 0)
        self._bans: dict[str, Mapping[str, int]] = dict(known.get("bans", {}))

    def serial(self, season: str) -> int:
        """The serial of the newest list of a season; 0 before the first."""
        return self._bans[season]["serial"] if season in self._bans else 0

    def note(self, index: int, entry: LogEntry) -> None:
        if entry.kind == "artifacts":
            self._artifacts = index
        elif entry.kind == "bans":
            self._bans[entry.domain.season] = {"index": index, "serial": entry.facts["serial"]}

    def entry(self, domain: Domain) -> LogEntry:
        """As an addition in the season of `domain` ends; lists of seasons closed by then are left out."""
        least = _number(domain.season) - 1
        recent = {season: at for season, at in self._bans.items() if _number(season) >= least}
        return standing_entry(domain, artifacts=self._artifacts, bans=recent)


def _number(season: str) -> int:
    return int(season[1:])


def read_standing(view: LogView, read: Read) -> LogEntry:
    """The newest entry of the log; raise `NothingStanding` or `AlteredLog`."""
    entry = None if view.head.size == 0 else _entry_at(view, view.head.size - 1, read)
    if entry is None or entry.kind != "standing":
        raise NothingStanding(_("the newest entry of the log does not say what is in force"))
    return entry


def check_bans(view: LogView, standing: LogEntry, bans: BanList) -> None:
    """A list must be the newest of its season in the log; raise `OutdatedBans` or `UnloggedBans`."""
    place: Mapping[str, int] | None = standing.facts["bans"].get(bans.season)
    logged = 0 if place is None else place["serial"]
    if bans.serial < logged:
        message = _("the site shows ban list %(serial)d, and the log holds %(logged)d")
        raise OutdatedBans(message, serial=bans.serial, logged=logged)
    unlogged = UnloggedBans(_("ban list %(serial)d is not in the log"), serial=bans.serial)
    if bans.serial > logged:
        raise unlogged
    if place is None:
        # A season begins with the empty list, which nobody logs.
        if bans.bans:
            raise unlogged
        return
    try:
        view.check_holds(bans_entry(Domain(bans.site, bans.season), bans.encoded()), place["index"])
    except AlteredLog as error:
        raise unlogged from error


def check_artifacts(
    view: LogView, standing: LogEntry, read: Read, *, proving_key: str, verification_key: bytes, slots: int
) -> None:
    """What a gate proof is made with must be what the log names last; raise `OtherSlots` or
    `OtherGateKeys`.
    """
    logged = _entry_at(view, standing.facts["artifacts"], read)
    if logged.kind != "artifacts":
        raise NothingStanding(_("the newest entry of the log does not say what is in force"))
    if logged.facts["slots"] != slots:
        message = _("the site says %(slots)d slots a day, and the log %(logged)d")
        raise OtherSlots(message, slots=slots, logged=logged.facts["slots"])
    used = artifacts_entry(
        logged.domain, proving_key=proving_key, verification_key=verification_key, slots=slots
    )
    if used.data != logged.data:
        raise OtherGateKeys(_("the log names other keys of the gate than the site"))


def _entry_at(view: LogView, index: int, read: Read) -> LogEntry:
    """An entry, read with all others of its file: what is asked for is the same for everybody."""
    if index >= view.head.size:
        raise NothingStanding(_("the newest entry of the log does not say what is in force"))
    try:
        return parse_entry(read_entries(view, index // WIDTH, read)[index % WIDTH])
    except DocumentRefused as error:
        raise NothingStanding(_("the newest entry of the log does not say what is in force")) from error

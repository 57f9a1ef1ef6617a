"""The member at the site's gate: the ban list, today's slots, and the proofs that nobody else can make."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from openmai.anonymity.bans import BanList, read_ban_list
from openmai.anonymity.documents import DocumentRefused
from openmai.anonymity.encoding import canonical_json
from openmai.anonymity.errors import AnonymityError
from openmai.anonymity.gate import Gate, free_slots, rate_nullifier
from openmai.anonymity.limits import MAX_BAN_LIST
from openmai.anonymity.log.merkle import LogRefused
from openmai.anonymity.log.standing import (
    NothingStanding,
    OtherGateKeys,
    OtherSlots,
    OutdatedBans,
    UnloggedBans,
    check_artifacts,
    check_bans,
    read_standing,
)
from openmai.anonymity.prover.gate import GateProver, GateRequest
from openmai.cli.member.artifacts import load_gate_circuit, load_named
from openmai.cli.member.errors import IdentityTrouble, Refused
from openmai.cli.member.home import Home, read_private, write_private
from openmai.cli.member.log import SiteLog, refused
from openmai.cli.member.pins import pin_bans, pin_gate
from openmai.cli.member.show import Progress
from openmai.cli.member.sites import GateFacts, SiteFacts
from openmai.cli.member.web import Web
from openmai.cli.member.words import gettext as _
from openmai.cli.member.words import reason_of

_TYPE: Final = "openmai/slots/v1"
# What another look may mend.
_AFTER_A_TICK: Final = {
    "nothing-standing",
    "bans-not-logged",
    "bans-outdated",
    "slots-not-logged",
    "gate-not-logged",
}
# A post may wait a day on the device, and another until it is refused for its day.
_DAYS_KEPT: Final = 3


class Slot(NamedTuple):
    """One of a member's joins of a UTC day."""

    day: str
    number: int


class GateFiles(NamedTuple):
    """What a proof at one site's gate is made with."""

    wasm: bytes
    zkey: bytes


@dataclass(frozen=True, slots=True)
class MemberGate:
    """What this machine knows of one site's gate."""

    web: Web
    site: SiteFacts
    home: Home
    cache: Path
    progress: Progress

    @property
    def facts(self) -> GateFacts:
        return self.site.gate

    def bans(self, log: SiteLog) -> BanList:
        """The list in force; raise `Refused` if it is malformed or rolled back, or if the log does not name
        it and the gate's keys and slots as the newest.
        """
        try:
            bans = self._logged(log)
        except Refused as error:
            if error.code not in _AFTER_A_TICK:
                raise
            # A tick may have passed between the list and the log.
            bans = self._logged(log)
        pin_bans(self.home, self.site.domain, serial=bans.serial, digest=bans.digest)
        return bans

    def _logged(self, log: SiteLog) -> BanList:
        """The list that the site shows, found in the log, and nothing newer there."""
        season = f"?season={self.site.domain.season}" if self.site.past else ""
        data = self.web.get(f"/api/v1/bans{season}", limit=MAX_BAN_LIST)
        try:
            bans = read_ban_list(data, domain=self.site.domain)
        except DocumentRefused as error:
            raise Refused(_("The ban list is refused: %(error)s.") % {"error": reason_of(error)}) from error
        with self.progress.waiting(_("Checking the log")):
            view = log.view()
            try:
                standing = read_standing(view, log.read)
                check_bans(view, standing, bans)
                check_artifacts(
                    view, standing, log.read,
                    proving_key=self.facts.zkey.hex(),
                    verification_key=canonical_json(self.facts.vkey),
                    slots=self.facts.slots,
                )  # fmt: skip
            except LogRefused as error:
                raise _unlogged(error) from error
        return bans

    def slot(self, secret: int, *, at: int, keep: Gate | None, randbelow: Callable[[int], int]) -> Slot:
        """The slot of `keep`, if it is of that day; else a random free one of the UTC day of `at`, noted as
        used.

        Raises `Refused` when the day has none left.
        """
        day = datetime.fromtimestamp(at, UTC).date().isoformat()
        if keep is not None and keep.day == day and (own := self._number_of(keep, secret)) is not None:
            return Slot(day, own)
        used = self._used()
        free = free_slots(self.facts.slots, used.get(day, []))
        if not free:
            message = _(
                "You have entered %(slots)d threads on %(day)s (UTC), as many as one may. Nothing was sent; "
                "on the next day you can speak in another one."
            )
            raise Refused(message % {"slots": self.facts.slots, "day": day}, code="no-slot-left")
        number = free[randbelow(len(free))]
        used[day] = [*used.get(day, []), number]
        recent = dict(sorted(used.items())[-_DAYS_KEPT:])
        write_private(self._path, {"type": _TYPE, "days": recent})
        return Slot(day, number)

    def files(self) -> GateFiles:
        """The circuit, and the site's pinned key for it; raise `Refused` if they are others."""
        pin_gate(self.home, self.site.domain.site, self.facts.name)
        wasm = load_gate_circuit(web=self.web, cache=self.cache, progress=self.progress)
        zkey = load_named(
            self.facts.zkey, "zkey", web=self.web, cache=self.cache, progress=self.progress,
            path=lambda: self.facts.zkey_path,
        )  # fmt: skip
        return GateFiles(wasm, zkey)

    def prove(
        self, request: GateRequest, bans: BanList, files: GateFiles, *, randbelow: Callable[[int], int]
    ) -> Gate:
        """The gate's proofs, checked under the site's pinned key; raise `Refused` if they do not hold."""
        try:
            with self.progress.waiting(_("Proving that no ban stands against you")):
                prover = GateProver(wasm=files.wasm, zkey=files.zkey, key=self.facts.vkey)
                return prover.prove(request, bans, randbelow=randbelow)
        except AnonymityError as error:
            message = _("The gate proof does not hold and is not sent: %(error)s.")
            raise Refused(message % {"error": reason_of(error)}) from error

    def _number_of(self, gate: Gate, secret: int) -> int | None:
        """Which of our slots this is; its number stands in no document."""
        numbers = range(self.facts.slots)
        domain = self.site.domain
        return next(
            (
                n
                for n in numbers
                if rate_nullifier(secret=secret, domain=domain, day=gate.day, slot=n) == gate.rate
            ),
            None,
        )

    @property
    def _path(self) -> Path:
        return self.home.season(self.site.domain.site, self.site.domain.season) / "slots.json"

    def _used(self) -> dict[str, list[int]]:
        try:
            days: Any = read_private(self._path).get("days")
        except FileNotFoundError:
            return {}
        if not isinstance(days, dict) or not all(_are_numbers(each) for each in days.values()):
            raise IdentityTrouble(_("%(path)s is damaged.") % {"path": self._path})
        return days


def refuse_banned(bans: BanList, secret: int) -> None:
    """Raise `Refused` if the list bans this very key.

    To be asked when there is nothing left to fetch: whoever watches must not see who stops here.
    """
    if (ban := bans.ban_on(secret)) is not None:
        message = _(
            "A post of yours was banned (%(reason)s). Until %(until)s you cannot speak in another "
            "thread. Nothing was sent."
        )
        raise Refused(message % {"reason": ban.reason, "until": ban.until}, code="banned")


def _unlogged(error: LogRefused) -> Refused:
    """What members are told when they would be shown something that others are not."""
    match error:
        case NothingStanding():
            message = _(
                "The log does not say what is in force: %(reason)s. Nothing was sent. Try again after the "
                "next tick; if it goes on, tell the operator in public."
            )
        case UnloggedBans():
            message = _(
                "The ban list that the site shows is not in its log: %(reason)s. A list for you alone would "
                "look like this, so nothing was proved and nothing was sent. It may only be newer than what "
                "witnesses have signed: try again in a few minutes. If it goes on, tell the operator in "
                "public."
            )
        case OutdatedBans():
            message = _(
                "The site shows an old ban list: %(reason)s. An old list for you alone would tell your post "
                "from all others, so nothing was proved and nothing was sent. Try again in a minute; if it "
                "goes on, tell the operator in public."
            )
        case OtherSlots():
            message = _(
                "The number of slots that the site names is not the one in its log: %(reason)s. A number "
                "for you alone would tell your post from all others, so nothing was proved and nothing was "
                "sent. Try again after the next tick; if it goes on, tell the operator in public."
            )
        case OtherGateKeys():
            message = _(
                "The gate's keys that the site names are not those in its log: %(reason)s. Keys for you "
                "alone would tell your post from all others, so nothing was proved and nothing was sent. "
                "Try again after the next tick; if it goes on, tell the operator in public."
            )
        case _:
            return refused(error)
    return Refused(message % {"reason": reason_of(error)}, code=error.code)


def _are_numbers(value: object) -> bool:
    return isinstance(value, list) and all(type(each) is int for each in value)


def reason_to_prove_again(code: str) -> str | None:
    """What the member is told meanwhile; None for reasons that are the program's own business."""
    return {
        "stale-bans": _("The ban list has changed; proving again."),
        "bans-changed": _("A ban was added since you entered this thread; proving that it is not yours."),
        "rate-used": _("This slot of the day is used, from another device perhaps; taking another one."),
        "wrong-day": _("The post has waited past its day; proving again."),
    }.get(code)

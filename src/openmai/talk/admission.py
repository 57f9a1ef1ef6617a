"""Whom the gate lets in: the day, the ban list, the slot, and what a ban means for whoever speaks already."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final

from django.utils.translation import gettext as _

from openmai.anonymity.bans import Ban
from openmai.anonymity.encoding import Domain
from openmai.anonymity.gate import Gate, GateList
from openmai.talk.errors import Refused
from openmai.talk.queries.bans import CurrentBans, rates_used

# A device's clock may be ahead of ours by so much at midnight.
EARLY: Final = timedelta(minutes=15)
_DAY: Final = timedelta(days=1)


class WrongDay(Refused):
    """The slot belongs neither to today nor to yesterday."""

    code: ClassVar = "wrong-day"
    pointer: ClassVar = "/join/gate/day"


class StaleBans(Refused):
    """The proofs were made over another ban list than the one in force."""

    code: ClassVar = "stale-bans"
    pointer: ClassVar = "/join/gate/bans"


class RateUsed(Refused):
    """Somebody has used this slot of the day: the same member, because nobody else could."""

    code: ClassVar = "rate-used"
    pointer: ClassVar = "/join/gate/rate"

    def __init__(self) -> None:
        super().__init__(_("This slot of the day is used; prove again with another one."))


class Banned(Refused):
    """This very persona is banned."""

    code: ClassVar = "banned"
    pointer: ClassVar = "/key"

    def __init__(self, ban: Ban) -> None:
        text = _("This persona is banned until %(until)s, for this reason: %(reason)s.")
        super().__init__(text % {"until": ban.until, "reason": ban.reason})


class BansChanged(Refused):
    """A ban was added since this persona proved that none stands against it."""

    code: ClassVar = "bans-changed"
    pointer: ClassVar = "/join"


@dataclass(frozen=True, slots=True)
class InForce:
    """The ban list of one generation, and its sums for the verifier."""

    domain: Domain
    generation: int
    current: CurrentBans
    gates: GateList


def check_gate(gate: Gate, in_force: InForce, *, now: datetime) -> None:
    """What can be said of a join's gate without its proofs: day, list, count of the pages."""
    if gate.day not in {moment.date().isoformat() for moment in (now, now - _DAY, now + EARLY)}:
        raise WrongDay(_("The slot of the day must be one of today or of yesterday, in UTC."))
    if gate.bans != in_force.current.digest:
        raise StaleBans(_("The ban list has changed since; fetch it and prove again."))
    in_force.gates.check_count(gate)


def check_bans(in_force: InForce, *, thread: bytes, nullifier: bytes, joined: datetime | None) -> None:
    """Raise `Banned` if this very persona is, and `BansChanged` if `joined`, its newest proof, is older than
    a ban; None stands for a proof that comes along.
    """
    ban = in_force.current.bans.ban_of(thread=thread, nullifier=int.from_bytes(nullifier, "big"))
    if ban is not None:
        raise Banned(ban)
    added = in_force.current.added_at
    if joined is not None and added is not None and joined <= added:
        raise BansChanged(_("A ban was added since your last proof; prove again that it is not yours."))


def check_rate(gate: Gate) -> None:
    """Raise `RateUsed` if a published join has used this slot."""
    if rates_used([gate.rate]):
        raise RateUsed

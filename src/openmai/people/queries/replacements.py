"""Keys that were lost and replaced: what the member is told, and what the log says."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final
from uuid import UUID

from openmai.anonymity.limits import JOIN_HOLDS_DAYS
from openmai.people.conf import config
from openmai.people.models import Enrolment, Replacement

# Ticks of the talk site: until it takes the epoch over, until it forgets the root, until a join is written.
_TICKS: Final = 3


@dataclass(frozen=True)
class Waiting:
    """A member's replacement of this season. `earliest` is None until the old key has left every roster;
    from then the new one waits for `days`.
    """

    earliest: datetime | None
    bans: bool
    done: bool
    days: int


@dataclass(frozen=True)
class LoggedReplacement:
    """A replacement as the log tells it (32 bytes each), with the epoch in which the new key entered."""

    old: bytes
    new: bytes


def quarantine() -> timedelta:
    """How long a key may speak after its last epoch (docs/protocol.md §2): it is proved with for the grace of
    the root, and what it joined last holds for a week from then.
    """
    known = config()
    longest = timedelta(seconds=known.root_grace_seconds + _TICKS * known.tick_seconds)
    return longest + timedelta(days=JOIN_HOLDS_DAYS)


def quarantine_days() -> int:
    """The same in whole days, as members are told."""
    return ceil(quarantine() / timedelta(days=1))


def waiting_of(*, member_id: UUID, season: str) -> Waiting | None:
    """None if no key was replaced."""
    found = Replacement.objects.filter(enrolment__member=member_id, enrolment__season=season).first()
    if found is None:
        return None
    earliest = None if found.left_at is None else found.left_at + quarantine()
    bans, done = found.judged and bool(found.bans), found.cleared_on is not None
    return Waiting(earliest, bans=bans, done=done, days=quarantine_days())


def replacements(*, season: str, new: Iterable[bytes]) -> list[LoggedReplacement]:
    """Which of the commitments `new` took the place of a lost one, in the order of the old ones."""
    entering = {
        enrolment.member_id: bytes(enrolment.commitment)
        for enrolment in Enrolment.objects.filter(season=season, replaced_on=None, commitment__in=list(new))
    }
    lost = Enrolment.objects.filter(season=season, member__in=entering).exclude(replaced_on=None)
    found = (LoggedReplacement(bytes(each.commitment), entering[each.member_id]) for each in lost)
    return sorted(found, key=lambda each: each.old)


def replacements_wait(*, season: str) -> bool:
    """Whether any replacement of the season has not been cleared."""
    return Replacement.objects.filter(enrolment__season=season, cleared_on=None).exists()


@dataclass(frozen=True)
class KeyState:
    """Whether a member has a registered key, and whether the season's one replacement is used."""

    registered: bool
    replaced: bool

    @property
    def replaceable(self) -> bool:
        return self.registered and not self.replaced


def key_state(*, member_id: UUID, season: str) -> KeyState:
    lost = list(
        Enrolment.objects.filter(member=member_id, season=season).values_list("replaced_on", flat=True)
    )
    return KeyState(registered=None in lost, replaced=any(lost))

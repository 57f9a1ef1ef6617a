"""Keys that were lost and replaced: what the member is told, and what the log says."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from openmai.people.conf import config
from openmai.people.models import Enrolment, Replacement

# Docs/protocol.md §2: so long after the old key has left the rosters the new one waits at least.
QUARANTINE: Final = timedelta(days=7)


@dataclass(frozen=True)
class Waiting:
    """A member's replacement of this season. `earliest` is None until the old key has left every roster."""

    earliest: datetime | None
    bans: bool
    done: bool


@dataclass(frozen=True)
class LoggedReplacement:
    """A replacement as the log tells it (32 bytes each), with the epoch in which the new key entered."""

    old: bytes
    new: bytes


def quarantine() -> timedelta:
    """No shorter than the grace of a root: in that time the old key can still be proved with."""
    return max(QUARANTINE, timedelta(seconds=config().root_grace_seconds))


def waiting_of(*, member_id: UUID, season: str) -> Waiting | None:
    """None if no key was replaced."""
    found = Replacement.objects.filter(enrolment__member=member_id, enrolment__season=season).first()
    if found is None:
        return None
    earliest = None if found.left_at is None else found.left_at + quarantine()
    return Waiting(earliest, bans=found.judged and bool(found.bans), done=found.cleared_on is not None)


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

"""The published files, and what a member may expect of the next epoch."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from openmai.anonymity.seasons import season_at
from openmai.people.conf import config
from openmai.people.models import (
    LeavesFile,
    PublishedIndex,
    Roster,
    RosterEpoch,
    RosterJournal,
    RosterLeaf,
)
from openmai.people.queries.membership import current_enrolment, rosters_of_member
from openmai.people.queries.replacements import Waiting, waiting_of
from openmai.platform.clock import next_tick


def current_index() -> bytes | None:
    """The signed index that is served now; None before the first publication."""
    envelope = PublishedIndex.objects.order_by("-serial").values_list("envelope", flat=True).first()
    return None if envelope is None else bytes(envelope)


def statement_bytes(name: bytes) -> bytes | None:
    envelope = RosterEpoch.objects.filter(sha256=name).values_list("envelope", flat=True).first()
    return None if envelope is None else bytes(envelope)


def leaves_bytes(name: bytes) -> bytes | None:
    data = LeavesFile.objects.filter(sha256=name).values_list("data", flat=True).first()
    return None if data is None else bytes(data)


def journal_bytes(name: bytes) -> bytes | None:
    data = RosterJournal.objects.filter(sha256=name).values_list("data", flat=True).first()
    return None if data is None else bytes(data)


@dataclass(frozen=True)
class Standing:
    """A member's place in one roster. `settled` counts members at least one epoch old, now."""

    roster: str
    kind: str
    company_id: UUID | None
    published: bool
    settled: int
    floor: int

    @property
    def open(self) -> bool:
        """Whether the member can speak under this roster's label."""
        return self.published and self.settled >= self.floor


@dataclass(frozen=True)
class Outlook:
    """Where a member stands in every roster, and when the next epoch can come."""

    standings: list[Standing]
    next_epoch: datetime
    latest: datetime
    replaced: Waiting | None = None

    @property
    def can_speak(self) -> bool:
        return any(standing.open for standing in self.standings)

    @property
    def waiting(self) -> bool:
        return any(not standing.published for standing in self.standings)


def outlook(*, member_id: UUID, now: datetime) -> Outlook | None:
    """None without a key for the current season."""
    season = season_at(int(now.timestamp())).id
    enrolment = current_enrolment(member_id=member_id, season=season)
    if enrolment is None:
        return None
    known = config()
    names = rosters_of_member(member_id=member_id, season=season, on=now.date())
    rosters = {roster.name: roster for roster in Roster.objects.filter(season=season, name__in=names)}
    epochs = {
        epoch.roster_id: epoch
        for epoch in RosterEpoch.objects.filter(roster__in=rosters.values(), superseded_at=None)
    }
    mine = set(
        RosterLeaf.objects.filter(
            roster__in=rosters.values(), commitment=bytes(enrolment.commitment), removed_epoch=None
        ).values_list("roster_id", flat=True)
    )
    standings = [_standing(name, rosters.get(name), epochs, mine, known.floor) for name in names]
    first = min((r.waiting_since for r in rosters.values() if r.waiting_since), default=now)
    latest = first + timedelta(seconds=known.epoch_max_wait_seconds)
    soon = next_tick(now, known.epoch_seconds)
    replaced = waiting_of(member_id=member_id, season=season)
    return Outlook(standings, soon, max(soon, next_tick(latest, known.epoch_seconds)), replaced)


def _standing(
    name: str, roster: Roster | None, epochs: dict[UUID, RosterEpoch], mine: set[UUID], floor: int
) -> Standing:
    kind = name.rpartition("/")[2]
    if roster is None:
        return Standing(name, kind, None, False, 0, floor)
    epoch = epochs.get(roster.id)
    return Standing(name, kind, roster.company_id, roster.id in mine, epoch.settled if epoch else 0, floor)

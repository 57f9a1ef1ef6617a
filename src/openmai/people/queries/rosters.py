"""The published files, and what a member may expect of the next epoch."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from openmai.anonymity.paths import TILE, OwnTile
from openmai.anonymity.rosters import is_trade, roster_kind, whole_roster
from openmai.anonymity.seasons import season_at
from openmai.companies.queries import trade_name
from openmai.people.conf import config, domain
from openmai.people.models import (
    LeavesFile,
    PathsFile,
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


def paths_bytes(name: bytes) -> bytes | None:
    data = PathsFile.objects.filter(sha256=name).values_list("data", flat=True).first()
    return None if data is None else bytes(data)


def tile_around(leaf: RosterLeaf) -> OwnTile:
    """The 256 leaves, or fewer, among which a leaf stands in the current epoch."""
    number = leaf.index // TILE
    places = RosterLeaf.objects.filter(
        roster=leaf.roster_id, index__gte=number * TILE, index__lt=(number + 1) * TILE
    )
    rows = places.order_by("index").values_list("commitment", "removed_epoch")
    leaves = tuple(0 if removed else int.from_bytes(bytes(key), "big") for key, removed in rows)
    return OwnTile(domain(leaf.roster.season), leaf.roster.name, number, leaves)


def journal_bytes(name: bytes) -> bytes | None:
    data = RosterJournal.objects.filter(sha256=name).values_list("data", flat=True).first()
    return None if data is None else bytes(data)


@dataclass(frozen=True)
class Standing:
    """A member's place in one roster. `settled` counts members at least one epoch old, now."""

    roster: str
    kind: str
    company_id: UUID | None
    trade: str
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
    of_season = Roster.objects.filter(Q(name__in=names) | Q(shard__gt=1), season=season)
    mine = set(
        RosterLeaf.objects.filter(
            roster__in=of_season, commitment=bytes(enrolment.commitment), removed_epoch=None
        ).values_list("roster_id", flat=True)
    )
    # The shard that holds the member, else the last.
    in_order = sorted(of_season, key=lambda roster: (roster.id in mine, roster.shard))
    rosters = {whole_roster(roster.name): roster for roster in in_order}
    rosters = {name: roster for name, roster in rosters.items() if name in names}
    epochs = {
        epoch.roster_id: epoch
        for epoch in RosterEpoch.objects.filter(roster__in=rosters.values(), superseded_at=None)
    }
    standings = [_standing(name, rosters.get(name), epochs, mine, known.floor) for name in names]
    first = min((r.waiting_since for r in rosters.values() if r.waiting_since), default=now)
    latest = first + timedelta(seconds=known.epoch_max_wait_seconds)
    soon = next_tick(now, known.epoch_seconds)
    replaced = waiting_of(member_id=member_id, season=season)
    return Outlook(standings, soon, max(soon, next_tick(latest, known.epoch_seconds)), replaced)


def _standing(
    name: str, roster: Roster | None, epochs: dict[UUID, RosterEpoch], mine: set[UUID], floor: int
) -> Standing:
    kind = roster_kind(name)
    trade = trade_name(name.split("/")[1]) if is_trade(name) else ""
    if roster is None:
        return Standing(name, kind, None, trade, False, 0, floor)
    epoch = epochs.get(roster.id)
    settled = epoch.settled if epoch else 0
    return Standing(name, kind, roster.company_id, trade, roster.id in mine, settled, floor)

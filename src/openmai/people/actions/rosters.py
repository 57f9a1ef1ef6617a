"""Publishing rosters by epochs (docs/protocol.md §3): signed, content-addressed, mute about who came when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max

from openmai.anonymity.leanimt import LeanIMT
from openmai.anonymity.limits import MAX_SHARD, PATH_EPOCHS
from openmai.anonymity.paths import Since, build_paths, choose_since
from openmai.anonymity.rosters import (
    IndexEntry,
    Label,
    RosterIndex,
    RosterStatement,
    pack_leaves,
    sign_index,
    sign_statement,
)
from openmai.anonymity.seasons import open_seasons, season_at
from openmai.companies.queries import CompanyCard, companies_by_id, trade_names
from openmai.people.actions.crowds import tell_crowds
from openmai.people.actions.provable import provable_ones
from openmai.people.actions.shards import shards_of
from openmai.people.conf import config, roster_signing_key
from openmai.people.models import (
    LeavesFile,
    PathsFile,
    PublishedIndex,
    Roster,
    RosterEpoch,
    RosterJournal,
    RosterLeaf,
)
from openmai.people.queries.journals import journal_of
from openmai.people.queries.membership import Crowd, crowds

# Superseded leaves files are served for so long after the grace of their root; statements for good.
KEEP_LEAVES: Final = timedelta(days=7)
_ONE_PUBLISHER: Final = 0x6F6D6169  # an arbitrary key for PostgreSQL's advisory lock


@dataclass(frozen=True)
class Rules:
    """When an epoch is due."""

    epoch_seconds: int
    min_joiners: int
    max_wait: timedelta

    def period(self, moment: datetime) -> int:
        """The number of the epoch-long span that `moment` lies in; a roster has one epoch in each at most."""
        return int(moment.timestamp()) // self.epoch_seconds


@dataclass(frozen=True)
class Publication:
    """What a run published: the rosters with a new epoch, and the serial of the index that is served now."""

    rosters: list[str]
    serial: int


def rules() -> Rules:
    """The rules that the settings give."""
    known = config()
    return Rules(
        known.epoch_seconds, known.epoch_min_joiners, timedelta(seconds=known.epoch_max_wait_seconds)
    )


@transaction.atomic
def publish_rosters(*, now: datetime, shard_leaves: int = MAX_SHARD) -> Publication:
    """Publish every epoch that is due at `now`; safe to repeat, and by several processes at once.

    A roster of more than `shard_leaves` places is published in shards.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ONE_PUBLISHER])
    season = season_at(int(now.timestamp())).id
    wanted = {}
    for whole in crowds(season, on=now.date()).values():
        for shard, crowd in shards_of(whole, season=season, limit=shard_leaves):
            wanted[crowd.name] = crowd
            of = {"kind": crowd.kind, "company_id": crowd.company_id, "trade": crowd.trade, "shard": shard}
            Roster.objects.get_or_create(season=season, name=crowd.name, defaults=of)
    known = list(Roster.objects.filter(season=season).order_by("shard", "name"))
    companies = companies_by_id(roster.company_id for roster in known if roster.company_id)
    published = []
    for roster in known:
        label = _label(roster, companies)
        # The shard before comes first: it may fill up in this very run.
        opened = roster.shard == 1 or _is_full(roster, shard_leaves)
        if _publish(roster, wanted.get(roster.name), label, now, opened=opened):
            published.append(roster.name)
    tell_crowds([roster for roster in known if roster.name in published], now=now)
    return Publication(published, _publish_index(season, changed=bool(published)))


def _label(roster: Roster, companies: Mapping[UUID, CompanyCard]) -> Label | None:
    """What its members say of themselves; nothing in the roster of the site."""
    if roster.trade:
        return Label(f"industry/{roster.trade}", *trade_names(roster.trade))
    if roster.company_id is None:
        return None
    company = companies[roster.company_id]
    return Label(company.slug, company.name_en, company.name_zh)


def _publish(
    roster: Roster, crowd: Crowd | None, label: Label | None, now: datetime, *, opened: bool
) -> bool:
    """Publish the next epoch of one roster if it is due; say whether it was. Nobody joins a shard before it
    is `opened`.
    """
    current = RosterEpoch.objects.filter(roster=roster).order_by("-epoch").first()
    live = {
        bytes(leaf.commitment): leaf
        for leaf in RosterLeaf.objects.filter(roster=roster, removed_epoch=None).order_by("index")
    }
    wanted = crowd.commitments if crowd else set()
    if roster.kind == Roster.Kind.PROVABLE:
        wanted = provable_ones(roster, wanted)
    gone, joining = live.keys() - wanted, wanted - live.keys()
    _note_waiting(roster, waiting=bool(joining), now=now)
    given = rules()
    if current and given.period(current.published_at) >= given.period(now):
        return False
    if not opened or not _joiners_are_due(roster, len(joining), given, now):
        # They wait on, even when a removal is published: alone in an epoch, a joiner would be known by it.
        joining = set()
    number = current.epoch if current else 0
    ageing = any(leaf.joined_epoch == number for key, leaf in live.items() if key not in gone)
    if not (gone or joining or ageing):
        return False
    _change_leaves(roster, number + 1, gone=[live[key] for key in gone], joining=joining)
    _supersede(current, now)
    if len(live) == len(gone) and not joining:
        return True
    _write_epoch(roster, label, number + 1, now)
    if joining:
        Roster.objects.filter(id=roster.id).update(waiting_since=None)
    return True


def _is_full(roster: Roster, limit: int) -> bool:
    """Whether the shard before has all its places as published. Clients refuse one that opened early."""
    places = RosterLeaf.objects.filter(
        roster__season=roster.season,
        roster__kind=roster.kind,
        roster__company=roster.company_id,
        roster__trade=roster.trade,
        roster__shard=roster.shard - 1,
    )
    return places.count() >= limit


def _note_waiting(roster: Roster, *, waiting: bool, now: datetime) -> None:
    since = (roster.waiting_since or now) if waiting else None
    if since != roster.waiting_since:
        roster.waiting_since = since
        roster.save(update_fields=["waiting_since"])


def _joiners_are_due(roster: Roster, joiners: int, given: Rules, now: datetime) -> bool:
    if not joiners or roster.waiting_since is None:
        return False
    return joiners >= given.min_joiners or now - roster.waiting_since >= given.max_wait


def _change_leaves(roster: Roster, epoch: int, *, gone: list[RosterLeaf], joining: set[bytes]) -> None:
    RosterLeaf.objects.filter(id__in=[leaf.id for leaf in gone]).update(removed_epoch=epoch)
    highest = RosterLeaf.objects.filter(roster=roster).aggregate(highest=Max("index"))["highest"]
    first = 0 if highest is None else highest + 1
    # By commitment, which is random: the order within an epoch says nothing about who came first.
    RosterLeaf.objects.bulk_create(
        RosterLeaf(roster=roster, index=first + place, commitment=commitment, joined_epoch=epoch)
        for place, commitment in enumerate(sorted(joining))
    )


def _supersede(current: RosterEpoch | None, now: datetime) -> None:
    if current and current.superseded_at is None:
        current.superseded_at = now
        current.save(update_fields=["superseded_at"])


def _write_epoch(roster: Roster, label: Label | None, epoch: int, now: datetime) -> None:
    rows = list(
        RosterLeaf.objects.filter(roster=roster)
        .order_by("index")
        .values_list("commitment", "joined_epoch", "removed_epoch")
    )
    commitments = [int.from_bytes(bytes(key), "big") for key, _joined, _removed in rows]
    gone = [(index, row[2], commitments[index]) for index, row in enumerate(rows) if row[2]]
    tree = LeanIMT(0 if row[2] else commitment for row, commitment in zip(rows, commitments, strict=True))
    data = pack_leaves(tree.leaves)
    paths = _paths(roster, tree, epoch, gone)
    journal = journal_of(roster, epoch, on=now.date())
    statement = RosterStatement(
        site=config().site_id,
        season=roster.season,
        roster=roster.name,
        epoch=epoch,
        label=label,
        root=tree.root,
        size=tree.size,
        live=sum(removed is None for _key, _joined, removed in rows),
        settled=sum(removed is None and joined < epoch for _key, joined, removed in rows),
        leaves=sha256(data).digest(),
        paths=sha256(paths).digest(),
        journal=sha256(journal.data).digest(),
        published=now.date().isoformat(),
    )
    LeavesFile.objects.get_or_create(sha256=statement.leaves, defaults={"data": data})
    PathsFile.objects.get_or_create(sha256=statement.paths, defaults={"data": paths})
    published = _sign(roster, statement, now)
    RosterJournal.objects.create(sha256=statement.journal, epoch=published, data=journal.data)


def _sign(roster: Roster, statement: RosterStatement, now: datetime) -> RosterEpoch:
    """The signed epoch; its files must be there."""
    envelope = sign_statement(statement, roster_signing_key())
    return RosterEpoch.objects.create(
        sha256=sha256(envelope).digest(),
        roster=roster,
        epoch=statement.epoch,
        envelope=envelope,
        leaves_id=statement.leaves,
        paths_id=statement.paths,
        size=statement.size,
        live=statement.live,
        settled=statement.settled,
        published_at=now,
    )


def _paths(roster: Roster, tree: LeanIMT, epoch: int, gone: list[tuple[int, int, int]]) -> bytes:
    """The paths file of an epoch; `gone` are (index, epoch, leaf) of every leaf that was ever removed."""
    before = RosterEpoch.objects.filter(roster=roster, epoch__lt=epoch).order_by("-epoch")
    known = [Since(*row) for row in before.values_list("epoch", "size")[:PATH_EPOCHS]]
    beginning = [Since(0, 0)] if len(known) < PATH_EPOCHS else []
    since = choose_since(
        [*beginning, *known, Since(epoch, tree.size)],
        size=tree.size,
        removals=[(index, at) for index, at, _leaf in gone],
    )
    return build_paths(tree, epoch=epoch, since=since, removed=gone)


def _publish_index(season: str, *, changed: bool) -> int:
    """Sign a new index if anything changed or the season is new; return the serial that is served."""
    last = PublishedIndex.objects.order_by("-serial").first()
    if last and last.season == season and not changed:
        return last.serial
    current = RosterEpoch.objects.filter(roster__season=season, superseded_at=None).select_related("roster")
    entries = sorted(
        (IndexEntry(each.roster.name, each.epoch, bytes(each.sha256)) for each in current),
        key=lambda entry: entry.roster,
    )
    serial = last.serial + 1 if last else 1
    index = RosterIndex(config().site_id, season, serial, tuple(entries))
    PublishedIndex.objects.create(
        serial=serial, season=season, envelope=sign_index(index, roster_signing_key())
    )
    return serial


def drop_superseded_leaves(*, now: datetime) -> int:
    """Drop leaves and paths files that no epoch of late names; return how many leaves files."""
    grace = timedelta(seconds=config().root_grace_seconds)
    seasons = [season.id for season in open_seasons(int(now.timestamp()))]
    needed = RosterEpoch.objects.filter(leaves__isnull=False, roster__season__in=seasons).exclude(
        superseded_at__lt=now - grace - KEEP_LEAVES
    )
    PathsFile.objects.exclude(sha256__in=needed.values("paths")).delete()
    return LeavesFile.objects.exclude(sha256__in=needed.values("leaves")).delete()[0]

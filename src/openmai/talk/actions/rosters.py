"""Keeping a snapshot of rosters that was fetched and checked."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from django.db import transaction

from openmai.anonymity.encoding import Domain
from openmai.anonymity.errors import AnonymityError
from openmai.anonymity.fields import be32
from openmai.anonymity.log.entries import LogEntry, roster_entry
from openmai.anonymity.log.journals import journal_entries
from openmai.anonymity.log.replacements import GivenUpKey, Replacements, SecondReplacement
from openmai.anonymity.rosters import unpack_leaves
from openmai.talk.actions.log import Appended, append
from openmai.talk.models import RosterEpoch, RosterIndex, RosterLeaves, RosterPaths
from openmai.talk.queries.log import log_tree, logged_commitments, logged_replacements
from openmai.talk.rules import Rules
from openmai.talk.snapshots import FetchedEpoch, Snapshot

HeldUp = Mapping[str, AnonymityError]
"""The rosters that were not taken over, and why."""


@transaction.atomic
def keep_snapshot(snapshot: Snapshot, *, rules: Rules, now: datetime) -> HeldUp:
    """Log the new epochs and put them in force; what they replace, or the index no longer names, is
    superseded.

    A roster whose epochs contradict the replacements is not taken over, and is returned: its last epoch ends
    with its grace. The others are taken over, all or none.
    """
    season = snapshot.index.season
    # The row is the lock: two workers cannot both step forward.
    held = RosterIndex.objects.select_for_update().filter(season=season).first()
    if held is not None and held.serial >= snapshot.index.serial:
        return {}
    current = RosterEpoch.objects.filter(season=season, superseded_at=None)
    named = [entry.roster for entry in snapshot.index.rosters]
    current.exclude(roster__in=named).update(superseded_at=now)
    known = _logged_replacements(snapshot)
    held_up = _contradicting(snapshot, known)
    # Nobody may speak under the epoch before for longer than if it had been replaced.
    current.filter(roster__in=held_up).update(superseded_at=now)
    new = [each for each in snapshot.new if each.signed.statement.roster not in held_up]
    if new:
        appended = append(_entries(new, known, snapshot.domain), domain=snapshot.domain, rules=rules)
    for fetched in new:
        current.filter(roster=fetched.signed.statement.roster).update(superseded_at=now)
        _keep_epoch(fetched, appended, now)
    RosterIndex.objects.update_or_create(
        season=season, defaults={"serial": snapshot.index.serial, "envelope": snapshot.envelope}
    )
    forget_leaves(rules=rules, now=now)
    return held_up


def _entries(new: Sequence[FetchedEpoch], replaced: Replacements, domain: Domain) -> Iterator[LogEntry]:
    """What the log says of the new epochs. Two rosters can bring one proof of knowledge, or one replacement;
    it is logged once, and what another worker has logged since it was fetched is left out.
    """
    asked = [claim.commitment for fetched in new for claim in fetched.enrolments]
    known = logged_commitments(domain.season, asked)
    for fetched in new:
        fresh = [claim for claim in fetched.enrolments if claim.commitment not in known]
        known.update(claim.commitment for claim in fresh)
        pairs = [pair for pair in fetched.journal.replaced if replaced.add(pair)]
        yield from journal_entries(fetched.journal, fetched.signed, enrolments=fresh, replaced=pairs)


def _logged_replacements(snapshot: Snapshot) -> Replacements:
    """Those in the log that any key of the new epochs stands in."""
    joined = [leaf.commitment for fetched in snapshot.new for leaf in fetched.journal.joined]
    pairs = [pair for fetched in snapshot.new for pair in fetched.journal.replaced]
    asked = [*joined, *(pair.old for pair in pairs), *(pair.new for pair in pairs)]
    return Replacements.of(logged_replacements(snapshot.domain.season, asked))


def _contradicting(snapshot: Snapshot, known: Replacements) -> HeldUp:
    """The rosters that replace a key twice, or that a key joined which was given up and which stands in their
    newest epoch. An epoch that was missed may bring such a key if a later one takes it out again.
    """
    by_roster: dict[str, list[FetchedEpoch]] = {}
    for fetched in snapshot.new:
        by_roster.setdefault(fetched.signed.statement.roster, []).append(fetched)
    held_up: dict[str, AnonymityError] = {}
    for roster, epochs in by_roster.items():
        try:
            known = known.with_all(pair for fetched in epochs for pair in fetched.journal.replaced)
        except SecondReplacement as error:
            held_up[roster] = error
    # Only now: a replacement may come with one roster, and the key that was given up with another.
    for roster, epochs in by_roster.items():
        joined = {leaf.commitment for fetched in epochs for leaf in fetched.journal.joined}
        try:
            known.check_standing(joined.intersection(unpack_leaves(epochs[-1].leaves)))
        except GivenUpKey as error:
            held_up.setdefault(roster, error)
    return held_up


def _keep_epoch(fetched: FetchedEpoch, appended: Appended, now: datetime) -> None:
    statement = fetched.signed.statement
    log_index = appended.places[roster_entry(fetched.signed).data]
    RosterLeaves.objects.get_or_create(id=statement.leaves, defaults={"data": fetched.leaves})
    if fetched.paths is not None:
        RosterPaths.objects.get_or_create(id=statement.paths, defaults={"data": fetched.paths})
    RosterEpoch.objects.create(
        id=fetched.signed.name,
        envelope=fetched.signed.envelope,
        season=statement.season,
        roster=statement.roster,
        epoch=statement.epoch,
        root=be32(statement.root),
        size=statement.size,
        live=statement.live,
        settled=statement.settled,
        label_en="" if statement.label is None else statement.label.en,
        label_zh="" if statement.label is None else statement.label.zh,
        leaves=statement.leaves,
        paths=statement.paths,
        log_index=log_index,
        log_root=log_tree(log_index + 1).root(),
        accepted_at=now,
    )


def forget_leaves(*, rules: Rules, now: datetime) -> None:
    """Leaves and paths that no accepted root rests on any more; the statements stay, every proof file needs
    them.
    """
    open_ones = RosterEpoch.objects.filter(season__in=rules.seasons(now))
    in_force = open_ones.exclude(superseded_at__lt=now - rules.root_grace)
    RosterLeaves.objects.exclude(id__in=in_force.values("leaves")).delete()
    RosterPaths.objects.exclude(id__in=in_force.values("paths")).delete()

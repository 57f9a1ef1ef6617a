"""Adding to the log, in the transaction of what is logged; the checkpoint is signed in the same one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection, transaction

from openmai.anonymity.bans import BanList
from openmai.anonymity.encoding import Domain
from openmai.anonymity.fields import be32
from openmai.anonymity.log.checkpoints import sign_checkpoint
from openmai.anonymity.log.entries import LogEntry, bans_entry, tick_entries
from openmai.anonymity.log.merkle import TreeHead, fold, leaf_hash, split_hashes
from openmai.anonymity.log.notes import SignatureLine
from openmai.anonymity.log.standing import Standing
from openmai.anonymity.log.trees import Row
from openmai.platform.clock import iso_seconds
from openmai.talk import log_files
from openmai.talk.log_facts import due_facts
from openmai.talk.models import (
    LogCheckpoint,
    LogCosignature,
    LogEnrolment,
    LogNode,
    LogReplacement,
    LogTick,
    Post,
)
from openmai.talk.models import LogEntry as LogRow
from openmai.talk.queries.disclosures import answered_requests
from openmai.talk.queries.log import NODE_WIDTH, hashes, last_entry, log_size, log_tree, standing_entries
from openmai.talk.rules import Rules

_ONE_WRITER: Final = 0x6C6F67  # an arbitrary key for PostgreSQL's advisory lock
_BATCH: Final = 1000


@dataclass(frozen=True, slots=True)
class Appended:
    """What an addition came to: the new head, and the place of each entry by its bytes."""

    head: TreeHead
    places: Mapping[bytes, int]


def append(entries: Iterable[LogEntry], *, domain: Domain, rules: Rules) -> Appended:
    """Add `entries`, with the facts about the site that are new, and sign the checkpoint.

    Must be called in the transaction that makes them true; its commit writes the files.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ONE_WRITER])
    facts = _due(domain, rules)
    listed = sorted({each.data: each for each in (*facts, *entries)}.values(), key=lambda each: each.order)
    old = log_size()
    standing = Standing(last_entry())
    for index, each in enumerate(listed, old):
        standing.note(index, each)
    listed.append(standing.entry(domain))
    hashed = [leaf_hash(each.data) for each in listed]
    LogRow.objects.bulk_create(
        (
            LogRow(index=index, kind=each.kind, data=each.data, hash=digest)
            for index, (each, digest) in enumerate(zip(listed, hashed, strict=True), old)
        ),
        batch_size=_BATCH,
    )
    LogNode.objects.bulk_create(_new_nodes(old, hashed), batch_size=_BATCH)
    places = {each.data: index for index, each in enumerate(listed, old)}
    _note_enrolments(listed, places)
    _note_replacements(listed, places)
    head = log_tree(old + len(listed)).head()
    signed = sign_checkpoint(rules.log_origin, head, rules.log_key)
    LogCheckpoint.objects.create(size=head.size, root=head.root, note=signed.data)
    _publish_after_commit(rules)
    return Appended(head, places)


def _publish_after_commit(rules: Rules) -> None:
    def publish() -> None:
        log_files.publish(rules.log_dir, quorum=rules.quorum)

    # Robust: what was committed stays, and the next addition writes the files that are missing. Not a
    # partial: Django tells the log the name of what failed.
    transaction.on_commit(publish, robust=True)


def _new_nodes(old: int, added: Sequence[bytes]) -> list[LogNode]:
    """The roots of the subtrees that `added` completed, level by level."""
    nodes: list[LogNode] = []
    level, size, new = 0, old, list(added)
    while new:
        first = size // NODE_WIDTH
        # What stands in the subtree that was begun before.
        (begun,) = hashes([Row(level, first * NODE_WIDTH, size)])
        row = [*split_hashes(begun), *new]
        level += 1
        new = [fold(row[at : at + NODE_WIDTH]) for at in range(0, len(row) - NODE_WIDTH + 1, NODE_WIDTH)]
        nodes += [LogNode(level=level, index=first + at, hash=root) for at, root in enumerate(new)]
        size = first
    return nodes


def _note_enrolments(entries: Sequence[LogEntry], places: Mapping[bytes, int]) -> None:
    noted = [
        LogEnrolment(
            season=entry.domain.season,
            commitment=be32(int(entry.facts["commitment"])),
            entry_id=places[entry.data],
        )
        for entry in entries
        if entry.kind == "enrolment"
    ]
    LogEnrolment.objects.bulk_create(noted, batch_size=_BATCH)


def _note_replacements(entries: Sequence[LogEntry], places: Mapping[bytes, int]) -> None:
    LogReplacement.objects.bulk_create(
        LogReplacement(
            entry_id=places[entry.data],
            season=entry.domain.season,
            old=be32(int(entry.facts["old"])),
            new=be32(int(entry.facts["new"])),
        )
        for entry in entries
        if entry.kind == "replacement"
    )


def log_tick(bans: Iterable[BanList], posts: Iterable[Post], *, tick: datetime, rules: Rules) -> None:
    """Log the ban lists that a tick put in force and the posts that it published; nothing for none."""
    by_season: dict[str, list[bytes]] = {}
    for post in posts:
        by_season.setdefault(post.content["season"], []).append(bytes(post.id))
    entries = [
        each
        for season, ids in by_season.items()
        for each in tick_entries(Domain(rules.site, season), iso_seconds(tick), ids)
    ]
    turned = [bans_entry(Domain(each.site, each.season), each.encoded()) for each in bans]
    # Members compare slots and keys with the log: what was changed must not wait for a post.
    if not turned and not entries and not facts_due(rules.domain(tick), rules=rules):
        return
    appended = append([*turned, *entries], domain=rules.domain(tick), rules=rules)
    LogTick.objects.bulk_create(
        LogTick(
            entry_id=appended.places[each.data],
            tick=tick,
            season=each.domain.season,
            first=bytes.fromhex(each.facts["posts"][0]),
            last=bytes.fromhex(each.facts["posts"][-1]),
        )
        for each in entries
    )


def facts_due(domain: Domain, *, rules: Rules) -> bool:
    """Whether a log that was begun names other artifacts than those in use, or those of another season, or
    lacks what the operator said of requests for data.
    """
    return log_size() > 0 and any(each.kind in ("artifacts", "disclosures") for each in _due(domain, rules))


def _due(domain: Domain, rules: Rules) -> list[LogEntry]:
    answered = answered_requests(domain.season)
    return due_facts(domain, known=standing_entries(), answered=answered, rules=rules)


def keep_cosignature(line: SignatureLine, *, size: int, rules: Rules) -> None:
    """Keep what a witness said of the checkpoint of `size`, and show it."""
    with transaction.atomic():
        LogCosignature.objects.get_or_create(
            checkpoint_id=size, witness=line.name, defaults={"line": line.text.rstrip("\n")}
        )
        _publish_after_commit(rules)

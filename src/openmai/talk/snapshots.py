"""Fetching what the people site published, as a stranger would: over HTTP, bounded, and believing only
signatures.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

import httpx

from openmai.anonymity.encoding import Domain, sha256
from openmai.anonymity.enrolment import EnrolmentClaim, verify_enrolments
from openmai.anonymity.leanimt import LeanIMT
from openmai.anonymity.limits import MAX_INDEX, MAX_JOURNAL, MAX_PATHS, MAX_STATEMENT
from openmai.anonymity.log.journals import Journal, apply_journal, open_journal, unproved
from openmai.anonymity.paths import check_paths
from openmai.anonymity.rosters import (
    IndexEntry,
    RosterIndex,
    RosterStatement,
    SignedStatement,
    check_leaves,
    open_index,
    open_statement,
    pack_leaves,
    unpack_leaves,
)
from openmai.platform.fetching import AnswerRefused, Fetcher, LongAnswer, PackedAnswer
from openmai.talk.errors import TalkError
from openmai.talk.queries.rosters import Held

_TIMEOUT: Final = httpx.Timeout(10.0, read=30.0)
# Of one file; the longest is a journal of 64 MB.
_TOTAL_SECONDS: Final = 300.0
_INDEX: Final = "/rosters/index.json"


class SnapshotError(TalkError):
    """The people site's rosters could not be taken over; what is held stays in force."""


class SourceUnreachable(SnapshotError):
    """The people site does not answer, or not with 200."""


class FileTooLarge(SnapshotError):
    """A file is longer than its kind may be; the rest was not read."""


class EncodedFile(SnapshotError):
    """A file came compressed, which was not asked for: a few bytes could stand for any number."""


class WrongFile(SnapshotError):
    """A file does not have the digest that it is named by."""


class WrongStatement(SnapshotError):
    """The index names a statement that is about another roster or epoch."""


class StaleEpoch(SnapshotError):
    """The index names an older epoch of a roster than the one that is held."""


class ForkedIndex(SnapshotError):
    """Two indexes were signed under one serial number."""


class ForkedEpoch(SnapshotError):
    """Two statements were signed for one epoch of a roster."""


@dataclass(frozen=True, slots=True)
class FetchedEpoch:
    """A statement whose signature and root were checked, and its leaves as they follow from its journal.

    `enrolments` are those of the journal that the log does not have; their proofs were verified. `paths` is
    None for an epoch that was superseded before it was seen: nobody asks for its file.
    """

    signed: SignedStatement
    leaves: bytes
    journal: Journal
    enrolments: tuple[EnrolmentClaim, ...]
    paths: bytes | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A signed index and the epochs up to it that were not held before, each roster's in their order."""

    index: RosterIndex
    envelope: bytes
    new: tuple[FetchedEpoch, ...]

    @property
    def domain(self) -> Domain:
        return Domain(self.index.site, self.index.season)


@dataclass(frozen=True, slots=True)
class _Link:
    """One epoch of a roster as it came, on the way back to the one that is held."""

    signed: SignedStatement
    journal: Journal


class RosterSource:
    """The people site, read over HTTP. No redirect is followed: whoever answers is the one that was asked."""

    def __init__(self, origin: str) -> None:
        self._fetcher = Fetcher(origin, timeout=_TIMEOUT, seconds=_TOTAL_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._fetcher.close()

    def fetch(self, path: str, *, limit: int) -> bytes:
        """The bytes at `path`; raises `SourceUnreachable`, `EncodedFile` or `FileTooLarge`."""
        try:
            answer = self._fetcher.get(path, limit=limit)
        except PackedAnswer as error:
            raise EncodedFile(str(error)) from error
        except LongAnswer as error:
            raise FileTooLarge(str(error)) from error
        except (httpx.HTTPError, AnswerRefused) as error:
            raise SourceUnreachable(f"the people site cannot be read: {error}") from error
        if answer.status != httpx.codes.OK:
            raise SourceUnreachable(f"the people site answered {answer.status} for {path}")
        return answer.data


def fetch_snapshot(
    source: RosterSource, *, held: Held, key: bytes, domain: Domain, randbits: Callable[[int], int]
) -> Snapshot | None:
    """Fetch and check what is new; None if nothing is. About 70 µs for each leaf of a new epoch (the tree
    is rebuilt), and 1 ms for each new member (the proof of knowledge).

    Raises a `SnapshotError`, or the `AnonymityError` that says what is wrong with a document.
    """
    envelope = source.fetch(_INDEX, limit=MAX_INDEX)
    if envelope == held.envelope:
        return None
    index = open_index(envelope, key=key, domain=domain, seen=held.serial)
    if held.envelope is not None and index.serial == held.serial:
        raise ForkedIndex(f"there are two indexes of serial {index.serial}")
    wanted = [entry for entry in index.rosters if _is_new(entry, held)]
    new = [epoch for entry in wanted for epoch in _fetch_epochs(source, entry, held, key=key, domain=domain)]
    claims = {claim.commitment: claim for epoch in new for claim in epoch.enrolments}
    verify_enrolments(list(claims.values()), domain=domain, randbits=randbits)
    return Snapshot(index, envelope, tuple(new))


def _is_new(entry: IndexEntry, held: Held) -> bool:
    epoch, statement = held.epochs.get(entry.roster, (0, b""))
    if entry.epoch < epoch:
        raise StaleEpoch(f"{entry.roster} is at epoch {epoch}; the index says {entry.epoch}")
    if entry.epoch == epoch and entry.statement != statement:
        raise ForkedEpoch(f"{entry.roster} has two statements of epoch {epoch}")
    return entry.epoch > epoch


def _fetch_epochs(
    source: RosterSource, entry: IndexEntry, held: Held, *, key: bytes, domain: Domain
) -> list[FetchedEpoch]:
    """Every epoch of a roster that is not held, the oldest first: the log must miss none.

    The leaves are not fetched but follow from the journals, from the last epoch whose leaves are held, or
    from nothing.
    """
    links = _fetch_links(source, entry, held, key=key, domain=domain)
    start = links[-1].journal.previous
    leaves = [] if start is None else list(unpack_leaves(held.leaves_of(start) or b""))
    known = held.epochs.get(entry.roster, (0, b""))[0]
    new = []
    for link in reversed(links):
        leaves = apply_journal(link.journal, link.signed.statement, leaves=leaves)
        if link.signed.statement.epoch > known:
            data = pack_leaves(leaves)
            tree = check_leaves(link.signed.statement, data)
            fresh = unproved(link.journal, held.commitments)
            paths = _fetch_paths(source, link.signed.statement, tree) if link is links[0] else None
            new.append(FetchedEpoch(link.signed, data, link.journal, fresh, paths))
    return new


def _fetch_paths(source: RosterSource, statement: RosterStatement, tree: LeanIMT) -> bytes:
    """The file that members go on from, compared with the leaves; what it says of earlier epochs each device
    compares with what it kept.
    """
    data = source.fetch(f"/rosters/paths/{statement.paths.hex()}.bin", limit=MAX_PATHS)
    paths = check_paths(statement, data).paths
    if paths.nodes != tree.tile_roots() or any(tree.leaves[each.index] for each in paths.removals):
        raise WrongFile(f"the paths file of {statement.roster} does not fit its leaves")
    return data


def _fetch_links(
    source: RosterSource, entry: IndexEntry, held: Held, *, key: bytes, domain: Domain
) -> list[_Link]:
    """The epochs back to one whose leaves are held, or to the first, the newest first."""
    known, statement = held.epochs.get(entry.roster, (0, b""))
    links: list[_Link] = []
    wanted: bytes | None = entry.statement
    while wanted is not None and not (wanted == statement and held.leaves_of(wanted)):
        link = _fetch_link(source, wanted, key=key, domain=domain)
        found = link.signed.statement
        newer = links[-1].signed.statement.epoch if links else entry.epoch + 1
        if found.roster != entry.roster or found.epoch >= newer or (not links and found.epoch != entry.epoch):
            raise WrongStatement(f"the statement of {entry.roster} before epoch {newer} is about another")
        if known and newer > known >= found.epoch and wanted != statement:
            raise ForkedEpoch(f"{entry.roster} has two statements of epoch {known}")
        links.append(link)
        wanted = link.journal.previous
    if wanted is None and known and links[-1].signed.statement.epoch > known:
        raise ForkedEpoch(f"{entry.roster} has another history than the one that is held")
    return links


def _fetch_link(source: RosterSource, name: bytes, *, key: bytes, domain: Domain) -> _Link:
    path = f"/rosters/statements/{name.hex()}.json"
    envelope = source.fetch(path, limit=MAX_STATEMENT)
    if sha256(envelope) != name:
        raise WrongFile(f"{path} has another digest than its name")
    signed = open_statement(envelope, key=key, domain=domain)
    data = source.fetch(f"/rosters/journals/{signed.statement.journal.hex()}.json", limit=MAX_JOURNAL)
    return _Link(signed, open_journal(data, signed.statement))

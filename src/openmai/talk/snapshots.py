"""Fetching what the people site published, as a stranger would: over HTTP, bounded, and believing only
signatures.
"""

from dataclasses import dataclass
from typing import Final, Self

import httpx

from openmai.anonymity.encoding import Domain, sha256
from openmai.anonymity.limits import MAX_INDEX, MAX_LEAVES_FILE, MAX_STATEMENT
from openmai.anonymity.rosters import (
    IndexEntry,
    RosterIndex,
    SignedStatement,
    check_leaves,
    open_index,
    open_statement,
)
from openmai.talk.errors import TalkError
from openmai.talk.queries.rosters import Held

_TIMEOUT: Final = httpx.Timeout(10.0, read=30.0)
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
    """A statement whose signature and root were checked, and its leaves."""

    signed: SignedStatement
    leaves: bytes


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A signed index and the epochs in it that were not held before."""

    index: RosterIndex
    envelope: bytes
    new: tuple[FetchedEpoch, ...]


class RosterSource:
    """The people site, read over HTTP. No redirect is followed: whoever answers is the one that was asked."""

    def __init__(self, origin: str) -> None:
        self._client = httpx.Client(
            base_url=origin,
            timeout=_TIMEOUT,
            follow_redirects=False,
            trust_env=False,
            # Plain bytes only: a compressed answer grows in memory before it can be counted.
            headers={"user-agent": "openmai", "accept-encoding": "identity"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def fetch(self, path: str, *, limit: int) -> bytes:
        """The bytes at `path`; raises `SourceUnreachable`, `EncodedFile` or `FileTooLarge`."""
        data = bytearray()
        try:
            with self._client.stream("GET", path) as response:
                if response.status_code != httpx.codes.OK:
                    raise SourceUnreachable(f"the people site answered {response.status_code} for {path}")
                if response.headers.get("content-encoding", "identity") != "identity":
                    raise EncodedFile(f"{path} came in an encoding that was not asked for")
                for chunk in response.iter_raw(65_536):
                    data += chunk
                    if len(data) > limit:
                        raise FileTooLarge(f"{path} has more than {limit} bytes")
        except httpx.HTTPError as error:
            raise SourceUnreachable(f"the people site cannot be read: {error}") from error
        return bytes(data)


def fetch_snapshot(source: RosterSource, *, held: Held, key: bytes, domain: Domain) -> Snapshot | None:
    """Fetch and check what is new; None if nothing is. About 70 µs for each leaf of a new epoch (the tree
    is rebuilt).

    Raises a `SnapshotError`, or the `AnonymityError` that says what is wrong with a document.
    """
    envelope = source.fetch(_INDEX, limit=MAX_INDEX)
    if envelope == held.envelope:
        return None
    index = open_index(envelope, key=key, domain=domain, seen=held.serial)
    if held.envelope is not None and index.serial == held.serial:
        raise ForkedIndex(f"there are two indexes of serial {index.serial}")
    wanted = [entry for entry in index.rosters if _is_new(entry, held)]
    new = tuple(_fetch_epoch(source, entry, key=key, domain=domain) for entry in wanted)
    return Snapshot(index, envelope, new)


def _is_new(entry: IndexEntry, held: Held) -> bool:
    epoch, statement = held.epochs.get(entry.roster, (0, b""))
    if entry.epoch < epoch:
        raise StaleEpoch(f"{entry.roster} is at epoch {epoch}; the index says {entry.epoch}")
    if entry.epoch == epoch and entry.statement != statement:
        raise ForkedEpoch(f"{entry.roster} has two statements of epoch {epoch}")
    return entry.epoch > epoch


def _fetch_epoch(source: RosterSource, entry: IndexEntry, *, key: bytes, domain: Domain) -> FetchedEpoch:
    path = f"/rosters/statements/{entry.statement.hex()}.json"
    envelope = source.fetch(path, limit=MAX_STATEMENT)
    if sha256(envelope) != entry.statement:
        raise WrongFile(f"{path} has another digest than its name")
    signed = open_statement(envelope, key=key, domain=domain)
    if (signed.statement.roster, signed.statement.epoch) != (entry.roster, entry.epoch):
        raise WrongStatement(f"the statement of {entry.roster}, epoch {entry.epoch}, is about another")
    leaves = source.fetch(f"/rosters/leaves/{signed.statement.leaves.hex()}.bin", limit=MAX_LEAVES_FILE)
    check_leaves(signed.statement, leaves)
    return FetchedEpoch(signed, leaves)

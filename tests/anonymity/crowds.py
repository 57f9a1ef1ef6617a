"""A log with a whole crowd in it, a post by Alice from among them, and the deep check of both."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from tests.anonymity.logs import SignedLog
from tests.factories.cast import DOMAIN, HARBOUR, SITE, TICK, Cast, PublishedRoster

from openmai.anonymity.log.deep import DeepCheck, VerifiedCrowd
from openmai.anonymity.log.entries import LogEntry, parse_entry, roster_entry, tick_entries
from openmai.anonymity.log.view import LogTrust
from openmai.anonymity.proof_file import verify_proof_file


@dataclass
class Crowd:
    """`log` is the log that Alice saw and was published in, `proof` the proof file of her post."""

    log: SignedLog
    roster: PublishedRoster
    proof: bytes

    def entries(self, kind: str) -> Iterator[tuple[int, LogEntry]]:
        """The entries of a kind, each with its index."""
        for at, data in enumerate(self.log.entries):
            entry = parse_entry(data)
            if entry.kind == kind:
                yield at, entry

    def serve(self, entries: list[bytes]) -> SignedLog:
        """Another log than the one that the post names, signed by the same key."""
        other = SignedLog(SITE, self.log.key)
        other.entries = entries
        return other


@contextmanager
def logged_in(cast: Cast, log: SignedLog) -> Iterator[None]:
    """The cast speaks under this log."""
    honest, cast.log = cast.log, log
    try:
        yield
    finally:
        cast.log = honest


def crowd_of(cast: Cast, entries: list[bytes] | None = None) -> Crowd:
    """Two epochs of Harbour Logistics, another company between them, and Alice's post.

    With `entries` Mallory, the operator, has logged these instead from the beginning.
    """
    log = SignedLog(SITE, cast.log_key)
    first = cast.rosters[HARBOUR]
    second = cast.follow(first, joined=3, removed=[0, 5])
    if entries is None:
        for each in (first, cast.rosters["site"], second):
            log.add_epoch(each.signed, each.journal)
    else:
        log.entries = entries
        place = entries.index(roster_entry(second.signed).data)
        log.places[second.signed.name] = place
        log.heads[second.signed.name] = log.tiles.at(place + 1).head()
    opening = cast.opening()
    with logged_in(cast, log):
        proof = cast.proof_file(cast.alice, opening, roster=second)
    (tick,) = tick_entries(DOMAIN, TICK, [opening.id])
    log.append(tick)
    return Crowd(log, second, proof)


def look(crowd: Crowd, log: SignedLog | None = None, **changes: object) -> VerifiedCrowd:
    """The deep check of Alice's post, of a log that is served in memory."""
    served = log or crowd.log
    post = verify_proof_file(crowd.proof)
    trust = replace(LogTrust(crowd.log.note_key), **changes)  # type: ignore[arg-type]
    check = DeepCheck(post, trust=trust)
    check.open(served.checkpoint().data)
    for tile in check.tiles():
        check.take(tile, served.tiles.read(tile))
    return check.finish(randbits=secrets.randbits, report=lambda _done, _total: None)

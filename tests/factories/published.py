"""Rosters as the people site publishes them, for tests, and files that are made once and read by all."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.factories.enrolments import enrolments, strangers

from openmai.anonymity.encoding import Domain, sha256
from openmai.anonymity.leanimt import LeanIMT
from openmai.anonymity.log.entries import CLASSES
from openmai.anonymity.log.issuers import IssuerKey
from openmai.anonymity.log.journals import Journal, JournalLeaf
from openmai.anonymity.paths import Since, build_paths
from openmai.anonymity.rosters import RosterStatement, SignedStatement


@dataclass(frozen=True)
class PublishedRoster:
    """One roster in its current epoch: the signed statement, the tree, its files and the journal."""

    signed: SignedStatement
    tree: LeanIMT
    leaves: bytes
    paths: bytes
    journal: Journal

    @property
    def statement(self) -> RosterStatement:
        return self.signed.statement


def journal_between(
    leaves: Iterable[int], *, roster: str, epoch: int, domain: Domain, before: PublishedRoster | None
) -> Journal:
    """From `before` to `leaves`. A place that is vacated at once was somebody's who came and went."""
    old = () if before is None else before.tree.leaves
    listed = list(leaves)
    joined = [
        _journal_leaf(at, leaf or strangers()[-1], roster=roster)
        for at, leaf in enumerate(listed)
        if at >= len(old)
    ]
    keys = {key_name(leaf, roster=roster) for leaf in joined if leaf.kind == "dkim" and before is None}
    claims = [enrolments()[leaf.commitment] for leaf in joined if leaf.commitment in enrolments()]
    return Journal(
        site=domain.site,
        season=domain.season,
        roster=roster,
        epoch=epoch,
        previous=None if before is None else before.signed.name,
        joined=tuple(joined),
        removed=tuple(at for at, leaf in enumerate(listed) if not leaf and (at >= len(old) or old[at])),
        enrolments=tuple(sorted(claims, key=lambda claim: claim.commitment)),
        keys=tuple(sorted(keys)),
    )


def paths_between(tree: LeanIMT, *, epoch: int, before: PublishedRoster | None) -> bytes:
    """The paths file with the step from `before`, or from nothing."""
    if before is None:
        return build_paths(
            tree, epoch=epoch, since=Since(0, 0) if epoch == 1 else Since(epoch, tree.size), removed=()
        )
    gone = [(at, epoch, leaf) for at, leaf in enumerate(before.tree.leaves) if leaf and not tree.leaves[at]]
    return build_paths(tree, epoch=epoch, since=Since(before.statement.epoch, before.tree.size), removed=gone)


def keep(path: Path, data: bytes) -> None:
    """Write at once or not at all: other workers read at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{random.SystemRandom().getrandbits(64):x}")
    part.write_bytes(data)
    part.replace(path)


def key_name(leaf: JournalLeaf, *, roster: str) -> IssuerKey:
    """The site knew, with the first epoch, whose key signed the mails; of log-ins it does not."""
    assert leaf.issuer_key is not None
    owner = roster.split("/")[1] if "/" in roster else "many"
    return IssuerKey("dkim", f"mail._domainkey.{owner}.example", leaf.issuer_key)


def _journal_leaf(at: int, commitment: int, *, roster: str) -> JournalLeaf:
    """Signed by the employer, by mail and by log-in in turn; in other rosters than provable ones every third
    and fourth stands on the operator's word.
    """
    kinds = CLASSES[:2] if roster.endswith("/provable") else CLASSES
    kind = kinds[at % len(kinds)]
    key = sha256(f"the employer's key for {kind}".encode()) if kind in CLASSES[:2] else None
    return JournalLeaf(at, commitment, kind, sha256(f"evidence of {commitment} at {at}".encode()), key)

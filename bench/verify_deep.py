"""`verify --deep` of a roster of 20,000, from a copy of the log: at most 1.3 times what it cannot do without.

That is the roster's Poseidon tree, and the batch verification of 20,000 proofs of knowledge.

20,000 real proofs would take hours to make. The log names 20,000 different ones; where they are verified, on
both sides, those of the tests stand in for them in turn. A batch does not get cheaper by that: each proof is
decoded, weighted and paired for itself.
"""

import random
import secrets
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final
from unittest import mock

from tests.anonymity.crowds import logged_in
from tests.anonymity.logs import SignedLog
from tests.factories.cast import DOMAIN, HARBOUR, LABELS, PUBLISHED, SITE, TICK, Cast
from tests.factories.enrolments import enrolments
from tests.factories.published import PublishedRoster, paths_between

from bench._harness import Result, Side, by_turns, dearer, processor_timed
from openmai.anonymity.encoding import Domain, sha256
from openmai.anonymity.enrolment import EnrolmentClaim, verify_enrolments
from openmai.anonymity.fields import R, be32
from openmai.anonymity.leanimt import LeanIMT
from openmai.anonymity.log import deep
from openmai.anonymity.log.entries import tick_entries
from openmai.anonymity.log.journals import Journal, JournalLeaf
from openmai.anonymity.log.tiles import new_tiles
from openmai.anonymity.rosters import RosterStatement, open_statement, pack_leaves, sign_statement
from openmai.cli.member.checking import Source, check
from openmai.cli.member.deep import check_crowd, look_at
from openmai.cli.member.home import Home
from openmai.cli.member.show import Progress

SIZE: Final = 20_000
REAL: Final = tuple(enrolments().values())


def run() -> Result:
    cast = Cast()
    roster = large_roster(cast)
    with tempfile.TemporaryDirectory(prefix="openmai-bench-") as folder:
        proof, home = publish(cast, roster, Path(folder)), Home(Path(folder) / "home")
        leaves = roster.tree.leaves

        def look() -> None:
            verdict = check(Source(proof, None), roster_key=cast.roster_key, home=home)
            looked = look_at(mirror=Path(folder), link=None, talk=None, home=home)
            found = check_crowd(verdict, looked, home=home, progress=Progress())
            assert found.live == SIZE

        with mock.patch.object(deep, "verify_enrolments", verify_real):
            ours, bare = by_turns(
                processor_timed(look), processor_timed(lambda: least(leaves)), rounds=3, warm_up=0
            )
    return dearer(
        "verify-deep",
        Side(f"verify --deep, roster of {SIZE:,}", ours),
        Side("its Poseidon tree and its proofs of knowledge, in batches", bare),
        bar=1.3,
    )


def least(leaves: Sequence[int]) -> None:
    """What no check of the crowd can leave out."""
    LeanIMT(leaves)
    for at in range(0, SIZE, deep.BATCH):
        claims = [REAL[place % len(REAL)] for place in range(at, min(at + deep.BATCH, SIZE))]
        verify_enrolments(claims, domain=DOMAIN, randbits=secrets.randbits)


def verify_real(claims: Sequence[EnrolmentClaim], *, domain: Domain, randbits: Callable[[int], int]) -> None:
    """As many real proofs as there are claims."""
    real = [REAL[place % len(REAL)] for place in range(len(claims))]
    verify_enrolments(real, domain=domain, randbits=randbits)


def large_roster(cast: Cast) -> PublishedRoster:
    """Alice among 19,999 others, in its first epoch."""
    rng = random.Random("a large roster")
    tree = LeanIMT([*(rng.randrange(1, R) for _ in range(SIZE - 1)), cast.alice.commitment])
    journal = Journal(
        site=SITE,
        season=DOMAIN.season,
        roster=HARBOUR,
        epoch=1,
        previous=None,
        joined=tuple(leaf(at, commitment) for at, commitment in enumerate(tree.leaves)),
        removed=(),
        enrolments=tuple(claim(at, commitment) for at, commitment in enumerate(sorted(tree.leaves))),
    )
    data = pack_leaves(tree.leaves)
    paths = paths_between(tree, epoch=1, before=None)
    statement = RosterStatement(
        site=SITE,
        season=DOMAIN.season,
        roster=HARBOUR,
        epoch=1,
        label=LABELS["harbour-logistics"],
        root=tree.root,
        size=SIZE,
        live=SIZE,
        settled=SIZE,
        leaves=sha256(data),
        paths=sha256(paths),
        journal=sha256(journal.data),
        published=PUBLISHED,
    )
    signed = open_statement(sign_statement(statement, cast.signing_key), key=None, domain=DOMAIN)
    return PublishedRoster(signed, tree, data, paths, journal)


def leaf(at: int, commitment: int) -> JournalLeaf:
    kind = "dkim" if at % 3 else "oidc"
    return JournalLeaf(at, commitment, kind, sha256(be32(commitment)), sha256(kind.encode()))


def claim(at: int, commitment: int) -> EnrolmentClaim:
    real = REAL[at % len(REAL)]
    return EnrolmentClaim(commitment, real.nullifier, real.message, real.points)


def publish(cast: Cast, roster: PublishedRoster, folder: Path) -> bytes:
    """Keep a copy of the log in `folder`; return the proof file of Alice's post."""
    log = SignedLog(SITE, cast.log_key)
    log.add_epoch(roster.signed, roster.journal)
    opening = cast.opening()
    with logged_in(cast, log):
        proof = cast.proof_file(cast.alice, opening, roster=roster)
    for each in tick_entries(DOMAIN, TICK, [opening.id]):
        log.append(each)
    tiles = log.tiles
    for tile in new_tiles(0, len(log.entries)):
        path = folder / tile.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tiles.read(tile))
    (folder / "checkpoint").write_bytes(log.checkpoint().data)
    return proof

"""A talk site on a cluster of its own: the cast's rosters of this very season, and threads of any length."""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from tests.factories.cast import HARBOUR, SITE, Cast
from tests.factories.gate import WASM, made_gate
from tests.factories.published import PublishedRoster

from openmai.anonymity.content import Opening
from openmai.anonymity.encoding import Domain
from openmai.anonymity.rosters import RosterIndex, open_index, sign_index
from openmai.anonymity.seasons import season_at
from openmai.platform.clock import utc_now
from openmai.platform.postgres import EmbeddedCluster
from openmai.talk.gate_files import VERIFICATION_KEY

DOMAIN = Domain(SITE, season_at(int(time.time())).id)


class World:
    """The cast with one roster of the current season; its proofs are kept as the tests' are."""

    def __init__(self) -> None:
        self.cast = Cast()
        self.cast.day = utc_now().date().isoformat()
        # One member says all of it, in one day.
        self.cast.slots_a_day = 255
        self.roster: PublishedRoster = self.cast.publish(HARBOUR, others=24, domain=DOMAIN)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "OPENMAI_SITE_ID": SITE,
            "OPENMAI_PEOPLE_ORIGIN": "http://localhost:8000",
            "OPENMAI_TALK_ORIGIN": "http://127.0.0.1:8001",
            "OPENMAI_ROSTER_SOURCE": "http://localhost:8000",
            "OPENMAI_ROSTER_PUBLIC_KEY": self.cast.roster_key.hex(),
            "OPENMAI_RECEIPT_SIGNING_KEY": self.cast.receipt_key.private_bytes_raw().hex(),
            "OPENMAI_LOG_SIGNING_KEY": "ab" * 32,
            "OPENMAI_GATE_DIR": str(made_gate().folder),
            "OPENMAI_RATE_SLOTS": str(self.cast.slots_a_day),
            # No tick falls into the measurement.
            "OPENMAI_TICK_SECONDS": "86400",
            "DJANGO_SETTINGS_MODULE": "openmai.sites.talk.settings",
        }

    @property
    def gate_files(self) -> tuple[Path, Path, Path]:
        """Verification key, circuit and proving key."""
        gate = made_gate()
        return gate.folder / VERIFICATION_KEY, WASM, gate.proving_key

    def opening(self, number: int) -> Opening:
        return replace(self.cast.opening(title=f"Thread {number}"), season=DOMAIN.season)

    def submission(self, number: int) -> bytes:
        return self.cast.submission(self.cast.alice, self.opening(number), self.roster)


@contextmanager
def talk_site() -> Iterator[World]:
    """Django is set up in this process, and `os.environ` lets a server be started beside it."""
    folder = Path(tempfile.mkdtemp(prefix="openmai-bench-"))
    folder.chmod(0o711)
    cluster = EmbeddedCluster(name="talk", home=folder / "talk", log=folder / "talk.log")
    cluster.prepare()
    process = cluster.start()
    try:
        cluster.wait(process)
        world = World()
        os.environ |= {
            **world.environment,
            "OPENMAI_TALK_DATABASE_URL": cluster.url,
            "OPENMAI_LOG_DIR": str(folder / "log"),
        }
        _set_up(world, utc_now())
        yield world
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
        cluster.close()
        shutil.rmtree(folder, ignore_errors=True)


def _set_up(world: World, now: datetime) -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    from openmai.talk.actions import keep_snapshot
    from openmai.talk.queries.rosters import roster_listing
    from openmai.talk.rules import rules
    from openmai.talk.snapshots import FetchedEpoch, Snapshot

    entry = open_index(world.cast.index(rosters=[world.roster]), key=None, domain=None).rosters
    envelope = sign_index(RosterIndex(SITE, DOMAIN.season, 1, entry), world.cast.signing_key)
    new = (FetchedEpoch(world.roster.signed, world.roster.leaves, world.roster.journal, (), None),)
    snapshot = Snapshot(open_index(envelope, key=None, domain=DOMAIN), envelope, new)
    keep_snapshot(snapshot, rules=rules(), now=now)
    (current,) = roster_listing(DOMAIN.season, floor=0).rosters
    world.cast.checkpoints[world.roster.signed.name] = current.checkpoint.text


def thread_of(world: World, number: int, *, replies: int) -> bytes:
    """A published thread with so many replies; its id."""
    from tests.talk.long_threads import fill_thread

    from openmai.platform.clock import next_tick
    from openmai.talk.actions import accept_submission, write_tick
    from openmai.talk.epoch import Epoch
    from openmai.talk.rules import rules

    epoch, now = Epoch(), utc_now()
    accept_submission(world.submission(number), epoch=epoch, rules=rules(), now=now)
    tick = next_tick(now, rules().tick_seconds)
    write_tick(epoch=epoch, rules=rules(), now=tick)
    thread = world.opening(number).id
    fill_thread(thread, replies=replies, now=tick)
    _analyse()
    return thread


def _analyse() -> None:
    """What autovacuum does within a minute of such a change."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")

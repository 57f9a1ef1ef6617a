"""The people site's worker, one event loop: mail out and in, rosters published, what is over forgotten."""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, cast

from openmai.platform.clock import next_tick, utc_now
from openmai.platform.config import PeopleConfig
from openmai.platform.wal import HourlyMark

HOUSEKEEPING_SECONDS: Final = 600
STALLED_SECONDS: Final = 30
MAIL_CONCURRENCY: Final = 4
SHUTDOWN_SECONDS: Final = 5
DAY_SECONDS: Final = 86_400
_MARK: Final = HourlyMark()

logger = logging.getLogger(__name__)
Clock = Callable[[], datetime]


def run(config: PeopleConfig) -> None:
    """Work until SIGTERM or SIGINT. DJANGO_SETTINGS_MODULE is the people site's."""
    import django

    django.setup()
    asyncio.run(_main(config, utc_now))


async def _main(config: PeopleConfig, clock: Clock) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await work(config, clock=clock, stop=stop)


async def work(config: PeopleConfig, *, clock: Clock, stop: asyncio.Event) -> None:
    """Do everything until `stop` is set; a part that fails ends all, and the supervisor starts anew."""
    from procrastinate.contrib.django import app
    from procrastinate.contrib.django.django_connector import DjangoConnector

    from openmai.people.inbound import Mailbox, listen
    from openmai.people.txt_records import resolver_look_up

    mailbox = Mailbox(
        address=config.inbound_address, look_up=resolver_look_up(config.dns_servers), clock=clock
    )
    hostname = config.inbound_address.rpartition("@")[2]
    server = await listen(mailbox, config.inbound_listen, hostname=hostname)
    # Django's own connector cannot wait for jobs; it makes one that can. For a second app: what housekeeping
    # mails from a thread goes through Django's, in the transaction that it tells of.
    jobs = app.with_connector(cast(DjangoConnector, app.connector).get_worker_connector())
    async with server, jobs.open_async():
        parts = [
            asyncio.create_task(each)
            for each in (
                _send_mail(jobs),
                _requeue(jobs, clock),
                _at_epochs(config.epoch_seconds, clock, _publish),
                _every(HOUSEKEEPING_SECONDS, lambda: _in_thread(_forget, clock)),
                _at_epochs(DAY_SECONDS, clock, _rewrite),
                stop.wait(),
            )
        ]
        await _until_first(parts)


async def _until_first(parts: "Sequence[asyncio.Task[Any]]") -> None:
    done, pending = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.wait(pending, timeout=SHUTDOWN_SECONDS)
    for task in done:
        task.result()


async def _send_mail(jobs: Any) -> None:
    from openmai.platform.mail import QUEUE

    await jobs.run_worker_async(
        queues=[QUEUE],
        concurrency=MAIL_CONCURRENCY,
        install_signal_handlers=False,
        delete_jobs="always",
        shutdown_graceful_timeout=SHUTDOWN_SECONDS,
    )


async def _requeue(jobs: Any, clock: Clock) -> None:
    """A killed worker leaves its jobs as being done; give them back."""
    manager = jobs.job_manager
    while True:
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
            await manager.retry_job(job, retry_at=clock())
        await asyncio.sleep(STALLED_SECONDS)


async def _at_epochs(seconds: int, clock: Clock, act: Callable[[datetime], None]) -> None:
    """Act at once and at the start of every span of `seconds`."""
    while True:
        await _in_thread(act, clock)
        due = next_tick(clock(), seconds)
        while (left := (due - clock()) / timedelta(seconds=1)) > 0:
            # In short naps, so that a clock that is set forward is noticed.
            await asyncio.sleep(min(left, 60.0))


async def _every(seconds: float, act: Callable[[], Awaitable[None]]) -> None:
    while True:
        await act()
        await asyncio.sleep(seconds)


async def _in_thread(act: Callable[[datetime], None], clock: Clock) -> None:
    """Run an action in a thread of its own; while the database is away, it is left for the next time."""
    from django.db import OperationalError

    try:
        await asyncio.to_thread(_with_connection, act, clock())
    except OperationalError as error:
        logger.warning("the database is away", exc_info=error)


def _with_connection(act: Callable[[datetime], None], now: datetime) -> None:
    from django.db import connections

    try:
        act(now)
    finally:
        # The thread may never be used again, and nobody would close its connection.
        connections.close_all()


def _publish(now: datetime) -> None:
    from openmai.people.actions import advance_replacements, publish_rosters
    from openmai.people.ban_list import bans_in_force
    from openmai.people.conf import config, domain
    from openmai.people.queries import current_season, replacements_wait

    publication = publish_rosters(now=now)
    if publication.rosters:
        logger.info("published %d epochs, serial %d", len(publication.rosters), publication.serial)
    # After: a lost key has left by now, and a cleared one enters with an epoch of its own.
    season = current_season(now)
    if replacements_wait(season=season):
        known = bans_in_force(config().talk_origin, domain=domain(season), now=now)
        advance_replacements(bans=known, now=now)


def _forget(now: datetime) -> None:
    from django.db import connection

    from openmai.people.actions import forget_expired, remind_members, remind_of_season

    remind_of_season(now=now)
    remind_members(now=now)
    forget_expired(now=now)
    _MARK.write_if_due(connection, now=now)


def _rewrite(_now: datetime) -> None:
    from openmai.people.actions import rewrite_short_lived

    left = rewrite_short_lived()
    if left:
        logger.warning("%d tables are in use and were not rewritten", len(left))

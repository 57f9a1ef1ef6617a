"""The talk site's worker: keeps its rosters as new as the people site's, and knows of that site nothing
else.
"""

import logging
import os
import secrets
from collections.abc import Callable
from datetime import datetime
from threading import Event
from typing import Final

import django
from django.db import DatabaseError, close_old_connections, connection

from openmai.anonymity.errors import AnonymityError
from openmai.platform.clock import utc_now
from openmai.platform.config import TalkConfig
from openmai.platform.wal import HourlyMark
from openmai.talk.rules import Rules
from openmai.talk.snapshots import RosterSource, SnapshotError, fetch_snapshot

logger = logging.getLogger(__name__)
_LONGEST_PAUSE: Final = 60.0


def run(config: TalkConfig, *, stop: Event | None = None, clock: Callable[[], datetime] = utc_now) -> None:
    """Refresh the rosters once a minute, or once a tick if that is shorter, until `stop` is set."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openmai.sites.talk.settings")
    django.setup()
    stopped = stop or Event()
    rules = Rules.from_config(config)
    pause = min(_LONGEST_PAUSE, float(config.tick_seconds))
    mark = HourlyMark()
    with RosterSource(config.roster_source) as source:
        while not stopped.is_set():
            _try_refresh(source, rules=rules, now=clock())
            _try_mark(mark, now=clock())
            _try_witnesses(rules)
            stopped.wait(pause)
    connection.close()


def _try_refresh(source: RosterSource, *, rules: Rules, now: datetime) -> None:
    close_old_connections()
    try:
        taken = refresh(source, rules=rules, now=now)
    except (SnapshotError, AnonymityError, DatabaseError):
        logger.warning(
            "the rosters of the people site were not taken over; those held stay in force", exc_info=True
        )
    else:
        if taken:
            logger.info("took over %d rosters", taken)


def _try_mark(mark: HourlyMark, *, now: datetime) -> None:
    try:
        mark.write_if_due(connection, now=now)
    except DatabaseError:
        logger.warning("the write-ahead log was not marked", exc_info=True)


def _try_witnesses(rules: Rules) -> None:
    """Let the witnesses sign what is new, and show it; a witness that is away is asked again next time."""
    from openmai.talk.witnessing import ask_witnesses

    try:
        for error in ask_witnesses(rules):
            logger.warning("a witness did not sign the log: %s", error)
    except DatabaseError:
        logger.warning("the witnesses were not asked", exc_info=True)


def refresh(source: RosterSource, *, rules: Rules, now: datetime) -> int:
    """Take over what is new, and return how many epochs that were; raises as `fetch_snapshot` does."""
    from openmai.talk.actions import forget_leaves, keep_snapshot  # models are there only after django.setup
    from openmai.talk.queries.rosters import held

    domain = rules.domain(now)
    snapshot = fetch_snapshot(
        source, held=held(domain.season), key=rules.roster_key, domain=domain, randbits=secrets.randbits
    )
    if snapshot is None:
        forget_leaves(rules=rules, now=now)
        return 0
    held_up = keep_snapshot(snapshot, rules=rules, now=now)
    for roster, error in held_up.items():
        logger.warning("%s is held up, and its last epoch ends: %s", roster, error)
    return sum(each.signed.statement.roster not in held_up for each in snapshot.new)

"""Writing an epoch: everything that is due, in one transaction, in the order of the ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import DataError, IntegrityError, connection, transaction

from openmai.platform.clock import tick_at
from openmai.talk.actions.log import log_posts
from openmai.talk.actions.plan import Plan, Written, plan_rows
from openmai.talk.epoch import Epoch, Waiting
from openmai.talk.models import Join, Persona, Post, Thread
from openmai.talk.queries.publication import existing
from openmai.talk.rules import Rules

_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class TickReport:
    """How many posts a tick wrote, and how many a constraint refused; ids and texts are nobody's business."""

    tick: datetime
    written: int
    dropped: int


def write_tick(*, epoch: Epoch, rules: Rules, now: datetime) -> TickReport:
    """Publish what is due at the tick that `now` belongs to, and begin the next generation of pages.

    One transaction. A row that a constraint refuses (another process was faster) falls alone, with what
    hangs on it. If the database cannot be reached its error is passed on and everything keeps waiting.
    """
    tick = tick_at(now, rules.tick_seconds)
    items = epoch.close(tick)
    report = _write(items, tick, rules) if items else TickReport(tick, 0, 0)
    epoch.settle(tick, items)
    return report


def _write(items: Sequence[Waiting], tick: datetime, rules: Rules) -> TickReport:
    with transaction.atomic():
        with connection.cursor() as cursor:
            # A foreign key that fails must fail beside its row, not at the commit of all.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        plan = plan_rows(items, existing(items), tick)
        written = _insert(plan)
        log_posts(
            ((row.post.content["season"], bytes(row.post.id)) for row in written), tick=tick, rules=rules
        )
    return TickReport(tick, len(written), len(plan.rows) - len(written))


def _insert(plan: Plan) -> list[Written]:
    """Insert the plan, halving what a constraint refuses until the guilty row stands alone; what was
    written.
    """
    try:
        with transaction.atomic():
            _insert_all(plan)
    except (IntegrityError, DataError):
        if len(plan.rows) == 1:
            return []
        return [row for half in plan.halves() for row in _insert(half)]
    return list(plan.rows)


def _insert_all(plan: Plan) -> None:
    Thread.objects.bulk_create([row.thread for row in plan.rows if row.thread], batch_size=_BATCH)
    Persona.objects.bulk_create([row.persona for row in plan.rows if row.persona], batch_size=_BATCH)
    Post.objects.bulk_create([row.post for row in plan.rows], batch_size=_BATCH)
    Join.objects.bulk_create([row.join for row in plan.rows if row.join], batch_size=_BATCH)
    _recount(plan.rows)


def _recount(rows: Sequence[Written]) -> None:
    """Replies and latest activity of the threads that were answered, computed from their posts."""
    answered = sorted({row.thread_id for row in rows if not row.thread})
    if not answered:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE talk_thread t SET replies = c.replies, active_at = c.active_at
               FROM (SELECT thread_id, count(*) - 1 AS replies, max(tick) AS active_at FROM talk_post
                     WHERE thread_id = ANY(%(ids)s) GROUP BY thread_id) c
               WHERE t.id = c.thread_id""",
            {"ids": answered},
        )

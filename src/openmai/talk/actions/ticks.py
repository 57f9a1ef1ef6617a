"""Writing an epoch: everything that is due, in one transaction, in the order of the ids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import DataError, IntegrityError, connection, transaction

from openmai.anonymity.encoding import Domain
from openmai.platform.clock import tick_at
from openmai.talk.actions.bans import turn_bans
from openmai.talk.actions.log import log_tick
from openmai.talk.actions.plan import Plan, Written, plan_rows
from openmai.talk.epoch import Epoch, Waiting
from openmai.talk.models import Join, Persona, Post, RateNullifier, Thread
from openmai.talk.queries.bans import CurrentBans, current_bans
from openmai.talk.queries.publication import existing
from openmai.talk.rules import Rules

_BATCH: Final = 500
_RATES_KEPT: Final = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class TickReport:
    """How many posts a tick wrote, how many a constraint refused, and how many fell to a ban that began with
    it; ids and texts are nobody's business.
    """

    tick: datetime
    written: int
    dropped: int
    banned: int = 0


def write_tick(*, epoch: Epoch, rules: Rules, now: datetime) -> TickReport:
    """Publish what is due at the tick that `now` belongs to, and begin the next generation of pages.

    One transaction. A row that a constraint refuses (another process was faster) falls alone, with what
    hangs on it. If the database cannot be reached its error is passed on and everything keeps waiting.
    """
    tick = tick_at(now, rules.tick_seconds)
    items = epoch.close(tick)
    report, in_force = _write(items, tick, rules)
    epoch.settle(tick, items, bans_added={season: each.added_at for season, each in in_force.items()})
    return report


def _write(
    items: Sequence[Waiting], tick: datetime, rules: Rules
) -> tuple[TickReport, Mapping[str, CurrentBans]]:
    domains = [Domain(rules.site, season) for season in rules.seasons(tick)]
    with transaction.atomic():
        before = {each.season: current_bans(each) for each in domains}
        in_force = {each.season: turn_bans(domain=each, tick=tick) for each in domains}
        _forget_rates(tick)
        admitted = [item for item in items if _holds(item, before, in_force)]
        written, dropped = _publish(admitted, tick) if admitted else ([], 0)
        turned = [each.bans for season, each in in_force.items() if each.digest != before[season].digest]
        log_tick(turned, [row.post for row in written], tick=tick, rules=rules)
    report = TickReport(tick, len(written), dropped, banned=len(items) - len(admitted))
    return report, in_force


def _holds(item: Waiting, before: Mapping[str, CurrentBans], in_force: Mapping[str, CurrentBans]) -> bool:
    """Whether a waiting post may still appear: its persona is not banned with this tick, and its gate proof
    knew every ban that began before. Between two ticks only a commit whose answer was lost adds one.
    """
    season = item.content.season
    if season not in in_force:
        # Accepted just before the threads of its season closed: its bans have ended with them.
        return True
    nullifier = int.from_bytes(item.nullifier, "big")
    if in_force[season].bans.ban_of(thread=item.thread, nullifier=nullifier) is not None:
        return False
    return item.entry is None or item.entry.bans_added_at == before[season].added_at


def _forget_rates(tick: datetime) -> None:
    """Slots of days that ended 48 hours ago or earlier: nobody can use them any more."""
    RateNullifier.objects.filter(day__lt=(tick - _RATES_KEPT).date()).delete()


def _publish(items: Sequence[Waiting], tick: datetime) -> tuple[list[Written], int]:
    """What was written, and how many a constraint refused."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            # A foreign key that fails must fail beside its row, not at the commit of all.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        plan = plan_rows(items, existing(items), tick)
        written = _insert(plan)
    return written, len(plan.rows) - len(written) + plan.homeless


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
    # In an order of their own, so that no row stands where its post stands.
    rates = sorted((row.rate for row in plan.rows if row.rate), key=lambda rate: bytes(rate.nullifier))
    RateNullifier.objects.bulk_create(rates, batch_size=_BATCH)
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

"""Ticks are aligned to the wall clock, whoever computes them."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from openmai.platform.clock import iso_seconds, next_tick, tick_at, whole_seconds_until

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants naive bounds


@given(MOMENTS, st.integers(1, 86_400))
def test_a_moment_lies_between_its_tick_and_the_next(moment: datetime, seconds: int):
    before, after = tick_at(moment, seconds), next_tick(moment, seconds)
    assert before <= moment < after
    assert after - before == timedelta(seconds=seconds)
    assert int(before.timestamp()) % seconds == 0
    assert 0 <= whole_seconds_until(after, moment) <= seconds


def test_a_tick_belongs_to_its_own_span(now: datetime):
    tick = next_tick(now, 600)
    assert tick == datetime(2026, 3, 20, 10, 10, tzinfo=UTC)
    assert tick_at(tick, 600) == tick


def test_a_moment_gone_by_is_no_seconds_away(now: datetime):
    assert whole_seconds_until(now - timedelta(seconds=5), now) == 0


def test_instants_are_written_in_utc(now: datetime):
    shanghai = now.astimezone(timezone(timedelta(hours=8)))
    assert iso_seconds(shanghai) == "2026-03-20T10:00:30Z"

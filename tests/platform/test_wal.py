"""What was written leaves the write-ahead log, also when nobody writes after it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from signal import SIGINT

import psycopg
import pytest
from tests.clusters import open_to_all

from openmai.platform.cluster_rules import LOG_RULES, WAL_RULES, Rule, deviations
from openmai.platform.postgres import UNSAFE_BUT_FAST, EmbeddedCluster
from openmai.platform.wal import HourlyMark

NEEDLE = "Alice wrote this before the lunch break"
CURRENT = "SELECT pg_walfile_name(pg_current_wal_insert_lsn())"
NOON = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)


@contextmanager
def cluster(folder: Path, **settings: str) -> Iterator[EmbeddedCluster]:
    made = EmbeddedCluster(
        name="talk",
        home=folder / "talk",
        log=folder / "log",
        settings=UNSAFE_BUT_FAST | {"synchronous_commit": "on"} | settings,
    )
    made.prepare()
    process = made.start()
    try:
        made.wait(process)
        yield made
    finally:
        process.send_signal(SIGINT)
        process.wait(timeout=20)
        made.close()


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return open_to_all(tmp_path_factory.mktemp("wal"))


def holds_needle(made: EmbeddedCluster) -> bool:
    segments = [path for path in (made.home / "data" / "pg_wal").iterdir() if path.is_file()]
    return any(NEEDLE.encode() in path.read_bytes() for path in segments)


def written_then_marked(made: EmbeddedCluster) -> None:
    """A row is written, an hour passes, the mark is set; the server's own timer ends the segment."""
    with psycopg.connect(made.admin_url) as connection:
        # After a start the checkpointer sleeps for `checkpoint_timeout`, which this cuts short.
        connection.execute("SELECT pg_reload_conf()")
    with psycopg.connect(made.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE post (body text)")
        connection.execute("INSERT INTO post VALUES (%s)", [NEEDLE])
        assert holds_needle(made)
        segment = connection.execute(CURRENT).fetchone()
        assert HourlyMark().write_if_due(connection, now=NOON)
        ends = time.monotonic() + 30
        while connection.execute(CURRENT).fetchone() == segment:
            assert time.monotonic() < ends, "the segment was not ended"
            time.sleep(0.1)
    with psycopg.connect(made.admin_url, autocommit=True) as connection:
        # What the timer of `checkpoint_timeout` does every five minutes.
        connection.execute("CHECKPOINT")


def test_an_old_segment_leaves_the_disk(folder: Path):
    with cluster(folder, archive_timeout="1s") as made:
        written_then_marked(made)
        assert not holds_needle(made)


def test_recycled_it_would_stay(folder: Path):
    with cluster(folder, archive_timeout="1s", wal_recycle="on") as made:
        written_then_marked(made)
        assert holds_needle(made)


def test_the_mark_is_set_once_an_hour_and_has_no_time(folder: Path):
    mark = HourlyMark()
    with cluster(folder) as made, psycopg.connect(made.url, autocommit=True) as connection:
        before = connection.execute("SELECT pg_current_wal_insert_lsn()").fetchone()
        moments = [NOON + timedelta(minutes=minutes) for minutes in (0, 1, 59, 60, 61)]
        assert [mark.write_if_due(connection, now=now) for now in moments] == [
            True,
            False,
            False,
            True,
            False,
        ]
        assert connection.execute("SELECT pg_current_wal_insert_lsn()").fetchone() != before


@pytest.mark.parametrize("rule", [*LOG_RULES, *WAL_RULES], ids=lambda rule: rule.name)
def test_each_rule_names_what_would_leak_and_what_mends_it(rule: Rule):
    bad = {"log_line_prefix": "%m", "archive_timeout": "0", "checkpoint_timeout": "86400"}
    found = bad.get(rule.name, "99999" if rule.bounds else "pg_stat_statements")
    [deviation] = deviations([rule], {rule.name: found}, postmaster=frozenset())
    assert rule.leak in str(deviation)
    assert f"ALTER SYSTEM SET {rule.name} = '{rule.value}'" in str(deviation)
    assert "pg_reload_conf" in str(deviation)
    [later] = deviations([rule], {rule.name: found}, postmaster=frozenset({rule.name}))
    assert "restart" in str(later)


def test_a_setting_that_the_server_does_not_know_is_not_asked_for():
    assert deviations(WAL_RULES, {}, postmaster=frozenset()) == []

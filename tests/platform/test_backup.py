"""Backups: what was there comes back, nobody reads them without the key, and none is kept for thirty days."""

import os
import stat
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from signal import SIGINT

import psycopg
import pyrage
import pytest
from psycopg.conninfo import make_conninfo
from tests.clusters import open_to_all

from openmai.platform.backup import BackupError, backup, delete_old, kept, restore
from openmai.platform.postgres import UNSAFE_BUT_FAST, EmbeddedCluster

TODAY = date(2026, 3, 20)
NEEDLE = "Night shifts are short of people again"
OLGA = pyrage.x25519.Identity.generate()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCluster]:
    folder = open_to_all(tmp_path_factory.mktemp("backup"))
    made = EmbeddedCluster(name="talk", home=folder / "talk", log=folder / "log", settings=UNSAFE_BUT_FAST)
    made.prepare()
    process = made.start()
    made.wait(process)
    with psycopg.connect(made.url) as connection:
        connection.execute("CREATE TABLE talk_post (id int PRIMARY KEY, body text)")
        connection.execute(
            "INSERT INTO talk_post SELECT n, %s || n FROM generate_series(1, 2000) n", [NEEDLE]
        )
        connection.execute("INSERT INTO talk_post VALUES (0, 'Bob took this back')")
        connection.execute("DELETE FROM talk_post WHERE id = 0")
        connection.execute("CREATE TABLE talk_ratenullifier AS SELECT 'spent today' AS nullifier")
    yield made
    process.send_signal(SIGINT)
    process.wait(timeout=20)
    made.close()


def make(cluster: EmbeddedCluster, folder: Path, *, today: date = TODAY) -> Path:
    return backup(
        url=cluster.url,
        site="talk",
        folder=folder,
        recipient=str(OLGA.to_public()),
        leave_out=["talk_ratenullifier"],
        today=today,
    )


@pytest.fixture
def empty(cluster: EmbeddedCluster) -> Iterator[str]:
    """The URL of a new database."""
    with psycopg.connect(cluster.admin_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE again OWNER talk")
        yield make_conninfo(cluster.url, dbname="again")
        connection.execute("DROP DATABASE again WITH (FORCE)")


def test_what_was_there_comes_back_but_for_what_lives_for_hours(
    cluster: EmbeddedCluster, tmp_path: Path, empty: str
):
    path = make(cluster, tmp_path / "kept")
    restore(url=empty, path=path, identity=str(OLGA))
    with psycopg.connect(empty) as connection:
        assert connection.execute("SELECT count(*), max(body) FROM talk_post").fetchone() == (
            2000,
            f"{NEEDLE}999",
        )
        assert connection.execute("SELECT count(*) FROM talk_ratenullifier").fetchone() == (0,)
    with pytest.raises(BackupError, match="not empty"):
        restore(url=empty, path=path, identity=str(OLGA))


def test_it_is_closed_to_others_and_tells_no_time(cluster: EmbeddedCluster, tmp_path: Path):
    path = make(cluster, tmp_path / "kept")
    assert path.name == "talk-2026-03-20.pgdump.age"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert datetime.fromtimestamp(path.stat().st_mtime, UTC) == datetime(2026, 3, 20, tzinfo=UTC)
    assert path.read_bytes().startswith(b"age-encryption.org/v1\n-> X25519 ")
    plain = pyrage.decrypt(path.read_bytes(), [OLGA])
    assert plain.startswith(b"PGDMP")
    assert b"Bob took this back" not in plain


@pytest.mark.parametrize("damage", ["key", "byte", "cut"])
def test_a_wrong_key_or_a_damaged_file_restores_nothing(
    cluster: EmbeddedCluster, tmp_path: Path, empty: str, damage: str
):
    path = make(cluster, tmp_path / "kept")
    identity, data = OLGA, bytearray(path.read_bytes())
    if damage == "key":
        identity = pyrage.x25519.Identity.generate()
    elif damage == "byte":
        data[-5] ^= 1
    else:
        del data[-200:]
    path.write_bytes(data)
    with pytest.raises(BackupError, match="could not be opened"):
        restore(url=empty, path=path, identity=str(identity))
    with psycopg.connect(empty) as connection:
        assert connection.execute("SELECT to_regclass('public.talk_post')").fetchone() == (None,)


def test_a_backup_that_fails_leaves_no_file_that_passes_for_one(cluster: EmbeddedCluster, tmp_path: Path):
    folder = tmp_path / "kept"
    with psycopg.connect(cluster.admin_url, autocommit=True, dbname="talk") as connection:
        connection.execute("CREATE TABLE hidden AS SELECT 1 AS one")
        with pytest.raises(BackupError, match="pg_dump ended"):
            make(cluster, folder)
        connection.execute("DROP TABLE hidden")
    assert kept(folder, "talk") == {}
    assert delete_old(folder, "talk", today=TODAY) != []
    assert list(folder.iterdir()) == []


def test_thirty_days_and_no_longer(tmp_path: Path):
    for days in range(0, 40):
        (tmp_path / f"talk-{TODAY - timedelta(days=days)}.pgdump.age").touch()
    others = [tmp_path / "people-2020-01-01.pgdump.age", tmp_path / "talk-notes.txt"]
    for path in others:
        path.touch()
    # The file's own time, which a copy changes, does not count.
    assert len(delete_old(tmp_path, "talk", today=TODAY)) == 10
    assert min(kept(tmp_path, "talk")) == TODAY - timedelta(days=29)
    assert len(kept(tmp_path, "talk")) == 30
    assert all(path.exists() for path in others)


def test_the_password_is_on_no_command_line(
    cluster: EmbeddedCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    import subprocess

    seen: list[object] = []
    real = subprocess.Popen

    def watched(argv: list[object], **options: object) -> object:
        seen.append(argv)
        return real(argv, **options)  # type: ignore[call-overload]

    monkeypatch.setattr("openmai.platform.backup.subprocess.Popen", watched)
    make(cluster, tmp_path / "kept")
    password = (cluster.home / "app.password").read_text()
    assert seen
    assert password not in str(seen)
    assert os.environ.get("PGPASSWORD") is None

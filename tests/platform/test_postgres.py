"""The embedded clusters: as root and as an ordinary user, after kill -9, in awkward folders, and quiet."""

import os
import signal
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from tests.clusters import open_to_all

from openmai.platform import postgres
from openmai.platform.cluster_rules import RULES
from openmai.platform.postgres import ClusterError, EmbeddedCluster

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that every user can reach; pytest's own are private."""
    return open_to_all(tmp_path_factory.mktemp("cluster"))


@contextmanager
def running(cluster: EmbeddedCluster) -> Iterator[subprocess.Popen[bytes]]:
    cluster.prepare()
    process = cluster.start()
    try:
        cluster.wait(process)
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=20)
        cluster.close()


def make(folder: Path, **options: object) -> EmbeddedCluster:
    return EmbeddedCluster(name="people", home=folder / "people", log=folder / "log", **options)


def ask(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchone()[0]


def test_a_cluster_keeps_its_data_through_kill_9(folder: Path):
    cluster = make(folder)
    with running(cluster) as process:
        with psycopg.connect(cluster.url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        process.kill()
        process.wait()
        again = cluster.start()
        cluster.wait(again)
        assert ask(cluster.url, "SELECT answer FROM kept") == 42
        again.send_signal(signal.SIGINT)
        again.wait(timeout=20)
    with running(make(folder)) as process:
        assert ask(cluster.url, "SELECT answer FROM kept") == 42


def test_the_role_is_ordinary_and_needs_its_password(folder: Path):
    cluster = make(folder)
    with running(cluster):
        assert (
            ask(
                cluster.url,
                "SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = current_user",
            )
            is False
        )
        password = (cluster.home / "app.password").read_text()
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(cluster.url.replace(password, "guessed"))
        assert ask(
            cluster.admin_url,
            "SELECT rolpassword LIKE 'SCRAM-SHA-256%' FROM pg_authid WHERE rolname = 'people'",
        )


def test_secrets_and_socket_are_private(folder: Path):
    cluster = make(folder)
    with running(cluster):
        for name in ("app.password", "admin.password"):
            assert stat.S_IMODE((cluster.home / name).stat().st_mode) == 0o600
        assert stat.S_IMODE((cluster.home / "run").stat().st_mode) == 0o700
        assert ask(cluster.admin_url, "SHOW listen_addresses") == ""


def test_nothing_that_could_name_anyone_is_logged(folder: Path):
    cluster = make(folder)
    with running(cluster):
        with psycopg.connect(cluster.admin_url, autocommit=True) as connection:
            for rule in RULES:
                assert connection.execute(f"SHOW {rule.name}").fetchone() == (rule.value,)
            with pytest.raises(psycopg.errors.UndefinedTable):
                connection.execute("SELECT 'alice@luming.example' FROM nowhere")
            with pytest.raises(psycopg.errors.DivisionByZero):
                connection.execute("SELECT 1 / (length(%s) - 20)", ["alice@luming.example"])
    assert "alice" not in (folder / "log").read_text()


def test_text_sorts_the_same_everywhere(folder: Path):
    cluster = make(folder)
    with running(cluster):
        found = ask(
            cluster.url,
            "SELECT datlocprovider::text || ' ' || datlocale FROM pg_database WHERE datname = 'people'",
        )
    assert found == "b C.UTF-8"


def test_two_servers_never_share_a_cluster(folder: Path, monkeypatch: pytest.MonkeyPatch):
    acquire = postgres._acquire
    monkeypatch.setattr(postgres, "_acquire", lambda path, seconds: acquire(path, seconds=0.2))
    with running(make(folder)):
        second = make(folder)
        second.prepare()
        with pytest.raises(ClusterError, match="another PostgreSQL still runs"):
            second.start()


def test_a_left_over_pid_file_does_not_stop_the_start(folder: Path):
    with running(make(folder)):
        pass
    other = EmbeddedCluster(name="talk", home=folder / "talk", log=folder / "log")
    with running(other) as stranger:
        # As after a crash of the machine: the number now belongs to another server of the same user.
        (folder / "people" / "data" / "postmaster.pid").write_text(f"{stranger.pid}\n")
        with running(make(folder)) as process:
            assert process.poll() is None


def test_a_long_path_gets_a_short_socket(folder: Path):
    deep = folder / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    for step in (deep, deep.parent):
        step.chmod(0o711)
    cluster = make(deep)
    with running(cluster):
        assert ask(cluster.url, "SELECT 1") == 1
        assert str(deep) not in cluster.url
        temporary = cluster._temporary
    assert temporary is not None
    assert not temporary.exists()


def test_an_interrupted_first_start_is_begun_again(folder: Path):
    cluster = make(folder)
    (cluster.home / "data.new").mkdir(parents=True)
    (cluster.home / "data.new" / "half").touch()
    cluster.home.chmod(0o711)
    with running(cluster):
        assert ask(cluster.url, "SELECT 1") == 1


@as_root
def test_root_hands_the_server_to_an_ordinary_user(folder: Path):
    cluster = make(folder)
    with running(cluster) as process:
        assert os.stat(f"/proc/{process.pid}").st_uid != 0
        assert (cluster.home / "data").stat().st_uid != 0


@as_root
def test_a_folder_that_the_server_cannot_enter_is_replaced_and_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    closed, elsewhere = folder / "closed", folder / "elsewhere"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(postgres, "ROOT_HOME", elsewhere)
    said: list[str] = []
    cluster = EmbeddedCluster(name="people", home=closed / "people", log=folder / "log", say=said.append)
    assert elsewhere in cluster.home.parents
    assert [str(cluster.home) in text for text in said] == [True]
    with running(cluster):
        assert ask(cluster.url, "SELECT 1") == 1
    assert (
        EmbeddedCluster(name="people", home=closed / "people", log=folder / "log", say=said.append).home
        == cluster.home
    )


def test_the_end_of_the_parent_ends_the_server(folder: Path):
    cluster = make(folder)
    cluster.prepare()
    child = os.fork()
    if child == 0:
        process = cluster.start()
        cluster.wait(process)
        (folder / "pid").write_text(str(process.pid))
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    # The lock falls with the last postgres process.
    os.close(postgres._acquire(cluster.home / "lock", seconds=10))

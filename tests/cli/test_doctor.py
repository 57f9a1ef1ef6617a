"""`openmai doctor` finds each thing that is wrong, and nothing in an installation that is right."""

import os
import re
import signal
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from tests.cli.conftest import Files, serving
from tests.clusters import open_to_all, site_environment
from tests.factories.cast import Cast

from openmai.cli.doctor import Finding, examine
from openmai.demo.mailbox.catcher import catch_mail
from openmai.demo.mailbox.store import MessageStore
from openmai.demo.ports import HOST, is_free
from openmai.platform.clock import utc_now
from openmai.platform.cluster_rules import RULES
from openmai.platform.postgres import UNSAFE_BUT_FAST, EmbeddedCluster

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def mail_port() -> Iterator[int]:
    port = next(port for port in range(22_000, 23_000) if is_free(port))
    catcher = catch_mail(MessageStore(), host=HOST, port=port)
    yield port
    catcher.stop()


@pytest.fixture
def environ(clusters: dict[str, str], mail_port: int) -> dict[str, str]:
    """A right installation, but for the sites, which do not run."""
    return (
        site_environment()
        | clusters
        | {
            "OPENMAI_STATIC_DIR": str(ROOT / "build" / "static"),
            "OPENMAI_SMTP_URL": f"smtp://{HOST}:{mail_port}",
            "OPENMAI_INBOUND_LISTEN": f"{HOST}:{mail_port}",
            "OPENMAI_PEOPLE_ORIGIN": "http://localhost:1",
            "OPENMAI_TALK_ORIGIN": f"http://{HOST}:1",
            "OPENMAI_ROSTER_SOURCE": "http://localhost:1",
        }
    )


def found(environ: dict[str, str], check: str) -> Finding:
    [finding] = [each for each in examine(environ) if each.check == check]
    return finding


def test_a_right_installation_has_nothing_wrong_but_that_it_does_not_run(environ: dict[str, str]):
    wrong = {finding.check for finding in examine(environ) if not finding.good}
    assert wrong == {"rosters on people", "rosters on talk", "log"}


def test_no_settings_at_all_are_told():
    assert [finding.check for finding in examine({})] == ["settings"]


def test_a_wrong_setting_is_quoted(environ: dict[str, str]):
    environ["OPENMAI_FLOOR"] = "x"
    assert "OPENMAI_FLOOR must be" in found(environ, "settings of talk").words


def test_one_cluster_for_both_sites_is_found(environ: dict[str, str]):
    environ["OPENMAI_TALK_DATABASE_URL"] = environ["OPENMAI_PEOPLE_DATABASE_URL"]
    finding = found(environ, "people and talk apart")
    assert not finding.good
    assert "ties posts to members" in finding.words


def test_a_database_that_does_not_answer_is_found_without_its_address(environ: dict[str, str]):
    environ["OPENMAI_TALK_DATABASE_URL"] = f"postgresql://talk:hidden@{HOST}:1/talk"
    finding = found(environ, "database of talk")
    assert not finding.good
    assert "hidden" not in finding.words


@pytest.fixture
def loud_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., EmbeddedCluster]]:
    """A cluster with some settings turned back on."""
    folder = open_to_all(tmp_path_factory.mktemp("loud"))
    running = []

    def start(**settings: str) -> EmbeddedCluster:
        cluster = EmbeddedCluster(
            name="talk", home=folder / "talk", log=folder / "log", settings=UNSAFE_BUT_FAST | settings
        )
        cluster.prepare()
        process = cluster.start()
        running.append((cluster, process))
        cluster.wait(process)
        return cluster

    yield start
    for cluster, process in running:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=20)
        cluster.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("log_statement", "all"),
        ("log_min_duration_statement", "250"),
        ("log_min_error_statement", "error"),
        ("log_error_verbosity", "default"),
        ("log_parameter_max_length_on_error", "-1"),
        ("log_connections", "all"),
        ("log_min_messages", "warning"),
        # PostgreSQL's own default: a time in milliseconds, and the process.
        ("log_line_prefix", "%m [%p] "),
        ("log_line_prefix", "%q%-10u"),
        ("log_line_prefix", "%h "),
        ("log_line_prefix", "%c "),
        ("track_commit_timestamp", "on"),
    ],
)
def test_a_talkative_database_is_found(
    environ: dict[str, str], loud_cluster: Callable[..., EmbeddedCluster], name: str, value: str
):
    environ["OPENMAI_TALK_DATABASE_URL"] = loud_cluster(**{name: value}).url
    finding = found(environ, "database log of talk")
    assert not finding.good
    assert name in finding.words
    assert found(environ, "database log of people").good


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("wal_recycle", "on"),
        ("archive_mode", "on"),
        ("archive_timeout", "0"),
        ("checkpoint_timeout", "1d"),
        ("max_slot_wal_keep_size", "-1"),
    ],
)
def test_a_cluster_that_keeps_its_log_too_long_is_found(
    environ: dict[str, str], loud_cluster: Callable[..., EmbeddedCluster], name: str, value: str
):
    environ["OPENMAI_TALK_DATABASE_URL"] = loud_cluster(**{name: value}).url
    finding = found(environ, "write-ahead log of talk")
    assert not finding.good
    assert f"ALTER SYSTEM SET {name} = " in finding.words


def test_a_slot_that_nobody_reads_is_found(
    environ: dict[str, str], loud_cluster: Callable[..., EmbeddedCluster]
):
    cluster = loud_cluster()
    environ["OPENMAI_TALK_DATABASE_URL"] = cluster.url
    run_sql(cluster, "SELECT pg_create_physical_replication_slot('forgotten', true)")
    assert "pg_drop_replication_slot('forgotten')" in found(environ, "write-ahead log of talk").words


def test_a_log_older_than_a_day_is_found(
    environ: dict[str, str], loud_cluster: Callable[..., EmbeddedCluster]
):
    cluster = loud_cluster()
    environ["OPENMAI_TALK_DATABASE_URL"] = cluster.url
    assert found(environ, "write-ahead log's age of talk").good
    [segment, *_] = sorted((cluster.home / "data" / "pg_wal").glob("0*"))
    stat = segment.stat()
    os.utime(segment, (stat.st_atime, stat.st_mtime - 25 * 3_600))
    finding = found(environ, "write-ahead log's age of talk")
    assert not finding.good
    assert "25.0 h ago" in finding.words
    run_sql(cluster, 'REVOKE EXECUTE ON FUNCTION pg_ls_waldir() FROM "talk"', database="talk")
    assert "GRANT EXECUTE" in found(environ, "write-ahead log's age of talk").words


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ('ALTER ROLE "talk" CREATEROLE', "NOCREATEROLE"),
        ('GRANT pg_read_server_files TO "talk"', "REVOKE pg_read_server_files"),
        ("CREATE ROLE mallory LOGIN; GRANT CONNECT ON DATABASE talk TO mallory", "REVOKE CONNECT"),
    ],
)
def test_too_much_power_is_found(
    environ: dict[str, str], loud_cluster: Callable[..., EmbeddedCluster], statement: str, words: str
):
    cluster = loud_cluster()
    environ["OPENMAI_TALK_DATABASE_URL"] = cluster.url
    assert found(environ, "role of talk").good
    run_sql(cluster, statement)
    assert words in found(environ, "role of talk").words


def test_one_password_for_both_clusters_is_found(
    environ: dict[str, str], loud_cluster: Callable[..., EmbeddedCluster]
):
    cluster = loud_cluster()
    environ["OPENMAI_TALK_DATABASE_URL"] = cluster.url
    assert found(environ, "roles apart").good
    people = conninfo_to_dict(environ["OPENMAI_PEOPLE_DATABASE_URL"])
    statement = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
        sql.Identifier(str(people["user"])), sql.Literal(people["password"])
    )
    run_sql(cluster, statement)
    assert "the role of people can log in to the cluster of talk" in found(environ, "roles apart").words


def test_a_nullifier_that_outlived_its_two_days_is_found(
    environ: dict[str, str], loud_cluster: Callable[..., EmbeddedCluster]
):
    cluster = loud_cluster()
    environ["OPENMAI_TALK_DATABASE_URL"] = cluster.url
    run_sql(
        cluster,
        "CREATE TABLE talk_ratenullifier AS SELECT current_date - 3 AS day; "
        "GRANT SELECT ON talk_ratenullifier TO talk",
        database="talk",
    )
    assert found(environ, "rows of talk").good
    run_sql(cluster, "UPDATE talk_ratenullifier SET day = day - 1", database="talk")
    assert "1 rate nullifiers should have gone" in found(environ, "rows of talk").words


def test_backups_too_old_or_missing_or_together_are_found(environ: dict[str, str], tmp_path: Path):
    today = utc_now().date()
    folder = tmp_path / "backups"
    folder.mkdir(mode=0o700)
    assert found(environ, "backups of talk").good
    environ["OPENMAI_TALK_BACKUP_DIR"] = str(folder)
    assert "there is none" in found(environ, "backups of talk").words

    def keep(days_ago: int) -> Path:
        path = folder / f"talk-{today - timedelta(days=days_ago)}.pgdump.age"
        path.touch()
        return path

    keep(2)
    assert "does the timer run" in found(environ, "backups of talk").words
    keep(1)
    assert found(environ, "backups of talk").good
    oldest = keep(30)
    assert "30 days ago or more" in found(environ, "backups of talk").words
    oldest.unlink()
    folder.chmod(0o755)
    assert "chmod 700" in found(environ, "backups of talk").words
    environ["OPENMAI_PEOPLE_BACKUP_DIR"] = str(folder / ".." / "backups")
    assert "one folder" in found(environ, "backups apart").words


def run_sql(cluster: EmbeddedCluster, statement: str | sql.Composed, *, database: str = "postgres") -> None:
    """As the superuser."""
    url = make_conninfo(cluster.admin_url, dbname=database)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[arg-type]  # our own literals


def test_a_cluster_that_is_quiet_in_its_own_way_is_good(
    environ: dict[str, str], loud_cluster: Callable[..., EmbeddedCluster]
):
    quiet = {"log_line_prefix": "%% %b %d %q%e ", "log_min_messages": "panic", "log_connections": "off"}
    environ["OPENMAI_TALK_DATABASE_URL"] = loud_cluster(**quiet).url
    assert found(environ, "database log of talk").good


def test_every_setting_of_the_quiet_clusters_is_in_the_documents():
    settings = (ROOT / "docs" / "settings.md").read_text()
    example = (ROOT / "deploy" / "talk.postgresql.conf").read_text()
    for rule in RULES:
        assert f"| `{rule.name}` | {f'`{rule.value}`' if rule.value else 'empty'} |" in settings, rule.name
        assert rule.leak in settings
        assert f"{rule.name} = '{rule.value}'\n" in example


def test_no_service_of_talk_writes_to_a_journal_that_adds_the_time():
    for path in (ROOT / "deploy").glob("openmai-talk*.service"):
        outputs = re.findall(r"^Standard(?:Output|Error)=(\w+)", path.read_text(), re.M)
        assert outputs == ["null", "append"], path


def test_a_superuser_is_found(environ: dict[str, str], loud_cluster: Callable[..., EmbeddedCluster]):
    environ["OPENMAI_TALK_DATABASE_URL"] = loud_cluster().admin_url
    assert "superuser" in found(environ, "role of talk").words


def test_talk_trusting_another_key_is_found(environ: dict[str, str]):
    environ["OPENMAI_ROSTER_PUBLIC_KEY"] = site_environment()["OPENMAI_ROSTER_PUBLIC_KEY"]
    assert not found(environ, "roster key").good


def test_a_secret_that_others_can_read_is_found(environ: dict[str, str], tmp_path: Path):
    path = tmp_path / "secret_key"
    path.write_text(environ.pop("OPENMAI_SECRET_KEY"))
    path.chmod(0o600)
    environ["OPENMAI_SECRET_KEY_FILE"] = str(path)
    assert found(environ, "files of secrets").good
    path.chmod(0o640)
    assert str(path) in found(environ, "files of secrets").words


def test_a_front_end_that_was_not_built_is_found(environ: dict[str, str], tmp_path: Path):
    environ["OPENMAI_STATIC_DIR"] = str(tmp_path)
    assert not found(environ, "front end").good


def test_a_changed_proving_artifact_is_found(environ: dict[str, str], tmp_path: Path):
    built = ROOT / "build" / "static"
    copy = tmp_path / "static"
    copy.mkdir()
    for path in built.rglob("*"):
        target = copy / path.relative_to(built)
        if path.is_dir():
            target.mkdir()
        else:
            os.link(path, target)
    [wasm] = (copy / "artifacts").glob("semaphore-20.*.wasm")
    changed = bytearray(wasm.read_bytes())
    changed[1000] ^= 1
    wasm.unlink()
    wasm.write_bytes(changed)
    environ["OPENMAI_STATIC_DIR"] = str(copy)
    finding = found(environ, "proving artifacts")
    assert not finding.good
    assert "wasm for depth 20" in finding.words


@pytest.mark.parametrize(
    ("name", "check"), [("OPENMAI_SMTP_URL", "outgoing mail"), ("OPENMAI_INBOUND_LISTEN", "incoming mail")]
)
def test_mail_that_does_not_answer_is_found(environ: dict[str, str], name: str, check: str):
    environ[name] = environ[name].rpartition(":")[0] + ":1"
    assert not found(environ, check).good


def test_rosters_of_another_key_are_found_and_stale_ones(environ: dict[str, str], cast: Cast):
    with serving() as people, serving() as talk:
        # The sites must not share a host name.
        source = people.origin.replace(HOST, "localhost")
        environ |= {"OPENMAI_PEOPLE_ORIGIN": source, "OPENMAI_ROSTER_SOURCE": source}
        environ["OPENMAI_TALK_ORIGIN"] = talk.origin
        people.put("/rosters/index.json", cast.index(serial=7))
        talk.put("/rosters/index.json", cast.index(serial=5))
        assert not found(environ, "rosters on people").good
        environ["OPENMAI_ROSTER_SIGNING_KEY"] = cast.signing_key.private_bytes_raw().hex()
        environ["OPENMAI_ROSTER_PUBLIC_KEY"] = cast.roster_key.hex()
        assert found(environ, "rosters on people").good
        assert "talk is 2 publications behind people" in found(environ, "roster freshness").words
        talk.put("/rosters/index.json", cast.index(serial=7))
        assert found(environ, "roster freshness").good


def test_a_site_that_answers_without_end_is_not_read_to_its_end(
    environ: dict[str, str], files: Files, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("openmai.cli.doctor.MAX_INDEX", 1000)
    files.put("/rosters/index.json", bytes(1001))
    environ |= {"OPENMAI_TALK_ORIGIN": files.origin}
    finding = found(environ, "rosters on talk")
    assert not finding.good
    assert "more than 1000 bytes" in finding.words


@pytest.mark.parametrize(("local", "demo", "good"), [("0", "0", True), ("1", "1", True), ("1", "0", False)])
def test_log_ins_on_private_addresses_are_for_demos(
    environ: dict[str, str], local: str, demo: str, good: bool
):
    given = environ | {"OPENMAI_LOCAL_LOGINS": local, "OPENMAI_DEMO": demo}
    assert found(given, "employers' log-ins").good is good

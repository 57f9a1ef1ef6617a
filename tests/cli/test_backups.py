"""`openmai backup` and `openmai restore` as the operator calls them, on a migrated talk database."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pyrage
import pytest
from psycopg.conninfo import conninfo_to_dict
from tests.clusters import site_environment

from openmai.cli.backups import TALK_LEFT_OUT

MAIN = "from openmai.cli.main import app; app()"


@pytest.fixture(scope="module")
def databases(clusters: dict[str, str]) -> Iterator[dict[str, str]]:
    """Two new databases of talk's cluster: one to back up, one to restore into."""
    url = clusters["OPENMAI_TALK_DATABASE_URL"]
    names = ("kept", "again")
    with psycopg.connect(url, autocommit=True) as connection:
        for name in names:
            connection.execute(f"CREATE DATABASE {name}")
    known = conninfo_to_dict(url)
    yield {name: url.replace(f"/{known['dbname']}?", f"/{name}?") for name in names}
    with psycopg.connect(url, autocommit=True) as connection:
        for name in names:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", MAIN, *arguments],
        env={"PATH": os.environ["PATH"]} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_from_migration_to_backup_to_another_database(databases: dict[str, str], tmp_path: Path):
    olga = pyrage.x25519.Identity.generate()
    environment = site_environment() | {
        "OPENMAI_TALK_DATABASE_URL": databases["kept"],
        "OPENMAI_TALK_BACKUP_DIR": str(tmp_path / "backups"),
        "OPENMAI_TALK_BACKUP_RECIPIENT": str(olga.to_public()),
    }
    key = tmp_path / "olga.key"
    key.write_text(f"# created by age-keygen\n{olga}\n")
    assert run(environment, "migrate", "--site", "talk").returncode == 0
    done = run(environment, "backup", "--site", "talk")
    assert done.returncode == 0, done.stderr
    [file] = (tmp_path / "backups").iterdir()
    assert file.name in done.stdout
    again = environment | {"OPENMAI_TALK_DATABASE_URL": databases["again"]}
    restored = run(again, "restore", "--site", "talk", str(file), "--identity", str(key))
    assert restored.returncode == 0, restored.stderr
    assert "No migrations to apply" in run(again, "migrate", "--site", "talk").stdout
    second = run(again, "restore", "--site", "talk", str(file), "--identity", str(key))
    assert (second.returncode, "not empty" in second.stderr) == (1, True)


def test_without_a_folder_and_a_key_nothing_is_written(databases: dict[str, str]):
    environment = site_environment() | {"OPENMAI_TALK_DATABASE_URL": databases["kept"]}
    done = run(environment, "backup", "--site", "talk")
    assert (done.returncode, "OPENMAI_TALK_BACKUP_DIR" in done.stderr) == (2, True)
    bad = environment | {"OPENMAI_TALK_BACKUP_RECIPIENT": "age1notakey"}
    assert "must be a public key of age" in run(bad, "backup", "--site", "talk").stderr


def test_what_is_left_out_of_backups_is_named_in_the_documents():
    document = (Path(__file__).resolve().parents[2] / "docs" / "storage.md").read_text()
    for table in TALK_LEFT_OUT:
        assert f"`{table}`" in document, table

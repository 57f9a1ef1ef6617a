"""The operator's commands refuse wrong settings in words, and the sites run as production would run them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from openmai.demo.ports import HOST, is_free

COMMAND = [sys.executable, "-c", "from openmai.cli.main import app; app()"]


def run(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], env=env, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("serve", "people"),
        ("serve", "worker", "--site", "people"),
        ("migrate", "--site", "people"),
        ("roster", "publish"),
    ],
    ids=" ".join,
)
def test_a_wrong_setting_ends_the_command_with_its_sentence(
    arguments: tuple[str, ...], people_environment: dict[str, str]
):
    done = run(*arguments, env=people_environment | {"OPENMAI_FLOOR": "many"})
    assert done.returncode == 2
    assert done.stderr.startswith(
        'OPENMAI_FLOOR must be a whole number of members from 2 to 100000, and is "many".'
    )
    assert "Traceback" not in done.stderr


def test_a_site_without_its_front_end_does_not_start(talk_environment: dict[str, str], tmp_path: Path):
    done = run("serve", "talk", env=talk_environment | {"OPENMAI_STATIC_DIR": str(tmp_path)})
    assert done.returncode == 2
    assert "holds no front end: run `make build`" in done.stderr


def test_the_talk_site_starts_without_any_setting_of_people(talk_environment: dict[str, str]):
    assert not any("SECRET_KEY" in name or "PEOPLE_DATABASE" in name for name in talk_environment)
    done = run("migrate", "--site", "talk", env=talk_environment)
    assert done.returncode == 0, done.stderr


def test_settings_may_come_from_a_file_and_the_environment_wins(
    people_environment: dict[str, str], tmp_path: Path
):
    file = tmp_path / "people.env"
    file.write_text("# a comment\nOPENMAI_FLOOR=few\nOPENMAI_TICK_SECONDS=7\n\n")
    done = run(
        "migrate",
        "--site",
        "people",
        "--env-file",
        str(file),
        env=people_environment | {"OPENMAI_TICK_SECONDS": "x"},
    )
    assert 'OPENMAI_FLOOR must be a whole number of members from 2 to 100000, and is "few"' in done.stderr
    assert 'OPENMAI_TICK_SECONDS must be a whole number of seconds from 1 to 86400, and is "x"' in done.stderr


@contextmanager
def serving(
    site: str, environment: dict[str, str], tmp_path: Path
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    migrated = run("migrate", "--site", site, env=environment)
    assert migrated.returncode == 0, migrated.stderr
    port = next(port for port in range(23_000, 24_000) if is_free(port))
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [*COMMAND, "serve", site, "--listen", f"{HOST}:{port}"], env=environment, stdout=log, stderr=log
        )
        try:
            yield process, port
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=15) == 0


def front_page(port: int, seconds: float = 40, host: str = HOST) -> httpx.Response:
    give_up = time.monotonic() + seconds
    while True:
        try:
            return httpx.get(f"http://{HOST}:{port}/en/", headers={"Host": host})
        except httpx.TransportError:
            assert time.monotonic() < give_up
            time.sleep(0.2)


def test_a_killed_worker_of_a_site_is_replaced_and_logs_name_nobody(
    talk_environment: dict[str, str], tmp_path: Path
):
    with serving("talk", talk_environment, tmp_path) as (process, port):
        assert front_page(port).status_code == 200
        [worker] = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(worker), signal.SIGKILL)
        assert front_page(port).status_code == 200
        secret = httpx.get(
            f"http://{HOST}:{port}/en/nowhere/alice?token=alice@luming.example", headers={"Host": HOST}
        )
        assert secret.status_code == 404
    log = (tmp_path / "log").read_text()
    assert "alice" not in log
    assert HOST not in log

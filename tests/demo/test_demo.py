"""`openmai demo` as a newcomer runs it, but for the filling, which takes minutes and is left out here."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.clusters import open_to_all
from tests.demo.needles import MAIL, NAME, SECRET, files_with, visit_people, visit_talk
from tests.factories.gate import made_gate

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "openmai.cli.operator", "demo"]
PARTS = ("postgres-people", "postgres-talk", "people", "talk", "people-worker", "talk-worker", "mailbox")


class RunningDemo:
    """A demo that somebody started in a terminal; `said` is what it printed."""

    def __init__(self, folder: Path, output: Path) -> None:
        self.output = output
        with output.open("wb") as file:
            self.process = subprocess.Popen(
                [*COMMAND, "--data-dir", folder], cwd=ROOT, stdout=file, stderr=file
            )

    @property
    def said(self) -> str:
        return self.output.read_text()

    def wait_until_said(self, text: str, *, seconds: float = 90) -> None:
        give_up = time.monotonic() + seconds
        while text not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < give_up, self.said
            time.sleep(0.1)

    def address(self, what: str) -> str:
        [line] = [line for line in self.said.splitlines() if line.strip().startswith(what)]
        return line.split("http", 1)[1].split()[0].join(["http", "en/"])

    def children(self) -> list[int]:
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in found.split()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = open_to_all(tmp_path_factory.mktemp("demo"))
    # The demo makes a gate for itself, which takes a minute; the one of the other tests is as good.
    shutil.copytree(made_gate().folder, made / "gate")
    (made / "seeded.json").write_text(
        json.dumps(
            {"season": "s1", "logins": [{"email": "alice@mail.example", "password": "p", "note": "Alice"}]}
        )
    )
    return made


@pytest.fixture(scope="module")
def demo(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    running = RunningDemo(folder, tmp_path_factory.mktemp("terminal") / "output")
    try:
        running.wait_until_said("Openmai is ready")
        yield running
    finally:
        running.process.send_signal(signal.SIGINT)
        running.process.wait(timeout=40)


def answers(url: str, *, seconds: float = 60) -> httpx.Response:
    give_up = time.monotonic() + seconds
    while True:
        try:
            answer = httpx.get(url)
        except httpx.TransportError:
            answer = None
        if answer is not None and answer.status_code == 200:
            return answer
        assert time.monotonic() < give_up, answer
        time.sleep(0.2)


def test_it_says_where_everything_is_and_that_it_is_a_demo(demo: RunningDemo):
    for what in ("Real-name side", "Job Talk", "Mailbox"):
        assert answers(demo.address(what)).status_code == 200
    assert "alice@mail.example" in demo.said
    assert "posts appear every 5 s and rosters every 20 s" in demo.said


def test_nothing_of_a_visit_is_kept_but_what_the_member_entered(demo: RunningDemo, folder: Path):
    """Both sites, their workers and clusters: every byte that they wrote."""
    visit_people(demo.address("Real-name side").removesuffix("/en/"))
    visit_talk(demo.address("Job Talk").removesuffix("/en/"))
    people = files_with(NAME, folder)
    assert people, "the search finds nothing at all"
    assert {path.relative_to(folder).parts[:2] for path in people} == {("clusters", "people")}
    assert {path.relative_to(folder).parts[:2] for path in files_with(MAIL, folder)} <= {
        ("clusters", "people")
    }
    for what, needle in SECRET.items():
        assert files_with(needle, folder) == set(), what
        assert needle not in demo.said, what


def test_a_demo_of_a_season_that_is_over_says_so(demo: RunningDemo):
    assert "filled in season s1, which is over" in demo.said


def test_the_sites_are_on_different_hosts(demo: RunningDemo):
    assert "//localhost:" in demo.address("Real-name side")
    assert "//127.0.0.1:" in demo.address("Job Talk")


def test_a_second_demo_on_the_folder_is_refused(demo: RunningDemo, folder: Path):
    second = subprocess.run(
        [*COMMAND, "--data-dir", folder], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert second.returncode == 1
    assert f"A demo is running on {folder} already" in second.stderr


def test_talk_is_told_no_secret_of_people(demo: RunningDemo, folder: Path):
    told = (folder / "talk.env").read_text()
    for secret in (
        "OPENMAI_SECRET_KEY",
        "OPENMAI_ROSTER_SIGNING_KEY",
        "OPENMAI_EVIDENCE_KEY",
        "OPENMAI_PEOPLE_DATABASE",
    ):
        assert secret not in told
    assert "RECEIPT" not in (folder / "people.env").read_text()
    for key in (folder / "keys").iterdir():
        assert key.is_dir() or key.stat().st_mode & 0o077 == 0


def test_every_part_survives_kill_9(demo: RunningDemo):
    before = demo.children()
    assert len(before) == len(PARTS)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    for part in PARTS:
        demo.wait_until_said(f"{part} was ended by SIGKILL; starting it again")
    for what in ("Real-name side", "Job Talk", "Mailbox"):
        answers(demo.address(what))
    assert not set(before) & set(demo.children())


def test_ctrl_c_stops_everything_quickly(demo: RunningDemo):
    children = demo.children()
    began = time.monotonic()
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(timeout=40) == 0
    assert time.monotonic() - began < 30
    assert not any(Path(f"/proc/{pid}").exists() for pid in children)

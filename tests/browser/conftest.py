"""The whole product, as `openmai demo` runs it."""

import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from tests.browser.journey import LUMING, Addresses, Person, Story
from tests.factories.gate import made_gate

ROOT = Path(__file__).resolve().parents[2]
# The command as it is installed.
OPENMAI = Path(sys.executable).with_name("openmai")
START_SECONDS = 300
BROWSER_NAME = "AliceBrowser/7.3 (a name to look for)"


@dataclass(frozen=True)
class RunningDemo:
    """Where the demo can be reached, the folder that holds everything it writes, and its supervisor."""

    at: Addresses
    folder: Path
    process_id: int


@pytest.fixture(scope="session")
def demo() -> Iterator[RunningDemo]:
    """A small demo in a folder of its own, from the first start to Ctrl-C."""
    folder = Path(tempfile.mkdtemp(prefix="openmai-journey-"))
    # As root the clusters run as another user, and live elsewhere if that user cannot enter the folder.
    folder.chmod(0o755)
    # The demo makes a gate for itself, which takes a minute; the one of the other tests is as good.
    shutil.copytree(made_gate().folder, folder / "demo" / "gate")
    told = folder / "terminal.log"
    with told.open("w") as terminal:
        command = [OPENMAI, "demo", "--small", "--data-dir", str(folder / "demo")]
        process = subprocess.Popen(command, cwd=ROOT, stdout=terminal, stderr=subprocess.STDOUT)
    try:
        yield RunningDemo(_addresses(process, told), folder / "demo", process.pid)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0, told.read_text()
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _addresses(process: subprocess.Popen[bytes], told: Path) -> Addresses:
    """Wait until the demo says where it is."""
    deadline = time.monotonic() + START_SECONDS
    while "Stop: Ctrl-C" not in told.read_text():
        assert process.poll() is None, told.read_text()
        assert time.monotonic() < deadline, f"the demo did not start: {told.read_text()}"
        time.sleep(0.2)
    people, talk, mailbox = re.findall(r"  (http://[\w.:]+)/", told.read_text())
    return Addresses(people=people, talk=talk, mailbox=mailbox)


@pytest.fixture(scope="session")
def story(browser: Browser, demo: RunningDemo) -> Iterator[Story]:
    """Alice and Bob register, verify and enrol; Charlie only registers; Alice opens a thread.

    Bob has no mouse.
    """
    at = demo.at
    alice = Person(
        browser,
        at,
        name="Alicia Ferreira",
        work="alicia.ferreira@luming.example",
        address="198.51.100.171",
        user_agent=BROWSER_NAME,
    )
    bob = Person(
        browser,
        at,
        name="Robert Hallgren",
        work="robert.hallgren@riverbend-hospital.example",
        address="203.0.113.142",
        keyboard=True,
    )
    charlie = Person(browser, at, name="Charlotte Unverified", address="192.0.2.183")
    for person in (alice, bob, charlie):
        person.register()
    for person in (alice, bob):
        person.verify_employment()
        person.enrol()
    for person in (alice, bob):
        person.wait_for_the_epoch()
    told = Story(alice, bob, charlie)
    told.thread = alice.open_thread(company=LUMING, title="Standing desks", body="Has anybody got one yet?")
    told.alias = alice.alias_of("Has anybody got one yet?")
    yield told
    for person in told.people:
        person.context.close()

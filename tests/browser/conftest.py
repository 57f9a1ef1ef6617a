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
from tests.browser.journey import Addresses

ROOT = Path(__file__).resolve().parents[2]
# The command as it is installed.
OPENMAI = Path(sys.executable).with_name("openmai")
START_SECONDS = 300


@dataclass(frozen=True)
class RunningDemo:
    """Where the demo can be reached, and the folder that holds everything it writes."""

    at: Addresses
    folder: Path


@pytest.fixture(scope="session")
def demo() -> Iterator[RunningDemo]:
    """A small demo in a folder of its own, from the first start to Ctrl-C."""
    folder = Path(tempfile.mkdtemp(prefix="openmai-journey-"))
    # As root the clusters run as another user, and live elsewhere if that user cannot enter the folder.
    folder.chmod(0o755)
    told = folder / "terminal.log"
    with told.open("w") as terminal:
        command = [OPENMAI, "demo", "--small", "--data-dir", str(folder / "demo")]
        process = subprocess.Popen(command, cwd=ROOT, stdout=terminal, stderr=subprocess.STDOUT)
    try:
        yield RunningDemo(_addresses(process, told), folder / "demo")
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

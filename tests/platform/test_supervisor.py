"""The supervisor: what is killed comes back, what is stopped stops, and nothing outlives it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from openmai.platform.processes import spawn
from openmai.platform.supervisor import Service, ServiceFailed, Stopped, Supervisor

SLEEP = "import time; open({ready!r}, 'a').write('x'); time.sleep(60)"


def service(folder: Path, name: str, code: str | None = None, **options: object) -> Service:
    ready, log = folder / f"{name}.ready", folder / f"{name}.log"
    argv = [sys.executable, "-c", code or SLEEP.format(ready=str(ready))]
    return Service(
        name=name, start=lambda: spawn(argv, env={}, log=log), is_ready=ready.exists, log=log, **options
    )


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, "it did not happen in time"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def supervisor(monkeypatch: pytest.MonkeyPatch):
    said: list[str] = []
    made = Supervisor(said.append)
    made.said = said
    yield made
    made.stop()


def test_a_killed_child_is_started_again(supervisor: Supervisor, tmp_path: Path):
    supervisor.add(service(tmp_path, "talk"), service(tmp_path, "people"))
    first = supervisor.process_ids()
    # The watch runs where the children were started, as in the demo; the kill comes from outside.
    threading.Timer(0.2, os.kill, (first["talk"], signal.SIGKILL)).start()
    threading.Timer(2.5, supervisor._ask_to_stop, (signal.SIGTERM, None)).start()
    supervisor.watch()
    second = supervisor.process_ids()
    assert second["talk"] != first["talk"]
    assert alive(second["talk"])
    assert second["people"] == first["people"]
    assert supervisor.said == [f"talk was ended by SIGKILL; starting it again (log: {tmp_path / 'talk.log'})"]


def test_what_a_killed_child_leaves_behind_goes_too(supervisor: Supervisor, tmp_path: Path):
    pid = tmp_path / "grandchild"
    code = (
        "import subprocess, sys, time\n"
        "left = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(pid)!r}, 'w').write(str(left.pid))\n"
        f"open({str(tmp_path / 'people.ready')!r}, 'w'); time.sleep(60)"
    )
    supervisor.add(service(tmp_path, "people", code))
    grandchild = int(pid.read_text())
    threading.Timer(0.2, os.kill, (supervisor.process_ids()["people"], signal.SIGKILL)).start()
    threading.Timer(1.0, supervisor._ask_to_stop, (signal.SIGTERM, None)).start()
    supervisor.watch()
    until(lambda: not alive(grandchild))


def test_a_service_that_ends_while_starting_is_told_with_its_log(supervisor: Supervisor, tmp_path: Path):
    with pytest.raises(ServiceFailed, match=r"(?s)talk stopped while starting.*the port is taken"):
        supervisor.add(service(tmp_path, "talk", "print('the port is taken'); raise SystemExit(3)"))


def test_a_service_that_never_answers_is_told(supervisor: Supervisor, tmp_path: Path):
    with pytest.raises(ServiceFailed, match="talk gave no answer"):
        supervisor.add(service(tmp_path, "talk", "import time; time.sleep(60)", patience=0.3))


def test_stopping_is_asked_for_first_and_forced_later(supervisor: Supervisor, tmp_path: Path):
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        f"open({str(tmp_path / 'stubborn.ready')!r}, 'w'); time.sleep(60)"
    )
    polite = (
        "import signal, time, sys\n"
        f"def bye(*_):\n open({str(tmp_path / 'bye')!r}, 'w'); sys.exit()\n"
        "signal.signal(signal.SIGTERM, bye)\n"
        f"open({str(tmp_path / 'polite.ready')!r}, 'w'); time.sleep(60)"
    )
    supervisor.add(service(tmp_path, "polite", polite), service(tmp_path, "stubborn", stubborn, grace=0.3))
    pids = supervisor.process_ids().values()
    began = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - began < 4.5
    assert (tmp_path / "bye").exists()
    assert not any(alive(pid) for pid in pids)


def test_a_signal_during_the_start_ends_it(supervisor: Supervisor, tmp_path: Path):
    supervisor._ask_to_stop(signal.SIGINT, None)
    with pytest.raises(Stopped):
        supervisor.add(service(tmp_path, "talk"))


def test_nothing_outlives_a_killed_supervisor(tmp_path: Path):
    child = os.fork()
    if child == 0:
        supervisor = Supervisor(lambda _text: None)
        supervisor.add(service(tmp_path, "talk"))
        (tmp_path / "pid").write_text(str(supervisor.process_ids()["talk"]))
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    talk = int((tmp_path / "pid").read_text())
    until(lambda: not alive(talk))


def test_the_terminals_ctrl_c_reaches_the_supervisor_only(tmp_path: Path):
    process: subprocess.Popen[bytes] = service(tmp_path, "talk").start()
    try:
        assert os.getsid(process.pid) == process.pid
    finally:
        process.kill()
        process.wait()

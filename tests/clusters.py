"""pytest plugin (`-p tests.clusters`): settings for tests, and both embedded clusters for all xdist workers.

The controlling process starts the clusters before Django reads its settings, and stops them at the end.
pytest-django then gives each worker a database of its own. A test that needs the clusters without Django
settings (the command line, the browser) asks for the fixture `clusters`.
"""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
from base64 import urlsafe_b64encode
from collections.abc import Generator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.factories.gate import FOLDER, made_gate

from openmai.platform.config import PeopleConfig, SiteConfig, TalkConfig, variables
from openmai.platform.postgres import UNSAFE_BUT_FAST, EmbeddedCluster

NAMES = ("people", "talk")
VARIABLES = {"people": "OPENMAI_PEOPLE_DATABASE_URL", "talk": "OPENMAI_TALK_DATABASE_URL"}


class Clusters:
    """Two running clusters in a temporary folder."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="openmai-test-"))
        self.folder.chmod(0o711)
        self.clusters = {name: self._cluster(name) for name in NAMES}
        threads = [threading.Thread(target=cluster.prepare) for cluster in self.clusters.values()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        for name, cluster in self.clusters.items():
            self.processes[name] = cluster.start()
        for name, cluster in self.clusters.items():
            cluster.wait(self.processes[name])

    def _cluster(self, name: str) -> EmbeddedCluster:
        return EmbeddedCluster(
            name=name,
            home=self.folder / name,
            log=self.folder / f"{name}.log",
            settings=UNSAFE_BUT_FAST,
            may_create_databases=True,
        )

    @property
    def environment(self) -> dict[str, str]:
        return {VARIABLES[name]: cluster.url for name, cluster in self.clusters.items()}

    def stop(self) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGINT)
        for name, process in self.processes.items():
            process.wait(timeout=30)
            self.clusters[name].close()
        shutil.rmtree(self.folder, ignore_errors=True)


def site_environment() -> dict[str, str]:
    """A valid setting for every variable but the databases; keys are fresh."""
    roster_key = Ed25519PrivateKey.generate()
    return {
        "OPENMAI_SITE_ID": "test.openmai.example",
        "OPENMAI_PEOPLE_ORIGIN": "http://localhost:8000",
        "OPENMAI_TALK_ORIGIN": "http://127.0.0.1:8001",
        "OPENMAI_SECRET_KEY": secrets.token_urlsafe(48),
        "OPENMAI_ROSTER_SIGNING_KEY": roster_key.private_bytes_raw().hex(),
        "OPENMAI_ROSTER_PUBLIC_KEY": roster_key.public_key().public_bytes_raw().hex(),
        "OPENMAI_ROSTER_SOURCE": "http://localhost:8000",
        "OPENMAI_RECEIPT_SIGNING_KEY": secrets.token_hex(32),
        "OPENMAI_LOG_SIGNING_KEY": secrets.token_hex(32),
        "OPENMAI_LOG_DIR": tempfile.mkdtemp(prefix="log-", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT")),
        "OPENMAI_EVIDENCE_KEY": urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "OPENMAI_SMTP_URL": "smtp://127.0.0.1:2525",
        "OPENMAI_MAIL_FROM": "no-reply@test.openmai.example",
        "OPENMAI_GATE_DIR": str(FOLDER),
        "OPENMAI_INBOUND_LISTEN": "127.0.0.1:2526",
        "OPENMAI_INBOUND_ADDRESS": "verify@test.openmai.example",
    }


def open_to_all(folder: Path) -> Path:
    """Let the user that postgres runs as enter `folder`; pytest's are private, up to the outermost."""
    for step in (folder, *folder.parents):
        if step != Path("/") and step.stat().st_uid == os.geteuid():
            step.chmod(step.stat().st_mode | 0o011)
    return folder


_started: list[Clusters] = []
_folders: list[Path] = []


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """Before pytest-django reads the settings. Workers inherit the environment of the controlling process."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        _keep_folders_apart()
        for name, value in site_environment().items():
            os.environ.setdefault(name, value)
        options = early_config.known_args_namespace
        wanted = options.ds or "DJANGO_SETTINGS_MODULE" in os.environ
        given = all(name in os.environ for name in VARIABLES.values())
        if wanted and not given and not (options.version or options.help):
            _start()
    try:
        return (yield)
    except BaseException:
        pytest_unconfigure()
        raise


def _start() -> Clusters:
    _started.append(Clusters())
    os.environ.update(_started[-1].environment)
    return _started[-1]


def _keep_folders_apart() -> None:
    """pytest shuts the folder that all its runs share when it starts; PostgreSQL of a run that goes on, which
    is another user's, could not enter any more.
    """
    above = os.environ.get("PYTEST_DEBUG_TEMPROOT")
    _folders.append(Path(tempfile.mkdtemp(prefix="openmai-pytest-", dir=above)))
    os.environ["PYTEST_DEBUG_TEMPROOT"] = str(_folders[-1])


def pytest_sessionfinish(exitstatus: int) -> None:
    """What failed is looked for in the folder of the run, so that one is kept."""
    if exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        while _folders:
            print(f"\nThe folder of this run: {_folders.pop()}")


def pytest_unconfigure() -> None:
    try:
        while _started:
            _started.pop().stop()
    finally:
        while _folders:
            shutil.rmtree(_folders.pop(), ignore_errors=True)


@pytest.fixture(scope="session")
def clusters() -> dict[str, str]:
    """The two database URLs, by variable name; starts the clusters if nobody has."""
    if not all(name in os.environ for name in VARIABLES.values()):
        _start()
    return {name: os.environ[name] for name in VARIABLES.values()}


@pytest.fixture(scope="session")
def site_processes(clusters: dict[str, str]) -> dict[str, str]:
    """What a process of either site needs in its environment, and nothing of the test runner's own."""
    made_gate()
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    settings = {name: os.environ[name] for name in os.environ if name.startswith("OPENMAI_")}
    return inherited | settings | clusters


@pytest.fixture(scope="session")
def people_environment(site_processes: dict[str, str]) -> dict[str, str]:
    """Environment of a process of the people site: nothing that only talk knows."""
    return _only(site_processes, PeopleConfig)


@pytest.fixture(scope="session")
def talk_environment(
    site_processes: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Environment of a process of the talk site: nothing that only people knows.

    Each worker of the tests has a log of its own: two sites writing one folder would be two histories.
    """
    log = {"OPENMAI_LOG_DIR": str(tmp_path_factory.mktemp("log"))}
    return _only(site_processes, TalkConfig) | log


def _only(environment: dict[str, str], model: type[SiteConfig]) -> dict[str, str]:
    read = {variable.name for variable in variables(model)}
    return {
        name: value for name, value in environment.items() if name in read or not name.startswith("OPENMAI_")
    }

"""Both sites with their workers and clusters, in one folder, as an operator would run them."""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final, Literal

import psycopg
from tests.adversary.clock import SharedClock
from tests.adversary.process import CLOCK, LEAKS
from tests.adversary.world import DAY, SITE, World
from tests.factories.cast import ROOT
from tests.factories.gate import made_gate
from tests.factories.ports import free_port

from openmai.demo.environment import (
    DemoFolder,
    base_environment,
    people_settings,
    site_settings,
    talk_settings,
)
from openmai.demo.ports import Ports
from openmai.platform.postgres import EmbeddedCluster, installed_binaries
from openmai.platform.processes import spawn

SiteName = Literal["people", "talk"]
NAMES: Final[tuple[SiteName, SiteName]] = ("people", "talk")
# As a site has them, but for the waiting on the disk; and no write-ahead log is thrown away.
_CLUSTER: Final = {"fsync": "off", "wal_keep_size": "8GB"}
Pace = dict[str, str]


def pace_of(world: World) -> Pace:
    """Real settings on the simulated clock."""
    return {
        "OPENMAI_SITE_ID": SITE,
        "OPENMAI_DEMO": "0",
        "OPENMAI_TIME_ZONE": "UTC",
        "OPENMAI_TICK_SECONDS": str(int(world.tick)),
        "OPENMAI_EPOCH_SECONDS": str(int(DAY)),
        "OPENMAI_EPOCH_MIN_JOINERS": "5",
        "OPENMAI_EPOCH_MAX_WAIT_SECONDS": str(int(7 * DAY)),
        "OPENMAI_FLOOR": str(world.size.floor),
    }


class Site:
    """Two clusters and four processes. What an adversary would seize lies under `folder`."""

    def __init__(
        self, folder: Path, outside: Path, world: World, *, leaks: frozenset[str], pace: Pace
    ) -> None:
        folder.mkdir(parents=True)
        folder.chmod(0o711)
        self.folder = DemoFolder(folder)
        self.ports = Ports(**{name: free_port() for name in Ports.__dataclass_fields__})
        self.clock = SharedClock(outside / "clock")
        self._outside, self._leaks, self.pace = outside, leaks, pace_of(world) | pace
        self.clusters = {name: self._cluster(name) for name in NAMES}
        self._environment: dict[SiteName, dict[str, str]] = {}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def _cluster(self, name: SiteName) -> EmbeddedCluster:
        folder = self.folder
        return EmbeddedCluster(
            name=name, home=folder.clusters / name, log=folder.log(f"postgres-{name}"), settings=_CLUSTER
        )

    def start(self) -> None:
        """Everything, up to the first answers; from the main thread."""
        self.folder.prepare()
        for name, cluster in self.clusters.items():
            cluster.prepare()
            self._processes[f"postgres-{name}"] = cluster.start()
        for name, cluster in self.clusters.items():
            cluster.wait(self._processes[f"postgres-{name}"])
        self._build_environment()
        for step in [self._run(name, "migrate", "--site", name) for name in NAMES]:
            if step.wait() != 0:
                raise AssertionError(f"a database could not be migrated; see {self.folder.logs}")
        for name, port in (("people", self.ports.people), ("talk", self.ports.talk)):
            self._serve(name, "serve", name, "--listen", f"127.0.0.1:{port}")
        for name, port in (("people", self.ports.people), ("talk", self.ports.talk)):
            _wait_for(port, "localhost" if name == "people" else "127.0.0.1")
        for name in NAMES:
            self._serve(f"{name}-worker", "serve", "worker", "--site", name)

    def _build_environment(self) -> None:
        shared = base_environment() | site_settings(self.ports, ROOT / "build" / "static") | self.pace
        shared |= {CLOCK: str(self._outside / "clock"), LEAKS: ",".join(sorted(self._leaks))}
        shared |= {"ADVERSARY_ROOT": str(self.folder.root), "PYTHONPATH": str(ROOT)}
        urls = {name: cluster.url for name, cluster in self.clusters.items()}
        people = people_settings(self.folder, self.ports, urls["people"])
        talk = talk_settings(self.folder, self.ports, urls["talk"])
        # One set-up for all runs, so that the second finds the proofs of the first.
        talk["OPENMAI_GATE_DIR"] = str(made_gate().folder)
        self._environment = {"people": shared | people, "talk": shared | talk}

    def _run(self, site: SiteName, *arguments: str, name: str = "") -> subprocess.Popen[bytes]:
        argv = [sys.executable, "-m", "tests.adversary.process", *arguments]
        log = self.folder.log(name or f"{arguments[0]}-{site}")
        return spawn(argv, env=self._environment[site], log=log, cwd=ROOT)

    def _serve(self, name: str, *arguments: str) -> None:
        site: SiteName = "talk" if name.startswith("talk") else "people"
        self._processes[name] = self._run(site, *arguments, name=name)

    def register_companies(self, world: World) -> None:
        """What an operator does first: the companies and their mail domains."""
        slugs = list(world.companies)
        code = (
            "import django; django.setup()\n"
            "from openmai.companies.actions import register_company\n"
            "from datetime import date\n"
            f"for slug in {slugs!r}:\n"
            "    register_company(slug=slug, name_en=slug.title(), name_zh='公司' + slug[8:],\n"
            "        trade='tech', domains=[slug + '.example'], on=date(2026, 1, 1))\n"
        )
        environment = self._environment["people"] | {
            "DJANGO_SETTINGS_MODULE": "openmai.sites.people.settings"
        }
        subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, check=True)

    def ban(self, action: str) -> None:
        """What Olga does about a post: its persona is out with the next tick, whoever that is."""
        command = ("ban", "add", action, "--reason", "spam", "--until", "14d")
        if self._run("talk", *command, name="ban").wait() != 0:
            raise AssertionError(f"nobody was banned; see {self.folder.log('ban')}")

    def sql(self, site: SiteName) -> psycopg.Connection[Any]:
        """As the superuser, who can be made to do anything."""
        url = self.clusters[site].admin_url.replace("/postgres?", f"/{site}?")
        return psycopg.connect(url, autocommit=True)

    def end_log_segment(self, site: SiteName) -> None:
        """What PostgreSQL does by `archive_timeout`, an hour after the last one by its own clock."""
        with self.sql(site) as connection:
            connection.execute("SELECT pg_switch_wal()")

    def base_backup(self, site: SiteName, to: Path) -> None:
        """A base backup as `pg_basebackup` makes one, with the log that it needs."""
        home = self.clusters[site].home
        to.parent.mkdir(parents=True, exist_ok=True)
        environment = {"PGPASSWORD": (home / "admin.password").read_text(), "PATH": "/usr/bin:/bin"}
        command = [installed_binaries() / "pg_basebackup", "-D", to, "-X", "fetch", "-c", "fast"]
        where = ["-h", self._socket(site), "-U", "postgres"]
        subprocess.run([*map(str, command), *where], env=environment, check=True, capture_output=True)

    def _socket(self, site: SiteName) -> str:
        from urllib.parse import parse_qs, urlsplit

        return parse_qs(urlsplit(self.clusters[site].admin_url).query)["host"][0]

    def check(self) -> None:
        """Raise if a process has ended by itself."""
        for name, process in self._processes.items():
            if process.poll() is not None:
                raise AssertionError(f"{name} ended: {self.folder.log(name).read_text()[-4000:]}")

    def stop(self) -> None:
        """The processes first, then the clusters, each as in a shut-down."""
        databases = [each for each in self._processes if each.startswith("postgres")]
        others = [each for each in self._processes if each not in databases]
        for names, number in ((others, signal.SIGTERM), (databases, signal.SIGINT)):
            for name in names:
                self._processes[name].send_signal(number)
            for name in names:
                _end(self._processes.pop(name))
        for cluster in self.clusters.values():
            cluster.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_for(port: int, host: str) -> None:
    def answers() -> bool:
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/healthz", headers={"Host": f"{host}:{port}"})
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    wait_until(answers, seconds=60, what=f"an answer on port {port}")


def wait_until(
    ready: Callable[[], bool], *, seconds: float, what: str, else_say: Callable[[], str] = str
) -> None:
    """In real seconds; if it did not come, the error ends with the words of `else_say`."""
    give_up = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > give_up:
            raise AssertionError(f"waited {seconds:g} s for {what}. {else_say()}")
        time.sleep(0.01)


def fresh_folder(where: Path) -> Path:
    """A folder of its own under `where`, which PostgreSQL's user can pass through."""
    folder = where / f"run-{secrets.token_hex(4)}"
    folder.mkdir(parents=True)
    folder.chmod(0o711)
    return folder

"""`openmai demo`: everything on this machine, under one supervisor, until Ctrl-C."""

import fcntl
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from signal import SIGINT
from typing import Any, Final, TextIO

import httpx

from openmai.anonymity.seasons import season_at
from openmai.demo.environment import (
    INBOUND_ADDRESS,
    PACE,
    DemoFolder,
    Site,
    base_environment,
    people_settings,
    site_settings,
    talk_settings,
    write_env_file,
)
from openmai.demo.ports import HOST, Ports, Reservation
from openmai.demo.seeding import run_part
from openmai.platform.postgres import EmbeddedCluster, write_secret
from openmai.platform.processes import spawn
from openmai.platform.supervisor import Service, Stopped, Supervisor, end_of_log
from openmai.talk.gate_files import VERIFICATION_KEY

SITES: Final[tuple[Site, Site]] = ("people", "talk")
Say = Callable[[str], None]
USUAL_FOLDER: Final = Path("data/demo")
# Two companies just above the floor, and nothing said yet: ready in seconds instead of minutes.
SMALL_COMMUNITY: Final = {"luming": 22, "riverbend": 22}


class DemoError(Exception):
    """The demo cannot start; the text says why and what to do."""


class Demo:
    """One demo on one folder."""

    def __init__(self, *, root: Path, static_dir: Path, say: Say) -> None:
        self._folder = DemoFolder(root.resolve())
        self._static_dir = static_dir.resolve()
        self._say = say
        self._supervisor = Supervisor(say)
        self._clusters: dict[Site, EmbeddedCluster] = {}
        self._environment: dict[Site, dict[str, str]] = {}

    def run(self, *, fresh: bool = False, small: bool = False) -> None:
        """Start, print where everything is, and return after Ctrl-C when all has stopped."""
        if not (self._static_dir / "manifest.json").exists():
            raise DemoError(f"There is no front end in {self._static_dir}: run `make build` first.")
        began = time.monotonic()
        self._folder.root.mkdir(parents=True, exist_ok=True)
        with self._lock():
            self._supervisor.handle_signals()
            reservation = Reservation(self._say)
            try:
                self._start(reservation.ports, fresh=fresh, small=small)
                self._tell(reservation.ports, time.monotonic() - began)
                self._supervisor.watch()
            except Stopped:
                pass
            finally:
                self._say("Stopping…")
                self._supervisor.stop()
                for cluster in self._clusters.values():
                    cluster.close()
                reservation.release()

    def _lock(self) -> TextIO:
        """Held while we live, so that two demos never share a folder."""
        file = (self._folder.root / "lock").open("a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise DemoError(
                f"A demo is running on {self._folder.root} already. Stop it, or give this one a folder "
                "of its own: openmai demo --data-dir OTHER"
            ) from None
        return file

    def _start(self, ports: Ports, *, fresh: bool, small: bool) -> None:
        seeded = self._folder.root / "seeded.json"
        begun = self._folder.root / "seeding"
        if begun.exists():
            self._say("The last start was interrupted while filling the demo; beginning anew.")
        if fresh or begun.exists():
            self._forget(seeded, begun)
        self._folder.prepare()
        self._start_clusters()
        self._build_environment(ports)
        self._migrate()
        self._make_gate()
        services = self._services(ports)
        if not seeded.exists():
            begun.touch()
            span = "a minute" if small else "five minutes, longer on a busy machine"
            self._say(f"Filling the demo with an invented community, once; this takes about {span}…")
            share = {"companies": SMALL_COMMUNITY} if small else {}
            answer = self._seed("people", {"dkim_keys": str(self._folder.dkim)} | share)
            logins = answer.pop("logins")
        # The talk part fetches its rosters from the people site over HTTP, as the talk worker does.
        self._supervisor.add(services.pop("people"))
        if not seeded.exists():
            self._seed("talk", answer | ({"threads": []} if small else {}))
            write_secret(
                seeded, json.dumps({"season": _season(), "logins": logins}, ensure_ascii=False, indent=1)
            )
            begun.unlink()
        self._supervisor.add(*services.values())

    def _forget(self, seeded: Path, begun: Path) -> None:
        for name in SITES:
            home = self._cluster(name).home
            shutil.rmtree(home, ignore_errors=True)
        # It is the log of the database that was just thrown away.
        shutil.rmtree(self._folder.root / "log", ignore_errors=True)
        seeded.unlink(missing_ok=True)
        begun.unlink(missing_ok=True)

    def _cluster(self, site: Site) -> EmbeddedCluster:
        name = f"postgres-{site}"
        return EmbeddedCluster(
            name=site, home=self._folder.clusters / site, log=self._folder.log(name), say=self._say
        )

    def _start_clusters(self) -> None:
        self._say("Starting two PostgreSQL clusters…")
        self._clusters = {site: self._cluster(site) for site in SITES}
        failures: list[Exception] = []
        threads = [
            threading.Thread(target=_collect, args=(cluster.prepare, failures))
            for cluster in self._clusters.values()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        self._supervisor.add(
            *(
                Service(
                    name=f"postgres-{site}",
                    start=cluster.start,
                    is_ready=cluster.is_ready,
                    log=cluster.log,
                    stop_signal=SIGINT,
                    grace=15,
                )
                for site, cluster in self._clusters.items()
            )
        )
        for cluster in self._clusters.values():
            cluster.create_role_and_database()

    def _build_environment(self, ports: Ports) -> None:
        shared = base_environment() | site_settings(ports, self._static_dir)
        urls = {site: cluster.url for site, cluster in self._clusters.items()}
        self._environment = {
            "people": shared | people_settings(self._folder, ports, urls["people"]),
            "talk": shared | talk_settings(self._folder, ports, urls["talk"]),
        }
        for site, environment in self._environment.items():
            write_env_file(self._folder.root / f"{site}.env", environment)

    def _migrate(self) -> None:
        """Both sites at once; they share nothing."""
        self._say("Migrating…")
        running = {
            site: self._spawn(f"migrate-{site}", "migrate", "--site", site, site=site) for site in SITES
        }
        for site, process in running.items():
            self._wait(process)
            if process.returncode != 0:
                log = self._folder.log(f"migrate-{site}")
                raise DemoError(f"The {site} database could not be migrated. {end_of_log(log)}")

    def _make_gate(self) -> None:
        """The demo's own set-up, once for each folder."""
        if (self._folder.gate / VERIFICATION_KEY).exists():
            return
        self._say("Making the keys of the gate, once; this takes about a minute…")
        process = self._spawn("gate-setup", "gate", "setup", *self._built(), site="talk")
        self._wait(process)
        if process.returncode != 0:
            raise DemoError(f"The gate could not be set up. {end_of_log(self._folder.log('gate-setup'))}")

    def _built(self) -> list[str]:
        """Where the build has put the circuit, and npm snarkjs."""
        build = self._static_dir.parent
        snarkjs = build.parent / "node_modules" / "snarkjs" / "build" / "cli.cjs"
        return ["--circuit", str(build / "gate" / "gate.r1cs"), "--snarkjs", str(snarkjs)]

    def _seed(self, site: Site, inbox: dict[str, Any]) -> dict[str, Any]:
        log = self._folder.log(f"seed-{site}")
        return run_part(
            site, inbox, environment=self._environment[site], log=log, wait=self._wait, say=self._say
        )

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        while process.poll() is None:
            self._supervisor.check()
            time.sleep(0.05)

    def _services(self, ports: Ports) -> dict[str, Service]:
        people, talk = f"{HOST}:{ports.people}", f"{HOST}:{ports.talk}"
        return {
            "people": self._service("people", "serve", "people", "--listen", people, port=ports.people),
            "talk": self._service("talk", "serve", "talk", "--listen", talk, port=ports.talk),
            "people-worker": self._service("people-worker", "serve", "worker", "--site", "people"),
            "talk-worker": self._service("talk-worker", "serve", "worker", "--site", "talk"),
            "mailbox": self._mailbox_service(ports),
        }

    def _service(self, name: str, *arguments: str, port: int | None = None) -> Service:
        site: Site = "talk" if name.startswith("talk") else "people"
        host = "localhost" if site == "people" else HOST
        return Service(
            name=name,
            start=lambda: self._spawn(name, *arguments, site=site),
            is_ready=(lambda: True) if port is None else (lambda: _answers(port, host)),
            log=self._folder.log(name),
        )

    def _mailbox_service(self, ports: Ports) -> Service:
        options: tuple[object, ...] = (
            *("--http-port", ports.mailbox, "--smtp-port", ports.smtp, "--inbound-port", ports.inbound),
            *(
                "--dns-port",
                ports.dns,
                "--inbound-address",
                INBOUND_ADDRESS,
                "--dkim-keys",
                self._folder.dkim,
            ),
        )
        argv = [sys.executable, "-m", "openmai.demo.mailbox", *map(str, options)]
        environment = base_environment() | site_settings(ports, self._static_dir)
        log = self._folder.log("mailbox")
        return Service(
            name="mailbox",
            start=lambda: spawn(argv, env=environment, log=log),
            is_ready=lambda: _answers(ports.mailbox, "localhost"),
            log=log,
        )

    def _spawn(self, name: str, *arguments: str, site: Site) -> subprocess.Popen[bytes]:
        argv = [sys.executable, "-m", "openmai.cli.operator", *arguments]
        return spawn(argv, env=self._environment[site], log=self._folder.log(name))

    def _elsewhere(self) -> str:
        """What `openmai doctor --demo` has to be told, unless the folder is the usual one."""
        root = self._folder.root
        return "" if root == USUAL_FOLDER.resolve() else f" --demo-dir {root}"

    def _tell(self, ports: Ports, seconds: float) -> None:
        seeded = json.loads((self._folder.root / "seeded.json").read_text())
        logins = seeded["logins"]
        lines = [
            "",
            f"  Openmai is ready after {seconds:.0f} s.",
            "",
            f"  Real-name side   http://localhost:{ports.people}/",
            f"  Job Talk         http://{HOST}:{ports.talk}/",
            f"  Mailbox          http://localhost:{ports.mailbox}/   (every mail that the demo sends)",
            "",
            *(f"  Log in as        {login['email']:<22}{login['note']}" for login in logins),
            f"  Password         {' or '.join(sorted({login['password'] for login in logins}))}",
            "",
            f"  This is a demo: posts appear every {PACE['OPENMAI_TICK_SECONDS']} s and rosters every "
            f"{PACE['OPENMAI_EPOCH_SECONDS']} s, one new member is enough for an epoch,",
            f"  and {PACE['OPENMAI_FLOOR']} members make a crowd. Real sites wait for hours, and must.",
            *_warning(seeded.get("season")),
            f"  Logs: {self._folder.logs}   Check: .venv/bin/openmai doctor --demo{self._elsewhere()}   "
            "Stop: Ctrl-C",
            "",
        ]
        self._say("\n".join(lines))


def _season() -> str:
    """The season of keys that is on."""
    return season_at(int(time.time())).id


def _warning(filled: str | None) -> list[str]:
    # The first release did not note the season.
    if filled in (None, _season()):
        return []
    return [
        f"  It was filled in season {filled}, which is over: all of it can be read, but nobody in it has",
        "  a key to speak with. `openmai demo --fresh` begins anew.",
    ]


def _collect(step: Callable[[], None], failures: list[Exception]) -> None:
    try:
        step()
    except Exception as error:  # handed to the main thread, which raises it
        failures.append(error)


def _answers(port: int, host: str) -> bool:
    """Whether an HTTP server gives any answer but a failure to the front page."""
    try:
        with socket.create_connection((HOST, port), timeout=0.2):
            pass
        answer = httpx.get(
            f"http://{HOST}:{port}/en/", headers={"Host": f"{host}:{port}"}, timeout=5, trust_env=False
        )
    except (OSError, httpx.HTTPError):
        return False
    return answer.status_code < 500

"""The demo's folder: keys made on the first start, and the environment of each of its processes.

keys/          secrets, mode 0600, handed to the processes as …_FILE
keys/dkim/     the companies' DKIM keys
gate/          the gate's keys, made by the demo for itself
clusters/      both PostgreSQL clusters
logs/          one file per process
people.env     the environment of the people processes, for `openmai --env-file`; talk.env likewise
"""

import os
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from zoneinfo import available_timezones

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from openmai.demo.companies import COMPANIES
from openmai.demo.dkim_keys import make_dkim_keys
from openmai.demo.ports import HOST, Ports
from openmai.platform.postgres import write_secret

Site = Literal["people", "talk"]
SITE_ID: Final = "demo.openmai.example"
INBOUND_ADDRESS: Final = "verify@openmai.example"

# Short enough to see everything within a minute; real sites wait for hours, and that is the protection.
PACE: Final = {
    "OPENMAI_TICK_SECONDS": "5",
    "OPENMAI_EPOCH_SECONDS": "20",
    "OPENMAI_EPOCH_MIN_JOINERS": "1",
    "OPENMAI_EPOCH_MAX_WAIT_SECONDS": "20",
    "OPENMAI_FLOOR": "20",
}
_INHERITED: Final = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")


@dataclass(frozen=True)
class DemoFolder:
    """Where the demo keeps what it has."""

    root: Path

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def dkim(self) -> Path:
        return self.keys / "dkim"

    @property
    def clusters(self) -> Path:
        return self.root / "clusters"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def gate(self) -> Path:
        return self.root / "gate"

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def prepare(self) -> None:
        """Make the folders and keys that are not there. PostgreSQL's user can pass through the root."""
        for folder, mode in ((self.root, 0o711), (self.keys, 0o700), (self.logs, 0o700)):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(mode)
        for name, make in _KEYS.items():
            if not (self.keys / name).exists():
                write_secret(self.keys / name, make())
        make_dkim_keys(self.dkim, [company.domain for company in COMPANIES])


_KEYS: Final[dict[str, Callable[[], str]]] = {
    "secret_key": lambda: secrets.token_urlsafe(48),
    "roster_signing_key": lambda: secrets.token_hex(32),
    "receipt_signing_key": lambda: secrets.token_hex(32),
    "log_signing_key": lambda: secrets.token_hex(32),
    "evidence_key": lambda: urlsafe_b64encode(secrets.token_bytes(32)).decode(),
}


def base_environment() -> dict[str, str]:
    """What a process inherits from the terminal: where programs are, and none of its settings."""
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return inherited | {"PYTHONUNBUFFERED": "1"}


def site_settings(ports: Ports, static_dir: Path) -> dict[str, str]:
    """What both sites are told."""
    return PACE | {
        "OPENMAI_SITE_ID": SITE_ID,
        "OPENMAI_DEMO": "1",
        "OPENMAI_TIME_ZONE": system_zone(),
        "OPENMAI_STATIC_DIR": str(static_dir),
        # Different hosts, because browsers give a host's cookies to all its ports.
        "OPENMAI_PEOPLE_ORIGIN": f"http://localhost:{ports.people}",
        "OPENMAI_TALK_ORIGIN": f"http://{HOST}:{ports.talk}",
    }


def system_zone() -> str:
    """The zone of this machine, where the demo's reader sits too; UTC if the machine names none."""
    name = str(Path("/etc/localtime").resolve()).rpartition("/zoneinfo/")[2]
    return name if name in available_timezones() else "UTC"


def people_settings(folder: DemoFolder, ports: Ports, database_url: str) -> dict[str, str]:
    """What only the people site is told."""
    return {
        "OPENMAI_PEOPLE_DATABASE_URL_FILE": _handed(folder, "people.url", database_url),
        "OPENMAI_SECRET_KEY_FILE": str(folder.keys / "secret_key"),
        "OPENMAI_ROSTER_SIGNING_KEY_FILE": str(folder.keys / "roster_signing_key"),
        "OPENMAI_EVIDENCE_KEY_FILE": str(folder.keys / "evidence_key"),
        "OPENMAI_SMTP_URL": f"smtp://{HOST}:{ports.smtp}",
        "OPENMAI_MAIL_FROM": "no-reply@openmai.example",
        "OPENMAI_INBOUND_LISTEN": f"{HOST}:{ports.inbound}",
        "OPENMAI_INBOUND_ADDRESS": INBOUND_ADDRESS,
        "OPENMAI_DNS_SERVERS": f"{HOST}:{ports.dns}",
    }


def talk_settings(folder: DemoFolder, ports: Ports, database_url: str) -> dict[str, str]:
    """What only the talk site is told: of the roster key the public half."""
    seed = bytes.fromhex((folder.keys / "roster_signing_key").read_text())
    return {
        "OPENMAI_TALK_DATABASE_URL_FILE": _handed(folder, "talk.url", database_url),
        "OPENMAI_ROSTER_PUBLIC_KEY": Ed25519PrivateKey.from_private_bytes(seed)
        .public_key()
        .public_bytes_raw()
        .hex(),
        "OPENMAI_ROSTER_SOURCE": f"http://localhost:{ports.people}",
        "OPENMAI_RECEIPT_SIGNING_KEY_FILE": str(folder.keys / "receipt_signing_key"),
        "OPENMAI_LOG_SIGNING_KEY_FILE": str(folder.keys / "log_signing_key"),
        "OPENMAI_LOG_DIR": str(folder.root / "log"),
        "OPENMAI_GATE_DIR": str(folder.gate),
    }


def write_env_file(path: Path, environment: Mapping[str, str]) -> None:
    """NAME=value lines, for `openmai --env-file` and for reading."""
    lines = [f"{name}={value}" for name, value in environment.items() if name.startswith("OPENMAI_")]
    write_secret(path, "\n".join(lines) + "\n")


def _handed(folder: DemoFolder, name: str, secret: str) -> str:
    write_secret(folder.keys / name, secret)
    return str(folder.keys / name)

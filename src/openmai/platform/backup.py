"""Backups of one database: its live rows only, encrypted to a key that is elsewhere, kept for thirty days.

`pg_dump` and not a copy of the cluster: a copy holds deleted rows, the order of writing and the write-ahead
log with each commit's microsecond. Encryption is age's (X25519, ChaCha20-Poly1305) to a public key: whoever
seizes the machine cannot open what lies there. A file is named by its day; no time of it is finer.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import IO, Final

import psycopg
import pyrage
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from openmai.platform.postgres import installed_binaries

KEEP: Final = timedelta(days=30)
_NAME: Final = re.compile(r"(people|talk)-(\d{4}-\d\d-\d\d)\.pgdump\.age")
_TABLES: Final = "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"


class BackupError(Exception):
    """A backup was not made or not restored; the text says why and quotes no data."""


def backup(
    *, url: str, site: str, folder: Path, recipient: str, leave_out: Sequence[str], today: date
) -> Path:
    """Write today's backup, replacing an earlier one of today, and return its path.

    The rows of the tables in `leave_out` are left out: they live for hours, a backup for thirty days.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{site}-{today.isoformat()}.pgdump.age"
    half = path.with_suffix(".half")
    half.unlink(missing_ok=True)
    options = ["--format=custom", "--no-owner", "--no-acl"]
    options += [f"--exclude-table-data=public.{table}" for table in leave_out]
    with _private(half) as file, _tool("pg_dump", url, options) as dump:
        pyrage.encrypt_io(dump.stdout, file, [pyrage.x25519.Recipient.from_str(recipient)])
        _must_succeed(dump, "pg_dump")
        file.flush()
        os.fsync(file.fileno())
    midnight = datetime(today.year, today.month, today.day, tzinfo=UTC).timestamp()
    os.utime(half, (midnight, midnight))
    half.rename(path)
    return path


def restore(*, url: str, path: Path, identity: str) -> None:
    """Fill an empty database from a backup, wholly or not at all; `identity` is age's secret key."""
    with psycopg.connect(url) as connection:
        [tables] = connection.execute(_TABLES).fetchone() or (1,)
        if tables:
            raise BackupError("the database is not empty; restore into a new one")
    options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-acl"]
    with path.open("rb") as file, _tool("pg_restore", url, options) as load:
        try:
            pyrage.decrypt_io(file, load.stdin, [pyrage.x25519.Identity.from_str(identity)])
            load.communicate()
        except (pyrage.DecryptError, pyrage.IdentityError, OSError) as error:
            # Killed before the end of its input, it commits nothing.
            load.kill()
            raise BackupError(f"{path.name} could not be opened with this key, or is damaged") from error
        _must_succeed(load, "pg_restore")


def kept(folder: Path, site: str) -> dict[date, Path]:
    """The backups of a site, by day."""
    found = {}
    for path in folder.iterdir() if folder.is_dir() else ():
        match = _NAME.fullmatch(path.name)
        if match and match[1] == site:
            found[date.fromisoformat(match[2])] = path
    return dict(sorted(found.items()))


def delete_old(folder: Path, site: str, *, today: date) -> list[Path]:
    """Delete what is thirty days old, and what an interrupted backup left; return it."""
    old = [path for day, path in kept(folder, site).items() if today - day >= KEEP]
    old += [path for path in folder.glob(f"{site}-*.half")] if folder.is_dir() else []
    for path in old:
        path.unlink()
    return old


def _private(path: Path) -> IO[bytes]:
    """A new file that only its owner can read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


@contextmanager
def _tool(name: str, url: str, options: Sequence[str]) -> Iterator["subprocess.Popen[bytes]"]:
    """Run one of PostgreSQL's programs on a database; the password is not on its command line."""
    known = conninfo_to_dict(url)
    password = known.pop("password", None)
    database = make_conninfo("", **known)
    program = _newest(name, url)
    process = subprocess.Popen(  # noqa: S603 - a program of PostgreSQL, our own options
        [program, *options, "--no-password", f"--dbname={database}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # It may quote rows.
        stderr=subprocess.DEVNULL,
        env=_environment(password),
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _environment(password: object) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return inherited | {"LC_ALL": "C", "TZ": "UTC"} | ({"PGPASSWORD": str(password)} if password else {})


def _newest(name: str, url: str) -> Path:
    """The installed program if it is as new as the server (it may know TLS), otherwise the wheel's."""
    with psycopg.connect(url, connect_timeout=10) as connection:
        server = connection.info.server_version // 10_000
    installed = shutil.which(name)
    if installed is not None and _version(Path(installed)) >= server:
        return Path(installed)
    own = installed_binaries() / name
    if _version(own) < server:
        raise BackupError(f"{name} is older than the server, PostgreSQL {server}; install a newer one")
    return own


def _version(program: Path) -> int:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    found = re.search(r"(\d+)\.?\d*", done.stdout)
    return int(found[1]) if found else 0


def _must_succeed(process: "subprocess.Popen[bytes]", name: str) -> None:
    if process.wait() != 0:
        raise BackupError(f"{name} ended with code {process.returncode}")

"""The write-ahead log: commits with their times by `pg_waldump`, mentions of posts in its bytes."""

import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.adversary.loot import Loot
from tests.adversary.pages import mentions_in

from openmai.platform.postgres import installed_binaries

SEGMENT: Final = 16 * 1024 * 1024
_COMMIT: Final = re.compile(r"lsn: ([0-9A-F]+)/([0-9A-F]+),.*desc: COMMIT (\S+ \S+) UTC")
_NAME: Final = re.compile(r"[0-9A-F]{24}")


def segments(loot: Loot, site: str) -> list[Path]:
    folder = loot.data[site] / "pg_wal"
    return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))


def commits(loot: Loot, site: str) -> list[tuple[int, float]]:
    """Position and time (of the machine) of every commit, in order."""
    found = []
    for line in _dump(loot, site):
        if (match := _COMMIT.search(line)) is not None:
            high, low, text = match.groups()
            moment = datetime.strptime(text, "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC)
            found.append((int(high, 16) << 32 | int(low, 16), moment.timestamp()))
    return sorted(found)


def _dump(loot: Loot, site: str) -> Iterator[str]:
    """What `pg_waldump` says; it ends with an error where the log ends."""
    program = installed_binaries() / "pg_waldump"
    names = [path.name for path in segments(loot, site)]
    command = [str(program), "-p", str(loot.data[site] / "pg_wal"), "--rmgr=Transaction", names[0]]
    for last in reversed(names):
        done = subprocess.run(
            [*command, last],
            capture_output=True,
            text=True,
            check=False,
            env={"TZ": "UTC", "PATH": "/usr/bin"},
        )
        if done.stdout:
            yield from done.stdout.splitlines()
            return


def first_mentions(loot: Loot, site: str) -> dict[int, int]:
    """Where in the log each post is mentioned first."""
    if site in loot.mentions:
        return loot.mentions[site]
    found = loot.mentions[site] = {}
    for path in segments(loot, site):
        base = start_of(path.name)
        for post, offset in mentions_in(loot, path.read_bytes()):
            found.setdefault(post, base + offset)
    return found


def start_of(name: str) -> int:
    """Position of a segment's first byte, from its name."""
    return (int(name[8:16], 16) << 32) + int(name[16:24], 16) * SEGMENT

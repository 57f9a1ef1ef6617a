"""Mentions of posts, members, addresses and user agents in texts, tables and files."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.adversary.loot import HEX, Loot

_ADDRESS: Final = re.compile(r"\b127\.\d{1,3}\.\d{1,3}\.\d{1,3}\b")
_AGENT: Final = re.compile(r"Device/\d+\.\d+")
_ACCOUNT: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|m\d+@mail\.example"
)


@dataclass(frozen=True)
class Found:
    """What one record names; `traces` are addresses and agents, `hex` all long hexadecimal words."""

    posts: frozenset[int]
    members: frozenset[int]
    traces: frozenset[str]
    hex: frozenset[str]


def mentions(loot: Loot, text: str) -> Found:
    words = frozenset(HEX.findall(text))
    return Found(
        frozenset(loot.post_tokens[word] for word in words if word in loot.post_tokens),
        frozenset(loot.member_tokens[each] for each in _ACCOUNT.findall(text) if each in loot.member_tokens),
        frozenset(each for each in _ADDRESS.findall(text) if each != "127.0.0.1")
        | frozenset(_AGENT.findall(text)),
        words,
    )


def records(loot: Loot) -> Iterator[str]:
    """Every row of every table and statistics view, every line of every log, every other file."""
    for tables in (*loot.rows.values(), *loot.statistics.values()):
        for rows in tables.values():
            for row in rows:
                yield json.dumps(row)
    for path in loot.files:
        text = path.read_text(errors="replace") if path.stat().st_size < 4_000_000 else ""
        if path.suffix == ".log":
            yield from text.splitlines()
        else:
            yield f"{path.name} {text}"


def files_about_posts(loot: Loot) -> Iterator[tuple[int, Path]]:
    """Files, other than logs, whose name or content names a post."""
    for path in loot.files:
        if path.suffix != ".log" and path.stat().st_size < 4_000_000:
            for post in mentions(loot, f"{path.name} {path.read_text(errors='replace')}").posts:
                yield post, path

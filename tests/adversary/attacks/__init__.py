"""The attacks: a module each, with `score(loot)`, a matrix [post, member] that is highest for the suspect.

`WORDS` says for the report what is tried. `IDEAL` names what the attacker knows anyway: "activity", every
visit to the real-name site to the second, for attacks that look for the time of a post; "days", only the
days, for attacks that look for the times of a member.
"""

import importlib
from dataclasses import dataclass
from typing import Final, Protocol

from tests.adversary.loot import Loot, Matrix

NAMES: Final = (
    "xmin",
    "xmax_on_parents",
    "ctid",
    "page_lsn",
    "toast_oids",
    "sequences",
    "uuid_versions",
    "wal_commit_times",
    "wal_order",
    "dead_tuples",
    "file_times",
    "inodes",
    "log_adjacency",
    "session_expiry",
    "member_wal",
    "address_and_agent",
    "cache_keys",
    "mail_times",
    "two_backups",
    "roster_join",
    "unique_roots",
    "nullifier_reuse",
)
# Named by the design, and without an object yet: the site takes no uploads.
LATER: Final = ("upload_metadata",)


class Score(Protocol):
    def __call__(self, loot: Loot) -> Matrix: ...


@dataclass(frozen=True)
class Attack:
    name: str
    words: str
    ideal: str
    score: Score


def attacks() -> list[Attack]:
    found = []
    for name in NAMES:
        module = importlib.import_module(f"tests.adversary.attacks.{name}")
        found.append(Attack(name, module.WORDS, module.IDEAL, module.score))
    return found

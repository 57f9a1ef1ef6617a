"""What was seized, read as an adversary reads it: members, posts, rows, files, and the two clocks.

Matrices are [post, member]. `crowd` is True where the member is on the roster that the post's persona wears;
everybody, the ideal attacker too, knows that much.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from tests.adversary.world import MODES, Mode

Matrix = NDArray[np.float64]
Row = dict[str, Any]
HEX: Final = re.compile(r"[0-9a-f]{64,}")


@dataclass(frozen=True)
class Post:
    """One post as the public site shows it. `tick` is when it came out, `root` the epoch of its join."""

    id: str
    thread: str
    key: str
    nullifier: str
    roster: str
    tick: float
    position: int
    epoch: int
    first: bool


@dataclass
class Loot:
    """`folder` is the seized site, `posts` from the crawl; `visits` the public activity, by member."""

    folder: Path
    world_tick: float
    begin: float
    end: float
    posts: list[Post]
    emails: list[str]
    rosters: list[str]
    visits: list[list[float]]
    rows: dict[str, dict[str, list[Row]]]
    relations: dict[str, list[Row]]
    statistics: dict[str, dict[str, list[Row]]]
    data: dict[str, Path]
    times: list[tuple[float, float]]
    modes: dict[Mode, float] = field(default_factory=lambda: MODES)
    mentions: dict[str, dict[int, int]] = field(default_factory=dict)

    @cached_property
    def ticks(self) -> NDArray[np.float64]:
        return np.array([post.tick for post in self.posts])

    @cached_property
    def crowd(self) -> NDArray[np.bool_]:
        """By the leaves of the epoch that the persona's join names."""
        found = np.zeros((len(self.posts), len(self.emails)), dtype=bool)
        joined = np.array(self.joined)
        roster = np.array(self.rosters)
        for number, post in enumerate(self.posts):
            found[number] = (roster == post.roster) & (joined > 0) & (joined <= post.epoch)
        return found

    @cached_property
    def joined(self) -> list[int]:
        """The epoch in which each member came into the company's roster; 0 for never."""
        owners = {row["id"]: row["email"] for row in self.rows["people"]["people_member"]}
        keys = {
            row["commitment"]: owners[row["member_id"]] for row in self.rows["people"]["people_enrolment"]
        }
        names = {row["id"]: row["name"] for row in self.rows["people"]["people_roster"]}
        epochs = {
            (keys[row["commitment"]], names[row["roster_id"]]): row["joined_epoch"]
            for row in self.rows["people"]["people_rosterleaf"]
            if row["commitment"] in keys
        }
        return [
            epochs.get((email, roster), 0) for email, roster in zip(self.emails, self.rosters, strict=True)
        ]

    @cached_property
    def newcomers(self) -> dict[int, float]:
        """Members who were not in the first epoch of their roster, and the tick that showed them in it."""
        shown = {
            (row["roster"], row["epoch"]): (row["accepted_at"] // self.world_tick + 1) * self.world_tick
            for row in self.rows["talk"].get("talk_rosterepoch", [])
        }
        first = {roster: min(e for r, e in shown if r == roster) for roster, _ in shown}
        return {
            number: shown[roster, epoch]
            for number, (roster, epoch) in enumerate(zip(self.rosters, self.joined, strict=True))
            if epoch > first.get(roster, 0) and shown.get((roster, epoch), 0.0) > self.begin
        }

    # ── Who and what a piece of data is about ──────────────

    @cached_property
    def post_tokens(self) -> dict[str, int]:
        """Hexadecimal → post. A persona's nullifier, key and row stand for its first post."""
        tokens: dict[str, int] = {}
        for number, post in enumerate(self.posts):
            if post.first:
                nullifier = int(post.nullifier).to_bytes(32, "big")
                tokens[nullifier.hex()] = number
                tokens[post.key] = number
                tokens[sha256(bytes.fromhex(post.thread) + nullifier).hexdigest()] = number
        return tokens | {post.id: number for number, post in enumerate(self.posts)}

    @cached_property
    def member_tokens(self) -> dict[str, int]:
        """E-mail address or account id → member."""
        numbers = {email: number for number, email in enumerate(self.emails)}
        accounts = {
            row["id"]: numbers[row["email"]]
            for row in self.rows["people"]["people_member"]
            if row["email"] in numbers
        }
        return numbers | accounts

    def post_of(self, row: Row) -> int | None:
        """The post that a row of the talk cluster is about: by the first column that names one."""
        for name, value in row.items():
            if not name.startswith("_") and isinstance(value, str) and value in self.post_tokens:
                return self.post_tokens[value]
        return None

    def member_of(self, row: Row) -> int | None:
        """The member that a row of the people cluster names."""
        for value in row.values():
            if isinstance(value, str) and value in self.member_tokens:
                return self.member_tokens[value]
        return None

    def rows_about_posts(self) -> Iterator[tuple[str, int, Row]]:
        """Table, post and row, for every row of the talk cluster that names a post."""
        for table, rows in self.rows["talk"].items():
            for row in rows:
                if (post := self.post_of(row)) is not None:
                    yield table, post, row

    # ── Clocks ──────────────

    def simulated(self, real: float) -> float | None:
        """The moment of the simulation that a time of the machine stands for; None if it is none."""
        place = bisect_right(self._real, real) - 1
        if place < 0 or real > self._real[-1] + 60:
            return None
        return self.times[place][1]

    @cached_property
    def _real(self) -> list[float]:
        return [real for real, _ in self.times]

    def within_tick(self, post: int, moment: float | None) -> float | None:
        """`moment`, if it tells more about when a post came in than the tick does."""
        if moment is None:
            return None
        tick = self.posts[post].tick
        return moment if tick - self.world_tick <= moment < tick else None

    # ── Files ──────────────

    @cached_property
    def files(self) -> list[Path]:
        """Every file beside the clusters and the backups, with its times as they were."""
        parts = [each for each in self.folder.iterdir() if each.name not in ("clusters", "backups")]
        inside = (path for part in parts for path in (part, *part.rglob("*")))
        return sorted(path for path in inside if path.is_file())

    def heap_files(self, site: str, *, root: Path | None = None) -> Iterator[tuple[Row, bytes]]:
        """Each relation of a cluster with the bytes of its file, of a backup if `root` says so."""
        for relation in self.relations[site]:
            path = (root or self.data[site]) / str(relation["path"])
            if relation["path"] and path.exists():
                yield relation, path.read_bytes()


def read_loot(run: Path, *, world_tick: float, begin: float, end: float, modes: dict[Mode, float]) -> Loot:
    """Read what `seize` left under `run`; the visits are what the real-name site shows in public."""
    members = json.loads((run / "outside" / "members.json").read_text())
    dumps = {site: json.loads((run / "seized" / f"{site}.json").read_text()) for site in ("people", "talk")}
    return Loot(
        folder=run / "site",
        world_tick=world_tick,
        begin=begin,
        end=end,
        posts=_posts(json.loads((run / "seized" / "public.json").read_text())),
        emails=[each["email"] for each in members],
        rosters=[each["roster"] for each in members],
        visits=[each["visits"] for each in members],
        rows={site: dump["rows"] for site, dump in dumps.items()},
        relations={site: dump["relations"] for site, dump in dumps.items()},
        statistics={site: dump["statistics"] for site, dump in dumps.items()},
        data={site: Path(dump["data"]) for site, dump in dumps.items()},
        modes=modes,
        times=[tuple(each) for each in json.loads((run / "outside" / "times.json").read_text())],
    )


def _posts(threads: list[dict[str, Any]]) -> list[Post]:
    posts = []
    for thread in threads:
        personas = {each["key"]: each for each in thread["personas"]}
        seen: set[str] = set()
        for each in sorted(thread["posts"], key=lambda post: (post["published"], post["position"])):
            persona = personas[each["key"]]
            posts.append(
                Post(
                    id=each["id"],
                    thread=thread["id"],
                    key=each["key"],
                    nullifier=persona["nullifier"],
                    roster=persona["roster"],
                    tick=_unix(each["published"]),
                    position=each["position"],
                    epoch=persona["statement"]["statement"]["epoch"],
                    first=each["key"] not in seen,
                )
            )
            seen.add(each["key"])
    return posts


def _unix(text: str) -> float:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()

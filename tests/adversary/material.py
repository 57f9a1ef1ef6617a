"""What there was to look at. An attack that finds nothing where nothing lies has shown nothing."""

from typing import Final

from tests.adversary.attacks.member_wal import log_ins
from tests.adversary.attacks.session_expiry import owner_of
from tests.adversary.attacks.two_backups import posts_in
from tests.adversary.loot import Loot
from tests.adversary.pages import mentions_in, toast_values
from tests.adversary.wal import commits, first_mentions

# A log-in of the log is that of a visit if their times differ by no more, in seconds.
_NEAR: Final = 600.0
# What was found, and how much there must be of it at least.
Material = dict[str, tuple[int, int]]


def material(loot: Loot, *, newcomers: bool) -> Material:
    """How much of each kind was seized, in words for the report; `newcomers`: some members came late."""
    posts, backups = len(loot.posts), _posts_in_backups(loot)
    found = {
        "posts in Job Talk's tables": (len({post for _, post, _ in loot.rows_about_posts()}), posts),
        "posts in the raw files of those tables": (len(_raw(loot)), posts),
        "posts whose long text is stored apart": (_long(loot), 1),
        "posts in Job Talk's write-ahead log": (len(first_mentions(loot, "talk")), posts),
        "commits in that log": (len(commits(loot, "talk")), 1),
        "personas, each with the nullifier and key of its first post": (_personas(loot), _firsts(loot)),
        "first posts whose root is known with its times": (_rooted(loot), _firsts(loot)),
        "backups of Job Talk made between two releases": (len(backups), 1),
        "posts in the fullest of them": (max(backups, default=0), 1),
        "sessions on the real-name site, with their owners": (_sessions(loot), 1),
        "log-ins in that site's write-ahead log, at the time of a visit": (_timed_log_ins(loot), 1),
        "lines of logs": (_lines(loot), 1),
        "other files": (sum(path.suffix != ".log" for path in loot.files), 1),
    }
    return found | ({"members whom a later epoch added": (len(loot.newcomers), 1)} if newcomers else {})


def lacking(found: Material) -> list[str]:
    """Kinds of which too little was seized: then the run is void."""
    return [words for words, (count, least) in found.items() if count < least]


def _raw(loot: Loot) -> set[int]:
    return {post for _, data in loot.heap_files("talk") for post, _ in mentions_in(loot, data)}


def _long(loot: Loot) -> int:
    heaps = (data for relation, data in loot.heap_files("talk") if relation["kind"] == "r")
    return len({post for data in heaps for post, _ in toast_values(loot, data)})


def _firsts(loot: Loot) -> int:
    return sum(post.first for post in loot.posts)


def _personas(loot: Loot) -> int:
    rows = {(row["thread_id"], row["key"]) for row in loot.rows["talk"]["talk_persona"]}
    return sum((post.thread, post.key) in rows for post in loot.posts if post.first)


def _rooted(loot: Loot) -> int:
    known = {(row["roster"], row["epoch"]) for row in loot.rows["talk"]["talk_rosterepoch"]}
    return sum((post.roster, post.epoch) in known for post in loot.posts if post.first)


def _sessions(loot: Loot) -> int:
    return sum(owner_of(loot, row) is not None for row in loot.rows["people"]["django_session"])


def _lines(loot: Loot) -> int:
    return sum(path.read_bytes().count(b"\n") for path in loot.files if path.suffix == ".log")


def _timed_log_ins(loot: Loot) -> int:
    return sum(
        any(abs(moment - visit) < _NEAR for visit in loot.visits[member])
        for member, moments in log_ins(loot).items()
        for moment in moments
    )


def _posts_in_backups(loot: Loot) -> list[int]:
    """How many posts can be read in each backup that lies between two ticks."""
    found = []
    for backup in sorted((loot.folder / "backups").glob("talk-*")):
        made = loot.simulated((backup / "backup_manifest").stat().st_mtime)
        if made is not None and made % loot.world_tick > 0:
            found.append(len(posts_in(loot, backup)))
    return found

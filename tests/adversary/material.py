"""What there was to look at. An attack that finds nothing where nothing lies has shown nothing."""

from typing import Final

from tests.adversary.attacks.member_wal import log_ins
from tests.adversary.files import records
from tests.adversary.loot import Loot
from tests.adversary.pages import mentions_in
from tests.adversary.wal import commits, first_mentions

# A log-in of the log is that of a visit if their times differ by no more, in seconds.
_NEAR: Final = 600.0


def material(loot: Loot) -> dict[str, int]:
    """How much of each kind was seized, in words for the report."""
    raw = {post for _, data in loot.heap_files("talk") for post, _ in mentions_in(loot, data)}
    return {
        "posts in Job Talk's tables": len({post for _, post, _ in loot.rows_about_posts()}),
        "posts in the raw files of those tables": len(raw),
        "posts in Job Talk's write-ahead log": len(first_mentions(loot, "talk")),
        "commits in that log": len(commits(loot, "talk")),
        "sessions on the real-name site": len(loot.rows["people"]["django_session"]),
        "log-ins in the real-name site's write-ahead log, at the time of a visit": _timed_log_ins(loot),
        "rows, log lines and files that were read for addresses and names": sum(1 for _ in records(loot)),
        "backups of Job Talk made between two releases": _backups(loot),
        "members whom a later epoch added": len(loot.newcomers),
    }


def lacking(found: dict[str, int]) -> list[str]:
    """Kinds of which nothing was seized: then the run is void."""
    return [words for words, count in found.items() if count == 0]


def _timed_log_ins(loot: Loot) -> int:
    return sum(
        any(abs(moment - visit) < _NEAR for visit in loot.visits[member])
        for member, moments in log_ins(loot).items()
        for moment in moments
    )


def _backups(loot: Loot) -> int:
    made = [
        loot.simulated((each / "backup_manifest").stat().st_mtime)
        for each in (loot.folder / "backups").glob("talk-*")
    ]
    return sum(each is not None and each % loot.world_tick > 0 for each in made)

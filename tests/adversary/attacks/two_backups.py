"""A post that stands in a backup came in before the backup was made; one that does not, later."""

from pathlib import Path

import numpy as np
from tests.adversary.likelihood import sent_within
from tests.adversary.loot import Loot, Matrix
from tests.adversary.pages import mentions_in

WORDS = "difference of two backups"
IDEAL = "activity"


def score(loot: Loot) -> Matrix:
    low, high = loot.ticks - loot.world_tick, loot.ticks.copy()
    for backup in sorted((loot.folder / "backups").glob("talk-*")):
        made = loot.simulated((backup / "backup_manifest").stat().st_mtime)
        if made is None:
            continue
        inside = posts_in(loot, backup)
        for post, tick in enumerate(loot.ticks):
            # Only where the backup fell between two ticks can it tell more than they do.
            if tick - loot.world_tick < made < tick and _tells(loot, inside, tick):
                if post in inside:
                    high[post] = min(high[post], made)
                else:
                    low[post] = max(low[post], made)
    return sent_within(loot, low, np.maximum(high, low + 1.0), loot.visits)


def posts_in(loot: Loot, backup: Path) -> set[int]:
    found: set[int] = set()
    for _, data in loot.heap_files("talk", root=backup):
        found.update(post for post, _ in mentions_in(loot, data))
    return found


def _tells(loot: Loot, inside: set[int], tick: float) -> bool:
    """If nothing of a tick stands in the backup, then not because all of it came later."""
    return any(loot.ticks[post] == tick for post in inside)

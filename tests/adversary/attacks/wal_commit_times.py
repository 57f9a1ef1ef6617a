"""The write-ahead log notes of each commit the microsecond: the first after a post is mentioned."""

from bisect import bisect_left

from tests.adversary.likelihood import at_moments
from tests.adversary.loot import Loot, Matrix
from tests.adversary.wal import commits, first_mentions

WORDS = "commit times in the write-ahead log"
IDEAL = "activity"


def score(loot: Loot) -> Matrix:
    stamps = commits(loot, "talk")
    positions = [position for position, _ in stamps]
    moments: dict[int, float] = {}
    for post, position in first_mentions(loot, "talk").items():
        place = bisect_left(positions, position)
        if place < len(stamps):
            moment = loot.within_tick(post, loot.simulated(stamps[place][1]))
            if moment is not None:
                moments[post] = moment
    return at_moments(loot, moments, width=120.0)

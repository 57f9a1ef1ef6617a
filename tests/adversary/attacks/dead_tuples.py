"""What was deleted stays in the file: any time that stands within a few bytes of a post, live or not."""

import struct

from tests.adversary.likelihood import at_moments
from tests.adversary.loot import Loot, Matrix
from tests.adversary.pages import mentions_in

WORDS = "times beside a post in the raw files, deleted rows included"
IDEAL = "activity"
# Microseconds since 2000, as PostgreSQL stores a time.
_EPOCH = 946_684_800


def score(loot: Loot) -> Matrix:
    moments: dict[int, float] = {}
    for _, data in loot.heap_files("talk"):
        for post, place in mentions_in(loot, data):
            for moment in _times_near(data, place):
                exact = loot.within_tick(post, moment)
                if exact is None:
                    exact = loot.within_tick(post, loot.simulated(moment))
                if exact is not None and exact % loot.world_tick:
                    moments[post] = exact
    return at_moments(loot, moments, width=60.0)


def _times_near(data: bytes, place: int) -> list[float]:
    low = max(place - 80, 0) // 8 * 8
    found = []
    for at in range(low, min(place + 120, len(data) - 8), 8):
        value = struct.unpack_from("<q", data, at)[0] / 1_000_000 + _EPOCH
        if 1.7e9 < value < 2.5e9:
            found.append(value)
    return found

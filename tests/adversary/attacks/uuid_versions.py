"""A UUID of version 1 or 7 is a clock."""

import re
import uuid

from tests.adversary.likelihood import at_moments
from tests.adversary.loot import Loot, Matrix

WORDS = "identifiers that contain a time (UUID versions 1 and 7)"
IDEAL = "activity"
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_GREGORIAN = 0x01B21DD213814000


def score(loot: Loot) -> Matrix:
    moments: dict[int, float] = {}
    for _, post, row in loot.rows_about_posts():
        for value in row.values():
            if isinstance(value, str) and _UUID.fullmatch(value):
                moment = loot.within_tick(post, time_of(uuid.UUID(value)))
                if moment is not None:
                    moments[post] = moment
    return at_moments(loot, moments, width=60.0)


def time_of(value: uuid.UUID) -> float | None:
    if value.version == 7:
        return (value.int >> 80) / 1000
    if value.version == 1:
        return (value.time - _GREGORIAN) / 10_000_000
    return None

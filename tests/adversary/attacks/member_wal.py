"""The people site's log notes the microsecond at which a session began."""

from bisect import bisect_left

from tests.adversary.attacks.session_expiry import by_moments, owner_of
from tests.adversary.loot import Loot, Matrix
from tests.adversary.pages import find_tokens
from tests.adversary.wal import commits, segments, start_of

WORDS = "commit times in the people site's write-ahead log: when members logged in"
IDEAL = "days"


def score(loot: Loot) -> Matrix:
    sessions: dict[bytes, int] = {}
    for row in loot.rows["people"]["django_session"]:
        member = owner_of(loot, row)
        if member is not None:
            sessions[str(row["session_key"]).encode()] = member
    stamps = commits(loot, "people")
    positions = [position for position, _ in stamps]
    moments: dict[int, set[float]] = {}
    for path in segments(loot, "people"):
        for member, offset in find_tokens(sessions, path.read_bytes()):
            place = bisect_left(positions, start_of(path.name) + offset)
            moment = loot.simulated(stamps[place][1]) if place < len(stamps) else None
            if moment is not None:
                moments.setdefault(member, set()).add(moment)
    return by_moments(loot, moments)

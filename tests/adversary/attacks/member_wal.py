"""The people site's log notes the microsecond at which a session began."""

from bisect import bisect_left

from tests.adversary.attacks.session_expiry import by_moments, owner_of
from tests.adversary.loot import Loot, Matrix
from tests.adversary.pages import find_tokens
from tests.adversary.wal import commits, segments, start_of

WORDS = "commit times in the people site's write-ahead log: when members logged in"
IDEAL = "days"


def score(loot: Loot) -> Matrix:
    return by_moments(loot, log_ins(loot))


def log_ins(loot: Loot) -> dict[int, set[float]]:
    """Member → moments of the simulation at which the log that is left says that a session began."""
    owners = []
    keys: dict[bytes, int] = {}
    for row in loot.rows["people"]["django_session"]:
        member = owner_of(loot, row)
        if member is not None:
            keys[str(row["session_key"]).encode()] = len(owners)
            owners.append(member)
    stamps = commits(loot, "people")
    positions = [position for position, _ in stamps]
    moments: dict[int, set[float]] = {}
    for session, position in _begun(loot, keys).items():
        place = bisect_left(positions, position)
        moment = loot.simulated(stamps[place][1]) if place < len(stamps) else None
        if moment is not None:
            moments.setdefault(owners[session], set()).add(moment)
    return moments


def _begun(loot: Loot, keys: dict[bytes, int]) -> dict[int, int]:
    """Where the log names a session first; later it does whenever the table is written anew."""
    found: dict[int, int] = {}
    for path in segments(loot, "people"):
        base = start_of(path.name)
        for session, offset in find_tokens(keys, path.read_bytes()):
            found[session] = min(base + offset, found.get(session, base + offset))
    return found

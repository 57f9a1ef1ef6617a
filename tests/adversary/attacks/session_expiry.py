"""A session that expires a fortnight after the visit, to the second, tells the second of the visit."""

import base64
import binascii
import json
import zlib

from tests.adversary.likelihood import by_the_day, sent_within
from tests.adversary.loot import Loot, Matrix
from tests.adversary.world import DAY

WORDS = "expiry of the real-name site's sessions, and every time in a member's rows"
IDEAL = "days"
_LIFE = 14 * DAY


def score(loot: Loot) -> Matrix:
    moments: dict[int, set[float]] = {}
    for table, rows in loot.rows["people"].items():
        for row in rows:
            member = owner_of(loot, row) if table == "django_session" else loot.member_of(row)
            if member is None:
                continue
            for value in row.values():
                if isinstance(value, float) and value % DAY:
                    moments.setdefault(member, set()).add(
                        value - _LIFE if table == "django_session" else value
                    )
    return by_moments(loot, moments)


def by_moments(loot: Loot, moments: dict[int, set[float]]) -> Matrix:
    """The days of all visits, and the second of those that a moment falls on."""
    days = by_the_day(loot)
    exact = []
    for member, spread in enumerate(days):
        known = {moment // DAY: moment for moment in moments.get(member, ())}
        exact.append([known.get(each // DAY, each) for each in spread])
    return sent_within(loot, loot.ticks - loot.world_tick, loot.ticks, exact)


def owner_of(loot: Loot, row: dict[str, object]) -> int | None:
    """Whose session it is."""
    data = str(row["session_data"]).split(":")[0]
    raw = data.removeprefix(".")
    try:
        text = base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4))
        text = zlib.decompress(text) if data.startswith(".") else text
        return loot.member_tokens.get(str(json.loads(text).get("_auth_user_id")))
    except (ValueError, binascii.Error, zlib.error):
        return None

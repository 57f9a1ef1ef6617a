"""How likely each member is to have sent a post in a given span of time.

The attackers know how people behave here (`world.MODES`): half of all posts are sent during a visit to the
real-name site, three in ten are written then and sent at a random time of the next day, the others have
nothing to do with a visit. They know the public activity. So the ideal attacker is the best one there can be:
it computes, for each member of the roster, the probability of a post in the span between two releases.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from tests.adversary.loot import Loot, Matrix
from tests.adversary.world import DAY, EAGER, GREETING, HOUR, VISIT

Floats = NDArray[np.float64]


def sent_within(
    loot: Loot,
    low: Floats,
    high: Floats,
    visits: Sequence[Sequence[float]],
    *,
    written: tuple[Floats, Floats] | None = None,
) -> Matrix:
    """log P(sent between `low` and `high` | member), a row for each post; -inf outside the crowd.

    `written` is, if known, the span in which a post was written.
    """
    scores = np.full(loot.crowd.shape, -np.inf)
    span = loot.end - loot.begin
    for member, moments in enumerate(visits):
        posts = np.flatnonzero(loot.crowd[:, member])
        if not len(posts):
            continue
        a, b = low[posts], high[posts]
        c, d = (a, b) if written is None else (each[posts] for each in written)
        both = np.clip(np.minimum(b, d) - np.maximum(a, c), 1.0, None)
        chance = loot.modes["any time"] * both / span
        if len(moments):
            seen = np.asarray(moments)[None, :]
            top, bottom = np.minimum(b, d)[:, None], np.maximum(a, c)[:, None]
            during = np.clip(np.minimum(top, seen + VISIT) - np.maximum(bottom, seen), 0, None)
            chance += loot.modes["at once"] * (during / VISIT).mean(axis=1)
            later = _ramp(b[:, None] - seen) - _ramp(a[:, None] - seen)
            if written is not None:
                later *= (seen + VISIT >= c[:, None]) & (seen <= d[:, None])
            chance += loot.modes["later"] * later.mean(axis=1)
        if member in loot.newcomers:
            chance = _greeting(loot, loot.newcomers[member], a, b)
        scores[posts, member] = np.log(chance)
    return scores


def _greeting(loot: Loot, since: float, low: Floats, high: Floats) -> Floats:
    """A newcomer, whom the published leaves name as such, says hello on the first day and is quiet then.

    In proportion to the others: each of them says so many things in all.
    """
    begun, over = since + GREETING[0] * DAY, since + GREETING[1] * DAY
    share = np.clip(np.minimum(high, over) - np.maximum(low, begun), 0, None) / (over - begun)
    others = len(loot.emails) - len(loot.newcomers)
    chance: Floats = EAGER * share * others / len(loot.posts) + 1e-6
    return chance


def _ramp(after: Floats) -> Floats:
    """How much of a delay that is uniform over a day is over `after` seconds after the visit."""
    share: Floats = np.clip(after / DAY, 0.0, 1.0)
    return share


def activity(loot: Loot) -> Matrix:
    """The ideal attacker who knows every visit to the second."""
    return sent_within(loot, loot.ticks - loot.world_tick, loot.ticks, loot.visits)


def days(loot: Loot) -> Matrix:
    """The ideal attacker who knows of each visit the day only."""
    return sent_within(loot, loot.ticks - loot.world_tick, loot.ticks, by_the_day(loot))


def by_the_day(loot: Loot) -> list[list[float]]:
    """Each visit as nine that are equally likely, at the hours at which people come by."""
    hours = 13 + 3 * np.array([-1.59, -0.97, -0.59, -0.28, 0.0, 0.28, 0.59, 0.97, 1.59])
    return [
        [visit // DAY * DAY + hour * HOUR for visit in visits for hour in hours] for visits in loot.visits
    ]


def at_moments(loot: Loot, moments: dict[int, float], *, width: float) -> Matrix:
    """From the second at which some posts came in, known to ± `width`; the others are as the tick says."""
    return between(loot, {post: (moment - width, moment + width) for post, moment in moments.items()})


def between(loot: Loot, spans: dict[int, tuple[float, float]]) -> Matrix:
    """From the span in which some posts came in."""
    low, high = loot.ticks - loot.world_tick, loot.ticks.copy()
    for post, (begun, over) in spans.items():
        low[post] = max(low[post], begun)
        high[post] = min(high[post], over)
    return sent_within(loot, low, np.maximum(high, low + 1.0), loot.visits)


def in_order(loot: Loot, keys: dict[int, float]) -> Matrix:
    """From the order in which posts were written: within a tick, the first came in first.

    The place in the order becomes a time by the curve of the traffic, which is public.
    """
    visits = np.sort(np.concatenate([np.asarray(each, dtype=float) for each in loot.visits]))
    spans: dict[int, tuple[float, float]] = {}
    for tick in set(loot.ticks.tolist()):
        posts = np.array([post for post in keys if loot.ticks[post] == tick])
        values = np.array([keys[post] for post in posts])
        if len(set(values.tolist())) < 2:
            continue
        curve = visits[(visits > tick - loot.world_tick) & (visits <= tick)]
        # One post in two has nothing to do with a visit at that time: half the curve is flat.
        flat = np.linspace(tick - loot.world_tick, tick, max(len(curve), 8))
        mixed = np.sort(np.concatenate([curve + VISIT / 2, flat]))
        # Equal keys share their place.
        places = (values[:, None] > values).sum(axis=1) + (values[:, None] == values).sum(axis=1) / 2
        # One place of many is known well, one of few badly: two standard errors to each side.
        shares = places / len(posts)
        errors = 2 * np.sqrt(shares * (1 - shares) / len(posts))
        begun = np.quantile(mixed, np.clip(shares - errors, 0, 1)) - VISIT / 2
        over = np.quantile(mixed, np.clip(shares + errors, 0, 1)) + VISIT / 2
        spans |= dict(zip(posts.tolist(), zip(begun, over, strict=True), strict=True))
    return between(loot, spans)

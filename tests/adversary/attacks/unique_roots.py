"""A root was current for a while: whoever proved under it wrote in that while."""

import numpy as np
from tests.adversary.likelihood import sent_within
from tests.adversary.loot import Loot, Matrix

WORDS = "the roots that joins were proved under, and when each was current"
IDEAL = "activity"


def score(loot: Loot) -> Matrix:
    spans: dict[tuple[str, int], tuple[float, float]] = {}
    for row in loot.rows["talk"]["talk_rosterepoch"]:
        spans[row["roster"], row["epoch"]] = (row["accepted_at"], row["superseded_at"] or np.inf)
    # A post that is not the persona's first names no root.
    begun, over = np.full(len(loot.posts), -np.inf), np.full(len(loot.posts), np.inf)
    for number, post in enumerate(loot.posts):
        if post.first:
            begun[number], over[number] = spans.get((post.roster, post.epoch), (-np.inf, np.inf))
    low, high = loot.ticks - loot.world_tick, loot.ticks
    # The talk site shows a new root from the tick on that follows; so much longer may an old one be used.
    return sent_within(loot, low, high, loot.visits, written=(begun, over + loot.world_tick))

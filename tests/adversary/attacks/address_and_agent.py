"""An address or a user agent that is kept beside a post and beside a member."""

import numpy as np
from tests.adversary.files import Found, mentions, records
from tests.adversary.loot import Loot, Matrix

WORDS = "network addresses and user agents in tables, logs and files"
IDEAL = "activity"


def score(loot: Loot) -> Matrix:
    posts: dict[str, set[int]] = {}
    members: dict[str, set[int]] = {}
    for text in records(loot):
        found: Found = mentions(loot, text)
        for trace in found.traces:
            posts.setdefault(trace, set()).update(found.posts)
            members.setdefault(trace, set()).update(found.members)
    scores = np.zeros(loot.crowd.shape)
    for trace, about in posts.items():
        owners = members[trace]
        for post in about:
            for member in owners:
                scores[post, member] += 1 / len(owners)
    return np.where(loot.crowd, scores, -np.inf)

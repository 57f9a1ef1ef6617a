"""A foreign key locks its parent: the persona's row keeps the number of the transaction that spoke last."""

from tests.adversary.likelihood import in_order
from tests.adversary.loot import Loot, Matrix

WORDS = "lock marks (xmax) that a new row leaves on its parents"
IDEAL = "activity"


def score(loot: Loot) -> Matrix:
    latest: dict[tuple[str, str], int] = {}
    for number, post in enumerate(loot.posts):
        known = latest.get((post.thread, post.key))
        if known is None or (loot.posts[known].tick, loot.posts[known].position) < (post.tick, post.position):
            latest[post.thread, post.key] = number
    keys: dict[int, float] = {}
    for row in loot.rows["talk"]["talk_persona"]:
        number = latest.get((row["thread_id"], row["key"]), -1)
        if number >= 0 and row["_xmax"] > 0:
            keys[number] = row["_xmax"]
    return in_order(loot, keys)

"""Transaction numbers: rows of one tick that were written by different transactions tell their order."""

from tests.adversary.likelihood import in_order
from tests.adversary.loot import Loot, Matrix

WORDS = "transaction numbers (xmin) of the rows"
IDEAL = "activity"


def score(loot: Loot) -> Matrix:
    first: dict[int, float] = {}
    for _, post, row in loot.rows_about_posts():
        first[post] = min(first.get(post, float("inf")), row["_xmin"])
    return in_order(loot, first)

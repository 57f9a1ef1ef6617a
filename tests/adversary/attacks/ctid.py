"""The place of a row in its file: rows of one tick that lie in the order in which they came in."""

import numpy as np
from tests.adversary.likelihood import in_order
from tests.adversary.loot import Loot, Matrix

WORDS = "physical place of the rows (ctid)"
IDEAL = "activity"


def score(loot: Loot) -> Matrix:
    places: dict[str, dict[int, float]] = {}
    for table, post, row in loot.rows_about_posts():
        page, item = map(int, row["_ctid"].strip("()").split(","))
        places.setdefault(table, {})[post] = page * 1000 + item
    found = [in_order(loot, keys) for keys in places.values()]
    total: Matrix = np.sum(found, axis=0)
    return total

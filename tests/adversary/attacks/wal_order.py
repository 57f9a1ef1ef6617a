"""The order in which posts are first mentioned in the write-ahead log."""

from tests.adversary.likelihood import in_order
from tests.adversary.loot import Loot, Matrix
from tests.adversary.wal import first_mentions

WORDS = "order of the write-ahead log"
IDEAL = "activity"


def score(loot: Loot) -> Matrix:
    return in_order(loot, {post: float(position) for post, position in first_mentions(loot, "talk").items()})

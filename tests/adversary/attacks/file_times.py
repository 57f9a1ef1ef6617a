"""A file that was written when a post came in says when that was."""

from tests.adversary.files import files_about_posts
from tests.adversary.likelihood import at_moments
from tests.adversary.loot import Loot, Matrix

WORDS = "times of the files that name a post"
IDEAL = "activity"


def score(loot: Loot) -> Matrix:
    moments: dict[int, float] = {}
    for post, path in files_about_posts(loot):
        moment = loot.within_tick(post, loot.simulated(path.stat().st_mtime))
        if moment is not None:
            moments[post] = moment
    return at_moments(loot, moments, width=300.0)

"""An inode keeps when it was changed last, which no program can set back."""

from tests.adversary.files import files_about_posts
from tests.adversary.likelihood import at_moments
from tests.adversary.loot import Loot, Matrix

WORDS = "change times in the inodes of the files that name a post"
IDEAL = "activity"


def score(loot: Loot) -> Matrix:
    moments: dict[int, float] = {}
    for post, path in files_about_posts(loot):
        # Set back by hand, a file's own time would say less.
        if path.stat().st_mtime < path.stat().st_ctime - 1:
            moment = loot.within_tick(post, loot.simulated(path.stat().st_ctime))
            if moment is not None:
                moments[post] = moment
    return at_moments(loot, moments, width=300.0)

"""The rosters that the talk site holds, as trees to prove in."""

from dataclasses import dataclass

from openmai.anonymity.leanimt import LeanIMT
from openmai.anonymity.rosters import unpack_leaves
from openmai.talk.queries.rosters import leaves_file, roster_listing


class LeavesMissing(Exception):
    """The talk site holds a roster's statement without its leaves."""


@dataclass(frozen=True)
class Crowd:
    """A roster to prove in. `checkpoint` is what a join under it carries."""

    tree: LeanIMT
    checkpoint: str


def read_trees(season: str) -> dict[str, Crowd]:
    """Every current roster of the season, by id."""
    trees = {}
    for roster in roster_listing(season, floor=0).rosters:
        data = leaves_file(roster.leaves)
        if data is None:
            raise LeavesMissing(roster.roster)
        trees[roster.roster] = Crowd(LeanIMT(unpack_leaves(data)), roster.checkpoint.text)
    return trees

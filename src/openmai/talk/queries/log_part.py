"""What the log says of one post, with the proofs: the part of its proof file that is about the log."""

from datetime import datetime

from openmai.anonymity.keys import public_bytes
from openmai.anonymity.log.checkpoints import SignedCheckpoint
from openmai.anonymity.log.merkle import TreeHead
from openmai.anonymity.log.part import LogPart, Placed
from openmai.anonymity.rosters import SignedStatement
from openmai.talk.errors import TalkError
from openmai.talk.queries.log import log_tree, logged_posts, newest_checkpoint
from openmai.talk.rules import Rules


class NotLogged(TalkError):
    """A post or roster stands in the database and not in the log: a fault of ours."""


def log_part(
    post: bytes,
    tick: datetime,
    *,
    statement: SignedStatement,
    roster_index: int,
    joined: TreeHead,
    rules: Rules,
) -> LogPart:
    """Raises `NotLogged`. Some statements for the tiles, whose number grows with the logarithm of the log."""
    posts = logged_posts(post, tick, statement.statement.season)
    if posts is None:
        raise NotLogged(post.hex())
    checkpoint = _checkpoint(posts.index, rules)
    tree = log_tree(checkpoint.head.size)
    return LogPart(
        key=public_bytes(rules.log_key),
        witnesses=tuple(each.key for each in rules.witnesses),
        checkpoint=checkpoint.data,
        roster=Placed(roster_index, tuple(log_tree(joined.size).inclusion_proof(roster_index))),
        consistency=tuple(tree.consistency_proof(joined.size)),
        tick=Placed(posts.index, tuple(tree.inclusion_proof(posts.index))),
        entry=posts.entry,
    )


def _checkpoint(index: int, rules: Rules) -> SignedCheckpoint:
    """The newest that enough witnesses have cosigned; the newest of all if that one is too old."""
    for quorum in (rules.quorum, 0):
        newest = newest_checkpoint(quorum=quorum)
        if newest is not None and newest.head.size > index:
            return newest
    raise NotLogged(str(index))

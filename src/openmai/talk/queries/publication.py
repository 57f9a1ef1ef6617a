"""What a tick must know of the database before it writes: places taken, personas present, words in use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openmai.anonymity.content import Reply
from openmai.talk.epoch import Waiting
from openmai.talk.queries.database import rows


@dataclass(frozen=True, slots=True)
class Existing:
    """`next_position` by thread, `branch` by post, `personas` by their row's key, `words` as (thread,
    words).
    """

    posts: frozenset[bytes]
    next_position: Mapping[bytes, int]
    branch: Mapping[bytes | None, int]
    personas: frozenset[bytes]
    words: frozenset[tuple[bytes, str]]


def existing(items: Sequence[Waiting]) -> Existing:
    """Four statements, whatever the number of items."""
    threads = sorted({item.thread for item in items})
    parents = sorted(
        {item.content.parent for item in items if isinstance(item.content, Reply) and item.content.parent}
    )
    ids = {"ids": [item.id for item in items], "threads": threads, "parents": parents}
    places = rows(
        "SELECT thread_id, max(position) + 1 FROM talk_post "
        "WHERE thread_id = ANY(%(threads)s) GROUP BY thread_id",
        ids,
    )
    personas = rows("SELECT id, thread_id, words FROM talk_persona WHERE thread_id = ANY(%(threads)s)", ids)
    return Existing(
        posts=frozenset(row[0] for row in rows("SELECT id FROM talk_post WHERE id = ANY(%(ids)s)", ids)),
        next_position=dict(places),
        branch=dict(rows("SELECT id, branch FROM talk_post WHERE id = ANY(%(parents)s)", ids)),
        personas=frozenset(row[0] for row in personas),
        words=frozenset((row[1], row[2]) for row in personas),
    )

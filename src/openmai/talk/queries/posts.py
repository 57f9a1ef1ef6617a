"""One post: where it stands, and everything that proves it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import orjson

from openmai.anonymity.content import Opening, parse_content
from openmai.anonymity.log.merkle import TreeHead
from openmai.anonymity.membership import MembershipProof
from openmai.anonymity.proof_file import build_proof_file
from openmai.anonymity.rosters import SignedStatement, open_statement
from openmai.anonymity.submission import Join
from openmai.talk.cursors import PlaceCursor
from openmai.talk.queries.database import one
from openmai.talk.queries.log_part import log_part
from openmai.talk.queries.thread import PAGE
from openmai.talk.rules import Rules
from openmai.talk.voices import Voice, voice

_BEFORE_IT: Final = """
SELECT count(*) FROM (
    SELECT 1 FROM talk_post WHERE thread_id = %(thread)s AND branch > 0
    AND (branch, position) < (%(branch)s, %(position)s) LIMIT %(page)s
) AS earlier
"""


@dataclass(frozen=True, slots=True)
class PostPlace:
    """Where a post is shown: its thread, and the cursor of its page, None if that is the first one."""

    thread: bytes
    after: PlaceCursor | None


@dataclass(frozen=True, slots=True)
class Proven:
    """A post with its proof file (docs/protocol.md §8)."""

    id: bytes
    thread: bytes
    section: str
    title: str
    tick: datetime
    voice: Voice
    proof_file: bytes


def post_place(post: bytes) -> PostPlace | None:
    """Two statements; a post far down begins its page."""
    row = one("SELECT thread_id, branch, position FROM talk_post WHERE id = %(id)s", {"id": post})
    if row is None:
        return None
    thread, branch, position = row
    place = {"thread": thread, "branch": branch, "position": position, "page": PAGE}
    earlier = one(_BEFORE_IT, place)
    if position == 0 or (earlier is not None and earlier[0] < PAGE):
        return PostPlace(thread, None)
    return PostPlace(thread, PlaceCursor(branch, position - 1))


def proven_post(post: bytes, *, rules: Rules) -> Proven | None:
    """A post under the newest join of its persona that is not younger than the post itself."""
    row = one(
        """SELECT p.content, p.signature, p.tick, p.thread_id, t.section, t.title, o.content, a.nullifier,
                  a.key, a.roster, a.label_en, a.label_zh, a.numbered, p.persona_id = o.persona_id,
                  j.content_id, j.proof, e.envelope, e.log_index, e.log_root
           FROM talk_post p JOIN talk_thread t ON t.id = p.thread_id JOIN talk_post o ON o.id = t.id
           JOIN talk_persona a ON a.id = p.persona_id
           JOIN LATERAL (SELECT * FROM talk_join WHERE persona_id = a.id AND tick <= p.tick
                         ORDER BY content_id = p.id DESC, tick DESC, content_id LIMIT 1) j ON true
           JOIN talk_rosterepoch e ON e.id = j.epoch_id
           WHERE p.id = %(id)s""",
        {"id": post},
    )
    if row is None:
        return None
    content, signature, tick, thread, section, title, opening = row[:7]
    speaker = voice(*row[7:14])
    first, points, envelope, log_index, log_root = row[14:19]
    joined = TreeHead(log_index + 1, log_root)
    statement = open_statement(envelope, key=None, domain=None)
    opened = parse_content(orjson.loads(opening))
    assert isinstance(opened, Opening)  # noqa: S101 - the post whose id is the thread's
    document = build_proof_file(
        opening=opened,
        content=parse_content(orjson.loads(content)),
        key=speaker.key,
        signature=signature,
        join=_join(speaker, statement, joined, points),
        first=first,
        statement=statement,
        log=log_part(post, tick, statement=statement, roster_index=log_index, joined=joined, rules=rules),
    )
    return Proven(post, thread, section, title, tick, speaker, document)


def _join(speaker: Voice, statement: SignedStatement, joined: TreeHead, points: bytes) -> Join:
    nullifier = int.from_bytes(speaker.nullifier, "big")
    proof = MembershipProof(root=statement.statement.root, nullifier=nullifier, points=points)
    return Join(speaker.roster, proof, joined.text)

"""Giving the lines of a thread to members: who speaks is drawn at random and written down nowhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from openmai.anonymity.content import Content, Opening, Reply
from openmai.anonymity.encoding import Domain
from openmai.anonymity.gate import free_slots
from openmai.anonymity.keys import public_bytes, thread_key
from openmai.anonymity.limits import NONCE_SIZE
from openmai.anonymity.submission import Entrance, Join, build_submission, join_scope_and_message
from openmai.demo.community.threads import OPENER, Thread, Voice
from openmai.demo.seed.proving import Proved, Request, Slot
from openmai.demo.seed.trees import Crowd


class NobodyLeft(Exception):
    """A thread has more voices under one label than the roster has members."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """A member with a key; what the people part handed over."""

    secret: int
    commitment: int
    company: str

    @classmethod
    def from_document(cls, document: Mapping[str, str]) -> "Speaker":
        return cls(int(document["secret"]), int(document["commitment"]), document["company"])


class Slots:
    """The slots of each day that the members have used, so that nobody takes one twice."""

    def __init__(self, slots: int, draw: Random) -> None:
        self._slots = slots
        self._draw = draw
        self._used: dict[tuple[Speaker, str], list[int]] = {}

    def take(self, speaker: Speaker, at: datetime) -> Slot:
        """A random free slot of the day of `at`; raise `NobodyLeft` when the member has used all of them."""
        day = at.date().isoformat()
        used = self._used.setdefault((speaker, day), [])
        if not (free := free_slots(self._slots, used)):
            raise NobodyLeft(f"a member speaks more than {self._slots} times on {day}")
        used.append(self._draw.choice(free))
        return Slot(day, used[-1], self._slots)


@dataclass(slots=True)
class Joining:
    """The join of a persona's first post; `proved` is there once `request` was answered."""

    roster: str
    checkpoint: str
    request: Request
    proved: Proved | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """What is submitted at the moment `at`."""

    at: datetime
    content: Content
    key: Ed25519PrivateKey
    join: Joining | None

    def body(self) -> bytes:
        """The submission's bytes; the join must have been proved."""
        entrance = None
        if self.join is not None:
            proved = self.join.proved
            assert proved is not None  # noqa: S101 - all are proved before the first is sent
            assert proved.gate is not None  # noqa: S101 - likewise
            entrance = Entrance(Join(self.join.roster, proved.proof, self.join.checkpoint), proved.gate)
        return build_submission(content=self.content, key=self.key, entrance=entrance)


def cast_thread(
    thread: Thread,
    times: Sequence[datetime],
    *,
    speakers: Sequence[Speaker],
    trees: Mapping[str, Crowd],
    domain: Domain,
    slots: Slots,
    draw: Random,
) -> list[Post]:
    """The posts of a thread in its order; `times` of the opening and each reply, `slots` what the members
    used.
    """
    cast = _choose(thread.cast, speakers, trees, draw)
    opening = Opening(
        domain.site, domain.season, thread.section, thread.title, thread.body, draw.randbytes(NONCE_SIZE)
    )
    contents: list[Content] = [opening]
    for line in thread.replies:
        parent = None if line.answers is None else contents[1 + line.answers].id
        nonce = draw.randbytes(NONCE_SIZE)
        contents.append(Reply(domain.site, domain.season, opening.id, parent, line.text, nonce))
    voices = [OPENER, *(line.voice for line in thread.replies)]
    first = {voice: place for place, voice in reversed(list(enumerate(voices)))}
    posts = []
    for place, (voice, content) in enumerate(zip(voices, contents, strict=True)):
        speaker, roster = cast[voice], thread.cast[voice].roster
        key = thread_key(speaker.secret, domain.thread_scope(opening.id))
        join = None
        if first[voice] == place:
            slot = slots.take(speaker, times[place])
            join = _joining(speaker, roster, trees[roster], content, key, slot)
        posts.append(Post(times[place], content, key, join))
    return posts


def _choose(
    cast: Mapping[str, Voice], speakers: Sequence[Speaker], trees: Mapping[str, Crowd], draw: Random
) -> dict[str, Speaker]:
    """A member for each voice, everyone once."""
    chosen: dict[str, Speaker] = {}
    # Labels with fewer members first, so that a fuller one does not take their people.
    for name, voice in sorted(cast.items(), key=lambda each: trees[each[1].roster].tree.size):
        members = set(trees[voice.roster].tree.leaves)
        free = [
            each
            for each in speakers
            if voice.company in (None, each.company)
            and each.commitment in members
            and each not in chosen.values()
        ]
        if not free:
            raise NobodyLeft(f"nobody is left for {voice}")
        chosen[name] = draw.choice(free)
    return chosen


def _joining(
    speaker: Speaker, roster: str, crowd: Crowd, content: Content, key: Ed25519PrivateKey, slot: Slot
) -> Joining:
    scope, message = join_scope_and_message(
        content=content,
        key=public_bytes(key),
        roster=roster,
        root=crowd.tree.root,
        checkpoint=crowd.checkpoint,
    )
    path = crowd.tree.path(crowd.tree.leaves.index(speaker.commitment))
    request = Request(speaker.secret, path, scope, message, content.domain, slot)
    return Joining(roster, crowd.checkpoint, request)

"""What a tick will insert: places in the thread, aliases and rows, all decided before the first statement."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from openmai.anonymity.aliases import alias_of
from openmai.anonymity.content import Opening
from openmai.anonymity.encoding import sha256
from openmai.talk.epoch import Waiting
from openmai.talk.models import Join, Persona, Post, RateNullifier, Thread
from openmai.talk.queries.publication import Existing


@dataclass(frozen=True, slots=True)
class Written:
    """The rows of one submission; only its post is always there."""

    thread_id: bytes
    post: Post
    thread: Thread | None
    persona: Persona | None
    join: Join | None
    rate: RateNullifier | None


@dataclass(frozen=True, slots=True)
class Plan:
    """Rows with a new persona first, because others may hang on it; else in the order of the content ids.
    `homeless` counts posts that came without a join and whose persona is neither published nor enters now.
    """

    rows: Sequence[Written]
    homeless: int = 0

    def halves(self) -> Iterator["Plan"]:
        middle = len(self.rows) // 2
        yield Plan(self.rows[:middle])
        yield Plan(self.rows[middle:])


def persona_id(thread: bytes, nullifier: bytes) -> bytes:
    """Key of a persona's row: SHA-256 of thread and nullifier, so that it says nothing new and needs no
    randomness.
    """
    return sha256(thread + nullifier)


def plan_rows(items: Sequence[Waiting], known: Existing, tick: datetime) -> Plan:
    """Rows for `items`, which are in the order of their ids. What is in the database already is left out."""
    fresh = [item for item in items if item.id not in known.posts]
    entering = {persona_id(item.thread, item.nullifier) for item in fresh if item.entry is not None}
    standing = entering | set(known.personas)
    planned = [item for item in fresh if persona_id(item.thread, item.nullifier) in standing]
    planner = _Planner(known, tick)
    rows = [planner.written(item) for item in planned]
    return Plan(sorted(rows, key=lambda row: row.persona is None), homeless=len(fresh) - len(planned))


class _Planner:
    """Hands out places and personas; it remembers those of this tick."""

    def __init__(self, known: Existing, tick: datetime) -> None:
        self._tick = tick
        self._next = dict(known.next_position)
        self._branch = known.branch
        self._personas = set(known.personas)
        self._words = set(known.words)

    def written(self, item: Waiting) -> Written:
        opens = isinstance(item.content, Opening)
        persona = persona_id(item.thread, item.nullifier)
        enters = item.entry is not None and persona not in self._personas
        row = Written(
            thread_id=item.thread,
            post=self._post(item, persona),
            thread=self._thread(item) if opens else None,
            persona=self._persona(item, persona) if enters else None,
            join=self._join(item, persona),
            rate=RateNullifier(nullifier=item.entry.rate, day=item.entry.day) if item.entry else None,
        )
        if enters:
            self._personas.add(persona)
        return row

    def _thread(self, item: Waiting) -> Thread:
        assert isinstance(item.content, Opening)  # noqa: S101 - the caller has looked
        return Thread(
            id=item.thread,
            season=item.content.season,
            section=item.content.section,
            title=item.content.title,
            opened_at=self._tick,
            active_at=self._tick,
        )

    def _persona(self, item: Waiting, key: bytes) -> Persona:
        alias = alias_of(int.from_bytes(item.nullifier, "big"))
        words = (item.thread, alias.en)
        numbered = words in self._words
        self._words.add(words)
        return Persona(
            id=key,
            thread_id=item.thread,
            nullifier=item.nullifier,
            key=item.key,
            roster=item.roster,
            label_en=item.entry.label_en if item.entry else "",
            label_zh=item.entry.label_zh if item.entry else "",
            words=alias.en,
            numbered=numbered,
            entered_at=self._tick,
        )

    def _post(self, item: Waiting, persona: bytes) -> Post:
        parent = None if isinstance(item.content, Opening) else item.content.parent
        position = self._next.get(item.thread, 0)
        self._next[item.thread] = position + 1
        # A reply to the opening, named or not, begins a branch of its own.
        branch = self._branch.get(parent, 0) if parent else 0
        return Post(
            id=item.id,
            thread_id=item.thread,
            parent_id=parent,
            persona_id=persona,
            content=item.content.document(),
            signature=item.signature,
            tick=self._tick,
            position=position,
            branch=branch or position,
        )

    def _join(self, item: Waiting, persona: bytes) -> Join | None:
        if item.entry is None:
            return None
        return Join(
            content_id=item.id,
            persona_id=persona,
            epoch_id=item.entry.statement,
            proof=item.entry.proof,
            tick=self._tick,
        )

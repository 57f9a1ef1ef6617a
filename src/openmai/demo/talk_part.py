"""The talk side of the demo's community: threads with real proofs, through the verifier, tick by tick.

The rosters come from the people site over HTTP, as the talk worker fetches them.
"""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.conf import settings

from openmai.anonymity.content import Content, Opening, Reply
from openmai.anonymity.keys import public_bytes, thread_key
from openmai.anonymity.leanimt import LeanIMT
from openmai.anonymity.prover import Prover
from openmai.anonymity.rosters import company_roster, unpack_leaves
from openmai.anonymity.submission import Join, build_submission, join_scope_and_message
from openmai.demo.artifacts import read_artifacts
from openmai.demo.community import CONVERSATIONS, Conversation, Line, people, timeline
from openmai.platform.config import load_talk
from openmai.talk.actions import accept_submission, write_tick
from openmai.talk.epoch import Epoch
from openmai.talk.queries.rosters import current_rosters, leaves_file
from openmai.talk.rules import Rules
from openmai.talk.snapshots import RosterSource
from openmai.talk.worker import refresh


def run(inbox: dict[str, Any], *, now: datetime, progress: Callable[[str], None]) -> dict[str, Any]:
    """Post every conversation; `inbox` holds each speaker's secret by e-mail."""
    config = load_talk()
    rules: Rules = settings.OPENMAI_RULES
    with RosterSource(config.roster_source) as source:
        refresh(source, rules=rules, now=timeline(now).talk)
    stage = _Stage(inbox["secrets"], rules)
    schedule = sorted(_schedule(now), key=lambda due: due.at)
    for number, due in enumerate(schedule, 1):
        stage.say(due)
        progress(f"{number} of {len(schedule)} posts")
    return {}


@dataclass(frozen=True)
class _Due:
    """One line of a conversation, and when it was said."""

    at: datetime
    conversation: Conversation
    line: Line


def _schedule(now: datetime) -> Iterator[_Due]:
    """Every conversation fills the time from the beginning of the talk to now."""
    began = timeline(now).talk
    for conversation in CONVERSATIONS:
        pause = (now - began) / (len(conversation.lines) + 1)
        for number, line in enumerate(conversation.lines, 1):
            yield _Due(began + number * pause, conversation, line)


class _Stage:
    """Where the conversations are played: one line, one tick."""

    def __init__(self, held: dict[str, str], rules: Rules) -> None:
        self._secrets = {(person.company.slug, person.number): int(held[person.email]) for person in people()}
        self._rules = rules
        self._openings: dict[Conversation, Opening] = {}
        self._epoch = Epoch()
        self._trees: dict[str, LeanIMT] = {}
        self._joined: set[tuple[bytes, str, int]] = set()

    @cached_property
    def _prover(self) -> Prover:
        return Prover(read_artifacts(load_talk().static_dir, 20))

    def say(self, due: _Due) -> None:
        """Submit one line and let its tick pass."""
        line, content = due.line, self._content(due)
        secret = self._secrets[line.company, line.speaker]
        key = thread_key(secret, content.domain.thread_scope(content.thread_id))
        voice = (content.thread_id, line.company, line.speaker)
        join = None
        if voice not in self._joined:
            self._joined.add(voice)
            join = self._join(line, content, secret, public_bytes(key))
        body = build_submission(content=content, key=key, join=join)
        accept_submission(body, epoch=self._epoch, rules=self._rules, now=due.at)
        write_tick(epoch=self._epoch, rules=self._rules, now=due.at + self._rules.tick)

    def _content(self, due: _Due) -> Content:
        domain, nonce = self._rules.domain(due.at), secrets.token_bytes(16)
        opening = self._openings.get(due.conversation)
        if opening is not None:
            return Reply(domain.site, domain.season, opening.id, None, due.line.text, nonce)
        section, title = due.conversation.section, due.conversation.title
        opening = Opening(domain.site, domain.season, section, title, due.line.text, nonce)
        self._openings[due.conversation] = opening
        return opening

    def _join(self, line: Line, content: Content, secret: int, key: bytes) -> Join:
        roster = company_roster(line.company, "attested")
        tree = self._tree(roster, content.domain.season)
        scope, message = join_scope_and_message(content=content, key=key, roster=roster, root=tree.root)
        path = tree.path(tree.leaves.index(self._prover.commitment(secret)))
        proof = self._prover.prove(
            secret=secret, path=path, scope=scope, message=message, randbelow=secrets.randbelow
        )
        return Join(roster, proof)

    def _tree(self, roster: str, season: str) -> LeanIMT:
        if roster not in self._trees:
            current = {each.roster: each for each in current_rosters(season, floor=self._rules.floor)}
            leaves = leaves_file(current[roster].leaves)
            if leaves is None:
                raise LookupError(f"the leaves of {roster} are not there")
            self._trees[roster] = LeanIMT(unpack_leaves(leaves))
        return self._trees[roster]

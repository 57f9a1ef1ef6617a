"""Accepting a submission: the checks of docs/protocol.md §6, in their order, each with its own refusal."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from django.utils.translation import gettext as _

from openmai.anonymity.content import Opening, Reply
from openmai.anonymity.encoding import Domain
from openmai.anonymity.fields import be32
from openmai.anonymity.gate import GateClaim, GateStatement
from openmai.anonymity.joins import JoinClaim
from openmai.anonymity.keys import verify_signature
from openmai.anonymity.membership import Claim
from openmai.anonymity.submission import Entrance, Submission, join_scope_and_message, parse_submission
from openmai.platform.clock import next_tick
from openmai.talk.admission import InForce, check_bans, check_gate, check_rate
from openmai.talk.epoch import Entry, Epoch, Moved, TakenContent, Waiting
from openmai.talk.errors import Refused
from openmai.talk.queries import standing
from openmai.talk.receipts import Receipt, State, sign_receipt
from openmai.talk.rules import Rules
from openmai.talk.sections import BY_SLUG
from openmai.talk.standing import Claimed, Known, check_persona
from openmai.talk.verifying import VERIFIER, Verifier, Verify


class UnknownSection(Refused):
    """The opening names a section that this site does not have."""

    code: ClassVar = "unknown-section"
    pointer: ClassVar = "/content/section"


class ThreadNotFound(Refused):
    """No published thread has this id."""

    code: ClassVar = "thread-not-found"
    pointer: ClassVar = "/content/thread"


class ThreadWaiting(ThreadNotFound):
    """The thread waits for its tick; it can be answered when it is published."""


class ThreadClosed(Refused):
    """The thread belongs to another season than the reply: under the secret of another season a member would
    be a second persona in it.
    """

    code: ClassVar = "wrong-season"
    pointer: ClassVar = "/content/thread"


class ParentNotFound(Refused):
    """No published post of the thread has this id."""

    code: ClassVar = "parent-not-found"
    pointer: ClassVar = "/content/parent"


class UnknownRoster(Refused):
    """No roster of this name was published this season."""

    code: ClassVar = "unknown-roster"
    pointer: ClassVar = "/join/roster"


class UnknownRoot(Refused):
    """The roster never had this root."""

    code: ClassVar = "unknown-root"
    pointer: ClassVar = "/join/root"


class WrongCheckpoint(Refused):
    """The join carries another checkpoint than the one that the roster's epoch was logged under: its writer
    saw another log.
    """

    code: ClassVar = "wrong-checkpoint"
    pointer: ClassVar = "/join/checkpoint"


class SupersededRoot(Refused):
    """The root was superseded longer ago than the grace lasts."""

    code: ClassVar = "superseded-root"
    pointer: ClassVar = "/join/root"


class BelowFloor(Refused):
    """Too few settled members share this roster."""

    code: ClassVar = "below-floor"
    pointer: ClassVar = "/join/roster"


@dataclass(frozen=True, slots=True)
class _Spoken:
    """What is being accepted: the submission as parsed, and the ids that follow from it."""

    submission: Submission
    id: bytes
    thread: bytes
    parent: bytes | None
    domain: Domain

    @classmethod
    def of(cls, submission: Submission, domain: Domain) -> "_Spoken":
        content_id = submission.content.id
        match submission.content:
            case Opening():
                return cls(submission, content_id, content_id, None, domain)
            case Reply() as reply:
                return cls(submission, content_id, reply.thread, reply.parent, domain)

    @property
    def nullifier(self) -> bytes | None:
        entrance = self.submission.entrance
        return None if entrance is None else be32(entrance.nullifier)

    @property
    def claimed(self) -> Claimed:
        join = self.submission.join
        return Claimed(self.submission.key, self.nullifier, None if join is None else join.roster)


def accept_submission(
    body: bytes, *, epoch: Epoch, rules: Rules, now: datetime, verifier: Verifier = VERIFIER
) -> Receipt:
    """Check `body` and let it wait for the next tick; the same submission again is answered the same way.

    Raises a `Refused` or an `AnonymityError` that has a code; nothing is kept of what is refused.
    """
    with verifier.announced() as verify:
        return _accept(body, epoch=epoch, rules=rules, now=now, verify=verify)


def _accept(body: bytes, *, epoch: Epoch, rules: Rules, now: datetime, verify: Verify) -> Receipt:
    current, *past = rules.seasons(now)
    parsed = parse_submission(body, domain=Domain(rules.site, current), past=past[0] if past else None)
    domain = parsed.content.domain
    spoken = _Spoken.of(parsed, domain)
    _check_section(spoken.submission.content)
    earlier = _earlier(spoken, epoch, rules)
    if earlier is not None and earlier.same:
        return earlier.receipt
    generation = epoch.generation
    known = _in_thread(spoken, epoch, is_new=earlier is None)
    entrance = spoken.submission.entrance
    bans = epoch.bans(domain, rules.gate.key)
    entry = None if entrance is None else _entry(entrance, bans, epoch, rules, now)
    persona = _admitted(spoken, known, bans, now=now)
    if entrance is not None and earlier is None:
        check_rate(entrance.gate)
    _check_proofs(spoken, bans, rules, verify)
    if earlier is not None:
        return earlier.receipt
    return _wait(spoken, persona, entry, generation=generation, epoch=epoch, rules=rules, now=now)


def _check_section(content: Opening | Reply) -> None:
    if isinstance(content, Opening) and content.section not in BY_SLUG:
        raise UnknownSection(_("This site has no section %(slug)s.") % {"slug": content.section})


@dataclass(frozen=True, slots=True)
class _Earlier:
    """The content was accepted before. `same` is false if signature or proof differ: they are checked in
    full then, and change nothing either.
    """

    receipt: Receipt
    same: bool


def _earlier(spoken: _Spoken, epoch: Epoch, rules: Rules) -> _Earlier | None:
    join = spoken.submission.join
    proofs = (spoken.submission.signature, None if join is None else join.proof.points)
    state: State = "waiting"
    waiting = epoch.get(spoken.id)
    if waiting is not None:
        key, due = waiting.key, waiting.due
        same = proofs == (waiting.signature, None if waiting.entry is None else waiting.entry.proof)
    elif (published := standing.published(spoken.id)) is not None:
        key, state, due = published.key, "published", published.tick
        same = proofs == (published.signature, published.proof)
    else:
        return None
    if key != spoken.submission.key:
        raise TakenContent
    return _Earlier(_receipt(spoken, state, due, rules), same)


def _receipt(spoken: _Spoken, state: State, due: datetime, rules: Rules) -> Receipt:
    return sign_receipt(spoken.id, state=state, due=due, rules=rules, domain=spoken.domain)


def _in_thread(spoken: _Spoken, epoch: Epoch, *, is_new: bool) -> list[Known]:
    """Check 2, and the personas, published or waiting, that check 5 compares with."""
    if is_new and isinstance(spoken.submission.content, Opening):
        # Nobody can have spoken in a thread whose opening is new.
        return epoch.personas(spoken.thread, spoken.claimed)
    found = standing.thread_standing(spoken.thread, parent=spoken.parent, claimed=spoken.claimed)
    if isinstance(spoken.submission.content, Reply):
        if found is None:
            if epoch.get(spoken.thread) is not None:
                raise ThreadWaiting(
                    _("The thread waits for its tick; it can be answered once it is published.")
                )
            raise ThreadNotFound(_("No thread of this site has this id."))
        if found.season != spoken.domain.season:
            raise ThreadClosed(
                _("The thread belongs to season %(season)s; answer it with the key of that season.")
                % {"season": found.season}
            )
        if not found.parent_found:
            raise ParentNotFound(_("No published post of this thread has this id."))
    published = () if found is None else found.personas
    return [*published, *epoch.personas(spoken.thread, spoken.claimed)]


def _admitted(spoken: _Spoken, known: Iterable[Known], bans: InForce, *, now: datetime) -> Known | None:
    """Check 5: the persona that speaks, if it is known here, and no ban is against it."""
    persona = check_persona(spoken.claimed, known, now=now)
    nullifier, joined = spoken.nullifier, None
    if nullifier is None:
        assert persona is not None  # noqa: S101 - check_persona raises JoinRequired otherwise
        nullifier, joined = persona.nullifier, persona.joined
    check_bans(bans, thread=spoken.thread, nullifier=nullifier, joined=joined)
    return persona


def _entry(entrance: Entrance, bans: InForce, epoch: Epoch, rules: Rules, now: datetime) -> Entry:
    """Check 3: the roster's epoch that the join rests on, then the gate's day and list."""
    join, domain = entrance.join, bans.domain
    roots = epoch.roots(domain.season, join.roster, join.proof.root)
    if not roots:
        if not standing.roster_is_known(domain.season, join.roster):
            raise UnknownRoster(_("This season has no roster %(roster)s.") % {"roster": join.roster})
        raise UnknownRoot(_("The roster %(roster)s never had this root.") % {"roster": join.roster})
    root = next((each for each in roots if each.checkpoint == join.checkpoint), None)
    if root is None:
        raise WrongCheckpoint(_("The roster was logged under another checkpoint; fetch it and prove again."))
    # Nobody can have proved under an epoch that was missed, and a key that was given up may stand in it.
    if root.missed or (root.superseded_at is not None and now - root.superseded_at > rules.root_grace):
        raise SupersededRoot(
            _("A newer epoch of the roster has replaced this root; fetch it and prove again.")
        )
    if root.settled < rules.floor:
        text = _("The roster has %(settled)d settled members, and %(floor)d are needed.")
        raise BelowFloor(text % {"settled": root.settled, "floor": rules.floor})
    check_gate(entrance.gate, bans, now=now)
    return Entry(
        statement=root.statement,
        proof=join.proof.points,
        label_en=root.label_en,
        label_zh=root.label_zh,
        rate=be32(entrance.gate.rate),
        day=date.fromisoformat(entrance.gate.day),
        bans_added_at=bans.current.added_at,
    )


def _check_proofs(spoken: _Spoken, bans: InForce, rules: Rules, verify: Verify) -> None:
    """Checks 4 and 6 to 8: scopes, message and every other input are our own, never the sender's."""
    submission, domain = spoken.submission, spoken.domain
    action = domain.action_bytes(spoken.id)
    verify_signature(key=submission.key, signature=submission.signature, message=action)
    if (entrance := submission.entrance) is None:
        return
    join, gate = entrance.join, entrance.gate
    scope, message = join_scope_and_message(
        content=submission.content,
        key=submission.key,
        roster=join.roster,
        root=join.proof.root,
        checkpoint=join.checkpoint,
    )
    statement = GateStatement(
        nullifier=join.proof.nullifier,
        rate=gate.rate,
        thread_scope=scope,
        rate_scope=domain.rate_scope(gate.day),
        slots=rules.slots,
        message=message,
    )
    membership = Claim(join.proof, scope, message, roots={join.proof.root})
    verify(JoinClaim(membership, GateClaim(bans.gates, statement, gate.proofs)))


def _wait(
    spoken: _Spoken,
    persona: Known | None,
    entry: Entry | None,
    *,
    generation: int,
    epoch: Epoch,
    rules: Rules,
    now: datetime,
) -> Receipt:
    """Check 9. A tick that was written meanwhile makes us ask the database again, but not the proof."""
    due = next_tick(now, rules.tick_seconds)
    while True:
        item = _waiting(spoken, persona, entry, due=due, now=now)
        try:
            kept = epoch.add(item, generation=generation, tick=rules.tick)
        except Moved:
            generation = epoch.generation
        else:
            return _receipt(spoken, "waiting", kept.due, rules)
        if (published := standing.published(spoken.id)) is not None:
            return _receipt(spoken, "published", published.tick, rules)
        persona = _asked_again(spoken, epoch, rules, now=now)


def _asked_again(spoken: _Spoken, epoch: Epoch, rules: Rules, *, now: datetime) -> Known | None:
    """What a tick may have changed: personas, the ban list, used slots."""
    bans = epoch.bans(spoken.domain, rules.gate.key)
    if (entrance := spoken.submission.entrance) is not None:
        check_gate(entrance.gate, bans, now=now)
        check_rate(entrance.gate)
    return _admitted(spoken, _in_thread(spoken, epoch, is_new=True), bans, now=now)


def _waiting(
    spoken: _Spoken, persona: Known | None, entry: Entry | None, *, due: datetime, now: datetime
) -> Waiting:
    submission, join = spoken.submission, spoken.submission.join
    if join is not None:
        nullifier, roster = be32(join.proof.nullifier), join.roster
    else:
        assert persona is not None  # noqa: S101 - check_persona raises JoinRequired otherwise
        nullifier, roster = persona.nullifier, persona.roster
    return Waiting(
        id=spoken.id,
        thread=spoken.thread,
        content=submission.content,
        key=submission.key,
        signature=submission.signature,
        nullifier=nullifier,
        roster=roster,
        entry=entry,
        accepted=now,
        due=due,
    )

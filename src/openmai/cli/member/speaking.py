"""Speaking: content becomes a submission, proved when the persona is new, and leaves through the outbox."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NoReturn

from openmai.anonymity.artifacts import Artifacts
from openmai.anonymity.content import Content, parse_content
from openmai.anonymity.documents import DocumentRefused
from openmai.anonymity.errors import AnonymityError
from openmai.anonymity.gate import Gate
from openmai.anonymity.keys import public_bytes, thread_key
from openmai.anonymity.membership import verify_membership
from openmai.anonymity.prover import Prover
from openmai.anonymity.prover.gate import GateRequest
from openmai.anonymity.rosters import RosterIndex
from openmai.anonymity.submission import (
    Entrance,
    Join,
    Submission,
    build_submission,
    join_scope_and_message,
    parse_submission,
)
from openmai.cli.member.artifacts import load_artifacts
from openmai.cli.member.errors import Refused, StillWaiting, Unreachable, Usage
from openmai.cli.member.gate import MemberGate, reason_to_prove_again, refuse_banned
from openmai.cli.member.identity import Identity
from openmai.cli.member.mirror import CheckedRoster, Mirror, candidates, labels, names_roster
from openmai.cli.member.outbox import Entry, Outbox, Persona
from openmai.cli.member.sites import fetch_state, submit
from openmai.cli.member.words import gettext as _
from openmai.cli.member.words import reason_of

# Docs/protocol.md §5: a join holds for seven days; an hour less, for clocks that differ.
JOIN_HOLDS: Final = 7 * 86_400 - 3_600
# The site asks for a proof, or for one under a newer root.
_PROVE_AGAIN: Final = {
    "join-required", "join-expired", "superseded-root", "unknown-root", "wrong-checkpoint",
    "stale-bans", "bans-changed", "rate-used", "wrong-day",
}  # fmt: skip
# A tick may pass while a proof is made, and another device may have used the slot.
_ATTEMPTS: Final = 4
# A roster that is no good falls back to the next, as a browser offers it.
_TRY_NEXT: Final = {"below-floor", "unknown-roster", "not-in-roster"}


@dataclass(frozen=True, slots=True)
class Speaker:
    """One member at one talk site. `now` is Unix seconds, `randbelow` must be unpredictable."""

    identity: Identity
    mirror: Mirror
    outbox: Outbox
    gate: MemberGate
    cache: Path
    now: Callable[[], int]
    sleep: Callable[[float], None]
    randbelow: Callable[[int], int]
    floor: int

    def prepare(self, content: Content, *, wanted: str | None, within: int = 0) -> Entry:
        """Write the content into the outbox, proved and signed.

        It is sent at a random time of the next `within` seconds. Raises `Refused`, `Usage` or `Unreachable`;
        then nothing is kept.
        """
        label = self._label_in(content.thread_id, wanted)
        persona = self.outbox.persona(content.thread_id)
        not_before = self.now() + self.randbelow(within + 1) if within else 0
        if persona is not None and self.now() - persona.joined < JOIN_HOLDS:
            entry = self._entry(content, persona.roster, None)
        else:
            entrance = self._enter(content, label, at=not_before or self.now())
            entry = self._entry(content, entrance.join.roster, entrance)
        entry = replace(entry, not_before=not_before)
        self.outbox.put(entry)
        return entry

    def _label_in(self, thread: bytes, wanted: str | None) -> str:
        """Whom to speak as: what binds in this thread, else what is asked for, and never a guess."""
        fixed = self.outbox.label_in(thread)
        if fixed is None:
            return wanted or self._ask_for_label()
        if wanted is not None and not names_roster(wanted, fixed):
            message = _("You speak in this thread as %(roster)s already, and that cannot change.")
            raise Refused(message % {"roster": fixed}, code="label-fixed")
        return fixed

    def _ask_for_label(self) -> NoReturn:
        message = _(
            "Say whom to speak as, with --as and one of: %(labels)s. "
            "It is chosen anew in each thread, and binds there."
        )
        raise Usage(message % {"labels": ", ".join(labels(self.identity.rosters))})

    def deliver(self, entry: Entry) -> Entry | None:
        """Send an entry, proving again if the site asks for it; None when it is published already.

        Raises `Refused`, and the entry stays with the reason, or `Unreachable`, and it stays as it was.
        """
        for attempt in range(_ATTEMPTS):
            try:
                return self._send(entry)
            except Refused as error:
                if error.code not in _PROVE_AGAIN or attempt == _ATTEMPTS - 1:
                    self._keep_refused(entry, error)
                    raise
                entry = self._prove_again(entry, error.code)
        raise AssertionError("the last attempt returns or raises")

    def watch(self, entry: Entry, *, patience: float, report: Callable[[int, int], None]) -> None:
        """Wait until the entry is seen published, and send it again if the site has lost it.

        Raises `StillWaiting` when `patience` (seconds) is over.
        """
        begun = self.now()
        pause = min(max(self.mirror.facts.tick_seconds / 4, 1.0), 30.0)
        while (passed := self.now() - begun) <= patience:
            report(passed, 0)
            state = self._state(entry)
            if state == "published" or (state == "unknown" and self.deliver(entry) is None):
                self.outbox.remove(entry.action)
                return
            self.sleep(pause)
        raise StillWaiting(_("Not published yet; it stays in the outbox. “openmai outbox send” looks again."))

    def _state(self, entry: Entry) -> str:
        try:
            return fetch_state(self.mirror.web, entry.action)
        except Unreachable:
            # A site that restarts is back in a moment; patience has an end.
            return "waiting"

    def _send(self, entry: Entry) -> Entry | None:
        receipt = submit(self.mirror.web, entry.body, action=entry.action, facts=self.mirror.facts)
        if (join := entry.submission.join) is not None:
            self.outbox.remember(entry.submission.thread_id, Persona(join.roster, self.now()))
        if receipt.state == "published":
            self.outbox.remove(entry.action)
            return None
        accepted = replace(entry, due=receipt.due, refused="")
        self.outbox.put(accepted)
        return accepted

    def _keep_refused(self, entry: Entry, error: Refused) -> None:
        self.outbox.put(replace(entry, refused=error.code or "refused"))

    def _prove_again(self, entry: Entry, code: str) -> Entry:
        """The same content under the same roster: the persona and its label do not change. The slot neither,
        unless it is used or its day is over.
        """
        content, before = entry.submission.content, entry.submission.entrance
        if (reason := reason_to_prove_again(code)) is not None:
            self.mirror.progress.advise(reason)
        keep = None if before is None or code == "rate-used" else before.gate
        try:
            entrance = self._enter(content, entry.roster, at=self.now(), keep=keep)
        except Refused as error:
            self._keep_refused(entry, error)
            raise
        proved = replace(entry, submission=self._entry(content, entry.roster, entrance).submission)
        self.outbox.put(proved)
        return proved

    def _entry(self, content: Content, roster: str, entrance: Entrance | None) -> Entry:
        return Entry(self._submission(content, entrance), self.mirror.web.origin, roster)

    def _submission(self, content: Content, entrance: Entrance | None) -> Submission:
        key = thread_key(self.identity.secret, content.domain.thread_scope(content.thread_id))
        try:
            return parse_submission(
                build_submission(content=content, key=key, entrance=entrance), domain=content.domain
            )
        except DocumentRefused as error:
            raise Usage(_("This cannot be posted: %(error)s.") % {"error": reason_of(error)}) from error

    def _enter(self, content: Content, wanted: str, *, at: int, keep: Gate | None = None) -> Entrance:
        """Both proofs: under the first roster that one may speak from, and at the gate on the day of `at`."""
        # Before seconds of proving: what was typed may be too long.
        self._check_form(content)
        bans = self.gate.bans(self.mirror.log)
        index = self.mirror.index()
        roster = self._first_fit(index, candidates(index, wanted))
        artifacts = load_artifacts(20, web=self.mirror.web, cache=self.cache, progress=self.mirror.progress)
        files = self.gate.files()
        refuse_banned(bans, self.identity.secret)
        slot = self.gate.slot(self.identity.secret, at=at, keep=keep, randbelow=self.randbelow)
        join = self._join(content, roster, artifacts)
        scope, message = self._proved_over(content, roster)
        request = GateRequest(
            self.identity.secret, content.domain, scope, message, slot.day, slot.number, self.gate.facts.slots
        )
        return Entrance(join, self.gate.prove(request, bans, files, randbelow=self.randbelow))

    def _proved_over(self, content: Content, roster: CheckedRoster) -> tuple[int, int]:
        """Scope and message of a join under `roster`."""
        key = thread_key(self.identity.secret, content.domain.thread_scope(content.thread_id))
        return join_scope_and_message(
            content=content,
            key=public_bytes(key),
            roster=roster.statement.roster,
            root=roster.statement.root,
            checkpoint=roster.checkpoint,
        )

    def _check_form(self, content: Content) -> None:
        try:
            parse_content(content.document(), domain=self.mirror.facts.domain)
        except DocumentRefused as error:
            raise Usage(_("This cannot be posted: %(error)s.") % {"error": reason_of(error)}) from error

    def _first_fit(self, index: RosterIndex, names: Sequence[str]) -> CheckedRoster:
        refusals: list[Refused] = []
        for name in names:
            try:
                return self.mirror.checked(index, name, commitment=self.identity.commitment, floor=self.floor)
            except Refused as error:
                if error.code not in _TRY_NEXT:
                    raise
                refusals.append(error)
        raise Refused("\n".join(map(str, refusals)), code=refusals[-1].code)

    def _join(self, content: Content, roster: CheckedRoster, artifacts: Artifacts) -> Join:
        name, root = roster.statement.roster, roster.statement.root
        scope, message = self._proved_over(content, roster)
        progress = self.mirror.progress
        try:
            with progress.waiting(
                _("Proving that you are one of %(live)d") % {"live": roster.statement.live}
            ):
                proof = Prover(artifacts).prove(
                    secret=self.identity.secret,
                    path=roster.path,
                    scope=scope,
                    message=message,
                    randbelow=self.randbelow,
                )
                # With the pinned key and the roster's own root: a doctored key could tell who proved.
                verify_membership(proof, scope=scope, message=message, roots={root})
        except AnonymityError as error:
            raise Refused(
                _("The proof does not hold and is not sent: %(error)s.") % {"error": reason_of(error)}
            ) from error
        return Join(name, proof, roster.checkpoint)

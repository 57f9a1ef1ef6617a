"""A member at a talk site: the key, the outbox and the site's facts, brought together for the commands."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from openmai.anonymity.aliases import Alias, alias_of
from openmai.anonymity.content import Content, Opening, Reply, tidy_text
from openmai.anonymity.documents import DocumentRefused
from openmai.anonymity.encoding import Domain, circuit_input
from openmai.anonymity.enrolment import prove_enrolment, verify_enrolment
from openmai.anonymity.errors import NotCanonical
from openmai.anonymity.fields import parse_hex
from openmai.anonymity.log.view import LogTrust
from openmai.anonymity.poseidon import poseidon2
from openmai.anonymity.proof_file import ClaimFailed, VerifiedPost, verify_proof_file
from openmai.anonymity.prover import Prover, new_secret
from openmai.anonymity.rosters import RosterStatement
from openmai.anonymity.seasons import open_seasons
from openmai.anonymity.tickets import Ticket, build_answer, decode_ticket
from openmai.cli.member import checking, identity, recovery
from openmai.cli.member.artifacts import load_artifacts
from openmai.cli.member.epochs import Removals
from openmai.cli.member.errors import IdentityTrouble, MemberError, Refused, Usage
from openmai.cli.member.gate import MemberGate
from openmai.cli.member.home import Home, default_cache, default_home, read_private, write_private
from openmai.cli.member.mirror import SMALLEST_CROWD, Mirror
from openmai.cli.member.outbox import Entry, Outbox
from openmai.cli.member.pins import Pins, pin_roster_key, write_pins
from openmai.cli.member.show import Progress
from openmai.cli.member.sites import (
    SiteFacts,
    fetch_facts,
    fetch_proof_file,
    send_answer,
)
from openmai.cli.member.speaking import Speaker
from openmai.cli.member.web import Web, read_origin
from openmai.cli.member.words import gettext as _
from openmai.cli.member.words import reason_of


@dataclass(frozen=True, slots=True)
class Made:
    """A new key, as it is shown once."""

    domain: Domain
    commitment: int
    code: str
    path: Path
    backup: Path
    roster_key: bytes


@dataclass(frozen=True, slots=True)
class Member:
    """The person at this machine, at one talk site. `now` is Unix seconds."""

    home: Home
    cache: Path
    web: Web
    facts: SiteFacts
    now: int
    progress: Progress

    @classmethod
    def at(cls, talk: str | None, *, now: int, progress: Progress) -> "Member":
        """The member at the talk site `talk`, or at the one last used. Old keys are deleted."""
        home = default_home()
        web = Web(talk or last_talk_origin(home))
        try:
            with progress.waiting(_("Asking %(origin)s") % {"origin": web.origin}):
                facts = fetch_facts(web, now=now)
        except MemberError:
            open_home(now=now, progress=progress)
            raise
        _compare_clocks(home, facts, web.origin, progress)
        open_home(now=now, progress=progress)
        write_private(home.talk_origin, {"origin": web.origin})
        return cls(home, default_cache(), web, facts, now, progress)

    @property
    def domain(self) -> Domain:
        return self.facts.domain

    def of_season(self, season: str) -> "Member":
        """The same member in a season whose threads are open: another key, another outbox."""
        return replace(self, facts=self.facts.of_season(season))

    @property
    def open_seasons(self) -> list["Member"]:
        """The member in each season whose threads are open, the current one first."""
        return [self.of_season(season.id) for season in open_seasons(self.now)]

    @property
    def outbox(self) -> Outbox:
        return Outbox(self.home, self.domain)

    def pin(self, *, expected: bytes | None = None) -> Pins:
        return pin_roster_key(self.home, self.domain.site, self.facts.roster_key, expected=expected)

    def _prover(self, depth: int) -> Prover:
        return Prover(load_artifacts(depth, web=self.web, cache=self.cache, progress=self.progress))

    def new_identity(
        self,
        *,
        randbelow: Callable[[int], int],
        randbytes: Callable[[int], bytes],
        locked: bool,
        roster_key: bytes | None,
    ) -> Made:
        """Make and keep a secret; raise `IdentityTrouble` if this season has one already."""
        self._refuse_second_key()
        pins = self.pin(expected=roster_key)
        secret, code = new_secret(randbelow), randbytes(recovery.CODE_SIZE)
        sealed = recovery.seal(domain=self.domain, secret=secret, code=code, randbytes=randbytes)
        commitment = self._keep(secret, sealed=sealed if locked else None)
        folder = self.home.season(self.domain.site, self.domain.season)
        backup = folder / "backup.json"
        write_private(backup, sealed)
        return Made(
            self.domain,
            commitment,
            recovery.show_code(code),
            folder / "identity.json",
            backup,
            pins.roster_key,
        )

    def restore_identity(self, backup: bytes, *, code: str) -> int:
        """Keep the secret of a backup file and return its commitment; raise `IdentityTrouble`."""
        domain, secret = recovery.read_backup(backup, code=recovery.read_code(code))
        if domain != self.domain:
            message = _("The backup is of %(site)s, season %(season)s.")
            raise IdentityTrouble(message % {"site": domain.site, "season": domain.season})
        self._refuse_second_key()
        self.pin()
        return self._keep(secret, sealed=None)

    def _refuse_second_key(self) -> None:
        if identity.identity_exists(self.home, self.domain):
            message = _(
                "You have a key for %(site)s in season %(season)s already; a second would be in no roster."
            )
            raise IdentityTrouble(message % {"site": self.domain.site, "season": self.domain.season})

    def _keep(self, secret: int, *, sealed: dict[str, Any] | None) -> int:
        commitment = self.commitment(secret)
        identity.save_identity(self.home, identity.Identity(self.domain, commitment, secret, sealed=sealed))
        return commitment

    def commitment(self, secret: int) -> int:
        """What the world may see of a secret."""
        return self._prover(1).commitment(secret)

    def trust(self, roster_key: bytes) -> None:
        """Believe only rosters signed by this key from now on."""
        write_pins(self.home, self.domain.site, Pins(roster_key, 0))

    def load(self, ask_code: Callable[[], str]) -> identity.Identity:
        return identity.load_identity(self.home, self.domain, ask_code=ask_code)

    def enrol(
        self, text: str, *, randbelow: Callable[[int], int], ask_code: Callable[[], str]
    ) -> tuple[str, ...]:
        """Answer a ticket and return the rosters that the people site names; raise `Usage`, `Refused`, …"""
        try:
            ticket = decode_ticket(text.strip(), domain=self.domain)
        except DocumentRefused as error:
            raise Usage(_("The ticket cannot be used: %(error)s.") % {"error": reason_of(error)}) from error
        own = self.load(ask_code)
        answer = self._answer(ticket, own, randbelow)
        # Another origin, and the only command that talks to it: enrolling is done under one's own name.
        told = send_answer(Web(self.facts.people_origin), answer)
        if told.get("commitment") != str(own.commitment) or not isinstance(told.get("rosters"), list):
            raise Refused(_("The people site registered something else than your key."))
        enrolled = identity.with_rosters(own, told["rosters"])
        identity.save_identity(self.home, enrolled)
        return enrolled.rosters

    def _answer(self, ticket: Ticket, own: identity.Identity, randbelow: Callable[[int], int]) -> bytes:
        prover = self._prover(1)
        with self.progress.waiting(_("Proving that you know the secret of your key")):
            commitment, proof = prove_enrolment(
                prover,
                secret=own.secret,
                domain=ticket.domain,
                account=ticket.account,
                nonce=ticket.nonce,
                randbelow=randbelow,
            )
        if commitment != own.commitment:
            raise IdentityTrouble(_("The key file is damaged: its commitment is not its secret's."))
        answer = build_answer(ticket=ticket, commitment=commitment, proof=proof)
        verify_enrolment(
            domain=ticket.domain,
            account=ticket.account,
            nonce=ticket.nonce,
            commitment=str(commitment),
            nullifier=str(proof.nullifier),
            proof=proof.points.hex(),
        )
        return answer

    def speaker(
        self,
        *,
        floor: int | None,
        ask_code: Callable[[], str],
        clock: Callable[[], int],
        randbelow: Callable[[int], int],
        sleep: Callable[[float], None],
    ) -> Speaker:
        """The member, ready to speak."""
        own = self.load(ask_code)
        mirror = self._mirror()
        least = SMALLEST_CROWD if floor is None else floor
        gate = MemberGate(self.web, self.facts, self.home, self.cache, self.progress)
        return Speaker(own, mirror, self.outbox, gate, self.cache, clock, sleep, randbelow, least)

    def _mirror(self) -> Mirror:
        return Mirror(self.web, self.facts, self.pin(), self.home, self.progress)

    def accept(self, roster: str, *, epoch: int) -> tuple[Removals | None, RosterStatement]:
        """Accept the current epoch of a roster although many members are gone."""
        mirror = self._mirror()
        return mirror.accept(mirror.index(), roster, epoch=epoch)

    def opening(self, *, section: str, title: str, body: str, nonce: bytes) -> Opening:
        """The opening of a new thread, its text tidied; raise `Usage` if there is no such section."""
        if section not in self.facts.sections:
            known = ", ".join(self.facts.sections)
            raise Usage(
                _("There is no section %(section)s; there are %(known)s.")
                % {"section": section, "known": known}
            )
        plain_title = " ".join(tidy_text(title).split("\n"))
        return Opening(self.domain.site, self.domain.season, section, plain_title, tidy_text(body), nonce)

    def reply(self, target: str, *, body: str, nonce: bytes) -> Reply:
        """A reply in the thread of `target`, a link or an id.

        The thread's id is recomputed from the opening that the site shows: a site that showed one thread and
        meant another could make two personas of one member linkable. All who entered the thread must have
        seen the same log.
        """
        log = self._mirror().log
        view = log.view()
        answered = self._verified(target)
        log.check_thread(view, answered.thread_id, joined=answered.logged.joined, now=self.now)
        thread = answered.thread_id
        parent = None if answered.post_id == thread else answered.post_id
        return Reply(answered.site, answered.season, thread, parent, tidy_text(body), nonce)

    def _verified(self, target: str) -> VerifiedPost:
        """The post that is answered, proved to its reader."""
        post = _post_id(target, self.web)
        key = self.pin().roster_key
        # Its own checkpoint may be of the last minute, which no witness has seen; the reader's has a quorum.
        trust = LogTrust(self.facts.log.key)
        try:
            answered = verify_proof_file(fetch_proof_file(self.web, post), roster_key=key, log=trust)
        except ClaimFailed as error:
            raise checking.require_claim(error) from error
        if answered.post_id != post:
            raise Refused(_("The site sent another post than the one that was asked for."))
        seasons = [season.id for season in open_seasons(self.now)]
        if answered.site != self.domain.site or answered.season not in seasons:
            raise Refused(_("The thread belongs to a season that is over; it can no longer be answered."))
        return answered

    def send_outbox(
        self, speaker: Speaker, *, everything: bool, wait: bool, watch: Callable[[Speaker, Entry], None]
    ) -> int:
        """Send or look for each entry whose time has come; return how many stay."""
        for entry in list(self.outbox.entries()):
            if entry.talk_origin != self.web.origin or (entry.not_before > self.now and not everything):
                continue
            try:
                sent = speaker.deliver(entry)
                if sent is not None and wait:
                    watch(speaker, sent)
            except MemberError as error:
                self.progress.advise(f"{entry.action.hex()[:12]}: {error}")
        return len(list(self.outbox.entries()))

    def drop(self, beginning: str) -> bytes:
        """Forget one entry of the outbox and return its id."""
        holder, entry = self._waiting(beginning)
        holder.outbox.remove(entry.action)
        return entry.action

    def _waiting(self, beginning: str) -> "tuple[Member, Entry]":
        """An entry of an open season whose id begins so, and the member as of that season."""
        past = [each for each in self.open_seasons if each.outbox.has(beginning)]
        holder = past[0] if past else self
        return holder, holder.outbox.find(beginning)

    def link(self, entry: Entry) -> str:
        return f"{self.web.origin}/p/{entry.action.hex()}"


def alias_in(own: identity.Identity, content: Content) -> Alias:
    """The alias that this member has in the thread of `content`."""
    scope = circuit_input(content.domain.thread_scope(content.thread_id))
    return alias_of(poseidon2(scope, own.secret))


def open_home(*, now: int, progress: Progress) -> Home:
    """The member's folder, after keys of seasons long over were deleted."""
    home = default_home()
    forgotten = home.forget_old(now=now)
    for site, season in forgotten.gone:
        message = _("Deleted the key of %(site)s, season %(season)s: the season is over.")
        progress.advise(message % {"site": site, "season": season})
    for site, season in forgotten.held:
        message = _(
            "By this machine's clock the key of %(site)s, season %(season)s, is to be deleted; by the site's "
            "it is not yet. It is kept until both agree. If your clock is right, delete it: %(folder)s"
        )
        progress.advise(message % {"site": site, "season": season, "folder": home.season(site, season)})
    return home


def _compare_clocks(home: Home, facts: SiteFacts, origin: str, progress: Progress) -> None:
    """Remember how far the clocks are apart, and say so if it matters."""
    if facts.ahead != home.ahead(facts.domain.site):
        home.remember_ahead(facts.domain.site, facts.ahead)
    if facts.ahead:
        message = (
            _("This machine's clock is %(minutes)d minutes ahead of that of %(origin)s.")
            if facts.ahead > 0
            else _("This machine's clock is %(minutes)d minutes behind that of %(origin)s.")
        )
        told = message % {"minutes": abs(facts.ahead) // 60, "origin": origin}
        progress.advise(f"{told} " + _("Nothing is lost; set it right if it is wrong."))


def known_identities(*, now: int, progress: Progress) -> list[dict[str, Any]]:
    """What may be shown of each key on this machine."""
    home = open_home(now=now, progress=progress)
    domains = [Domain(*each) for each in home.seasons()]
    return [identity.shown_identity(home, each) for each in domains if identity.identity_exists(home, each)]


def outbox_entries(*, now: int, progress: Progress) -> list[dict[str, Any]]:
    """Every entry of every outbox on this machine."""
    home = open_home(now=now, progress=progress)
    return [_shown(entry, now) for each in home.seasons() for entry in Outbox(home, Domain(*each)).entries()]


def _shown(entry: Entry, now: int) -> dict[str, Any]:
    content = entry.submission.content
    state = "waiting" if entry.due else "later" if entry.not_before > now else "new"
    return {
        "action": entry.action.hex(),
        "thread": entry.submission.thread_id.hex(),
        "talk": entry.talk_origin,
        "roster": entry.roster,
        "state": f"refused ({entry.refused})" if entry.refused else state,
        "refused": entry.refused,
        "due": entry.due,
        "not_before": entry.not_before,
        "text": content.title if isinstance(content, Opening) else content.body.split("\n")[0][:120],
    }


def last_talk_origin(home: Home) -> str:
    try:
        origin = read_private(home.talk_origin).get("origin")
    except FileNotFoundError:
        origin = None
    if not isinstance(origin, str):
        raise Usage(_("Name the talk site once with --talk ADDRESS."))
    return origin


def _post_id(target: str, web: Web) -> bytes:
    if checking.is_link(target):
        if read_origin(target) != web.origin:
            raise Usage(_("%(target)s is not on %(origin)s.") % {"target": target, "origin": web.origin})
        return checking.post_of_link(target)
    try:
        return parse_hex(target.strip(), size=32)
    except NotCanonical as error:
        raise Usage(_("%(target)s is neither a link nor the id of a post.") % {"target": target}) from error

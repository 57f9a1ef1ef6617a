"""A small fixed world to send submissions to: the cast, their proofs, and what a database would answer.

Nothing of the talk site is rebuilt here. Only the six questions that it asks its database while it accepts a
submission are answered from memory; everything else is the code that runs.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from unittest.mock import patch

from django.conf import settings
from tests.factories.cast import DOMAIN, HARBOUR, SITE, Cast, Member
from tests.factories.gate import ban_list, made_gate
from tests.factories.published import PublishedRoster

from openmai.anonymity.bans import Ban, BanList
from openmai.anonymity.content import Opening, Reply
from openmai.anonymity.encoding import Domain, circuit_input
from openmai.anonymity.fields import be32
from openmai.anonymity.keys import public_bytes
from openmai.anonymity.poseidon import poseidon2
from openmai.anonymity.submission import Submission, parse_submission, sign_content
from openmai.talk.actions import submissions
from openmai.talk.queries.bans import CurrentBans
from openmai.talk.queries.standing import Published, RosterRoot, ThreadStanding
from openmai.talk.standing import Claimed, Known

# Of season s228, and still within the grace of s227.
NOW: Final = datetime(2026, 3, 20, 10, 0, 30, tzinfo=UTC)
PAST: Final = Domain(SITE, "s227")
UNTIL: Final = "2026-05-01T00:00:00Z"
DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Seed:
    """A valid submission, and who sends it. `known` says that the persona needs no join."""

    name: str
    member: Member
    body: bytes
    submission: Submission
    known: bool


@dataclass
class Thread:
    """A published thread; `personas` are those that spoke in it."""

    opening: Opening
    posts: set[bytes]
    personas: list[Known] = field(default_factory=list)


class World:
    """Two pages of bans stand against the seeds of the season, one empty page against that of the past."""

    def __init__(self) -> None:
        self.cast = Cast()
        self.threads: dict[bytes, Thread] = {}
        self.roots: dict[tuple[str, str, int], list[RosterRoot]] = {}
        self.rates: set[bytes] = set()
        self.seeds: list[Seed] = []
        self.rules = replace(
            settings.OPENMAI_RULES,
            roster_key=self.cast.roster_key,
            receipt_key=self.cast.receipt_key,
            log_key=self.cast.log_key,
            gate_dir=made_gate().folder,
        )
        self._take_over_rosters()
        self._ban()
        self._speak()

    def _take_over_rosters(self) -> None:
        cast = self.cast
        for roster in cast.rosters.values():
            self._hold(roster)
        harbour = cast.rosters[HARBOUR]
        # The same leaves a day later: the same root behind another checkpoint.
        self.aged = cast.sign_roster(HARBOUR, harbour.tree.leaves, epoch=2)
        self._hold(self.aged)
        # The root of another crowd, which was replaced long ago.
        self.superseded = cast.publish(HARBOUR, others=22)
        self._hold(self.superseded, superseded=NOW - 9 * DAY)
        self.past = cast.sign_roster(HARBOUR, harbour.tree.leaves, domain=PAST)
        self._hold(self.past)

    def _hold(self, roster: PublishedRoster, *, superseded: datetime | None = None) -> None:
        said = roster.statement
        label = ("", "") if said.label is None else (said.label.en, said.label.zh)
        found = RosterRoot(
            roster.signed.name, self.cast.checkpoint_of(roster), said.settled, superseded, False, *label
        )
        self.roots.setdefault((said.season, said.roster, said.root), []).insert(0, found)

    def _ban(self) -> None:
        """Mallory in the thread that everybody answers in, and thirty strangers."""
        self.night = self.cast.opening()
        scope = DOMAIN.thread_scope(self.night.id)
        persona = poseidon2(circuit_input(scope), self.cast.mallory.secret)
        mallory = Ban.of(DOMAIN, thread=self.night.id, nullifier=persona, until=UNTIL, reason="threat")
        others = [
            Ban.of(DOMAIN, thread=be32(n), nullifier=1000 + n, until=UNTIL, reason="spam") for n in range(30)
        ]
        bans = ban_list(mallory, *others, site=SITE, season=DOMAIN.season)
        empty = BanList(SITE, PAST.season, 0, ())
        self.bans = {
            DOMAIN: CurrentBans(bans, bans.encoded(), bans.digest, NOW - 3 * DAY),
            PAST: CurrentBans(empty, empty.encoded(), empty.digest, None),
        }

    def _speak(self) -> None:
        cast, alice, bob = self.cast, self.cast.alice, self.cast.bob
        night = self.night
        opened = self._seed("known", alice, night)
        self._publish(night, [(alice, HARBOUR, 2), (bob, HARBOUR, 1)])
        self.rates.add(be32(opened.submission.entrance.gate.rate))
        self.published = Published(
            opened.submission.key,
            opened.submission.signature,
            opened.submission.join.proof.points,
            NOW - 2 * DAY,
        )
        pay = cast.opening(title="Pay day", body="The 28th again?")
        self._publish(pay, [(cast.mallory, "site", 1), (bob, HARBOUR, 5)])
        old = replace(cast.opening(title="Before Christmas"), season=PAST.season)
        self._publish(old, [(alice, HARBOUR, 30)])
        self.pay, self.old = pay, old
        self._seed("opening", alice, cast.opening(title="Rosters", body="They came on Friday evening.\n好。"))
        self._seed("newcomer", alice, cast.reply(pay, body="Never on time."))
        self._seed("again", bob, cast.reply(night, body="Seven.", parent=night.id))
        self._seed("signature", alice, cast.reply(night, body="Who else?"), None)
        self._seed("past", bob, cast.reply(old, body="It was so."), self.past)
        self._seed("anyone", alice, cast.reply(old, body="As I said."), self.past)
        self._overhear()

    def _overhear(self) -> None:
        """True proofs of what nobody asks here: more slots, an empty list, another day, another member."""
        cast, empty = self.cast, BanList(SITE, DOMAIN.season, 0, ())
        newcomer, past = (
            next(each for each in self.seeds if each.name == name) for name in ("newcomer", "past")
        )
        joined = past.submission.join
        cast.slots_a_day = 31
        many = cast.gated(past.member, past.submission.content, joined, slot=30)
        cast.slots_a_day = 30
        content, join = newcomer.submission.content, newcomer.submission.join
        self.heard = [
            *(seed.submission.entrance for seed in self.seeds if seed.submission.entrance),
            many,
            cast.gated(newcomer.member, content, join, bans=empty),
            cast.gated(newcomer.member, content, join, bans=self.bans[DOMAIN].bans, day="2026-03-18"),
            cast.entrance(cast.bob, content, bans=self.bans[DOMAIN].bans),
        ]

    def _publish(self, opening: Opening, spoken: Sequence[tuple[Member, str, int]]) -> None:
        scope = opening.domain.thread_scope(opening.id)
        self.threads[opening.id] = Thread(
            opening,
            {opening.id},
            [
                Known(
                    be32(poseidon2(circuit_input(scope), member.secret)),
                    public_bytes(member.key_in(opening.id, opening.domain)),
                    roster,
                    NOW - days * DAY,
                )
                for member, roster, days in spoken
            ],
        )

    def _seed(
        self,
        name: str,
        member: Member,
        content: Opening | Reply,
        roster: str | PublishedRoster | None = HARBOUR,
    ) -> Seed:
        bans, known = self.bans[content.domain].bans, name in ("again", "signature")
        body = (
            self.cast.submission(member, content, None)
            if roster is None
            else self.cast.submission(member, content, roster, bans=bans)
        )
        seed = Seed(name, member, body, parse_submission(body, domain=content.domain), known)
        self.seeds.append(seed)
        return seed

    def sign(self, member: Member, content: Opening | Reply) -> tuple[bytes, bytes]:
        """Key and signature of this member's persona over `content`."""
        key = member.key_in(content.thread_id, content.domain)
        return public_bytes(key), sign_content(content, key)

    # What the database would answer.

    def published_post(self, content_id: bytes) -> Published | None:
        return self.published if content_id == self.night.id else None

    def thread_standing(
        self, thread: bytes, *, parent: bytes | None, claimed: Claimed
    ) -> ThreadStanding | None:
        found = self.threads.get(thread)
        if found is None:
            return None
        personas = tuple(
            each for each in found.personas if each.key == claimed.key or each.nullifier == claimed.nullifier
        )
        return ThreadStanding(found.opening.season, parent is None or parent in found.posts, personas)

    def roster_roots(self, season: str, roster: str, root: int) -> list[RosterRoot]:
        return self.roots.get((season, roster, root), [])

    def roster_is_known(self, season: str, roster: str) -> bool:
        return any((season, roster) == key[:2] for key in self.roots)

    def current_bans(self, domain: Domain) -> CurrentBans:
        return self.bans[domain]

    def rates_used(self, nullifiers: Sequence[int]) -> frozenset[bytes]:
        return frozenset(map(be32, nullifiers)) & self.rates

    @contextmanager
    def answering(self) -> Iterator[None]:
        """While this lasts, the talk site asks this world and no database."""
        standing = submissions.standing
        answers = {
            (standing, "published"): self.published_post,
            (standing, "thread_standing"): self.thread_standing,
            (standing, "roster_is_known"): self.roster_is_known,
            ("openmai.talk.epoch", "roster_roots"): self.roster_roots,
            ("openmai.talk.epoch", "current_bans"): self.current_bans,
            ("openmai.talk.admission", "rates_used"): self.rates_used,
        }
        with ExitStack() as stack:
            for (module, name), answer in answers.items():
                stack.enter_context(
                    patch(f"{module}.{name}", answer)
                    if isinstance(module, str)
                    else patch.object(module, name, answer)
                )
            yield

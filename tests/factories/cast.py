"""The cast, and a small world for them to speak in: secrets, rosters, signing keys, real proofs.

Alice, Bob and Mallory are verified employees, Alice and Bob of the same company; Charlie is in no roster.
Everything is drawn from one seed, so that each run sees the same world; proofs are kept in build/test-proofs
and verified again wherever they are used.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.anonymity.logs import SignedLog
from tests.factories.enrolments import strangers
from tests.factories.gate import gate_prover, made_gate
from tests.factories.published import PublishedRoster, journal_between, keep, paths_between

from openmai.anonymity.artifacts import PINNED, Artifacts
from openmai.anonymity.bans import BanList
from openmai.anonymity.content import Content, Opening, Reply
from openmai.anonymity.encoding import Domain, circuit_input, sha256
from openmai.anonymity.fields import R, be32
from openmai.anonymity.gate import Gate
from openmai.anonymity.groth16 import PROOF_SIZE
from openmai.anonymity.keys import public_bytes, thread_key
from openmai.anonymity.leanimt import LeanIMT, MerklePath
from openmai.anonymity.membership import MembershipProof
from openmai.anonymity.poseidon import poseidon2
from openmai.anonymity.proof_file import build_proof_file
from openmai.anonymity.prover import Prover, new_secret
from openmai.anonymity.prover.gate import GateRequest
from openmai.anonymity.rosters import (
    IndexEntry,
    Label,
    RosterIndex,
    RosterStatement,
    company_roster,
    open_statement,
    pack_leaves,
    roster_slug,
    sign_index,
    sign_statement,
)
from openmai.anonymity.submission import (
    Entrance,
    Join,
    build_submission,
    join_scope_and_message,
    sign_content,
)

ROOT: Final = Path(__file__).resolve().parents[2]
ARTIFACTS: Final = ROOT / "node_modules" / "@zk-kit" / "semaphore-artifacts"
PROOFS: Final = ROOT / "build" / "test-proofs"
SITE: Final = "test.openmai.example"
SEASON: Final = "s228"
DOMAIN: Final = Domain(SITE, SEASON)
PUBLISHED: Final = "2026-03-19"
# Of the fixture `now`.
TICK: Final = "2026-03-20T10:10:00Z"
TODAY: Final = "2026-03-20"
SLOTS: Final = 30

HARBOUR: Final = company_roster("harbour-logistics", "attested")
HARBOUR_PROVABLE: Final = company_roster("harbour-logistics", "provable")
ORCHID: Final = company_roster("orchid-kitchen", "attested")
LABELS: Final = {
    "harbour-logistics": Label("harbour-logistics", "Harbour Logistics", "港湾物流"),
    "orchid-kitchen": Label("orchid-kitchen", "Orchid Kitchen", "兰厨"),
}


def read_artifacts(depth: int) -> Artifacts:
    """The pinned artifacts, as the npm package brought them."""
    stem = ARTIFACTS / f"semaphore-{depth}"
    return Artifacts(depth, stem.with_suffix(".wasm").read_bytes(), stem.with_suffix(".zkey").read_bytes())


@dataclass(frozen=True)
class Member:
    """One of the cast. `rosters` are those that hold the commitment."""

    name: str
    secret: int
    commitment: int
    rosters: tuple[str, ...] = ()

    def key_in(self, thread_id: bytes, domain: Domain = DOMAIN) -> Ed25519PrivateKey:
        """The key of this member's persona in a thread."""
        return thread_key(self.secret, domain.thread_scope(thread_id))


class Cast:
    """The members and their world; `signing_key` is the people site's, the two other keys the talk site's."""

    def __init__(self) -> None:
        self._draw_members()
        self.log_key = Ed25519PrivateKey.from_private_bytes(random.Random("the log").randbytes(32))
        # Above the floor of 20, below it, and the fallback; one place of each was vacated. All have enrolled.
        self.rosters = {
            HARBOUR: self._publish_proved(HARBOUR, others=24),
            HARBOUR_PROVABLE: self._publish_proved(HARBOUR_PROVABLE, others=21),
            ORCHID: self._publish_proved(ORCHID, others=4),
            "site": self._publish_proved("site", others=40),
        }
        self.log = SignedLog(SITE, self.log_key)
        self.log.add(*(each.signed for each in self.rosters.values()))
        # What a running site has logged instead, by the name of the statement.
        self.checkpoints: dict[bytes, str] = {}

    def _draw_members(self) -> None:
        self.rng = random.Random("the cast")
        # By member and content; a test that counts slots begins with none.
        self.slots: dict[str, dict[bytes, int]] = {}
        # The UTC day of the members' clocks.
        self.day = TODAY
        self.slots_a_day = SLOTS
        self.signing_key = Ed25519PrivateKey.from_private_bytes(self.rng.randbytes(32))
        self.receipt_key = Ed25519PrivateKey.from_private_bytes(self.rng.randbytes(32))
        self.alice = self._member("Alice", "site", HARBOUR, HARBOUR_PROVABLE)
        self.bob = self._member("Bob", "site", HARBOUR)
        self.mallory = self._member("Mallory", "site", ORCHID)
        self.charlie = self._member("Charlie")

    @classmethod
    def members_only(cls) -> tuple[Member, ...]:
        """The four, for whoever makes what their rosters need."""
        cast = cls.__new__(cls)
        cast._draw_members()
        return cast.members

    @property
    def members(self) -> tuple[Member, ...]:
        return self.alice, self.bob, self.mallory, self.charlie

    @property
    def roster_key(self) -> bytes:
        """The public half of `signing_key`."""
        return public_bytes(self.signing_key)

    @cached_property
    def prover(self) -> Prover:
        return Prover(read_artifacts(20))

    @cached_property
    def enrolment_prover(self) -> Prover:
        return Prover(read_artifacts(1))

    def publish(
        self, roster: str, *, others: int, epoch: int = 1, domain: Domain = DOMAIN, settled: int | None = None
    ) -> PublishedRoster:
        """A signed epoch of `roster` with its members of the cast, `others` strangers, one vacated place."""
        strangers = [self.rng.randrange(1, R) for _ in range(others)]
        leaves = self._with_own(roster, strangers)
        return self.sign_roster(roster, leaves, epoch=epoch, domain=domain, settled=settled)

    def _publish_proved(self, roster: str, *, others: int) -> PublishedRoster:
        return self.sign_roster(roster, self._with_own(roster, strangers()[:others]))

    def _with_own(self, roster: str, others: list[int]) -> list[int]:
        own = [member.commitment for member in self.members if roster in member.rosters]
        return [*others[:2], 0, *own, *others[2:]]

    def follow(
        self,
        before: PublishedRoster,
        *,
        joined: int = 0,
        removed: Iterable[int] = (),
        settled: int | None = None,
    ) -> PublishedRoster:
        """The epoch after `before`: with so many more strangers, who have proved themselves, and without the
        leaves at the places `removed`.
        """
        leaves = [0 if at in set(removed) else leaf for at, leaf in enumerate(before.tree.leaves)]
        fresh = [each for each in strangers() if each not in before.tree.leaves][:joined]
        statement = before.statement
        return self.sign_roster(
            statement.roster,
            [*leaves, *fresh],
            epoch=statement.epoch + 1,
            domain=statement.domain,
            settled=settled,
            before=before,
        )

    def sign_roster(
        self,
        roster: str,
        leaves: Iterable[int],
        *,
        epoch: int = 1,
        domain: Domain = DOMAIN,
        settled: int | None = None,
        signing_key: Ed25519PrivateKey | None = None,
        before: PublishedRoster | None = None,
    ) -> PublishedRoster:
        """A signed epoch with exactly these leaves, all of them settled unless `settled` says otherwise.

        Its journal begins at `before`, or at nothing.
        """
        tree = LeanIMT(leaves)
        data = pack_leaves(tree.leaves)
        journal = journal_between(tree.leaves, roster=roster, epoch=epoch, domain=domain, before=before)
        paths = paths_between(tree, epoch=epoch, before=before)
        live = sum(map(bool, tree.leaves))
        statement = RosterStatement(
            site=domain.site,
            season=domain.season,
            roster=roster,
            epoch=epoch,
            label=LABELS.get(roster_slug(roster) or ""),
            root=tree.root,
            size=tree.size,
            live=live,
            settled=live if settled is None else settled,
            leaves=sha256(data),
            paths=sha256(paths),
            journal=sha256(journal.data),
            published=PUBLISHED,
        )
        envelope = sign_statement(statement, signing_key or self.signing_key)
        return PublishedRoster(open_statement(envelope, key=None, domain=domain), tree, data, paths, journal)

    def index(self, *, serial: int = 1, rosters: Iterable[PublishedRoster] | None = None) -> bytes:
        """The signed index of the given rosters, or of all."""
        listed = sorted(rosters or self.rosters.values(), key=lambda each: each.statement.roster)
        entries = tuple(
            IndexEntry(each.statement.roster, each.statement.epoch, each.signed.name) for each in listed
        )
        return sign_index(RosterIndex(SITE, SEASON, serial, entries), self.signing_key)

    def opening(
        self, *, title: str = "Night shifts", body: str = "Who else has six in a row?", **changes: str
    ) -> Opening:
        """An opening of the cast's site; its nonce follows from its text, so that equal calls are equal."""
        nonce = sha256(f"{title}\0{body}".encode())[:16]
        opening = Opening(SITE, SEASON, section="work", title=title, body=body, nonce=nonce)
        return replace(opening, **changes)  # type: ignore[arg-type]  # the changes are the opening's own fields

    def reply(self, opening: Opening, *, body: str = "Same here.", parent: bytes | None = None) -> Reply:
        return Reply(opening.site, opening.season, opening.id, parent, body, sha256(body.encode())[:16])

    def join(
        self,
        member: Member,
        content: Content,
        roster: str | PublishedRoster = HARBOUR,
        *,
        key: Ed25519PrivateKey | None = None,
    ) -> Join:
        """The real proof with which `member` enters the thread of `content`, their first post there."""
        published = self.rosters[roster] if isinstance(roster, str) else roster
        name, tree = published.statement.roster, published.tree
        persona = key or member.key_in(content.thread_id, content.domain)
        checkpoint = self.checkpoint_of(published)
        scope, message = join_scope_and_message(
            content=content, key=public_bytes(persona), roster=name, root=tree.root, checkpoint=checkpoint
        )
        path = tree.path(tree.leaves.index(member.commitment))
        return Join(name, self.prove(member, path=path, scope=scope, message=message), checkpoint)

    def checkpoint_of(self, roster: PublishedRoster) -> str:
        """What a join under this epoch carries; a roster that was never logged is logged now."""
        known = self.checkpoints.get(roster.signed.name)
        if known is not None:
            return known
        if roster.signed.name not in self.log.heads:
            self.log.add(roster.signed)
        return self.log.heads[roster.signed.name].text

    def prove(self, member: Member, *, path: MerklePath, scope: int, message: int) -> MembershipProof:
        """A proof at depth 20, made once and then read from build/test-proofs."""
        asked = PINNED[20, "zkey"].encode() + b"".join(
            map(be32, [member.secret, path.index, *path.siblings, scope, message])
        )
        kept = PROOFS / sha256(asked).hex()
        if not kept.exists():
            proof = self.prover.prove(
                secret=member.secret, path=path, scope=scope, message=message, randbelow=self.rng.randrange
            )
            keep(kept, proof.points)
        nullifier = poseidon2(circuit_input(scope), member.secret)
        return MembershipProof(path.root_from(member.commitment), nullifier, kept.read_bytes())

    def entrance(
        self,
        member: Member,
        content: Content,
        roster: str | PublishedRoster = HARBOUR,
        *,
        key: Ed25519PrivateKey | None = None,
        bans: BanList | None = None,
        slot: int | None = None,
        day: str | None = None,
    ) -> Entrance:
        """A join with its gate proofs over `bans`, by default the empty list. Each content takes the next
        slot of its member unless one is named, and it is `self.day`.
        """
        join = self.join(member, content, roster, key=key)
        return self.gated(member, content, join, key=key, bans=bans, slot=slot, day=day)

    def gated(
        self,
        member: Member,
        content: Content,
        join: Join,
        *,
        key: Ed25519PrivateKey | None = None,
        bans: BanList | None = None,
        slot: int | None = None,
        day: str | None = None,
    ) -> Entrance:
        """The gate beside a join that is there already."""
        persona = key or member.key_in(content.thread_id, content.domain)
        scope, message = join_scope_and_message(
            content=content,
            key=public_bytes(persona),
            roster=join.roster,
            root=join.proof.root,
            checkpoint=join.checkpoint,
        )
        request = GateRequest(
            secret=member.secret,
            domain=content.domain,
            thread_scope=scope,
            message=message,
            day=day or self.day,
            slot=self.slot(member, content) if slot is None else slot,
            slots=self.slots_a_day,
        )
        empty = BanList(content.site, content.season, 0, ())
        return Entrance(join, self.prove_gate(request, bans or empty))

    def slot(self, member: Member, content: Content) -> int:
        """The same slot for the same content, another one for each other."""
        taken = self.slots.setdefault(member.name, {})
        return taken.setdefault(content.id, len(taken)) % self.slots_a_day

    def prove_gate(self, request: GateRequest, bans: BanList) -> Gate:
        """Gate proofs, made once and then read from build/test-proofs."""
        asked = made_gate().served.sha256.encode() + repr((request, bans.encoded())).encode()
        kept = PROOFS / sha256(asked).hex()
        if not kept.exists():
            gate = gate_prover().prove(request, bans, randbelow=self.rng.randrange)
            keep(kept, b"".join(gate.proofs))
        data, size = kept.read_bytes(), PROOF_SIZE
        proofs = tuple(data[at : at + size] for at in range(0, len(data), size))
        return Gate(request.day, bans.digest, request.statement().rate, proofs)

    def submission(
        self,
        member: Member,
        content: Content,
        roster: str | PublishedRoster | None = HARBOUR,
        **gate: Any,
    ) -> bytes:
        """What `member`'s device sends; without a proof when `roster` is None. `gate`: see `entrance`."""
        entrance = None if roster is None else self.entrance(member, content, roster, **gate)
        return self.signed(member, content, entrance)

    def signed(self, member: Member, content: Content, entrance: Entrance | None) -> bytes:
        """The content under the key of `member`'s persona, with whatever join."""
        key = member.key_in(content.thread_id, content.domain)
        return build_submission(content=content, key=key, entrance=entrance)

    def proof_file(
        self,
        member: Member,
        opening: Opening,
        content: Content | None = None,
        roster: str | PublishedRoster = HARBOUR,
        *,
        first: Content | None = None,
    ) -> bytes:
        """The proof file of `content`, or of the opening; `first` is what `member` wrote first there."""
        content = content or opening
        first = first or content
        published = self.rosters[roster] if isinstance(roster, str) else roster
        key = member.key_in(opening.id, opening.domain)
        return build_proof_file(
            opening=opening,
            content=content,
            key=public_bytes(key),
            signature=sign_content(content, key),
            join=self.join(member, first, published),
            first=first.id,
            statement=published.signed,
            log=self.log.part(published.signed, content.id, tick=TICK),
        )

    def _member(self, name: str, *rosters: str) -> Member:
        secret = new_secret(self.rng.randrange)
        kept = PROOFS / f"commitment-{sha256(be32(secret)).hex()}"
        if not kept.exists():
            keep(kept, be32(self.prover.commitment(secret)))
        return Member(name, secret, int.from_bytes(kept.read_bytes(), "big"), rosters)

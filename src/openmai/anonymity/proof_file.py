"""Proof files (docs/protocol.md §8): everything that is needed to check one post, and the check itself.

No server, no clock, no set-up: the verification key is part of the package.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from openmai.anonymity.aliases import alias_of
from openmai.anonymity.content import Content, Opening, Reply, parse_content, read_domain
from openmai.anonymity.documents import BadValue, Fields, load_canonical
from openmai.anonymity.encoding import Domain, canonical_json
from openmai.anonymity.errors import AnonymityError, gettext_noop
from openmai.anonymity.limits import MAX_LABEL, MAX_PROOF_FILE
from openmai.anonymity.log.checkpoints import SignedCheckpoint
from openmai.anonymity.log.merkle import parse_head
from openmai.anonymity.log.part import (
    LOG_CLAIMS,
    LOG_FIELDS,
    Logged,
    LogPart,
    check_order,
    check_part_witnesses,
    check_roster_logged,
    check_tick_logged,
    open_part,
    read_log_part,
)
from openmai.anonymity.log.view import LogTrust
from openmai.anonymity.membership import verify_membership
from openmai.anonymity.rosters import (
    LABEL_FIELDS,
    Label,
    SignedStatement,
    key_fingerprint,
    read_label,
    read_statement,
)
from openmai.anonymity.submission import Join, join_scope_and_message, read_join, verify_action

_ = gettext_noop
Proved = TypeVar("Proved")
PROOF_FILE_TYPE: Final = "openmai/proof/v1"
CLAIMS: Final = (
    "form", "thread", "content", "signature", "roster", "label", "alias", "proof", *LOG_CLAIMS,
)  # fmt: skip
KINDS: Final = ("provable", "attested", "site")
_FIELDS: Final = (
    "type", "site", "season", "opening", "content", "key", "signature", "join", "persona", "statement", "log",
)  # fmt: skip
_JOIN_FIELDS: Final = ("roster", "root", "nullifier", "checkpoint", "proof", "first")
_PERSONA_FIELDS: Final = ("alias", "label", "kind")


class ClaimFailed(AnonymityError):
    """One of `CLAIMS`, or of those of `log.deep`, does not hold. `told` says why, `passed` names those that
    held before it.
    """

    def __init__(self, claim: str, reason: AnonymityError, *, passed: tuple[str, ...] = ()) -> None:
        super().__init__(reason.template, **reason.values)
        self.claim = claim
        self.passed = passed
        self.pointer = reason.pointer

    def __str__(self) -> str:
        return f"{self.claim}: {super().__str__()}"


@dataclass(frozen=True, slots=True)
class VerifiedPost:
    """What was proved: one of `crowd` members of `roster` on `roster_date` wrote `content`, unaltered.

    `roster_key` (32 bytes) signed the roster; whoever checked without knowing it compares `fingerprint` with
    the one that the operator publishes. Ids are 32 bytes. `alias_suffix` is shown where two personas of a
    thread drew the same words. `logged` is what the log says of it.
    """

    claims: tuple[str, ...]
    content: Content
    opening: Opening
    post_id: bytes
    thread_id: bytes
    site: str
    season: str
    roster: str
    kind: str
    label: Label | None
    crowd: int
    size: int
    settled: int
    epoch: int
    roster_date: str
    roster_key: bytes
    fingerprint: str
    alias_en: str
    alias_zh: str
    alias_suffix: int
    nullifier: int
    persona_key: bytes
    logged: Logged
    signed: SignedStatement


@dataclass(frozen=True, slots=True)
class _File:
    """A proof file whose form holds. The alias, label and kind are still what it says of itself."""

    domain: Domain
    opening: Content
    content: Content
    key: bytes
    signature: bytes
    join: Join
    first: bytes
    alias: tuple[str, str]
    label: Label | None
    kind: str
    statement: object
    log: LogPart


def build_proof_file(
    *,
    opening: Opening,
    content: Content,
    key: bytes,
    signature: bytes,
    join: Join,
    first: bytes,
    statement: SignedStatement,
    log: LogPart,
) -> bytes:
    """The canonical bytes of a post's proof file.

    `join` is the persona's proof under the roster of `statement`, `first` the id of the content it came with.
    The site builds these from what it has verified, so nothing is verified again here.
    """
    alias = alias_of(join.proof.nullifier)
    label = statement.statement.label
    document = {
        "type": PROOF_FILE_TYPE,
        "site": content.site,
        "season": content.season,
        "opening": opening.document(),
        "content": content.document(),
        "key": key.hex(),
        "signature": signature.hex(),
        "join": {**join.document(), "first": first.hex()},
        "persona": {
            "alias": {"en": alias.en, "zh": alias.zh},
            "label": None if label is None else label.document(),
            "kind": statement.statement.kind,
        },
        "statement": statement.document(),
        "log": log.document(),
    }
    return canonical_json(document)


def verify_proof_file(
    data: bytes, *, roster_key: bytes | None = None, log: LogTrust | None = None
) -> VerifiedPost:
    """Check the `CLAIMS` in their order and return what was proved; raise `ClaimFailed` at the first fall.

    `roster_key` (32 bytes) is the only key that may have signed the roster, `log` whom to believe about the
    log; None accepts the file's own.
    """
    check = Checks()
    file = check("form", lambda: _read(data))
    opening = check("thread", lambda: _check_thread(file))
    post_id = check("content", lambda: _check_content(file, opening))
    check("signature", lambda: verify_action(content=file.content, key=file.key, signature=file.signature))
    signed = check("roster", lambda: _check_roster(file, roster_key))
    check("label", lambda: _check_label(file, signed))
    check("alias", lambda: _check_alias(file))
    check("proof", lambda: _check_proof(file))
    logged = _check_log(check, file, signed, post_id, log)
    return _verified(file, opening, post_id, signed, logged, claims=tuple(check.passed))


def _check_log(
    check: "Checks", file: _File, signed: SignedStatement, post: bytes, trust: LogTrust | None
) -> Logged:
    joined = parse_head(file.join.checkpoint)

    def roster_logged() -> SignedCheckpoint:
        opened = open_part(file.log, site=file.domain.site, trust=trust)
        check_roster_logged(file.log, opened, joined=joined, signed=signed)
        return opened

    opened = check("log-roster", roster_logged)
    check("log-tick", lambda: check_tick_logged(file.log, opened, post=post))
    check("log-order", lambda: check_order(file.log, joined=joined))
    witnesses = check("witnesses", lambda: check_part_witnesses(file.log, opened, trust=trust))
    return Logged(
        key=file.log.key,
        joined=joined,
        origin=opened.origin,
        head=opened.head,
        roster_index=file.log.roster.index,
        tick_index=file.log.tick.index,
        tick=file.log.entry.facts["tick"],
        witnesses=witnesses,
    )


class Checks:
    """Runs one claim after the other; whatever a claim raises becomes a `ClaimFailed` under its name."""

    def __init__(self) -> None:
        self.passed: list[str] = []

    def __call__(self, claim: str, check: Callable[[], Proved]) -> Proved:
        proved = self.part(claim, check)
        self.passed.append(claim)
        return proved

    def part(self, claim: str, check: Callable[[], Proved]) -> Proved:
        """A part of what the claim says; it has not passed by this alone."""
        try:
            return check()
        except AnonymityError as error:
            raise ClaimFailed(claim, error, passed=tuple(self.passed)) from error


def _read(data: bytes) -> _File:
    fields = Fields(load_canonical(data, limit=MAX_PROOF_FILE), _FIELDS)
    fields.literal("type", PROOF_FILE_TYPE)
    join = fields.child("join", _JOIN_FIELDS)
    persona = fields.child("persona", _PERSONA_FIELDS)
    alias = persona.child("alias", ("en", "zh"))
    domain = read_domain(fields, None)
    return _File(
        domain=domain,
        opening=parse_content(fields.raw("opening"), pointer=fields.at("opening")),
        content=parse_content(fields.raw("content"), pointer=fields.at("content")),
        key=fields.hex("key", size=32),
        signature=fields.hex("signature", size=64),
        join=read_join(join),
        first=join.hex("first", size=32),
        alias=(alias.text("en", most=MAX_LABEL), alias.text("zh", most=MAX_LABEL)),
        label=None if persona.raw("label") is None else read_label(persona.child("label", LABEL_FIELDS)),
        kind=persona.literal("kind", *KINDS),
        statement=fields.raw("statement"),
        log=read_log_part(fields.child("log", LOG_FIELDS), site=domain.site, season=domain.season),
    )


def _check_thread(file: _File) -> Opening:
    if not isinstance(file.opening, Opening):
        raise BadValue(_("what stands in the place of the opening is a reply"), pointer="/opening")
    if file.opening.domain != file.domain:
        raise BadValue(_("the opening belongs to another site or season"), pointer="/opening")
    return file.opening


def _check_content(file: _File, opening: Opening) -> bytes:
    if file.content.domain != file.domain:
        raise BadValue(_("the post belongs to another site or season"), pointer="/content")
    if isinstance(file.content, Opening) and file.content != opening:
        raise BadValue(_("the post is not the opening of this thread"), pointer="/content")
    if isinstance(file.content, Reply) and file.content.thread != opening.id:
        raise BadValue(_("the post answers in another thread"), pointer="/content/thread")
    return file.content.id


def _check_roster(file: _File, roster_key: bytes | None) -> SignedStatement:
    signed = read_statement(file.statement, key=roster_key, domain=file.domain, pointer="/statement")
    if signed.statement.roster != file.join.roster:
        raise BadValue(_("the proof was made for another roster than the signed one"), pointer="/join/roster")
    if signed.statement.root != file.join.proof.root:
        raise BadValue(_("the proof was made under another root than the signed one"), pointer="/join/root")
    return signed


def _check_label(file: _File, signed: SignedStatement) -> None:
    if file.label != signed.statement.label:
        raise BadValue(_("the label is not that of the roster"), pointer="/persona/label")
    if file.kind != signed.statement.kind:
        raise BadValue(_("the kind of evidence is not that of the roster"), pointer="/persona/kind")


def _check_alias(file: _File) -> None:
    alias = alias_of(file.join.proof.nullifier)
    if file.alias != (alias.en, alias.zh):
        raise BadValue(_("the alias does not follow from the proof's nullifier"), pointer="/persona/alias")


def _check_proof(file: _File) -> None:
    join = file.join
    scope, message = join_scope_and_message(
        content=file.content,
        key=file.key,
        roster=join.roster,
        root=join.proof.root,
        checkpoint=join.checkpoint,
        first=file.first,
    )
    verify_membership(join.proof, scope=scope, message=message, roots={join.proof.root})


def _verified(
    file: _File,
    opening: Opening,
    post_id: bytes,
    signed: SignedStatement,
    logged: Logged,
    *,
    claims: tuple[str, ...],
) -> VerifiedPost:
    statement = signed.statement
    alias = alias_of(file.join.proof.nullifier)
    return VerifiedPost(
        claims=claims,
        content=file.content,
        opening=opening,
        post_id=post_id,
        thread_id=opening.id,
        site=statement.site,
        season=statement.season,
        roster=statement.roster,
        kind=statement.kind,
        label=statement.label,
        crowd=statement.live,
        size=statement.size,
        settled=statement.settled,
        epoch=statement.epoch,
        roster_date=statement.published,
        roster_key=signed.key,
        fingerprint=key_fingerprint(signed.key),
        alias_en=alias.en,
        alias_zh=alias.zh,
        alias_suffix=alias.suffix,
        nullifier=file.join.proof.nullifier,
        persona_key=file.key,
        logged=logged,
        signed=signed,
    )

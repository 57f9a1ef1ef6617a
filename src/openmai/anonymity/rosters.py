"""Rosters as they are published (docs/protocol.md §3): statements, their index, and the files of leaves."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from openmai.anonymity.content import SECTION_PATTERN, read_domain
from openmai.anonymity.documents import BadValue, Fields, load_canonical
from openmai.anonymity.encoding import Domain, canonical_json, sha256
from openmai.anonymity.errors import AnonymityError, gettext_noop
from openmai.anonymity.fields import R, be32
from openmai.anonymity.keys import BadSignature, public_bytes, verify_signature
from openmai.anonymity.leanimt import CAPACITY, LeanIMT
from openmai.anonymity.limits import MAX_INDEX, MAX_LABEL, MAX_LEAVES_FILE, MAX_STATEMENT

_ = gettext_noop
SITE_ROSTER: Final = "site"
ROSTER_PATTERN: Final = re.compile(
    r"(?:site|(?:company|industry)/[a-z0-9][a-z0-9-]{0,62}/(?:provable|attested))"
    r"(?:#(?:[2-9]|[1-9][0-9]{1,3})|)"
)
STATEMENT_TYPE: Final = "openmai/roster/v1"
INDEX_TYPE: Final = "openmai/roster-index/v1"
_LABEL_SLUG: Final = re.compile(rf"(?:industry/)?{SECTION_PATTERN.pattern}")
_DATE: Final = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])")
_ENVELOPE_FIELDS: Final = ("key", "signature", "statement")
LABEL_FIELDS: Final = ("slug", "en", "zh")
_INDEX_FIELDS: Final = ("type", "site", "season", "serial", "rosters")
_ENTRY_FIELDS: Final = ("roster", "epoch", "statement")
_STATEMENT_FIELDS: Final = (
    "type", "site", "season", "roster", "epoch", "label",
    "root", "size", "live", "settled", "leaves", "paths", "journal", "published",
)  # fmt: skip


class WrongRosterKey(AnonymityError):
    """The document is signed by another key than the one that was expected."""


class StaleIndex(AnonymityError):
    """The index is older than one that was seen before: somebody may be hiding what came since."""


class WrongLeaves(AnonymityError):
    """The leaves file is not the one that the statement describes."""


@dataclass(frozen=True, slots=True)
class Label:
    """What a persona of a company's or a trade's roster says of itself, in English and Chinese.

    `slug` is a company's, or "industry/" and a trade.
    """

    slug: str
    en: str
    zh: str

    @property
    def is_trade(self) -> bool:
        return is_trade(self.slug)

    def document(self) -> dict[str, str]:
        return {"slug": self.slug, "en": self.en, "zh": self.zh}


@dataclass(frozen=True, slots=True)
class RosterStatement:
    """One roster in one epoch. `leaves`, `paths` and `journal` name files by SHA-256, `published` is
    "YYYY-MM-DD".
    """

    site: str
    season: str
    roster: str
    epoch: int
    label: Label | None
    root: int
    size: int
    live: int
    settled: int
    leaves: bytes
    paths: bytes
    journal: bytes
    published: str

    @property
    def domain(self) -> Domain:
        return Domain(self.site, self.season)

    @property
    def kind(self) -> str:
        """ "site", "provable" or "attested"."""
        return roster_kind(self.roster)

    def document(self) -> dict[str, Any]:
        return {
            "type": STATEMENT_TYPE,
            "site": self.site,
            "season": self.season,
            "roster": self.roster,
            "epoch": self.epoch,
            "label": None if self.label is None else self.label.document(),
            "root": str(self.root),
            "size": self.size,
            "live": self.live,
            "settled": self.settled,
            "leaves": self.leaves.hex(),
            "paths": self.paths.hex(),
            "journal": self.journal.hex(),
            "published": self.published,
        }


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """The current epoch of a roster; `statement` is the SHA-256 of the signed statement's bytes."""

    roster: str
    epoch: int
    statement: bytes

    def document(self) -> dict[str, Any]:
        return {"roster": self.roster, "epoch": self.epoch, "statement": self.statement.hex()}


@dataclass(frozen=True, slots=True)
class RosterIndex:
    """All current rosters, sorted by id. `serial` grows with every publication."""

    site: str
    season: str
    serial: int
    rosters: tuple[IndexEntry, ...]

    def entry(self, roster: str) -> IndexEntry | None:
        return next((each for each in self.rosters if each.roster == roster), None)

    def document(self) -> dict[str, Any]:
        return {
            "type": INDEX_TYPE,
            "site": self.site,
            "season": self.season,
            "serial": self.serial,
            "rosters": [entry.document() for entry in self.rosters],
        }


@dataclass(frozen=True, slots=True)
class SignedStatement:
    """What was proved: `key` signed `statement`. `envelope` are the bytes, named by their SHA-256 `name`."""

    statement: RosterStatement
    key: bytes
    envelope: bytes

    signature: bytes

    @property
    def name(self) -> bytes:
        return sha256(self.envelope)

    def document(self) -> dict[str, Any]:
        """The envelope as it stands inside a proof file."""
        return {
            "key": self.key.hex(),
            "signature": self.signature.hex(),
            "statement": self.statement.document(),
        }


def company_roster(slug: str, kind: str) -> str:
    """The id of a company's "provable" or "attested" roster."""
    return f"company/{slug}/{kind}"


def industry_roster(trade: str, kind: str) -> str:
    """The id of the "provable" or "attested" roster of all companies of a trade."""
    return f"industry/{trade}/{kind}"


def shard_of(roster: str, number: int) -> str:
    """The id of a shard; the first has the roster's own."""
    return roster if number == 1 else f"{roster}#{number}"


def shard_before(roster: str) -> str | None:
    """The id of the shard that must be full before this one opens; None for the first."""
    whole, _mark, number = roster.partition("#")
    return shard_of(whole, int(number) - 1) if number else None


def whole_roster(roster: str) -> str:
    """The id without the shard."""
    return roster.partition("#")[0]


def roster_kind(roster: str) -> str:
    """ "site", "provable" or "attested"."""
    return whole_roster(roster).rpartition("/")[2]


def roster_slug(roster: str) -> str | None:
    """The slug of the roster's label: a company's, "industry/" and a trade, or None for the site roster."""
    if whole_roster(roster) == SITE_ROSTER:
        return None
    of, slug, _kind = roster.split("/")
    return slug if of == "company" else f"industry/{slug}"


def is_trade(roster: str) -> bool:
    """Whether its members say a trade of themselves, and no company."""
    return roster.startswith("industry/")


def key_fingerprint(key: bytes) -> str:
    """How people compare a roster key: the first 16 hex digits of its SHA-256."""
    return sha256(key).hex()[:16]


def sign_statement(statement: RosterStatement, signing_key: Ed25519PrivateKey) -> bytes:
    """The signed envelope; raise a `DocumentRefused` if nobody could open it."""
    envelope = _sign("roster-statement", statement.document(), signing_key)
    open_statement(envelope, key=public_bytes(signing_key), domain=statement.domain)
    return envelope


def open_statement(envelope: bytes, *, key: bytes | None, domain: Domain | None) -> SignedStatement:
    """Read a signed statement. `key` is the only signer accepted; None accepts the envelope's own.

    Raises a `DocumentRefused`, `WrongRosterKey` or `BadSignature`.
    """
    return read_statement(load_canonical(envelope, limit=MAX_STATEMENT), key=key, domain=domain)


def read_statement(
    document: object, *, key: bytes | None, domain: Domain | None, pointer: str = ""
) -> SignedStatement:
    """`open_statement` for an envelope inside another document, which has been checked to be canonical."""
    fields = Fields(document, _ENVELOPE_FIELDS, pointer=pointer)
    signer, signature = _verify("roster-statement", fields, key)
    statement = _parse_statement(fields.child("statement", _STATEMENT_FIELDS), domain)
    return SignedStatement(statement, key=signer, signature=signature, envelope=canonical_json(document))


def sign_index(index: RosterIndex, signing_key: Ed25519PrivateKey) -> bytes:
    """The signed envelope; raise a `DocumentRefused` if nobody could open it."""
    envelope = _sign("roster-index", index.document(), signing_key)
    open_index(envelope, key=public_bytes(signing_key), domain=Domain(index.site, index.season))
    return envelope


def open_index(envelope: bytes, *, key: bytes | None, domain: Domain | None, seen: int = 0) -> RosterIndex:
    """Read a signed index; `seen` is the highest serial known before.

    Raises a `DocumentRefused`, `WrongRosterKey`, `BadSignature` or `StaleIndex`.
    """
    fields = Fields(load_canonical(envelope, limit=MAX_INDEX), _ENVELOPE_FIELDS)
    _verify("roster-index", fields, key)
    index = _parse_index(fields.child("statement", _INDEX_FIELDS), domain)
    if index.serial < seen:
        message = _("the index has serial %(serial)d, but %(seen)d was seen before")
        raise StaleIndex(message, serial=index.serial, seen=seen)
    return index


def pack_leaves(leaves: Iterable[int]) -> bytes:
    """The leaves file: 32 bytes big-endian each."""
    return b"".join(map(be32, leaves))


def unpack_leaves(data: bytes) -> tuple[int, ...]:
    """The leaves of a file; raise `WrongLeaves` unless each is a field element."""
    if len(data) % 32 or len(data) > MAX_LEAVES_FILE:
        message = _("a leaves file has 32 bytes for each leaf and at most %(limit)d")
        raise WrongLeaves(message, limit=MAX_LEAVES_FILE)
    leaves = tuple(int.from_bytes(data[place : place + 32], "big") for place in range(0, len(data), 32))
    if any(leaf >= R for leaf in leaves):
        raise WrongLeaves(_("a leaf is not below the field order"))
    return leaves


def check_leaves(statement: RosterStatement, data: bytes) -> LeanIMT:
    """The tree of the roster that `statement` describes; raise `WrongLeaves` if `data` are not its leaves.

    Takes about 70 µs a leaf.
    """
    if sha256(data) != statement.leaves:
        raise WrongLeaves(_("the leaves file has another SHA-256 than the statement says"))
    leaves = unpack_leaves(data)
    if len(leaves) != statement.size or sum(map(bool, leaves)) != statement.live:
        raise WrongLeaves(_("the leaves file holds another number of members than the statement says"))
    tree = LeanIMT(leaves)
    if tree.root != statement.root:
        raise WrongLeaves(_("the leaves have another root than the statement says"))
    return tree


def _signed_bytes(purpose: str, document: object) -> bytes:
    return b"openmai/v1/" + purpose.encode() + b"\0" + canonical_json(document)


def _sign(purpose: str, document: dict[str, Any], signing_key: Ed25519PrivateKey) -> bytes:
    signature = signing_key.sign(_signed_bytes(purpose, document))
    envelope = {"key": public_bytes(signing_key).hex(), "signature": signature.hex(), "statement": document}
    return canonical_json(envelope)


def _verify(purpose: str, fields: Fields, expected: bytes | None) -> tuple[bytes, bytes]:
    key, signature = fields.hex("key", size=32), fields.hex("signature", size=64)
    if expected is not None and key != expected:
        found, wanted = key_fingerprint(key), key_fingerprint(expected)
        message = _("the rosters are signed by the key %(found)s, not by %(wanted)s")
        raise WrongRosterKey(message, found=found, wanted=wanted)
    try:
        verify_signature(
            key=key, signature=signature, message=_signed_bytes(purpose, fields.raw("statement"))
        )
    except BadSignature as error:
        error.pointer = fields.at("signature")
        raise
    return key, signature


def read_label(fields: Fields) -> Label:
    return Label(
        slug=fields.word("slug", _LABEL_SLUG),
        en=fields.text("en", least=1, most=MAX_LABEL),
        zh=fields.text("zh", least=1, most=MAX_LABEL),
    )


def _parse_statement(fields: Fields, expected: Domain | None) -> RosterStatement:
    fields.literal("type", STATEMENT_TYPE)
    domain = read_domain(fields, expected)
    statement = RosterStatement(
        site=domain.site,
        season=domain.season,
        roster=fields.word("roster", ROSTER_PATTERN),
        epoch=fields.integer("epoch", least=1),
        label=None if fields.raw("label") is None else read_label(fields.child("label", LABEL_FIELDS)),
        root=fields.decimal("root"),
        size=fields.integer("size", least=1, most=CAPACITY),
        live=fields.integer("live", most=CAPACITY),
        settled=fields.integer("settled", most=CAPACITY),
        leaves=fields.hex("leaves", size=32),
        paths=fields.hex("paths", size=32),
        journal=fields.hex("journal", size=32),
        published=fields.word("published", _DATE),
    )
    _check_consistent(statement, fields)
    return statement


def _check_consistent(statement: RosterStatement, fields: Fields) -> None:
    if statement.root == 0:
        raise BadValue(_("the root of an empty roster proves nothing"), pointer=fields.at("root"))
    if statement.live > statement.size:
        raise BadValue(_("there are more living leaves than leaves"), pointer=fields.at("live"))
    if statement.settled > statement.live:
        raise BadValue(_("there are more settled leaves than living ones"), pointer=fields.at("settled"))
    if (None if statement.label is None else statement.label.slug) != roster_slug(statement.roster):
        raise BadValue(_("the label is not that of the roster"), pointer=fields.at("label"))


def _parse_index(fields: Fields, expected: Domain | None) -> RosterIndex:
    fields.literal("type", INDEX_TYPE)
    domain = read_domain(fields, expected)
    listed = fields.raw("rosters")
    if type(listed) is not list:
        raise BadValue(_("a list was expected here"), pointer=fields.at("rosters"))
    at = fields.at("rosters")
    entries = tuple(
        _parse_entry(Fields(each, _ENTRY_FIELDS, pointer=f"{at}/{place}"))
        for place, each in enumerate(listed)
    )
    names = [entry.roster for entry in entries]
    if names != sorted(set(names)):
        raise BadValue(_("the rosters must be sorted, and each named once"), pointer=at)
    return RosterIndex(domain.site, domain.season, fields.integer("serial"), entries)


def _parse_entry(fields: Fields) -> IndexEntry:
    return IndexEntry(
        roster=fields.word("roster", ROSTER_PATTERN),
        epoch=fields.integer("epoch", least=1),
        statement=fields.hex("statement", size=32),
    )

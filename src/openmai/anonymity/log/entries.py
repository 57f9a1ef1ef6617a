"""What the log says (docs/protocol.md §9): thirteen kinds of canonical JSON, each with exactly its fields.

Hashes, numbers and the names of published keys only, and no time finer than a tick or a day: a text that is
withdrawn can be forgotten.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from openmai.anonymity.artifacts import GATE_PINNED, PINNED
from openmai.anonymity.content import read_domain
from openmai.anonymity.documents import BadValue, DocumentRefused, Fields, load_canonical
from openmai.anonymity.encoding import Domain, canonical_json, sha256
from openmai.anonymity.errors import gettext_noop
from openmai.anonymity.gate import MOST_SLOTS
from openmai.anonymity.groth16 import PROOF_SIZE
from openmai.anonymity.leanimt import CAPACITY
from openmai.anonymity.log.issuers import KEY_FIELDS, check_key
from openmai.anonymity.log.tiles import MAX_ENTRY
from openmai.anonymity.rosters import ROSTER_PATTERN, SignedStatement, read_statement, roster_kind

_ = gettext_noop
KINDS: Final = (
    "season", "artifacts", "enrolment", "leaf", "removal", "roster", "bans", "tick",
    "replacement", "bundle", "observation", "disclosures", "standing",
)  # fmt: skip
"""In the order in which one tick logs them."""
CLASSES: Final = ("dkim", "oidc", "badge", "code")
"""What a leaf rests on: see `people`'s evidence."""
# What the employer signed. The others are the operator's word.
_SIGNED: Final = CLASSES[:2]
# Of the ids in one entry; a tick with more has more entries. A proof file carries the whole entry.
MAX_POSTS: Final = 200
# A list of bans that would not fit is named by its hash alone.
MAX_LIST: Final = 60_000
_TYPE: Final = re.compile(r"openmai/log/([a-z]+)/v1")
_SEASON: Final = re.compile(r"s(?:0|[1-9][0-9]{0,5})")
# The current one, and the one before while its threads are open.
_SEASONS: Final = 2
_DAY: Final = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])")
_TICK: Final = re.compile(_DAY.pattern + r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z")
_FILE: Final = re.compile(r"[A-Za-z0-9._@/-]{1,200}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class UnknownKind(DocumentRefused):
    """The log has no entries of this kind."""


class NotProvable(DocumentRefused):
    """A leaf of a provable roster does not rest on something that the employer signed."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry, checked. `data` are its canonical bytes, `facts` its fields without those of every kind."""

    kind: str
    domain: Domain
    facts: Mapping[str, Any]
    data: bytes

    @property
    def order(self) -> tuple[int, int, bytes]:
        """The place within a tick: by kind, by epoch if it is about one, and then by content, so that the
        order tells nothing.
        """
        return KINDS.index(self.kind), self.facts.get("epoch", 0), self.data


def entry(kind: str, domain: Domain, /, **facts: object) -> LogEntry:
    """An entry from its fields; raise a `DocumentRefused` if it is not what its kind has to be."""
    document = {"type": f"openmai/log/{kind}/v1", "site": domain.site, "season": domain.season, **facts}
    return parse_entry(canonical_json(document))


def roster_entry(signed: SignedStatement) -> LogEntry:
    """The one entry that follows from a signed statement: whoever has the statement can look for it."""
    statement = signed.statement
    return entry(
        "roster",
        statement.domain,
        roster=statement.roster,
        epoch=statement.epoch,
        root=str(statement.root),
        statement=signed.name.hex(),
        envelope=signed.document(),
    )


def tick_entries(domain: Domain, tick: str, posts: Iterable[bytes]) -> list[LogEntry]:
    """The entries of the posts that a tick published, at most `MAX_POSTS` in each; none for an empty tick."""
    ids = sorted(post.hex() for post in posts)
    cut = [ids[at : at + MAX_POSTS] for at in range(0, len(ids), MAX_POSTS)]
    return [entry("tick", domain, tick=tick, posts=each) for each in cut]


def bans_entry(domain: Domain, bans: bytes) -> LogEntry:
    """The entry of a list of bans, whose canonical bytes these are."""
    document: Any = load_canonical(bans, limit=len(bans))
    listed = document if len(bans) <= MAX_LIST else None
    return entry("bans", domain, serial=document["serial"], sha256=sha256(bans).hex(), list=listed)


def artifacts_entry(domain: Domain, *, proving_key: str, verification_key: bytes, slots: int) -> LogEntry:
    """The entry of what proofs are made with: the files that every program pins, and the operator's own
    set-up of the gate, by the key's SHA-256 and canonical JSON. Whoever uses them can look for it.
    """
    keys = {
        "gate.wasm": GATE_PINNED["wasm"],
        "gate.zkey": proving_key,
        "gate.vkey.json": sha256(verification_key).hex(),
    }
    semaphore = {f"semaphore-{depth}.{kind}": digest for (depth, kind), digest in PINNED.items()}
    return entry("artifacts", domain, semaphore=semaphore, gate=keys, slots=slots)


def standing_entry(domain: Domain, *, artifacts: int, bans: Mapping[str, Mapping[str, int]]) -> LogEntry:
    """The last entry of an addition: where what holds until there is another stands."""
    return entry("standing", domain, artifacts=artifacts, bans={each: dict(at) for each, at in bans.items()})


def parse_entry(data: bytes, *, domain: Domain | None = None) -> LogEntry:
    """Read an entry; raise a `DocumentRefused`."""
    document = load_canonical(data, limit=MAX_ENTRY)
    named = document.get("type") if type(document) is dict else None
    match = _TYPE.fullmatch(named) if type(named) is str else None
    if match is None or (reader := _READERS.get(match[1])) is None:
        raise UnknownKind(_("the log has no entries of this kind"), pointer="/type")
    names, check = reader
    fields = Fields(document, ("type", "site", "season", *names))
    found = read_domain(fields, domain)
    check(fields, found)
    return LogEntry(match[1], found, {name: fields.raw(name) for name in names}, data)


def _season(fields: Fields, domain: Domain) -> None:
    if f"s{fields.integer('number')}" != domain.season:
        raise BadValue(_("the number is not that of the season"), pointer=fields.at("number"))
    fields.word("began", _DAY)


def _artifacts(fields: Fields, domain: Domain) -> None:
    for name in ("semaphore", "gate"):
        _check_digests(fields, name)
    fields.integer("slots", least=1, most=MOST_SLOTS)


def _enrolment(fields: Fields, domain: Domain) -> None:
    check_enrolment(fields)


def check_enrolment(fields: Fields) -> None:
    """The four fields of an enrolment, here and in journals."""
    for name in ("commitment", "nullifier"):
        if fields.decimal(name) == 0:
            raise BadValue(_("“%(name)s” is 0"), pointer=fields.at(name), name=name)
    fields.hex("message", size=32)
    fields.hex("proof", size=PROOF_SIZE)


ENROLMENT_FIELDS: Final = ("commitment", "nullifier", "message", "proof")
REPLACEMENT_FIELDS: Final = ("old", "new")
LEAF_FIELDS: Final = ("index", "commitment", "class", "evidence", "issuer_key")


def _leaf(fields: Fields, domain: Domain) -> None:
    check_leaf(fields, roster=_check_epoch(fields))


def check_leaf(fields: Fields, *, roster: str) -> None:
    """The fields of a leaf of `roster`, here and in journals."""
    index = fields.integer("index", most=CAPACITY - 1)
    if fields.decimal("commitment") == 0:
        raise BadValue(_("“%(name)s” is 0"), pointer=fields.at("commitment"), name="commitment")
    kind = fields.literal("class", *CLASSES)
    evidence = fields.optional_hex("evidence", size=32)
    issuer_key = fields.optional_hex("issuer_key", size=32)
    if roster_kind(roster) == "provable" and (kind not in _SIGNED or evidence is None or issuer_key is None):
        message = _("leaf %(index)d of %(roster)s does not rest on what the employer signed")
        raise NotProvable(message, pointer=fields.at("class"), index=index, roster=roster)


def _removal(fields: Fields, domain: Domain) -> None:
    _check_epoch(fields)
    fields.integer("index", most=CAPACITY - 1)


def _roster(fields: Fields, domain: Domain) -> None:
    _check_epoch(fields)
    signed = read_statement(fields.raw("envelope"), key=None, domain=domain, pointer=fields.at("envelope"))
    statement = signed.statement
    said = (
        fields.raw("roster"),
        fields.raw("epoch"),
        fields.decimal("root"),
        fields.hex("statement", size=32),
    )
    if said != (statement.roster, statement.epoch, statement.root, signed.name):
        raise BadValue(_("the entry is not about the roster that was signed"), pointer=fields.at("envelope"))


def _bans(fields: Fields, domain: Domain) -> None:
    digest = fields.hex("sha256", size=32)
    listed = fields.raw("list")
    serial = fields.integer("serial", least=1)
    if listed is None:
        return
    if type(listed) is not dict or sha256(canonical_json(listed)) != digest:
        raise BadValue(_("the list has another SHA-256 than the entry says"), pointer=fields.at("sha256"))
    if listed.get("serial") != serial:
        raise BadValue(_("the list has another serial than the entry says"), pointer=fields.at("serial"))
    if (listed.get("site"), listed.get("season")) != (domain.site, domain.season):
        raise BadValue(_("the list is of another site or season than the entry"), pointer=fields.at("list"))


def _tick(fields: Fields, domain: Domain) -> None:
    fields.word("tick", _TICK)
    posts = fields.raw("posts")
    if type(posts) is not list or not 1 <= len(posts) <= MAX_POSTS or not all(map(_is_digest, posts)):
        message = _("an entry of posts has 1 to %(most)d ids")
        raise BadValue(message, pointer=fields.at("posts"), most=MAX_POSTS)
    if posts != sorted(set(posts)):
        raise BadValue(_("the ids must be sorted, and each named once"), pointer=fields.at("posts"))


def _replacement(fields: Fields, domain: Domain) -> None:
    check_replacement(fields)


def check_replacement(fields: Fields) -> None:
    """The fields of a replacement, here and in journals."""
    for name in REPLACEMENT_FIELDS:
        if fields.decimal(name) == 0:
            raise BadValue(_("“%(name)s” is 0"), pointer=fields.at(name), name=name)
    if fields.decimal("old") == fields.decimal("new"):
        raise BadValue(_("a replacement names two commitments"), pointer=fields.at("new"))


def _bundle(fields: Fields, domain: Domain) -> None:
    fields.hex("manifest", size=32)
    _check_digests(fields, "files")


def _observation(fields: Fields, domain: Domain) -> None:
    _check_epoch(fields)
    check_key(fields)


def _disclosures(fields: Fields, domain: Domain) -> None:
    fields.integer("count")


def _standing(fields: Fields, domain: Domain) -> None:
    fields.integer("artifacts")
    bans = fields.raw("bans")
    if type(bans) is not dict or len(bans) > _SEASONS or not all(map(_SEASON.fullmatch, bans)):
        raise BadValue(_("“bans” must name lists by their seasons"), pointer=fields.at("bans"))
    listed = fields.child("bans", bans)
    for season in bans:
        place = listed.child(season, ("index", "serial"))
        place.integer("index")
        place.integer("serial", least=1)


def _check_epoch(fields: Fields) -> str:
    """Of which roster an entry is."""
    fields.integer("epoch", least=1)
    return fields.word("roster", ROSTER_PATTERN)


def _check_digests(fields: Fields, name: str) -> None:
    """An object of file names and their SHA-256."""
    found = fields.raw(name)
    if (
        type(found) is not dict
        or not all(map(_FILE.fullmatch, found))
        or not all(map(_is_digest, found.values()))
    ):
        message = _("“%(name)s” must name files by their SHA-256")
        raise BadValue(message, pointer=fields.at(name), name=name)


def _is_digest(value: object) -> bool:
    return type(value) is str and _DIGEST.fullmatch(value) is not None


_Reader = tuple[tuple[str, ...], Callable[[Fields, Domain], None]]
_READERS: Final[Mapping[str, _Reader]] = {
    "season": (("number", "began"), _season),
    "artifacts": (("semaphore", "gate", "slots"), _artifacts),
    "enrolment": (ENROLMENT_FIELDS, _enrolment),
    "leaf": (("roster", "epoch", *LEAF_FIELDS), _leaf),
    "removal": (("roster", "epoch", "index"), _removal),
    "roster": (("roster", "epoch", "root", "statement", "envelope"), _roster),
    "bans": (("list", "serial", "sha256"), _bans),
    "tick": (("tick", "posts"), _tick),
    "replacement": (REPLACEMENT_FIELDS, _replacement),
    "bundle": (("manifest", "files"), _bundle),
    "observation": (("roster", "epoch", *KEY_FIELDS), _observation),
    "disclosures": (("count",), _disclosures),
    "standing": (("artifacts", "bans"), _standing),
}

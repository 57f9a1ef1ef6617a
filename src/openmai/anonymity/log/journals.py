"""A roster's journal: what changed from one epoch to the next, and what each new leaf rests on.

The people site publishes one with each statement; the talk site checks it, logs what it says, and accepts
the epoch only then.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from openmai.anonymity.content import read_domain
from openmai.anonymity.documents import BadValue, Fields, check_list, load_canonical
from openmai.anonymity.encoding import Domain, canonical_json, sha256
from openmai.anonymity.enrolment import EnrolmentClaim
from openmai.anonymity.errors import AnonymityError, gettext_noop
from openmai.anonymity.leanimt import CAPACITY
from openmai.anonymity.limits import MAX_JOURNAL, MAX_NAMED_KEYS
from openmai.anonymity.log.entries import (
    ENROLMENT_FIELDS,
    LEAF_FIELDS,
    REPLACEMENT_FIELDS,
    LogEntry,
    check_enrolment,
    check_leaf,
    check_replacement,
    entry,
    roster_entry,
)
from openmai.anonymity.log.issuers import KEY_FIELDS, IssuerKey, check_founded, place_of, read_key
from openmai.anonymity.log.replacements import Replacement
from openmai.anonymity.rosters import ROSTER_PATTERN, RosterStatement, SignedStatement, pack_leaves

_ = gettext_noop
JOURNAL_TYPE: Final = "openmai/roster-journal/v1"
_FIELDS: Final = (
    "type", "site", "season", "roster", "epoch", "previous", "joined", "removed", "enrolments",
    "replaced",
)  # fmt: skip
# Left out where it is empty, as in journals from before there were names.
_KEYS: Final = "keys"


class WrongJournal(AnonymityError):
    """The journal does not lead from the last epoch to the one that was signed."""


@dataclass(frozen=True, slots=True)
class JournalLeaf:
    """A new leaf. `kind` is one of `CLASSES`, `evidence` and `issuer_key` are SHA-256."""

    index: int
    commitment: int
    kind: str
    evidence: bytes | None
    issuer_key: bytes | None

    @property
    def key_place(self) -> tuple[str, bytes] | None:
        """Which key it rests on, by kind and SHA-256."""
        return place_of(self.kind, self.issuer_key)

    def document(self) -> dict[str, Any]:
        return {
            "index": self.index,
            "commitment": str(self.commitment),
            "class": self.kind,
            "evidence": None if self.evidence is None else self.evidence.hex(),
            "issuer_key": None if self.issuer_key is None else self.issuer_key.hex(),
        }


@dataclass(frozen=True, slots=True)
class Journal:
    """From the epoch whose statement is named `previous` (None: from nothing) to `epoch`.

    `replaced` are those of the joined keys that take the place of a lost one, `keys` the names of the keys
    that signed the evidence of those who joined, as far as the site knows them.
    """

    site: str
    season: str
    roster: str
    epoch: int
    previous: bytes | None
    joined: tuple[JournalLeaf, ...]
    removed: tuple[int, ...]
    enrolments: tuple[EnrolmentClaim, ...]
    replaced: tuple[Replacement, ...] = ()
    keys: tuple[IssuerKey, ...] = ()

    @property
    def domain(self) -> Domain:
        return Domain(self.site, self.season)

    @property
    def data(self) -> bytes:
        """The file, named by its SHA-256."""
        named = {_KEYS: [key.document() for key in self.keys]} if self.keys else {}
        return canonical_json(
            {
                "type": JOURNAL_TYPE,
                "site": self.site,
                "season": self.season,
                "roster": self.roster,
                "epoch": self.epoch,
                "previous": None if self.previous is None else self.previous.hex(),
                "joined": [leaf.document() for leaf in self.joined],
                "removed": list(self.removed),
                "enrolments": [claim.document() for claim in self.enrolments],
                "replaced": [pair.document() for pair in self.replaced],
                **named,
            }
        )


def open_journal(data: bytes, statement: RosterStatement) -> Journal:
    """The journal that `statement` names; raise `WrongJournal` or a `DocumentRefused`."""
    if sha256(data) != statement.journal:
        raise WrongJournal(_("the journal has another SHA-256 than the statement says"))
    journal = parse_journal(data, domain=statement.domain)
    if (journal.roster, journal.epoch) != (statement.roster, statement.epoch):
        raise WrongJournal(_("the journal is about another roster or epoch"))
    return journal


def parse_journal(data: bytes, *, domain: Domain | None) -> Journal:
    """Read a journal; raise a `DocumentRefused`. Whether it is true is for `apply_journal` to say."""
    document = load_canonical(data, limit=MAX_JOURNAL)
    named = (_KEYS,) if type(document) is dict and _KEYS in document else ()
    fields = Fields(document, (*_FIELDS, *named))
    fields.literal("type", JOURNAL_TYPE)
    found = read_domain(fields, domain)
    roster = fields.word("roster", ROSTER_PATTERN)
    journal = Journal(
        site=found.site,
        season=found.season,
        roster=roster,
        epoch=fields.integer("epoch", least=1),
        previous=fields.optional_hex("previous", size=32),
        joined=tuple(_leaf(each, roster) for each in _children(fields, "joined", LEAF_FIELDS)),
        removed=_removed(fields),
        enrolments=tuple(map(_enrolment, _children(fields, "enrolments", ENROLMENT_FIELDS))),
        replaced=tuple(map(_replacement, _children(fields, "replaced", REPLACEMENT_FIELDS))),
        keys=_named_keys(fields) if named else (),
    )
    _check_sorted(fields, "joined", [leaf.index for leaf in journal.joined])
    _check_sorted(fields, "enrolments", [claim.commitment for claim in journal.enrolments])
    _check_sorted(fields, "replaced", [pair.old for pair in journal.replaced])
    check_founded(journal.keys, (leaf.key_place for leaf in journal.joined))
    return journal


def apply_journal(journal: Journal, statement: RosterStatement, *, leaves: Sequence[int]) -> list[int]:
    """The leaves of the epoch, from those of the one before; raise `WrongJournal` unless they are the ones
    that were signed.
    """
    changed = next_leaves(journal.joined, journal.removed, leaves=leaves)
    if sha256(pack_leaves(changed)) != statement.leaves:
        raise WrongJournal(_("the journal does not lead to the leaves that were signed"))
    _check_replaced(journal, changed)
    return changed


def next_leaves(joined: Sequence[JournalLeaf], removed: Sequence[int], *, leaves: Sequence[int]) -> list[int]:
    """`leaves` with those that joined behind them, and 0 in the removed places; raise `WrongJournal`."""
    changed = list(leaves)
    for leaf in joined:
        if leaf.index != len(changed):
            raise WrongJournal(_("the journal puts leaf %(index)d where it cannot be"), index=leaf.index)
        changed.append(leaf.commitment)
    for index in removed:
        if index >= len(changed) or changed[index] == 0:
            raise WrongJournal(_("the journal removes leaf %(index)d, which is not there"), index=index)
        changed[index] = 0
    return changed


def _check_replaced(journal: Journal, leaves: Sequence[int]) -> None:
    joined, live = {leaf.commitment for leaf in journal.joined}, set(leaves) if journal.replaced else set()
    for pair in journal.replaced:
        if pair.new not in joined:
            raise WrongJournal(_("the journal names a replacement that did not join"))
        if pair.old in live:
            raise WrongJournal(_("a key that was replaced still stands in the roster"))


def unproved(journal: Journal, known: Callable[[Sequence[int]], set[int]]) -> tuple[EnrolmentClaim, ...]:
    """The enrolments of the journal that are new; `known` says which commitments are logged already.

    Raises `WrongJournal` unless they are those of exactly the leaves that joined: without one nobody has
    shown that a leaf is a key's, and from the log alone the journal could not be put together again.
    """
    claimed = {claim.commitment for claim in journal.enrolments}
    for leaf in journal.joined:
        if leaf.commitment not in claimed:
            message = _("leaf %(index)d joined without a proof of knowledge")
            raise WrongJournal(message, index=leaf.index)
    if len(claimed) != len({leaf.commitment for leaf in journal.joined}):
        raise WrongJournal(_("the journal brings a proof of knowledge of a key that did not join"))
    logged = known(list(claimed))
    return tuple(claim for claim in journal.enrolments if claim.commitment not in logged)


def journal_entries(
    journal: Journal,
    signed: SignedStatement,
    *,
    enrolments: Sequence[EnrolmentClaim],
    replaced: Sequence[Replacement] = (),
) -> list[LogEntry]:
    """What the log says of an epoch; `enrolments` and `replaced` are those that it does not know yet."""
    domain = journal.domain
    place = {"roster": journal.roster, "epoch": journal.epoch}
    return [
        *(entry("enrolment", domain, **claim.document()) for claim in enrolments),
        *(entry("leaf", domain, **place, **leaf.document()) for leaf in journal.joined),
        *(entry("removal", domain, **place, index=index) for index in journal.removed),
        roster_entry(signed),
        *(entry("replacement", domain, **pair.document()) for pair in replaced),
        *(entry("observation", domain, **place, **key.document()) for key in journal.keys),
    ]


def _named_keys(fields: Fields) -> tuple[IssuerKey, ...]:
    """None of them would have two forms: no list, and an empty one."""
    check_list(fields.raw(_KEYS), least=1, most=MAX_NAMED_KEYS, pointer=fields.at(_KEYS))
    keys = tuple(map(read_key, _children(fields, _KEYS, KEY_FIELDS)))
    _check_sorted(fields, _KEYS, keys)
    return keys


def _children(fields: Fields, name: str, names: Sequence[str]) -> list[Fields]:
    listed = fields.raw(name)
    if type(listed) is not list or len(listed) > CAPACITY:
        raise BadValue(_("a list was expected here"), pointer=fields.at(name))
    return [Fields(each, names, pointer=f"{fields.at(name)}/{place}") for place, each in enumerate(listed)]


def leaf_of(facts: Mapping[str, Any]) -> JournalLeaf:
    """A leaf from fields that were checked, the log's or a journal's."""
    evidence, key = facts["evidence"], facts["issuer_key"]
    return JournalLeaf(
        facts["index"],
        int(facts["commitment"]),
        facts["class"],
        None if evidence is None else bytes.fromhex(evidence),
        None if key is None else bytes.fromhex(key),
    )


def claim_of(facts: Mapping[str, Any]) -> EnrolmentClaim:
    """An enrolment from fields that were checked, the log's or a journal's."""
    return EnrolmentClaim(
        commitment=int(facts["commitment"]),
        nullifier=int(facts["nullifier"]),
        message=int(facts["message"], 16),
        points=bytes.fromhex(facts["proof"]),
    )


def _leaf(fields: Fields, roster: str) -> JournalLeaf:
    check_leaf(fields, roster=roster)
    return leaf_of({name: fields.raw(name) for name in LEAF_FIELDS})


def _enrolment(fields: Fields) -> EnrolmentClaim:
    check_enrolment(fields)
    return claim_of({name: fields.raw(name) for name in ENROLMENT_FIELDS})


def _replacement(fields: Fields) -> Replacement:
    check_replacement(fields)
    return Replacement(fields.decimal("old"), fields.decimal("new"))


def _removed(fields: Fields) -> tuple[int, ...]:
    listed = fields.raw("removed")
    if type(listed) is not list or not all(type(each) is int and 0 <= each < CAPACITY for each in listed):
        raise BadValue(_("a list was expected here"), pointer=fields.at("removed"))
    _check_sorted(fields, "removed", listed)
    return tuple(listed)


def _check_sorted(fields: Fields, name: str, keys: Sequence[Any]) -> None:
    if any(first >= second for first, second in pairwise(keys)):
        raise BadValue(_("the list must be sorted, and name each once"), pointer=fields.at(name))

"""One roster as the log tells it: its epochs, who came and went with each, and their proofs of knowledge."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from openmai.anonymity.encoding import sha256
from openmai.anonymity.enrolment import EnrolmentClaim
from openmai.anonymity.errors import gettext_noop
from openmai.anonymity.log.entries import LogEntry, parse_entry
from openmai.anonymity.log.issuers import IssuerKey, key_of
from openmai.anonymity.log.journals import Journal, JournalLeaf, claim_of, leaf_of, next_leaves
from openmai.anonymity.log.merkle import LogRefused
from openmai.anonymity.log.replacements import Replacement
from openmai.anonymity.rosters import SignedStatement, read_statement

_ = gettext_noop
# Only a field can look so: inside a text of canonical JSON the quotes would be escaped.
_KIND: Final = re.compile(rb'"type":"openmai/log/(enrolment|leaf|observation|removal|replacement|roster)/v1"')
_COMMITMENT: Final = re.compile(rb'\{"commitment":"(0|[1-9][0-9]{0,76})",')


class WrongHistory(LogRefused):
    """What the log says of a roster does not hang together."""


class MissingLeaf(WrongHistory):
    """The log lacks a leaf's entry, or its proof of knowledge. `index` is the leaf's."""

    def __init__(self, template: str, index: int, /, **values: object) -> None:
        super().__init__(template, index=index, **values)
        self.index = index


@dataclass(frozen=True, slots=True)
class _Epoch:
    """A roster's epoch as its entries tell it."""

    signed: SignedStatement
    joined: tuple[JournalLeaf, ...]
    removed: tuple[int, ...]
    keys: tuple[IssuerKey, ...]


class RosterHistory:
    """Reads a log's entries in their order; the post rests on the epoch whose entry stands at `index`.

    Only what bears on the roster of `signed` is parsed. Epochs that were logged with one addition stand there
    in the order of their bytes.
    """

    def __init__(self, signed: SignedStatement, *, index: int) -> None:
        statement = signed.statement
        self._signed = signed
        self._index = index
        self._season = f'"season":"{statement.season}"'.encode()
        self._roster = f'"roster":"{statement.roster}"'.encode()
        self._proofs: dict[int, bytes] = {}
        self._changes: dict[int, list[LogEntry]] = {}
        self._statements: dict[int, SignedStatement] = {}
        self._replaced: dict[int, Replacement] = {}
        self._keys: dict[int, list[IssuerKey]] = {}

    @cached_property
    def _epochs(self) -> list[_Epoch]:
        """All up to the post's, in their order."""
        last = self._signed.statement.epoch
        if any(epoch <= last and epoch not in self._statements for epoch in self._changes):
            raise WrongHistory(_("the log names leaves of an epoch that it does not name"))
        return [self._epoch(signed) for epoch, signed in sorted(self._statements.items()) if epoch <= last]

    @property
    def epochs(self) -> int:
        """How many led to the post's, its own included."""
        return len(self._epochs)

    def read(self, at: int, data: bytes) -> None:
        """Read the entry at index `at`; raise `WrongHistory` or a `DocumentRefused`."""
        match = _KIND.search(data)
        if match is None or self._season not in data:
            return
        if match[1] == b"enrolment":
            self._keep_proof(at, data)
        elif match[1] == b"replacement":
            self._keep_replacement(parse_entry(data))
        elif self._roster in data:
            self._keep_change(at, parse_entry(data))

    def leaves(self) -> list[int]:
        """The leaves of the epoch, as all that came and went leaves them; raise an `AnonymityError`."""
        if not self._epochs or self._epochs[-1].signed.name != self._signed.name:
            raise WrongHistory(_("the log does not name the roster that the post rests on"))
        leaves: list[int] = []
        for epoch in self._epochs:
            _check_places(epoch, len(leaves))
            leaves = next_leaves(epoch.joined, epoch.removed, leaves=leaves)
        if len(leaves) < self._signed.statement.size:
            raise MissingLeaf(_("the log has no entry for leaf %(index)d"), len(leaves))
        return leaves

    def entries(self) -> list[JournalLeaf]:
        """What was logged of each place, removed ones included, by its index."""
        return [leaf for epoch in self._epochs for leaf in epoch.joined]

    def keys(self) -> list[IssuerKey]:
        """The keys that were named with the epochs up to the post's, each as often as it was."""
        return [key for epoch in self._epochs for key in epoch.keys]

    def check_journals(self) -> None:
        """Each epoch's journal, put together from the log, must be the one that was signed; raise
        `WrongHistory`.
        """
        previous: bytes | None = None
        for epoch in self._epochs:
            statement = epoch.signed.statement
            journal = Journal(
                site=statement.site,
                season=statement.season,
                roster=statement.roster,
                epoch=statement.epoch,
                previous=previous,
                joined=epoch.joined,
                removed=epoch.removed,
                enrolments=tuple(self._claims(epoch.joined)),
                replaced=self._replacements(epoch.joined),
                keys=epoch.keys,
            )
            if sha256(journal.data) != statement.journal:
                message = _("what the log says of epoch %(epoch)d is not what the operator signed for it")
                raise WrongHistory(message, epoch=statement.epoch)
            previous = epoch.signed.name

    def proof_of(self, leaf: JournalLeaf) -> EnrolmentClaim:
        """The logged proof of knowledge of a leaf; raise `MissingLeaf`."""
        data = self._proofs.get(leaf.commitment)
        if data is None:
            message = _("the log has no proof of knowledge for leaf %(index)d (%(commitment)s)")
            raise MissingLeaf(message, leaf.index, commitment=leaf.commitment)
        entry = parse_entry(data, domain=self._signed.statement.domain)
        return claim_of(entry.facts)

    def _claims(self, joined: Iterable[JournalLeaf]) -> list[EnrolmentClaim]:
        return [self.proof_of(leaf) for leaf in sorted(joined, key=lambda leaf: leaf.commitment)]

    def _replacements(self, joined: Iterable[JournalLeaf]) -> tuple[Replacement, ...]:
        """Those of the keys that joined which take the place of a lost one."""
        found = (self._replaced.get(leaf.commitment) for leaf in joined)
        return tuple(sorted(each for each in found if each is not None))

    def _keep_replacement(self, entry: LogEntry) -> None:
        """Logged once, behind the roster that brought it: so that its place says nothing."""
        if entry.kind == "replacement" and entry.domain == self._signed.statement.domain:
            pair = Replacement(int(entry.facts["old"]), int(entry.facts["new"]))
            self._replaced[pair.new] = pair

    def _keep_proof(self, at: int, data: bytes) -> None:
        """Kept as it came: only those of the roster's own leaves are parsed."""
        named = _COMMITMENT.match(data)
        if named is None or at > self._index:
            return
        if int(named[1]) in self._proofs:
            raise WrongHistory(_("a commitment is enrolled twice"))
        self._proofs[int(named[1])] = data

    def _keep_change(self, at: int, entry: LogEntry) -> None:
        statement, facts = self._signed.statement, entry.facts
        if entry.domain != statement.domain or facts.get("roster") != statement.roster:
            return
        if entry.kind == "observation":
            # Behind the rosters of its addition.
            self._keys.setdefault(facts["epoch"], []).append(key_of(facts))
        elif entry.kind != "roster":
            if at < self._index:
                self._changes.setdefault(facts["epoch"], []).append(entry)
        elif facts["epoch"] in self._statements:
            raise WrongHistory(_("the log names an epoch of %(roster)s twice"), roster=statement.roster)
        else:
            signed = read_statement(facts["envelope"], key=None, domain=entry.domain)
            self._statements[facts["epoch"]] = signed

    def _epoch(self, signed: SignedStatement) -> _Epoch:
        changes = self._changes.get(signed.statement.epoch, [])
        joined = [leaf_of(each.facts) for each in changes if each.kind == "leaf"]
        removed = [each.facts["index"] for each in changes if each.kind == "removal"]
        keys = tuple(sorted(self._keys.get(signed.statement.epoch, ())))
        return _Epoch(signed, tuple(sorted(joined, key=_place)), tuple(sorted(removed)), keys)


def _place(leaf: JournalLeaf) -> int:
    return leaf.index


def _check_places(epoch: _Epoch, size: int) -> None:
    for expected, leaf in enumerate(epoch.joined, size):
        if leaf.index > expected:
            raise MissingLeaf(_("the log has no entry for leaf %(index)d"), expected)

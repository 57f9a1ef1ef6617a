"""The audit of a roster: every live leaf traced to the evidence that it stands on, and that checked again.

It trusts no row. What a leaf needs: a place in the statement that was signed, an enrolment, an employment
that has not run out, and evidence that opens, binds to this very commitment and holds.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from django.db.models import F

from openmai.anonymity.errors import AnonymityError
from openmai.anonymity.fields import be32
from openmai.anonymity.keys import public_bytes
from openmai.anonymity.rosters import check_leaves, open_statement
from openmai.companies.queries import CompanyCard
from openmai.people.conf import domain, roster_signing_key
from openmai.people.evidence_checks import EvidenceFailed, recheck
from openmai.people.models import Employment, Enrolment, Evidence, Roster, RosterEpoch, RosterLeaf
from openmai.people.queries.membership import PROVABLE_KINDS

_STRENGTH: Final = {kind: place for place, kind in enumerate(("dkim", "oidc", "badge", "code"))}


@dataclass(frozen=True)
class Finding:
    """What is wrong with one leaf; `index` is None where the signed file is wrong as a whole."""

    index: int | None
    commitment: bytes
    words: str


@dataclass
class RosterAudit:
    """What an audit found. `classes` counts the leaves whose evidence held, `issuers` by whose key:
    class, SHA-256 and name ("" for none).
    """

    roster: str
    epoch: int
    live: int
    classes: Counter[str] = field(default_factory=Counter)
    issuers: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)


def audit_company(company: CompanyCard, *, season: str) -> list[RosterAudit]:
    """Audit both rosters of a company; empty if none was ever wanted in that season."""
    rosters = Roster.objects.filter(season=season, company=company.id).order_by("name")
    return [_audit(roster) for roster in rosters]


def _audit(roster: Roster) -> RosterAudit:
    leaves = list(RosterLeaf.objects.filter(roster=roster, removed_epoch=None).order_by("index"))
    epoch = RosterEpoch.objects.filter(roster=roster, superseded_at=None).select_related("leaves").first()
    found = RosterAudit(roster.name, epoch.epoch if epoch else 0, len(leaves))
    found.findings += _against_the_statement(roster, epoch, leaves)
    for leaf in leaves:
        try:
            row = _stands_on(roster, bytes(leaf.commitment), epoch)
        except LeafUnfounded as error:
            found.findings.append(Finding(leaf.index, bytes(leaf.commitment), str(error)))
        else:
            found.classes[row.kind] += 1
            found.issuers[row.kind, bytes(row.issuer_key or b"").hex(), row.issuer_name or ""] += 1
    return found


class LeafUnfounded(Exception):
    """The leaf stands on nothing; the text says why."""


def _against_the_statement(
    roster: Roster, epoch: RosterEpoch | None, leaves: list[RosterLeaf]
) -> Iterator[Finding]:
    """Compare the rows with what was signed and published: neither may hold a leaf that the other lacks."""
    rows = {leaf.index: bytes(leaf.commitment) for leaf in leaves}
    try:
        signed = _signed_leaves(roster, epoch) if epoch else {}
    except AnonymityError as error:
        yield Finding(None, b"", f"the published statement does not hold: {error}")
        return
    for index in sorted(rows.keys() | signed.keys()):
        if rows.get(index) == signed.get(index):
            continue
        if index in signed:
            words = "stands in the signed statement and not in the table of leaves"
            yield Finding(index, signed[index], words)
        if index in rows:
            yield Finding(index, rows[index], "stands in the table of leaves and in no signed statement")


def _signed_leaves(roster: Roster, epoch: RosterEpoch) -> dict[int, bytes]:
    """Place → commitment of what was signed last; raise an `AnonymityError` if it does not hold."""
    signed = open_statement(
        bytes(epoch.envelope), key=public_bytes(roster_signing_key()), domain=domain(roster.season)
    )
    data = bytes(epoch.leaves.data) if epoch.leaves else b""
    tree = check_leaves(signed.statement, data)
    return {index: be32(leaf) for index, leaf in enumerate(tree.leaves) if leaf}


def _stands_on(roster: Roster, commitment: bytes, epoch: RosterEpoch | None) -> Evidence:
    """The strongest evidence of a leaf that holds; raise `LeafUnfounded`."""
    enrolment = Enrolment.objects.filter(season=roster.season, commitment=commitment).first()
    if enrolment is None:
        raise LeafUnfounded("nobody enrolled this commitment")
    employments = Employment.objects.filter(member=enrolment.member_id, company=roster.company_id)
    employment = employments.order_by(F("ended_on").desc(nulls_first=True)).first()
    if employment is None:
        raise LeafUnfounded("its member has no employment here")
    over = min(employment.ended_on or employment.valid_until, employment.valid_until)
    if epoch and over < epoch.published_at.date():
        # Until the next epoch a leaf may outlive its employment, and no longer.
        raise LeafUnfounded(f"its employment was over on {over}, before the epoch was published")
    rows = list(employment.evidence.filter(season=roster.season, commitment=commitment))
    if roster.kind == Roster.Kind.PROVABLE:
        rows = [row for row in rows if row.kind in PROVABLE_KINDS]
    if not rows:
        raise LeafUnfounded("there is no evidence for it")
    return _all_hold(sorted(rows, key=lambda row: _STRENGTH[row.kind]))


def _all_hold(rows: list[Evidence]) -> Evidence:
    """The strongest of `rows`; raise `LeafUnfounded` if any fails, even where another holds."""
    for row in rows:
        try:
            recheck(row)
        except EvidenceFailed as error:
            raise LeafUnfounded(f"its evidence ({row.kind}) fails: {error}") from error
    return rows[0]

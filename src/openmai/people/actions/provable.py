"""Who may stand on a provable roster: nobody on the word of a row in a table.

Every commitment that the last signed epoch did not hold is checked from its sealed evidence. So a leaf that
was written into the tables by hand never comes into a signed statement.
"""

import logging
from hashlib import sha256

from openmai.anonymity.errors import AnonymityError
from openmai.anonymity.fields import be32
from openmai.anonymity.keys import public_bytes
from openmai.anonymity.rosters import open_statement, unpack_leaves
from openmai.people.conf import domain, roster_signing_key
from openmai.people.evidence_checks import EvidenceFailed, recheck
from openmai.people.models import Evidence, Roster, RosterEpoch
from openmai.people.queries.evidence import companies_of
from openmai.people.queries.membership import PROVABLE_KINDS

logger = logging.getLogger(__name__)


def provable_ones(roster: Roster, commitments: set[bytes]) -> set[bytes]:
    """Those of `commitments` that are in the last signed epoch, or whose evidence holds now."""
    signed = _last_signed(roster) & commitments
    checked = {each for each in commitments - signed if _holds(roster, each)}
    refused = len(commitments) - len(signed) - len(checked)
    if refused:
        logger.warning("%d newcomers without evidence were kept off a provable roster", refused)
    return signed | checked


def _last_signed(roster: Roster) -> set[bytes]:
    """The live leaves under the last signature; none if the file is gone or does not fit its statement."""
    last = RosterEpoch.objects.filter(roster=roster, leaves__isnull=False).select_related("leaves")
    epoch = last.order_by("-epoch").first()
    if epoch is None or epoch.leaves is None:
        return set()
    envelope, data = bytes(epoch.envelope), bytes(epoch.leaves.data)
    try:
        signed = open_statement(
            envelope, key=public_bytes(roster_signing_key()), domain=domain(roster.season)
        )
        if signed.statement.roster != roster.name or sha256(data).digest() != bytes(signed.statement.leaves):
            return set()
        return {be32(leaf) for leaf in unpack_leaves(data) if leaf}
    except AnonymityError:
        return set()


def _holds(roster: Roster, commitment: bytes) -> bool:
    rows = Evidence.objects.select_related("employment").filter(
        season=roster.season,
        commitment=commitment,
        kind__in=PROVABLE_KINDS,
        employment__company__in=companies_of(roster) or [],
        employment__ended_on=None,
    )
    return any(_is_good(row) for row in rows)


def _is_good(row: Evidence) -> bool:
    try:
        recheck(row)
    except EvidenceFailed:
        return False
    return True

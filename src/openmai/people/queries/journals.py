"""What changed in a roster from one epoch to the next, with what each new leaf rests on."""

from collections.abc import Iterable, Sequence
from datetime import date

from openmai.anonymity.enrolment import EnrolmentClaim
from openmai.anonymity.limits import MAX_NAMED_KEYS
from openmai.anonymity.log.issuers import KIND_OF, IssuerKey
from openmai.anonymity.log.journals import Journal, JournalLeaf
from openmai.anonymity.log.replacements import Replacement
from openmai.people.conf import config
from openmai.people.models import Enrolment, Roster, RosterEpoch, RosterLeaf
from openmai.people.queries.evidence import LeafEvidence, evidence
from openmai.people.queries.replacements import replacements


def journal_of(roster: Roster, epoch: int, *, on: date) -> Journal:
    """The journal of an epoch whose leaves are in place already, and whose statement is not yet signed."""
    places = RosterLeaf.objects.filter(roster=roster)
    joined = list(places.filter(joined_epoch=epoch).order_by("index").values_list("index", "commitment"))
    removed = places.filter(removed_epoch=epoch).order_by("index").values_list("index", flat=True)
    previous = RosterEpoch.objects.filter(roster=roster, epoch__lt=epoch).order_by("-epoch").first()
    commitments = [bytes(commitment) for _index, commitment in joined]
    known = evidence(roster=roster, commitments=commitments, on=on)
    return Journal(
        site=config().site_id,
        season=roster.season,
        roster=roster.name,
        epoch=epoch,
        previous=bytes(previous.sha256) if previous else None,
        joined=tuple(_leaf(index, bytes(key), known.get(bytes(key))) for index, key in joined),
        removed=tuple(removed),
        enrolments=_claims(roster.season, commitments),
        replaced=_replaced(roster.season, commitments),
        keys=_keys(known.values()),
    )


def _keys(known: Iterable[LeafEvidence]) -> tuple[IssuerKey, ...]:
    """Of the keys that those who joined rest on, the names that are known."""
    named = {
        IssuerKey(KIND_OF[each.kind], each.issuer_name, each.issuer_key)
        for each in known
        if each.issuer_name is not None and each.issuer_key is not None
    }
    return tuple(sorted(named)[:MAX_NAMED_KEYS])


def _replaced(season: str, commitments: Sequence[bytes]) -> tuple[Replacement, ...]:
    return tuple(
        Replacement(int.from_bytes(each.old, "big"), int.from_bytes(each.new, "big"))
        for each in replacements(season=season, new=commitments)
    )


def _leaf(index: int, commitment: bytes, found: LeafEvidence | None) -> JournalLeaf:
    """Without evidence that can be shown, a leaf rests on a code that was sent, and says so."""
    return JournalLeaf(
        index=index,
        commitment=int.from_bytes(commitment, "big"),
        kind=found.kind if found else "code",
        evidence=found.digest if found else None,
        issuer_key=found.issuer_key if found else None,
    )


def _claims(season: str, commitments: Sequence[bytes]) -> tuple[EnrolmentClaim, ...]:
    rows = Enrolment.objects.filter(season=season, commitment__in=commitments)
    return tuple(
        EnrolmentClaim(
            commitment=int.from_bytes(bytes(row.commitment), "big"),
            nullifier=int.from_bytes(bytes(row.nullifier), "big"),
            message=int.from_bytes(bytes(row.message), "big"),
            points=bytes(row.proof),
        )
        for row in rows.order_by("commitment")
    )

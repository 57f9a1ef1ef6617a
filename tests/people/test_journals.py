"""The journals that carry the rosters into the log (docs/protocol.md §3)."""

from datetime import datetime
from hashlib import sha256
from typing import Any

import pytest
from tests.factories.people import HARBOUR_DOMAIN, prove_by_mail
from tests.people.test_rosters import (
    ATTESTED,
    EPOCH,
    _commitment,
    crowd,
    index,
    leaves,
    published,
    statement,
)

from openmai.anonymity.log.journals import Journal, apply_journal, open_journal
from openmai.people import actions
from openmai.people.models import Enrolment
from openmai.people.queries import journal_bytes, statement_bytes


@pytest.fixture(autouse=True)
def _companies(companies: dict[str, Any]) -> None:
    """Every test here needs employers."""


def journal(roster: str) -> Journal:
    """The journal of the current epoch, checked against its statement."""
    said = statement(roster)
    data = journal_bytes(said.journal)
    assert data is not None
    return open_journal(data, said)


def test_journals_lead_from_each_epoch_to_the_next_and_say_what_a_leaf_rests_on(now: datetime):
    staff = crowd(6, now)
    for someone in staff[:5]:
        prove_by_mail(someone, f"{someone.real_name.lower()}@{HARBOUR_DOMAIN}", now=now)
    published(now)
    first, before = journal(ATTESTED), leaves(ATTESTED)
    assert (first.epoch, first.previous, first.removed) == (1, None, ())
    assert apply_journal(first, statement(ATTESTED), leaves=[]) == before
    provable = {each.commitment for each in first.joined if each.kind == "dkim"}
    assert provable == {_commitment(someone, now) for someone in staff[:5]}
    assert all((each.evidence is None) == (each.kind == "code") for each in first.joined)
    assert [each.commitment for each in first.enrolments] == sorted(before)
    rows = {int.from_bytes(bytes(each.commitment), "big"): each for each in Enrolment.objects.all()}
    for claim in first.enrolments:
        assert claim.message == int.from_bytes(bytes(rows[claim.commitment].message), "big")

    name = sha256(statement_bytes(index().entry(ATTESTED).statement) or b"").digest()  # type: ignore[union-attr]
    crowd(5, now, prefix="Late")
    actions.end_employment(employment_id=staff[0].employments.get().id, by="member", now=now)
    published(now + EPOCH)
    second = journal(ATTESTED)
    assert second.previous == name
    assert second.removed == (before.index(_commitment(staff[0], now)),)
    assert len(second.joined) == 5
    assert apply_journal(second, statement(ATTESTED), leaves=before) == leaves(ATTESTED)

"""The journals that carry the rosters into the log (docs/protocol.md §3)."""

from datetime import datetime
from hashlib import sha256
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from tests.factories.people import DEMO_SELECTOR, HARBOUR_DOMAIN, prove_by_mail
from tests.people.test_rosters import (
    ATTESTED,
    EPOCH,
    PROVABLE,
    _commitment,
    crowd,
    index,
    leaves,
    published,
    statement,
)

from openmai.anonymity.log.issuers import IssuerKey
from openmai.anonymity.log.journals import Journal, apply_journal, open_journal
from openmai.people import actions
from openmai.people.models import Enrolment, Evidence
from openmai.people.queries import journal_bytes, statement_bytes

KEY_NAME = f"{DEMO_SELECTOR}._domainkey.{HARBOUR_DOMAIN}"


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


def by_mail(count: int, now: datetime, *, others: int = 0) -> None:
    """Employees of Harbour who joined by a signed mail, and others who joined by a code."""
    for someone in crowd(count + others, now)[:count]:
        prove_by_mail(someone, f"{someone.real_name.lower()}@{HARBOUR_DOMAIN}", now=now)


def test_a_journal_names_the_keys_that_its_leaves_rest_on_and_no_others(now: datetime):
    by_mail(5, now, others=1)
    published(now)
    key = bytes(Evidence.objects.filter(kind="dkim")[0].issuer_key or b"")
    for roster in (ATTESTED, PROVABLE, "site"):
        assert journal(roster).keys == (IssuerKey("dkim", KEY_NAME, key),)
    crowd(5, now, prefix="Late")
    published(now + EPOCH)
    assert {leaf.kind for leaf in journal(ATTESTED).joined} == {"code"}
    assert journal(ATTESTED).keys == ()


def test_a_key_of_evidence_from_before_there_were_names_is_not_named(now: datetime):
    by_mail(5, now)
    Evidence.objects.update(issuer_name=None)
    published(now)
    found = journal(PROVABLE)
    assert all(leaf.issuer_key for leaf in found.joined)
    assert found.keys == ()


def test_a_key_has_one_name_at_a_company_whoever_joined_by_it(now: datetime):
    """Harbour publishes one key under two names: which of them somebody's mail bore is nobody's business."""
    by_mail(6, now)
    other = f"a._domainkey.{HARBOUR_DOMAIN}"
    Evidence.objects.filter(id=Evidence.objects.filter(kind="dkim")[0].id).update(issuer_name=other)
    published(now)
    for roster in (ATTESTED, PROVABLE, "site"):
        assert [key.name for key in journal(roster).keys] == [other]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("dkim", HARBOUR_DOMAIN),
        ("dkim", f"Mail._domainkey.{HARBOUR_DOMAIN}"),
        ("dkim", "https://login.harbour.example"),
        ("code", KEY_NAME),
        ("code", ""),
    ],
)
def test_the_database_keeps_no_name_that_a_journal_could_not_say(now: datetime, kind: str, name: str):
    by_mail(1, now)
    with pytest.raises(IntegrityError), transaction.atomic():
        Evidence.objects.filter(kind=kind).update(issuer_name=name)

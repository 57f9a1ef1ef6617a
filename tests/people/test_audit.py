"""The audit finds every leaf that stands on nothing, and the publisher lets none of them be provable."""

from datetime import datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from tests.factories.people import DEMO_SELECTOR, HARBOUR, HARBOUR_DOMAIN, employ, prove_by_mail

from openmai.anonymity.fields import R, be32
from openmai.anonymity.rosters import open_statement, unpack_leaves
from openmai.anonymity.seasons import season_at
from openmai.companies.queries import company_by_slug
from openmai.people import actions
from openmai.people.actions.evidence import give_word
from openmai.people.audit import RosterAudit, audit_company
from openmai.people.evidence import Place, seal, unseal
from openmai.people.evidence_checks import EvidenceFailed, recheck
from openmai.people.models import Employment, Enrolment, Evidence, Member, Roster, RosterEpoch, RosterLeaf
from openmai.people.queries.evidence import evidence

DAY = timedelta(days=1)
PROVABLE = f"company/{HARBOUR}/provable"
ATTESTED = f"company/{HARBOUR}/attested"
INVENTED = be32(4711)
KEY_NAME = f"{DEMO_SELECTOR}._domainkey.{HARBOUR_DOMAIN}"


@pytest.fixture(autouse=True)
def _companies(companies: dict[str, Any]) -> None:
    """Every test here needs employers."""


def season(now: datetime) -> str:
    return season_at(int(now.timestamp())).id


def enrol_without_proof(someone: Member, now: datetime) -> bytes:
    """The row and the word that an enrolment leaves; its proof is tested elsewhere and is slow to make."""
    commitment = be32(Random(someone.real_name).randrange(1, R))
    Enrolment.objects.create(
        member=someone,
        season=season(now),
        commitment=commitment,
        nullifier=bytes(32),
        proof=bytes(128),
        message=sha256(commitment).digest(),
        ticket=sha256(commitment).digest(),
        enrolled_on=now.date(),
    )
    give_word(member_id=someone.id, season=season(now), on=now.date())
    return commitment


def staff(count: int, now: datetime, *, signed: int = 0) -> list[Member]:
    """Employees by code; the first `signed` of them by a signed mail too."""
    members = []
    for number in range(count):
        someone = Member.objects.create(
            email=f"member{number}@home.example",
            real_name=f"Member{number}",
            password="!",
            joined_on=now.date(),
        )
        employ(someone, f"member{number}@{HARBOUR_DOMAIN}", now=now)
        enrol_without_proof(someone, now)
        if number < signed:
            prove_by_mail(someone, f"member{number}@{HARBOUR_DOMAIN}", now=now)
        members.append(someone)
    return members


def audit(now: datetime) -> dict[str, RosterAudit]:
    company = company_by_slug(HARBOUR)
    assert company is not None
    return {each.roster: each for each in audit_company(company, season=season(now))}


def found(now: datetime, roster: str) -> list[str]:
    return [each.words for each in audit(now)[roster].findings]


def signed_leaves(roster: str) -> set[bytes]:
    """What everybody sees: the live leaves of the statement signed last."""
    epoch = RosterEpoch.objects.get(roster__name=roster, superseded_at=None)
    statement = open_statement(bytes(epoch.envelope), key=None, domain=None).statement
    assert epoch.leaves is not None
    assert sha256(bytes(epoch.leaves.data)).digest() == statement.leaves
    return {be32(leaf) for leaf in unpack_leaves(bytes(epoch.leaves.data)) if leaf}


def sql(statement: str, *values: Any) -> None:
    """What Olga does who has the database and writes past the program."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def insert_leaf(roster_name: str, commitment: bytes, *, epoch: int = 1) -> None:
    roster = Roster.objects.get(name=roster_name)
    index = RosterLeaf.objects.filter(roster=roster).count()
    sql(
        "INSERT INTO people_rosterleaf (roster_id, index, commitment, joined_epoch) VALUES (%s, %s, %s, %s)",
        roster.id,
        index,
        commitment,
        epoch,
    )


def insert_enrolment(commitment: bytes, now: datetime) -> str:
    """An invented member with a key; returns the member's id."""
    member = str(uuid4())
    sql(
        "INSERT INTO people_member (id, email, real_name, language, joined_on, is_active, password)"
        " VALUES (%s, %s, 'Nobody', 'en', %s, true, '!')",
        member,
        f"{member}@home.example",
        now.date(),
    )
    # A row like another one, whatever its columns are.
    sql(
        "INSERT INTO people_enrolment SELECT made.* FROM"
        " (SELECT to_jsonb(one) AS row FROM people_enrolment AS one LIMIT 1) AS known,"
        " jsonb_populate_record(NULL::people_enrolment, known.row || jsonb_build_object("
        "'id', %s::text, 'member_id', %s::text, 'commitment', %s::text, 'ticket', %s::text)) AS made",
        str(uuid4()),
        member,
        f"\\x{commitment.hex()}",
        f"\\x{sha256(commitment).hexdigest()}",
    )
    return member


def insert_employment(member: str, now: datetime) -> str:
    company = company_by_slug(HARBOUR)
    assert company is not None
    employment = str(uuid4())
    sql(
        "INSERT INTO people_employment"
        " (id, member_id, company_id, method, verified_on, valid_until, ended_by)"
        " VALUES (%s, %s, %s, 'dkim', %s, %s, '')",
        employment,
        member,
        company.id,
        now.date(),
        now.date() + 365 * DAY,
    )
    return employment


def insert_evidence(employment: str, commitment: bytes, sealed: bytes, digest: bytes, like: Evidence) -> None:
    sql(
        "INSERT INTO people_evidence (id, employment_id, season, commitment, kind, signature, issuer_key,"
        " digest, sealed, received_on) VALUES (%s, %s, %s, %s, 'dkim', %s, %s, %s, %s, %s)",
        str(uuid4()),
        employment,
        like.season,
        commitment,
        sha256(b"another").digest(),
        bytes(like.issuer_key or b""),
        digest,
        sealed,
        like.received_on,
    )


def test_a_roster_in_order_is_found_in_order(now: datetime):
    staff(6, now, signed=5)
    actions.publish_rosters(now=now)
    audits = audit(now)
    assert [each.findings for each in audits.values()] == [[], []]
    assert audits[PROVABLE].classes == {"dkim": 5}
    assert audits[ATTESTED].classes == {"dkim": 5, "code": 1}
    key = bytes(Evidence.objects.filter(kind="dkim")[0].issuer_key or b"").hex()
    assert audits[PROVABLE].issuers == {("dkim", key, KEY_NAME): 5}


def test_the_journal_learns_class_digest_and_issuer_of_each_leaf(now: datetime):
    members = staff(6, now, signed=5)
    actions.publish_rosters(now=now)
    keys = [bytes(Enrolment.objects.get(member=each).commitment) for each in members]
    for name, kinds in ((PROVABLE, ["dkim"] * 5), (ATTESTED, ["dkim"] * 5 + ["code"]), ("site", None)):
        told = evidence(roster=Roster.objects.get(name=name), commitments=keys, on=now.date())
        if kinds:
            assert [told[key].kind for key in keys if key in told] == kinds
        for key, each in told.items():
            row = Evidence.objects.get(digest=each.digest)
            assert (bytes(row.commitment), row.kind) == (key, each.kind)
            assert (each.issuer_key is None) == (each.kind == "code")


def test_an_invented_leaf_is_found_and_goes_with_the_next_epoch(now: datetime):
    staff(5, now, signed=5)
    actions.publish_rosters(now=now)
    insert_leaf(PROVABLE, INVENTED)
    words = found(now, PROVABLE)
    assert any("no signed statement" in each for each in words)
    assert any("nobody enrolled" in each for each in words)
    actions.publish_rosters(now=now + DAY)
    assert INVENTED not in signed_leaves(PROVABLE)
    assert found(now, PROVABLE) == []


def test_an_invented_leaf_with_an_enrolment_is_found(now: datetime):
    staff(5, now, signed=5)
    actions.publish_rosters(now=now)
    insert_enrolment(INVENTED, now)
    insert_leaf(PROVABLE, INVENTED)
    assert any("no employment here" in each for each in found(now, PROVABLE))
    actions.publish_rosters(now=now + DAY)
    assert INVENTED not in signed_leaves(PROVABLE)


def test_an_invented_employee_becomes_attested_at_most_and_is_named(now: datetime):
    """Enrolment and employment inserted: the table of members says yes, and there is no evidence."""
    staff(5, now, signed=5)
    actions.publish_rosters(now=now)
    insert_employment(insert_enrolment(INVENTED, now), now)
    insert_leaf(PROVABLE, INVENTED)
    assert any("no evidence" in each for each in found(now, PROVABLE))
    actions.publish_rosters(now=now + 8 * DAY)
    actions.publish_rosters(now=now + 16 * DAY)
    assert INVENTED not in signed_leaves(PROVABLE)
    assert found(now, PROVABLE) == []
    assert found(now, ATTESTED) == ["there is no evidence for it"]
    assert INVENTED not in evidence(
        roster=Roster.objects.get(name=ATTESTED), commitments=[INVENTED], on=now.date()
    )


def test_copied_evidence_of_another_leaf_does_not_open(now: datetime):
    staff(5, now, signed=5)
    actions.publish_rosters(now=now)
    employment = insert_employment(insert_enrolment(INVENTED, now), now)
    original = Evidence.objects.filter(kind="dkim")[0]
    insert_evidence(employment, INVENTED, bytes(original.sealed), sha256(b"copy").digest(), original)
    insert_leaf(PROVABLE, INVENTED)
    assert any("belong to another row" in each for each in found(now, PROVABLE))
    actions.publish_rosters(now=now + 8 * DAY)
    actions.publish_rosters(now=now + 16 * DAY)
    assert INVENTED not in signed_leaves(PROVABLE)


def test_copied_evidence_that_was_sealed_anew_is_bound_to_another_key(now: datetime):
    """Olga has the key of the seal too, and still cannot make the employer's server sign another Subject."""
    staff(5, now, signed=5)
    actions.publish_rosters(now=now)
    employment = insert_employment(insert_enrolment(INVENTED, now), now)
    original = Evidence.objects.filter(kind="dkim")[0]
    old = Place("dkim", original.season, bytes(original.commitment), original.employment_id)
    facts, _digest = unseal(old, bytes(original.sealed))
    row = Employment.objects.get(id=employment)
    again = seal(
        Place("dkim", original.season, INVENTED, row.id), salt=bytes.fromhex(facts["salt"]), facts=facts
    )
    insert_evidence(employment, INVENTED, again.sealed, again.digest, original)
    insert_leaf(PROVABLE, INVENTED)
    assert any("not bound to this commitment" in each for each in found(now, PROVABLE))
    actions.publish_rosters(now=now + 8 * DAY)
    actions.publish_rosters(now=now + 16 * DAY)
    assert INVENTED not in signed_leaves(PROVABLE)


def test_evidence_moved_to_another_employment_does_not_open(now: datetime):
    staff(6, now, signed=5)
    actions.publish_rosters(now=now)
    moved, other = (
        Evidence.objects.filter(kind="dkim")[0],
        Employment.objects.get(member__real_name="Member5"),
    )
    sql("UPDATE people_evidence SET employment_id = %s WHERE id = %s", other.id, moved.id)
    assert "there is no evidence for it" in found(now, PROVABLE)


@pytest.mark.parametrize("column", ["sealed", "digest", "issuer_key", "signature"])
def test_one_changed_byte_of_the_evidence_is_found(now: datetime, column: str):
    staff(5, now, signed=5)
    actions.publish_rosters(now=now)
    row = Evidence.objects.filter(kind="dkim")[0]
    value = bytearray(bytes(getattr(row, column)))
    value[-1] ^= 1
    sql(f"UPDATE people_evidence SET {column} = %s WHERE id = %s", bytes(value), row.id)  # noqa: S608
    assert len(found(now, PROVABLE)) == 1


def test_a_key_under_another_name_is_found(now: datetime):
    """Olga, the operator, has the log name a key as another company's."""
    staff(5, now, signed=5)
    actions.publish_rosters(now=now)
    row = Evidence.objects.filter(kind="dkim")[0]
    sql("UPDATE people_evidence SET issuer_name = 'mail._domainkey.lumen.example' WHERE id = %s", row.id)
    assert len(found(now, PROVABLE)) == 1
    with pytest.raises(EvidenceFailed, match="the key's name is not the one"):
        recheck(Evidence.objects.get(id=row.id))


def test_an_address_that_is_no_longer_the_employments_is_found(now: datetime):
    staff(5, now, signed=5)
    actions.publish_rosters(now=now)
    sql("DELETE FROM people_addressclaim WHERE employment_id = %s", Employment.objects.all()[0].id)
    assert any("address or log-in" in each for each in found(now, PROVABLE))
    assert any("address or log-in" in each for each in found(now, ATTESTED))


def test_a_statement_with_a_leaf_that_the_table_lacks_is_found(now: datetime):
    staff(5, now, signed=5)
    actions.publish_rosters(now=now)
    sql("DELETE FROM people_rosterleaf WHERE index = 0")
    assert "stands in the signed statement and not in the table of leaves" in found(now, PROVABLE)


def test_who_left_is_no_finding_until_the_next_epoch(now: datetime):
    members = staff(6, now, signed=6)
    actions.publish_rosters(now=now)
    actions.end_employment(
        employment_id=members[0].employments.get().id, by="member", now=now + timedelta(hours=1)
    )
    assert found(now, PROVABLE) == []
    sql("UPDATE people_rosterepoch SET published_at = published_at + interval '3 days'")
    assert any("was over" in each for each in found(now, PROVABLE))


def test_an_employment_that_ran_out_leaves_the_rosters(now: datetime):
    members = staff(6, now, signed=5)
    actions.publish_rosters(now=now)
    gone = bytes(Enrolment.objects.get(member=members[0]).commitment)
    sql("UPDATE people_employment SET valid_until = %s WHERE member_id = %s", now.date() + DAY, members[0].id)
    actions.publish_rosters(now=now + DAY)
    assert gone not in signed_leaves(PROVABLE) | signed_leaves(ATTESTED) | signed_leaves("site")
    assert Employment.objects.get(member=members[0]).ended_on is None, "it can be verified again"

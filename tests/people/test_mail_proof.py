"""From the request for a signed mail to a provable employment (V2)."""

import base64
from datetime import datetime, timedelta
from hashlib import sha256

import pytest
from django.test import Client
from tests.factories.people import (
    HARBOUR,
    HARBOUR_DOMAIN,
    ORCHID,
    ORCHID_DOMAIN,
    company_names,
    employ,
    enrol,
    queued_mails,
    rsa_key,
    sign_mail,
    write_mail,
)

from openmai.anonymity.encoding import canonical_json
from openmai.anonymity.fields import be32
from openmai.anonymity.seasons import season_at
from openmai.people import actions, limits
from openmai.people.actions.mail_proof import KeyNeeded, NoDomain
from openmai.people.evidence import Place, unseal
from openmai.people.models import Employment, Evidence, MailProof, Member
from openmai.people.queries.membership import rosters_of_member
from openmai.people.signed_mail import MailRefused
from openmai.people.txt_records import TxtAnswer
from openmai.platform.clock import utc_now


@pytest.fixture
def now() -> datetime:
    """The real clock: signatures carry their own time."""
    return utc_now()


def open_proof(member: Member, now: datetime, company: str = HARBOUR, salt: int = 7) -> MailProof:
    return actions.open_mail_proof(
        member_id=member.id, company_slug=company, now=now, randbytes=lambda size: bytes([salt]) * size
    )


def signed(proof: MailProof, now: datetime, sender: str = f"alice@{HARBOUR_DOMAIN}") -> bytes:
    return sign_mail(write_mail(subject=f"Openmai {proof.bind}", now=now, sender=sender))


def accept(raw: bytes, now: datetime) -> None:
    actions.accept_mail(raw=raw, now=now, look_up=company_names())


def refused(raw: bytes, now: datetime) -> str:
    with pytest.raises(MailRefused) as caught:
        accept(raw, now)
    return caught.value.code


def test_a_signed_mail_makes_the_employment_provable(alice: Member, now: datetime):
    season = enrol(alice, now=now).season
    proof = open_proof(alice, now)
    assert rosters_of_member(member_id=alice.id, season=season, on=now.date()) == []

    accept(signed(proof, now), now)

    employment = Employment.objects.get(member=alice)
    assert (employment.method, employment.ended_on) == ("dkim", None)
    assert rosters_of_member(member_id=alice.id, season=season, on=now.date()) == [
        f"company/{HARBOUR}/attested",
        f"company/{HARBOUR}/provable",
        "industry/logistics/attested",
        "industry/logistics/provable",
        "site",
    ]
    mail = queued_mails()[-1]
    assert (mail.to, mail.subject) == (["alice@home.example"], "Your evidence was accepted")


def test_the_evidence_is_sealed_and_complete(alice: Member, now: datetime):
    enrolled = enrol(alice, now=now)
    proof = open_proof(alice, now)
    raw = signed(proof, now)
    accept(raw, now)

    evidence = Evidence.objects.get(kind="dkim")
    assert bytes(evidence.commitment) == be32(enrolled.commitment)
    assert b"alice" not in bytes(evidence.sealed)
    place = Place("dkim", proof.season, bytes(evidence.commitment), evidence.employment_id)
    package, digest = unseal(place, bytes(evidence.sealed))
    assert base64.b64decode(package["mail"]) == raw
    assert package["dns"]["name"] == f"mail._domainkey.{HARBOUR_DOMAIN}"
    record = base64.b64decode(package["dns"]["records"][0][0])
    assert record.startswith(b"v=DKIM1")
    assert package["bind"] == proof.bind
    assert digest == bytes(evidence.digest)
    assert sha256(canonical_json(package) + bytes(proof.salt)).digest() == digest
    key = base64.b64decode(record.partition(b"p=")[2])
    assert bytes(evidence.issuer_key or b"") == sha256(key).digest()
    assert evidence.issuer_name == f"mail._domainkey.{HARBOUR_DOMAIN}"


def test_the_code_is_bound_to_the_commitment(alice: Member, bob: Member, now: datetime):
    enrol(alice, now=now, seed=1)
    enrol(bob, now=now, seed=2)
    assert open_proof(alice, now, salt=7).bind != open_proof(bob, now, salt=7).bind


def test_a_key_comes_first(alice: Member, now: datetime):
    with pytest.raises(KeyNeeded):
        open_proof(alice, now)


def test_a_company_without_a_domain_has_no_mail(alice: Member, now: datetime):
    enrol(alice, now=now)
    with pytest.raises(NoDomain):
        open_proof(alice, now, company="nowhere")


def test_the_same_mail_is_no_evidence_twice(alice: Member, now: datetime):
    enrol(alice, now=now)
    raw = signed(open_proof(alice, now), now)
    accept(raw, now)
    assert refused(raw, now) == "replayed"
    assert Evidence.objects.filter(kind="dkim").count() == 1


def test_for_a_request_that_was_answered_no_name_server_is_asked(alice: Member, now: datetime):
    enrol(alice, now=now)
    raw, names = signed(open_proof(alice, now), now), company_names()
    accept(raw, now)
    with pytest.raises(MailRefused):
        actions.accept_mail(raw=raw, now=now, look_up=names)
    assert names.asked == []


def test_of_two_copies_that_come_at_once_one_is_evidence(alice: Member, now: datetime):
    enrol(alice, now=now)
    raw, names = signed(open_proof(alice, now), now), company_names()

    def while_the_other_copy_is_accepted(name: str) -> TxtAnswer:
        accept(raw, now)
        return names(name)

    with pytest.raises(MailRefused) as caught:
        actions.accept_mail(raw=raw, now=now, look_up=while_the_other_copy_is_accepted)
    assert caught.value.code == "replayed"
    assert Evidence.objects.filter(kind="dkim").count() == 1


def test_a_mail_stays_used_when_its_request_is_forgotten(alice: Member, now: datetime):
    enrol(alice, now=now)
    raw = signed(open_proof(alice, now, salt=7), now)
    accept(raw, now)
    MailProof.objects.all().delete()
    open_proof(alice, now, salt=7)
    assert refused(raw, now) == "replayed"


def test_a_mail_for_alice_does_not_serve_mallory(alice: Member, mallory: Member, now: datetime):
    enrol(alice, now=now, seed=1)
    enrol(mallory, now=now, seed=2)
    raw = signed(open_proof(alice, now), now)
    mallorys = open_proof(mallory, now)
    # Mallory puts her own code into Alice's mail.
    assert refused(raw.replace(open_proof(alice, now).bind.encode(), mallorys.bind.encode()), now) in {
        "bad-signature",
        "no-code",
    }
    assert not Evidence.objects.exists()


def test_an_address_that_verifies_alice_verifies_nobody_else(alice: Member, mallory: Member, now: datetime):
    employ(alice, f"alice@{HARBOUR_DOMAIN}", now=now)
    enrol(mallory, now=now)
    proof = open_proof(mallory, now)
    assert refused(signed(proof, now), now) == "address-taken"
    proof.refresh_from_db()
    assert (proof.state, proof.refusal) == ("waiting", "address-taken")


@pytest.mark.parametrize("mailbox", ["support", "HR", "no-reply", "support+4711"])
def test_a_mailbox_of_a_department_proves_nobodys_employment(alice: Member, now: datetime, mailbox: str):
    """A help desk answers under the company's signature, and quotes whoever wrote to it."""
    enrol(alice, now=now)
    proof = open_proof(alice, now)
    assert refused(signed(proof, now, sender=f"{mailbox}@{HARBOUR_DOMAIN}"), now) == "department"
    assert not Employment.objects.exists()
    assert not Evidence.objects.exists()
    proof.refresh_from_db()
    assert (proof.state, proof.refusal) == ("waiting", "department")
    accept(signed(proof, now), now)


def test_a_code_employment_is_strengthened_not_doubled(alice: Member, now: datetime):
    employment_id = employ(alice, f"alice@{HARBOUR_DOMAIN}", now=now)
    enrol(alice, now=now)
    accept(signed(open_proof(alice, now), now), now)
    assert Employment.objects.get().id == employment_id
    assert Employment.objects.get().method == "dkim"


def test_a_mail_from_another_company_proves_nothing_here(alice: Member, now: datetime):
    enrol(alice, now=now)
    proof = open_proof(alice, now, company=ORCHID)
    raw = write_mail(subject=proof.bind, now=now, sender=f"alice@{HARBOUR_DOMAIN}")
    assert refused(sign_mail(raw), now) == "foreign-sender"
    raw = write_mail(subject=proof.bind, now=now, sender=f"alice@{ORCHID_DOMAIN}")
    assert refused(sign_mail(raw, signer=ORCHID_DOMAIN, pem=rsa_key()), now) == "no-key"


def test_an_old_request_and_one_of_another_season_are_closed(alice: Member, now: datetime):
    enrol(alice, now=now)
    proof = open_proof(alice, now)
    MailProof.objects.update(opened_on=now.date() - timedelta(days=8))
    assert refused(signed(proof, now), now) == "expired"
    MailProof.objects.update(season="s1")
    assert refused(signed(proof, now), now) == "other-season"


def test_a_refusal_is_told_on_the_page_and_by_mail_and_can_be_mended(
    alice: Member, as_alice: Client, now: datetime
):
    enrol(alice, now=now)
    proof = open_proof(alice, now)
    page = f"/en/employment/mail/{proof.id}/"
    assert "Waiting for your mail" in as_alice.get(page).content.decode()

    assert refused(sign_mail(signed(proof, now)), now) == "several-signatures"
    assert "exactly one is accepted" in as_alice.get(page).content.decode()
    mail = queued_mails()[-1]
    assert mail.to == ["alice@home.example"]
    assert "exactly one is accepted" in mail.text
    assert page in mail.text

    accept(signed(proof, now), now)
    assert "Your mail was accepted" in as_alice.get(page).content.decode()


def test_so_many_mails_are_read_for_one_request(
    alice: Member, now: datetime, monkeypatch: pytest.MonkeyPatch
):
    few = limits.Limit(limits.MAILS_PER_PROOF.name, 1, limits.MAILS_PER_PROOF.refusal)
    monkeypatch.setattr(limits, "MAILS_PER_PROOF", few)
    enrol(alice, now=now)
    proof = open_proof(alice, now)
    bad = sign_mail(signed(proof, now))
    assert refused(bad, now) == "several-signatures"
    assert refused(signed(proof, now), now) == "too-many"
    assert len(queued_mails()) == 1, "a flood of mails is not a flood of notices"


def test_so_many_requests_may_be_opened(alice: Member, now: datetime):
    enrol(alice, now=now)
    for _turn in range(limits.MAIL_PROOFS_PER_MEMBER.per_day):
        open_proof(alice, now, salt=_turn)
    with pytest.raises(limits.LimitReached):
        open_proof(alice, now)
    assert MailProof.objects.count() == 1, "only the latest one waits"


def test_the_pages_open_a_request(alice: Member, as_alice: Client, now: datetime):
    without_key = as_alice.post("/en/employment/mail/", {"company": HARBOUR}, follow=True)
    assert without_key.redirect_chain == [("/en/enrol/", 302)]
    assert "Create your anonymous key first" in without_key.content.decode()

    enrol(alice, now=now)
    opened = as_alice.post("/en/employment/mail/", {"company": HARBOUR}, follow=True)
    proof = MailProof.objects.get()
    assert opened.redirect_chain == [(f"/en/employment/mail/{proof.id}/", 302)]
    text = opened.content.decode()
    assert f"Openmai {proof.bind}" in text
    assert f"mailto:verify@test.openmai.example?subject=Openmai%20{proof.bind}" in text
    assert season_at(int(now.timestamp())).id == proof.season


@pytest.mark.parametrize("company", ["", "nowhere", "x" * 100, "a/b", "<script>"])
def test_an_unknown_company_is_refused(alice: Member, as_alice: Client, company: str, now: datetime):
    enrol(alice, now=now)
    assert as_alice.post("/en/employment/mail/", {"company": company}).status_code == 422
    assert not MailProof.objects.exists()

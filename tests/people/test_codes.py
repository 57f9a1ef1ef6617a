"""Employment by a one-time code (V1)."""

import re
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import translation
from tests.factories.people import HARBOUR_DOMAIN, employ, queued_mails

from openmai.people import actions, limits
from openmai.people.actions.codes import (
    MAX_ATTEMPTS,
    AlreadyVerified,
    CodeExhausted,
    CodeExpired,
    NoChallenge,
    WrongCode,
)
from openmai.people.forms import CodeForm
from openmai.people.models import AddressClaim, CodeChallenge, DailyUse, Employment, Member
from openmai.people.work_address import BadAddress

ADDRESS = f"alice.li@{HARBOUR_DOMAIN}"


def ask(member: Member, now: datetime, address: str = ADDRESS, code: int = 12345678) -> None:
    actions.request_code(member_id=member.id, address=address, now=now, randbelow=lambda _n: code)


def test_a_code_goes_to_the_work_address_and_verifies_the_employment(alice: Member, today: datetime):
    ask(alice, today, code=1234)
    (mail,) = queued_mails()
    assert mail.to == [ADDRESS]
    assert "00001234" in mail.text

    employment_id = actions.confirm_code(member_id=alice.id, code="0000 1234", now=today)

    employment = Employment.objects.get(id=employment_id)
    assert (employment.member, employment.method, employment.ended_on) == (alice, "code", None)
    assert not CodeChallenge.objects.exists()


def test_the_form_is_in_the_language_of_its_page():
    with translation.override("zh-hans"):
        help_text = str(CodeForm()["code"].help_text)
    assert "8" in help_text
    assert "digits" not in help_text


def test_neither_the_address_nor_the_code_is_stored(alice: Member, today: datetime):
    ask(alice, today)
    challenge = CodeChallenge.objects.get()
    kept = bytes(challenge.address) + bytes(challenge.code)
    assert b"alice" not in kept
    assert b"12345678" not in kept

    actions.confirm_code(member_id=alice.id, code="12345678", now=today)
    claim = AddressClaim.objects.get()
    assert b"harbour" not in bytes(claim.address)
    assert b"alice" not in b"".join(bytes(use.subject) for use in DailyUse.objects.all())


def test_a_code_expires_after_a_quarter_of_an_hour(alice: Member, today: datetime):
    ask(alice, today)
    with pytest.raises(CodeExpired):
        actions.confirm_code(member_id=alice.id, code="12345678", now=today + timedelta(minutes=15))
    with pytest.raises(NoChallenge):
        actions.confirm_code(member_id=alice.id, code="12345678", now=today)


def test_after_five_wrong_codes_the_right_one_is_refused_too(alice: Member, today: datetime):
    ask(alice, today)
    for left in range(MAX_ATTEMPTS - 1, 0, -1):
        with pytest.raises(WrongCode, match=rf"\b{left} attempt"):
            actions.confirm_code(member_id=alice.id, code="00000000", now=today)
    with pytest.raises(CodeExhausted):
        actions.confirm_code(member_id=alice.id, code="00000000", now=today)
    with pytest.raises(CodeExhausted):
        actions.confirm_code(member_id=alice.id, code="12345678", now=today)
    assert not Employment.objects.exists()


def test_a_new_code_replaces_the_old_one(alice: Member, today: datetime):
    ask(alice, today, code=11111111)
    ask(alice, today, code=22222222)
    with pytest.raises(WrongCode):
        actions.confirm_code(member_id=alice.id, code="11111111", now=today)
    actions.confirm_code(member_id=alice.id, code="22222222", now=today)


def test_bobs_code_is_of_no_use_to_alice(alice: Member, bob: Member, today: datetime):
    ask(bob, today, address=f"bob@{HARBOUR_DOMAIN}", code=11111111)
    ask(alice, today, code=22222222)
    with pytest.raises(WrongCode):
        actions.confirm_code(member_id=alice.id, code="11111111", now=today)


@pytest.mark.parametrize(
    "typed", ["", "1", "123456789", "１２３４５６７８", "12345678\0", "abcdefgh", "-" * 40]
)
def test_hostile_codes_are_only_wrong(alice: Member, today: datetime, typed: str):
    ask(alice, today)
    with pytest.raises(WrongCode):
        actions.confirm_code(member_id=alice.id, code=typed, now=today)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("alice", "such as"),
        ("@harbour.example", "such as"),
        ("a b@harbour.example", "such as"),
        ('"a b"@harbour.example', "such as"),
        ("alice@harbour.example@orchid-kitchen.example\n", "such as"),
        ("alice@sub.harbour.example", "only addresses at exactly|Only addresses at exactly"),
        ("alice@harb0ur.example", "only looks like harbour.example"),
        ("alice@hаrbour.example", "only looks like harbour.example"),
        ("alice@harbour.example.evil.example", "No company"),
        ("alice@xharbour.example", "No company"),
        ("alice@gmail.com", "No company"),
        ("alice@[127.0.0.1]", "not a domain name"),
        ("alice@harbour..example", "not a domain name"),
        ("alice@" + "a" * 300 + ".example", "not a domain name"),
        # Whoever opens a ticket there would read the code.
        ("support@harbour.example", "mailbox of a department"),
        ("Support+4711@harbour.example", "mailbox of a department"),
    ],
)
def test_an_address_elsewhere_is_refused_in_words(alice: Member, today: datetime, address: str, words: str):
    with pytest.raises(BadAddress, match=words):
        ask(alice, today, address=address)
    assert queued_mails() == []


def test_the_domain_may_be_written_in_capitals(alice: Member, today: datetime):
    ask(alice, today, address="Alice.Li@HARBOUR.example")
    assert queued_mails()[0].to == [ADDRESS]


def test_one_address_verifies_one_member_and_the_other_cannot_tell(
    alice: Member, mallory: Member, today: datetime
):
    employ(alice, ADDRESS, now=today)
    before = len(queued_mails())

    ask(mallory, today, address=ADDRESS)

    assert len(queued_mails()) == before, "no code may go out"
    with pytest.raises(WrongCode):
        actions.confirm_code(member_id=mallory.id, code="12345678", now=today)
    with pytest.raises(WrongCode):
        actions.confirm_code(member_id=mallory.id, code="", now=today)


@pytest.mark.parametrize("variant", ["alice.li+2@harbour.example", "ALICE.LI@harbour.example"])
def test_a_sub_address_is_the_same_address(alice: Member, mallory: Member, today: datetime, variant: str):
    employ(alice, ADDRESS, now=today)
    before = len(queued_mails())
    ask(mallory, today, address=variant)
    assert len(queued_mails()) == before


def test_two_who_race_for_one_address_do_not_both_win(alice: Member, mallory: Member, today: datetime):
    ask(alice, today)
    ask(mallory, today, code=87654321)
    actions.confirm_code(member_id=alice.id, code="12345678", now=today)
    with pytest.raises(WrongCode):
        actions.confirm_code(member_id=mallory.id, code="87654321", now=today)
    assert Employment.objects.filter(member=mallory).count() == 0


def test_a_member_may_ask_for_so_many_codes_a_day(alice: Member, today: datetime):
    for turn in range(limits.CODES_PER_MEMBER.per_day):
        ask(alice, today, address=f"name{turn}@{HARBOUR_DOMAIN}")
    with pytest.raises(limits.LimitReached):
        ask(alice, today)
    ask(alice, today + timedelta(days=1))


def test_an_address_gets_so_many_codes_a_day_whoever_asks(
    alice: Member, mallory: Member, bob: Member, today: datetime
):
    for _turn in range(limits.CODES_PER_ADDRESS.per_day):
        ask(mallory, today, address=ADDRESS)
    assert len(queued_mails()) == limits.CODES_PER_ADDRESS.per_day
    ask(bob, today, address=ADDRESS)
    assert len(queued_mails()) == limits.CODES_PER_ADDRESS.per_day, "a sixth would be spam"


def test_the_site_sends_so_many_codes_a_day(
    alice: Member, bob: Member, today: datetime, monkeypatch: pytest.MonkeyPatch
):
    few = limits.Limit(limits.CODES_PER_DAY.name, 1, limits.CODES_PER_DAY.refusal)
    monkeypatch.setattr(limits, "CODES_PER_DAY", few)
    ask(alice, today)
    with pytest.raises(limits.LimitReached):
        ask(bob, today, address=f"bob@{HARBOUR_DOMAIN}")


def test_a_verified_employment_needs_no_second_code(alice: Member, today: datetime):
    employ(alice, ADDRESS, now=today)
    with pytest.raises(AlreadyVerified):
        ask(alice, today)


def test_the_pages_lead_from_the_address_to_the_employment(as_alice: Client, alice: Member):
    asked = as_alice.post("/en/employment/new/", {"address": ADDRESS})
    assert (asked.status_code, asked["Location"]) == (302, "/en/employment/code/")
    page = as_alice.get("/en/employment/code/").content.decode()
    assert "If this address can verify you" in page

    wrong = as_alice.post("/en/employment/code/", {"code": "1234 5678 9"})
    assert wrong.status_code == 422
    assert "1234 5678 9" in wrong.content.decode(), "what was typed is still there"
    assert "This is not the code" in wrong.content.decode()

    found = re.search(r"\b\d{8}\b", queued_mails()[-1].text)
    assert found
    right = as_alice.post("/en/employment/code/", {"code": found[0]}, follow=True)
    assert right.redirect_chain == [("/en/employment/", 302)]
    assert "Harbour Logistics" in right.content.decode()


def test_a_refused_address_is_explained_beside_the_field_and_kept(as_alice: Client):
    page = as_alice.post("/en/employment/new/", {"address": "alice@mail.harbour.example"})
    text = page.content.decode()
    assert page.status_code == 422
    assert 'value="alice@mail.harbour.example"' in text
    assert 'id="id_address_error"' in text
    assert "Only addresses at exactly harbour.example count" in text


def test_the_page_after_asking_is_the_same_for_a_taken_address(
    alice: Member, as_mallory: Client, as_charlie: Client, today: datetime
):
    employ(alice, ADDRESS, now=today)
    pages = []
    for client, address in ((as_mallory, ADDRESS), (as_charlie, f"free@{HARBOUR_DOMAIN}")):
        asked = client.post("/en/employment/new/", {"address": address}, follow=True)
        pages.append(re.sub(r'value="[^"]{60,}"', "", asked.content.decode()))
    assert pages[0] == pages[1]

"""Registration, confirmation, log-in, password reset; and that none of it keeps a clock."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.sessions.models import Session
from django.core import signing
from django.db import IntegrityError, connection, models, transaction
from django.test import Client, override_settings
from tests.factories.people import PASSWORD, queued_mails

from openmai.people.account_forms import clean_real_name
from openmai.people.models import Member
from openmai.people.sessions import SessionStore, end_of_day
from openmai.sites.people import settings as site_settings

JOIN = {"real_name": "Alice Li", "email": "alice.li@home.example", "password1": PASSWORD}


def link_in(text: str) -> str:
    found = re.search(r"http://[^/\s]+(/\S+)", text)
    assert found, text
    return found[1]


def log_in(client: Client, email: str, password: str = PASSWORD) -> int:
    return client.post("/en/account/login/", {"login": email, "password": password}).status_code


def is_logged_in(client: Client) -> bool:
    return client.get("/en/account/").status_code == 200


def test_a_password_costs_a_guesser_a_hundred_megabytes_a_try():
    """The other tests pay less; this one asks for what the site itself is set to."""
    with override_settings(PASSWORD_HASHERS=site_settings.PASSWORD_HASHERS):
        kept = make_password(PASSWORD)
        assert kept.startswith("argon2$argon2id$v=19$m=102400,t=2,p=8$")
        assert check_password(PASSWORD, kept)


def test_alice_registers_confirms_and_logs_in(visitor: Client):
    joined = visitor.post("/en/account/signup/", JOIN)
    assert (joined.status_code, joined["Location"]) == (302, "/en/account/confirm-email/")
    alice = Member.objects.get()
    assert (alice.real_name, alice.language, alice.email) == ("Alice Li", "en", "alice.li@home.example")
    assert alice.password.startswith("argon2$argon2id$")
    assert not is_logged_in(visitor), "an unconfirmed address opens nothing"

    (mail,) = queued_mails()
    assert mail.to == ["alice.li@home.example"]
    page = visitor.get(link_in(mail.text))
    assert "Is alice.li@home.example your address?" in page.content.decode()
    assert not is_logged_in(visitor), "opening the link alone, as mail scanners do, confirms nothing"
    confirmed = visitor.post(link_in(mail.text))
    assert confirmed.status_code == 302

    other = Client()
    assert log_in(other, "Alice.Li@home.example") == 302
    assert is_logged_in(other)
    assert other.post("/en/account/logout/").status_code == 302
    assert not is_logged_in(other)


def test_mails_about_an_account_tell_no_more_than_they_must(alice: Member, as_alice: Client):
    change = {"oldpassword": PASSWORD, "password1": "another long one", "password2": "another long one"}
    as_alice.post("/en/account/email/", {"email": "new@home.example", "action_add": "1"})
    as_alice.post("/en/account/password/change/", change)
    as_alice.post("/en/account/password/reset/", {"email": "nobody@home.example"})
    mails = queued_mails()
    assert {mail.subject for mail in mails} == {
        "Your password was changed",
        "Confirm your e-mail address",
        "There is no account with this address",
    }
    for mail in mails:
        text = mail.text.replace("\r\n", "\n")
        assert text.startswith("Hello,\n\n")
        assert not re.search(r"IP address|Browser|\n\n\n|Thank you", text)


def test_a_short_password_is_refused_in_the_language_of_the_page(visitor: Client):
    page = visitor.post("/zh-hans/account/signup/", {**JOIN, "password1": "short"}).content.decode()
    assert "密码太短" in page
    assert "Too short" not in page


def test_a_form_that_is_too_large_says_so(as_alice: Client):
    answer = as_alice.post("/en/account/password/change/", {"oldpassword": "x" * 70_000})
    assert answer.status_code == 413
    assert "This is too much at once" in answer.content.decode()


def test_the_language_of_the_page_is_the_language_of_the_mails(visitor: Client):
    visitor.post("/zh-hans/account/signup/", JOIN)
    assert Member.objects.get().language == "zh-hans"


def test_the_language_of_the_log_in_is_the_language_of_later_mails(alice: Member):
    Client().post("/zh-hans/account/login/", {"login": alice.email, "password": PASSWORD})
    alice.refresh_from_db()
    assert alice.language == "zh-hans"


def test_an_unconfirmed_member_cannot_log_in_and_is_mailed_again(visitor: Client, today: datetime):
    visitor.post("/en/account/signup/", JOIN)
    answer = Client().post("/en/account/login/", {"login": JOIN["email"], "password": PASSWORD})
    assert answer["Location"] == "/en/account/confirm-email/"


def test_registering_a_known_address_looks_the_same_and_makes_nobody(alice: Member, visitor: Client):
    known = visitor.post("/en/account/signup/", {**JOIN, "email": alice.email})
    fresh = Client().post("/en/account/signup/", JOIN)
    assert (known.status_code, known["Location"]) == (fresh.status_code, fresh["Location"])
    assert Member.objects.filter(email=alice.email).count() == 1
    assert "already" in queued_mails()[0].text


def test_resetting_an_unknown_password_looks_the_same(alice: Member, visitor: Client):
    answers = [
        visitor.post("/en/account/password/reset/", {"email": email})
        for email in (alice.email, "nobody@home.example")
    ]
    assert answers[0].status_code == answers[1].status_code == 302
    assert answers[0]["Location"] == answers[1]["Location"]


def test_a_wrong_password_and_an_unknown_address_are_told_alike(alice: Member, visitor: Client):
    pages = [
        visitor.post("/en/account/login/", {"login": email, "password": "wrong password"}).content.decode()
        for email in (alice.email, "nobody@home.example")
    ]
    errors = [re.search(r'role="alert".*?</div>', page, re.S) for page in pages]
    assert errors[0]
    assert errors[1]
    assert errors[0][0] == errors[1][0]
    assert f'value="{alice.email}"' in pages[0], "the address is still there"
    assert "wrong password" not in pages[0], "the password is not"


def test_a_password_is_reset_by_mail_once(alice: Member, visitor: Client):
    visitor.post("/en/account/password/reset/", {"email": alice.email})
    link = link_in(queued_mails()[-1].text)
    form = visitor.get(link, follow=True)
    path = form.redirect_chain[-1][0]
    new = {"password1": "another long one", "password2": "another long one"}
    assert visitor.post(path, new).status_code == 302
    assert log_in(Client(), alice.email) == 200
    assert log_in(Client(), alice.email, "another long one") == 302
    again = Client().get(link, follow=True)
    assert "This link does not work" in again.content.decode()


def test_a_reset_link_dies_when_the_address_changes(alice: Member, visitor: Client):
    """As in CVE-2021-37693: a stale token must not open the account."""
    visitor.post("/en/account/password/reset/", {"email": alice.email})
    link = link_in(queued_mails()[-1].text)
    Member.objects.filter(id=alice.id).update(email="new@home.example")
    alice.emailaddress_set.update(email="new@home.example")
    assert "This link does not work" in visitor.get(link, follow=True).content.decode()


def test_changing_the_password_ends_other_sessions(alice: Member, as_alice: Client):
    elsewhere = Client()
    log_in(elsewhere, alice.email)
    assert is_logged_in(elsewhere)
    changed = as_alice.post(
        "/en/account/password/change/",
        {"oldpassword": PASSWORD, "password1": "another long one", "password2": "another long one"},
    )
    assert changed.status_code == 302
    assert not is_logged_in(elsewhere)


def test_a_new_address_counts_once_it_is_confirmed(alice: Member, as_alice: Client):
    as_alice.post("/en/account/email/", {"email": "new@home.example", "action_add": "1"})
    alice.refresh_from_db()
    assert alice.email == "alice@home.example"
    mail = next(mail for mail in queued_mails() if mail.to == ["new@home.example"])
    as_alice.post(link_in(mail.text))
    alice.refresh_from_db()
    assert alice.email == "new@home.example"


def test_a_form_says_what_it_keeps(visitor: Client):
    """A password never comes back, so it is not said to be there."""
    page = visitor.post("/en/account/signup/", JOIN | {"real_name": ""}).content.decode()
    assert "all you typed but the password is still here" in page
    assert PASSWORD not in page
    page = visitor.post("/en/account/password/reset/", {"email": "alice"}).content.decode()
    assert "everything you typed is still here" in page
    assert 'value="alice"' in page


def test_guessing_passwords_is_slowed_down(alice: Member, visitor: Client):
    for _turn in range(5):
        log_in(visitor, alice.email, "wrong password")
    answer = visitor.post("/en/account/login/", {"login": alice.email, "password": PASSWORD})
    assert answer.status_code == 200
    assert "Too many" in answer.content.decode()


def test_too_many_requests_have_a_page(alice: Member, visitor: Client):
    asked = [visitor.post("/en/account/password/reset/", {"email": alice.email}) for _turn in range(6)]
    assert [each.status_code for each in asked] == [302] * 5 + [429]
    assert "Too many tries" in asked[-1].content.decode()


def test_behind_a_proxy_strangers_shut_nobody_out(alice: Member, visitor: Client):
    """All come from the proxy's address, so nothing is counted by address."""
    for turn in range(40):
        assert log_in(visitor, f"stranger{turn}@home.example", "wrong password") == 200
        assert visitor.post("/en/account/signup/", {}).status_code == 200
    assert log_in(visitor, alice.email) == 302


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("real_name", ""),
        ("real_name", "x" * 61),
        ("real_name", "<script>alert(1)</script>"),
        ("real_name", "Alice\u202eecilA"),
        ("real_name", "12345"),
        ("real_name", "Alice\nBcc: all@home.example"),
        ("email", "alice"),
        ("email", "alice@home.example\nBcc: all@home.example"),
        ("email", "a" * 300 + "@home.example"),
        ("password1", "short"),
        ("password1", "password123"),
        ("password1", "alice.li@home.example"),
    ],
)
def test_a_bad_entry_is_explained_and_kept(visitor: Client, field: str, value: str):
    page = visitor.post("/en/account/signup/", {**JOIN, field: value})
    text = page.content.decode()
    assert page.status_code == 200
    assert f'id="id_{field}_error"' in text
    assert not Member.objects.exists()
    other = "email" if field != "email" else "real_name"
    assert f'value="{JOIN[other]}"' in text, "what was typed elsewhere is still there"
    assert "<script>" not in text.replace("<script src=", "").replace('<script type="module"', "")


@pytest.mark.parametrize(
    "name", ["林晓雨", "Jürgen O’Neill-Şahin", "María José", "A. B. Smith", "ʻAkau", "Müller"]
)
def test_names_of_the_world_are_names(name: str):
    assert clean_real_name(f"  {name}  ") == name


def test_no_member_column_tells_a_time_of_day(alice: Member, as_alice: Client):
    kinds = {
        field.name: type(field) for field in get_user_model()._meta.get_fields() if hasattr(field, "column")
    }
    assert "last_login" not in kinds
    assert models.DateTimeField not in kinds.values()


def test_a_session_knows_the_day_only(alice: Member):
    client = Client()
    log_in(client, alice.email)
    session = Session.objects.get()
    expires = session.expire_date.astimezone(UTC)
    assert (expires.hour, expires.minute, expires.second, expires.microsecond) == (0, 0, 0, 0)
    assert expires > datetime.now(UTC) + timedelta(days=13)
    known = SessionStore(session.session_key).load()
    (log_in_record,) = known["account_authentication_methods"]
    assert log_in_record["at"] % 86_400 == 0
    # Django's own encoding is data:timestamp:signature; ours has no time stamp.
    assert session.session_data.count(":") == 1
    with pytest.raises((signing.BadSignature, ValueError)):
        signing.loads(session.session_data, salt=SessionStore().key_salt)


def test_a_tampered_session_is_empty(alice: Member):
    client = Client()
    log_in(client, alice.email)
    session = Session.objects.get()
    signed = session.session_data
    forged = signed[:-2] + ("B" if signed[-2] == "A" else "A") + signed[-1]
    for data in (forged, "x", "", ":", signed.swapcase()):
        assert SessionStore().decode(data) == {}


def test_the_day_ends_at_midnight():
    moment = datetime(2026, 3, 20, 10, 5, 6, 7, tzinfo=UTC)
    assert end_of_day(moment) == datetime(2026, 3, 21, tzinfo=UTC)


def test_cookies_are_for_this_site_only(alice: Member):
    client = Client()
    log_in(client, alice.email)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert not cookie["domain"]


def test_one_account_an_address_whatever_the_case(alice: Member, today: datetime):
    with pytest.raises(IntegrityError), transaction.atomic():
        Member.objects.create(email="ALICE@home.example", real_name="A", joined_on=today.date())
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM people_member")
        assert cursor.fetchone() == (1,)


def test_forms_need_their_token(alice: Member):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    refused = strict.post("/en/employment/new/", {"address": "alice@harbour.example"})
    assert refused.status_code == 403
    assert "The form was open for too long" in refused.content.decode()

"""From the link to the employer's log-in to a provable employment (V3), over real HTTP."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings
from tests.factories.employer import CLIENT, Employer, employer
from tests.factories.logins import LOCAL, TENANT, open_proof, set_provider
from tests.factories.people import HARBOUR, HARBOUR_DOMAIN, ORCHID, employ, enrol
from tests.people.conftest import browser

from openmai.people import actions
from openmai.people.actions.login_proof import LoginRefused, NoProvider, Returned
from openmai.people.actions.login_provider import ProviderRefused
from openmai.people.actions.mail_proof import KeyNeeded
from openmai.people.evidence import Place, unseal
from openmai.people.evidence_checks import recheck
from openmai.people.login_flow import RETURN_PATH, redirect_uri, state_of
from openmai.people.models import Employment, Evidence, LoginProof, LoginProvider, Member
from openmai.people.queries.membership import rosters_of_member
from openmai.platform.clock import utc_now
from openmai.platform.outward import Outward

ACCOUNTS = {
    "alice": {"email": f"alice@{HARBOUR_DOMAIN}", "email_verified": True, **TENANT},
    "mallory": {"email": f"ceo@{HARBOUR_DOMAIN}", "email_verified": True, "hd": "mallory.example"},
}


@pytest.fixture
def now() -> datetime:
    """The real clock: the provider signs by its own."""
    return utc_now()


@pytest.fixture(autouse=True)
def _local_logins(settings: Settings) -> None:
    settings.OPENMAI = settings.OPENMAI.model_copy(update={"local_logins": True})


@pytest.fixture(scope="module")
def work() -> Iterator[Employer]:
    with employer(ACCOUNTS, redirect_uri=f"http://localhost:8000{RETURN_PATH}") as running:
        yield running


def come_back(member: Member, now: datetime, **returned: str) -> None:
    actions.accept_login(member_id=member.id, returned=Returned(**returned), now=now, outward=LOCAL)


def refused(member: Member, now: datetime, **returned: str) -> str:
    with pytest.raises(LoginRefused) as caught:
        come_back(member, now, **returned)
    assert not Evidence.objects.filter(kind="oidc").exists()
    return caught.value.code


def parameters(url: Any) -> dict[str, str]:
    given = dict(url.params)
    return {"issuer" if name == "iss" else name: value for name, value in given.items()}


def test_a_log_in_at_the_employer_makes_the_employment_provable(
    alice: Member, as_alice: Client, work: Employer, now: datetime
):
    enrolled = enrol(alice, now=now)
    set_provider(work.issuer, now)
    asked = unescape(as_alice.get(f"/en/employment/new/?company={HARBOUR}").content.decode())
    assert "Use your employer's log-in" in asked
    begun = as_alice.post("/en/employment/login/", {"company": HARBOUR}, follow=True)
    assert begun.redirect_chain == [("/en/employment/login/go/", 302)]
    proof = LoginProof.objects.get()
    assert f"localhost:{work.issuer.rpartition(':')[2]}" in begun.content.decode()

    back = work.log_in(proof.address, login="alice")
    assert str(back).startswith(redirect_uri())
    done = as_alice.get(back.raw_path.decode(), follow=True)
    assert done.redirect_chain == [("/en/employment/", 302)]
    text = unescape(done.content.decode())
    assert "verified by your employer's log-in" in text
    assert "verified by the employer's log-in (OpenID Connect)" in text

    employment = Employment.objects.get()
    assert (employment.method, employment.valid_until) == ("oidc", now.date() + timedelta(days=365))
    assert rosters_of_member(member_id=alice.id, season=enrolled.season, on=now.date()) == [
        f"company/{HARBOUR}/attested",
        f"company/{HARBOUR}/provable",
        "industry/logistics/attested",
        "industry/logistics/provable",
        "site",
    ]
    assert not LoginProof.objects.exists()


def test_the_evidence_is_sealed_and_can_be_checked_for_good(alice: Member, work: Employer, now: datetime):
    enrolled = enrol(alice, now=now)
    set_provider(work.issuer, now)
    proof = open_proof(alice, now)
    come_back(alice, now, **parameters(work.log_in(proof.address, login="alice")))
    actions.retire_login_provider(company_slug=HARBOUR, on=now.date())

    row = Evidence.objects.get(kind="oidc")
    facts, _digest = unseal(
        Place("oidc", enrolled.season, bytes(row.commitment), row.employment_id), bytes(row.sealed)
    )
    assert facts["id_token"].count(".") == 2
    assert b"harbour" not in bytes(row.sealed)
    assert recheck(row).issuer == row.issuer_name == work.issuer


def test_the_nonce_is_bound_to_the_commitment(alice: Member, bob: Member, work: Employer, now: datetime):
    enrol(alice, now=now, seed=1)
    enrol(bob, now=now, seed=2)
    set_provider(work.issuer, now)
    assert open_proof(alice, now).bind != open_proof(bob, now).bind


def test_another_nonce_in_the_address_proves_nothing(alice: Member, work: Employer, now: datetime):
    enrol(alice, now=now)
    set_provider(work.issuer, now)
    proof = open_proof(alice, now)
    address = proof.address.replace(proof.bind, "a" * 52)
    assert refused(alice, now, **parameters(work.log_in(address, login="alice"))) == "nonce"


def test_an_address_at_the_company_in_a_foreign_tenant_proves_nothing(
    alice: Member, work: Employer, now: datetime
):
    """In her own tenant Mallory may write ceo@harbour.example into the e-mail claim."""
    enrol(alice, now=now)
    set_provider(work.issuer, now)
    proof = open_proof(alice, now)
    assert refused(alice, now, **parameters(work.log_in(proof.address, login="mallory"))) == "tenant"


def test_a_code_for_another_client_is_not_exchanged(alice: Member, work: Employer, now: datetime):
    enrol(alice, now=now)
    set_provider(work.issuer, now)
    proof = open_proof(alice, now)
    address = proof.address.replace(f"client_id={CLIENT}", "client_id=somebody-else")
    assert refused(alice, now, **parameters(work.log_in(address, login="alice"))) == "unreachable"


def test_a_return_is_good_once(alice: Member, work: Employer, now: datetime):
    enrol(alice, now=now)
    set_provider(work.issuer, now)
    back = parameters(work.log_in(open_proof(alice, now).address, login="alice"))
    come_back(alice, now, **back)
    with pytest.raises(LoginRefused) as caught:
        come_back(alice, now, **back)
    assert caught.value.code == "state"
    assert Evidence.objects.filter(kind="oidc").count() == 1


def test_alices_return_does_not_serve_mallory(alice: Member, mallory: Member, work: Employer, now: datetime):
    """Neither with Mallory's own state, nor with Alice's: the code is for Alice's nonce and verifier."""
    enrol(alice, now=now, seed=1)
    enrol(mallory, now=now, seed=2)
    set_provider(work.issuer, now)
    back = parameters(work.log_in(open_proof(alice, now).address, login="alice"))
    own = state_of(open_proof(mallory, now).id)
    assert refused(mallory, now, **back) == "state"
    assert refused(mallory, now, **{**back, "state": own}) == "unreachable"


def test_one_log_in_verifies_one_account(alice: Member, mallory: Member, work: Employer, now: datetime):
    enrol(alice, now=now, seed=1)
    set_provider(work.issuer, now)
    come_back(alice, now, **parameters(work.log_in(open_proof(alice, now).address, login="alice")))
    enrol(mallory, now=now, seed=2)
    back = parameters(work.log_in(open_proof(mallory, now).address, login="alice"))
    with pytest.raises(LoginRefused) as caught:
        come_back(mallory, now, **back)
    assert caught.value.code == "address-taken"


def test_who_was_verified_by_a_code_cannot_bring_a_second_account_by_the_log_in(
    alice: Member, mallory: Member, work: Employer, now: datetime
):
    employ(alice, f"alice@{HARBOUR_DOMAIN}", now=now)
    enrol(mallory, now=now)
    set_provider(work.issuer, now)
    back = parameters(work.log_in(open_proof(mallory, now).address, login="alice"))
    assert refused(mallory, now, **back) == "address-taken"


def test_the_answer_must_name_its_issuer(alice: Member, work: Employer, now: datetime):
    enrol(alice, now=now)
    set_provider(work.issuer, now)
    for issuer in ("", "https://evil.example"):
        back = parameters(work.log_in(open_proof(alice, now).address, login="alice"))
        assert refused(alice, now, **{**back, "issuer": issuer}) == "issuer"


def test_who_says_no_is_told_so(alice: Member, as_alice: Client, work: Employer, now: datetime):
    enrol(alice, now=now)
    set_provider(work.issuer, now)
    state = state_of(open_proof(alice, now).id)
    said = as_alice.get(f"{RETURN_PATH}?error=access_denied&state={state}", follow=True)
    assert "was not finished" in said.content.decode()
    assert not LoginProof.objects.exists()


def test_a_log_in_waits_fifteen_minutes(alice: Member, work: Employer, now: datetime):
    enrol(alice, now=now)
    set_provider(work.issuer, now)
    proof = open_proof(alice, now)
    later = now + timedelta(minutes=16)
    assert refused(alice, later, state=state_of(proof.id), code="x") == "state"
    open_proof(alice, now)
    actions.forget_expired(now=later)
    assert not LoginProof.objects.exists()


# Naming a provider.


@pytest.mark.parametrize(
    ("issuer", "tenant"),
    [
        ("https://accounts.google.com", ("", "")),
        ("https://accounts.google.com", ("tid", "x")),
        ("https://login.microsoftonline.com/common/v2.0", ("", "")),
        ("https://login.microsoftonline.com/{tenantid}/v2.0", ("tid", "x")),
        ("https://id.example?x", ("", "")),
        ("https://id.example", ("email", "x")),
        ("https://id.example", ("hd", "")),
        ("not an address", ("", "")),
        ("http://id.example", ("", "")),
        ("https://127.0.0.1", ("", "")),
    ],
)
def test_a_provider_that_cannot_be_relied_on_is_not_taken(
    companies: Any, now: datetime, issuer: str, tenant: tuple[str, str]
):
    with pytest.raises(ProviderRefused):
        actions.set_login_provider(
            company_slug=HARBOUR,
            issuer=issuer,
            client_id=CLIENT,
            secret="",
            tenant_claim=tenant[0],
            tenant=tenant[1],
            on=now.date(),
            outward=Outward(resolve=lambda host, _port: [host if host[0].isdigit() else "10.0.0.1"]),
        )
    assert not LoginProvider.objects.exists()


def test_a_new_provider_takes_the_place_of_the_old_one(alice: Member, work: Employer, now: datetime):
    enrol(alice, now=now)
    set_provider(work.issuer, now)
    open_proof(alice, now)
    set_provider(work.issuer, now, tenant=False)
    assert not LoginProof.objects.exists(), "what was begun with the old one is over"
    old = LoginProvider.objects.get(retired_on__isnull=False)
    assert bytes(old.secret) == b""
    actions.retire_login_provider(company_slug=HARBOUR, on=now.date())
    with pytest.raises(NoProvider):
        open_proof(alice, now)


def test_a_key_comes_first_and_a_company_with_a_log_in(alice: Member, work: Employer, now: datetime):
    set_provider(work.issuer, now)
    with pytest.raises(KeyNeeded):
        open_proof(alice, now)
    enrol(alice, now=now)
    with pytest.raises(NoProvider):
        open_proof(alice, now, company=ORCHID)
    page = browser(alice).get(f"/en/employment/login/?company={ORCHID}")
    assert "No log-in at this company" in page.content.decode()

"""Tokens that no honest provider signs: each is refused under its own name, over real HTTP (V3)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import Settings
from tests.factories.employer import CLIENT, SECRET, CrookedEmployer, crooked_employer, signing_key
from tests.factories.logins import LOCAL, TENANT, open_proof, set_provider
from tests.factories.people import HARBOUR, HARBOUR_DOMAIN, enrol

from openmai.people import actions
from openmai.people.actions.enrolment import Enrolled
from openmai.people.actions.login_proof import LoginRefused, Returned
from openmai.people.actions.login_provider import secret_of
from openmai.people.id_token import Expected, TokenRefused, verify_id_token
from openmai.people.login_flow import state_of
from openmai.people.models import Evidence, LoginProof, LoginProvider, Member
from openmai.platform.clock import utc_now


@pytest.fixture
def now() -> datetime:
    """The real clock: pages read it themselves."""
    return utc_now()


@pytest.fixture(autouse=True)
def _local_logins(settings: Settings) -> None:
    settings.OPENMAI = settings.OPENMAI.model_copy(update={"local_logins": True})


def come_back(member: Member, now: datetime, **returned: str) -> None:
    actions.accept_login(member_id=member.id, returned=Returned(**returned), now=now, outward=LOCAL)


@contextmanager
def crooked(member: Member, now: datetime, *, tenant: bool = True) -> Iterator[tuple[CrookedEmployer, Any]]:
    with crooked_employer() as employer_:
        set_provider(employer_.issuer, now, tenant=tenant)
        proof = open_proof(member, now)
        clock = int(now.timestamp())
        claims = {
            "iss": employer_.issuer,
            "aud": CLIENT,
            "sub": "alice",
            "nonce": proof.bind,
            "iat": clock,
            "exp": clock + 300,
            **TENANT,
        }
        yield employer_, claims


@pytest.fixture
def enrolled(alice: Member, now: datetime) -> Enrolled:
    return enrol(alice, now=now)


def try_token(member: Member, now: datetime, token: str, employer_: CrookedEmployer) -> str:
    """Bring a code back whose token is `token`; the code of the refusal, or "" if it was accepted."""
    employer_.token = lambda: token
    state = state_of(LoginProof.objects.get(member=member).id)
    try:
        come_back(member, now, state=state, code="anything")
    except LoginRefused as error:
        assert not Evidence.objects.filter(kind="oidc").exists()
        return error.code
    return ""


CLAIMS: dict[str, tuple[dict[str, Any], str]] = {
    "none": ({}, ""),
    "another nonce": ({"nonce": "b" * 52}, "nonce"),
    "no nonce": ({"nonce": None}, "nonce"),
    "another audience": ({"aud": "somebody-else"}, "audience"),
    "a second audience": ({"aud": [CLIENT, "somebody-else"]}, "audience"),
    "the audience in a list": ({"aud": [CLIENT]}, ""),
    "another presenter": ({"azp": "somebody-else"}, "audience"),
    "another issuer": ({"iss": "https://evil.example"}, "issuer"),
    "an issuer with a slash": ({"iss": "http://localhost/"}, "issuer"),
    "a foreign tenant": ({"hd": "mallory.example", "email": f"alice@{HARBOUR_DOMAIN}"}, "tenant"),
    "no tenant": ({"hd": None, "email": f"alice@{HARBOUR_DOMAIN}", "email_verified": True}, "tenant"),
    "a list of tenants": ({"hd": [HARBOUR_DOMAIN]}, "tenant"),
    "expired": ({"exp": 1_000_000_000}, "expired"),
    "no end": ({"exp": None}, "form"),
    "an end in words": ({"exp": "never"}, "form"),
    "an end that is true": ({"exp": True}, "form"),
    "made long ago": ({"iat": 1_000_000_000}, "expired"),
    "made in the future": ({"iat": 4_000_000_000, "exp": 4_000_000_300}, "expired"),
    "not yet good": ({"nbf": 4_000_000_000}, "expired"),
    "nobody": ({"sub": ""}, "form"),
    "a number": ({"sub": 7}, "form"),
    "a long name": ({"sub": "x" * 256}, "form"),
}


@pytest.mark.parametrize("changed", CLAIMS, ids=str)
def test_claims_that_prove_nothing_are_refused(
    alice: Member, enrolled: Enrolled, now: datetime, changed: str
):
    changes, code = CLAIMS[changed]
    with crooked(alice, now) as (employer_, claims):
        token = employer_.signed({**claims, **changes})
        assert try_token(alice, now, token, employer_) == code


def test_signatures_that_anybody_could_make_are_refused(alice: Member, enrolled: Enrolled, now: datetime):
    with crooked(alice, now) as (employer_, claims):
        good = employer_.signed(claims)
        head, body, signature = good.split(".")
        for token, code in (
            (employer_.unsigned(claims), "algorithm"),
            (employer_.confused(claims), "algorithm"),
            (f"{head}.{body}.", "signature"),
            (f"{head}.{body}.{'A' * len(signature)}", "signature"),
            (f"{head}.{employer_.unsigned({**claims, 'sub': 'bob'}).split('.')[1]}.{signature}", "signature"),
            (employer_.signed(claims, header={"kid": "unknown"}), "key"),
            (employer_.signed(claims, header={"alg": "PS256"}), ""),
        ):
            open_proof(alice, now)
            assert try_token(alice, now, token, employer_) == code


def test_a_signature_by_another_key_of_the_same_name_is_refused(
    alice: Member, enrolled: Enrolled, now: datetime
):
    with crooked(alice, now) as (employer_, claims), crooked_employer() as mallorys:
        mallorys.key = signing_key("Mallory's")
        assert try_token(alice, now, mallorys.signed(claims), employer_) == "signature"


@pytest.mark.parametrize(
    "token", ["", ".", "..", "a.b", "a.b.c", "a.b.c.d", "é.b.c", "W10.W10.", "x" * 20_000, "bnVsbA.e30.AA"]
)
def test_what_is_no_token_is_refused(alice: Member, enrolled: Enrolled, now: datetime, token: str):
    with crooked(alice, now) as (employer_, _claims):
        assert try_token(alice, now, token, employer_) in {"form", "algorithm"}


# The library warns of a short key, which is refused after.
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_keys_that_cannot_be_relied_on_are_refused(alice: Member, enrolled: Enrolled, now: datetime):
    with crooked(alice, now) as (employer_, claims):
        own = employer_.key.as_dict(private=False)
        token = employer_.signed(claims)
        short = {**own, "n": own["n"][:170]}
        for keys in ([], [own, own], [{**own, "use": "enc"}], [short], [own] * 51, ["x"], [{"kty": "RSA"}]):
            employer_.keys = keys
            open_proof(alice, now)
            assert try_token(alice, now, token, employer_) in {"key", "signature"}


def test_a_token_is_evidence_once(alice: Member, enrolled: Enrolled, now: datetime):
    """The nonce of a second log-in differs by its salt; were the salt the same, the signature is known."""
    with crooked(alice, now) as (employer_, claims):
        token = employer_.signed(claims)
        assert try_token(alice, now, token, employer_) == ""
        again = open_proof(alice, now)
        employer_.token = lambda: token
        with pytest.raises(LoginRefused) as caught:
            come_back(alice, now, state=state_of(again.id), code="x")
        assert caught.value.code == "replayed"


def test_the_secret_and_the_verifier_go_to_the_token_endpoint_only(
    alice: Member, enrolled: Enrolled, now: datetime
):
    with crooked(alice, now) as (employer_, claims):
        proof = LoginProof.objects.get()
        assert SECRET not in proof.address
        assert "code_verifier" not in proof.address
        assert try_token(alice, now, employer_.signed(claims), employer_) == ""
        assert employer_.asked[-2:] == ["/token", "/keys"]
        [form] = employer_.forms
        assert form["code"] == ["anything"]
        assert len(form["code_verifier"][0]) == 43
    provider = LoginProvider.objects.get()
    assert SECRET.encode() not in bytes(provider.secret)
    assert secret_of(provider) == SECRET


def test_an_employer_who_does_not_answer_as_one_is_told(
    alice: Member, as_alice: Client, enrolled: Enrolled, now: datetime
):
    with crooked(alice, now) as (employer_, _claims):
        for changes in (
            {"issuer": "https://evil.example"},
            {"token_endpoint": "file:///etc/passwd"},
            {"jwks_uri": "ftp://localhost/keys"},
            {"jwks_uri": None},
            {"authorization_endpoint": "javascript:alert(1)"},
            {"id_token_signing_alg_values_supported": ["none", "HS256"]},
            {"code_challenge_methods_supported": ["plain"]},
        ):
            employer_.changes = changes
            answer = as_alice.post("/en/employment/login/", {"company": HARBOUR})
            assert answer.status_code == 422, changes


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=6,
)
NAMES = st.sampled_from(
    ["iss", "aud", "nonce", "exp", "iat", "sub", "hd", "alg", "kid", "crit", "keys", "kty"]
)
HOSTILE = st.dictionaries(NAMES | st.text(max_size=4), JSON, max_size=6)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    token=st.text(max_size=60) | st.from_regex(r"[A-Za-z0-9_-]{2,40}\.[A-Za-z0-9_-]{2,40}\.[A-Za-z0-9_-]*"),
    jwks=HOSTILE,
)
def test_hostile_tokens_and_keys_are_refused_and_nothing_else_happens(token: str, jwks: Any, now: datetime):
    with pytest.raises(TokenRefused):
        verify_id_token(token, jwks=jwks, expected=Expected("https://x", "c", "n"), now=now)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(header=HOSTILE, claims=HOSTILE)
def test_hostile_claims_under_a_good_key_are_refused_and_nothing_else_happens(
    header: Any, claims: Any, now: datetime
):
    crooked = KEYED
    parts = crooked.unsigned(claims).split(".")
    for token in (crooked.signed(claims), f"{crooked.unsigned(header).split('.')[0]}.{parts[1]}.AAAA"):
        with pytest.raises(TokenRefused):
            verify_id_token(
                token,
                jwks={"keys": [crooked.key.as_dict(private=False)]},
                expected=Expected("https://x", "c", "n"),
                now=now,
            )


KEYED = CrookedEmployer()

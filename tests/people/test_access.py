"""Who may see and do what: every route, for a visitor, its owner, and somebody else."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from tests.factories.people import HARBOUR, HARBOUR_DOMAIN, employ, enrol
from tests.people.conftest import browser

from openmai.people import actions
from openmai.people.login_flow import state_of
from openmai.people.models import BadgeReview, Employment, LoginProof, LoginProvider, MailProof, Member

OK, LOGIN, GONE, MOVED, REFUSED, CREATED = 200, "log-in", 404, 302, 422, 201


@dataclass(frozen=True)
class Row:
    """What each sees with GET: a visitor, the owner Alice, and Bob, whose it is not."""

    visitor: Any
    alice: Any
    bob: Any
    arguments: Callable[["World"], dict[str, Any]] = lambda _world: {}


@dataclass(frozen=True)
class World:
    employment: Employment
    proof: MailProof
    badge: BadgeReview


PUBLIC = Row(OK, OK, OK)
MEMBERS = Row(LOGIN, OK, OK)
# allauth sends those who are logged in away from its entrance.
ENTRANCE = Row(OK, MOVED, MOVED)

MATRIX: dict[str, Row] = {
    "healthz": PUBLIC,
    "roster_index": Row(GONE, GONE, GONE),
    "roster_statement": Row(GONE, GONE, GONE, lambda _w: {"name": "0" * 64}),
    "roster_journal": Row(GONE, GONE, GONE, lambda _w: {"name": "0" * 64}),
    "roster_leaves": Row(GONE, GONE, GONE, lambda _w: {"name": "0" * 64}),
    "roster_paths": Row(GONE, GONE, GONE, lambda _w: {"name": "0" * 64}),
    "api:openapi-json": PUBLIC,
    "api:api-root": Row(GONE, GONE, GONE),
    "api:enrol": Row(405, 405, 405),
    # Alice's key is in no published roster yet; tests/people/test_tiles.py has her in one.
    "api:tile": Row(GONE, GONE, GONE, lambda _w: {"roster": "site"}),
    "people:home": PUBLIC,
    "people:account": MEMBERS,
    "people:employments": MEMBERS,
    "people:employment_new": MEMBERS,
    # Without a code on its way there is nothing to enter.
    "people:employment_code": Row(LOGIN, MOVED, MOVED),
    "login_return": Row(LOGIN, MOVED, MOVED),
    "people:login_proof_new": MEMBERS,
    # Without a log-in that was begun there is nowhere to go.
    "people:login_proof": Row(LOGIN, OK, MOVED),
    "people:badge_new": MEMBERS,
    # Only with POST.
    "people:badge_withdraw": Row(405, 405, 405, lambda w: {"review_id": w.badge.id}),
    # Olga named nobody a reviewer but Rita, who is not here: for members there are no such pages.
    "people:reviews": Row(LOGIN, GONE, GONE),
    "people:review": Row(LOGIN, GONE, GONE, lambda w: {"review_id": w.badge.id}),
    "people:review_picture": Row(LOGIN, GONE, GONE, lambda w: {"review_id": w.badge.id}),
    "people:mail_proof_new": MEMBERS,
    "people:mail_proof": Row(LOGIN, OK, GONE, lambda w: {"proof_id": w.proof.id}),
    "people:employment_end": Row(LOGIN, OK, GONE, lambda w: {"employment_id": w.employment.id}),
    "people:enrol": MEMBERS,
    "people:replace": MEMBERS,
    "companies:list": PUBLIC,
    "companies:company": Row(OK, OK, OK, lambda _w: {"slug": HARBOUR}),
    "web:design": PUBLIC,
    "account_login": ENTRANCE,
    "account_signup": ENTRANCE,
    "account_logout": Row(MOVED, OK, OK),
    "account_inactive": PUBLIC,
    "account_email_verification_sent": PUBLIC,
    "account_confirm_email": Row(OK, OK, OK, lambda _w: {"key": "no:such:key"}),
    "account_email": MEMBERS,
    "account_change_password": MEMBERS,
    "account_reset_password": PUBLIC,
    "account_reset_password_done": PUBLIC,
    "account_reset_password_from_key": Row(OK, OK, OK, lambda _w: {"uidb36": "1", "key": "no-key"}),
    "account_reset_password_from_key_done": PUBLIC,
}


def routes(resolver: URLResolver | None = None, namespace: str = "") -> Iterator[str]:
    """The name of every route of the site."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from routes(pattern, inner)
        elif isinstance(pattern, URLPattern):
            assert pattern.name, f"{pattern} has no name, so it cannot be in the matrix"
            yield f"{namespace}{pattern.name}"


@pytest.fixture
def world(alice: Member, bob: Member, today: datetime) -> World:
    employment_id = employ(alice, f"alice@{HARBOUR_DOMAIN}", now=today)
    enrol(alice, now=today)
    proof = actions.open_mail_proof(
        member_id=alice.id, company_slug=HARBOUR, now=today, randbytes=lambda size: b"s" * size
    )
    provider = LoginProvider.objects.create(
        company_id=proof.company_id, issuer="https://id.example", client_id="x", added_on=today.date()
    )
    LoginProof.objects.create(
        member=alice,
        provider=provider,
        season=proof.season,
        commitment=proof.commitment,
        salt=b"l" * 16,
        bind="l" * 52,
        address="https://id.example/auth?state=alice",
        expires_at=today + timedelta(minutes=15),
    )
    badge = BadgeReview.objects.create(
        member=alice, company_id=proof.company_id, sealed=b"x", digest=b"d" * 32, opened_on=today.date()
    )
    return World(Employment.objects.get(id=employment_id), proof, badge)


def seen(client: Client, path: str) -> int | str:
    answer = client.get(path)
    if answer.status_code == MOVED and answer["Location"].startswith("/en/account/login/?next="):
        return LOGIN
    return answer.status_code


def test_every_route_is_in_the_matrix_and_the_matrix_has_no_other():
    assert set(routes()) == set(MATRIX)


def test_everybody_sees_what_the_matrix_says(world: World, alice: Member, bob: Member):
    clients = {"visitor": browser(), "alice": browser(alice), "bob": browser(bob)}
    found, expected = {}, {}
    for name, row in MATRIX.items():
        path = reverse(name, kwargs=row.arguments(world))
        for who, client in clients.items():
            found[name, who] = seen(client, path)
            expected[name, who] = getattr(row, who)
    assert found == expected


def test_bob_can_neither_end_nor_learn_of_alices_employment(world: World, bob: Member):
    path = f"/en/employment/{world.employment.id}/end/"
    assert browser(bob).post(path).status_code == GONE
    assert browser().post(path).status_code == MOVED
    world.employment.refresh_from_db()
    assert world.employment.ended_on is None
    invented = browser(bob).get("/en/employment/00000000-0000-4000-8000-000000000000/end/")
    existing = browser(bob).get(path)
    assert invented.content.replace(b"00000000-0000-4000-8000-000000000000", b"") == existing.content.replace(
        str(world.employment.id).encode(), b""
    )


def test_alice_ends_her_employment(world: World, alice: Member):
    done = browser(alice).post(f"/en/employment/{world.employment.id}/end/", follow=True)
    assert done.redirect_chain == [("/en/employment/", MOVED)]
    assert "ended" in done.content.decode()
    again = browser(alice).post(f"/en/employment/{world.employment.id}/end/", follow=True)
    assert "ended before" in again.content.decode()


def test_bob_cannot_come_back_from_alices_log_in(world: World, alice: Member, bob: Member):
    state = state_of(LoginProof.objects.get().id)
    answer = browser(bob).get(f"/employment/login/return?state={state}&code=x", follow=True)
    assert "was not begun here" in answer.content.decode()
    assert LoginProof.objects.filter(member=alice).exists(), "and takes nothing away from her"


def test_pages_of_members_are_kept_by_no_cache(world: World, alice: Member):
    client = browser(alice)
    for name in ("home", "account", "employments", "employment_new", "enrol"):
        answer = client.get(reverse(f"people:{name}"))
        assert "no-store" in answer["Cache-Control"], name
        assert "private" in answer["Cache-Control"], name


def test_public_files_set_no_cookie(visitor: Client):
    for path in ("/healthz", "/rosters/index.json", "/en/", "/en/companies/", "/api/v1/openapi.json"):
        assert not visitor.get(path).cookies, path


def test_a_closed_account_is_shut_out(alice: Member, as_alice: Client):
    assert as_alice.get("/en/account/").status_code == OK
    Member.objects.update(is_active=False)
    assert seen(as_alice, "/en/account/") == LOGIN


def test_the_next_page_after_log_in_is_on_this_site(alice: Member, visitor: Client):
    for target in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"):
        answer = Client().post(
            f"/en/account/login/?next={target}",
            {"login": alice.email, "password": "correct horse battery", "next": target},
        )
        assert answer.status_code == MOVED
        assert answer["Location"] == "/en/"


def test_every_answer_carries_the_security_headers(visitor: Client):
    for path in ("/en/", "/healthz", "/nowhere", "/api/v1/nowhere", "/rosters/index.json"):
        policy = visitor.get(path)["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy, "the people site compiles nothing"


@pytest.mark.parametrize(
    "path", ["/en/employment/new/?company=%00", "/en/employment/new/?company=" + "x" * 500]
)
def test_a_hostile_query_is_only_ignored(as_alice: Client, path: str):
    assert as_alice.get(path).status_code == OK

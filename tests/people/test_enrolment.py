"""Tickets, and the answers that spend them (docs/protocol.md §2)."""

import base64
import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from tests.factories.people import (
    HARBOUR,
    HARBOUR_DOMAIN,
    answer_for,
    answer_ticket,
    employ,
    enrol,
)
from tests.factories.protocol import undocumented

from openmai.anonymity.enrolment import ENROLMENT_PAIR
from openmai.anonymity.errors import AnonymityError
from openmai.anonymity.limits import MAX_ANSWER
from openmai.anonymity.seasons import season_at
from openmai.anonymity.tickets import decode_ticket, encode_ticket, parse_answer
from openmai.people import actions, limits
from openmai.people.actions.enrolment import (
    AlreadyEnrolled,
    CommitmentTaken,
    TicketExpired,
    UnknownTicket,
)
from openmai.people.api import api
from openmai.people.models import Enrolment, Member

ENDPOINT = "/api/v1/enrolments"


def post(client: Client, document: Any, **headers: str) -> Any:
    body = document if isinstance(document, bytes) else json.dumps(document)
    return client.post(ENDPOINT, body, content_type="application/json", headers=headers)


def answer(member: Member, now: datetime, seed: int = 1) -> dict[str, str]:
    document: dict[str, str] = json.loads(answer_for(member, now=now, seed=seed))
    return document


def test_a_key_is_registered_with_a_real_proof(alice: Member, visitor: Client, today: datetime):
    employ(alice, f"alice@{HARBOUR_DOMAIN}", now=today)
    document = answer(alice, today)
    done = post(visitor, document)
    assert done.status_code == 201, done.content
    assert done.json() == {
        "commitment": document["commitment"],
        "season": season_at(int(today.timestamp())).id,
        "rosters": [f"company/{HARBOUR}/attested", "industry/logistics/attested", "site"],
    }
    enrolment = Enrolment.objects.get()
    assert enrolment.member == alice
    assert int.from_bytes(bytes(enrolment.commitment), "big") == int(document["commitment"])


def test_a_ticket_is_spent_once(alice: Member, visitor: Client, today: datetime):
    document = answer(alice, today)
    other = answer(alice, today, seed=2)
    assert post(visitor, document).status_code == 201
    again = post(visitor, document)
    assert (again.status_code, again.json()["code"]) == (409, "ticket-used")
    second = post(visitor, other)
    assert (second.status_code, second.json()["code"]) == (409, "already-enrolled")
    assert again["Content-Type"] == "application/problem+json"
    assert Enrolment.objects.count() == 1


def test_a_strangers_ticket_does_not_take_a_members_key(
    alice: Member, bob: Member, visitor: Client, today: datetime
):
    visitor.force_login(alice)
    refusal = post(visitor, answer(bob, today))
    assert (refusal.status_code, refusal.json()["code"]) == (403, "forbidden")
    assert not Enrolment.objects.exists()
    assert post(visitor, answer(alice, today)).status_code == 201


def test_a_ticket_is_good_for_an_hour(alice: Member, now: datetime):
    body = answer_for(alice, now=now)
    late = now + timedelta(hours=1)
    with pytest.raises(TicketExpired):
        actions.enrol(answer=parse_answer(body, domain=None), now=late)
    actions.enrol(answer=parse_answer(body, domain=None), now=late - timedelta(minutes=2))


def test_a_ticket_ends_with_its_season(alice: Member, now: datetime):
    ends = datetime.fromtimestamp(season_at(int(now.timestamp())).ends, now.tzinfo)
    body = answer_for(alice, now=ends - timedelta(minutes=5))
    with pytest.raises(TicketExpired):
        actions.enrol(answer=parse_answer(body, domain=None), now=ends + timedelta(minutes=5))


def test_an_invented_ticket_is_unknown(alice: Member, bob: Member, now: datetime):
    ticket = decode_ticket(actions.issue_ticket(member_id=alice.id, now=now, randbytes=bytes))
    later = (int.from_bytes(ticket.nonce[:4], "big") + 600).to_bytes(4, "big") + ticket.nonce[4:]
    forged = [
        {"nonce": bytes(32)},
        {"nonce": later},
        {"nonce": ticket.nonce[:-1] + bytes([ticket.nonce[-1] ^ 1])},
        {"account": str(bob.id)},
    ]
    for changes in forged:
        fields = {
            "account": ticket.account,
            "nonce": ticket.nonce,
            "season": ticket.season,
            "site": ticket.site,
        }
        encoded = encode_ticket(type(ticket)(**(fields | changes)))
        with pytest.raises(UnknownTicket):
            actions.enrol(answer=parse_answer(answer_ticket(encoded), domain=None), now=now)


def test_alices_answer_does_not_fit_bobs_ticket(alice: Member, bob: Member, visitor: Client, today: datetime):
    alices, bobs = answer(alice, today), answer(bob, today, seed=2)
    stolen = post(visitor, {**alices, "ticket": bobs["ticket"]})
    assert (stolen.status_code, stolen.json()["code"]) == (422, "invalid-proof")
    assert not Enrolment.objects.exists()


def test_one_key_belongs_to_one_account(alice: Member, bob: Member, now: datetime):
    enrol(alice, now=now, seed=1)
    with pytest.raises(CommitmentTaken):
        enrol(bob, now=now, seed=1)
    enrol(bob, now=now, seed=2)


def test_a_new_season_is_a_new_key(alice: Member, now: datetime):
    first = enrol(alice, now=now, seed=1)
    second = enrol(alice, now=now + timedelta(days=90), seed=2)
    assert first.season != second.season
    with pytest.raises(AlreadyEnrolled):
        actions.issue_ticket(member_id=alice.id, now=now, randbytes=bytes)


def test_a_subtree_is_not_a_key(alice: Member, visitor: Client, today: datetime):
    """Attack 1: whoever registers Poseidon(c1, c2) cannot prove that a secret is behind it."""
    from openmai.anonymity.poseidon import poseidon2

    document = answer(alice, today)
    subtree = poseidon2(int(document["commitment"]), 12345)
    refused = post(visitor, {**document, "commitment": str(subtree)})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid-proof")


R = 21888242871839275222246405745257275088548364400416034343698204186575808495617


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"commitment": "0"}, "bad-value"),
        ({"commitment": str(ENROLMENT_PAIR)}, "bad-value"),
        ({"commitment": "01"}, "not-canonical"),
        ({"commitment": str(R)}, "not-canonical"),
        ({"commitment": -1}, "bad-value"),
        ({"commitment": 5}, "bad-value"),
        ({"commitment": None}, "bad-value"),
        ({"nullifier": "0"}, "bad-nullifier"),
        ({"nullifier": "1"}, "invalid-proof"),
        ({"nullifier": str(R + 1)}, "not-canonical"),
        ({"proof": "00" * 128}, "malformed-proof"),
        ({"proof": "ff" * 128}, "malformed-proof"),
        ({"proof": "AB" * 128}, "not-canonical"),
        ({"proof": "ab"}, "bad-value"),
        ({"ticket": "***"}, "bad-value"),
        ({"ticket": ""}, "bad-value"),
        ({"ticket": "e30"}, "missing-field"),
        ({"extra": 1}, "unknown-field"),
    ],
)
def test_a_bad_field_is_named(
    alice: Member, visitor: Client, today: datetime, changes: dict[str, Any], code: str
):
    refused = post(visitor, {**answer(alice, today), **changes})
    problem = refused.json()
    name = next(iter(changes))
    assert refused.status_code == 422
    assert problem["code"] in {code, "not-canonical"} if code == "bad-value" else problem["code"] == code
    assert problem["type"] == f"/problems/{problem['code']}"
    if problem["pointer"]:
        assert problem["pointer"].startswith(f"/{name}")
    assert not Enrolment.objects.exists()


def test_a_missing_field_is_named(alice: Member, visitor: Client, today: datetime):
    document = answer(alice, today)
    for name in document:
        rest = {key: value for key, value in document.items() if key != name}
        refused = post(visitor, rest)
        assert (refused.status_code, refused.json()["code"]) == (422, "missing-field")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "malformed-json"),
        (b"{", 400, "malformed-json"),
        (b"\xff", 400, "malformed-json"),
        (b'{"ticket":1,"ticket":2}', 400, "malformed-json"),
        (b"[" * 1000, 400, "malformed-json"),
        (b"NaN", 400, "malformed-json"),
        (b"[]", 422, "bad-value"),
        (b"null", 422, "bad-value"),
        (b'"' + b"a" * 3000 + b'"', 413, "body-too-large"),
    ],
)
def test_a_bad_body_is_a_problem(visitor: Client, body: bytes, status: int, code: str):
    refused = post(visitor, body)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert refused["Content-Type"] == "application/problem+json"
    assert refused["Cache-Control"] == "no-store"


def test_a_length_that_is_announced_is_refused_before_a_byte_is_read(visitor: Client):
    kind = "application/json"
    refused = visitor.post(ENDPOINT, b"{}", content_type=kind, CONTENT_LENGTH=str(MAX_ANSWER + 1))
    assert (refused.status_code, refused.json()["code"]) == (413, "body-too-large")


@pytest.mark.parametrize(("field", "value"), [("site", "other.example"), ("season", "s1")])
def test_a_ticket_of_another_site_or_season_is_refused(
    alice: Member, visitor: Client, today: datetime, field: str, value: str
):
    document = answer(alice, today)
    raw = base64.urlsafe_b64decode(document["ticket"] + "==")
    ticket = {**json.loads(raw), field: value}
    encoded = base64.urlsafe_b64encode(json.dumps(ticket, sort_keys=True, separators=(",", ":")).encode())
    refused = post(visitor, {**document, "ticket": encoded.decode().rstrip("=")})
    assert (refused.status_code, refused.json()["code"]) == (422, f"wrong-{field}")
    assert refused.json()["pointer"] == "/ticket"


def test_problems_are_told_in_the_readers_language(visitor: Client):
    english, chinese = post(visitor, b""), post(visitor, b"", **{"accept-language": "zh-hans"})
    assert english.json()["title"] == "The request is not JSON"
    assert chinese["Content-Language"] == "zh-hans"
    assert chinese.json()["title"] == "请求不是 JSON"
    assert chinese.json()["detail"] == "这不是 JSON，读到第 1 行第 1 列时出错。"


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"commitment": "0"}, "这个数不能作为成员的承诺值。"),
        ({"commitment": "01"}, "“commitment”必须是不带前导零、小于域的阶的十进制字符串。"),
        ({"nullifier": "0"}, "废止值为 0。"),
        ({"nullifier": "1"}, "证明没有证明这个陈述。"),
    ],
    ids=["no commitment", "another spelling", "no nullifier", "another nullifier"],
)
def test_what_the_protocol_refuses_is_told_in_chinese(
    alice: Member, visitor: Client, today: datetime, changes: dict[str, str], detail: str
):
    refused = post(visitor, {**answer(alice, today), **changes}, **{"accept-language": "zh-hans"})
    assert refused.json()["detail"] == detail


def test_so_many_answers_are_checked_a_day(alice: Member, now: datetime, monkeypatch: pytest.MonkeyPatch):
    few = limits.Limit(limits.ENROLMENTS_PER_MEMBER.name, 1, limits.ENROLMENTS_PER_MEMBER.refusal)
    monkeypatch.setattr(limits, "ENROLMENTS_PER_MEMBER", few)
    document = answer(alice, now)
    wrong = parse_answer(json.dumps({**document, "nullifier": "1"}).encode(), domain=None)
    with pytest.raises(AnonymityError):
        actions.enrol(answer=wrong, now=now)
    with pytest.raises(limits.LimitReached):
        actions.enrol(answer=parse_answer(json.dumps(document).encode(), domain=None), now=now)


def test_a_closed_account_cannot_enrol(alice: Member, now: datetime):
    body = answer_for(alice, now=now)
    Member.objects.update(is_active=False)
    with pytest.raises(UnknownTicket):
        actions.enrol(answer=parse_answer(body, domain=None), now=now)


def test_the_page_leads_to_the_talk_origin_with_a_ticket_that_works(as_alice: Client, alice: Member):
    page = as_alice.get("/en/enrol/").content.decode()
    link = re.search(r'href="http://127\.0\.0\.1:8001/en/identity/#enrol=([\w-]+)&amp;return=([^"]+)"', page)
    assert link
    assert link[2] == "http://localhost:8000/en/enrol/"
    assert f'data-enrol-endpoint="{ENDPOINT}"' in page
    assert post(Client(), answer_ticket(link[1])).status_code == 201
    done = as_alice.get("/en/enrol/").content.decode()
    assert "Your key for this season is registered" in done
    assert "#enrol=" not in done


def test_the_api_is_not_a_page(visitor: Client):
    assert visitor.get(ENDPOINT).json()["code"] == "method-not-allowed"
    missing = visitor.get("/api/v1/nothing")
    assert (missing.status_code, missing.json()["code"]) == (404, "not-found")


def test_every_address_of_the_api_is_in_the_protocol():
    assert undocumented(api) == []

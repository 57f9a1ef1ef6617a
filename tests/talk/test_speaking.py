"""A post from the device to the page."""

from datetime import timedelta

from tests.factories.cast import DOMAIN, HARBOUR
from tests.factories.protocol import problem_codes, undocumented
from tests.talk.conftest import Talk

from openmai.anonymity.keys import verify_signature
from openmai.api.problems import KINDS
from openmai.talk.api import api


def test_alice_speaks_and_the_post_appears_at_the_tick(talk: Talk):
    opening = talk.cast.opening()
    receipt = talk.accepted(talk.cast.submission(talk.cast.alice, opening))
    assert receipt["action"] == opening.id.hex()
    assert receipt["state"] == "waiting"
    assert receipt["due"] == "2026-03-20T10:10:00Z"
    assert talk.get(f"/en/t/{opening.id.hex()}/").status_code == 404

    talk.tick()

    page = talk.get(f"/en/t/{opening.id.hex()}/").content.decode()
    assert "Night shifts" in page
    assert "Employee of Harbour Logistics" in page
    assert "vouched for by the operator" in page
    assert "港湾物流" in talk.get(f"/zh-hans/t/{opening.id.hex()}/").content.decode()


def test_the_receipt_is_signed_by_the_site(talk: Talk):
    opening = talk.cast.opening()
    receipt = talk.accepted(talk.cast.submission(talk.cast.alice, opening))
    site = talk.get("/api/v1/site").json()
    assert receipt["key"] == site["receipt_key"]
    verify_signature(
        key=bytes.fromhex(receipt["key"]),
        signature=bytes.fromhex(receipt["signature"]),
        message=DOMAIN.receipt_bytes(opening.id, receipt["due"]),
    )


def test_bob_answers_and_alice_answers_without_a_new_proof(talk: Talk):
    opening = talk.cast.opening()
    talk.published(talk.cast.submission(talk.cast.alice, opening))
    bob = talk.cast.reply(opening, body="Seven here.")
    alice = talk.cast.reply(opening, body="That is not lawful.")
    talk.published(
        talk.cast.submission(talk.cast.bob, bob, "site"), talk.cast.submission(talk.cast.alice, alice, None)
    )

    document = talk.get(f"/api/v1/threads/{opening.id.hex()}").json()
    assert document["reply_count"] == 2
    assert {reply["content"]["body"] for reply in document["replies"]} == {
        "Seven here.",
        "That is not lawful.",
    }
    kinds = {persona["kind"]: persona["opened"] for persona in document["personas"]}
    assert kinds == {"attested": True, "site": False}
    page = talk.get(f"/en/t/{opening.id.hex()}/").content.decode()
    assert page.count('class="op-mark"') == 2
    assert "Verified member" in page


def test_alice_has_another_alias_in_another_thread(talk: Talk):
    first, second = talk.cast.opening(), talk.cast.opening(title="Pay day", body="Late again.")
    talk.published(
        talk.cast.submission(talk.cast.alice, first), talk.cast.submission(talk.cast.alice, second)
    )
    aliases, keys, nullifiers = set(), set(), set()
    for line in talk.get("/api/v1/threads").json()["threads"]:
        aliases.add(line["persona"]["alias"]["en"])
        keys.add(line["persona"]["key"])
        nullifiers.add(line["persona"]["nullifier"])
    assert len(aliases) == len(keys) == len(nullifiers) == 2


def test_the_same_submission_again_is_answered_the_same_way(talk: Talk):
    body = talk.cast.submission(talk.cast.alice, talk.cast.opening())
    first = talk.accepted(body)
    talk.pass_time(timedelta(seconds=60))
    assert talk.accepted(body) == first

    talk.tick()

    again = talk.send(body)
    assert again.status_code == 200
    assert again.json()["state"] == "published"
    assert again.json()["due"] == first["due"]
    assert talk.tick().written == 0
    assert len(talk.get("/api/v1/threads").json()["threads"]) == 1


def test_what_becomes_of_an_action_can_be_asked(talk: Talk):
    opening = talk.cast.opening()
    path = f"/api/v1/actions/{opening.id.hex()}"
    assert talk.get(path).json() == {"action": opening.id.hex(), "state": "unknown"}
    talk.accepted(talk.cast.submission(talk.cast.alice, opening))
    assert talk.get(path).json()["state"] == "waiting"
    talk.tick()
    assert talk.get(path).json()["state"] == "published"


def test_after_a_crash_the_outbox_sends_again_and_the_post_appears_once(talk: Talk):
    from openmai.talk.epoch import EPOCH

    opening = talk.cast.opening()
    body = talk.cast.submission(talk.cast.alice, opening)
    talk.accepted(body)
    EPOCH.clear()
    assert talk.tick().written == 0
    assert talk.get(f"/api/v1/actions/{opening.id.hex()}").json()["state"] == "unknown"

    talk.accepted(body)
    assert talk.tick().written == 1
    talk.send(body)
    assert talk.tick().written == 0


def test_a_join_holds_for_seven_days_and_is_renewed_by_another_proof(talk: Talk):
    opening = talk.cast.opening()
    talk.published(talk.cast.submission(talk.cast.alice, opening))
    talk.pass_time(timedelta(days=7, seconds=1))
    late = talk.cast.reply(opening, body="Any news?")
    refused = talk.send(talk.cast.submission(talk.cast.alice, late, None))
    assert refused.json()["code"] == "join-expired"

    talk.published(talk.cast.submission(talk.cast.alice, late, HARBOUR))
    soon = talk.cast.reply(opening, body="Nobody?")
    talk.published(talk.cast.submission(talk.cast.alice, soon, None))
    assert len(talk.get(f"/api/v1/threads/{opening.id.hex()}").json()["personas"]) == 1


def test_every_address_of_the_api_is_in_the_protocol():
    assert undocumented(api) == []


def test_every_problem_code_is_in_the_protocol_with_its_status():
    assert problem_codes() == {code: status for code, (status, _) in KINDS.items()}

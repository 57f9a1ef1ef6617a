"""What readers see: pages without JavaScript, permalinks, the verify page, long threads."""

import json
import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import translation
from pytest_django import Settings
from tests.factories.cast import HARBOUR_PROVABLE, Cast
from tests.talk.conftest import Talk
from tests.talk.long_threads import fill_thread

from openmai.anonymity.encoding import canonical_json
from openmai.anonymity.log.view import LogTrust
from openmai.anonymity.proof_file import verify_proof_file
from openmai.anonymity.rosters import key_fingerprint
from openmai.platform.config_values import contact
from openmai.talk.claims import check_claims
from openmai.talk.queries.threads import EXCERPT, excerpt
from openmai.web.filters import grouped

PAGES = (
    "/{lang}/",
    "/{lang}/s/work/",
    "/{lang}/about/",
    "/{lang}/new/",
    "/{lang}/new/?section=pay",
    "/{lang}/identity/",
    "/{lang}/outbox/",
    "/{lang}/design/",
)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_there_in_both_languages(talk: Talk, page: str, language: str):
    response = talk.get(page.format(lang=language))
    assert response.status_code == 200
    assert f'lang="{"zh-Hans" if language == "zh-hans" else "en"}"' in response.content.decode()


def test_the_about_page_says_who_runs_the_site_and_by_which_key(talk: Talk, settings: Settings):
    page = talk.get("/en/about/").content.decode()
    assert grouped(key_fingerprint(talk.cast.roster_key)) in page
    assert talk.cast.roster_key.hex() in page
    assert "Reach the operator" not in page
    settings.OPENMAI_CONTACT = contact("olga@openmai.example")
    assert 'href="mailto:olga@openmai.example"' in talk.get("/zh-hans/about/").content.decode()


def test_a_fallen_claim_is_explained_in_the_readers_language(cast: Cast):
    document = json.loads(cast.proof_file(cast.alice, cast.opening()))
    document["signature"] = "00" * 64
    with translation.override("zh-hans"):
        verdict = check_claims(
            canonical_json(document), roster_key=cast.roster_key, log=LogTrust(cast.log.note_key)
        )
    assert verdict.fallen == "签名与密钥和内容不符"


@pytest.mark.parametrize(
    "path",
    [
        "/en/s/gossip/",
        f"/en/t/{'0' * 64}/",
        f"/en/p/{'0' * 64}/",
        f"/en/p/{'0' * 64}/verify/",
        "/en/?after=x",
        "/nowhere",
    ],
)
def test_what_is_not_there_is_a_page_that_says_so(talk: Talk, path: str):
    response = talk.get(path)
    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v1/nothing", 404, "not-found"),
        (f"/api/v1/threads/{'0' * 64}", 404, "thread-not-found"),
        ("/api/v1/threads/XYZ", 404, "thread-not-found"),
        ("/api/v1/threads?after=x", 422, "bad-value"),
        ("/api/v1/threads?section=gossip", 422, "unknown-section"),
        ("/api/v1/submissions", 405, "method-not-allowed"),
        (f"/p/{'0' * 64}/proof.json", 404, "not-found"),
        (f"/rosters/statements/{'0' * 64}.json", 404, "not-found"),
    ],
)
def test_what_programs_ask_for_in_vain_is_a_problem(talk: Talk, path: str, status: int, code: str):
    response = talk.get(path)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response["Content-Type"] == "application/problem+json"


def test_a_crash_is_a_problem_and_tells_nothing(talk: Talk, monkeypatch: pytest.MonkeyPatch):
    def crash(*_: object, **__: object) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr("openmai.talk.epoch.roster_listing", crash)
    talk.client.raise_request_exception = False
    response = talk.get("/api/v1/rosters")
    assert (response.status_code, response.json()["code"]) == (500, "internal-error")
    assert b"hunter2" not in response.content


def test_the_api_describes_itself(talk: Talk):
    document = talk.get("/api/v1/openapi.json").json()
    assert set(document["paths"]) == {
        "/api/v1/submissions",
        "/api/v1/actions/{action}",
        "/api/v1/site",
        "/api/v1/rosters",
        "/api/v1/bans",
        "/api/v1/threads",
        "/api/v1/threads/{thread}",
    }


def test_rosters_say_which_are_open(talk: Talk):
    rosters = {each["roster"]: each for each in talk.get("/api/v1/rosters").json()["rosters"]}
    assert {name: each["open"] for name, each in rosters.items()} == {
        "company/harbour-logistics/attested": True,
        "company/harbour-logistics/provable": True,
        "company/orchid-kitchen/attested": False,
        "site": True,
    }
    assert rosters["site"]["label"] is None
    assert rosters[HARBOUR_PROVABLE]["label"]["zh"] == "港湾物流"


def test_text_of_people_is_text_and_nothing_else(talk: Talk):
    body = "<script>alert(1)</script>\n\nSee https://evil.example/ and “{{ 7*7 }}” \u202edne eht"
    opening = talk.cast.opening(title="<img src=x onerror=alert(1)>", body=body)
    talk.published(talk.cast.submission(talk.cast.alice, opening))
    for path in ("/en/", f"/en/t/{opening.id.hex()}/", f"/en/p/{opening.id.hex()}/verify/"):
        page = talk.get(path).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert 'href="https://evil.example' not in page
        assert "49" not in re.findall(r"“[^”]*”", page)
    thread = talk.get(f"/en/t/{opening.id.hex()}/").content.decode()
    assert '<h1 dir="auto">' in thread
    assert '<div class="post-body" dir="auto">' in thread


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("Short.", "Short."),
        ("x" * EXCERPT, "x" * EXCERPT),
        ("x" * (EXCERPT + 1), "x" * (EXCERPT - 1) + "…"),
        ("word " * 40, "word " * 31 + "word…"),
        ("Wait, " * 40, "Wait, " * 25 + "Wait…"),
        ("工资" * 100, "工资" * 79 + "工…"),
        ("工资" * 78 + "Kubernetes", "工资" * 78 + "…"),
    ],
)
def test_an_excerpt_ends_with_a_whole_word(body: str, shown: str):
    assert excerpt(body[: EXCERPT + 1]) == shown
    assert len(shown) <= EXCERPT


def test_the_list_says_where_a_text_goes_on(talk: Talk):
    talk.published(talk.cast.submission(talk.cast.alice, talk.cast.opening(body="seven words " * 40 + "end")))
    page = talk.get("/en/").content.decode()
    assert "seven words…</p>" in page


def test_the_zone_of_its_words_for_times_is_named(talk: Talk):
    assert "are told in UTC." in talk.get("/en/").content.decode()
    with override_settings(TIME_ZONE="Asia/Shanghai"):
        assert "UTC+8 (Asia/Shanghai)" in talk.get("/zh-hans/").content.decode()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_what_can_only_be_read_says_so_on_a_page(talk: Talk, language: str):
    response = talk.client.post(f"/{language}/about/")
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")
    page = response.content.decode()
    assert 'class="error-page"' in page


def test_no_page_has_inline_script_or_style(talk: Talk):
    opening = talk.cast.opening()
    talk.published(talk.cast.submission(talk.cast.alice, opening))
    paths = [page.format(lang="en") for page in PAGES]
    for path in [*paths, f"/en/t/{opening.id.hex()}/", f"/en/p/{opening.id.hex()}/verify/"]:
        page = talk.get(path).content.decode()
        assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>\s*\S", page), path
        assert not re.search(r"<[^>]+\s(style|on[a-z]+)=", page), path


def test_a_permalink_leads_to_the_post_in_its_thread(talk: Talk):
    opening = talk.cast.opening()
    talk.published(talk.cast.submission(talk.cast.alice, opening))
    reply = talk.cast.reply(opening)
    talk.published(talk.cast.submission(talk.cast.bob, reply))

    response = talk.get(f"/p/{reply.id.hex()}", **{"accept-language": "zh-CN"})
    assert response.status_code == 302
    assert response["Location"] == f"/zh-hans/t/{opening.id.hex()}/#p-{reply.id.hex()}"
    assert "Accept-Language" in response["Vary"]
    assert talk.get(f"/en/p/{reply.id.hex()}/")["Location"].startswith(f"/en/t/{opening.id.hex()}/#")
    assert talk.get(f"/t/{opening.id.hex()}")["Location"] == f"/en/t/{opening.id.hex()}/"
    assert talk.get("/")["Location"] == "/en/"


def test_a_post_far_down_begins_its_page(talk: Talk):
    opening = talk.cast.opening()
    talk.published(talk.cast.submission(talk.cast.alice, opening))
    ids = fill_thread(opening.id, replies=180, now=talk.now)
    first = talk.get(f"/en/p/{ids[20].hex()}/")["Location"]
    assert "after" not in first
    path, _, fragment = talk.get(f"/en/p/{ids[120].hex()}/")["Location"].partition("#")
    shown = re.findall(r'<article class="post[^"]*" id="(p-[0-9a-f]+)"', talk.get(path).content.decode())
    assert shown[1] == fragment == f"p-{ids[120].hex()}"


def test_a_long_thread_is_read_from_end_to_end_and_back(talk: Talk):
    opening = talk.cast.opening()
    talk.published(talk.cast.submission(talk.cast.alice, opening))
    ids = fill_thread(opening.id, replies=120, now=talk.now)
    base = f"/en/t/{opening.id.hex()}/"

    def shown(path: str) -> tuple[list[str], dict[str, str]]:
        page = talk.get(path).content.decode()
        links = {rel: unescape(href) for rel, href in re.findall(r'rel="(prev|next)" href="([^"#]+)', page)}
        return re.findall(r'<article class="post(?! post-opening)[^"]*" id="p-([0-9a-f]+)"', page), links

    seen, path, forward = [], base, []
    while path:
        found, links = shown(path)
        seen += found
        forward.append(found)
        path = base + links["next"] if "next" in links else ""
    assert len(seen) == len(set(seen)) == 120
    assert set(seen) == {each.hex() for each in ids}
    assert [len(page) for page in forward] == [50, 50, 20]

    back, links = shown(base + talk_end(talk, base))
    assert back == seen[-50:]
    assert "next" not in links
    back, links = shown(base + links["prev"])
    assert back == seen[20:70]


def talk_end(talk: Talk, base: str) -> str:
    page = talk.get(base).content.decode()
    match = re.search(r'href="(\?before=[^"#]+)#replies"', page)
    assert match
    return match[1]


def test_every_page_costs_the_same_number_of_statements(talk: Talk):
    short, long = talk.cast.opening(), talk.cast.opening(title="Long", body="Very.")
    talk.published(talk.cast.submission(talk.cast.alice, short), talk.cast.submission(talk.cast.alice, long))
    fill_thread(short.id, replies=3, now=talk.now)
    ids = fill_thread(long.id, replies=400, now=talk.now)

    def statements(path: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert talk.get(path).status_code in (200, 302)
        return len(captured)

    far = talk.get(f"/en/p/{ids[300].hex()}/")["Location"].partition("#")[0]
    assert {statements(f"/en/t/{each.id.hex()}/") for each in (short, long)} | {statements(far)} == {2}
    assert statements("/en/") == 1
    assert {statements(f"/p/{post.hex()}") for post in (long.id, ids[0], ids[-1])} <= {1, 2}
    assert {statements(f"/en/p/{post.hex()}/verify/") for post in (short.id, long.id)} == {6}
    assert {statements(f"/api/v1/threads/{each.id.hex()}") for each in (short, long)} == {3}


def test_the_list_of_threads_has_pages_by_latest_activity(talk: Talk):
    from tests.talk.long_threads import fill_list

    fill_list(70, season="s228", now=talk.now)
    seen, path = [], "/api/v1/threads?section=pay"
    while path:
        document = talk.get(path).json()
        seen += [line["title"] for line in document["threads"]]
        path = f"/api/v1/threads?section=pay&after={document['next']}" if document["next"] else ""
    assert seen == [f"Thread {number}" for number in reversed(range(70))]
    assert talk.get("/api/v1/threads?section=work").json()["threads"] == []
    assert "Thread 69" in talk.get("/en/s/pay/").content.decode()


def test_a_post_answers_for_itself(talk: Talk):
    opening = talk.cast.opening()
    talk.published(talk.cast.submission(talk.cast.alice, opening, HARBOUR_PROVABLE))
    reply = talk.cast.reply(opening)
    talk.published(talk.cast.submission(talk.cast.alice, reply, None))

    for content in (opening, reply):
        response = talk.get(f"/p/{content.id.hex()}/proof.json")
        proved = verify_proof_file(response.content, roster_key=talk.cast.roster_key)
        assert proved.content == content
        assert response["Content-Disposition"].startswith("attachment")
        page = talk.get(f"/en/p/{content.id.hex()}/verify/").content.decode()
        assert "Every claim holds" in page
        assert page.count('class="claim"') == 12
        assert f"one of {proved.crowd} employees of Harbour Logistics" in page
        assert "openmai verify" in page
        fingerprint = key_fingerprint(talk.cast.roster_key)
        assert fingerprint[:4] in page


def test_the_verify_page_says_which_claim_fell(talk: Talk):
    from openmai.talk.models import Post

    opening = talk.cast.opening()
    talk.published(talk.cast.submission(talk.cast.alice, opening))
    reply = talk.cast.reply(opening)
    talk.published(talk.cast.submission(talk.cast.bob, reply))
    row = Post.objects.get(id=reply.id)
    row.content["body"] = "The operator wrote this."
    row.save()
    page = talk.get(f"/en/p/{reply.id.hex()}/verify/").content.decode()
    assert "A claim does not hold" in page
    assert 'class="claim claim-failed" data-claim="signature"' in page


def test_replies_have_two_levels_and_name_whom_they_answer(talk: Talk):
    opening = talk.cast.opening()
    talk.published(talk.cast.submission(talk.cast.alice, opening))
    first = talk.cast.reply(opening, body="First.")
    talk.published(talk.cast.submission(talk.cast.bob, first))
    second = talk.cast.reply(opening, body="Second.", parent=first.id)
    third = talk.cast.reply(opening, body="Third.")
    talk.published(
        talk.cast.submission(talk.cast.alice, second, None), talk.cast.submission(talk.cast.bob, third, None)
    )
    page = talk.get(f"/en/t/{opening.id.hex()}/").content.decode()
    assert page.index("First.") < page.index("Second.") < page.index("Third.")
    assert page.count("post-nested") == 1
    assert re.search(rf'<a href="/en/p/{first.id.hex()}/">answers ', page)


def test_posts_of_one_tick_stand_in_the_order_of_their_ids(talk: Talk):
    opening = talk.cast.opening()
    talk.published(talk.cast.submission(talk.cast.alice, opening))
    replies = [talk.cast.reply(opening, body=f"Reply {number}") for number in range(6)]
    bodies = [talk.cast.submission(talk.cast.alice, reply, None) for reply in replies]
    for body in bodies:
        talk.accepted(body)
        talk.pass_time(timedelta(seconds=7))
    talk.tick()
    shown = [reply["id"] for reply in talk.get(f"/api/v1/threads/{opening.id.hex()}").json()["replies"]]
    assert shown == sorted(reply.id.hex() for reply in replies)

"""A ban by one post ends its member's voice on the whole site, and nobody learns whose it was.

Comes after `test_journey.py`: a ban makes everybody prove again, and there nobody should have to.
"""

import os
import re
import subprocess
import time

import httpx
import pytest
from playwright.sync_api import expect
from tests.browser.conftest import OPENMAI, RunningDemo
from tests.browser.journey import EPOCH_MS, LUMING, PROOF_MS, RIVERBEND, Person, Story, submissions_of

TOLD = re.compile("You cannot speak here until .* the reason given is: spam", re.DOTALL)
BANNED = "Buy my standing desks, cheap."


@pytest.fixture(scope="module")
def banned_thread(story: Story, demo: RunningDemo) -> str:
    """The thread that Alice is banned for, after Bob has answered her; the last test lifts the ban."""
    thread = story.alice.open_thread(company=LUMING, title="Special offer", body=BANNED)
    story.bob.reply(thread, "Are they used?", company=RIVERBEND)
    post = thread.rstrip("/").rpartition("/")[2]
    operate(demo, "ban", "add", post, "--reason", "spam", "--until", "30d")
    wait_for_bans(demo, 1)
    return thread


def operate(demo: RunningDemo, *command: str) -> str:
    """What the operator types on the talk site's machine."""
    argv = [OPENMAI, *command, "--env-file", str(demo.folder / "talk.env")]
    # What the other tests set for themselves is not his.
    own = {name: value for name, value in os.environ.items() if not name.startswith("OPENMAI_")}
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=own)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def wait_for_bans(demo: RunningDemo, count: int) -> None:
    """Until the tick that brings the list with so many bans."""
    with httpx.Client(base_url=demo.at.talk) as talk:
        for _ in range(EPOCH_MS // 200):
            if len(talk.get("/api/v1/bans").json()["bans"]) == count:
                return
            time.sleep(0.2)
    raise AssertionError("the tick did not bring the ban list")


def write_opening(person: Person, *, section: int, company: str | None) -> None:
    """Fill the composer of a new thread and press the button."""
    page = person.page
    page.goto(f"{person.at.talk}/en/new/")
    if company is None:
        person.speak_as_random_alias()
    else:
        person.speak_as_employee_of(company)
    page.get_by_label("Section").select_option(index=section)
    page.get_by_label("Title").fill("May I?")
    page.get_by_label(re.compile("^Text")).fill("Once more.")
    page.locator("[data-composer]").get_by_role("button", name="Send").click()


@pytest.mark.parametrize(("section", "company"), [(1, LUMING), (2, None), (3, LUMING)])
def test_alice_can_open_no_new_persona_in_any_section(
    story: Story, banned_thread: str, section: int, company: str | None
):
    alice = story.alice
    sent = submissions_of(alice.page)
    write_opening(alice, section=section, company=company)
    expect(alice.page.locator("[data-composer]")).to_contain_text(TOLD, timeout=PROOF_MS)
    assert alice.page.get_by_label("Title").input_value() == "May I?"
    assert sent == []


def test_nor_go_on_where_she_spoke_before(story: Story, banned_thread: str):
    """Of both threads the device still holds a join; the server asks for a proof again, and there is none."""
    alice = story.alice
    for thread in (story.thread, banned_thread):
        sent = submissions_of(alice.page)
        alice.page.goto(thread)
        alice.page.get_by_label("Your reply").fill("And another thing.")
        alice.page.locator("[data-composer]").get_by_role("button", name="Send").click()
        expect(alice.page.locator("[data-composer]")).to_contain_text(TOLD, timeout=PROOF_MS)
        assert alice.page.get_by_label("Your reply").input_value() == "And another thing."
        assert [each["join"] for each in sent] == [None]


def test_bob_notices_nothing(story: Story, banned_thread: str):
    """He speaks on and begins anew. That his device proved again shows in what it sent, not on a page."""
    bob = story.bob
    sent = submissions_of(bob.page)
    bob.reply(banned_thread, "No, thank you.")
    assert [each["join"] is not None for each in sent] == [False, True]
    page = bob.page
    expect(page.locator("article").filter(has_text=BANNED)).to_be_visible()
    expect(page.get_by_role("main")).not_to_contain_text(re.compile(r"\bban", re.I))
    bob.open_thread(company=RIVERBEND, title="Night shifts", body="Who else has five in a row?")
    assert [each["join"] is not None for each in sent] == [False, True, True]


def test_the_list_of_bans_is_the_same_for_everybody(story: Story, banned_thread: str, demo: RunningDemo):
    def asked_by(person: Person) -> str:
        return str(person.page.evaluate("fetch('/api/v1/bans').then((answer) => answer.text())"))

    for person in (story.alice, story.bob):
        person.page.goto(f"{demo.at.talk}/en/")
    assert asked_by(story.alice) == asked_by(story.bob) == httpx.get(f"{demo.at.talk}/api/v1/bans").text


def test_when_the_ban_is_lifted_alice_speaks_again(story: Story, banned_thread: str, demo: RunningDemo):
    operate(demo, "ban", "lift", banned_thread)
    wait_for_bans(demo, 0)
    thread = story.alice.open_thread(company=LUMING, title="Back again", body="I have read the rules.")
    assert thread not in (story.thread, banned_thread)

"""The outbox of a real browser: what the server loses before the tick is sent again, and appears once."""

import os
import signal
import time
from pathlib import Path

import httpx
from playwright.sync_api import expect
from tests.browser.conftest import RunningDemo
from tests.browser.journey import EPOCH_MS, Story, submissions_of

WORDS = "Said just before the lights went out."


def test_what_was_accepted_and_lost_is_sent_again_and_appears_once(story: Story, demo: RunningDemo):
    """Two tabs are open, and either may send; the second is the one that lives on."""
    alice = story.alice
    alice.page.goto(story.thread)
    alice.page.get_by_label("Your reply").fill(WORDS)
    other_tab = alice.context.new_page()
    other_tab.goto(f"{demo.at.talk}/en/outbox/")
    sent = submissions_of(alice.page), submissions_of(other_tab)
    wait_for_a_fresh_epoch(demo)
    with alice.page.expect_response("**/api/v1/submissions") as answer:
        alice.page.locator("[data-composer]").get_by_role("button", name="Send").click()
    assert answer.value.status == 202
    os.killpg(process_of("talk", demo), signal.SIGKILL)
    entry = other_tab.locator("[data-outbox] [data-action]").first
    expect(entry).to_contain_text(WORDS)
    expect(entry).to_have_attribute("data-state", "published", timeout=EPOCH_MS)
    assert [len(each) for each in sent] in ([2, 0], [1, 1])
    other_tab.goto(story.thread)
    expect(other_tab.locator("article").filter(has_text=WORDS)).to_have_count(1)
    other_tab.close()


def wait_for_a_fresh_epoch(demo: RunningDemo) -> None:
    """Return just after a tick, so that nothing is written for some seconds."""
    with httpx.Client(base_url=demo.at.talk) as talk:
        before = talk.get("/api/v1/site").json()["next_tick"]
        while talk.get("/api/v1/site").json()["next_tick"] == before:
            time.sleep(0.05)


def process_of(site: str, demo: RunningDemo) -> int:
    """The supervisor's child that serves the site; it leads a process group of its own."""
    children = Path(f"/proc/{demo.process_id}/task/{demo.process_id}/children").read_text().split()
    [found] = [int(pid) for pid in children if f"serve\0{site}" in Path(f"/proc/{pid}/cmdline").read_text()]
    return found

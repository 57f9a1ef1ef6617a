"""A few members speak through Chromium, with the product's own pages, worker and outbox."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Response, sync_playwright
from tests.adversary.devices import PASSWORD, Unexpected
from tests.adversary.mailbox import Mailbox
from tests.adversary.world import Member
from tests.browser.journey import PROOF_MS, Addresses, Person

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium, as `scripts/install-chromium` has found or installed it."""
    found = next(filter(None, map(shutil.which, (os.environ.get("CHROMIUM", ""), *_NAMES))), None)
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


class BrowserMember(Person):
    """A person of the simulation; the mail comes from the simulation's mailbox, `said` holds the actions."""

    def __init__(self, browser: Browser, at: Addresses, member: Member, mailbox: Mailbox) -> None:
        super().__init__(
            browser,
            at,
            name=member.name,
            work=member.work_address,
            address=member.address,
            user_agent=member.agent,
        )
        self.member, self._mailbox = member, mailbox
        self.email, self.password = member.email, PASSWORD
        self.said: list[str] = []
        self.thread = ""
        self.page.on("response", self._note)

    def mail(self, recipient: str) -> str:
        return self._mailbox.take(recipient)

    def send(self) -> str:
        """Send what is in the composer and wait for the receipt; the tick comes later."""
        before = len(self.said)
        self.hands.press(self.page.locator("[data-composer]").get_by_role("button", name="Send"))
        self.page.locator("[data-outcome]").get_by_role("link", name="Open the outbox").wait_for(
            timeout=PROOF_MS
        )
        for _ in range(300):
            if len(self.said) > before:
                return self.said[-1]
            self.page.wait_for_timeout(100)
        raise Unexpected("the outbox sent nothing")

    def _note(self, response: Response) -> None:
        if re.search(r"/api/v1/submissions$", response.url) and response.status == 202:
            self.said.append(str(response.json()["action"]))

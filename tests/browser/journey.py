"""What a person does on the sites, step by step, in a real browser."""

import re
from dataclasses import dataclass
from urllib.parse import urljoin

from playwright.sync_api import Browser, BrowserContext, Page, expect

# A proof takes seconds, an epoch of the demo twenty, and CI's two cores are shared.
PROOF_MS = 120_000
EPOCH_MS = 120_000


@dataclass(frozen=True)
class Addresses:
    """Origins of a running demo."""

    people: str
    talk: str
    mailbox: str


class Person:
    """One human with one browser, a personal address and perhaps a work address."""

    def __init__(
        self, browser: Browser, at: Addresses, *, name: str, work: str | None = None, **context: object
    ) -> None:
        self.at, self.name, self.work = at, name, work
        self.email = f"{name.lower().replace(' ', '.')}@mail.example"
        self.password = "seven quiet herons at dawn"
        self.context: BrowserContext = browser.new_context(**context)
        self.context.set_default_timeout(30_000)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console", lambda message: message.type == "error" and self.complaints.append(message.text)
        )

    # ── The real-name side ──────────────

    def register(self) -> None:
        self.page.goto(f"{self.at.people}/en/account/signup/")
        self.page.get_by_label("Real name").fill(self.name)
        self.page.get_by_label("Personal e-mail").fill(self.email)
        self.page.get_by_label("Password", exact=True).fill(self.password)
        self.page.get_by_role("main").get_by_role("button", name="Join").click()
        self.page.goto(self.link_in_mail(self.email, containing="/account/"))
        self.page.get_by_role("main").get_by_role("button").first.click()
        self.page.wait_for_load_state()
        if self.page.get_by_label("Password", exact=True).is_visible():
            self.page.locator("input[name=login]").fill(self.email)
            self.page.get_by_label("Password", exact=True).fill(self.password)
            self.page.get_by_role("main").get_by_role("button", name="Log in").click()
        expect(self.page.get_by_role("heading", name=f"Hello, {self.name}")).to_be_visible()

    def verify_employment(self) -> None:
        assert self.work is not None
        self.page.goto(f"{self.at.people}/en/employment/new/")
        self.page.get_by_label(re.compile("work", re.I)).fill(self.work)
        self.page.get_by_role("button", name="Send the code").click()
        code = re.search(r"\b\d{6,}\b", self.mail(self.work))
        assert code is not None
        self.page.get_by_label("Code").fill(code.group())
        self.page.get_by_role("button", name="Verify").click()
        expect(self.page.get_by_role("main")).to_contain_text("a code sent to the work address")

    def enrol(self) -> None:
        """Across both origins and back, as the member does it."""
        self.page.goto(f"{self.at.people}/en/enrol/")
        self.page.get_by_role("link", name="Create your anonymous key").click()
        self.page.get_by_role("button", name="Create my key").click()
        expect(self.page.locator("[data-confirm-label]")).to_have_text(re.compile(r"\d"))
        code = self.page.locator("[data-code]").inner_text()
        group = re.search(r"\d+", self.page.locator("[data-confirm-label]").inner_text())
        assert group is not None
        self.page.locator("#confirm-group").fill(re.split(r"[\s-]+", code.strip())[int(group.group()) - 1])
        self.page.get_by_role("button", name="I have written it down").click()
        self.page.get_by_role("button", name="Make the proof and go back").click()
        self.page.wait_for_url(re.compile(re.escape(self.at.people)), timeout=PROOF_MS)
        expect(self.page.locator("[data-enrol-status]")).to_contain_text("You are enrolled", timeout=PROOF_MS)

    def wait_for_the_epoch(self) -> None:
        """Until the people site says that the member can speak."""
        for _ in range(EPOCH_MS // 2_000):
            self.page.goto(f"{self.at.people}/en/")
            if self.page.get_by_role("main").get_by_role("link", name="Go to Job Talk").is_visible():
                return
            self.page.wait_for_timeout(2_000)
        raise AssertionError("the epoch did not come")

    # ── Mail ──────────────

    def mail(self, recipient: str) -> str:
        """The newest mail to `recipient`, as the demo's mailbox shows it."""
        reader = self.context.new_page()
        try:
            for _ in range(300):
                reader.goto(f"{self.at.mailbox}/en/")
                box = reader.locator("section, article, .card").filter(has_text=recipient).last
                if box.count():
                    reader.goto(
                        urljoin(reader.url, box.get_by_role("link").first.get_attribute("href") or "")
                    )
                    return reader.locator("pre").inner_text()
                reader.wait_for_timeout(200)
        finally:
            reader.close()
        raise AssertionError(f"no mail came for {recipient}")

    def link_in_mail(self, recipient: str, *, containing: str) -> str:
        links = [link for link in re.findall(r"https?://\S+", self.mail(recipient)) if containing in link]
        assert links, "the mail holds no link"
        return links[0].rstrip(".")

    # ── Job Talk ──────────────

    def speak_as_employee_of(self, company: str) -> None:
        """Choose the label; come back a little later while the talk site has not fetched the epoch yet."""
        form = self.page.locator("[data-composer]")
        answer = form.locator("[data-crowd]").filter(has_text=re.compile("You hide among|not in this list"))
        for _ in range(20):
            self.page.locator("[data-choices]").wait_for()
            self.choose(company)
            answer.wait_for(timeout=PROOF_MS)
            if "not in this list" not in answer.inner_text():
                break
            self.page.wait_for_timeout(2_000)
            self.page.reload()
        expect(form.locator("#composer-posting-as")).to_contain_text(company)

    def choose(self, company: str) -> None:
        offered = self.page.get_by_role("combobox", name="Company")
        mine = self.page.locator("[data-companies] label").filter(has_text=company)
        expect(mine.or_(offered.locator("option").filter(has_text=company)).first).to_be_attached()
        if mine.count():
            mine.first.click()
        else:
            offered.select_option(label=company)

    def speak_as_random_alias(self) -> None:
        self.page.get_by_label(re.compile("Random alias")).check()

    def open_thread(self, *, company: str, title: str, body: str) -> str:
        """Write, prove, send and see it published; returns the thread's address."""
        self.page.goto(f"{self.at.talk}/en/new/")
        self.speak_as_employee_of(company)
        self.page.get_by_label("Section").select_option(index=1)
        self.page.get_by_label("Title").fill(title)
        self.page.get_by_label(re.compile("^Text")).fill(body)
        return self.send()

    def reply(self, thread: str, body: str, *, company: str | None = None) -> str:
        self.page.goto(thread)
        if company is not None:
            self.speak_as_employee_of(company)
        self.page.get_by_label("Your reply").fill(body)
        return self.send()

    def send(self) -> str:
        """Send what is in the composer, see it published in the outbox, and return the thread's address."""
        self.page.locator("[data-composer]").get_by_role("button", name="Send").click()
        self.page.locator("[data-outcome]").get_by_role("link", name="Open the outbox").click(
            timeout=PROOF_MS
        )
        newest = self.page.locator("[data-outbox] [data-action]").first
        expect(newest).to_have_attribute("data-state", "published", timeout=PROOF_MS)
        newest.get_by_role("link", name="Show it").click()
        self.page.wait_for_url(re.compile("/t/[0-9a-f]{64}/"))
        return self.page.url.split("#")[0].split("?")[0]

    def alias_of(self, text: str) -> str:
        """The alias under which a post with this text stands on the page."""
        post = self.page.locator("article").filter(has_text=text).last
        return post.locator(".persona-name").first.inner_text().removesuffix("OP").strip()

"""What people do on the sites, step by step, in a real browser."""

import json
import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urljoin, urlsplit

from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

LUMING, RIVERBEND = "Luming Software", "Riverbend Hospital"
# A proof takes seconds, an epoch of the demo twenty, and CI's two cores are shared.
PROOF_MS = 120_000
EPOCH_MS = 120_000


@dataclass(frozen=True)
class Addresses:
    """Origins of a running demo."""

    people: str
    talk: str
    mailbox: str


class Mouse:
    """Works a page as most people do."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, target: Locator, *, timeout: float | None = None) -> None:
        target.click(timeout=timeout)

    def write(self, target: Locator, text: str) -> None:
        target.fill(text)

    def pick(self, target: Locator, option: str) -> None:
        target.select_option(label=option)

    def check(self, target: Locator) -> None:
        target.check()


class Keyboard(Mouse):
    """Works a page with the keyboard alone: Tab, Space, Enter, arrows, letters."""

    def press(self, target: Locator, *, timeout: float | None = None) -> None:
        self.reach(target, timeout=timeout)
        self.page.keyboard.press("Enter")

    def write(self, target: Locator, text: str) -> None:
        self.reach(target)
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.type(text)

    def pick(self, target: Locator, option: str) -> None:
        self.reach(target)
        self.page.keyboard.type(option)
        expect(target.locator("option:checked")).to_have_text(option)

    def check(self, target: Locator) -> None:
        """Tab goes to a group of radio buttons, the arrows through it."""
        self.reach(target, group=True)
        if target.is_checked():
            return
        self.page.keyboard.press("Space")
        for _ in range(_LONGEST_GROUP):
            if target.is_checked():
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{target} cannot be chosen by keyboard")

    def reach(self, target: Locator, *, group: bool = False, timeout: float | None = None) -> None:
        target.wait_for(timeout=timeout)
        expect(target).to_be_enabled()
        there = _IN_FOCUSED_GROUP if group else _IS_FOCUSED
        for _ in range(_LONGEST_PAGE):
            if target.evaluate(there):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{target} cannot be reached by keyboard")


_LONGEST_PAGE, _LONGEST_GROUP = 150, 20
_IS_FOCUSED = "element => element === document.activeElement"
_IN_FOCUSED_GROUP = "element => element.type === 'radio' && element.name === document.activeElement.name"
# Told in the console, so that a journey by keyboard can be seen to be one.
_TELL_POINTER = "addEventListener('pointerdown', () => console.error('a pointer was used'), true)"


def _from(address: str | None) -> dict[str, str]:
    """What a careless reverse proxy says of a visitor; from here both sites see one address for everybody."""
    if address is None:
        return {}
    return {"X-Forwarded-For": address, "X-Real-IP": address, "Forwarded": f"for={address}"}


def submissions_of(page: Page) -> list[dict[str, object]]:
    """Everything that this page sends to the talk site from now on."""
    sent: list[dict[str, object]] = []

    def keep(request: Request) -> None:
        if request.url.endswith("/api/v1/submissions"):
            sent.append(json.loads(request.post_data or "{}"))

    page.on("request", keep)
    return sent


class Person:
    """One human with one browser, a personal address and perhaps a work address."""

    def __init__(
        self,
        browser: Browser,
        at: Addresses,
        *,
        name: str,
        work: str | None = None,
        keyboard: bool = False,
        address: str | None = None,
        **context: object,
    ) -> None:
        self.at, self.name, self.work, self.address = at, name, work, address
        self.ticket = ""
        self.email = f"{name.lower().replace(' ', '.')}@mail.example"
        self.password = "seven quiet herons at dawn"
        self.context: BrowserContext = browser.new_context(extra_http_headers=_from(address), **context)
        self.context.set_default_timeout(30_000)
        self.context.add_init_script(_TELL_POINTER)
        self.page: Page = self.context.new_page()
        self.hands = Keyboard(self.page) if keyboard else Mouse(self.page)
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console", lambda message: message.type == "error" and self.complaints.append(message.text)
        )

    # ── The real-name side ──────────────

    def register(self) -> None:
        self.page.goto(f"{self.at.people}/en/account/signup/")
        self.hands.write(self.page.get_by_label("Real name"), self.name)
        self.hands.write(self.page.get_by_label("Personal e-mail"), self.email)
        self.hands.write(self.page.get_by_label("Password", exact=True), self.password)
        self.hands.press(self.page.get_by_role("main").get_by_role("button", name="Join"))
        self.page.goto(self.link_in_mail(self.email, containing="/account/"))
        with self.page.expect_navigation():
            self.hands.press(self.page.get_by_role("main").get_by_role("button").first)
        if self.page.get_by_label("Password", exact=True).is_visible():
            self.hands.write(self.page.locator("input[name=login]"), self.email)
            self.hands.write(self.page.get_by_label("Password", exact=True), self.password)
            self.hands.press(self.page.get_by_role("main").get_by_role("button", name="Log in"))
        expect(self.page.get_by_role("heading", name=f"Hello, {self.name}")).to_be_visible()

    def verify_employment(self) -> None:
        assert self.work is not None
        self.page.goto(f"{self.at.people}/en/employment/new/")
        self.hands.write(self.page.get_by_label(re.compile("work", re.I)), self.work)
        self.hands.press(self.page.get_by_role("button", name="Send the code"))
        code = re.search(r"\b\d{6,}\b", self.mail(self.work))
        assert code is not None
        self.hands.write(self.page.get_by_label("Code"), code.group())
        self.hands.press(self.page.get_by_role("button", name="Verify"))
        expect(self.page.get_by_role("main")).to_contain_text("a code sent to the work address")

    def enrol(self) -> None:
        """Across both origins and back, as the member does it."""
        self.page.goto(f"{self.at.people}/en/enrol/")
        onward = self.page.get_by_role("link", name="Create your anonymous key")
        fragment = urlsplit(onward.get_attribute("href") or "").fragment
        self.ticket = parse_qs(fragment)["enrol"][0]
        self.hands.press(onward)
        self.hands.press(self.page.get_by_role("button", name="Create my key"))
        expect(self.page.locator("[data-confirm-label]")).to_have_text(re.compile(r"\d"))
        code = self.page.locator("[data-code]").inner_text()
        group = re.search(r"\d+", self.page.locator("[data-confirm-label]").inner_text())
        assert group is not None
        self.hands.write(
            self.page.locator("#confirm-group"), re.split(r"[\s-]+", code.strip())[int(group.group()) - 1]
        )
        self.hands.press(self.page.get_by_role("button", name="I have written it down"))
        self.hands.press(self.page.get_by_role("button", name="Make the proof and go back"))
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
            try:
                answer.wait_for(timeout=PROOF_MS)
            except PlaywrightTimeout as error:
                raise AssertionError(f"no crowd was found: {form.inner_text()}") from error
            if "not in this list" not in answer.inner_text():
                break
            self.page.wait_for_timeout(2_000)
            self.page.reload()
        expect(form.locator("#composer-posting-as")).to_contain_text(company)

    def choose(self, company: str) -> None:
        offered = self.page.get_by_role("combobox", name="Company")
        mine = self.page.locator("[data-companies] label").filter(has_text=company)
        other = offered.locator("option").filter(has_text=company)
        expect(mine.or_(other).first).to_be_attached()
        if mine.count():
            self.hands.check(mine.first.locator("input"))
        else:
            self.hands.pick(offered, other.first.inner_text())

    def speak_as_random_alias(self) -> None:
        self.hands.check(self.page.get_by_label(re.compile("Random alias")))

    def section(self) -> str:
        """The first section that is offered."""
        return self.page.get_by_label("Section").locator("option").nth(1).inner_text()

    def open_thread(self, *, company: str, title: str, body: str) -> str:
        """Write, prove, send and see it published; returns the thread's address."""
        self.page.goto(f"{self.at.talk}/en/new/")
        self.speak_as_employee_of(company)
        self.hands.pick(self.page.get_by_label("Section"), self.section())
        self.hands.write(self.page.get_by_label("Title"), title)
        self.hands.write(self.page.get_by_label(re.compile("^Text")), body)
        return self.send()

    def reply(self, thread: str, body: str, *, company: str | None = None) -> str:
        self.page.goto(thread)
        if company is not None:
            self.speak_as_employee_of(company)
        self.hands.write(self.page.get_by_label("Your reply"), body)
        return self.send()

    def send(self) -> str:
        """Send what is in the composer, see it published in the outbox, and return the thread's address."""
        self.hands.press(self.page.locator("[data-composer]").get_by_role("button", name="Send"))
        answer = self.page.locator("[data-outcome]").get_by_role("link", name="Open the outbox")
        self.hands.press(answer, timeout=PROOF_MS)
        newest = self.page.locator("[data-outbox] [data-action]").first
        expect(newest).to_have_attribute("data-state", "published", timeout=PROOF_MS)
        self.hands.press(newest.get_by_role("link", name="Show it"))
        self.page.wait_for_url(re.compile("/t/[0-9a-f]{64}/"))
        return self.page.url.split("#")[0].split("?")[0]

    def alias_of(self, text: str) -> str:
        """The alias under which a post with this text stands on the page."""
        post = self.page.locator("article").filter(has_text=text).last
        return post.locator(".persona-name").first.inner_text().removesuffix("OP").strip()


@dataclass
class Story:
    """What the journey leaves for the tests after it: `thread` is an address, `alias` is Alice's in it."""

    alice: Person
    bob: Person
    charlie: Person
    thread: str = ""
    alias: str = ""

    @property
    def thread_id(self) -> bytes:
        return bytes.fromhex(self.thread.rstrip("/").rpartition("/")[2])

    @property
    def people(self) -> tuple[Person, ...]:
        return self.alice, self.bob, self.charlie

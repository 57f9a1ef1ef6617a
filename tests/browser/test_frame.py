"""What every page does in a browser: light and dark, two languages, the keyboard, nothing that axe minds."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import ROOT, RunningDemo

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
PEOPLE = (
    "",
    "companies/",
    "account/login/",
    "account/signup/",
    "account/password/reset/",
    "design/",
    "nothing/",
)
TALK = ("", "s/pay/", "new/", "outbox/", "identity/", "about/", "design/", "nothing/")
PAGES = [("people", path) for path in PEOPLE] + [("talk", path) for path in TALK]
PHONE = {"width": 390, "height": 844}

Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, demo: RunningDemo) -> Iterator[Open]:
    contexts = []

    def open_page(site: str, path: str, *, language: str = "en", **options: Any) -> Page:
        context = browser.new_context(**({"viewport": PHONE} | options))
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{getattr(demo.at, site)}/{language}/{path}", wait_until="networkidle")
        return page

    yield open_page
    for context in contexts:
        context.close()


def serious(page: Page, script: Path = AXE) -> list[str]:
    """What axe calls serious or critical. The debugger evaluates it, so the page's policy still holds."""
    page.evaluate(script.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then(r => r.violations)")
    return [
        f"{each['id']}: {[node['target'] for node in each['nodes']]}"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize(("site", "path"), PAGES)
def test_page_is_accessible_and_fits_the_phone(site: str, path: str, colours: str, open_page: Open) -> None:
    page = open_page(site, path, color_scheme=colours)
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(("site", "path"), PAGES)
def test_chinese_page_is_accessible_on_the_desktop(site: str, path: str, open_page: Open) -> None:
    page = open_page(site, path, language="zh-hans", viewport={"width": 1440, "height": 900})
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_axe_would_tell(open_page: Open) -> None:
    page = open_page("talk", "about/")
    page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    assert any(line.startswith("button-name") for line in serious(page))


def test_other_language_keeps_what_was_typed_and_forgets_passwords(open_page: Open) -> None:
    page = open_page("people", "account/signup/")
    page.fill("input[name=real_name]", "林晓雨")
    page.fill("input[type=password]", "never to be copied")
    page.click("header a[data-language-switch]")
    page.wait_for_url("**/zh-hans/account/signup/")
    expect(page.locator("input[name=real_name]")).to_have_value("林晓雨")
    expect(page.locator("input[type=password]")).to_have_value("")
    assert page.evaluate("sessionStorage.length") == 0


def test_choice_of_dark_stays_on_the_device(open_page: Open) -> None:
    page = open_page("talk", "about/", color_scheme="light")
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(ground)
    page.click("[data-theme-switch]")
    dark = page.evaluate(ground)
    page.reload()
    assert page.evaluate(ground) == dark != light
    assert page.context.cookies() == []


def test_keyboard_skips_to_the_content(open_page: Open) -> None:
    page = open_page("people", "companies/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip-link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_failed_form_takes_the_focus_to_the_trouble(open_page: Open) -> None:
    page = open_page("people", "account/login/")
    page.fill("input[name=login]", "alice")
    page.click("main form .btn-primary")
    expect(page.locator("[data-focus]")).to_be_focused()
    expect(page.locator("input[name=login]")).to_have_value("alice")


def test_who_one_is_shows_in_colour_and_words(open_page: Open) -> None:
    header = "getComputedStyle(document.querySelector('.site-header')).backgroundColor"
    people, talk = open_page("people", ""), open_page("talk", "")
    assert people.evaluate(header) != talk.evaluate(header)
    expect(talk.locator(".who-strip")).to_be_visible()
    expect(people.locator(".who-strip")).to_have_count(0)

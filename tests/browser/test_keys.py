"""The key in a real browser: to a second device, under a passkey, through a season's end, and forgotten."""

import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import segno
from playwright.sync_api import Browser, BrowserContext, BrowserType, Page, expect
from tests.browser.conftest import OPENMAI, ROOT
from tests.cli.test_journey import call, new_database, wait_for
from tests.factories.ports import free_port

from openmai.anonymity.pairing import Pairing
from openmai.anonymity.seasons import season_at, season_called

SITE = "test.openmai.example"
SECONDS = 60_000


@pytest.fixture(scope="module")
def talk(talk_environment: dict[str, str]) -> Iterator[str]:
    """A talk site without any roster. A passkey needs a host with a name."""
    port = free_port()
    origin = f"http://localhost:{port}"
    environment = talk_environment | {
        "OPENMAI_TALK_ORIGIN": origin,
        "OPENMAI_PEOPLE_ORIGIN": "http://127.0.0.1:8000",
        "OPENMAI_TALK_DATABASE_URL": new_database(talk_environment["OPENMAI_TALK_DATABASE_URL"]),
    }
    call(environment, OPENMAI, "migrate", "--site", "talk")
    listen = f"127.0.0.1:{port}"
    process = subprocess.Popen([OPENMAI, "serve", "talk", "--listen", listen], env=environment, cwd=ROOT)
    try:
        wait_for(f"{origin}/healthz")
        yield origin
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


@pytest.fixture
def device(browser: Browser, talk: str) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="en-GB", base_url=talk)
    yield context
    context.close()


@pytest.fixture
def other_device(browser: Browser, talk: str) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="en-GB", base_url=talk)
    yield context
    context.close()


def identity(context: BrowserContext) -> Page:
    page = context.new_page()
    page.goto("/en/identity/")
    return page


def with_key(context: BrowserContext) -> tuple[Page, str]:
    """A page of a device with a key of its own, and the key's commitment."""
    page = identity(context)
    page.get_by_role("button", name="Create my key").click()
    code = page.locator("[data-code]")
    expect(code).to_contain_text("-", timeout=SECONDS)
    groups = code.inner_text().split("-")
    number = int(page.locator("[data-confirm-label]").inner_text().split("group ")[1].split()[0])
    page.locator("#confirm-group").fill(groups[number - 1])
    page.get_by_role("button", name="I have written it down").click()
    return page, commitment(page)


def commitment(page: Page) -> str:
    shown = page.locator("[data-commitment]")
    expect(shown).to_be_visible(timeout=SECONDS)
    return shown.inner_text()


def shown_text(page: Page) -> str:
    """What the page shows for the other device's camera."""
    found = page.locator("[data-pair-text]")
    expect(found).to_have_count(1, timeout=SECONDS)
    return found.text_content() or ""


def give_text(page: Page, text: str) -> None:
    page.locator("#pair-input").fill(text)
    page.get_by_role("button", name="Take this text").click()


def digits(page: Page) -> str:
    shown = page.locator("[data-pair-digits]")
    expect(shown).to_be_visible(timeout=SECONDS)
    return shown.inner_text()


def test_a_key_comes_to_a_second_device_over_the_screen(device: BrowserContext, other_device: BrowserContext):
    old, key = with_key(device)
    new = identity(other_device)
    sent: list[str] = []
    for page in (old, new):
        page.on("request", lambda request: sent.append(request.url))
    old.get_by_role("button", name="Bring it to another device").click()
    new.get_by_role("button", name="Bring it from another device").click()
    give_text(new, shown_text(old))
    old.get_by_role("button", name="It has read it").click()
    give_text(old, shown_text(new))
    assert digits(old) == digits(new)
    for page in (old, new):
        page.get_by_role("button", name="The digits are the same").click()
    give_text(new, shown_text(old))
    assert commitment(new) == key
    expect(new.get_by_text("Your key is on this device now")).to_be_visible()
    old.get_by_role("button", name="The other device has it").click()
    assert commitment(old) == key
    # What every visitor's browser fetches may still be on its way; nothing of the pairing is.
    assert [url for url in sent if "/static/" not in url] == []


def test_digits_that_differ_end_it_and_nothing_is_shown(device: BrowserContext):
    old, _key = with_key(device)
    old.get_by_role("button", name="Bring it to another device").click()
    shown_text(old)
    old.get_by_role("button", name="It has read it").click()
    mallory = Pairing.begin(SITE, random=secrets.token_bytes(32), invites=False)
    give_text(old, "OPENMAI:AAAA")
    expect(old.get_by_text("That cannot be used here")).to_be_visible()
    give_text(old, mallory.text)
    digits(old)
    old.get_by_role("button", name="They differ").click()
    expect(old.get_by_text("somebody may stand between your devices")).to_be_visible()
    expect(old.locator("[data-pair-text]")).to_have_count(0)


def code_video(text: str, target: Path) -> Path:
    """A film of a code as a camera would see it, in the one format that Chromium takes from a file."""
    matrix = [list(row) for row in segno.make_qr(text, error="m").matrix_iter(scale=6, border=6)]
    width, height = 640, 480
    luma = bytearray(b"\xb0" * (width * height))
    top, left = (height - len(matrix)) // 2, (width - len(matrix[0])) // 2
    for y, row in enumerate(matrix):
        for x, dark in enumerate(row):
            luma[(top + y) * width + left + x] = 20 if dark else 235
    frame = b"FRAME\n" + bytes(luma) + b"\x80" * (width * height // 2)
    target.write_bytes(f"YUV4MPEG2 W{width} H{height} F10:1 Ip A1:1 C420jpeg\n".encode() + frame * 3)
    return target


def test_a_camera_reads_the_code_of_the_other_device(
    browser_type: BrowserType, browser_type_launch_args: dict[str, object], talk: str, tmp_path: Path
):
    old = Pairing.begin(SITE, random=secrets.token_bytes(32), invites=True)
    film = code_video(old.text, tmp_path / "code.y4m")
    arguments = [
        *browser_type_launch_args["args"],  # type: ignore[misc]
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]
    browser = browser_type.launch(**browser_type_launch_args | {"args": arguments})  # type: ignore[arg-type]
    try:
        new = identity(browser.new_context(locale="en-GB", base_url=talk, permissions=["camera"]))
        new.get_by_role("button", name="Bring it from another device").click()
        new.get_by_role("button", name="Read it with the camera").click()
        met = old.meet(shown_text(new))
        assert digits(new) == met.digits
    finally:
        browser.close()


def test_only_this_page_may_ask_for_the_camera(device: BrowserContext):
    page = device.new_page()
    policies = {}
    for path in ("/en/identity/", "/en/", "/en/new/"):
        response = page.goto(path)
        assert response is not None
        policies[path] = response.headers["permissions-policy"]
    assert [("camera=(self)" in policy) for policy in policies.values()] == [True, False, False]
    assert all("microphone=()" in policy for policy in policies.values())


def authenticator(context: BrowserContext, page: Page, *, prf: bool) -> None:
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "ctap2Version": "ctap2_1",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
        "hasPrf": prf,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_a_passkey_seals_a_backup_and_brings_the_key_back(device: BrowserContext, tmp_path: Path):
    page, key = with_key(device)
    authenticator(device, page, prf=True)
    with page.expect_download() as download:
        page.get_by_role("button", name="Backup under a passkey").click()
    file = tmp_path / "backup.json"
    download.value.save_as(file)
    assert "passkey-backup" in file.read_text()
    expect(page.get_by_text("opens with this passkey")).to_be_visible()
    page.get_by_role("button", name="Remove from this device").click()
    expect(page.get_by_role("button", name="Create my key")).to_be_visible(timeout=SECONDS)
    page.get_by_text("Restore from a backup").click()
    page.locator("#backup-file").set_input_files(file)
    page.get_by_role("button", name="Restore").click()
    assert commitment(page) == key


def test_a_passkey_that_keeps_no_secrets_is_no_backup(device: BrowserContext):
    page, key = with_key(device)
    authenticator(device, page, prf=False)
    page.get_by_role("button", name="Backup under a passkey").click()
    expect(page.get_by_text("No passkey was used")).to_be_visible(timeout=SECONDS)
    assert commitment(page) == key


def stored(page: Page) -> list[str]:
    """Everything that the site keeps in this browser."""
    return page.evaluate(
        """async () => {
            const names = (await indexedDB.databases()).map(({name}) => name);
            const kept = [...Object.keys(localStorage), ...Object.keys(sessionStorage)];
            for (const name of names) {
                const database = await new Promise((done) => {
                    const asked = indexedDB.open(name);
                    asked.onsuccess = () => done(asked.result);
                });
                for (const store of database.objectStoreNames) {
                    const all = database.transaction(store).objectStore(store).getAllKeys();
                    await new Promise((done) => (all.onsuccess = done));
                    kept.push(...all.result.map((key) => `${store}/${key}`));
                }
                database.close();
            }
            return kept;
        }"""
    )


def test_everything_on_the_device_can_be_forgotten_and_within_ten_seconds_taken_back(device: BrowserContext):
    page, _key = with_key(device)
    other_tab = device.new_page()
    other_tab.goto("/en/new/")
    other_tab.evaluate("localStorage.setItem('openmai-draft:new', 'text')")
    page.get_by_text("Forget everything on this device").click()
    page.get_by_role("button", name="Forget everything").click()
    page.get_by_role("button", name="Undo").click()
    page.wait_for_timeout(11_000)
    assert any(kept.startswith("secrets/") for kept in stored(page))
    page.get_by_role("button", name="Forget everything").click()
    expect(page.get_by_text("has forgotten everything")).to_be_visible(timeout=SECONDS)
    left = stored(page)
    assert not [kept for kept in left if not kept.startswith("settings/swept")]
    expect(page.get_by_role("button", name="Create my key")).to_be_visible()


def test_a_new_season_is_told_on_whatever_page_comes_first(device: BrowserContext):
    with_key(device)
    season = season_at(int(time.time()))
    page = device.new_page()
    page.clock.set_fixed_time(datetime.fromtimestamp(season.ends, UTC) + timedelta(days=1))
    page.goto("/en/")
    expect(page.get_by_text("A new season has begun")).to_be_visible(timeout=SECONDS)
    expect(page.get_by_role("link", name="Make the new key")).to_be_visible()


def test_a_clock_that_runs_ahead_is_told_and_costs_no_key(device: BrowserContext):
    _page, key = with_key(device)
    season = season_called(season_at(int(time.time())).id)
    page = device.new_page()
    page.clock.set_fixed_time(datetime.fromtimestamp(season.closes, UTC) + timedelta(hours=1))
    page.goto("/en/")
    expect(page.get_by_text("It is kept until both agree")).to_be_visible(timeout=SECONDS)
    assert commitment(identity(device)) == key

"""The main job with nothing faked: from registration to a post that anybody can check, in a real browser."""

import json
import os
import re
import secrets
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import httpx
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import Browser, expect
from tests.browser.conftest import BROWSER_NAME, OPENMAI, RunningDemo
from tests.browser.journey import LUMING, PROOF_MS, RIVERBEND, Person, Story, submissions_of
from tests.browser.test_frame import PHONE, serious
from tests.factories.cast import read_artifacts

from openmai.anonymity.bans import read_ban_list
from openmai.anonymity.content import Reply
from openmai.anonymity.encoding import Domain
from openmai.anonymity.gate import Gate
from openmai.anonymity.keys import public_bytes, thread_key
from openmai.anonymity.leanimt import LeanIMT
from openmai.anonymity.prover import Prover
from openmai.anonymity.prover.gate import GateProver, GateRequest
from openmai.anonymity.rosters import unpack_leaves
from openmai.anonymity.submission import Entrance, Join, build_submission, join_scope_and_message
from openmai.anonymity.tickets import decode_ticket
from openmai.cli.member.recovery import read_backup, read_code

# So that a renamed log does not go unsearched unnoticed.
LOGS = {"talk.log", "talk-worker.log", "postgres-talk.log", "people.log", "people-worker.log", "terminal.log"}


def test_the_post_stands_under_its_label_with_a_proof_that_holds(story: Story):
    page = story.alice.page
    page.goto(story.thread)
    opening = page.locator("article").first
    expect(opening).to_contain_text(f"Employee of {LUMING}")
    opening.get_by_role("link", name="Verify").click()
    expect(page.get_by_role("main")).to_contain_text("Every claim holds")
    page.get_by_role("button", name="Check this post in my browser").click()
    expect(page.locator("[data-verify]").or_(page.get_by_role("main")).first).to_contain_text(
        re.compile("one of \\d+"), timeout=60_000
    )


def test_bob_of_another_company_answers_and_alice_needs_no_new_proof(story: Story):
    sent = submissions_of(story.bob.page)
    story.bob.reply(story.thread, "We share two among nine.", company=RIVERBEND)
    assert [each["join"] is not None for each in sent] == [True]
    sent = submissions_of(story.alice.page)
    story.alice.reply(story.thread, "Two among nine is a start.")
    assert [each["join"] for each in sent] == [None]
    story.alice.page.goto(story.thread)
    assert story.alice.alias_of("Two among nine is a start.") == story.alias
    assert story.alice.alias_of("We share two among nine.") != story.alias


def test_in_a_second_thread_alice_has_another_alias(story: Story):
    alice = story.alice
    second = alice.open_thread(company=LUMING, title="Canteen", body="The soup again.")
    assert second != story.thread
    assert alice.alias_of("The soup again.") != story.alias


def test_after_the_first_words_in_a_thread_there_is_no_label_left_to_choose(story: Story):
    bob = story.bob
    thread = story.alice.open_thread(company=LUMING, title="Umbrellas", body="Whose is the red one?")
    bob.page.goto(thread)
    bob.speak_as_employee_of(RIVERBEND)
    bob.hands.write(bob.page.get_by_label("Your reply"), "Not mine.")
    bob.hands.press(bob.page.locator("[data-composer]").get_by_role("button", name="Send"))
    bob.hands.press(bob.page.get_by_role("button", name="Write another"), timeout=PROOF_MS)
    expect(bob.page.get_by_label("Your reply")).to_be_editable()
    expect(bob.page.locator("[data-choices]")).to_be_hidden()


def test_charlie_who_is_not_verified_cannot_speak(story: Story):
    charlie = story.charlie
    sent = submissions_of(charlie.page)
    charlie.page.goto(f"{charlie.at.talk}/en/identity/")
    charlie.page.get_by_role("button", name="Create my key").click()
    charlie.page.locator("[data-code]").wait_for()
    charlie.page.goto(f"{charlie.at.talk}/en/new/")
    charlie.speak_as_random_alias()
    charlie.page.get_by_label("Section").select_option(index=1)
    charlie.page.get_by_label("Title").fill("May I?")
    charlie.page.locator("[data-composer]").get_by_role("button", name="Send").click()
    expect(charlie.page.locator("[data-composer]")).to_contain_text(
        "Your key is not in this list of members", timeout=60_000
    )
    assert charlie.page.get_by_label("Title").input_value() == "May I?"
    assert sent == []


@pytest.fixture(scope="module")
def backup(story: Story, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Alice's own backup file and recovery code, downloaded as she would."""
    page = story.alice.page
    page.goto(f"{story.alice.at.talk}/en/identity/")
    page.get_by_role("button", name="New recovery code").click()
    expect(page.locator("[data-code]")).to_have_text(re.compile(r"\S"))
    code = page.locator("[data-code]").inner_text().strip()
    with page.expect_download() as download:
        page.locator("[data-part=code] [data-download]").click()
    path = tmp_path_factory.mktemp("alice") / "backup.json"
    download.value.save_as(path)
    return path, code


def test_a_second_persona_is_impossible_from_another_browser(
    story: Story, browser: Browser, backup: tuple[Path, str]
):
    """The same key on a second device, which does not remember the thread, under another label."""
    path, code = backup
    second = Person(browser, story.alice.at, name="Alicia Again")
    second.page.goto(f"{second.at.talk}/en/identity/")
    second.page.get_by_text("Restore from a backup").click()
    second.page.get_by_label("Backup file").set_input_files(path)
    second.page.get_by_role("textbox", name="Recovery code").fill(code)
    second.page.get_by_role("button", name="Restore").click()
    expect(second.page.locator("[data-part=have]")).to_be_visible()
    second.page.goto(story.thread)
    second.speak_as_random_alias()
    second.page.get_by_label("Your reply").fill("I am somebody else entirely.")
    second.page.locator("[data-composer]").get_by_role("button", name="Send").click()
    expect(second.page.locator("[data-composer]")).to_contain_text("under another label", timeout=120_000)
    assert second.page.get_by_label("Your reply").input_value() == "I am somebody else entirely."
    second.context.close()


def test_a_second_persona_is_impossible_from_the_command_line(
    story: Story, backup: tuple[Path, str], tmp_path: Path
):
    path, code = backup
    environment = os.environ | {
        "OPENMAI_HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path),
        "OPENMAI_IDENTITY_KEY": code,
    }
    command = [OPENMAI]
    talk = ["--talk", story.alice.at.talk]
    subprocess.run(
        [*command, "identity", "restore", str(path), *talk], env=environment, check=True, capture_output=True
    )
    said = [
        *command,
        "reply",
        story.thread,
        "--body",
        "Somebody else, by command line.",
        "--as",
        "site",
        *talk,
    ]
    done = subprocess.run(said, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "label" in done.stderr


def test_a_second_persona_is_impossible_by_raw_http(story: Story, backup: tuple[Path, str]):
    path, code = backup
    domain, secret = read_backup(path.read_bytes(), code=read_code(code))
    with httpx.Client(base_url=story.alice.at.talk) as talk:
        answer = talk.post("/api/v1/submissions", content=forged_reply(talk, domain, secret, story.thread_id))
        assert (answer.status_code, answer.json()["code"]) == (409, "persona-exists")
        # Once more for each slot that the browser has drawn before.
        for _ in range(5):
            body = forged_reply(talk, domain, secret, story.thread_id, forge=False)
            honest = talk.post("/api/v1/submissions", content=body)
            if honest.json().get("code") != "rate-used":
                break
        assert honest.status_code == 202, honest.text


def forged_reply(
    talk: httpx.Client, domain: Domain, secret: int, thread: bytes, *, forge: bool = True
) -> bytes:
    """A reply with a flawless proof by Alice's secret, under another key than her persona's, or under it."""
    roster = next(
        each
        for each in talk.get("/api/v1/rosters").json()["rosters"]
        if each["roster"] == "company/luming/attested"
    )
    tree = LeanIMT(unpack_leaves(talk.get(f"/rosters/leaves/{roster['leaves']}.bin").content))
    prover = Prover(read_artifacts(20))
    key = Ed25519PrivateKey.generate() if forge else thread_key(secret, domain.thread_scope(thread))
    content = Reply(
        domain.site,
        domain.season,
        thread,
        None,
        "By raw HTTP." if forge else "Honestly.",
        secrets.token_bytes(16),
    )
    checkpoint = f"{roster['log']['size']} {roster['log']['root']}"
    scope, message = join_scope_and_message(
        content=content,
        key=public_bytes(key),
        roster=roster["roster"],
        root=tree.root,
        checkpoint=checkpoint,
    )
    path = tree.path(tree.leaves.index(prover.commitment(secret)))
    proof = prover.prove(secret=secret, path=path, scope=scope, message=message, randbelow=secrets.randbelow)
    gate = _at_the_gate(talk, secret, domain, scope, message)
    return build_submission(
        content=content, key=key, entrance=Entrance(Join(roster["roster"], proof, checkpoint), gate)
    )


def _at_the_gate(talk: httpx.Client, secret: int, domain: Domain, scope: int, message: int) -> Gate:
    """With what the site publishes, and any slot of today."""
    facts = talk.get("/api/v1/site").json()["gate"]
    wasm, zkey = (talk.get(facts[name]["url"]).content for name in ("wasm", "zkey"))
    bans = read_ban_list(talk.get("/api/v1/bans").content, domain=domain)
    day = datetime.now(UTC).date().isoformat()
    slot = secrets.randbelow(facts["slots"])
    request = GateRequest(secret, domain, scope, message, day, slot, facts["slots"])
    prover = GateProver(wasm=wasm, zkey=zkey, key=facts["vkey"])
    return prover.prove(request, bans, randbelow=secrets.randbelow)


def test_the_proof_file_holds_with_nothing_but_the_program(story: Story, tmp_path: Path):
    saved = tmp_path / "proof.json"
    saved.write_bytes(httpx.get(f"{story.alice.at.talk}/p/{story.thread_id.hex()}/proof.json").content)
    command = [OPENMAI, "verify", str(saved), "--json"]
    proved = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert proved["verified"]
    assert proved["kind"] == "attested"
    assert proved["roster"]["live"] >= 20


def test_bob_did_all_of_it_by_keyboard(story: Story):
    """From registration to his reply; Alice's browser shows that a pointer would have been noticed."""
    assert any("a pointer was used" in each for each in story.alice.complaints)
    assert not any("a pointer was used" in each for each in story.bob.complaints)


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_what_alice_has_filled_is_accessible_and_fits_the_phone(story: Story, colours: str):
    alice = story.alice
    page = alice.context.new_page()
    page.emulate_media(color_scheme=colours)  # type: ignore[arg-type]  # one of two literals
    page.set_viewport_size(PHONE)
    people = ("", "employment/", "employment/new/", "enrol/", "account/", "account/email/")
    talk = ("", "s/work/", "new/", "outbox/", "identity/", f"t/{story.thread_id.hex()}/")
    addresses = [f"{alice.at.people}/en/{path}" for path in people]
    addresses += [f"{alice.at.talk}/{language}/{path}" for path in talk for language in ("en", "zh-hans")]
    addresses += [f"{alice.at.talk}/en/p/{story.thread_id.hex()}/verify/"]
    for address in addresses:
        answer = page.goto(address, wait_until="networkidle")
        assert answer is not None
        assert answer.ok, address
        assert serious(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
    page.close()


def test_no_cookie_and_no_complaint_on_the_talk_site(story: Story):
    for person in story.people:
        assert person.context.cookies(person.at.talk) == []
        assert not [
            each for each in person.complaints if "Content Security Policy" in each or "Error" in each
        ]


def test_nothing_that_talk_holds_names_anybody(story: Story, demo: RunningDemo):
    """Every byte of the talk cluster, its write-ahead log and all logs, against what we know of people."""
    held = everything_that_talk_holds(demo)
    assert LOGS <= {path.name for path in held}
    assert any(b"Has anybody got one yet?" in data for data in held.values()), (
        "the search finds nothing at all"
    )
    names = {name: needle for person in story.people for name, needle in needles(person, demo)}
    found = sorted(
        {(name, str(path)) for name, needle in names.items() for path, data in held.items() if needle in data}
    )
    assert found == []


def test_no_address_browser_or_password_is_kept_on_any_disk(story: Story, demo: RunningDemo):
    """Not in the people cluster either, where the names are: in no file that any process of ours wrote."""
    held = {path: path.read_bytes() for path in demo.folder.parent.rglob("*") if path.is_file()}
    assert any(story.alice.name.encode() in data for data in held.values()), "the search finds nothing at all"
    told = [(person.name, person.password) for person in story.people]
    told += [(person.name, person.address or "") for person in story.people]
    told.append((story.alice.name, BROWSER_NAME))
    assert all(needle for _, needle in told)
    found = {(name, needle, path) for name, needle in told for path in held if needle.encode() in held[path]}
    assert found == set()


def everything_that_talk_holds(demo: RunningDemo) -> dict[Path, bytes]:
    cluster = demo.folder / "clusters" / "talk"
    # The people side's logs too, without exception: names belong into its database, not into its logs. The
    # mailbox of the demo keeps what it shows in its memory.
    logs = [*(demo.folder / "logs").iterdir(), demo.folder.parent / "terminal.log"]
    files = [*cluster.rglob("*"), *logs, demo.folder / "talk.env"]
    return {path: path.read_bytes() for path in files if path.is_file()}


def needles(person: Person, demo: RunningDemo) -> Iterator[tuple[str, bytes]]:
    """Whatever would tie a byte of the talk side to a person."""
    yield f"{person.name}: name", person.name.encode()
    yield f"{person.name}: e-mail", person.email.encode()
    if person.work:
        yield f"{person.name}: work address", person.work.encode()
    for cookie in person.context.cookies(person.at.people):
        yield f"{person.name}: {cookie['name']}", cookie["value"].encode()
    yield f"{person.name}: browser", str(person.page.evaluate("navigator.userAgent")).encode()
    yield f"{person.name}: password", person.password.encode()
    assert person.address is not None
    yield f"{person.name}: network address", person.address.encode()
    if person.ticket:
        yield f"{person.name}: ticket", person.ticket.encode()
        yield from spellings(f"{person.name}: nonce of the ticket", decode_ticket(person.ticket).nonce)
    for what, held in rows_of(person, demo):
        yield from spellings(f"{person.name}: {what}", held)


def rows_of(person: Person, demo: RunningDemo) -> Iterator[tuple[str, bytes]]:
    """What the people cluster calls the member. Not the commitment nor its proof of knowledge: rosters and
    log publish them to everybody.
    """
    with psycopg.connect((demo.folder / "keys" / "people.url").read_text().strip()) as connection:
        [(member,)] = connection.execute("SELECT id FROM people_member WHERE email = %s", [person.email])
        yield "member id", member.bytes
        for (employment,) in connection.execute(
            "SELECT id FROM people_employment WHERE member_id = %s", [member]
        ):
            yield "employment id", employment.bytes
        for enrolment, ticket in connection.execute(
            "SELECT id, ticket FROM people_enrolment WHERE member_id = %s", [member]
        ):
            yield "enrolment id", enrolment.bytes
            yield "ticket of the enrolment", bytes(ticket)


def spellings(name: str, value: bytes) -> Iterator[tuple[str, bytes]]:
    """As bytes, in hex, and as a UUID or a decimal number where it could be one."""
    yield f"{name}, bytes", value
    yield f"{name}, hex", value.hex().encode()
    if len(value) == 16:
        yield f"{name}, text", str(UUID(bytes=value)).encode()
    if len(value) == 32:
        yield f"{name}, decimal", str(int.from_bytes(value, "big")).encode()

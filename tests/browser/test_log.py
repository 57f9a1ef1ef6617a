"""What Olga cannot do with the public log: show one browser another one, or a roster that is not in it."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import Browser, Locator, Route, expect
from tests.anonymity.logs import MemoryLog
from tests.browser.conftest import OPENMAI, RunningDemo
from tests.browser.journey import PROOF_MS, Person, Story, submissions_of

from openmai.anonymity.encoding import sha256
from openmai.anonymity.leanimt import LeanIMT
from openmai.anonymity.log.checkpoints import open_checkpoint, sign_checkpoint
from openmai.anonymity.log.entries import parse_entry
from openmai.anonymity.log.merkle import TreeHead, parse_head, verify_consistency
from openmai.anonymity.log.notes import NoteKey, parse_key
from openmai.anonymity.log.tiles import TiledTree, parse_tile_path, tile_at, unpack_entries
from openmai.anonymity.rosters import (
    open_index,
    open_statement,
    pack_leaves,
    sign_index,
    sign_statement,
    unpack_leaves,
)

FORKED = "The server shows another public log than before"


@pytest.fixture
def dana(demo: RunningDemo, browser: Browser) -> Iterator[Person]:
    """A browser with a key that is on no roster yet, and that has seen the log."""
    person = Person(browser, demo.at, name="Dana Okafor")
    person.page.goto(f"{demo.at.talk}/en/identity/")
    person.page.get_by_role("button", name="Create my key").click()
    person.page.locator("[data-code]").wait_for()
    expect(ask(person)).to_contain_text("Your key is not in this list", timeout=PROOF_MS)
    yield person
    person.context.close()


def ask(person: Person) -> Locator:
    """Open the composer anew and choose to speak; returns where the answer appears."""
    person.page.goto(f"{person.at.talk}/en/new/")
    person.speak_as_random_alias()
    return person.page.locator("[data-composer] [data-crowd]")


class OtherLog:
    """A log of Olga's making, signed with the log's own key."""

    def __init__(self, demo: RunningDemo, *, key: Ed25519PrivateKey | None = None) -> None:
        real = site(demo)["log"]
        self.origin = real["origin"]
        self.key = key or key_of(demo, "log_signing_key")
        size = int(httpx.get(f"{demo.at.talk}/log/checkpoint").text.split("\n")[1])
        self.log = MemoryLog([f"said to nobody else {number}".encode() for number in range(size + 40)])

    def serve(self, person: Person, *, size: int | None = None) -> None:
        """Show this log to one browser, `size` entries of it."""
        shown = len(self.log.entries) if size is None else size
        checkpoint = sign_checkpoint(self.origin, self.log.at(shown).head(), self.key)

        def answer(route: Route) -> None:
            name = route.request.url.split("/log/", 1)[1]
            body = checkpoint.data if name == "checkpoint" else self.log.read(parse_tile_path(name))
            route.fulfill(body=body, content_type="application/octet-stream")

        person.context.route("**/log/**", answer)


def site(demo: RunningDemo) -> dict:
    return httpx.get(f"{demo.at.talk}/api/v1/site").json()


def key_of(demo: RunningDemo, name: str) -> Ed25519PrivateKey:
    """A key of the operator's, from the demo's own files."""
    [path] = demo.folder.rglob(name)
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text().strip()))


def test_a_forked_log_is_refused_and_its_evidence_convinces_a_stranger(
    demo: RunningDemo, dana: Person, tmp_path: Path
):
    OtherLog(demo).serve(dana)
    answer = ask(dana)
    expect(answer).to_contain_text(FORKED, timeout=PROOF_MS)
    with dana.page.expect_download() as download:
        dana.page.get_by_role("button", name="Download the evidence").click()
    evidence = json.loads(Path(download.value.path()).read_text())
    key = parse_key(site(demo)["log"]["key"], kind=1)
    seen, offered = (open_checkpoint(evidence[each].encode(), key) for each in ("seen", "offered"))
    beginning = TreeHead(seen.head.size, bytes.fromhex(evidence["root"]))
    proof = [bytes.fromhex(each) for each in evidence["consistency"]]
    verify_consistency(old=beginning, new=offered.head, proof=proof)
    assert beginning != seen.head
    dana.context.unroute_all()
    expect(ask(dana)).to_contain_text("Your key is not in this list", timeout=PROOF_MS)


def test_a_log_that_became_shorter_is_refused(demo: RunningDemo, dana: Person):
    OtherLog(demo).serve(dana, size=3)
    expect(ask(dana)).to_contain_text("The public log was shortened", timeout=PROOF_MS)
    expect(dana.page.get_by_role("button", name="Download the evidence")).to_be_visible()


def test_a_log_by_another_key_is_refused(demo: RunningDemo, dana: Person):
    OtherLog(demo, key=Ed25519PrivateKey.generate()).serve(dana)
    expect(ask(dana)).to_contain_text("does not bear the log's signature", timeout=PROOF_MS)


def test_another_key_is_trusted_only_deliberately(demo: RunningDemo, dana: Person):
    other = OtherLog(demo, key=Ed25519PrivateKey.generate())
    facts = site(demo)
    facts["log"]["key"] = NoteKey(other.origin, other.key.public_key().public_bytes_raw()).text
    dana.context.route("**/api/v1/site", lambda route: route.fulfill(json=facts))
    other.serve(dana)
    expect(ask(dana)).to_contain_text("The key that signs the public log is not the one", timeout=PROOF_MS)
    dana.page.get_by_role("button", name="trust the log's new key").click()
    # The history it tells must still be the old one.
    expect(dana.page.locator("[data-crowd]")).to_contain_text(FORKED, timeout=PROOF_MS)


def test_one_byte_changed_in_a_tile_is_refused(dana: Person):
    def alter(route: Route) -> None:
        body = bytearray(route.fetch().body())
        body[-1] ^= 1
        route.fulfill(body=bytes(body), content_type="application/octet-stream")

    dana.context.route("**/log/tile/**", alter)
    expect(ask(dana)).to_contain_text(
        re.compile(r"A part of the public log is not what its signature covers \(.*tile/0/"), timeout=PROOF_MS
    )


def test_another_roster_served_to_this_browser_is_caught(demo: RunningDemo, dana: Person):
    """Olga puts keys of her own in two places and signs it: epoch, size and index are as they should be."""
    key = key_of(demo, "roster_signing_key")
    with httpx.Client(base_url=demo.at.talk) as talk:
        index = open_index(talk.get("/rosters/index.json").content, key=None, domain=None)
        [entry] = [each for each in index.rosters if each.roster == "site"]
        envelope = talk.get(f"/rosters/statements/{entry.statement.hex()}.json").content
        real = open_statement(envelope, key=None, domain=None).statement
        leaves = list(unpack_leaves(talk.get(f"/rosters/leaves/{real.leaves.hex()}.bin").content))
    leaves[1], leaves[2] = 4711, 4712
    file = pack_leaves(leaves)
    forged = sign_statement(
        type(real)(**{**_fields(real), "root": LeanIMT(leaves).root, "leaves": sha256(file)}), key
    )
    rosters = tuple(
        type(each)(each.roster, each.epoch, sha256(forged)) if each is entry else each
        for each in index.rosters
    )
    bodies = {
        "index.json": sign_index(type(index)(index.site, index.season, index.serial + 1, rosters), key),
        f"{sha256(forged).hex()}.json": forged,
        f"{sha256(file).hex()}.bin": file,
    }

    def answer(route: Route) -> None:
        name = route.request.url.rsplit("/", 1)[1]
        route.fulfill(body=bodies[name]) if name in bodies else route.continue_()

    dana.context.route("**/rosters/**", answer)
    expect(ask(dana)).to_contain_text("This list of members is not in the public log", timeout=PROOF_MS)


def _fields(statement: object) -> dict[str, object]:
    return {name: getattr(statement, name) for name in statement.__dataclass_fields__}


def test_a_log_that_others_in_the_thread_have_not_seen_stops_a_reply(story: Story, demo: RunningDemo):
    alice = story.alice
    foreign = OtherLog(demo).log.at(2).head().text

    def add(route: Route) -> None:
        thread = route.fetch().json()
        route.fulfill(json={**thread, "checkpoints": [*thread["checkpoints"], foreign]})

    alice.page.route("**/api/v1/threads/*", add)
    sent = submissions_of(alice.page)
    alice.page.goto(story.thread)
    alice.page.get_by_label("Your reply").fill("Are we shown the same?")
    alice.page.locator("[data-composer]").get_by_role("button", name="Send").click()
    outcome = alice.page.locator("[data-outcome]")
    expect(outcome).to_contain_text("has seen another public log than this device", timeout=PROOF_MS)
    expect(outcome.get_by_role("button", name="Download the evidence")).to_be_visible()
    assert alice.page.get_by_label("Your reply").input_value() == "Are we shown the same?"
    assert sent == []
    alice.page.unroute_all()


def test_each_join_carries_the_head_behind_its_rosters_entry(story: Story, demo: RunningDemo):
    sent = submissions_of(story.bob.page)
    story.bob.open_thread(company="Riverbend Hospital", title="Night shift", body="Who swaps?")
    [join] = [each["join"] for each in sent]
    with httpx.Client(base_url=demo.at.talk) as talk:
        size = int(talk.get("/log/checkpoint").text.split("\n")[1])
        tree = TiledTree(size, lambda tile: talk.get(f"/log/{tile.path}").content)
        head = parse_head(join["checkpoint"])
        assert tree.range_root(0, head.size) == head.root
        bundle = tile_at(None, (head.size - 1) // 256, size)
        assert bundle is not None
        entries = unpack_entries(bundle, talk.get(f"/log/{bundle.path}").content)
    last = parse_entry(entries[(head.size - 1) % 256])
    assert (last.kind, last.facts["roster"], last.facts["root"]) == ("roster", join["roster"], join["root"])


def test_the_verify_page_checks_what_the_log_says(story: Story):
    page = story.alice.page
    page.goto(story.thread)
    page.locator("article").first.get_by_role("link", name="Verify").click()
    page.get_by_role("button", name="Check this post in my browser").click()
    for claim in ("log-roster", "log-tick", "log-order", "witnesses"):
        mark = page.locator(f"[data-verify] [data-claim={claim}] [data-mark]")
        expect(mark).to_have_text("✓ holds", timeout=PROOF_MS)
    expect(page.locator("[data-verify]")).to_contain_text("In the public log since")
    expect(page.locator("[data-verify]")).to_contain_text("Nobody outside has countersigned the log.")


def test_the_verify_page_and_the_command_line_look_behind_the_crowd(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Every member of it, from this site's own log; both say the same sentence."""
    page = story.alice.page
    page.goto(story.thread)
    page.locator("article").first.get_by_role("link", name="Verify").click()
    page.get_by_role("button", name="Check this post in my browser").click()
    with page.expect_request(lambda request: "/log/tile/entries/" in request.url):
        page.get_by_role("button", name="Check every member of the list").click(timeout=PROOF_MS)
    for claim in ("whole-log", "leaves", "backing", "knowledge", "journals"):
        mark = page.locator(f"[data-verify] [data-claim={claim}] [data-mark]")
        expect(mark).to_have_text("✓ holds", timeout=PROOF_MS)
    sentence = page.locator("[data-verify] [data-crowd]")
    expect(sentence).to_contain_text("by DKIM, 0 by OpenID Connect,", timeout=PROOF_MS)
    monkeypatch.setenv("OPENMAI_HOME", str(tmp_path))
    monkeypatch.setenv("LANG", "C.UTF-8")
    command = [OPENMAI, "verify", "--deep", "--json", page.url]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    crowd = json.loads(done.stdout)["deep"]
    said = [f"one of {crowd['live']} employees", f"{crowd['on_word']} on the operator's word"]
    for words in said:
        expect(sentence).to_contain_text(words)
    owners, signers = crowd["signers"]["owners"], page.locator("[data-signers]")
    expect(signers).to_have_count(1 if owners else 0)
    for owner in owners:
        expect(signers).to_contain_text(owner)

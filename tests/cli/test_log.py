"""What a member's machine demands of a site's log, and the words in which it refuses it."""

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.anonymity.logs import SignedLog
from tests.cli.conftest import Files, Run, serve_log, site_document, site_facts
from tests.factories.cast import DOMAIN, HARBOUR, SEASON, SITE, TICK, Cast, PublishedRoster

from openmai.anonymity.encoding import canonical_json
from openmai.anonymity.keys import public_bytes
from openmai.anonymity.log.checkpoints import cosign, open_checkpoint
from openmai.anonymity.log.entries import entry, tick_entries
from openmai.anonymity.log.notes import COSIGNATURE, NoteKey
from openmai.anonymity.log.tiles import new_tiles
from openmai.anonymity.log.view import LogTrust
from openmai.anonymity.seasons import season_called
from openmai.cli.member.errors import Refused
from openmai.cli.member.home import Home
from openmai.cli.member.log import SiteLog
from openmai.cli.member.log_pins import read_log_pins, trust_log
from openmai.cli.member.member import Member
from openmai.cli.member.mirror import SMALLEST_CROWD, Mirror
from openmai.cli.member.pins import Pins
from openmai.cli.member.show import Progress
from openmai.cli.member.web import Web

OLGA, WALT = (Ed25519PrivateKey.from_private_bytes(bytes([at]) * 32) for at in (7, 8))
IN_SEASON = season_called(SEASON).ends - 1
WITNESS = NoteKey("walt.example", public_bytes(WALT), COSIGNATURE)


def grown(count: int, *, fork_at: int | None = None) -> SignedLog:
    """A log of numbered entries; from `fork_at` on they are others."""
    log = SignedLog(SITE, OLGA)
    for at in range(count):
        other = fork_at is not None and at >= fork_at
        log.append(entry("disclosures", DOMAIN, count=at + (1_000_000 if other else 0)))
    return log


def put(files: Files, log: SignedLog, *, cosigned: bool = False) -> None:
    checkpoint = log.checkpoint()
    note = checkpoint.note
    if cosigned:
        note = note.with_signatures([cosign(checkpoint, name=WITNESS.name, timestamp=9, key=WALT)])
    files.put("/log/checkpoint", note.data)
    for tile in new_tiles(0, len(log.entries)):
        files.put(f"/log/{tile.path}", log.tiles.read(tile))


@pytest.fixture
def site(files: Files, home: Home) -> SiteLog:
    put(files, grown(300))
    return SiteLog(Web(files.origin), SITE, home, LogTrust(NoteKey(f"{SITE}/log", public_bytes(OLGA))))


def test_what_was_seen_is_kept_and_only_growth_is_believed(site: SiteLog, files: Files, home: Home):
    assert site.view().head.size == 300
    put(files, grown(700))
    assert site.view().head.size == 700
    pins = read_log_pins(home, SITE)
    assert pins is not None
    assert pins.seen is not None
    assert pins.seen.head == grown(700).head()


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (grown(299), "shows an older state .* had 300 entries, and has 299 now.* A cache may have"),
        (grown(400, fork_at=100), "contradicts itself: .* two histories"),
    ],
    ids=["roll-back", "fork"],
)
def test_a_log_that_contradicts_what_was_seen_is_refused_and_both_heads_are_kept(
    site: SiteLog, files: Files, home: Home, log: SignedLog, words: str
):
    site.view()
    put(files, log)
    with pytest.raises(Refused, match=words) as refused:
        site.view()
    assert refused.value.code == ("log-older" if len(log.entries) < 300 else "log-forked")
    (evidence,) = (home.log(SITE).parent / "evidence").iterdir()
    assert evidence.read_bytes() == grown(300).checkpoint().data + b"\n" + log.checkpoint().data
    pins = read_log_pins(home, SITE)
    assert pins is not None
    assert pins.seen is not None
    assert pins.seen.head.size == 300, "nothing was forgotten"


def test_a_file_with_one_byte_changed_is_refused(site: SiteLog, files: Files):
    site.view()
    put(files, grown(700))
    status, headers, body = files.answers["/log/tile/0/001"]
    files.answers["/log/tile/0/001"] = (status, headers, bytes([body[0] ^ 1]) + body[1:])
    with pytest.raises(Refused, match=r"does not lead to the root that was signed") as refused:
        site.view()
    assert refused.value.code == "log-refused"


def test_a_checkpoint_by_a_wrong_key_is_refused(site: SiteLog, files: Files):
    forged = SignedLog(SITE, WALT)
    forged.entries = grown(300).entries
    put(files, forged)
    with pytest.raises(Refused, match="not signed by"):
        site.view()


def test_another_key_and_fewer_witnesses_are_refused_until_they_are_trusted(site: SiteLog, files: Files):
    put(files, grown(300), cosigned=True)
    watched = replace(site, offered=replace(site.offered, witnesses=(WITNESS,), quorum=1))
    assert [each.witness for each in watched.view().cosignatures] == ["walt.example"]
    for less in (site.offered, replace(watched.offered, quorum=0)):
        with pytest.raises(Refused, match="other witnesses") as refused:
            replace(site, offered=less).view()
        assert refused.value.code == "log-witnesses"
    put(files, grown(400))
    with pytest.raises(Refused, match="0 witnesses have signed"):
        watched.view()
    trust_log(site.home, SITE, site.offered)
    put(files, grown(299))
    with pytest.raises(Refused, match="had 300 entries"):
        site.view()
    other = replace(site, offered=LogTrust(NoteKey(f"{SITE}/log", public_bytes(WALT))))
    with pytest.raises(Refused, match="another log key"):
        other.view()


# Rosters


@pytest.fixture
def mirror(cast: Cast, files: Files, tmp_path: Path) -> Mirror:
    harbour = cast.rosters[HARBOUR]
    publish(files, cast, harbour)
    serve_log(files, cast, harbour)
    return Mirror(Web(files.origin), site_facts(cast), Pins(cast.roster_key, 1), Home(tmp_path), Progress())


def publish(files: Files, cast: Cast, roster: PublishedRoster) -> None:
    files.put("/rosters/index.json", cast.index(rosters=[roster]))
    files.put(f"/rosters/statements/{roster.signed.name.hex()}.json", roster.signed.envelope)
    files.put(f"/rosters/leaves/{roster.statement.leaves.hex()}.bin", roster.leaves)


def checked(mirror: Mirror, cast: Cast) -> str:
    return mirror.checked(
        mirror.index(), HARBOUR, commitment=cast.alice.commitment, floor=SMALLEST_CROWD
    ).checkpoint


def test_a_join_carries_the_epochs_own_checkpoint(mirror: Mirror, cast: Cast):
    assert checked(mirror, cast) == cast.checkpoint_of(cast.rosters[HARBOUR])


def test_an_epoch_that_is_not_in_the_log_is_refused(mirror: Mirror, cast: Cast, files: Files):
    """Mallory, the operator, makes a roster for Alice alone and logs another."""
    alone = cast.sign_roster(HARBOUR, [*cast.rosters[HARBOUR].tree.leaves[:25], 5], epoch=1)
    publish(files, cast, alone)
    place = json.loads(files.answers["/api/v1/rosters"][2])["rosters"][0]
    with pytest.raises(Refused, match="does not say where"):
        checked(mirror, cast)
    place["statement"] = alone.signed.name.hex()
    files.put("/api/v1/rosters", canonical_json({"rosters": [place]}))
    with pytest.raises(Refused, match="not in the log that was signed"):
        checked(mirror, cast)
    with pytest.raises(Refused, match="not in the log that was signed"):
        mirror.accept(mirror.index(), HARBOUR, epoch=1)
    place["log"]["root"] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    files.put("/api/v1/rosters", canonical_json({"rosters": [place]}))
    with pytest.raises(Refused, match="two histories"):
        checked(mirror, cast)


def test_an_operator_who_serves_two_members_two_rosters_is_caught_by_either(
    cast: Cast, files: Files, tmp_path: Path
):
    """Alice is shown a log in which her crowd stands, Bob another; each log is flawless by itself."""
    logs = {}
    for count, name in enumerate(("alice", "bob")):
        log = SignedLog(SITE, cast.log_key)
        log.append(entry("disclosures", DOMAIN, count=count))
        log.add(cast.rosters[HARBOUR].signed)
        logs[name] = log
    honest = cast.log
    opening = cast.opening()
    try:
        for writer, reader in (("alice", "bob"), ("bob", "alice")):
            cast.log = logs[writer]
            file = cast.proof_file(getattr(cast, writer), opening)
            carried = cast.checkpoint_of(cast.rosters[HARBOUR])
            cast.log = logs[reader]
            serve_log(files, cast, cast.rosters[HARBOUR])
            files.put(f"/p/{opening.id.hex()}/proof.json", file)
            reader_home, web = Home(tmp_path / reader), Web(files.origin)
            member = Member(reader_home, tmp_path, web, site_facts(cast), IN_SEASON, Progress())
            # The site may even leave the checkpoint out of the thread: the proof of the post carries it, too.
            for listed in ([carried], []):
                files.put(f"/api/v1/threads/{opening.id.hex()}", canonical_json({"checkpoints": listed}))
                with pytest.raises(Refused, match="shown another log"):
                    member.reply(opening.id.hex(), body="Same here.", nonce=bytes(16))
    finally:
        cast.log = honest


# Commands


def test_the_commands_verify_and_mirror_a_log(
    run: Run, cast: Cast, files: Files, whole: SignedLog, tmp_path: Path
):
    files.put("/api/v1/site", site_document(cast, now=int(time.time())))
    put(files, whole)
    verified = run("log", "verify", "--json", "--talk", files.origin)
    assert verified.code == 0, verified.err
    said = json.loads(verified.out)
    assert (said["verified"], said["size"]) == (True, len(whole.entries))
    assert said["entries"]["roster"] == 2

    copy = tmp_path / "copy"
    assert run("log", "mirror", copy, "--talk", files.origin).code == 0
    again = run("log", "verify", copy)
    assert (again.code, "The log of test.openmai.example holds" in again.out) == (0, True), again.err
    for tile in new_tiles(0, len(whole.entries)):
        assert (copy / tile.path).read_bytes() == whole.tiles.read(tile)
    assert open_checkpoint((copy / "checkpoint").read_bytes(), whole.note_key).head == whole.head()

    for each in tick_entries(DOMAIN, TICK, [b"\2" * 32]):
        whole.append(each)
    put(files, whole)
    assert run("log", "mirror", copy, "--talk", files.origin).code == 0
    assert run("log", "verify", copy).code == 0

    bundle = copy / "tile/entries/000.p" / str(len(whole.entries))
    bundle.write_bytes(bundle.read_bytes().replace(b"dkim", b"oidc", 1))
    fallen = run("log", "verify", copy)
    assert (fallen.code, "was altered" in fallen.err) == (1, True)


def test_a_mirror_takes_over_nothing_of_a_log_that_contradicts_it(
    run: Run, cast: Cast, files: Files, whole: SignedLog, tmp_path: Path
):
    files.put("/api/v1/site", site_document(cast, now=int(time.time())))
    put(files, whole)
    copy = tmp_path / "copy"
    assert run("log", "mirror", copy, "--talk", files.origin).code == 0
    before = (copy / "checkpoint").read_bytes()
    whole.entries = whole.entries[:-1]
    put(files, whole)
    refused = run("log", "mirror", copy, "--talk", files.origin)
    assert (refused.code, "older state of its log" in refused.err) == (1, True)
    assert (copy / "checkpoint").read_bytes() == before

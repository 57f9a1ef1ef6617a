"""`openmai verify --deep`: from the site, or from a copy of its log with all servers off."""

import json
from pathlib import Path

import pytest
from tests.anonymity.crowds import Crowd, crowd_of
from tests.anonymity.logs import SignedLog
from tests.cli.conftest import Files, Run
from tests.factories.cast import SITE, Cast

from openmai.anonymity.log.deep import DEEP_CLAIMS
from openmai.anonymity.log.issuers import Signers
from openmai.anonymity.log.tiles import new_tiles
from openmai.anonymity.log.view import LogTrust
from openmai.anonymity.proof_file import CLAIMS
from openmai.cli.member.deep import signer_sentences
from openmai.cli.member.home import Home
from openmai.cli.member.log_pins import LogPins, write_log_pins


@pytest.fixture(scope="session")
def crowd(cast: Cast) -> Crowd:
    return crowd_of(cast)


@pytest.fixture
def saved(crowd: Crowd, tmp_path: Path) -> Path:
    path = tmp_path / "proof.json"
    path.write_bytes(crowd.proof)
    return path


@pytest.fixture
def copy(crowd: Crowd, tmp_path: Path) -> Path:
    return keep(crowd.log, tmp_path / "copy")


def keep(log: SignedLog, folder: Path) -> Path:
    """A log as `openmai log mirror` keeps it."""
    for tile in new_tiles(0, len(log.entries)):
        path = folder / tile.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(log.tiles.read(tile))
    (folder / "checkpoint").write_bytes(log.checkpoint().data)
    return folder


def serve(files: Files, log: SignedLog) -> None:
    files.put("/log/checkpoint", log.checkpoint().data)
    for tile in new_tiles(0, len(log.entries)):
        files.put(f"/log/{tile.path}", log.tiles.read(tile))


def test_a_copy_of_the_log_is_enough_with_all_servers_off(run: Run, saved: Path, copy: Path):
    ran = run("verify", saved, "--deep", "--mirror", copy)
    assert ran.code == 0, ran.out + ran.err
    for claim in (*CLAIMS, *DEEP_CLAIMS):
        assert f"✓ {claim}: " in ran.out
    assert ran.out.splitlines()[-3:] == [
        "Written by one of 27 employees of Harbour Logistics: 7 by DKIM, 7 by OpenID Connect, "
        "13 on the operator's word. Not altered since 2026-03-20.",
        "The operator says in the log that these signatures were made with keys of "
        "harbour-logistics.example. Whether a key was theirs, anyone could see in the DNS, or at the issuer "
        "of the log-ins, on the day of the list that first named it.",
        "7 of the signatures were made with a key that the log does not name.",
    ]


def test_only_the_first_of_many_signers_are_told():
    owners = tuple(f"{letter}.example" for letter in "abcdefg")
    told, unnamed = signer_sentences(Signers(owners, unnamed=1_204))
    assert "with keys of a.example, b.example, c.example, d.example, e.example and 2 more. W" in told
    assert unnamed.startswith("1,204 of the signatures")
    (told,) = signer_sentences(Signers(owners[:5], unnamed=0))
    assert "with keys of a.example, b.example, c.example, d.example, e.example. W" in told
    assert signer_sentences(Signers((), unnamed=0)) == []


def test_the_same_in_chinese(run: Run, saved: Path, copy: Path):
    ran = run("verify", saved, "--deep", "--mirror", copy, LANG="zh_CN.UTF-8")
    assert ran.code == 0
    assert ran.out.splitlines()[-3:] == [
        "由港湾物流的 27 名员工之一所写：7 人有 DKIM 签名，7 人有 OpenID Connect 登录，"
        "13 人仅凭运营者一句话。自 2026-03-20 起未被改动。",
        "运营者在日志里说，这些签名是用 harbour-logistics.example 的密钥作出的。"
        "密钥是否确实是他们的，任何人都可以在首次写明它的名册发布当天，从 DNS 或登录签发方处查到。",
        "其中 7 个签名所用的密钥，日志没有写明名称。",
    ]


def test_a_link_is_checked_on_its_own_site_and_asks_for_public_files_alone(
    run: Run, files: Files, crowd: Crowd, cast: Cast
):
    serve(files, crowd.log)
    post = cast.opening().id.hex()
    files.put(f"/p/{post}/proof.json", crowd.proof)
    ran = run("verify", f"{files.origin}/p/{post}", "--deep", "--json")
    assert ran.code == 0, ran.out + ran.err
    said = json.loads(ran.out)["deep"]
    assert said == {
        "claims": list(DEEP_CLAIMS),
        "live": 27,
        "classes": {"dkim": 7, "oidc": 7, "badge": 6, "code": 7},
        "on_word": 13,
        "signers": {"owners": ["harbour-logistics.example"], "unnamed": 7},
        "epochs": 2,
        "log": len(crowd.log.entries),
        "unaltered_since": "2026-03-20",
        "disclosed": None,
    }
    asked = [path for path, _headers in files.asked]
    width = len(crowd.log.entries)
    assert asked == [f"/p/{post}/proof.json", "/log/checkpoint", f"/log/tile/entries/000.p/{width}"]
    assert not any("cookie" in headers or "referer" in headers for _path, headers in files.asked)


def test_a_file_is_checked_at_the_site_that_is_named(run: Run, files: Files, crowd: Crowd, saved: Path):
    serve(files, crowd.log)
    assert run("verify", saved, "--deep", "--talk", files.origin).code == 0
    unnamed = run("verify", saved, "--deep")
    assert (unnamed.code, "--talk" in unnamed.err) == (2, True)


def test_a_fallen_claim_is_named_after_those_that_held(run: Run, saved: Path, copy: Path, crowd: Crowd):
    width = len(crowd.log.entries)
    bundle = copy / "tile/entries/000.p" / str(width)
    bundle.write_bytes(bundle.read_bytes().replace(b'"class":"oidc"', b'"class":"dkim"', 1))
    ran = run("verify", saved, "--deep", "--mirror", copy)
    assert ran.code == 1
    assert "✓ witnesses" in ran.out
    assert "✗ whole-log: the files of the log do not lead to the root that was signed" in ran.out
    said = json.loads(run("verify", saved, "--deep", "--mirror", copy, "--json").out)
    assert (said["verified"], said["claim"], said["passed"]) == (False, "whole-log", list(CLAIMS))


def test_what_could_not_be_fetched_is_named(run: Run, files: Files, saved: Path, copy: Path, crowd: Crowd):
    name = f"tile/entries/000.p/{len(crowd.log.entries)}"
    (copy / name).unlink()
    ran = run("verify", saved, "--deep", "--mirror", copy)
    assert (ran.code, name in ran.err) == (3, True)
    files.put("/log/checkpoint", crowd.log.checkpoint().data)
    ran = run("verify", saved, "--deep", "--talk", files.origin)
    assert (ran.code, "/log/tile/entries/000" in ran.err) == (1, True), ran.err


def test_a_file_that_has_been_filled_meanwhile_is_cut(run: Run, files: Files, crowd: Crowd, saved: Path):
    """Between the checkpoint and its files a tick may pass."""
    serve(files, crowd.log)
    width = len(crowd.log.entries)
    grown = SignedLog(SITE, crowd.log.key)
    grown.entries = [*crowd.log.entries, *(b"%d" % at for at in range(256))]
    del files.answers[f"/log/tile/entries/000.p/{width}"]
    whole = next(tile for tile in new_tiles(0, len(grown.entries)) if tile.path == "tile/entries/000")
    files.put("/log/tile/entries/000", grown.tiles.read(whole))
    assert run("verify", saved, "--deep", "--talk", files.origin).code == 0


def test_a_site_that_took_back_what_this_machine_saw_is_refused(
    run: Run, files: Files, crowd: Crowd, saved: Path, copy: Path, home: Home
):
    later = SignedLog(SITE, crowd.log.key)
    later.entries = [*crowd.log.entries, b"{}"]
    write_log_pins(home, SITE, LogPins(LogTrust(later.note_key), later.checkpoint()))
    serve(files, crowd.log)
    ran = run("verify", saved, "--deep", "--talk", files.origin)
    assert (ran.code, "✗ whole-log" in ran.out, "entries, and has" in ran.out) == (1, True, True), ran.out
    assert run("verify", saved, "--deep", "--mirror", copy).code == 0, "an older copy contradicts nothing"


@pytest.mark.parametrize("option", ["--mirror", "--evidence"])
def test_both_go_with_a_deep_look_only(run: Run, saved: Path, copy: Path, option: str):
    ran = run("verify", saved, option, copy)
    assert (ran.code, "--deep" in ran.err) == (2, True)


def test_evidence_is_counted_or_its_file_is_named(run: Run, saved: Path, copy: Path, tmp_path: Path):
    """What a package must hold: tests/people/test_disclosed.py."""
    folder = tmp_path / "evidence"
    folder.mkdir()
    ran = run("verify", saved, "--deep", "--mirror", copy, "--evidence", folder)
    assert ran.code == 0, ran.err
    assert "✓ disclosed: " in ran.out
    assert "Evidence was disclosed for 0 of 27, and all of it holds" in ran.out
    (folder / "bob.json").write_bytes(b"{}")
    ran = run("verify", saved, "--deep", "--mirror", copy, "--evidence", folder)
    assert (ran.code, "✗ disclosed: bob.json: " in ran.out) == (1, True)
    assert "✓ journals" in ran.out
    missing = run("verify", saved, "--deep", "--mirror", copy, "--evidence", folder / "nowhere")
    assert (missing.code, "nowhere" in missing.err) == (2, True)

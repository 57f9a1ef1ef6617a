"""`openmai verify`: with all servers stopped, and with not one byte changed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Files, Run
from tests.factories.cast import HARBOUR, SITE, Cast
from typer.testing import CliRunner

from openmai.anonymity.content import Opening
from openmai.anonymity.encoding import canonical_json
from openmai.anonymity.keys import public_bytes
from openmai.anonymity.proof_file import CLAIMS
from openmai.anonymity.rosters import key_fingerprint
from openmai.cli.main import app
from openmai.cli.member.home import Home
from openmai.cli.member.pins import Pins, write_pins


@pytest.fixture
def opening(cast: Cast) -> Opening:
    return cast.opening()


@pytest.fixture
def saved(cast: Cast, opening: Opening, tmp_path: Path) -> Path:
    path = tmp_path / "proof.json"
    path.write_bytes(cast.proof_file(cast.alice, opening))
    return path


def test_a_saved_post_is_proved_in_words(run: Run, saved: Path):
    ran = run("verify", saved)
    assert ran.code == 0, ran.err
    for claim in CLAIMS:
        assert f"✓ {claim}: " in ran.out
    assert "Written by one of 26 verified employees of Harbour Logistics (roster of 2026-03-19)." in ran.out
    assert "vouched for by the operator" in ran.out
    assert "Night shifts" in ran.out
    assert "Who else has six in a row?" in ran.out


def test_both_keys_are_named_by_the_fingerprints_that_the_site_shows(run: Run, cast: Cast, saved: Path):
    told = run("verify", saved).out
    logged = public_bytes(cast.log_key)
    assert f"fingerprint {key_fingerprint(cast.roster_key)}." in told
    assert f"under the log key {key_fingerprint(logged)}." in told


def test_the_same_in_chinese_names(run: Run, saved: Path):
    ran = run("verify", saved, LANG="zh_CN.UTF-8")
    assert ran.code == 0
    assert "港湾物流" in ran.out
    names = [line.split("：")[0].split(":")[0] for line in ran.out.splitlines() if line.startswith("✓")]
    own = ["✓ 格式", "✓ 帖子", "✓ 内容", "✓ 签名", "✓ 名册", "✓ 标签", "✓ 化名", "✓ 证明"]
    assert names == [*own, "✓ 名册入日志", "✓ 帖子入日志", "✓ 日志顺序", "✓ 见证人"]
    saved.write_bytes(saved.read_bytes().replace(b"Night shifts", b"Day shifts"))
    fallen = run("verify", saved, LANG="zh_CN.UTF-8")
    assert (fallen.code, "✗ 签名" in fallen.out) == (1, True), fallen.out


def test_scripts_get_json(run: Run, cast: Cast, opening: Opening, saved: Path):
    told = json.loads(run("verify", saved, "--json").out)
    assert told["verified"] is True
    assert told["claims"] == list(CLAIMS)
    assert told["post"] == told["thread"] == opening.id.hex()
    assert (told["kind"], told["label"]["en"]) == ("attested", "Harbour Logistics")
    assert told["roster"]["roster"] == HARBOUR
    assert told["roster"]["live"] == 26
    assert told["roster"]["key"] == cast.roster_key.hex()
    assert told["roster"]["trust"] == "unknown"


def test_a_fallen_claim_is_named_and_the_exit_code_is_1(run: Run, saved: Path):
    document = json.loads(saved.read_bytes())
    document["persona"]["label"]["en"] = "Orchid Kitchen"
    saved.write_bytes(canonical_json(document))
    ran = run("verify", saved)
    assert ran.code == 1
    assert "✓ roster" in ran.out
    assert "✗ label: " in ran.out
    assert "NOT PROVED" in ran.out
    told = json.loads(run("verify", saved, "--json").out)
    assert (told["verified"], told["claim"]) == (False, "label")
    assert told["passed"] == ["form", "thread", "content", "signature", "roster"]


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        ("persona/kind", "provable", "✗ 标签: 凭证类型与名册不符"),
        ("signature", "00" * 64, "✗ 签名: 签名与密钥和内容不符"),
        ("join/proof", "ab" * 128, "✗ 证明: 证明中的某个点"),
        ("site", "Ü", "✗ 格式: “site”不符合格式"),
    ],
)
def test_why_a_claim_fell_is_told_in_the_members_language(
    run: Run, saved: Path, place: str, value: str, told: str
):
    document = json.loads(saved.read_bytes())
    *parents, last = place.split("/")
    part = document
    for step in parents:
        part = part[step]
    part[last] = value
    saved.write_bytes(canonical_json(document))
    ran = run("verify", saved, LANG="zh_CN.UTF-8")
    assert told in ran.out
    assert json.loads(run("verify", saved, "--json", LANG="zh_CN.UTF-8").out)["reason"] in ran.out


OFFLINE = """
import socket, sys
def refuse(*args, **kwargs):
    raise OSError("no network")
socket.socket.connect = socket.getaddrinfo = refuse
from openmai.cli.main import app
try:
    app(["verify", sys.argv[1]])
finally:
    heavy = ("django", "httpx", "wasmtime", "openmai.platform", "openmai.web", "openmai.anonymity.prover")
    print("LOADED", sorted(name for name in sys.modules if name.split(".")[0] in heavy or name in heavy))
"""


def test_a_file_needs_no_network_and_no_site(environment: dict[str, str], saved: Path):
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE, saved], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "✓ proof" in done.stdout
    assert "LOADED []" in done.stdout


def test_no_byte_can_be_changed(cast: Cast, opening: Opening, tmp_path: Path, environment: dict[str, str]):
    """tests/anonymity changes every byte; the command is shown one in nine, and names a claim each time."""
    data = cast.proof_file(cast.bob, opening, cast.reply(opening))
    path, runner = tmp_path / "changed.json", CliRunner(env=environment)
    named = set()
    for place in range(0, len(data), 9):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :])
        result = runner.invoke(app, ["verify", str(path), "--json", "--roster-key", cast.roster_key.hex()])
        told = json.loads(result.stdout)
        assert (result.exit_code, told["verified"]) == (1, False), place
        named.add(told["claim"])
    assert {"form", "signature", "roster", "proof"} <= named <= set(CLAIMS)


def test_the_roster_key_can_be_demanded(run: Run, cast: Cast, saved: Path):
    ran = run("verify", saved, "--roster-key", cast.roster_key.hex())
    assert ran.code == 0
    assert "the roster key that you gave" in ran.out
    ran = run("verify", saved, "--roster-key", "ab" * 32)
    assert ran.code == 1
    assert "✗ roster: " in ran.out


def test_a_key_that_this_machine_knows_is_demanded(run: Run, cast: Cast, home: Home, saved: Path):
    write_pins(home, SITE, Pins(cast.roster_key, 3))
    assert json.loads(run("verify", saved, "--json").out)["roster"]["trust"] == "pinned"
    write_pins(home, SITE, Pins(b"k" * 32, 3))
    assert json.loads(run("verify", saved, "--json").out)["claim"] == "roster"


def test_a_link_is_followed_to_its_proof_file(run: Run, cast: Cast, files: Files, opening: Opening):
    data = cast.proof_file(cast.alice, opening)
    files.put(f"/p/{opening.id.hex()}/proof.json", data)
    for path in ("/p/{}", "/en/p/{}/", "/zh-hans/t/{}/", "/p/{}/proof.json", "/t/{}", "/en/p/{}/verify/"):
        ran = run("verify", files.origin + path.format(opening.id.hex()))
        assert ran.code == 0, (path, ran.err)
        assert "✓ proof" in ran.out


def test_a_link_to_another_post_than_it_says_is_refused(run: Run, cast: Cast, files: Files, opening: Opening):
    files.put(f"/p/{'ab' * 32}/proof.json", cast.proof_file(cast.alice, opening))
    ran = run("verify", f"{files.origin}/p/{'ab' * 32}", "--json")
    assert ran.code == 1
    assert json.loads(ran.out)["claim"] == "content"


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("/nowhere/proof.json", 2),
        ("/", 2),
        ("http://127.0.0.1:9/p/" + "ab" * 32, 3),
        ("http://127.0.0.1:9/en/about/", 2),
        ("http://talk.example/p/" + "ab" * 32, 2),
    ],
)
def test_what_cannot_be_read_has_its_own_exit_code(run: Run, source: str, code: int):
    ran = run("verify", source)
    assert ran.code == code
    assert ran.err.strip()
    assert "Traceback" not in ran.err


def test_a_post_that_is_not_there_is_refused(run: Run, files: Files):
    assert run("verify", f"{files.origin}/p/{'ab' * 32}").code == 1


@pytest.mark.parametrize("key", ["ab", "AB" * 31, "xy" * 32])
def test_a_key_that_is_none_is_wrong_usage(run: Run, saved: Path, key: str):
    ran = run("verify", saved, "--roster-key", key)
    assert ran.code == 2
    assert "64 hexadecimal digits" in ran.err


def test_a_text_cannot_steer_the_terminal(run: Run, cast: Cast, tmp_path: Path):
    tricky = cast.opening(title="Pay \u202erises", body="[bold]no markup[/]")
    path = tmp_path / "tricky.json"
    path.write_bytes(cast.proof_file(cast.alice, tricky))
    ran = run("verify", path)
    assert ran.code == 0
    assert "\u202e" not in ran.out
    assert "[bold]no markup[/]" in ran.out


def test_help_tells_the_exit_codes(run: Run):
    ran = run("--help")
    assert ran.code == 0
    assert "Exit codes: 0 done" in ran.out
    for command in ("verify", "identity", "enrol", "post", "reply", "outbox", "demo", "serve", "doctor"):
        assert command in ran.out

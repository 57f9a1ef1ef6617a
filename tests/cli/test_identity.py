"""The key on this machine: private, never twice, never shown, and gone when its season is long over."""

import json
import random
import stat
import time
from pathlib import Path

import pytest
from tests.cli.conftest import Files, Run, serve_log, site_document
from tests.factories.cast import DOMAIN, HARBOUR, SITE, Cast

from openmai.anonymity.bans import BanList
from openmai.anonymity.encoding import Domain
from openmai.anonymity.errors import NotCanonical
from openmai.anonymity.fields import L
from openmai.anonymity.paths import OwnTile
from openmai.anonymity.prover import new_secret
from openmai.anonymity.rosters import IndexEntry, RosterIndex, sign_index
from openmai.anonymity.seasons import SEASON_SECONDS, season_at, season_called
from openmai.cli.member import identity, recovery
from openmai.cli.member.epochs import AcceptedEpochs, epoch_of_leaves
from openmai.cli.member.errors import IdentityTrouble
from openmai.cli.member.home import Home, read_private, write_private
from openmai.cli.member.identity import Identity, load_identity, save_identity

CODE = bytes(range(16))


@pytest.fixture
def talk(cast: Cast, files: Files) -> Files:
    """A talk site that says who it is."""
    files.put("/api/v1/site", site_document(cast, now=int(time.time())))
    return files


@pytest.fixture
def here(home: Home) -> Path:
    """Where the key of today's season is."""
    return home.season(SITE, season_at(int(time.time())).id)


def nobody() -> str:
    raise AssertionError("nothing is locked")


def recovery_code(out: str) -> str:
    return next(line.split()[-1] for line in out.splitlines() if "recovery code " in line and "-" in line)


def test_a_new_key_is_private_and_backed_up(run: Run, talk: Files, here: Path):
    ran = run("identity", "new", "--talk", talk.origin)
    assert ran.code == 0, ran.err
    kept = json.loads((here / "identity.json").read_text())
    for path in (here / "identity.json", here / "backup.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in (here, here.parent, here.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert kept["secret"] not in ran.out + ran.err
    assert kept["commitment"] in ran.out
    backup, code = (here / "backup.json").read_bytes(), recovery_code(ran.out)
    assert kept["secret"].encode() not in backup
    domain, secret = recovery.read_backup(backup, code=recovery.read_code(code))
    assert (domain.site, str(secret)) == (SITE, kept["secret"])


def test_a_second_key_is_refused_and_the_first_stays(run: Run, talk: Files, here: Path):
    run("identity", "new", "--talk", talk.origin)
    before = (here / "identity.json").read_bytes()
    ran = run("identity", "new")
    assert ran.code == 4
    assert "already" in ran.err
    assert (here / "identity.json").read_bytes() == before


def test_a_locked_key_is_nowhere_in_the_clear(run: Run, talk: Files, here: Path, home: Home):
    ran = run("identity", "new", "--locked", "--talk", talk.origin)
    assert ran.code == 0, ran.err
    kept = json.loads((here / "identity.json").read_text())
    assert kept["secret"] is None
    domain = Domain(SITE, kept["season"])
    code = recovery_code(ran.out)
    loaded = load_identity(home, domain, ask_code=lambda: code.lower().replace("-", " "))
    assert str(loaded.commitment) == kept["commitment"]
    assert str(loaded.secret) not in "".join(path.read_text() for path in home.folder.rglob("*.json"))
    with pytest.raises(IdentityTrouble, match="does not open"):
        load_identity(home, domain, ask_code=lambda: recovery.show_code(CODE))


def test_show_tells_no_secret(run: Run, talk: Files, here: Path):
    assert "no key here" in run("identity", "show").out
    run("identity", "new", "--talk", talk.origin)
    secret = json.loads((here / "identity.json").read_text())["secret"]
    shown = run("identity", "show")
    assert "not enrolled yet" in shown.out
    told = json.loads(run("identity", "show", "--json").out)
    assert [each["site"] for each in told] == [SITE]
    assert secret not in shown.out + json.dumps(told)


def test_a_backup_brings_the_key_to_another_machine(run: Run, talk: Files, here: Path, tmp_path: Path):
    code = recovery_code(run("identity", "new", "--talk", talk.origin).out)
    backup, new_home = here / "backup.json", str(tmp_path / "other machine")
    restored = run(
        "identity", "restore", backup, "--talk", talk.origin, OPENMAI_HOME=new_home, OPENMAI_IDENTITY_KEY=code
    )
    assert restored.code == 0, restored.err
    first = json.loads((here / "identity.json").read_text())
    other = Path(new_home, "sites", SITE, first["season"], "identity.json")
    assert json.loads(other.read_text()) == first


def test_a_slip_in_the_code_is_noticed(run: Run, talk: Files, here: Path, tmp_path: Path):
    code = recovery_code(run("identity", "new", "--talk", talk.origin).out)
    slip = code[:-1] + ("0" if code[-1] != "0" else "1")
    ran = run(
        "identity", "restore", here / "backup.json", "--talk", talk.origin,
        OPENMAI_HOME=str(tmp_path / "other"), OPENMAI_IDENTITY_KEY=slip,
    )  # fmt: skip
    assert ran.code == 4
    assert "slip" in ran.err


def test_a_key_that_others_can_read_is_not_used(home: Home):
    save_identity(home, Identity(DOMAIN, 5, 7))
    path = home.season(SITE, DOMAIN.season) / "identity.json"
    assert load_identity(home, DOMAIN, ask_code=nobody).secret == 7
    path.chmod(0o640)
    with pytest.raises(IdentityTrouble, match="can be read by others"):
        load_identity(home, DOMAIN, ask_code=nobody)


def test_a_link_to_elsewhere_is_no_key(home: Home, tmp_path: Path):
    save_identity(home, Identity(DOMAIN, 5, 7))
    path = home.season(SITE, DOMAIN.season) / "identity.json"
    path.rename(tmp_path / "moved.json")
    path.symlink_to(tmp_path / "moved.json")
    with pytest.raises(IdentityTrouble, match="not a file of your own"):
        load_identity(home, DOMAIN, ask_code=nobody)


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": "0"},
        {"secret": str(L)},
        {"secret": 7},
        {"secret": None},
        {"rosters": ["../etc"]},
        {"rosters": "site"},
        {"commitment": "05"},
        {"type": "openmai/identity/v2"},
        {"more": 1},
    ],
)
def test_a_damaged_key_is_not_used(home: Home, changes: dict[str, object]):
    save_identity(home, Identity(DOMAIN, 5, 7, (HARBOUR,)))
    path = home.season(SITE, DOMAIN.season) / "identity.json"
    write_private(path, json.loads(path.read_text()) | changes)
    with pytest.raises(IdentityTrouble, match="damaged"):
        load_identity(home, DOMAIN, ask_code=nobody)


def test_the_secret_is_in_no_printed_form():
    assert "7777" not in repr(Identity(DOMAIN, 5, 7777))


def test_keys_are_forgotten_two_weeks_after_their_season(home: Home):
    save_identity(home, Identity(DOMAIN, 5, 7))
    over = season_called(DOMAIN.season).ends
    assert home.forget_old(now=over + 14 * 86_400 - 1).gone == []
    assert home.forget_old(now=over + 14 * 86_400).gone == [(SITE, DOMAIN.season)]
    assert not identity.identity_exists(home, DOMAIN)
    assert home.forget_old(now=over + 10 * SEASON_SECONDS).gone == []


def test_a_write_that_fails_leaves_the_old_file(home: Home):
    path = home.season(SITE, DOMAIN.season) / "identity.json"
    write_private(path, {"a": 1})
    with pytest.raises(NotCanonical):
        write_private(path, {"a": object()})
    assert read_private(path) == {"a": 1}
    assert [each.name for each in path.parent.iterdir()] == ["identity.json"]


def test_codes_are_read_as_people_write_them():
    shown = recovery.show_code(CODE)
    assert [len(group) for group in shown.split("-")] == [4] * 7
    for written in (shown, shown.lower(), shown.replace("-", " "), shown.replace("0", "O").replace("1", "l")):
        assert recovery.read_code(written) == CODE


@pytest.mark.parametrize("written", ["", "0000", "U" * 28, "😀" * 28, recovery.show_code(CODE)[:-1]])
def test_what_is_no_code_is_refused(written: str):
    with pytest.raises(IdentityTrouble):
        recovery.read_code(written)


def test_any_slip_of_one_character_is_noticed():
    shown, noticed, tried = recovery.show_code(CODE).replace("-", ""), 0, 0
    for place in range(28):
        for other in "0123456789ABCDEFGHJKMNPQRSTVWXYZ":
            if other != shown[place]:
                tried += 1
                try:
                    recovery.read_code(shown[:place] + other + shown[place + 1 :])
                except IdentityTrouble:
                    noticed += 1
    # Twelve bits of checksum: one slip in 4,096 passes, and then opens nothing.
    assert noticed >= tried - 2


def test_a_backup_of_another_season_is_sealed_apart():
    secret = new_secret(random.Random(3).randrange)
    sealed = recovery.seal(domain=DOMAIN, secret=secret, code=CODE, randbytes=random.Random(4).randbytes)
    assert recovery.unseal(sealed, code=CODE) == (DOMAIN, secret)
    with pytest.raises(IdentityTrouble):
        recovery.unseal(sealed | {"season": "s229"}, code=CODE)
    with pytest.raises(IdentityTrouble):
        recovery.unseal(sealed | {"data": "00" + sealed["data"][2:]}, code=CODE)


def test_a_roster_key_that_changes_is_refused_until_it_is_trusted(run: Run, cast: Cast, talk: Files):
    assert run("identity", "new", "--roster-key", "ab" * 32, "--talk", talk.origin).code == 1
    assert run("identity", "new", "--talk", talk.origin).code == 0
    talk.put("/api/v1/site", site_document(cast, now=int(time.time()), roster_key="ab" * 32))
    ran = run("post", "--section", "work", "--title", "Hello", "--body", "x")
    assert ran.code == 1
    assert "another roster key" in ran.err
    assert run("identity", "trust", "ab" * 32).code == 0
    assert "another roster key" not in run("post", "--section", "work", "--title", "Hello", "--body", "x").err


def test_a_roster_that_lost_many_is_refused_until_its_epoch_is_accepted(
    run: Run, cast: Cast, talk: Files, home: Home
):
    today = Domain(SITE, season_at(int(time.time())).id)
    before = cast.publish(HARBOUR, others=30, domain=today)
    AcceptedEpochs(home, today, cast.roster_key).accept(epoch_of_leaves(before.signed, before.tree))
    after = cast.publish(HARBOUR, others=30, epoch=2, domain=today)
    entry = IndexEntry(HARBOUR, 2, after.signed.name)
    index = sign_index(RosterIndex(SITE, today.season, 1, (entry,)), cast.signing_key)
    talk.put("/rosters/index.json", index)
    talk.put(f"/rosters/statements/{after.signed.name.hex()}.json", after.signed.envelope)
    talk.put(f"/rosters/leaves/{after.statement.leaves.hex()}.bin", after.leaves)
    talk.put("/api/v1/bans", BanList(SITE, today.season, 0, ()).encoded())
    serve_log(talk, cast, after)
    assert run("identity", "new", "--talk", talk.origin).code == 0
    post = ("post", "--section", "work", "--title", "Hello", "--body", "x", "--as", "harbour-logistics")
    refused = run(*post)
    assert (refused.code, "30 of the 32 members" in refused.err) == (1, True), refused.err
    assert "现有" in run("identity", "accept", HARBOUR, "2", LANGUAGE="zh_CN").out
    assert "0 of 32 are gone" in run("identity", "accept", HARBOUR, "2").out
    assert "not in company/harbour-logistics/attested yet" in run(*post).err


def test_the_own_place_is_kept_as_the_people_site_gave_it(run: Run, cast: Cast, talk: Files, tmp_path: Path):
    today = Domain(SITE, season_at(int(time.time())).id)
    file = tmp_path / "openmai-place.json"
    file.write_bytes(OwnTile(today, HARBOUR, 3, (5, 0, 7)).data)
    assert run("identity", "new", "--talk", talk.origin).code == 0
    told = run("identity", "place", str(file))
    assert (told.code, f"Your place in {HARBOUR} is kept here" in told.out) == (0, True)
    file.write_bytes(OwnTile(DOMAIN, HARBOUR, 3, (5,)).data.replace(b"s228", b"s9"))
    refused = run("identity", "place", str(file))
    assert (refused.code, "cannot be used" in refused.err) == (1, True)
    assert run("identity", "place", str(tmp_path / "nowhere")).code == 1


def test_a_site_of_another_season_gets_no_key(run: Run, cast: Cast, talk: Files):
    talk.put("/api/v1/site", site_document(cast, now=int(time.time()) - SEASON_SECONDS))
    ran = run("identity", "new", "--talk", talk.origin)
    assert ran.code == 1
    assert "this machine's clock" in ran.err


def test_commands_without_a_site_or_a_key_say_what_to_do(run: Run, talk: Files):
    ran = run("post", "--section", "work", "--title", "Hello", "--body", "x")
    assert (ran.code, "--talk" in ran.err) == (2, True)
    ran = run("post", "--section", "work", "--title", "Hello", "--body", "x", "--talk", talk.origin)
    assert (ran.code, "openmai identity new" in ran.err) == (4, True)
    ran = run("post", "--section", "work", "--title", "Hello", typed="\udcff")
    assert (ran.code, "not UTF-8" in ran.err) == (2, True)
    ran = run("post", "--section", "nowhere", "--title", "Hello", "--body", "x")
    assert (ran.code, "there are work" in ran.err) == (2, True)


def test_a_backup_from_the_pages_is_read():
    """Made by frontend/proofs/backup.ts."""
    file = (
        b'{"data":"ae09b887e3844608167f1e87f644699a12edc2632741d7346c5fbacfa1a714d7d'
        b'f94436e4f3d6fbb28c980ee8278b177a6",'
        b'"iv":"e70e7ab2e3fdf0a2f6fa9ee1",'
        b'"salt":"efd024959fae692234ba44ae4cd5ee6b539b3a2f90096fb4b6df4a64443e5103",'
        b'"season":"s228","site":"test.openmai.example","type":"openmai/backup/v1"}'
    )
    code = recovery.read_code("0W3G-E1R7-0W3G-E1R7-0W3G-E1R7-0WJ9")
    assert recovery.read_backup(file, code=code) == (DOMAIN, 12345678901234567890)

"""A banned member's machine at the site: until the post that does not come it asks what every other asks."""

import json
from pathlib import Path

import pytest
from tests.anonymity.crowds import logged_in
from tests.anonymity.logs import SignedLog
from tests.cli.conftest import Files, put_log, site_facts
from tests.cli.test_gate import ban_of, listed
from tests.cli.test_mirror import serve
from tests.factories.cast import DOMAIN, HARBOUR, ROOT, SITE, SLOTS, Cast, Member
from tests.factories.gate import made_gate

from openmai.anonymity.bans import BanList
from openmai.anonymity.log.entries import bans_entry
from openmai.anonymity.seasons import season_called
from openmai.cli.member.errors import Refused
from openmai.cli.member.gate import MemberGate
from openmai.cli.member.home import Home
from openmai.cli.member.identity import Identity
from openmai.cli.member.mirror import Mirror
from openmai.cli.member.outbox import Outbox
from openmai.cli.member.pins import Pins
from openmai.cli.member.show import Progress
from openmai.cli.member.speaking import Speaker
from openmai.cli.member.web import Web

NOW = season_called(DOMAIN.season).starts + 1000
NAMES = ("artifacts/semaphore-20.wasm", "artifacts/semaphore-20.zkey", "artifacts/gate.wasm")


def put_files(files: Files, cast: Cast, bans: BanList) -> None:
    """A site with this list in force, and all that a proof is made with."""
    log = SignedLog(SITE, cast.log_key)
    with logged_in(cast, log):
        serve(files, cast)
        log.stand(DOMAIN, bans_entry(DOMAIN, bans.encoded()))
        put_log(files, log)
    files.put("/api/v1/bans", bans.encoded())
    manifest = json.loads((ROOT / "build" / "static" / "manifest.json").read_text())
    files.put("/static/manifest.json", json.dumps(manifest).encode())
    for name in NAMES:
        files.put(f"/static/{manifest[name]}", (ROOT / "build" / "static" / manifest[name]).read_bytes())
    served = made_gate()
    files.put(served.served.url, served.proving_key.read_bytes())


def speaker(cast: Cast, member: Member, files: Files, folder: Path) -> Speaker:
    facts, home = site_facts(cast), Home(folder)
    mirror = Mirror(Web(files.origin), facts, Pins(cast.roster_key, 1), home, Progress())
    who = Identity(DOMAIN, member.commitment, member.secret, (HARBOUR,))
    gate, outbox = MemberGate(mirror.web, facts, home, folder, Progress()), Outbox(home, DOMAIN)
    return Speaker(who, mirror, outbox, gate, folder, lambda: NOW, lambda _: None, lambda _: 0, 20)


def stopped(desk: Speaker, cast: Cast, files: Files) -> tuple[str, list[str]]:
    """Why nothing was proved, and what was asked for until then."""
    files.asked.clear()
    with pytest.raises(Refused) as refused:
        desk.prepare(cast.opening(), wanted=HARBOUR)
    return refused.value.code, [path for path, _headers in files.asked]


def test_who_is_banned_has_asked_for_all_that_others_ask_for(cast: Cast, files: Files, tmp_path: Path):
    """The other one is Bob, who has used his slots: he stops just before he proves."""
    put_files(files, cast, listed(ban_of(cast.alice.secret)))
    bob = speaker(cast, cast.bob, files, tmp_path / "bob")
    for _slot in range(SLOTS):
        bob.gate.slot(cast.bob.secret, at=NOW, keep=None, randbelow=lambda _: 0)
    alice = speaker(cast, cast.alice, files, tmp_path / "alice")
    (hers, asked_by_her), (his, asked_by_him) = stopped(alice, cast, files), stopped(bob, cast, files)
    assert (hers, his) == ("banned", "no-slot-left")
    assert asked_by_her == asked_by_him
    assert made_gate().served.url in asked_by_her
    assert alice.gate.slot(cast.alice.secret, at=NOW, keep=None, randbelow=lambda _: 0).number == 0, "unused"

"""The gate on the command line: what a member's machine insists on."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from tests.anonymity.logs import SignedLog
from tests.cli.conftest import Files, put_log, site_facts
from tests.factories.cast import DOMAIN, ROOT, SITE, SLOTS, TODAY, Cast
from tests.factories.gate import ban_list, logged_artifacts, made_gate

from openmai.anonymity.bans import Ban, BanList
from openmai.anonymity.encoding import Domain, circuit_input, sha256
from openmai.anonymity.log.entries import LogEntry, bans_entry, entry, standing_entry
from openmai.anonymity.log.view import LogTrust, LogView
from openmai.anonymity.poseidon import poseidon2
from openmai.anonymity.prover.gate import GateRequest
from openmai.cli.member.errors import Refused, Unreachable
from openmai.cli.member.gate import MemberGate, reason_to_prove_again, refuse_banned
from openmai.cli.member.home import Home
from openmai.cli.member.log import SiteLog
from openmai.cli.member.pins import Pins, pin_gate, write_pins
from openmai.cli.member.show import Progress
from openmai.cli.member.web import Web

UNTIL = "2026-05-01T00:00:00Z"
NOON = int(datetime(2026, 3, 20, 12, tzinfo=UTC).timestamp())
DAY = 86_400


def ban_of(secret: int, reason: str = "threat", until: str = UNTIL) -> Ban:
    thread = sha256(reason.encode())
    scope = DOMAIN.thread_scope(thread)
    return Ban(thread, scope, poseidon2(circuit_input(scope), secret), until, reason)


def listed(*bans: Ban, serial: int = 1) -> BanList:
    return ban_list(*bans, site=DOMAIN.site, season=DOMAIN.season, serial=serial)


def first(_below: int) -> int:
    return 0


@pytest.fixture
def gate(files: Files, home: Home, cast: Cast, tmp_path: Path) -> MemberGate:
    write_pins(home, SITE, Pins(cast.roster_key, 1))
    return MemberGate(Web(files.origin), site_facts(cast), home, tmp_path / "cache", Progress())


@pytest.fixture
def log(gate: MemberGate, cast: Cast) -> SiteLog:
    """The log of the site as Alice's machine follows it."""
    return SiteLog(gate.web, SITE, gate.home, LogTrust(cast.log.note_key))


class Olga:
    """The operator, who logs what she likes and shows what she likes."""

    def __init__(self, files: Files, cast: Cast) -> None:
        self.files = files
        self.log = SignedLog(SITE, cast.log_key)
        self.log.stand(DOMAIN, logged_artifacts(DOMAIN))
        put_log(files, self.log)

    def bans(self, bans: BanList) -> None:
        """Put a list in force, as an honest operator does."""
        self.logs(bans_entry(Domain(bans.site, bans.season), bans.encoded()))
        self.shows(bans)

    def logs(self, *entries: LogEntry) -> None:
        self.log.stand(DOMAIN, *entries)
        put_log(self.files, self.log)

    def shows(self, bans: BanList) -> None:
        self.files.put("/api/v1/bans", bans.encoded())


@pytest.fixture
def olga(files: Files, cast: Cast) -> Olga:
    olga = Olga(files, cast)
    olga.shows(BanList(SITE, DOMAIN.season, 0, ()))
    return olga


def check_refused(code: str, call: Callable[[], object], words: str) -> None:
    with pytest.raises(Refused, match=words) as refused:
        call()
    assert refused.value.code == code


def test_a_member_who_is_not_banned_gets_the_list(gate: MemberGate, log: SiteLog, olga: Olga, cast: Cast):
    bans = listed(ban_of(cast.mallory.secret))
    olga.bans(bans)
    assert gate.bans(log) == bans


def test_a_banned_member_is_told_the_ban_that_ends_last(
    gate: MemberGate, log: SiteLog, olga: Olga, cast: Cast
):
    mine = ban_of(cast.alice.secret), ban_of(cast.alice.secret, "spam", "2026-05-03T00:00:00Z")
    olga.bans(listed(*mine))
    words = r"banned \(spam\). Until 2026-05-03T00:00:00Z .* Nothing was sent"
    check_refused("banned", lambda: refuse_banned(gate.bans(log), cast.alice.secret), words)


def test_an_older_list_and_another_one_of_the_same_serial_are_refused(
    gate: MemberGate, log: SiteLog, olga: Olga, cast: Cast
):
    """Also if the operator has logged them."""
    newest = listed(ban_of(cast.bob.secret), serial=5)
    olga.bans(newest)
    gate.bans(log)
    olga.bans(listed(ban_of(cast.mallory.secret), serial=5))
    check_refused("bans-forked", lambda: gate.bans(log), "two different ban lists")
    olga.bans(listed(ban_of(cast.bob.secret), serial=4))
    check_refused("bans-rolled-back", lambda: gate.bans(log), "older ban list")
    olga.bans(newest)
    assert gate.bans(log) == newest


def test_a_new_season_begins_with_an_empty_list(gate: MemberGate, log: SiteLog, olga: Olga, cast: Cast):
    olga.bans(listed(ban_of(cast.bob.secret), serial=5))
    gate.bans(log)
    later = replace(gate, site=replace(gate.site, domain=replace(DOMAIN, season="s229")))
    olga.shows(BanList(SITE, "s229", 0, ()))
    assert later.bans(log).serial == 0


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"bans":[]}', BanList("other.example", "s228", 0, ()).encoded()]
)
def test_what_is_no_list_of_this_site_is_refused(
    gate: MemberGate, log: SiteLog, files: Files, cast: Cast, body: bytes
):
    files.put("/api/v1/bans", body)
    with pytest.raises(Refused, match="The ban list is refused"):
        gate.bans(log)


def test_a_list_without_end_is_not_read(gate: MemberGate, log: SiteLog, files: Files, cast: Cast):
    files.put("/api/v1/bans", b" " * 1_048_577)
    with pytest.raises(Unreachable, match="more than"):
        gate.bans(log)


def test_a_list_that_is_not_in_the_log_is_refused(gate: MemberGate, log: SiteLog, olga: Olga, cast: Cast):
    """Olga shows Alice a list of her own, to know her join by it: newer than the log's, of its serial, and
    where the log holds none.
    """
    alone = listed(ban_of(cast.mallory.secret), serial=1)
    olga.shows(alone)
    words = "ban list 1 is not in the log"
    check_refused("bans-not-logged", lambda: gate.bans(log), words)
    olga.shows(listed(ban_of(cast.mallory.secret), serial=0))
    check_refused("bans-not-logged", lambda: gate.bans(log), "ban list 0 is not in the log")
    olga.logs(bans_entry(DOMAIN, listed(ban_of(cast.bob.secret), serial=1).encoded()))
    olga.shows(alone)
    check_refused("bans-not-logged", lambda: gate.bans(log), words)
    bobs = listed(ban_of(cast.bob.secret), serial=1)
    olga.shows(bobs)
    assert gate.bans(log) == bobs, "what was refused was not kept"


def test_an_old_list_is_refused_by_the_log_though_the_machine_never_saw_a_newer_one(
    gate: MemberGate, log: SiteLog, olga: Olga, cast: Cast
):
    old = listed(ban_of(cast.bob.secret), serial=1)
    olga.bans(old)
    olga.bans(listed(ban_of(cast.mallory.secret), serial=2))
    olga.shows(old)
    words = "shows ban list 1, and the log holds 2"
    check_refused("bans-outdated", lambda: gate.bans(log), words)


def test_other_slots_and_other_keys_than_the_logs_are_refused(
    gate: MemberGate, log: SiteLog, olga: Olga, cast: Cast
):
    few = replace(gate, site=replace(gate.site, gate=replace(gate.facts, slots=SLOTS - 1)))
    words = f"says {SLOTS - 1} slots a day, and the log {SLOTS}"
    check_refused("slots-not-logged", lambda: few.bans(log), words)
    for keys in ({"zkey": bytes(32)}, {"vkey": {**gate.facts.vkey, "curve": "BN254"}}):
        other = replace(gate, site=replace(gate.site, gate=replace(gate.facts, **keys)))
        check_refused("gate-not-logged", partial(other.bans, log), "names other keys")
    assert gate.bans(log).serial == 0
    olga.logs(logged_artifacts(DOMAIN, slots=SLOTS - 1))
    assert few.bans(log).serial == 0, "announced in the log"
    check_refused("slots-not-logged", lambda: gate.bans(log), "slots")


def test_a_log_that_does_not_end_with_what_is_in_force_is_refused(
    gate: MemberGate, log: SiteLog, olga: Olga, cast: Cast, files: Files
):
    for last in (
        entry("disclosures", DOMAIN, count=0).data,
        standing_entry(DOMAIN, artifacts=len(olga.log.entries) + 9, bans={}).data,
        standing_entry(DOMAIN, artifacts=10_000, bans={}).data,
        b"no entry",
    ):
        olga.log.entries.append(last)
        put_log(files, olga.log)
        check_refused("nothing-standing", lambda: gate.bans(log), "does not say what is in force")


def test_a_list_that_stands_outside_the_log_is_refused(
    gate: MemberGate, log: SiteLog, olga: Olga, cast: Cast, files: Files
):
    for index in (len(olga.log.entries) + 9, 10_000):
        place = {DOMAIN.season: {"index": index, "serial": 1}}
        olga.log.entries.append(standing_entry(DOMAIN, artifacts=0, bans=place).data)
        put_log(files, olga.log)
        olga.shows(listed(ban_of(cast.mallory.secret)))
        check_refused("bans-not-logged", lambda: gate.bans(log), "ban list 1 is not in the log")


def test_a_tick_between_the_list_and_the_log_is_no_refusal(
    gate: MemberGate, log: SiteLog, olga: Olga, cast: Cast, files: Files
):
    class Ticking(SiteLog):
        def view(self) -> LogView:
            if not ticked:
                ticked.append(1)
                olga.bans(listed(ban_of(cast.mallory.secret), serial=1))
            return super().view()

    ticked: list[int] = []
    ticking = Ticking(log.web, log.site, log.home, log.offered)
    assert gate.bans(ticking).serial == 1


def test_all_members_ask_the_same_of_the_log(
    gate: MemberGate, log: SiteLog, olga: Olga, cast: Cast, files: Files, tmp_path: Path
):
    olga.bans(listed(ban_of(cast.mallory.secret)))
    files.asked.clear()
    gate.bans(log)
    alice = [path for path, _headers in files.asked]
    files.asked.clear()
    home = Home(tmp_path / "bob")
    write_pins(home, SITE, Pins(cast.roster_key, 1))
    replace(gate, home=home).bans(replace(log, home=home))
    assert [path for path, _headers in files.asked] == alice


def test_a_slot_is_never_taken_twice_on_a_day_and_the_last_is_told(gate: MemberGate, cast: Cast):
    secret = cast.alice.secret
    slots = [gate.slot(secret, at=NOON, keep=None, randbelow=first) for _ in range(SLOTS)]
    assert sorted(slot.number for slot in slots) == list(range(SLOTS))
    assert {slot.day for slot in slots} == {TODAY}
    again = replace(gate)
    check_refused(
        "no-slot-left",
        lambda: again.slot(secret, at=NOON, keep=None, randbelow=first),
        "30 threads on 2026-03-20",
    )
    assert gate.slot(secret, at=NOON + DAY, keep=None, randbelow=first) == ("2026-03-21", 0)


def test_what_is_proved_again_on_its_day_keeps_its_slot(gate: MemberGate, cast: Cast):
    secret = cast.alice.secret
    request = GateRequest(secret, DOMAIN, 5, 6, TODAY, 17, SLOTS)
    before = cast.prove_gate(request, listed())
    assert gate.slot(secret, at=NOON, keep=before, randbelow=first).number == 17
    assert gate.slot(secret, at=NOON + DAY, keep=before, randbelow=first) == ("2026-03-21", 0)


def test_used_slots_are_remembered_for_three_days(gate: MemberGate, cast: Cast):
    for day in range(5):
        gate.slot(cast.alice.secret, at=NOON + day * DAY, keep=None, randbelow=first)
    assert sorted(gate._used()) == ["2026-03-22", "2026-03-23", "2026-03-24"]


def test_the_proof_is_made_with_the_sites_key_and_no_other(gate: MemberGate, files: Files, cast: Cast):
    served = made_gate()
    files.put("/static/manifest.json", b'{"artifacts/gate.wasm":"artifacts/gate.wasm"}')
    files.put("/static/artifacts/gate.wasm", (ROOT / "build" / "gate" / "gate.wasm").read_bytes())
    files.put(served.served.url, b"a doctored key")
    request = GateRequest(cast.alice.secret, DOMAIN, 5, 6, TODAY, 17, SLOTS)
    with pytest.raises(Refused, match="other bytes"):
        gate.prove(request, listed(), gate.files(), randbelow=first)
    files.put(served.served.url, served.proving_key.read_bytes())
    proved = gate.prove(request, listed(), gate.files(), randbelow=first)
    assert proved.rate == request.statement().rate


def test_other_keys_than_those_first_seen_are_refused(gate: MemberGate, home: Home, cast: Cast):
    pin_gate(home, SITE, gate.facts.name)
    pin_gate(home, SITE, gate.facts.name)
    other = replace(gate.facts, zkey=bytes(32))
    check_refused(
        "gate-changed", lambda: pin_gate(home, SITE, other.name), f"identity trust {cast.roster_key.hex()}"
    )
    # What that command does.
    write_pins(home, SITE, Pins(cast.roster_key, 0))
    pin_gate(home, SITE, other.name)


def test_the_program_says_why_it_proves_again():
    told = {
        code: reason_to_prove_again(code) for code in ("stale-bans", "bans-changed", "rate-used", "wrong-day")
    }
    assert all(told.values())
    assert len(set(told.values())) == 4
    assert reason_to_prove_again("join-expired") is None

"""A key goes from one machine to another through what their screens show, and a backup under a new code."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest
from tests.cli.conftest import COMMAND, Files, Run, site_document
from tests.factories.cast import ROOT, SITE, Cast

from openmai.anonymity.encoding import Domain
from openmai.anonymity.pairing import PAIRING_SECONDS, Pairing
from openmai.anonymity.seasons import season_at
from openmai.cli.member import devices, recovery
from openmai.cli.member.errors import Refused


class Machine:
    """One side of a pairing, answered line by line as a person would."""

    def __init__(self, environment: dict[str, str], *arguments: str) -> None:
        self.process = subprocess.Popen(
            [COMMAND, *arguments], env=environment, cwd=ROOT, text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def _pipe(self, pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe

    def read(self, word: str) -> str:
        """The next line that holds `word`, from it on."""
        for line in self._pipe(self.process.stdout):
            if word in line:
                return line[line.index(word) :].strip()
        raise AssertionError(f"no {word}: {self._pipe(self.process.stderr).read()}")

    def type(self, line: str) -> None:
        self._pipe(self.process.stdin).write(f"{line}\n")

    def digits(self) -> str:
        return self.read("Here:").removeprefix("Here: ")

    def ends(self) -> tuple[int, str]:
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out + err


@pytest.fixture
def talk(cast: Cast, files: Files) -> Files:
    files.put("/api/v1/site", site_document(cast, now=int(time.time())))
    return files


@pytest.fixture
def machines(
    run: Run, talk: Files, environment: dict[str, str], tmp_path: Path
) -> Iterator[tuple[Machine, Machine]]:
    """The one with the key, and the new one."""
    assert run("identity", "new", "--talk", talk.origin).code == 0
    new_home = environment | {"OPENMAI_HOME": str(tmp_path / "new")}
    old = Machine(environment, "identity", "pair", "--talk", talk.origin)
    new = Machine(new_home, "identity", "receive", "--talk", talk.origin)
    yield old, new
    for each in (old, new):
        each.process.kill()
        each.process.communicate()


def key_of(home: Path) -> dict[str, str]:
    season = season_at(int(time.time())).id
    found: dict[str, str] = json.loads((home / "sites" / SITE / season / "identity.json").read_text())
    return found


def test_a_key_comes_to_a_second_machine(machines: tuple[Machine, Machine], tmp_path: Path, talk: Files):
    old, new = machines
    new.type(old.read("OPENMAI:"))
    old.type(new.read("OPENMAI:"))
    digits = old.digits()
    assert digits == new.digits()
    old.type("y")
    new.type("y")
    delivery = old.read("OPENMAI:")
    new.type(delivery)
    assert new.ends()[0] == old.ends()[0] == 0
    mine, theirs = key_of(tmp_path / "home"), key_of(tmp_path / "new")
    assert (mine["secret"], mine["commitment"]) == (theirs["secret"], theirs["commitment"])
    assert mine["secret"] not in delivery
    # No server had a part in it: the site was asked who it is, and nothing was sent to it.
    assert {path for path, _headers in talk.asked} == {"/api/v1/site"}
    assert talk.received == []


def test_somebody_in_between_is_seen_by_the_digits_and_gets_nothing(
    machines: tuple[Machine, Machine], tmp_path: Path
):
    old, new = machines
    mallory = Pairing.begin(SITE, random=os.urandom(32), invites=False)
    old.read("OPENMAI:")
    old.type(mallory.text)
    inviting = Pairing.begin(SITE, random=os.urandom(32), invites=True)
    new.type(inviting.text)
    assert old.digits() != new.digits()
    old.type("n")
    new.type("n")
    for machine in machines:
        code, said = machine.ends()
        assert code == 1
        assert "OPENMAI:" not in said.partition("Does the other device")[2]
        assert "Nothing was handed over" in said
    assert not (tmp_path / "new" / "sites" / SITE / season_at(int(time.time())).id / "identity.json").exists()


def test_a_slip_is_asked_again_and_a_stranger_is_given_up(machines: tuple[Machine, Machine]):
    old, new = machines
    new.type("OPENMAI:AAAA")
    new.type(old.read("OPENMAI:").lower())
    old.type(new.read("OPENMAI:"))
    for machine in machines:
        machine.digits()
    new.type("y")
    for _attempt in range(5):
        new.type("what?")
    code, said = new.ends()
    assert code == 1
    assert said.count("cannot be used") == 6


def test_a_machine_that_has_a_key_takes_no_other(run: Run, talk: Files):
    run("identity", "new", "--talk", talk.origin)
    ran = run("identity", "receive")
    assert ran.code == 4
    assert "already" in ran.err


def test_without_a_key_there_is_nothing_to_pair(run: Run, talk: Files):
    ran = run("identity", "pair", "--talk", talk.origin)
    assert ran.code == 4
    assert "identity new" in ran.err


def test_nothing_is_delivered_on_an_old_invitation():
    old = Pairing.begin(SITE, random=bytes(range(32)), invites=True)
    met = old.meet(Pairing.begin(SITE, random=bytes(range(1, 33)), invites=False).text)
    secrets = [(Domain(SITE, "s228"), 7)]
    assert devices.deliver(met, secrets, waited=PAIRING_SECONDS)
    with pytest.raises(Refused, match="ten minutes"):
        devices.deliver(met, secrets, waited=PAIRING_SECONDS + 1)


def test_a_new_backup_opens_with_its_new_code_only(run: Run, talk: Files, tmp_path: Path):
    first = run("identity", "new", "--talk", talk.origin).out
    target = tmp_path / "usb" / "backup.json"
    ran = run("identity", "backup", "--to", target)
    assert ran.code == 0, ran.err
    codes = [
        next(line.split()[-1] for line in out.splitlines() if "recovery code  " in line)
        for out in (first, ran.out)
    ]
    assert codes[0] != codes[1]
    secret = key_of(tmp_path / "home")["secret"]
    assert secret.encode() not in target.read_bytes()
    assert recovery.read_backup(target.read_bytes(), code=recovery.read_code(codes[1]))[1] == int(secret)
    with pytest.raises(Exception, match="does not open"):
        recovery.read_backup(target.read_bytes(), code=recovery.read_code(codes[0]))

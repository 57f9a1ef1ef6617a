"""From a ticket to a proof on the command line alone, against both real sites with real databases."""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from tests.cli.conftest import COMMAND, Ran, Run
from tests.factories.cast import ROOT, SITE
from tests.factories.ports import free_port

from openmai.anonymity.proof_file import verify_proof_file
from openmai.anonymity.rosters import open_index, open_statement
from openmai.cli.member.home import Home

# Alice works at Harbour Logistics with 24 colleagues who are enrolled already; prints a ticket for her.
COMMUNITY = """
import secrets
from datetime import timedelta
import django
django.setup()
from openmai.anonymity.enrolment import prove_enrolment
from openmai.anonymity.prover import Prover, new_secret
from openmai.anonymity.tickets import Answer, decode_ticket
from openmai.people import actions
from openmai.people.models import Employment, Member
from openmai.platform.clock import utc_now
from tests.factories.cast import read_artifacts
from tests.factories.people import employ, make_companies, make_member
prover = Prover(read_artifacts(1))
now = utc_now()
companies = make_companies(now=now)
for letter in "abcdefghijklmnopqrstuvwx":
    colleague = Member.objects.create_user(
        email=f"{letter}@home.example", password=None, real_name=f"Colleague {letter}", joined_on=now.date()
    )
    Employment.objects.create(
        member=colleague, company_id=companies["harbour-logistics"], method="code", verified_on=now.date(),
        valid_until=now.date() + timedelta(days=180),
    )
    issued = actions.issue_ticket(member_id=colleague.id, now=now, randbytes=secrets.token_bytes)
    ticket = decode_ticket(issued)
    commitment, proof = prove_enrolment(
        prover, secret=new_secret(secrets.randbelow), domain=ticket.domain, account=ticket.account,
        nonce=ticket.nonce, randbelow=secrets.randbelow,
    )
    answer = Answer(ticket, str(commitment), str(proof.nullifier), proof.points.hex())
    actions.enrol(answer=answer, now=now)
alice = make_member("Alice", now=now)
employ(alice, "alice@harbour.example", now=now)
print(actions.issue_ticket(member_id=alice.id, now=now, randbytes=secrets.token_bytes))
"""


def new_database(url: str) -> str:
    """A database of its own in the running cluster."""
    name = f"cli_{secrets.token_hex(8)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    parts = urlsplit(url)
    return parts._replace(path=f"/{name}").geturl()


def call(environment: dict[str, str], *command: str | Path) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@dataclass
class Sites:
    """Both sites, running. `ticket` is Alice's."""

    people: dict[str, str]
    talk: dict[str, str]
    origin: str
    ticket: str
    processes: dict[str, subprocess.Popen[bytes]]

    def start(self, name: str, environment: dict[str, str], *command: str) -> None:
        self.processes[name] = subprocess.Popen([COMMAND, *command], env=environment, cwd=ROOT)

    def start_talk(self) -> None:
        self.start("talk", self.talk, "serve", "talk", "--listen", self.origin.removeprefix("http://"))
        wait_for(f"{self.origin}/healthz")

    def kill(self, name: str) -> None:
        """As a power cut would, children included."""
        process = self.processes.pop(name)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        for each in [process.pid, *map(int, children)]:
            os.kill(each, signal.SIGKILL)
        process.wait(timeout=10)

    def stop(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            process.wait(timeout=30)


def wait_for(url: str) -> None:
    for _attempt in range(300):
        try:
            if httpx.get(url, timeout=5).is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"{url} does not answer")


@pytest.fixture(scope="module")
def sites(
    people_environment: dict[str, str],
    talk_environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Sites]:
    people_port, talk_port = free_port(), free_port()
    people_origin, origin = f"http://localhost:{people_port}", f"http://127.0.0.1:{talk_port}"
    shared = {
        "OPENMAI_PEOPLE_ORIGIN": people_origin,
        "OPENMAI_TALK_ORIGIN": origin,
        "OPENMAI_STATIC_DIR": str(ROOT / "build" / "static"),
        "OPENMAI_TICK_SECONDS": "4",
        "OPENMAI_EPOCH_SECONDS": "1",
        "OPENMAI_EPOCH_MIN_JOINERS": "1",
    }
    people, talk = people_environment | shared, talk_environment | shared
    people["OPENMAI_PEOPLE_DATABASE_URL"] = new_database(people["OPENMAI_PEOPLE_DATABASE_URL"])
    talk["OPENMAI_TALK_DATABASE_URL"] = new_database(talk["OPENMAI_TALK_DATABASE_URL"])
    talk["OPENMAI_ROSTER_SOURCE"] = people_origin
    # A database of its own has a log of its own.
    talk["OPENMAI_LOG_DIR"] = str(tmp_path_factory.mktemp("log"))
    call(people, COMMAND, "migrate", "--site", "people")
    call(talk, COMMAND, "migrate", "--site", "talk")
    django = {"DJANGO_SETTINGS_MODULE": "openmai.sites.people.settings"}
    ticket = call(people | django, sys.executable, "-c", COMMUNITY).split()[-1]
    running = Sites(people, talk, origin, ticket, {})
    running.start("people", people, "serve", "people", "--listen", f"127.0.0.1:{people_port}")
    running.start("worker", talk, "serve", "worker", "--site", "talk")
    running.start_talk()
    wait_for(f"{people_origin}/healthz")
    yield running
    running.stop()


def eventually(run: Run, *arguments: str) -> Ran:
    """Rosters need an epoch and a tick; the command says so until then."""
    for _attempt in range(40):
        ran = run(*arguments)
        if ran.code != 1:
            return ran
        assert "not in " in ran.err or "settled members" in ran.err or "no roster" in ran.err, ran.err
        time.sleep(0.5)
    raise AssertionError(ran.err)


def said_id(ran: Ran) -> str:
    return next(line.rpartition("/")[2] for line in ran.out.splitlines() if "/p/" in line)


def enrol(sites: Sites, run: Run) -> None:
    """A key of her own, and its commitment on the people site."""
    assert run("identity", "new", "--talk", sites.origin).code == 0
    enrolled = run("enrol", sites.ticket)
    assert enrolled.code == 0, enrolled.err
    assert "company/harbour-logistics/attested" in enrolled.out
    again = run("enrol", sites.ticket)
    assert again.code == 1
    assert "ticket-used" in again.err or "already-enrolled" in again.err


def publish_two_epochs(sites: Sites) -> None:
    """A leaf is in the roster from the next epoch on, and settled from the one after."""
    for _epoch in range(2):
        call(sites.people, COMMAND, "roster", "publish")
        time.sleep(1.1)


def open_thread(run: Run) -> str:
    text = ("--title", "Night shifts", "--body", "Six in a row?")
    unsaid = run("post", "--section", "work", *text)
    assert (unsaid.code, "--as and one of: harbour-logistics, industry/logistics, site" in unsaid.err) == (
        2,
        True,
    ), unsaid.err
    opened = eventually(run, "post", "--section", "work", *text, "--as", "harbour-logistics")
    assert opened.code == 0, opened.err
    assert "company/harbour-logistics/attested" in opened.out
    assert opened.out.strip().endswith("Published.")
    return said_id(opened)


def thread_of(sites: Sites, thread: str) -> dict[str, Any]:
    answer: dict[str, Any] = httpx.get(f"{sites.origin}/api/v1/threads/{thread}").json()
    return answer


def outbox(run: Run) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(run("outbox", "list", "--json").out)
    return listed


def speak_without_a_new_proof(sites: Sites, run: Run, thread: str) -> str:
    replied = run("reply", f"{sites.origin}/en/t/{thread}/", "--body", "No, really.")
    assert replied.code == 0, replied.err
    assert "Proving" not in replied.err
    page = thread_of(sites, thread)
    assert len(page["personas"]) == 1
    assert [each["content"]["body"] for each in page["replies"]] == ["No, really."]
    assert outbox(run) == []
    return said_id(replied)


def prove_it_to_others(sites: Sites, run: Run, thread: str, reply: str, saved: Path) -> None:
    """By a link, and by a saved file without any server."""
    verified = run("verify", f"{sites.origin}/p/{reply}")
    assert verified.code == 0, verified.out
    assert "verified employees of Harbour Logistics" in verified.out
    saved.write_bytes(httpx.get(f"{sites.origin}/p/{thread}/proof.json").content)
    assert verify_proof_file(saved.read_bytes()).opening.title == "Night shifts"


def fail_to_change_the_label(sites: Sites, run: Run, thread: str) -> None:
    """This machine knows how she entered the thread, and says so before anything is proved or sent."""
    other = run("reply", thread, "--body", "Somebody else here.", "--as", "site")
    assert other.code == 1
    assert "You speak in this thread as company/harbour-logistics/attested already" in other.err
    assert outbox(run) == []
    assert len(thread_of(sites, thread)["personas"]) == 1


def fail_to_be_somebody_else(sites: Sites, run: Run, home: Home, thread: str) -> None:
    """Also on a machine that has forgotten the first persona."""
    season = next(home.seasons())[1]
    (home.season(SITE, season) / "personas" / f"{thread}.json").unlink()
    other = run("reply", thread, "--body", "Somebody else here.", "--as", "site")
    assert other.code == 1
    assert "label-changed" in other.err
    [kept] = outbox(run)
    assert kept["state"] == "refused (label-changed)"
    assert run("outbox", "drop", kept["action"]).code == 0
    assert outbox(run) == []
    assert run("reply", thread, "--body", "Me again.", "--as", "harbour-logistics").code == 0
    assert len(thread_of(sites, thread)["personas"]) == 1


def survive_a_crash(sites: Sites, run: Run, thread: str) -> None:
    """What was accepted and not yet published is lost by the site, and sent again."""
    accepted = run("reply", thread, "--body", "Through the crash.", "--no-wait")
    assert accepted.code == 5
    assert "appears by" in accepted.err
    sites.kill("talk")
    assert run("outbox", "send").code == 3
    assert [each["text"] for each in outbox(run)] == ["Through the crash."]
    sites.start_talk()
    sent = run("outbox", "send", "--wait")
    assert sent.code == 0, sent.err
    assert outbox(run) == []
    bodies = [each["content"]["body"] for each in thread_of(sites, thread)["replies"]]
    assert bodies.count("Through the crash.") == 1


def keep_for_later(sites: Sites, run: Run, thread: str) -> None:
    later = run("reply", thread, "--body", "Some time tomorrow.", "--within", "24")
    assert later.code == 5
    [kept] = outbox(run)
    assert kept["state"] == "later"
    assert run("outbox", "send").code == 5
    assert [each["state"] for each in outbox(run)] == ["later"]
    assert run("outbox", "send", "--all", "--wait").code == 0
    assert outbox(run) == []


def bans_change(sites: Sites, *command: str | Path) -> None:
    """An operator's command, and the tick that makes it true."""
    before = httpx.get(f"{sites.origin}/api/v1/bans").json()["serial"]
    call(sites.talk, COMMAND, "ban", *command)
    for _attempt in range(100):
        if httpx.get(f"{sites.origin}/api/v1/bans").json()["serial"] > before:
            return
        time.sleep(0.2)
    raise AssertionError("the tick did not change the list")


def be_banned_and_freed(sites: Sites, run: Run, thread: str) -> None:
    """Olga bans whoever wrote the post; who that is nobody tells her."""
    link = f"{sites.origin}/en/t/{thread}/"
    bans_change(sites, "add", link, "--reason", "spam", "--until", "30d")
    assert "in force\t" in call(sites.talk, COMMAND, "ban", "list")
    silenced = run("reply", thread, "--body", "But I…")
    assert silenced.code == 1
    assert "This persona is banned until" in silenced.err
    assert run("outbox", "drop", outbox(run)[0]["action"]).code == 0
    elsewhere = "post --section work --title Again --body New. --as harbour-logistics".split()
    refused = run(*elsewhere)
    assert refused.code == 1
    assert "A post of yours was banned (spam)" in refused.err
    assert outbox(run) == []
    bans_change(sites, "lift", link)
    assert run(*elsewhere).code == 0
    again = (COMMAND, "ban", "lift", thread)
    told = subprocess.run(again, env=sites.talk, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (told.returncode, "is not banned" in told.stderr) == (1, True), told.stderr


def end_her_employment(sites: Sites) -> None:
    """What the operator does when the employer says that she has left."""
    command = (COMMAND, "employment", "end", "alice@home.example", "harbour-logistics")
    assert "has ended" in call(sites.people, *command)
    again = subprocess.run(command, env=sites.people, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (again.returncode, "No member with the address" in again.stderr) == (1, True), again.stderr
    before = live_members(sites)
    call(sites.people, COMMAND, "roster", "publish")
    assert live_members(sites) == before - 1


def live_members(sites: Sites) -> int:
    """Of the attested roster, as the people site publishes it."""
    with httpx.Client(base_url=sites.people["OPENMAI_PEOPLE_ORIGIN"]) as people:
        index = open_index(people.get("/rosters/index.json").content, key=None, domain=None)
        entry = next(each for each in index.rosters if each.roster.endswith("/attested"))
        envelope = people.get(f"/rosters/statements/{entry.statement.hex()}.json").content
    return open_statement(envelope, key=None, domain=None).statement.live


def test_alice_does_it_all_from_the_command_line(sites: Sites, run: Run, home: Home, tmp_path: Path):
    enrol(sites, run)
    publish_two_epochs(sites)
    thread = open_thread(run)
    reply = speak_without_a_new_proof(sites, run, thread)
    prove_it_to_others(sites, run, thread, reply, tmp_path / "proof.json")
    fail_to_change_the_label(sites, run, thread)
    fail_to_be_somebody_else(sites, run, home, thread)
    survive_a_crash(sites, run, thread)
    keep_for_later(sites, run, thread)
    be_banned_and_freed(sites, run, thread)
    end_her_employment(sites)


def test_olga_keeps_the_registry(sites: Sites):
    """Companies come in by the operator alone; what is wrong is said, and leaves nothing behind."""
    names = ("--name-en", "Orchard Foods", "--name-zh", "果园食品")
    add = (COMMAND, "company", "add", "orchard-foods", *names)
    wrong = subprocess.run(
        [*add, "--trade", "juice", "--domain", "orchard.example"],
        env=sites.people,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (wrong.returncode, "kitchen" in wrong.stderr) == (1, True), wrong.stderr
    added = call(sites.people, *add, "--trade", "kitchen", "--domain", "Orchard.example")
    assert added == "orchard-foods is registered.\n"
    assert "orchard.cn" in call(sites.people, COMMAND, "company", "domain", "orchard-foods", "orchard.cn")
    listed = call(sites.people, COMMAND, "company", "list").splitlines()
    assert "orchard-foods\tkitchen\tOrchard Foods\t果园食品\torchard.cn\torchard.example" in listed
    taken = (COMMAND, "company", "domain", "harbour-logistics", "orchard.cn")
    refused = subprocess.run(taken, env=sites.people, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (refused.returncode, "belongs to a company already" in refused.stderr) == (1, True)


def test_charlie_without_a_leaf_cannot_speak(sites: Sites, run: Run):
    assert run("identity", "new", "--talk", sites.origin).code == 0
    refused = run("post", "--section", "work", "--title", "Hello", "--body", "x", "--as", "site")
    assert refused.code == 1
    assert outbox(run) == []
    too_long = run("post", "--section", "work", "--title", "x" * 121, "--body", "x", "--as", "site")
    assert (too_long.code, "121 characters" in too_long.err) == (2, True)
    assert run("reply", "ab" * 32, "--body", "x").code == 1
    assert run("reply", "nonsense", "--body", "x").code == 2

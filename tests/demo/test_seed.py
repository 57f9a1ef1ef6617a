"""A small part of the community, filled in as all of it is: real keys, mails, proofs and ticks."""

import json
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from tests.factories.ports import free_port

from openmai.anonymity.proof_file import verify_proof_file
from openmai.anonymity.seasons import season_at
from openmai.demo.community.companies import load_visitors
from openmai.demo.community.threads import Thread, load_threads
from openmai.demo.companies import COMPANIES
from openmai.demo.dkim_keys import make_dkim_keys
from openmai.demo.environment import PACE
from openmai.demo.seeding import SeedFailed, run_part

ROOT = Path(__file__).resolve().parents[2]
MEMBERS = {"kestrel": 10, "luming": 10, "paperlantern": 10}
TITLES = (
    "A reviewer who rewrites your change instead of reviewing it",
    "策划笔试题：设计一个“让人愿意放下手机的游戏”",
)
THREADS = [thread for thread in load_threads() if thread.title in TITLES]


def new_database(url: str) -> str:
    """A database of its own in the running cluster."""
    name = f"seed_{secrets.token_hex(8)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def operator(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "openmai.cli.operator", *arguments]


@contextmanager
def serving(site: str, environment: dict[str, str], url: str) -> Iterator[None]:
    """The site at `url` as long as the block lasts; it ends in good order."""
    listen = f"127.0.0.1:{urlsplit(url).port}"
    process = subprocess.Popen(operator("serve", site, "--listen", listen), env=environment)
    try:
        give_up = time.monotonic() + 60
        while True:
            try:
                httpx.get(f"{url}/en/", timeout=5)
                break
            except httpx.TransportError:
                assert time.monotonic() < give_up
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        assert process.wait(timeout=30) == 0


@dataclass
class World:
    """What is there after both parts; `answer` is the people part's, `said` the progress of both."""

    people: dict[str, str]
    talk: dict[str, str]
    folder: Path
    answer: dict[str, Any] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def run(self, site: str, inbox: dict[str, Any]) -> dict[str, Any]:
        environment = self.people if site == "people" else self.talk
        log = self.folder / f"{site}.log"
        return run_part(
            site, inbox, environment=environment, log=log, wait=lambda p: p.wait(), say=self.said.append
        )

    def rows(self, site: str, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        name = f"OPENMAI_{site.upper()}_DATABASE_URL"
        with psycopg.connect((self.people | self.talk)[name]) as connection:
            return connection.execute(query, parameters or None).fetchall()

    def one(self, site: str, query: str) -> Any:
        return self.rows(site, query)[0][0]


@pytest.fixture(scope="module")
def world(
    people_environment: dict[str, str],
    talk_environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> World:
    folder = tmp_path_factory.mktemp("seed")
    make_dkim_keys(folder / "dkim", [each.domain for each in COMPANIES if each.slug in MEMBERS])
    people_origin, talk_origin = f"http://localhost:{free_port()}", f"http://127.0.0.1:{free_port()}"
    shared = PACE | {
        "OPENMAI_FLOOR": "8",
        "OPENMAI_PEOPLE_ORIGIN": people_origin,
        "OPENMAI_TALK_ORIGIN": talk_origin,
        "OPENMAI_STATIC_DIR": str(ROOT / "build" / "static"),
    }
    world = World(people_environment | shared, talk_environment | shared, folder)
    world.talk["OPENMAI_ROSTER_SOURCE"] = people_origin
    for site, environment in (("people", world.people), ("talk", world.talk)):
        url = f"OPENMAI_{site.upper()}_DATABASE_URL"
        environment[url] = new_database(environment[url])
        subprocess.run(operator("migrate", "--site", site), env=environment, check=True, capture_output=True)
    world.answer = world.run("people", {"dkim_keys": str(folder / "dkim"), "companies": MEMBERS})
    with serving("people", world.people, people_origin):
        world.run("talk", {"speakers": world.answer["speakers"], "threads": TITLES})
    return world


def test_everybody_is_verified_and_enrolled_but_the_visitors(world: World):
    assert world.one("people", "SELECT count(*) FROM people_enrolment") == 30
    here = [visitor for visitor in load_visitors() if not visitor.works_at or visitor.works_at in MEMBERS]
    assert world.one("people", "SELECT count(*) FROM people_member") == 30 + len(here)
    employed = sum(bool(visitor.works_at) for visitor in here)
    assert world.one("people", "SELECT count(*) FROM people_employment") == 30 + employed
    confirmed = world.rows("people", "SELECT verified FROM account_emailaddress")
    assert confirmed == [(True,)] * (30 + len(here))


def test_signed_mails_made_labels_provable(world: World):
    kinds = world.rows("people", "SELECT kind, count(*) FROM people_evidence GROUP BY kind ORDER BY kind")
    # Each member has this site's word; twenty have their employer's signature too.
    assert kinds == [("code", 30), ("dkim", 20)]
    kept = world.rows(
        "talk", "SELECT roster, live, settled FROM talk_rosterepoch WHERE superseded_at IS NULL ORDER BY 1"
    )
    assert kept == [
        ("company/kestrel/attested", 10, 10),
        ("company/kestrel/provable", 10, 10),
        ("company/luming/attested", 10, 10),
        ("company/luming/provable", 10, 10),
        ("company/paperlantern/attested", 10, 10),
        ("industry/tech/attested", 30, 30),
        ("industry/tech/provable", 20, 20),
        ("site", 30, 30),
    ]


def test_rosters_were_published_over_past_days(world: World):
    times = [
        row[0]
        for row in world.rows(
            "people",
            """SELECT published_at FROM people_rosterepoch JOIN people_roster r ON r.id = roster_id
               WHERE r.name = 'site' ORDER BY epoch""",
        )
    ]
    assert len(times) == 3
    assert times == sorted(times)
    season = datetime.fromtimestamp(season_at(int(time.time())).starts, UTC)
    assert times[0] >= season
    if times[0] - season > timedelta(days=5):
        assert timedelta(hours=4) < datetime.now(UTC) - times[-1] < timedelta(days=5)


def test_no_mail_and_no_half_finished_business_is_left(world: World):
    for table in ("procrastinate_jobs", "people_codechallenge", "people_mailproof WHERE state = 'waiting'"):
        assert world.one("people", f"SELECT count(*) FROM {table}") == 0  # noqa: S608 - from the line above


def said_in(thread: Thread) -> list[str]:
    return [thread.body, *(line.text for line in thread.replies)]


def test_each_thread_was_said_in_its_order_by_its_cast(world: World):
    for thread in THREADS:
        posts = world.rows(
            "talk",
            """SELECT p.content->>'body', p.tick, p.persona_id, q.content->>'body', a.roster
                FROM talk_post p JOIN talk_thread t ON t.id = p.thread_id
                JOIN talk_persona a ON a.id = p.persona_id LEFT JOIN talk_post q ON q.id = p.parent_id
                WHERE t.title = %s ORDER BY p.position""",
            thread.title,
        )
        assert [post[0] for post in posts] == said_in(thread)
        ticks = [post[1] for post in posts]
        assert ticks == sorted(set(ticks))
        assert ticks[-1] <= datetime.now(UTC)
        assert len({post[2] for post in posts}) == len(thread.cast)
        for post, line in zip(posts[1:], thread.replies, strict=True):
            assert post[3] == (None if line.answers is None else thread.replies[line.answers].text)
            assert post[4] == thread.cast[line.voice].roster


def test_a_persona_proved_once(world: World):
    personas = sum(len(thread.cast) for thread in THREADS)
    assert world.one("talk", "SELECT count(*) FROM talk_join") == personas
    assert world.one("talk", "SELECT count(*) FROM talk_persona") == personas


def test_secrets_are_written_nowhere(world: World):
    logs = b"".join(path.read_bytes() for path in world.folder.glob("*.log"))
    for speaker in world.answer["speakers"]:
        assert speaker["secret"].encode() not in logs
    for site in ("people", "talk"):
        tables = world.rows(site, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        held = json.dumps([world.rows(site, _everything(name)) for (name,) in tables])
        secret, commitment = world.answer["speakers"][0]["secret"], world.answer["speakers"][0]["commitment"]
        assert int(secret).to_bytes(32, "big").hex() not in held
        assert secret not in held
        # Commitments are no secret, and are seen where secrets are looked for.
        assert int(commitment).to_bytes(32, "big").hex() in held


def _everything(table: str) -> str:
    return f'SELECT t::text FROM "{table}" t'  # noqa: S608 - a name that the catalogue gave


def test_progress_is_told_with_the_time_that_is_left(world: World):
    assert any("members enrolled: 24 of 24" in line for line in world.said)
    assert any("posts published: 17 of 17" in line for line in world.said)


def test_anyone_can_check_what_was_said(world: World):
    [post] = world.rows("talk", "SELECT encode(id, 'hex') FROM talk_post WHERE position = 3 LIMIT 1")
    origin = world.talk["OPENMAI_TALK_ORIGIN"]
    with serving("talk", world.talk, origin):
        front = httpx.get(f"{origin}/en/").text
        file = httpx.get(f"{origin}/p/{post[0]}/proof.json").content
    for title in TITLES:
        assert title in front
    verified = verify_proof_file(file, roster_key=bytes.fromhex(world.talk["OPENMAI_ROSTER_PUBLIC_KEY"]))
    assert verified.crowd >= 10


def test_a_part_that_fails_says_so_with_the_end_of_its_log(world: World):
    with pytest.raises(SeedFailed, match="people part could not be filled") as failure:
        world.run("people", {"dkim_keys": str(world.folder / "dkim"), "companies": MEMBERS})
    # The companies are there already; the log names the place and no value.
    assert "actions.py" in str(failure.value)
    assert "luming" not in str(failure.value)

"""Rosters from the people site: fetched over HTTP, believed only when everything fits, served again."""

import secrets
import threading
import tracemalloc
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.factories.cast import HARBOUR, SEASON, Cast, PublishedRoster
from tests.talk.conftest import Talk

from openmai.anonymity.documents import DocumentRefused, WrongSite
from openmai.anonymity.encoding import Domain, sha256
from openmai.anonymity.keys import BadSignature
from openmai.anonymity.limits import MAX_STATEMENT
from openmai.anonymity.paths import Since, WrongPaths, build_paths
from openmai.anonymity.rosters import (
    StaleIndex,
    WrongLeaves,
    WrongRosterKey,
    open_index,
    open_statement,
    sign_index,
    sign_statement,
)
from openmai.platform.wal import HourlyMark
from openmai.talk import snapshots
from openmai.talk.actions import keep_snapshot
from openmai.talk.models import RosterEpoch, RosterIndex, RosterLeaves, RosterPaths
from openmai.talk.queries import rosters as known
from openmai.talk.snapshots import RosterSource
from openmai.talk.worker import refresh


class PeopleSite:
    """What the talk worker reads of the people site; the test puts in what it likes."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.status = 200
        self.encoding = ""
        self.asked: list[str] = []
        self.accepted: set[str] = set()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                site.accepted.add(self.headers.get("Accept-Encoding", ""))
                body = site.files.get(self.path, b"")
                self.send_response(site.status if body else 404)
                self.send_header("Location", "/rosters/elsewhere")
                self.send_header("Content-Length", str(len(body)))
                if site.encoding:
                    self.send_header("Content-Encoding", site.encoding)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def publish(self, cast: Cast, *rosters: PublishedRoster, serial: int = 1) -> None:
        listed = rosters or tuple(cast.rosters.values())
        self.files["/rosters/index.json"] = cast.index(serial=serial, rosters=listed)
        for each in listed:
            self.files[f"/rosters/statements/{each.signed.name.hex()}.json"] = each.signed.envelope
            self.files[f"/rosters/journals/{each.statement.journal.hex()}.json"] = each.journal.data
            self.files[f"/rosters/paths/{each.statement.paths.hex()}.bin"] = each.paths


@pytest.fixture
def people() -> Iterator[PeopleSite]:
    site = PeopleSite()
    yield site
    site.server.shutdown()
    site.server.server_close()


@pytest.fixture
def fetching(empty_talk: Talk, people: PeopleSite, db: None) -> Iterator[Talk]:
    empty_talk.source = RosterSource(people.origin)  # type: ignore[attr-defined] # the fixture's own
    with empty_talk.source:  # type: ignore[attr-defined]
        yield empty_talk


def fetch(talk: Talk) -> int:
    return refresh(talk.source, rules=talk.rules, now=talk.now)  # type: ignore[attr-defined]


def held(talk: Talk) -> dict[str, int]:
    """The epochs in force; devices are told of them at the tick."""
    return {each.roster: each.epoch for each in known.roster_listing(SEASON, floor=0).rosters}


def test_what_was_published_is_taken_over_and_served_again(fetching: Talk, people: PeopleSite):
    people.publish(fetching.cast)
    assert fetch(fetching) == 4
    for path, data in people.files.items():
        # What journals say is in the log.
        assert "/journals/" in path or fetching.get(path).content == data, path
    for each in fetching.cast.rosters.values():
        assert fetching.get(f"/rosters/leaves/{each.statement.leaves.hex()}.bin").content == each.leaves
    statement = next(path for path in people.files if "statements" in path)
    assert fetching.get(statement)["Cache-Control"] == "public, max-age=31536000, immutable"
    fetching.read_checkpoints()
    fetching.accepted(fetching.cast.submission(fetching.cast.alice, fetching.cast.opening()))


def test_nothing_new_costs_one_request(fetching: Talk, people: PeopleSite):
    people.publish(fetching.cast)
    fetch(fetching)
    people.asked.clear()
    assert fetch(fetching) == 0
    assert people.asked == ["/rosters/index.json"]


def test_a_new_epoch_supersedes_the_old_one(fetching: Talk, people: PeopleSite):
    people.publish(fetching.cast)
    fetch(fetching)
    newer = fetching.cast.follow(fetching.cast.rosters[HARBOUR], joined=6, removed=[0])
    others = [each for name, each in fetching.cast.rosters.items() if name != HARBOUR]
    people.publish(fetching.cast, newer, *others, serial=2)
    people.asked.clear()
    assert fetch(fetching) == 1
    assert len(people.asked) == 4
    assert held(fetching)[HARBOUR] == 2
    old = RosterEpoch.objects.get(roster=HARBOUR, epoch=1)
    assert old.superseded_at == fetching.now
    assert RosterLeaves.objects.filter(id=old.leaves).exists()

    fetching.pass_time(fetching.rules.root_grace * 2)
    people.publish(fetching.cast, newer, *others, serial=3)
    fetch(fetching)
    assert not RosterLeaves.objects.filter(id=old.leaves).exists()
    assert not RosterPaths.objects.filter(id=old.paths).exists()
    assert fetching.get(f"/rosters/statements/{bytes(old.id).hex()}.json").status_code == 200


def test_of_two_workers_the_slower_one_puts_no_older_epoch_in_force(fetching: Talk, people: PeopleSite):
    domain = fetching.rules.domain(fetching.now)
    people.publish(fetching.cast)
    slow = snapshots.fetch_snapshot(
        fetching.source,  # type: ignore[attr-defined]  # the fixture's own
        held=known.held(domain.season),
        key=fetching.rules.roster_key,
        domain=domain,
        randbits=secrets.randbits,
    )
    assert slow is not None
    newer = fetching.cast.follow(fetching.cast.rosters[HARBOUR], joined=6, removed=[0])
    others = [each for name, each in fetching.cast.rosters.items() if name != HARBOUR]
    people.publish(fetching.cast, newer, *others, serial=2)
    fetch(fetching)
    keep_snapshot(slow, rules=fetching.rules, now=fetching.now)
    assert held(fetching)[HARBOUR] == 2


def test_a_roster_that_the_index_no_longer_names_is_superseded(fetching: Talk, people: PeopleSite):
    people.publish(fetching.cast)
    fetch(fetching)
    people.publish(fetching.cast, fetching.cast.rosters["site"], serial=2)
    fetch(fetching)
    assert set(held(fetching)) == {"site"}


def refuses(talk: Talk, error: type[Exception]) -> None:
    before = held(talk), RosterIndex.objects.values_list("serial", flat=True).first()
    with pytest.raises(error):
        fetch(talk)
    assert (held(talk), RosterIndex.objects.values_list("serial", flat=True).first()) == before


def test_a_lower_serial_is_refused(fetching: Talk, people: PeopleSite):
    people.publish(fetching.cast, serial=5)
    fetch(fetching)
    people.publish(fetching.cast, serial=4)
    refuses(fetching, StaleIndex)


def test_two_indexes_of_one_serial_are_refused(fetching: Talk, people: PeopleSite):
    people.publish(fetching.cast)
    fetch(fetching)
    people.publish(fetching.cast, fetching.cast.rosters["site"])
    refuses(fetching, snapshots.ForkedIndex)


def test_an_older_epoch_is_refused(fetching: Talk, people: PeopleSite):
    first = fetching.cast.rosters["site"]
    people.publish(fetching.cast, first)
    people.publish(fetching.cast, fetching.cast.follow(first, joined=5))
    fetch(fetching)
    people.publish(fetching.cast, fetching.cast.rosters["site"], serial=2)
    refuses(fetching, snapshots.StaleEpoch)


def test_two_statements_of_one_epoch_are_refused(fetching: Talk, people: PeopleSite):
    people.publish(fetching.cast)
    fetch(fetching)
    other = fetching.cast.sign_roster("site", fetching.cast.rosters["site"].tree.leaves[:30])
    people.publish(fetching.cast, other, serial=2)
    refuses(fetching, snapshots.ForkedEpoch)


def test_a_forged_index_is_refused(fetching: Talk, people: PeopleSite):
    people.publish(fetching.cast)
    good = people.files["/rosters/index.json"]
    people.files["/rosters/index.json"] = good.replace(b'"serial":1', b'"serial":2')
    refuses(fetching, BadSignature)
    people.files["/rosters/index.json"] = good + b"\n"
    refuses(fetching, DocumentRefused)


def test_another_signer_is_refused(fetching: Talk, people: PeopleSite, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fetching.cast, "signing_key", Ed25519PrivateKey.generate())
    people.publish(fetching.cast)
    refuses(fetching, WrongRosterKey)


def test_a_statement_by_another_signer_is_refused(fetching: Talk, people: PeopleSite):
    mallory = Ed25519PrivateKey.generate()
    forged = fetching.cast.sign_roster("site", [1, 2, 3] * 10, signing_key=mallory)
    people.publish(fetching.cast, forged)
    refuses(fetching, WrongRosterKey)


def test_a_statement_of_another_site_is_refused(fetching: Talk, people: PeopleSite):
    people.publish(
        fetching.cast, fetching.cast.publish("site", others=30, domain=Domain("evil.example", "s228"))
    )
    refuses(fetching, WrongSite)


def test_a_statement_that_is_not_what_its_name_says_is_refused(fetching: Talk, people: PeopleSite):
    people.publish(fetching.cast)
    path = next(path for path in people.files if "statements" in path)
    people.files[path] = people.files[path].replace(b'"epoch":1', b'"epoch":2')
    refuses(fetching, snapshots.WrongFile)


def test_a_statement_about_another_roster_is_refused(
    fetching: Talk, people: PeopleSite, monkeypatch: pytest.MonkeyPatch
):
    site, harbour = fetching.cast.rosters["site"], fetching.cast.rosters[HARBOUR]
    people.publish(fetching.cast, site, harbour)
    index = open_index(people.files["/rosters/index.json"], key=None, domain=None)
    swapped = tuple(replace(entry, statement=site.signed.name) for entry in index.rosters)
    people.files["/rosters/index.json"] = sign_index(
        replace(index, rosters=swapped), fetching.cast.signing_key
    )
    refuses(fetching, snapshots.WrongStatement)


def test_leaves_that_do_not_give_the_root_are_refused(fetching: Talk, people: PeopleSite):
    site = fetching.cast.rosters["site"]
    wrong = replace(site.statement, root=site.statement.root + 1)
    envelope = sign_statement(wrong, fetching.cast.signing_key)
    people.publish(fetching.cast, replace(site, signed=open_statement(envelope, key=None, domain=None)))
    refuses(fetching, WrongLeaves)


def test_a_file_without_end_is_not_read_to_its_end(fetching: Talk, people: PeopleSite):
    people.publish(fetching.cast)
    path = next(path for path in people.files if "statements" in path)
    people.files[path] = b" " * (MAX_STATEMENT + 1)
    refuses(fetching, snapshots.FileTooLarge)


def test_plain_bytes_are_asked_for(fetching: Talk, people: PeopleSite):
    people.publish(fetching.cast)
    fetch(fetching)
    assert people.accepted == {"identity"}


def test_a_compressed_file_is_refused_before_it_can_grow(fetching: Talk, people: PeopleSite):
    """A hundred kilobytes on the way, a hundred megabytes in memory, before anybody could count them."""
    people.publish(fetching.cast)
    people.files["/rosters/index.json"] = zlib.compress(bytes(100_000_000), wbits=31)
    people.encoding = "gzip"
    tracemalloc.start()
    try:
        refuses(fetching, snapshots.EncodedFile)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 10_000_000


def test_a_file_that_calls_itself_plain_is_taken(fetching: Talk, people: PeopleSite):
    people.publish(fetching.cast)
    people.encoding = "identity"
    assert fetch(fetching) == 4


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_people_site_in_trouble_changes_nothing(fetching: Talk, people: PeopleSite, status: int):
    people.publish(fetching.cast)
    people.status = status
    refuses(fetching, snapshots.SourceUnreachable)
    assert people.asked == ["/rosters/index.json"]


def test_a_people_site_that_is_away_changes_nothing(fetching: Talk, people: PeopleSite):
    people.server.shutdown()
    people.server.server_close()
    refuses(fetching, snapshots.SourceUnreachable)


@pytest.mark.django_db(transaction=True)
def test_the_worker_keeps_trying_until_it_is_stopped(
    empty_talk: Talk, people: PeopleSite, monkeypatch: pytest.MonkeyPatch
):
    from openmai.platform.config import load_talk
    from openmai.talk import worker

    config = load_talk().model_copy(
        update={
            "roster_source": people.origin,
            "roster_public_key": empty_talk.cast.roster_key,
            "tick_seconds": 1,
        }
    )
    monkeypatch.setattr(worker, "_LONGEST_PAUSE", 0.02)
    marks: list[bool] = []
    write = HourlyMark.write_if_due

    def counted(mark: HourlyMark, connection: object, *, now: datetime) -> bool:
        marks.append(write(mark, connection, now=now))
        return marks[-1]

    monkeypatch.setattr(HourlyMark, "write_if_due", counted)
    stop = threading.Event()
    thread = threading.Thread(
        target=worker.run, args=(config,), kwargs={"stop": stop, "clock": lambda: empty_talk.now}
    )
    thread.start()
    while len(people.asked) < 2:
        thread.join(0.01)
    people.publish(empty_talk.cast)
    for _ in range(500):
        if RosterEpoch.objects.count() == 4:
            break
        thread.join(0.02)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert RosterEpoch.objects.count() == 4
    assert marks.count(True) == 1, "the write-ahead log is marked once an hour, not once a round"
    assert len(marks) > 1


def test_a_paths_file_that_does_not_fit_the_leaves_is_refused(fetching: Talk, people: PeopleSite):
    """Olga signs a file whose nodes are those of another roster, or one that says that Bob was removed."""
    harbour, other = (fetching.cast.rosters[name] for name in (HARBOUR, "site"))
    nodes = build_paths(other.tree, epoch=1, since=Since(0, 0), removed=())
    for paths in (nodes, b"", harbour.paths[:-1]):
        said = replace(harbour.statement, paths=sha256(paths))
        signed = open_statement(sign_statement(said, fetching.cast.signing_key), key=None, domain=None)
        people.publish(fetching.cast, replace(harbour, signed=signed, paths=paths))
        refuses(fetching, WrongPaths if paths else snapshots.SourceUnreachable)

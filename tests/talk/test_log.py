"""The site's log: what is accepted is in it, nothing in it ever changes, and its files say the same."""

import json
import secrets
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from tests.factories.cast import DOMAIN, HARBOUR
from tests.talk.conftest import Talk
from tests.talk.refusing import check_refused
from tests.talk.test_rosters import fetching, people

from openmai.anonymity.encoding import canonical_json, sha256
from openmai.anonymity.log.checkpoints import open_checkpoint
from openmai.anonymity.log.entries import entry, parse_entry
from openmai.anonymity.log.merkle import fold, leaf_hash
from openmai.anonymity.log.tiles import Tile, new_tiles
from openmai.anonymity.log.view import LogTrust
from openmai.anonymity.proof_file import CLAIMS, verify_proof_file
from openmai.cli.log.following import verify_log
from openmai.talk import log_files
from openmai.talk.actions.log import append
from openmai.talk.log_facts import due_facts
from openmai.talk.models import LogCheckpoint, LogEntry, LogNode, RosterEpoch
from openmai.talk.queries.log import log_size, log_tree, tile_data

__all__ = ["fetching", "people"]


class ServedLog:
    """The log as anybody reads it."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk

    def checkpoint(self) -> bytes:
        return self._get("/log/checkpoint")

    def tile(self, tile: Tile) -> bytes:
        return self._get(f"/log/{tile.path}")

    def _get(self, path: str) -> bytes:
        response = self.talk.get(path)
        assert response.status_code == 200, path
        return bytes(response.content)


def followed(talk: Talk) -> dict[str, int]:
    """Read the served log to its end, with all checks; how many entries of each kind it has."""
    return verify_log(
        ServedLog(talk),
        site=talk.rules.site,
        trust=talk.rules.log_trust,
        seen=None,
        randbits=secrets.randbits,
        report=lambda _done, _total: None,
    ).audit.found


def add(talk: Talk, count: int) -> None:
    """Entries of no meaning, to let the log grow."""
    entries = [entry("disclosures", DOMAIN, count=log_size() + at) for at in range(count)]
    with transaction.atomic():
        append(entries, domain=DOMAIN, rules=talk.rules)


def test_every_roster_and_every_post_is_in_the_log_that_anybody_can_check(talk: Talk):
    opening = talk.cast.opening()
    talk.published(talk.cast.submission(talk.cast.alice, opening))
    talk.published(talk.cast.submission(talk.cast.bob, talk.cast.reply(opening)))
    found = followed(talk)
    leaves = sum(len(each.journal.joined) for each in talk.cast.rosters.values())
    enrolled = {claim.commitment for each in talk.cast.rosters.values() for claim in each.journal.enrolments}
    assert found == {
        "season": 1, "artifacts": 1, "enrolment": len(enrolled), "leaf": leaves, "removal": 4, "roster": 4,
        "tick": 2, "observation": 4, "standing": 3,
    }  # fmt: skip


def test_an_epoch_is_in_force_only_with_its_place_in_the_log(talk: Talk):
    for epoch in RosterEpoch.objects.all():
        logged = parse_entry(bytes(LogEntry.objects.get(index=epoch.log_index).data))
        assert (logged.kind, logged.facts["statement"]) == ("roster", bytes(epoch.id).hex())
        assert bytes(epoch.log_root) == log_tree(epoch.log_index + 1).root()
    with pytest.raises(IntegrityError), transaction.atomic():
        RosterEpoch.objects.filter(roster=HARBOUR).update(log_index=-1)
    with pytest.raises(IntegrityError), transaction.atomic():
        RosterEpoch.objects.filter(roster=HARBOUR).update(log_root=b"")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE talk_logentry SET data = '', hash = sha256('\\x00') WHERE index = 0",
        "DELETE FROM talk_logentry WHERE index = 1",
        "UPDATE talk_logcheckpoint SET note = ''",
        "DELETE FROM talk_logcheckpoint",
        "DELETE FROM talk_lognode",
        "UPDATE talk_logenrolment SET entry_id = 0",
        "INSERT INTO talk_logentry SELECT index + 1000, kind, data, hash FROM talk_logentry WHERE index = 0",
        "INSERT INTO talk_logentry SELECT max(index) + 1, 'tick', 'x', sha256('y') FROM talk_logentry",
    ],
)
def test_the_database_lets_nobody_change_the_log(talk: Talk, statement: str):
    add(talk, 300)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_proof_file_carries_what_the_log_says(talk: Talk):
    opening = talk.cast.opening()
    talk.published(talk.cast.submission(talk.cast.alice, opening))
    add(talk, 600)
    file = talk.get(f"/p/{opening.id.hex()}/proof.json").content
    post = verify_proof_file(file, roster_key=talk.cast.roster_key, log=talk.rules.log_trust)
    assert post.claims == CLAIMS
    assert post.logged.tick == "2026-03-20T10:10:00Z"
    assert post.logged.roster_index < post.logged.tick_index < post.logged.head.size == log_size()


def test_a_tick_with_more_posts_than_an_entry_holds_has_more_entries(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("openmai.anonymity.log.entries.MAX_POSTS", 1)
    openings = [talk.cast.opening(title=title) for title in ("Night shifts", "Pay")]
    talk.published(*(talk.cast.submission(talk.cast.alice, each) for each in openings))
    assert followed(talk)["tick"] == 2
    for each in openings:
        file = talk.get(f"/p/{each.id.hex()}/proof.json").content
        assert verify_proof_file(file, log=talk.rules.log_trust).post_id == each.id


def test_changed_slots_are_logged_with_the_next_tick_though_nobody_speaks(talk: Talk):
    """Members compare them with the log: else nobody could speak until somebody had."""
    before = log_size()
    talk.tick()
    assert log_size() == before, "nothing changed"
    talk.rules = replace(talk.rules, slots=7)
    talk.tick()
    artifacts, standing = (
        parse_entry(bytes(each.data)) for each in LogEntry.objects.filter(index__gte=before)
    )
    assert (artifacts.kind, artifacts.facts["slots"]) == ("artifacts", 7)
    assert standing.facts == {"artifacts": before, "bans": {}}
    followed(talk)


def test_a_join_under_another_log_is_refused(talk: Talk):
    """The operator shows Alice another log than it keeps: what she signs says so, and does not fit."""
    opening = talk.cast.opening()
    name = talk.cast.rosters[HARBOUR].signed.name
    talk.cast.checkpoints[name] = talk.cast.log.heads[name].text
    body = talk.cast.submission(talk.cast.alice, opening)
    check_refused(talk, body, status=422, code="wrong-checkpoint", pointer="/join/checkpoint")
    document = json.loads(body)
    document["join"]["checkpoint"] = talk.get("/api/v1/rosters").json()["rosters"][0]["log"]["root"]
    check_refused(
        talk, canonical_json(document), status=422, code="not-canonical", pointer="/join/checkpoint"
    )


def test_a_root_that_only_ages_is_joined_under_either_epochs_checkpoint(talk: Talk):
    old = talk.cast.rosters[HARBOUR]
    older = talk.cast.checkpoint_of(old)
    young = talk.cast.follow(old)
    assert young.statement.root == old.statement.root
    talk.take_over(young, serial=2)
    assert talk.cast.checkpoint_of(young) != older
    for roster, title in ((old, "Old"), (young, "Young")):
        talk.accepted(talk.cast.submission(talk.cast.alice, talk.cast.opening(title=title), roster))


def test_a_thread_tells_what_its_personas_saw_of_the_log(talk: Talk):
    opening = talk.cast.opening()
    talk.published(talk.cast.submission(talk.cast.alice, opening))
    young = talk.cast.follow(talk.cast.rosters[HARBOUR])
    talk.take_over(young, serial=2)
    talk.published(talk.cast.submission(talk.cast.bob, talk.cast.reply(opening), young))
    carried = talk.get(f"/api/v1/threads/{opening.id.hex()}").json()["checkpoints"]
    assert carried == [talk.cast.checkpoint_of(each) for each in (talk.cast.rosters[HARBOUR], young)]


def test_the_site_says_whom_to_believe_about_its_log(talk: Talk):
    said = talk.get("/api/v1/site").json()["log"]
    assert said == {
        "origin": "test.openmai.example/log",
        "key": talk.cast.log.note_key.text,
        "witnesses": [],
        "quorum": 0,
    }
    for roster in talk.get("/api/v1/rosters").json()["rosters"]:
        name = bytes.fromhex(roster["statement"])
        assert f"{roster['log']['size']} {roster['log']['root']}" == talk.cast.checkpoints[name]


# Files


def test_the_files_are_those_of_the_database_and_partial_ones_are_replaced(talk: Talk):
    root = talk.rules.log_dir
    log_files.publish(root, quorum=0)
    first = log_size()
    assert (root / Tile(0, 0, first).path).exists() or first > 256
    add(talk, 700)
    log_files.publish(root, quorum=0)
    size = log_size()
    assert {path for tile in new_tiles(0, size) if not (root / (path := tile.path)).is_file()} == set()
    for tile in new_tiles(0, size):
        assert (root / tile.path).read_bytes() == tile_data(tile)
    assert not (root / "tile/0/000.p").exists(), "the full tile is there"
    assert open_checkpoint((root / "checkpoint").read_bytes(), talk.cast.log.note_key).head.size == size


def test_files_are_served_in_front_and_what_is_missing_comes_from_the_database(talk: Talk):
    add(talk, 300)
    log_files.publish(talk.rules.log_dir, quorum=0)
    passed: list[str] = []

    def behind(environ: dict[str, Any], start: Any) -> list[bytes]:
        passed.append(environ["PATH_INFO"])
        start("404 Not Found", [])
        return []

    served = log_files.LogFiles(
        behind, root=talk.rules.log_dir, headers={"X-Content-Type-Options": "nosniff"}
    )

    def get(path: str, method: str = "GET") -> tuple[str, dict[str, str], bytes]:
        answer: list[Any] = []
        body = b"".join(
            served({"PATH_INFO": path, "REQUEST_METHOD": method}, lambda *said: answer.extend(said))
        )
        return answer[0], dict(answer[1]), body

    status, headers, body = get("/log/tile/0/000")
    assert (status, body) == ("200 OK", tile_data(Tile(0, 0)))
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert headers["X-Content-Type-Options"] == "nosniff"
    status, headers, _ = get("/log/checkpoint", "HEAD")
    assert headers["Content-Type"] == "text/plain; charset=utf-8"
    assert headers["Cache-Control"] == "public, max-age=1"
    assert passed == []
    for path in ("/log/tile/0/../0/000", "/log/../secret", "/log/", "/log/.x", "/log/tile/0/999", "/logs"):
        get(path)
    assert len(passed) == 6, "only the names of tiles reach the disk"

    lost = talk.rules.log_dir / Tile(0, 0).path
    data = lost.read_bytes()
    lost.unlink()
    assert talk.get("/log/tile/0/000").content == data
    assert lost.read_bytes() == data
    assert talk.get("/log/tile/0/000.p/7").content == data[: 7 * 32], "of every size that was ever signed"
    assert talk.get("/log/tile/0/009").status_code == 404
    assert talk.get("/log/tile/0/000.p/256").json()["code"] == "not-found"


def test_a_database_that_was_set_back_does_not_overwrite_what_was_shown(talk: Talk, tmp_path: Path):
    add(talk, 10)
    log_files.publish(talk.rules.log_dir, quorum=0)
    shown = (talk.rules.log_dir / "checkpoint").read_bytes()
    later = talk.cast.log.checkpoint()
    assert later.head.size < log_size()
    (talk.rules.log_dir / "checkpoint").write_bytes(shown.replace(str(log_size()).encode(), b"99999"))
    with pytest.raises(log_files.LogLost):
        log_files.publish(talk.rules.log_dir, quorum=0)


def test_files_that_cannot_be_written_end_nobodys_work(
    talk: Talk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, transactional_db: None
):
    """The entries are committed, the trouble is told, and the next addition writes what is missing."""

    def lost(root: Path, *, quorum: int) -> None:
        raise log_files.LogLost(root)

    monkeypatch.setattr(log_files, "publish", lost)
    before = log_size()
    add(talk, 1)
    assert log_size() > before
    assert any("publish" in record.getMessage() for record in caplog.records)


def test_the_site_logs_its_season_its_artifacts_and_the_bundle_once_and_again_when_they_change(
    talk: Talk, tmp_path: Path
):
    static = tmp_path / "built"
    static.mkdir()
    (static / "app.1234abcd.js").write_bytes(b"alert()")
    (static / "manifest.json").write_text(json.dumps({"app.js": "app.1234abcd.js"}))
    talk.rules = replace(talk.rules, static_dir=static)
    add(talk, 1)
    add(talk, 1)
    bundle = parse_entry(bytes(LogEntry.objects.get(kind="bundle").data))
    assert bundle.facts["files"] == {"app.js": sha256(b"alert()").hex()}
    artifacts = parse_entry(bytes(LogEntry.objects.get(kind="artifacts").data))
    assert artifacts.facts["gate"]["gate.zkey"] == talk.rules.gate.served.sha256
    assert bundle.facts["manifest"] == sha256((static / "manifest.json").read_bytes()).hex()
    later = replace(DOMAIN, season="s229")
    due = due_facts(later, known={"season": bundle}, answered=None, rules=talk.rules)
    assert [each.kind for each in due] == ["season", "artifacts", "bundle"]


def test_the_hashes_of_complete_subtrees_are_kept(talk: Talk):
    add(talk, 600)
    row = [leaf_hash(bytes(row.data)) for row in LogEntry.objects.order_by("index")]
    for level in (1, 2):
        row = [fold(row[at : at + 16]) for at in range(0, len(row) // 16 * 16, 16)]
        kept = LogNode.objects.filter(level=level).order_by("index")
        assert [bytes(each.hash) for each in kept] == row
    assert LogCheckpoint.objects.count() == 2
    assert LogTrust(talk.cast.log.note_key) == talk.rules.log_trust


def test_the_kept_hashes_can_be_computed_anew(talk: Talk):
    """As the migration does that came with more of them."""
    add(talk, 600)
    kept = list(LogNode.objects.order_by("level", "index").values_list("level", "index", "hash"))
    migration = import_module("openmai.talk.migrations.0006_log_nodes")
    with connection.schema_editor() as editor:
        migration.rebuild(apps, editor)
    assert list(LogNode.objects.order_by("level", "index").values_list("level", "index", "hash")) == kept

"""What `openmai doctor` says of the site's log."""

from tests.cli.conftest import Files, serve_log
from tests.clusters import site_environment
from tests.factories.cast import SITE, Cast

from openmai.anonymity.log.notes import COSIGNATURE, NoteKey
from openmai.cli.doctor_log import log_lines
from openmai.platform.config import load_talk


def test_a_log_is_looked_at_and_fewer_witnesses_than_asked_for_are_a_fault(cast: Cast, files: Files):
    seed = cast.log_key.private_bytes_raw().hex()
    key = NoteKey("walt.example", bytes(32), COSIGNATURE).text
    config = load_talk(
        {
            **site_environment(),
            "OPENMAI_SITE_ID": SITE,
            "OPENMAI_TALK_DATABASE_URL": "postgresql://a:b@127.0.0.1:1/c",
            "OPENMAI_TALK_ORIGIN": files.origin,
            "OPENMAI_LOG_SIGNING_KEY": seed,
            "OPENMAI_WITNESSES": f"{key} https://walt.example",
        }
    )
    serve_log(files, cast)
    log, witnesses = log_lines(config)
    assert log == ("log", True, f"{len(cast.log.entries)} entries, signed")
    assert witnesses[1], "none is asked for"
    _, (_, good, words) = log_lines(config.model_copy(update={"witness_quorum": 1}))
    assert not good
    assert words == "0 of 1 have signed the newest state; 1 are asked for"
    files.put("/log/checkpoint", cast.log.checkpoint().data.replace(b"\n\n", b"x\n\n"))
    ((_, good, _),) = log_lines(config)
    assert not good

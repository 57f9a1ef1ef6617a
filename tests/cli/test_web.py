"""HTTP from the member's side: bounded, without cookies, and nowhere that nobody asked for."""

import tracemalloc
import zlib

import httpx
import pytest
from tests.cli.conftest import Files
from tests.factories.cast import ARTIFACTS

from openmai.anonymity.artifacts import Artifacts
from openmai.cli.member.artifacts import load_artifacts
from openmai.cli.member.errors import Refused, Unreachable, Usage
from openmai.cli.member.home import write_bytes
from openmai.cli.member.show import Progress, plain
from openmai.cli.member.web import Web, read_origin


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://talk.example/en/p/x?y#z", "https://talk.example"),
        ("https://talk.example:8443", "https://talk.example:8443"),
        ("http://127.0.0.1:8001/", "http://127.0.0.1:8001"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://abcdefgh.onion", "http://abcdefgh.onion"),
    ],
)
def test_an_address_is_a_site(text: str, origin: str):
    assert read_origin(text) == origin


@pytest.mark.parametrize(
    "text",
    [
        "",
        "talk.example",
        "ftp://talk.example",
        "file:///etc/passwd",
        "http://talk.example",
        "http://localhost.example",
        "https://",
        "https://alice@talk.example",
        "https://talk.example:port",
        "http://[::1",
    ],
)
def test_other_addresses_are_refused(text: str):
    with pytest.raises(Usage):
        read_origin(text)


def test_a_redirect_is_not_followed(files: Files):
    files.put("/a", b"", status=302, location="/b")
    files.put("/b", b"{}")
    with pytest.raises(Unreachable, match="answered 302"):
        Web(files.origin).get("/a")
    assert [path for path, _headers in files.asked] == ["/a"]


def test_cookies_are_dropped_and_every_member_looks_alike(files: Files):
    files.put("/a", b"{}", set_cookie="who=alice; Path=/")
    web = Web(files.origin)
    web.get("/a")
    web.get("/a")
    for _path, headers in files.asked:
        assert "cookie" not in headers
        assert headers["user-agent"] == "openmai"
        assert "accept-language" not in headers


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (httpx.ConnectError("[Errno 111]"), "there is no connection to it"),
        (httpx.ReadTimeout("timed out"), "it took too long to answer"),
        (httpx.RemoteProtocolError("peer closed"), "the connection broke off"),
        (httpx.InvalidURL("no"), "this is no address"),
    ],
)
def test_why_no_answer_came_is_told_in_our_own_words(
    trouble: Exception, told: str, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_args: object, **_kwargs: object) -> None:
        raise trouble

    monkeypatch.setattr(httpx.Client, "stream", fail)
    with pytest.raises(Unreachable) as unreachable:
        Web("https://talk.example").get("/")
    assert str(unreachable.value) == f"https://talk.example cannot be reached: {told}."


def test_an_answer_has_a_limit(files: Files):
    files.put("/a", b"a" * 101)
    assert len(Web(files.origin).get("/a", limit=101)) == 101
    with pytest.raises(Unreachable, match="more than 100 bytes"):
        Web(files.origin).get("/a", limit=100)


def test_a_compressed_answer_is_refused_before_it_can_grow(files: Files):
    files.put("/a", zlib.compress(bytes(100_000_000), wbits=31), content_encoding="gzip")
    tracemalloc.start()
    try:
        with pytest.raises(Unreachable, match="compressed"):
            Web(files.origin).get("/a", limit=100)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 10_000_000
    assert {headers["accept-encoding"] for _path, headers in files.asked} == {"identity"}


def test_an_answer_that_is_cut_short_is_none(files: Files):
    files.put("/a", b"half", content_length="8")
    with pytest.raises(Unreachable):
        Web(files.origin).get("/a")


def test_a_problem_is_told_in_its_own_words(files: Files):
    body = b'{"code":"below-floor","detail":"Too few.","status":422}'
    files.put("/a", body, status=422, content_type="application/problem+json")
    with pytest.raises(Refused, match="Too few") as refused:
        Web(files.origin).post_json("/a", b"{}")
    assert refused.value.code == "below-floor"


def test_a_site_in_trouble_is_no_refusal(files: Files):
    body = b'{"code":"pool-full","detail":"Later.","status":503}'
    files.put("/a", body, status=503, content_type="application/problem+json")
    with pytest.raises(Unreachable, match="Later"):
        Web(files.origin).post_json("/a", b"{}")
    files.put("/a", b"<html>", status=500)
    with pytest.raises(Unreachable, match="answered 500"):
        Web(files.origin).get("/a")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"a":1,"a":2}', b"\xff"])
def test_what_is_no_object_is_no_answer(files: Files, body: bytes):
    files.put("/a", body)
    with pytest.raises(Unreachable, match="no JSON object"):
        Web(files.origin).get_json("/a")


def test_what_others_write_cannot_steer_the_terminal():
    assert plain("a\x1b[2Jb\u202ec\u2028d\ne") == "a�[2Jb�c�d\ne"


@pytest.fixture
def static(files: Files) -> Files:
    files.put("/static/manifest.json", b'{"artifacts/semaphore-1.wasm":"w","artifacts/semaphore-1.zkey":"z"}')
    files.put("/static/w", (ARTIFACTS / "semaphore-1.wasm").read_bytes())
    files.put("/static/z", (ARTIFACTS / "semaphore-1.zkey").read_bytes())
    return files


def test_artifacts_are_downloaded_once(static: Files, tmp_path):
    web = Web(static.origin)
    first = load_artifacts(1, web=web, cache=tmp_path, progress=Progress())
    assert isinstance(first, Artifacts)
    asked = len(static.asked)
    assert load_artifacts(1, web=web, cache=tmp_path, progress=Progress()) == first
    assert len(static.asked) == asked


def test_a_doctored_artifact_is_refused_and_not_kept(static: Files, tmp_path):
    data = bytearray((ARTIFACTS / "semaphore-1.zkey").read_bytes())
    data[-1] ^= 1
    static.put("/static/z", bytes(data))
    with pytest.raises(Refused, match="not the ceremony's"):
        load_artifacts(1, web=Web(static.origin), cache=tmp_path, progress=Progress())
    assert not list(tmp_path.rglob("*.zkey"))


def test_a_doctored_cache_is_replaced(static: Files, tmp_path):
    web = Web(static.origin)
    load_artifacts(1, web=web, cache=tmp_path, progress=Progress())
    for kept in tmp_path.rglob("*.wasm"):
        write_bytes(kept, b"doctored")
    load_artifacts(1, web=web, cache=tmp_path, progress=Progress())
    assert b"doctored" not in [path.read_bytes() for path in tmp_path.rglob("*.wasm")]

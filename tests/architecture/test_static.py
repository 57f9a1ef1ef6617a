"""Static files: named by their manifest, kept for ever by browsers, under the site's own headers."""

import gzip
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from tests.factories.frame import POLICY

from openmai.web.static import (
    REQUIRED,
    ManifestUnreadable,
    is_immutable,
    missing_assets,
    read_manifest,
    with_static,
)

HASHED = "app.0123456789abcdef.css"


@pytest.fixture
def build(tmp_path: Path) -> Path:
    (tmp_path / HASHED).write_text("p{}" * 100)
    (tmp_path / "manifest.json").write_text(json.dumps({"app.css": HASHED}))
    return tmp_path


def ask(
    application: Callable[..., Iterable[bytes]], path: str, *, accept: str = ""
) -> tuple[str, dict[str, str]]:
    seen: dict[str, object] = {}

    def start(status: str, headers: list[tuple[str, str]], *_: object) -> None:
        seen.update(status=status, headers=dict(headers))

    answer = application({"REQUEST_METHOD": "GET", "PATH_INFO": path, "HTTP_ACCEPT_ENCODING": accept}, start)
    list(answer)
    if hasattr(answer, "close"):
        answer.close()
    return str(seen["status"]), dict(seen["headers"])  # type: ignore[call-overload]


def behind(_environ: object, start: Callable[..., object]) -> list[bytes]:
    start("404 Not Found", [])
    return [b""]


@pytest.mark.parametrize("site", ["people", "talk"])
def test_file_is_immutable_and_carries_the_policy_of_its_site(build: Path, site: str) -> None:
    status, headers = ask(with_static(behind, root=build, site=site, https=False), f"/static/{HASHED}")
    assert status == "200 OK"
    assert headers["Content-Security-Policy"] == POLICY[site]
    assert "immutable" in headers["Cache-Control"]
    assert "Access-Control-Allow-Origin" not in headers


def test_packed_bytes_go_to_those_who_accept_them(build: Path) -> None:
    (build / f"{HASHED}.gz").write_bytes(gzip.compress(b"p{}" * 100))
    application = with_static(behind, root=build, site="talk", https=False)
    _, packed = ask(application, f"/static/{HASHED}", accept="br, gzip")
    assert packed["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed["Vary"]
    assert "immutable" in packed["Cache-Control"]
    assert packed["Content-Security-Policy"] == POLICY["talk"]
    _, plain = ask(application, f"/static/{HASHED}")
    assert "Content-Encoding" not in plain


def test_manifest_is_not_kept(build: Path) -> None:
    _, headers = ask(with_static(behind, root=build, site="talk", https=False), "/static/manifest.json")
    assert "immutable" not in headers["Cache-Control"]


def test_what_is_no_file_goes_to_the_site(build: Path) -> None:
    application = with_static(behind, root=build, site="talk", https=False)
    for path in ("/static/../manifest.json", "/static/nothing.css", "/en/"):
        assert ask(application, path)[0] == "404 Not Found"


def test_manifest_is_read_again_when_it_changes(build: Path) -> None:
    assert read_manifest(build) == {"app.css": HASHED}
    changed = build / "manifest.json"
    changed.write_text(json.dumps({"app.css": "other.css"}))
    os.utime(changed, ns=(1, 1))
    assert read_manifest(build) == {"app.css": "other.css"}


@pytest.mark.parametrize("content", [None, "", "[]", '{"app.css": 1}'])
def test_broken_manifest_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(ManifestUnreadable, match="manifest"):
        read_manifest(tmp_path)


def test_missing_files_are_named(build: Path) -> None:
    assert missing_assets(read_manifest(build), root=build) == [
        name for name in REQUIRED if name != "app.css"
    ]
    assert "app.css" in missing_assets({"app.css": "gone.css"}, root=build)


@pytest.mark.parametrize(
    ("url", "kept"),
    [("/static/app.0123456789abcdef.css", True), ("/static/manifest.json", False), ("/static/a.b.js", False)],
)
def test_immutable_names(url: str, kept: bool) -> None:
    assert is_immutable("", url) is kept

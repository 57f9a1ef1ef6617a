"""Proving artifacts: from the talk site's own /static, checked against the pinned hashes, then kept."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from openmai.anonymity.artifacts import GATE_PINNED, PINNED, Artifacts, WrongArtifact, check_artifact
from openmai.anonymity.encoding import sha256
from openmai.cli.member.errors import Refused, Unreachable
from openmai.cli.member.home import write_bytes
from openmai.cli.member.show import Progress
from openmai.cli.member.web import Web
from openmai.cli.member.words import gettext as _
from openmai.cli.member.words import reason_of

# The largest has 6 MB.
_LIMIT: Final = 33_554_432


def load_artifacts(depth: int, *, web: Web, cache: Path, progress: Progress) -> Artifacts:
    """What proving at `depth` needs. Asked of the site once; raise `Refused` if it serves something else."""
    wasm, zkey = (_load(depth, kind, web, cache, progress) for kind in ("wasm", "zkey"))
    return Artifacts(depth, wasm, zkey)


def load_gate_circuit(*, web: Web, cache: Path, progress: Progress) -> bytes:
    """The gate's circuit, which is pinned in this program."""
    name, pinned = "artifacts/gate.wasm", bytes.fromhex(GATE_PINNED["wasm"])
    return load_named(pinned, "wasm", web=web, cache=cache, progress=progress, path=lambda: _path(name, web))


def load_named(
    digest: bytes, kind: str, *, web: Web, cache: Path, progress: Progress, path: Callable[[], str]
) -> bytes:
    """A file by its SHA-256, from the cache or from the site; raise `Refused` if the site sends another."""
    kept = cache / "artifacts" / f"{digest.hex()}.{kind}"
    if kept.is_file() and sha256(data := kept.read_bytes()) == digest:
        return data
    where = path()
    with progress.counting(_("Downloading %(name)s") % {"name": where.rpartition("/")[2]}) as report:
        data = web.get(where, limit=_LIMIT, report=report)
    if sha256(data) != digest:
        message = _("%(origin)s sent other bytes at %(path)s than their name says.")
        raise Refused(message % {"origin": web.origin, "path": where})
    write_bytes(kept, data)
    return data


def _load(depth: int, kind: str, web: Web, cache: Path, progress: Progress) -> bytes:
    kept = cache / "artifacts" / f"{PINNED[depth, kind]}.{kind}"
    try:
        # Checked each time: a cache is where a doctored key would be put.
        return check_artifact(depth, kind, kept.read_bytes())
    except (FileNotFoundError, WrongArtifact):
        data = _download(f"artifacts/semaphore-{depth}.{kind}", web, progress)
    try:
        check_artifact(depth, kind, data)
    except WrongArtifact as error:
        message = _("%(origin)s serves a proving artifact that is not the ceremony's: %(error)s.")
        raise Refused(message % {"origin": web.origin, "error": reason_of(error)}) from error
    write_bytes(kept, data)
    return data


def _path(name: str, web: Web) -> str:
    path = web.get_json("/static/manifest.json").get(name)
    if not isinstance(path, str):
        raise Unreachable(_("%(origin)s offers no %(name)s.") % {"origin": web.origin, "name": name})
    return f"/static/{path}"


def _download(name: str, web: Web, progress: Progress) -> bytes:
    path = _path(name, web)
    with progress.counting(_("Downloading %(name)s") % {"name": name.rpartition("/")[2]}) as report:
        return web.get(path, limit=_LIMIT, report=report)

"""Proving artifacts: from the talk site's own /static, checked against the pinned hashes, then kept."""

from pathlib import Path
from typing import Final

from openmai.anonymity.artifacts import PINNED, Artifacts, WrongArtifact, check_artifact
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


def _download(name: str, web: Web, progress: Progress) -> bytes:
    path = web.get_json("/static/manifest.json").get(name)
    if not isinstance(path, str):
        raise Unreachable(_("%(origin)s offers no %(name)s.") % {"origin": web.origin, "name": name})
    with progress.counting(_("Downloading %(name)s") % {"name": name.rpartition("/")[2]}) as report:
        return web.get(f"/static/{path}", limit=_LIMIT, report=report)

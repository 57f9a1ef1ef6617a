"""Static files: the manifest that names them, and the wrapper that serves them in front of Django.

The front-end build writes `<name>.<hash>.<ext>` files and `manifest.json`, {"logical name": "hashed path"},
into one folder. Hashed files never change, so they are served as immutable.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from whitenoise import WhiteNoise

from openmai.web.errors import WebError
from openmai.web.security import Site, security_headers

PREFIX = "/static/"
MANIFEST = "manifest.json"

# What every page asks for; a start without them is refused by the system check.
REQUIRED = ("app.css", "theme.js", "base.js")

_HASHED = re.compile(r"\.[0-9A-Za-z_-]{8,64}\.[0-9a-z]+$")

_manifests: dict[Path, tuple[int, dict[str, str]]] = {}


class ManifestUnreadable(WebError):
    """The manifest is missing or is not an object of strings: the front end has not been built."""


def read_manifest(root: Path) -> dict[str, str]:
    """The manifest of the build in `root`, read again only when it has changed. Raises ManifestUnreadable."""
    path = root / MANIFEST
    try:
        changed = path.stat().st_mtime_ns
        known = _manifests.get(path)
        if known is None or known[0] != changed:
            document = json.loads(path.read_bytes())
            if not isinstance(document, dict) or not all(isinstance(v, str) for v in document.values()):
                raise ManifestUnreadable(f"{path} is not an object of strings")
            known = _manifests[path] = (changed, document)
    except (OSError, ValueError) as error:
        raise ManifestUnreadable(f"{path} cannot be read; run `make build`") from error
    return known[1]


def asset(name: str) -> str:
    """URL of the static file with this logical name, as "/static/app.1a2b3c4d.css".

    An unknown name gives its plain URL, which answers 404: a page must not fail because of its style sheet.
    That the names exist is the business of the system check, which stops the start.
    """
    try:
        return PREFIX + read_manifest(Path(settings.OPENMAI_STATIC_DIR)).get(name, name)
    except ManifestUnreadable:
        return PREFIX + name


def is_immutable(_path: str, url: str) -> bool:
    """Whether the file's name carries its hash."""
    return _HASHED.search(url) is not None


def with_static(
    application: Callable[..., Any],
    *,
    root: Path,
    site: Site,
    https: bool,
    more: Mapping[str, Path] | None = None,
) -> WhiteNoise:
    """`application` (WSGI) with the files of `root` served at /static/, under the site's security headers:
    a worker obeys the policy of the response that brought it. `more` are other folders by their prefix.
    """
    fixed = security_headers(site, https=https)

    def add_headers(headers: Any, _path: str, _url: str) -> None:
        for name, value in fixed.items():
            headers[name] = value

    served = WhiteNoise(
        application,
        root=str(root),
        prefix=PREFIX,
        max_age=0,
        allow_all_origins=False,
        add_headers_function=add_headers,
        immutable_file_test=is_immutable,
    )
    for prefix, folder in (more or {}).items():
        served.add_files(str(folder), prefix=prefix)
    return served


def missing_assets(manifest: Mapping[str, str], *, root: Path) -> list[str]:
    """Required logical names that the manifest does not hold, or whose file is not there."""
    return [name for name in REQUIRED if name not in manifest or not (root / manifest[name]).is_file()]

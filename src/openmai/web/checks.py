"""System checks of the shared web layer: a site does not start without its built front end."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from openmai.web.static import ManifestUnreadable, missing_assets, read_manifest


def check_static(app_configs: Sequence[Any] | None = None, **_: Any) -> list[CheckMessage]:
    """One error for each required file that the build did not write."""
    root = Path(settings.OPENMAI_STATIC_DIR)
    try:
        missing = missing_assets(read_manifest(root), root=root)
    except ManifestUnreadable as error:
        return [Error(str(error), id="openmai.web.E001")]
    return [Error(f"{root} holds no {name}; run `make build`", id="openmai.web.E002") for name in missing]

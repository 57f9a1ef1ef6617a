"""Pictures that strangers upload: opened in a process of their own, and only their pixels kept."""

import subprocess
import sys
import threading
from typing import Final

MAX_BYTES: Final = 8 * 1024 * 1024
TIMEOUT_SECONDS: Final = 20
AT_ONCE: Final = 2

_places = threading.BoundedSemaphore(AT_ONCE)


class NoPicture(Exception):
    """The bytes are no JPEG, PNG or WebP that we take: too large, animated, or not what they say."""


class Busy(Exception):
    """As many pictures are being opened as may be at once."""


def reencode(data: bytes) -> bytes:
    """A JPEG of the pixels of `data` and of nothing else; raise `NoPicture` or `Busy`."""
    if not 0 < len(data) <= MAX_BYTES:
        raise NoPicture
    if not _places.acquire(blocking=False):
        raise Busy
    try:
        done = subprocess.run(  # noqa: S603 - our own program; the picture is its input
            [sys.executable, "-I", "-m", "openmai.platform.picture_worker", str(MAX_BYTES)],
            input=data,
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
            cwd="/",
            env={"OPENBLAS_NUM_THREADS": "1"},
        )
    except subprocess.TimeoutExpired as error:
        raise NoPicture from error
    finally:
        _places.release()
    if done.returncode != 0 or not done.stdout.startswith(b"\xff\xd8\xff"):
        raise NoPicture
    return done.stdout

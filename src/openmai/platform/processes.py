"""Child processes that die with their parent, and the user they run as when we are root. Linux only."""

import ctypes
import os
import pwd
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None, use_errno=True)
UNPRIVILEGED: Final = "nobody"


class NoUnprivilegedUser(Exception):
    """We are root, and there is no ordinary user that PostgreSQL could run as."""


def unprivileged_user() -> pwd.struct_passwd | None:
    """The user that PostgreSQL, which refuses to be root, runs as when we are root; otherwise None."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise NoUnprivilegedUser(
            f'PostgreSQL does not run as root, and there is no user "{UNPRIVILEGED}" to run it as; '
            "create one, or start this as an ordinary user."
        ) from None


def can_enter(folder: Path, user: pwd.struct_passwd | None) -> bool:
    """Whether `user` can reach `folder` or its nearest existing parent, asked of the kernel."""
    while not folder.exists():
        folder = folder.parent
    if user is None:
        return os.access(folder, os.X_OK)
    answer = subprocess.run(  # noqa: S603 - a fixed program; the path is data
        ["/bin/sh", "-c", 'test -x "$1"', "sh", str(folder.resolve())],
        check=False,
        cwd="/",
        user=user.pw_uid,
        group=user.pw_gid,
        extra_groups=[],
    )
    return answer.returncode == 0


def spawn(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    log: Path,
    cwd: Path | None = None,
    user: pwd.struct_passwd | None = None,
    on_parent_death: signal.Signals = signal.SIGTERM,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a direct child in a session of its own, so that the terminal's Ctrl-C reaches the parent only.

    The kernel signals it when the calling *thread* ends: call this from the main thread. Its output is
    appended to `log`.
    """
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - argv is ours, no shell
            [str(part) for part in argv],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
            preexec_fn=_die_with(os.getpid(), on_parent_death),
            pass_fds=pass_fds,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
        )


def _die_with(parent: int, number: signal.Signals) -> Callable[[], None]:
    def in_child() -> None:
        # After setuid, which would clear it; the second line closes the race with a parent already gone.
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:
            os._exit(1)

    return in_child

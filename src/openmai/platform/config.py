"""Settings from the environment, typed and frozen; docs/settings.md lists them and a test compares the two.

Every variable may also be given as `<NAME>_FILE`, a file that holds the value. A missing or bad variable
raises `ConfigError`, one sentence for each, before anything starts.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretBytes, SecretStr, ValidationError

from openmai.platform import config_values as parse
from openmai.platform.config_values import Contact, Listen, SmtpServer, Witness

__all__ = [
    "ConfigError",
    "Contact",
    "Listen",
    "PeopleConfig",
    "SiteConfig",
    "SmtpServer",
    "TalkConfig",
    "Variable",
    "Witness",
    "load_people",
    "load_site",
    "load_talk",
    "variables",
]

DAY: Final = 86_400
_FROZEN: Final = ConfigDict(frozen=True, extra="forbid", validate_default=False, validate_by_name=True)


class ConfigError(Exception):
    """One or more variables are missing or bad; the text holds a sentence for each, `names` their names."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("\n".join(problems.values()))
        self.names = tuple(problems)


def _whole(low: int, high: int, unit: str) -> BeforeValidator:
    return BeforeValidator(parse.whole_number(low, high, unit))


Origin = Annotated[str, BeforeValidator(parse.origin)]
Switch = Annotated[bool, BeforeValidator(parse.switch)]
Key = Annotated[SecretBytes, BeforeValidator(parse.thirty_two_bytes)]


class SiteConfig(BaseModel):
    """What the people site and the talk site both need."""

    model_config = _FROZEN

    site_id: Annotated[str, BeforeValidator(parse.site_id)] = Field(
        alias="OPENMAI_SITE_ID",
        description="Name of the site in every scope, message and proof; never change it.",
        examples=["openmai.example"],
    )
    people_origin: Origin = Field(
        alias="OPENMAI_PEOPLE_ORIGIN",
        description="Where browsers reach the people site.",
        examples=["https://openmai.example"],
    )
    talk_origin: Origin = Field(
        alias="OPENMAI_TALK_ORIGIN",
        description="Where browsers reach the talk site; another host, because cookies ignore ports.",
        examples=["https://talk.openmai.example"],
    )
    static_dir: Path = Field(
        default=Path("build/static"),
        alias="OPENMAI_STATIC_DIR",
        description="Folder that `make build` wrote.",
        examples=["/srv/openmai/build/static"],
    )
    tick_seconds: Annotated[int, _whole(1, DAY, "seconds")] = Field(
        default=600,
        alias="OPENMAI_TICK_SECONDS",
        description="Waiting posts are published together, once every so many seconds.",
        examples=["600"],
    )
    epoch_seconds: Annotated[int, _whole(1, 30 * DAY, "seconds")] = Field(
        default=DAY,
        alias="OPENMAI_EPOCH_SECONDS",
        description="Shortest time between two epochs of a roster.",
        examples=["86400"],
    )
    epoch_min_joiners: Annotated[int, _whole(1, 1000, "members")] = Field(
        default=5,
        alias="OPENMAI_EPOCH_MIN_JOINERS",
        description="A new epoch waits for so many new members.",
        examples=["5"],
    )
    epoch_max_wait_seconds: Annotated[int, _whole(1, 90 * DAY, "seconds")] = Field(
        default=7 * DAY,
        alias="OPENMAI_EPOCH_MAX_WAIT_SECONDS",
        description="The longest that the first of them waits for the others.",
        examples=["604800"],
    )
    floor: Annotated[int, _whole(2, 100_000, "members")] = Field(
        default=20,
        alias="OPENMAI_FLOOR",
        description="The smallest crowd, in settled members, that anyone may speak from.",
        examples=["20"],
    )
    root_grace_seconds: Annotated[int, _whole(0, 30 * DAY, "seconds")] = Field(
        default=2 * DAY,
        alias="OPENMAI_ROOT_GRACE_SECONDS",
        description="How long a superseded root is still accepted.",
        examples=["172800"],
    )
    time_zone: Annotated[str, BeforeValidator(parse.time_zone)] = Field(
        default="UTC",
        alias="OPENMAI_TIME_ZONE",
        description="Zone in which both sites tell days and times.",
        examples=["Asia/Shanghai"],
    )
    contact: Annotated[Contact | None, BeforeValidator(parse.contact)] = Field(
        default=None,
        alias="OPENMAI_CONTACT",
        description="Where members and visitors reach the operator: a mail address or an https page.",
        examples=["https://openmai.example/contact"],
    )
    demo: Switch = Field(
        default=False,
        alias="OPENMAI_DEMO",
        description="Show on every page that this is a demo with short epochs.",
        examples=["1"],
    )


class PeopleConfig(SiteConfig):
    """Settings of the people site and its worker."""

    database_url: Annotated[SecretStr, BeforeValidator(parse.database_url)] = Field(
        alias="OPENMAI_PEOPLE_DATABASE_URL",
        description="PostgreSQL cluster of the people site; never the talk site's cluster.",
        examples=["postgresql://people:password@db-people.internal/people"],
    )
    secret_key: Annotated[SecretStr, BeforeValidator(parse.secret_text)] = Field(
        alias="OPENMAI_SECRET_KEY",
        description="Signs sessions and password-reset links; at least 50 random characters.",
        examples=["k3fp0r7xw8q2…"],
    )
    roster_signing_key: Key = Field(
        alias="OPENMAI_ROSTER_SIGNING_KEY",
        description="Ed25519 seed that signs roster statements, 64 hex digits.",
        examples=["9d61b19deffd5a60…"],
    )
    evidence_key: Annotated[SecretStr, BeforeValidator(parse.fernet_key)] = Field(
        alias="OPENMAI_EVIDENCE_KEY",
        description="Key that evidence of employments is sealed with: 32 bytes in base64url, 44 characters.",
        examples=["cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="],
    )
    smtp: Annotated[SmtpServer, BeforeValidator(parse.smtp_server)] = Field(
        alias="OPENMAI_SMTP_URL",
        description="Server for outgoing mail; a password needs starttls=1 unless the server is local.",
        examples=["smtp://user:password@mail.example:587?starttls=1"],
    )
    mail_from: Annotated[str, BeforeValidator(parse.mail_address)] = Field(
        alias="OPENMAI_MAIL_FROM",
        description="Sender of outgoing mail.",
        examples=["no-reply@openmai.example"],
    )
    inbound_listen: Annotated[Listen, BeforeValidator(parse.listen)] = Field(
        alias="OPENMAI_INBOUND_LISTEN",
        description="Where the people worker listens for mails from work addresses.",
        examples=["0.0.0.0:25"],
    )
    inbound_address: Annotated[str, BeforeValidator(parse.mail_address)] = Field(
        alias="OPENMAI_INBOUND_ADDRESS",
        description="Mailbox that members send their signed mail to.",
        examples=["verify@openmai.example"],
    )
    word_valid_days: Annotated[int, _whole(1, 3650, "days")] = Field(
        default=180,
        alias="OPENMAI_WORD_VALID_DAYS",
        description="How long an employment holds that a code or two reviewers verified.",
        examples=["180"],
    )
    proof_valid_days: Annotated[int, _whole(1, 3650, "days")] = Field(
        default=365,
        alias="OPENMAI_PROOF_VALID_DAYS",
        description="How long an employment holds that a signed mail or a log-in at the employer verified.",
        examples=["365"],
    )
    local_logins: Switch = Field(
        default=False,
        alias="OPENMAI_LOCAL_LOGINS",
        description="Also accept employers' log-ins over http and on private addresses; for demos and tests.",
        examples=["1"],
    )
    dns_servers: Annotated[tuple[Listen, ...], BeforeValidator(parse.name_servers)] = Field(
        default=(),
        alias="OPENMAI_DNS_SERVERS",
        description="Name servers for DKIM keys, ip:port separated by commas; the system's if not given.",
        examples=["192.0.2.53:53,192.0.2.54:53"],
    )
    backup_dir: Path | None = Field(
        default=None,
        alias="OPENMAI_PEOPLE_BACKUP_DIR",
        description="Where `openmai backup --site people` keeps its files; never the other site's folder.",
        examples=["/var/backups/openmai-people"],
    )
    backup_recipient: Annotated[str | None, BeforeValidator(parse.age_recipient)] = Field(
        default=None,
        alias="OPENMAI_PEOPLE_BACKUP_RECIPIENT",
        description="Public key of age that backups are encrypted to; its secret half is kept elsewhere.",
        examples=["age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"],
    )


class TalkConfig(SiteConfig):
    """Settings of the talk site and its worker."""

    database_url: Annotated[SecretStr, BeforeValidator(parse.database_url)] = Field(
        alias="OPENMAI_TALK_DATABASE_URL",
        description="PostgreSQL cluster of the talk site; never the people site's cluster.",
        examples=["postgresql://talk:password@db-talk.internal/talk"],
    )
    roster_public_key: Annotated[bytes, BeforeValidator(parse.thirty_two_bytes)] = Field(
        alias="OPENMAI_ROSTER_PUBLIC_KEY",
        description="Ed25519 key that roster statements must be signed by, 64 hex digits.",
        examples=["d75a980182b10ab7…"],
    )
    roster_source: Origin = Field(
        alias="OPENMAI_ROSTER_SOURCE",
        description="Where the talk worker fetches rosters: the people site as seen from it.",
        examples=["https://openmai.example"],
    )
    receipt_signing_key: Key = Field(
        alias="OPENMAI_RECEIPT_SIGNING_KEY",
        description="Ed25519 seed that signs receipts, 64 hex digits.",
        examples=["4ccd089b28ff96da…"],
    )
    backup_dir: Path | None = Field(
        default=None,
        alias="OPENMAI_TALK_BACKUP_DIR",
        description="Where `openmai backup --site talk` keeps its files; never the other site's folder.",
        examples=["/var/backups/openmai-talk"],
    )
    backup_recipient: Annotated[str | None, BeforeValidator(parse.age_recipient)] = Field(
        default=None,
        alias="OPENMAI_TALK_BACKUP_RECIPIENT",
        description="Public key of age that backups are encrypted to; its secret half is kept elsewhere.",
        examples=["age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"],
    )
    log_dir: Path = Field(
        alias="OPENMAI_LOG_DIR",
        description="Folder for the files of the transparency log; written again from the database if lost.",
        examples=["/srv/openmai/log"],
    )
    log_signing_key: Key = Field(
        alias="OPENMAI_LOG_SIGNING_KEY",
        description="Ed25519 seed that signs the log's checkpoints, 64 hex digits.",
        examples=["833fe62409237b9d…"],
    )
    witnesses: Annotated[tuple[Witness, ...], BeforeValidator(parse.witnesses)] = Field(
        default=(),
        alias="OPENMAI_WITNESSES",
        description="Who cosigns the log: key and address of each, separated by commas.",
        examples=[
            "witness.example/1+b3539b2f+BJ+fn5+fn5+fn5+fn5+fn5+fn5+fn5+fn5+fn5+fn5+f https://witness.example"
        ],
    )
    witness_quorum: Annotated[int, _whole(0, 32, "witnesses")] = Field(
        default=0,
        alias="OPENMAI_WITNESS_QUORUM",
        description="A checkpoint is shown to clients when so many witnesses have cosigned it.",
        examples=["1"],
    )
    gate_dir: Path = Field(
        default=Path("data/gate"),
        alias="OPENMAI_GATE_DIR",
        description="Folder of the gate's keys, which `openmai gate setup` makes once.",
        examples=["/srv/openmai/gate"],
    )
    rate_slots: Annotated[int, _whole(1, 255, "joins")] = Field(
        default=30,
        alias="OPENMAI_RATE_SLOTS",
        description="So many times a UTC day a member may enter a thread, or enter it again.",
        examples=["30"],
    )


class Variable(BaseModel):
    """One line of docs/settings.md."""

    model_config = ConfigDict(frozen=True)

    name: str
    meaning: str
    example: str
    default: str | None
    """None if the variable must be given."""


def variables(model: type[SiteConfig]) -> Iterator[Variable]:
    """Every variable that the model reads, in the order of declaration."""
    for field in model.model_fields.values():
        yield Variable(
            name=field.alias or "",
            meaning=field.description or "",
            example=str((field.examples or [""])[0]),
            default=None if field.is_required() else _shown(field.default),
        )


def load_site(environ: Mapping[str, str] | None = None) -> SiteConfig:
    """Only what both sites share; raises `ConfigError`."""
    return _load(SiteConfig, os.environ if environ is None else environ)


def load_people(environ: Mapping[str, str] | None = None) -> PeopleConfig:
    """Settings of the people site from the environment; raises `ConfigError`."""
    return _load(PeopleConfig, os.environ if environ is None else environ)


def load_talk(environ: Mapping[str, str] | None = None) -> TalkConfig:
    """Settings of the talk site from the environment; raises `ConfigError`."""
    return _load(TalkConfig, os.environ if environ is None else environ)


def _shown(default: object) -> str:
    if isinstance(default, bool):
        return str(int(default))
    if default is None:
        return "none"
    return "none" if default == () else str(default)


Config = TypeVar("Config", bound=SiteConfig)


def _load(model: type[Config], environ: Mapping[str, str]) -> Config:
    known = {variable.name: variable for variable in variables(model)}
    values: dict[str, str] = {}
    problems: dict[str, str] = {}
    for name in known:
        try:
            value = _given(name, environ)
        except ValueError as error:
            problems[name] = f"{name} {error}."
        else:
            if value is not None:
                values[name] = value
    try:
        config = model.model_validate(values)
    except ValidationError as error:
        for detail in error.errors(include_input=False, include_url=False):
            variable = known[str(detail["loc"][0])]
            problems.setdefault(variable.name, _sentence(variable, detail["type"], detail["msg"]))
    else:
        if urlsplit(config.people_origin).hostname == urlsplit(config.talk_origin).hostname:
            variable = known["OPENMAI_TALK_ORIGIN"]
            problems[variable.name] = _sentence(variable, "same", "has the host of OPENMAI_PEOPLE_ORIGIN")
        if not problems:
            return config
    raise ConfigError(problems)


def _given(name: str, environ: Mapping[str, str]) -> str | None:
    """The value of a variable or of the file that its `_FILE` twin names; None if neither is given."""
    path = environ.get(f"{name}_FILE")
    if path is None:
        return environ.get(name)
    if name in environ:
        raise ValueError(f"is given twice, by itself and by {name}_FILE; keep one of them")
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ValueError(f"could not be read from {path}, which {name}_FILE names: {reason}") from error


def _sentence(variable: Variable, kind: str, message: str) -> str:
    wrong = "is missing" if kind == "missing" else message.removeprefix("Value error, ")
    return f"{variable.name} {wrong}. {variable.meaning} Example: {variable.name}={variable.example}"

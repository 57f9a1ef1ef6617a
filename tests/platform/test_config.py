"""Settings: each variable is required or has its default, is refused when bad, and may come from a file."""

from pathlib import Path

import pytest
from tests.clusters import site_environment

from openmai.platform.config import (
    ConfigError,
    PeopleConfig,
    SiteConfig,
    TalkConfig,
    load_people,
    load_talk,
    variables,
)

ROOT = Path(__file__).resolve().parents[2]
SHARED = {variable.name for variable in variables(SiteConfig)}
PEOPLE = {variable.name: variable for variable in variables(PeopleConfig)}
TALK = {variable.name: variable for variable in variables(TalkConfig)}
REQUIRED = [
    *((load_people, name) for name, variable in PEOPLE.items() if variable.default is None),
    *(
        (load_talk, name)
        for name, variable in TALK.items()
        if variable.default is None and name not in SHARED
    ),
]

WITNESS = "witness.example/1+b3539b2f+BJ+fn5+fn5+fn5+fn5+fn5+fn5+fn5+fn5+fn5+fn5+f"
BAD = {
    "OPENMAI_SITE_ID": ["", "Openmai", "open mai", "a" * 65, "-a"],
    "OPENMAI_PEOPLE_ORIGIN": [
        "openmai.example",
        "http://openmai.example",
        "https://openmai.example/",
        "https://a@b.example",
    ],
    "OPENMAI_TALK_ORIGIN": [
        "https://talk.example/path",
        "ftp://talk.example",
        "https://talk.example:0",
        "https://:443",
    ],
    "OPENMAI_TICK_SECONDS": ["", "0", "-5", "1.5", "ten", "86401", "１０"],
    "OPENMAI_EPOCH_SECONDS": ["0", "day"],
    "OPENMAI_EPOCH_MIN_JOINERS": ["0", "1001"],
    "OPENMAI_EPOCH_MAX_WAIT_SECONDS": ["0"],
    "OPENMAI_FLOOR": ["1", "0", "x"],
    "OPENMAI_WORD_VALID_DAYS": ["0", "3651", "half a year"],
    "OPENMAI_PROOF_VALID_DAYS": ["0", "3651", "a year"],
    "OPENMAI_LOCAL_LOGINS": ["perhaps"],
    "OPENMAI_ROOT_GRACE_SECONDS": ["-1", "2592001"],
    "OPENMAI_TIME_ZONE": ["", "Mars/Olympus", "Asia", "../etc/passwd"],
    "OPENMAI_CONTACT": ["", "olga", "http://openmai.example", "javascript:alert(1)", "https://x.example/ y"],
    "OPENMAI_DEMO": ["maybe", "2"],
    "OPENMAI_PEOPLE_BACKUP_RECIPIENT": ["", "age1notakey", "ssh-ed25519 AAAA"],
    "OPENMAI_TALK_BACKUP_RECIPIENT": ["AGE-SECRET-KEY-1QQQ"],
    "OPENMAI_PEOPLE_DATABASE_URL": ["", "sqlite:///people.db", "postgresql://people:hidden@host"],
    "OPENMAI_TALK_DATABASE_URL": ["mysql://talk:hidden@host/talk"],
    "OPENMAI_SECRET_KEY": ["", "hidden"],
    "OPENMAI_ROSTER_SIGNING_KEY": ["hidden", "AB" * 32, "ab" * 31],
    "OPENMAI_ROSTER_PUBLIC_KEY": ["", "zz" * 32],
    "OPENMAI_RECEIPT_SIGNING_KEY": ["hidden"],
    "OPENMAI_LOG_SIGNING_KEY": ["hidden"],
    "OPENMAI_WITNESSES": [
        "https://witness.example",
        "witness.example+b3539b2f+BJ+f https://witness.example",
        f"{WITNESS} http://witness.example",
        f"{WITNESS} https://witness.example/",
        f"{WITNESS}, {WITNESS}",
    ],
    "OPENMAI_WITNESS_QUORUM": ["-1", "33", "all"],
    "OPENMAI_EVIDENCE_KEY": ["hidden", "aGlkZGVu"],
    "OPENMAI_SMTP_URL": [
        "mail.example:25",
        "smtp://mail.example",
        "smtp://user:hidden@mail.example:587",
        "smtp://mail.example:25?tls=1",
        "smtp://mail.example:25?starttls=perhaps",
    ],
    "OPENMAI_MAIL_FROM": ["", "Openmai <no-reply@openmai.example>", "no-reply"],
    "OPENMAI_INBOUND_LISTEN": ["2526", "127.0.0.1", "127.0.0.1:port", "smtp://127.0.0.1:25"],
    "OPENMAI_INBOUND_ADDRESS": ["verify"],
    "OPENMAI_RATE_SLOTS": ["0", "256", "many"],
    "OPENMAI_DNS_SERVERS": ["dns.example:53", "192.0.2.53"],
    "OPENMAI_ROSTER_SOURCE": ["people", "http://people.internal"],
}


@pytest.fixture
def environ() -> dict[str, str]:
    return site_environment() | {
        "OPENMAI_PEOPLE_DATABASE_URL": "postgresql://people:hidden@db.example/people",
        "OPENMAI_TALK_DATABASE_URL": "postgresql://talk:hidden@db.example/talk",
    }


def test_complete_settings_are_read(environ: dict[str, str]):
    people, talk = load_people(environ), load_talk(environ)
    assert (people.tick_seconds, people.floor, people.demo) == (600, 20, False)
    assert people.smtp.port == 2525
    assert people.inbound_listen.port == 2526
    assert len(talk.roster_public_key) == 32
    assert len(people.roster_signing_key.get_secret_value()) == 32


def test_a_contact_is_a_mail_address_or_a_page(environ: dict[str, str]):
    assert load_talk(environ).contact is None
    mail = load_talk(environ | {"OPENMAI_CONTACT": "olga@openmai.example"}).contact
    page = load_people(environ | {"OPENMAI_CONTACT": "https://openmai.example/contact"}).contact
    assert (mail and mail.href, mail and mail.shown) == (
        "mailto:olga@openmai.example",
        "olga@openmai.example",
    )
    assert (page and page.href) == "https://openmai.example/contact"


def test_a_configuration_cannot_be_changed(environ: dict[str, str]):
    with pytest.raises(ValueError, match="frozen"):
        load_people(environ).floor = 2


@pytest.mark.parametrize(("load", "name"), REQUIRED, ids=lambda value: getattr(value, "__name__", value))
def test_a_missing_variable_stops_the_start_and_is_named(load, name: str, environ: dict[str, str]):
    del environ[name]
    with pytest.raises(ConfigError) as caught:
        load(environ)
    assert caught.value.names == (name,)
    assert f"{name} is missing. " in str(caught.value)
    assert f"Example: {name}=" in str(caught.value)


def test_every_variable_has_bad_examples_here():
    folders = {
        "OPENMAI_STATIC_DIR",
        "OPENMAI_GATE_DIR",
        "OPENMAI_LOG_DIR",
        "OPENMAI_PEOPLE_BACKUP_DIR",
        "OPENMAI_TALK_BACKUP_DIR",
    }
    assert set(BAD) | folders == set(PEOPLE) | set(TALK)


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in BAD.items() for text in texts])
def test_a_bad_variable_is_named_with_what_is_wrong(name: str, text: str, environ: dict[str, str]):
    load = load_people if name in PEOPLE else load_talk
    environ[name] = text
    with pytest.raises(ConfigError) as caught:
        load(environ)
    assert caught.value.names == (name,)
    assert str(caught.value).startswith(f"{name} must ")
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("name", sorted(set(PEOPLE) | set(TALK)))
def test_every_variable_may_come_from_a_file(name: str, environ: dict[str, str], tmp_path: Path):
    load = load_people if name in PEOPLE else load_talk
    given = environ.pop(name, (PEOPLE | TALK)[name].example)
    (tmp_path / "value").write_text(given + "\n")
    from_file = load(environ | {f"{name}_FILE": str(tmp_path / "value")})
    assert from_file == load(environ | {name: given})


def test_a_variable_given_twice_is_refused(environ: dict[str, str], tmp_path: Path):
    environ["OPENMAI_FLOOR"] = "20"
    environ["OPENMAI_FLOOR_FILE"] = str(tmp_path / "floor")
    with pytest.raises(
        ConfigError, match="OPENMAI_FLOOR is given twice, by itself and by OPENMAI_FLOOR_FILE"
    ):
        load_people(environ)


def test_a_file_that_cannot_be_read_is_named(environ: dict[str, str], tmp_path: Path):
    environ["OPENMAI_FLOOR_FILE"] = str(tmp_path / "nothing")
    with pytest.raises(ConfigError, match=r"OPENMAI_FLOOR could not be read from .*nothing.*No such file"):
        load_people(environ)


def test_all_problems_are_told_at_once(environ: dict[str, str]):
    environ["OPENMAI_FLOOR"] = "none"
    del environ["OPENMAI_MAIL_FROM"]
    with pytest.raises(ConfigError) as caught:
        load_people(environ)
    assert set(caught.value.names) == {"OPENMAI_FLOOR", "OPENMAI_MAIL_FROM"}


def test_both_sites_on_one_host_are_refused(environ: dict[str, str]):
    environ["OPENMAI_TALK_ORIGIN"] = "http://localhost:9000"
    with pytest.raises(ConfigError, match="OPENMAI_TALK_ORIGIN has the host of OPENMAI_PEOPLE_ORIGIN"):
        load_talk(environ)


def test_secrets_do_not_show(environ: dict[str, str]):
    shown = repr(load_people(environ)) + repr(load_talk(environ))
    assert "hidden" not in shown
    assert environ["OPENMAI_SECRET_KEY"] not in shown


def test_every_variable_is_documented():
    documented = (ROOT / "docs" / "settings.md").read_text()
    for variable in (PEOPLE | TALK).values():
        default = "required" if variable.default is None else f"`{variable.default}`"
        row = f"| `{variable.name}` | {default} | {variable.meaning} | `{variable.example}` |"
        assert row in documented

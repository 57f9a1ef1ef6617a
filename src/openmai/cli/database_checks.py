"""The databases, as `openmai doctor` sees them: through SQL, so that embedded and external ones are judged
alike.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from openmai.cli.findings import Finding
from openmai.platform.cluster_rules import LOG_RULES, RULES, TELLTALE_LIBRARIES, WAL_RULES, Rule, deviations
from openmai.platform.config import PeopleConfig, TalkConfig

_OLDEST: Final = 160_000
_CLOCK_SECONDS: Final = 2.0
_CONNECT: Final = 5
WAL_LIMIT: Final = timedelta(days=1)
# What would let a site's role read past its own tables, or read and write the machine's files.
_TOO_MUCH: Final = (
    "pg_read_all_data",
    "pg_write_all_data",
    "pg_read_server_files",
    "pg_write_server_files",
    "pg_execute_server_program",
)

# Rows that should have gone, by site: what they are, their table, and which of them are overdue. A worker or
# a tick deletes them; it has a day's grace.
_OVERDUE: Final = {
    "people": (
        ("one-time codes", "people_codechallenge", "expires_at < now() - interval '1 day'"),
        ("sessions", "django_session", "expire_date < now() - interval '1 day'"),
        ("counts of daily limits", "people_dailyuse", "day < current_date - 2"),
    ),
    "talk": (("rate nullifiers", "talk_ratenullifier", "day < current_date - 3"),),
}

Settings = Mapping[str, str]
Clock = Callable[[], datetime]


def check_databases(
    people: PeopleConfig | None, talk: TalkConfig | None, *, clock: Clock
) -> Iterator[Finding]:
    """Each database by itself, and that the two have nothing in common."""
    urls = {
        site: config.database_url.get_secret_value()
        for site, config in (("people", people), ("talk", talk))
        if config is not None
    }
    identifiers: dict[str, int] = {}
    for site, url in urls.items():
        try:
            with psycopg.connect(url, connect_timeout=_CONNECT) as connection:
                identifiers[site] = _value(connection, "SELECT system_identifier FROM pg_control_system()")
                yield from _one(site, connection, clock)
        except psycopg.Error as error:
            yield Finding(f"database of {site}", False, f"no connection: {type(error).__name__}")
    if len(identifiers) == 2:
        apart = len(set(identifiers.values())) == 2
        words = "two clusters" if apart else "both databases are in one cluster, which ties posts to members"
        yield Finding("people and talk apart", apart, words)
        yield _strangers(urls)


def _one(site: str, connection: psycopg.Connection, clock: Clock) -> Iterator[Finding]:
    yield _reachable(site, connection)
    yield _role(site, connection)
    yield _silent(site, connection)
    yield _wal_settings(site, connection)
    yield _wal_age(site, connection)
    yield _forgotten(site, connection)
    yield _clock(site, connection, clock())


def _value(connection: psycopg.Connection, query: str, *values: object) -> Any:
    row = connection.execute(query, values).fetchone()
    return row[0] if row else None


def _reachable(site: str, connection: psycopg.Connection) -> Finding:
    number = connection.info.server_version
    if number < _OLDEST:
        return Finding(f"database of {site}", False, f"PostgreSQL {number // 10000} is older than 16")
    return Finding(f"database of {site}", True, f"PostgreSQL {number // 10000}.{number % 10000}")


def _role(site: str, connection: psycopg.Connection) -> Finding:
    """An ordinary role, and the only ordinary one that may enter."""
    wrong = []
    row = connection.execute(
        "SELECT rolname, rolsuper, rolcreaterole, rolreplication, rolbypassrls "
        "FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    name, superuser, *powers = row or ("", False)
    if superuser:
        wrong.append("the site connects as a superuser; give it a role of its own")
    else:
        if any(powers):
            statement = f'ALTER ROLE "{name}" NOCREATEROLE NOREPLICATION NOBYPASSRLS'
            wrong.append(f"its role may make roles, replicate or bypass row security: {statement}")
        wrong += [
            f'its role is a member of {group}: REVOKE {group} FROM "{name}"'
            for group in _TOO_MUCH
            if _value(connection, "SELECT pg_has_role(current_user, %s, 'MEMBER')", group)
        ]
    others = connection.execute(
        "SELECT rolname FROM pg_roles WHERE rolcanlogin AND NOT rolsuper AND rolname <> current_user "
        "AND has_database_privilege(rolname, current_database(), 'CONNECT') ORDER BY rolname"
    ).fetchall()
    wrong += [
        f"the role {other} may connect to the site's database: "
        f'REVOKE CONNECT ON DATABASE "{connection.info.dbname}" FROM PUBLIC, "{other}"'
        for (other,) in others
    ]
    return Finding(
        f"role of {site}", not wrong, "; ".join(wrong) or "an ordinary role, and no other may enter"
    )


def _silent(site: str, connection: psycopg.Connection) -> Finding:
    """What the cluster logs and gathers."""
    settings, postmaster = _settings(connection)
    wrong = _broken(LOG_RULES, settings, postmaster)
    if "shared_preload_libraries" not in settings:
        wrong.append(
            "this role may not see shared_preload_libraries: "
            f'GRANT pg_read_all_settings TO "{connection.info.user}"'
        )
    extensions = connection.execute(
        "SELECT extname FROM pg_extension WHERE extname = ANY(%s)", [list(TELLTALE_LIBRARIES)]
    ).fetchall()
    wrong += [f"the extension {name} is installed: DROP EXTENSION {name}" for (name,) in extensions]
    return Finding(
        f"database log of {site}",
        not wrong,
        "; ".join(wrong) or "no statement, value, connection or duration is logged or gathered",
    )


def _wal_settings(site: str, connection: psycopg.Connection) -> Finding:
    """What decides how long the write-ahead log lives."""
    wrong = _broken(WAL_RULES, *_settings(connection))
    lost = connection.execute(
        "SELECT slot_name FROM pg_replication_slots WHERE NOT active ORDER BY slot_name"
    ).fetchall()
    wrong += [
        f"the replication slot {name} is not in use and holds the write-ahead log: "
        f"SELECT pg_drop_replication_slot('{name}')"
        for (name,) in lost
    ]
    return Finding(f"write-ahead log of {site}", not wrong, "; ".join(wrong) or "is not archived or recycled")


def _wal_age(site: str, connection: psycopg.Connection) -> Finding:
    """The oldest segment on disk, by the server's own clock."""
    check = f"write-ahead log's age of {site}"
    function = "pg_ls_waldir()"
    if not _value(connection, "SELECT has_function_privilege(%s, 'EXECUTE')", function):
        statement = f'GRANT EXECUTE ON FUNCTION {function} TO "{connection.info.user}"'
        return Finding(check, False, f"this role may not see it: {statement}")
    age: timedelta = _value(connection, "SELECT clock_timestamp() - min(modification) FROM pg_ls_waldir()")
    hours = age / timedelta(hours=1)
    words = f"the oldest segment was last written {hours:.1f} h ago"
    if age > WAL_LIMIT:
        words += ", more than a day: does the site's worker run? Otherwise: CHECKPOINT"
    return Finding(check, age <= WAL_LIMIT, words)


def _forgotten(site: str, connection: psycopg.Connection) -> Finding:
    """Rows that live for hours or days, and should have gone."""
    wrong = []
    for what, table, overdue in _OVERDUE[site]:
        if _value(connection, "SELECT to_regclass(%s)", f"public.{table}") is None:
            continue
        query = sql.SQL("SELECT count(*) FROM {} WHERE ").format(sql.Identifier(table)) + sql.SQL(overdue)
        [count] = connection.execute(query).fetchone() or (0,)
        if count:
            wrong.append(f"{count} {what} should have gone: does the site's worker run?")
    return Finding(f"rows of {site}", not wrong, "; ".join(wrong) or "none outlived its purpose")


def _settings(connection: psycopg.Connection) -> tuple[Settings, frozenset[str]]:
    names = [rule.name for rule in RULES]
    rows = connection.execute(
        "SELECT name, setting, context FROM pg_settings WHERE name = ANY(%s)", [names]
    ).fetchall()
    settings = {str(name): str(setting) for name, setting, _ in rows}
    return settings, frozenset(name for name, _, context in rows if context == "postmaster")


def _broken(rules: tuple[Rule, ...], settings: Settings, postmaster: frozenset[str]) -> list[str]:
    return [str(each) for each in deviations(rules, settings, postmaster=postmaster)]


def _clock(site: str, connection: psycopg.Connection, now: datetime) -> Finding:
    apart = abs((_value(connection, "SELECT clock_timestamp()") - now).total_seconds())
    return Finding(f"clock of {site}", apart < _CLOCK_SECONDS, f"{apart:.1f} s from its database's clock")


def _strangers(urls: Mapping[str, str]) -> Finding:
    """Neither site's role and password open the other's database, nor any other of its cluster."""
    wrong = []
    for visitor, host in (("talk", "people"), ("people", "talk")):
        own = conninfo_to_dict(urls[visitor])
        for database in {conninfo_to_dict(urls[host]).get("dbname"), "postgres"}:
            attempt = make_conninfo(
                urls[host], user=own.get("user"), password=own.get("password"), dbname=database
            )
            try:
                psycopg.connect(attempt, connect_timeout=_CONNECT).close()
            except psycopg.OperationalError:
                continue
            wrong.append(f"the role of {visitor} can log in to the cluster of {host}")
            break
    return Finding(
        "roles apart", not wrong, "; ".join(wrong) or "neither site can log in to the other's cluster"
    )

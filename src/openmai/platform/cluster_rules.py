"""What every PostgreSQL cluster of a site must be set to, and what each setting would otherwise leak.

One table: the embedded clusters are started with `value`, `openmai doctor` compares any other cluster with it
through SQL, docs/settings.md lists it. The figures behind it were measured: docs/adr/0022.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

# What a log line may begin with: a percent sign, application, database, kind of process and of command,
# SQLSTATE and %q. All other escapes tell a time, a host, a user, a session or a transaction.
HARMLESS_ESCAPES: Final = frozenset("%adbieq")
TELLTALE_LIBRARIES: Final = (
    "pg_stat_statements",
    "auto_explain",
    "pgaudit",
    "pg_stat_monitor",
    "pg_qualstats",
)
_ESCAPE: Final = re.compile(r"%-?\d*(.)")
_OFF: Final = frozenset({"", "off"})


@dataclass(frozen=True)
class Rule:
    """One setting. `value` is ours; `also` and the bounds say what else is as good."""

    name: str
    value: str
    leak: str
    also: frozenset[str] = frozenset()
    bounds: tuple[int, int] | None = None
    """Lowest and highest, in the unit of `pg_settings.setting`."""

    def keeps(self, found: str) -> bool:
        """Whether a cluster with this `pg_settings.setting` leaks nothing by it."""
        if self.name == "log_line_prefix":
            return set(_ESCAPE.findall(found)) <= HARMLESS_ESCAPES
        if self.name.endswith("_libraries"):
            return not any(library in found for library in TELLTALE_LIBRARIES)
        if self.bounds is not None:
            return self.bounds[0] <= int(found) <= self.bounds[1]
        return found == self.value or found in self.also or {found, self.value} <= _OFF

    @property
    def statement(self) -> str:
        """The SQL that mends it; a superuser runs it and reloads, or restarts if `needs_restart`."""
        value = self.value.replace("'", "''")
        return f"ALTER SYSTEM SET {self.name} = '{value}'"


@dataclass(frozen=True)
class Deviation:
    """A setting of a cluster that breaks its rule."""

    rule: Rule
    found: str
    needs_restart: bool

    def __str__(self) -> str:
        then = "restart the cluster" if self.needs_restart else "SELECT pg_reload_conf()"
        return (
            f"{self.rule.name} is {self.found or 'empty'}: {self.rule.leak}. "
            f"Mend with: {self.rule.statement}; then {then}"
        )


_STATEMENTS: Final = "the log holds statements, with what was typed and when"
_VISITS: Final = "the log tells when each process of a site came and went"
_WORK: Final = "the log tells when, and how heavily, the database was used"

LOG_RULES: Final = (
    Rule("log_destination", "stderr", "csvlog, jsonlog and syslog add time, user and address to each line"),
    Rule(
        "log_line_prefix", "", "each line would carry a time, an address, a user, a session or a transaction"
    ),
    Rule("log_statement", "none", _STATEMENTS),
    Rule("log_min_duration_statement", "-1", _STATEMENTS),
    Rule("log_min_duration_sample", "-1", _STATEMENTS),
    Rule("log_transaction_sample_rate", "0", _STATEMENTS),
    Rule("log_min_messages", "fatal", "each refused statement leaves a line", also=frozenset({"panic"})),
    Rule("log_min_error_statement", "panic", "a failed statement is written out with its values"),
    Rule("log_error_verbosity", "terse", "the detail of an error quotes the row that caused it"),
    Rule("log_parameter_max_length", "0", "the values of a statement are written out"),
    Rule("log_parameter_max_length_on_error", "0", "the values of a failed statement are written out"),
    Rule("log_duration", "off", _WORK),
    Rule("log_connections", "", _VISITS),
    Rule("log_disconnections", "off", _VISITS),
    Rule("log_lock_waits", "off", "waiting statements are written out, with their values"),
    Rule("log_lock_failures", "off", "statements that got no lock are written out"),
    Rule("log_recovery_conflict_waits", "off", _WORK),
    Rule("log_checkpoints", "off", _WORK),
    Rule("log_autovacuum_min_duration", "-1", _WORK),
    Rule("log_temp_files", "-1", _STATEMENTS),
    Rule("log_hostname", "off", "the log names the machines that connect"),
    Rule("log_replication_commands", "off", _VISITS),
    Rule("log_parser_stats", "off", _WORK),
    Rule("log_planner_stats", "off", _WORK),
    Rule("log_executor_stats", "off", _WORK),
    Rule("log_statement_stats", "off", _WORK),
    Rule("debug_print_parse", "off", _STATEMENTS),
    Rule("debug_print_rewritten", "off", _STATEMENTS),
    Rule("debug_print_plan", "off", _STATEMENTS),
    Rule("track_commit_timestamp", "off", "the microsecond of every commit is kept for good, row by row"),
    Rule("compute_query_id", "off", "statistics by statement can be gathered"),
    Rule("shared_preload_libraries", "", "a loaded library gathers or logs statements"),
    Rule("session_preload_libraries", "", "a loaded library gathers or logs statements"),
    Rule("local_preload_libraries", "", "a loaded library gathers or logs statements"),
)

_AGE: Final = "the write-ahead log, which holds each commit's microsecond and deleted text, grows too old"

WAL_RULES: Final = (
    Rule(
        "wal_recycle", "off", "used segments live on under the name of a future one, with all that is in them"
    ),
    Rule("archive_mode", "off", "an archive keeps each commit's microsecond for as long as it keeps files"),
    # Works without an archive too: it is what ends a segment that nobody fills. With an hour for the mark and
    # three of the longest checkpoints, 6 h keep the promise of a day.
    Rule("archive_timeout", "1h", f"{_AGE}: a segment is never finished", bounds=(1, 21_600)),
    Rule("checkpoint_timeout", "5min", f"{_AGE}: segments go at checkpoints", bounds=(30, 3_600)),
    Rule("wal_keep_size", "0", f"{_AGE}: segments are kept for standbys", bounds=(0, 2_048)),
    Rule("max_slot_wal_keep_size", "1GB", f"{_AGE}: a dead standby's slot holds it", bounds=(0, 2_048)),
    Rule("summarize_wal", "off", "summaries of the write-ahead log outlive it"),
)

RULES: Final = LOG_RULES + WAL_RULES


def deviations(
    rules: Iterable[Rule], settings: Mapping[str, str], *, postmaster: frozenset[str]
) -> list[Deviation]:
    """What breaks its rule. `settings` is name → `pg_settings.setting`; one that is missing is newer than the
    server. `postmaster` names the settings that only a restart changes.
    """
    return [
        Deviation(rule, settings[rule.name], rule.name in postmaster)
        for rule in rules
        if rule.name in settings and not rule.keeps(settings[rule.name])
    ]

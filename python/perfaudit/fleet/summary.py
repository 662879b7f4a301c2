"""What a run says over all repositories, asked with DuckDB: what was judged and what was not, rules, teams, the trend over earlier runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Sequence, Tuple

import duckdb

from perfaudit.fleet import escape

Rows = List[Tuple[Any, ...]]
# Characters of a text in a cell.
CELL = 160
# Columns with the words of remotes and of the program.
QUOTED = ("reason",)

# Of a repository that was tried again, the row in the last part holds, and the findings beside it.
VIEWS = """
CREATE VIEW repositories{n} AS SELECT * FROM all_repositories{n} QUALIFY row_number() OVER (PARTITION BY repository ORDER BY part DESC) = 1;
CREATE VIEW findings{n} AS SELECT f.* FROM all_findings{n} f JOIN repositories{n} r ON f.repository = r.repository AND f.part = r.part;
"""

TOTALS = """
SELECT count(*), count(*) FILTER (status IN ('ok', 'empty')), sum(files), sum(lines), sum(findings), sum(p0), sum(p1), sum(p2), sum(p3),
       round(sum(seconds), 1)
  FROM repositories0
"""
ENDED = "SELECT status, count(*), sum(attempts) FROM repositories0 GROUP BY status ORDER BY count(*) DESC, status"
NOT_JUDGED = "SELECT repository, status, attempts, reason FROM repositories0 WHERE status NOT IN ('ok', 'empty') ORDER BY status, repository"
RULES = """
SELECT rule, count(*), count(*) FILTER (priority = 'P0'), count(*) FILTER (priority = 'P1'), count(*) FILTER (priority = 'P2'),
       count(DISTINCT repository)
  FROM findings0 GROUP BY rule ORDER BY count(*) FILTER (priority IN ('P0', 'P1')) DESC, count(*) DESC, rule
"""
TEAMS = """
SELECT coalesce(nullif(team, ''), '(none)'), count(*), sum(lines), sum(p0), sum(p1), sum(p2), sum(findings),
       round(1000.0 * sum(p0 + p1 + p2) / nullif(sum(lines), 0), 2)
  FROM repositories0 GROUP BY ALL ORDER BY sum(p0) DESC, sum(p1) DESC, sum(p2) DESC, 1
"""
WORST = "SELECT repository, team, lines, p0, p1, p2, findings FROM repositories0 WHERE status = 'ok' ORDER BY p0 DESC, p1 DESC, p2 DESC, repository LIMIT 20"
SLOWEST = """
SELECT repository, status, round(seconds, 2), round(fetch_seconds, 2), peak_memory // 1048576, lines
  FROM repositories0 ORDER BY seconds DESC, repository LIMIT 10
"""
# Only what both runs judged can be compared: a repository that failed has fixed nothing.
TREND = """
WITH judged AS (SELECT repository FROM repositories{now} WHERE status IN ('ok', 'empty') INTERSECT SELECT repository FROM repositories{before} WHERE status IN ('ok', 'empty')),
     a AS (SELECT repository, fingerprint, rule FROM findings{now} WHERE repository IN (FROM judged)),
     b AS (SELECT repository, fingerprint, rule FROM findings{before} WHERE repository IN (FROM judged)),
     new AS (SELECT rule, count(*) AS n FROM a ANTI JOIN b USING (repository, fingerprint) GROUP BY rule),
     fixed AS (SELECT rule, count(*) AS n FROM b ANTI JOIN a USING (repository, fingerprint) GROUP BY rule)
SELECT coalesce(new.rule, fixed.rule), coalesce(new.n, 0), coalesce(fixed.n, 0)
  FROM new FULL JOIN fixed USING (rule) ORDER BY 2 DESC, 3 DESC, 1
"""

# Heading, columns, question; what is empty is left out.
TABLES: Tuple[Tuple[str, Tuple[str, ...], str], ...] = (
    ("How the audits ended", ("status", "repositories", "attempts"), ENDED),
    ("Not judged", ("repository", "status", "attempts", "reason"), NOT_JUDGED),
    ("Rules", ("rule", "findings", "P0", "P1", "P2", "repositories"), RULES),
    ("Teams", ("team", "repositories", "lines", "P0", "P1", "P2", "findings", "P0 to P2 in 1,000 lines"), TEAMS),
    ("Where to begin", ("repository", "team", "lines", "P0", "P1", "P2", "findings"), WORST),
    ("Slowest", ("repository", "status", "seconds", "seconds to fetch", "MiB", "lines"), SLOWEST),
)


def connect(folders: Sequence[Path]) -> duckdb.DuckDBPyConnection:
    """A database in memory with the views `repositories0` and `findings0` of the first folder, `…1` of the second, and so on."""
    database = duckdb.connect(":memory:")
    for number, folder in enumerate(folders):
        for table in ("repositories", "findings"):
            files = str(folder / "parts" / "*" / f"{table}.parquet")
            database.read_parquet(files, hive_partitioning=True).create_view(f"all_{table}{number}")
        database.execute(VIEWS.format(n=number))
    return database


def ask(folders: Sequence[Path]) -> Dict[str, Any]:
    """All tables of the first folder, and what changed from each earlier one to the next."""
    database = connect(folders)
    names = ("repositories", "judged", "files", "lines", "findings", "p0", "p1", "p2", "p3", "seconds")
    found: Dict[str, Any] = {"totals": dict(zip(names, database.execute(TOTALS).fetchone() or ()))}
    found["tables"] = [(heading, columns, database.execute(question).fetchall()) for heading, columns, question in TABLES]
    found["trend"] = [
        (str(folders[before]), database.execute(TREND.format(now=before - 1, before=before)).fetchall()) for before in range(1, len(folders))
    ]
    return found


def markdown(folders: Sequence[Path]) -> str:
    """The report: Markdown that is read in a terminal as well."""
    found = ask(folders)
    totals = {name: value or 0 for name, value in found["totals"].items()}
    lines = ["# Fleet", ""]
    lines.append(f"{totals['judged']:,} of {totals['repositories']:,} repositories were judged: {totals['lines']:,} lines in {totals['files']:,} files.")
    lines.append(f"{totals['p0']:,} P0 · {totals['p1']:,} P1 · {totals['p2']:,} P2 · {totals['p3']:,} P3.")
    for heading, columns, rows in found["tables"]:
        lines += table(heading, columns, rows)
    for before, rows in found["trend"]:
        name = escape.markdown(clipped(before))
        lines += table(f"Since {name}", ("rule", "new", "fixed"), rows) or ["", f"Nothing is new or fixed since {name}."]
    return "\n".join(lines) + "\n"


def table(heading: str, columns: Sequence[str], rows: Rows) -> List[str]:
    """A table of Markdown whose columns stand below each other; nothing where there are no rows."""
    if not rows:
        return []
    texts = [[cell(column, value) for column, value in zip(columns, row)] for row in rows]
    widths = [max(len(column), *(len(row[at]) for row in texts)) for at, column in enumerate(columns)]
    is_number = [all(isinstance(row[at], (int, float, type(None))) for row in rows) for at in range(len(columns))]

    def line(words: Sequence[str]) -> str:
        return "| " + " | ".join(word.rjust(width) if right else word.ljust(width) for word, width, right in zip(words, widths, is_number)) + " |"

    rule = "|" + "|".join("-" * (width + 1) + (":" if right else "-") for width, right in zip(widths, is_number)) + "|"
    return ["", f"## {heading}", "", line(columns), rule, *map(line, texts)]


def cell(column: str, value: Any) -> str:
    """A value as people read it. Names are of strangers, and what a remote or the program said of one is nothing but a quotation."""
    if value is None:
        return ""
    if isinstance(value, (int, float)):
        return f"{value:,}"
    text = clipped(str(value))
    return escape.code_cell(text) if column in QUOTED and text else escape.markdown(text)


def clipped(text: str) -> str:
    """No more than a cell can hold."""
    return text if len(text) <= CELL else text[: CELL - 1] + "…"

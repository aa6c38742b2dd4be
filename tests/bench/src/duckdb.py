"""DuckDB's time for an ID, in milliseconds: `duckdb.py <delta table> <bloom-filtered copy> <ids> <correlations>`.

The first answer of each kind warms up and is not counted. Every answer must have the rows asked for.
"""

import json
import sys
import time
from pathlib import Path

import duckdb
import duckdb_ext

table, copies, ids, correlations, rows = sys.argv[1:]
connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
# What it prints of queries that take long would stand in the answer.
connection.execute("SET enable_progress_bar = false")
extension = next(Path(next(iter(duckdb_ext.__path__))).glob("extensions/*/*/delta.duckdb_extension"))
connection.execute(f"LOAD '{extension}'")
columns = "* EXCLUDE (payload, decoded)"


def times(sql, values):
    """One time for each value but the first."""
    taken = []
    for value in values:
        begun = time.perf_counter()
        found = connection.execute(sql, [value]).fetchall()
        taken.append((time.perf_counter() - begun) * 1e3)
        assert len(found) == int(rows), f"{value}: {len(found)} rows"
    return taken[1:]


print(
    json.dumps(
        {
            "version": duckdb.__version__,
            "list": times(
                f"SELECT {columns} FROM delta_scan('{table}') WHERE list_contains(ids, ?)",
                [f"orderId={id}" for id in ids.split(",")],
            ),
            "bloom": times(
                f"SELECT {columns} FROM read_parquet('{copies}/*.parquet') WHERE correlation_id = ?",
                correlations.split(","),
            ),
        }
    )
)

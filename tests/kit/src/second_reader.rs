//! Readers that share no code with ours: the `deltalake` wheel and DuckDB, each in a Python environment of its own.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::python::Environment;

const DELTALAKE: Environment = Environment { name: "deltalake-1.6.6", packages: &["deltalake==1.6.6", "pyarrow"] };

/// Its Delta extension comes as a wheel: `INSTALL delta` asks a server that is not a package registry.
const DUCKDB: Environment =
    Environment { name: "duckdb-1.4.4", packages: &["duckdb==1.4.4", "duckdb-ext-delta==1.4.4.20260205", "pytz"] };

/// Runs a Python script with `deltalake` at hand; its standard output is JSON.
pub fn python(script: &str, arguments: &[&Path]) -> Result<Value> {
    DELTALAKE.run(script, arguments)
}

/// Runs a Python script with `duckdb` and `duckdb_ext` (its Delta extension) at hand; its standard output is JSON.
pub fn duckdb(script: &str, arguments: &[&Path]) -> Result<Value> {
    DUCKDB.run(script, arguments)
}

/// Rows of the archive's `events` as the other reader sees them: `{"rows": n, "addresses": distinct, "digest": sha256}`.
/// Its filters must find the same rows. The digest goes over partition, offset, key, payload and headers in the order of partition and offset.
pub fn digest(archive: &Path) -> Result<Value> {
    python(DIGEST, &[&archive.join("events")])
}

const DIGEST: &str = r"
import sys, json, hashlib
from deltalake import DeltaTable
names = ['destination', 'partition', 'offset', 'key', 'payload', 'headers']
delta = DeltaTable(sys.argv[1])
table = delta.to_pyarrow_table(columns=names)
by_filter = lambda name: len(delta.to_pyarrow_table(columns=['offset'], filters=[('destination', '=', name)]))
assert sum(map(by_filter, set(table['destination'].to_pylist()))) == len(table), 'a filter finds other rows'
rows = sorted(zip(*(table[name].to_pylist() for name in names)), key=lambda row: row[:3])
digest = hashlib.sha256()
for destination, partition, offset, key, payload, headers in rows:
    digest.update(f'{destination}/{partition}/{offset}/'.encode())
    for value in [key, payload] + [part for header in headers for part in (header['name'].encode(), header['value'])]:
        digest.update(b'-' if value is None else b'+' + str(len(value)).encode() + b':' + value)
print(json.dumps({'rows': len(rows), 'addresses': len({row[:3] for row in rows}), 'digest': digest.hexdigest()}))
";

/// Joins the small files of the archive's `events` as other engines do, and tells how many it replaced.
pub fn optimize(archive: &Path) -> Result<u64> {
    let told = python(OPTIMIZE, &[&archive.join("events")])?;
    told.as_u64().context("the second reader tells a number")
}

const OPTIMIZE: &str = r"
import sys, json
from deltalake import DeltaTable
print(json.dumps(DeltaTable(sys.argv[1]).optimize.compact()['numFilesRemoved']))
";

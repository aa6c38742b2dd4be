//! `tapline sql`: a query, to a server or to an archive folder.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use tapline_api::{SqlAnswer, SqlRequest};
use tapline_archive::{Archive, ArchiveError};
use tapline_engine::{ArchiveFacts, Engine, EngineError, EngineOptions, Limits};
use tokio::runtime::Runtime;

use super::{Answerer, answerer};
use crate::cli::SqlArgs;
use crate::config::Config;
use crate::exit::{Exit, Fault};
use crate::output;

pub(crate) fn run(args: &SqlArgs, config: &Config, json: bool, runtime: &Runtime) -> Result<Exit, Fault> {
    let sql = text(args)?;
    let answer = match answerer(&args.target, config)? {
        Answerer::Server(client) => {
            let timeout_ms = args.timeout.map(|timeout| u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX));
            let answer = client.sql(&SqlRequest { sql, max_rows: Some(args.max_rows), timeout_ms })?;
            answer.warnings.iter().for_each(|warning| eprintln!("warning: {}", output::harmless(warning)));
            answer
        }
        Answerer::Folder(folder) => runtime.block_on(ask_folder(&folder, &sql, args, config))?,
    };
    output::rows(&answer, json)?;
    if answer.truncated {
        eprintln!("cut after {} rows; ask for more by --max-rows", answer.rows.len());
    }
    Ok(Exit::Done)
}

fn text(args: &SqlArgs) -> Result<String, Fault> {
    if let Some(query) = &args.query {
        return Ok(query.clone());
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(anyhow::Error::from)?;
    Ok(text)
}

async fn ask_folder(folder: &Path, sql: &str, args: &SqlArgs, config: &Config) -> Result<SqlAnswer, Fault> {
    let archive = open(folder).await?;
    let options = EngineOptions {
        memory_bytes: config.limits.query_memory.as_usize(),
        timeout: config.limits.query_timeout.0,
        ..EngineOptions::default()
    };
    let tables = Arc::new(ArchiveFacts(Arc::clone(&archive)));
    let files = archive.view().files.len();
    let engine = Engine::new(Arc::clone(&archive), tables, options).map_err(anyhow::Error::from)?;
    let limits = Limits { max_rows: Some(args.max_rows), timeout: args.timeout };
    let ask = async || engine.query(sql, limits).await?.json().await;
    let mut answer = ask().await;
    // Nobody else asks again: each attempt finds one more damaged file, which the next leaves out.
    for _ in 0..files {
        if !matches!(answer, Err(EngineError::Damaged { .. })) {
            break;
        }
        answer = ask().await;
    }
    tell_damaged(&archive);
    answer.map_err(|error| Fault::Refused(error.to_string()))
}

/// Says on standard error which files an answer was made without.
pub(super) fn tell_damaged(archive: &Archive) {
    let (damaged, files) = (archive.figures().damaged, archive.view().files.len());
    if damaged.is_empty() {
        return;
    }
    eprintln!("warning: {} of {files} data files are damaged or missing and left out:", damaged.len());
    for file in damaged {
        eprintln!("  {}", output::harmless(&file));
    }
}

/// Opens an archive folder for reading.
pub(super) async fn open(folder: &Path) -> Result<Arc<Archive>, Fault> {
    Archive::open_read_only(folder).await.map_err(|error| match error {
        ArchiveError::NoArchive { .. } => Fault::Unreachable(error.to_string()),
        other => Fault::Other(other.into()),
    })
}

//! `GET /api/v1/system`: the process, the archive, the configuration in force.

use axum::Json;
use axum::extract::State;
use tapline_api::{ArchiveFigures, System};
use tapline_model::time;

use crate::params::Params;
use crate::problem::Refusal;
use crate::state::App;

/// What the System page shows besides sources.
#[utoipa::path(get, path = "/api/v1/system", tag = "operation", responses((status = 200, body = System)))]
pub(crate) async fn system(State(app): State<App>, params: Params) -> Result<Json<System>, Refusal> {
    params.only(&[])?;
    Ok(Json(System {
        version: app.options.version.clone(),
        started_at: time::format(app.epoch),
        memory: resident_memory(),
        memory_limit: app.options.memory_limit,
        archive: archive_figures(&app),
        settings: app.options.settings.clone(),
    }))
}

/// Numbers about the archive. Reads no file.
pub(crate) fn archive_figures(app: &App) -> ArchiveFigures {
    let figures = app.archive.figures();
    ArchiveFigures {
        location: app.archive.folder().display().to_string(),
        bytes: figures.bytes,
        index_bytes: figures.index_bytes,
        files: figures.files,
        rows: figures.rows,
        hot_rows: figures.hot_rows,
        hot_bytes: figures.hot_bytes,
        raw_bytes: figures.raw_bytes,
        version: figures.version,
        oldest: figures.oldest.map(time::format),
        committed_at: figures.committed_at.map(time::format),
        compacted_at: figures.compacted_at.map(time::format),
        disk_free: figures.disk_free,
        damaged: figures.damaged,
    }
}

/// Resident memory of this process, bytes; known on Linux.
pub(crate) fn resident_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1_024)
}

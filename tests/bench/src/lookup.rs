//! The chain of an ID, warm, against DuckDB's rows of the same ID: in the archive's own files by its list of
//! identifiers, and in a copy of them whose correlation id has a bloom filter, which is DuckDB's best.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tapline_archive::View;
use tapline_chains::{ChainOptions, chain};
use tapline_kit::{Kafka, second_reader};
use tapline_upkeep::{Limits, compact, plan};

use crate::recorder::{Recorded, Recorder};
use crate::traffic::{self, CHAIN};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Events in the archive.
    #[arg(long, default_value_t = 2_000_000)]
    events: u64,
    /// Payload size in bytes.
    #[arg(long, default_value_t = 300)]
    size: usize,
    /// Chains asked for.
    #[arg(long, default_value_t = 2_000)]
    chains: usize,
    /// Of these, so many are asked of DuckDB too.
    #[arg(long, default_value_t = 20)]
    peer_chains: usize,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let recorded = record(args)?;
    let view = recorded.archive.view();
    let mut random = StdRng::seed_from_u64(7);
    let orders: Vec<String> =
        (0..args.chains).map(|_| traffic::order(random.random_range(0..args.events / CHAIN))).collect();
    let absent: Vec<String> = (0..args.chains).map(|at| format!("ORD-absent-{at}")).collect();
    let found = ask(&recorded, &orders, usize::try_from(CHAIN)?)?;
    let missed = ask(&recorded, &absent, 0)?;
    let peer = duckdb(&recorded, &view, &orders[..args.peer_chains.min(orders.len())])?;

    println!("{} events in {} files; DuckDB {}", view.file_rows(), view.files.len(), peer.version);
    println!("| what | n | p50 ms | p99 ms | DuckDB's p50 / ours |");
    println!("|---|---|---|---|---|");
    let ours = quantile(&found, 0.5);
    for (what, times) in [("tapline: chain of an ID", &found), ("tapline: an absent ID", &missed)] {
        println!("| {what} | {} | {:.2} | {:.2} | |", times.len(), quantile(times, 0.5), quantile(times, 0.99));
    }
    for (what, times) in [("DuckDB: list of ids", &peer.list), ("DuckDB: bloom-filtered column", &peer.bloom)] {
        let (p50, p99) = (quantile(times, 0.5), quantile(times, 0.99));
        println!("| {what} | {} | {p50:.1} | {p99:.1} | **{:.0}** |", times.len(), p50 / ours);
    }
    Ok(())
}

/// Archives from a real Kafka and compacts until nothing is left to do.
fn record(args: &Args) -> Result<Recorded> {
    let kafka = Kafka::start()?;
    traffic::fill(&kafka, "events", 6, args.events, args.size)?;
    let recorder = Recorder::start(&kafka, "events")?;
    recorder.wait_for(args.events)?;
    let recorded = recorder.stop()?;
    let limits = Limits::default();
    while let Some(inputs) = plan(&recorded.archive.view().files, &limits, tapline_model::time::now()) {
        recorded.runtime.block_on(compact(&recorded.archive, inputs))?;
    }
    Ok(recorded)
}

/// Milliseconds of each but the first tenth, which warms up.
fn ask(recorded: &Recorded, ids: &[String], members: usize) -> Result<Vec<f64>> {
    let (ledger, options) = (recorded.archive.ledger(), ChainOptions::default());
    let mut times = Vec::with_capacity(ids.len());
    for id in ids {
        let begun = Instant::now();
        let view = recorded.archive.view();
        let answer = chain(&view, &ledger, id, tapline_model::time::now(), &options);
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        let count = answer.map_or(0, |chain| chain.members.len());
        ensure!(count == members, "{id} has {count} members");
    }
    Ok(times.split_off(ids.len() / 10))
}

#[derive(serde::Deserialize)]
struct Peer {
    version: String,
    list: Vec<f64>,
    bloom: Vec<f64>,
}

fn duckdb(recorded: &Recorded, view: &View, orders: &[String]) -> Result<Peer> {
    let copies = tempfile::tempdir()?;
    for (at, file) in view.files.iter().enumerate() {
        copy_with_bloom(&file.location, &copies.path().join(format!("{at}.parquet")))?;
    }
    let correlations = orders.iter().map(|order| correlation(recorded, order)).collect::<Result<Vec<String>>>()?;
    let events = recorded.folder.path().join("events");
    let (ids, rows) = (orders.join(","), CHAIN.to_string());
    let correlations = correlations.join(",");
    let arguments = [&events, copies.path(), Path::new(&ids), Path::new(&correlations), Path::new(&rows)];
    Ok(serde_json::from_value(second_reader::duckdb(include_str!("duckdb.py"), &arguments)?)?)
}

/// The correlation id of an order's events.
fn correlation(recorded: &Recorded, order: &str) -> Result<String> {
    let (view, now) = (recorded.archive.view(), tapline_model::time::now());
    let story = chain(&view, &recorded.archive.ledger(), order, now, &ChainOptions::default())?;
    let ids = story.members.first().map(|member| member.ids.as_slice()).unwrap_or_default();
    let id = ids.iter().find(|id| id.name == "correlation_id").context("an event without a correlation id")?;
    Ok(id.value.clone())
}

/// The same rows in the same order and packing, with a bloom filter.
fn copy_with_bloom(from: &Path, to: &Path) -> Result<()> {
    let column = ColumnPath::from("correlation_id");
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(from)?)?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_max_row_group_row_count(Some(131_072))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_column_bloom_filter_enabled(column.clone(), true)
        .set_column_bloom_filter_fpp(column, 0.01)
        .build();
    let mut writer = ArrowWriter::try_new(File::create(to)?, Arc::clone(reader.schema()), Some(properties))?;
    for batch in reader.build()? {
        writer.write(&batch?)?;
    }
    writer.close()?;
    Ok(())
}

fn quantile(times: &[f64], share: f64) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
    let at = (sorted.len() as f64 * share) as usize;
    sorted.get(at.min(sorted.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

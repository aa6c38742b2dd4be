//! Benches that print ratios against a peer or a limit in the same run: `cargo xtask bench <name>`.

mod causes;
mod freshness;
mod history;
mod ingest;
mod lag;
mod lookup;
mod measure;
mod memory;
mod rate;
mod recorder;
mod replay;
mod traffic;

use clap::{Parser, Subcommand};

/// The product's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures Tapline against its peers on this machine.
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// Archive from Kafka, against librdkafka's batch loop on the same broker.
    Ingest(ingest::Args),
    /// From produced to searchable.
    Freshness(freshness::Args),
    /// The chain of an ID, against DuckDB on the same files.
    Lookup(lookup::Args),
    /// Events put back, against librdkafka's idempotent producer on the same broker.
    Replay(replay::Args),
    /// Events put back at a rate that was asked for.
    Rate(rate::Args),
    /// Calls about a flood of dead letters of many causes.
    Causes(causes::Args),
    /// A look at all consumer groups, against Kafka's own admin client on the same broker.
    Lag(lag::Args),
    /// How far groups were behind, kept for days, against its limits.
    History(history::Args),
    /// The whole process with a long backlog in many partitions.
    Memory(memory::Args),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().bench {
        Bench::Ingest(args) => ingest::run(&args),
        Bench::Freshness(args) => freshness::run(&args),
        Bench::Lookup(args) => lookup::run(&args),
        Bench::Replay(args) => replay::run(&args),
        Bench::Rate(args) => rate::run(&args),
        Bench::Causes(args) => causes::run(&args),
        Bench::Lag(args) => lag::run(&args),
        Bench::History(args) => history::run(&args),
        Bench::Memory(args) => memory::run(&args),
    }
}

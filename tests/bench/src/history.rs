//! What it costs to keep how far groups were behind: bytes a day, and how long a chart takes, against the limits.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tapline_history::{History, Sample, WHOLE, Wanted, rows};

/// Partitions of each group.
const PARTITIONS: i32 = 20;

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// Midnight of 2026-11-01, microseconds.
const BEGIN: i64 = 1_793_491_200_000_000;

/// A day of ten thousand pairs may have so many bytes.
const LIMIT_BYTES: f64 = 100e6;

/// A chart may take so long, milliseconds.
const LIMIT_CHART: f64 = 300.0;

/// Partitions of a chart.
const DRAWN: i32 = 64;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Pairs of a group and a partition.
    #[arg(long, default_value_t = 10_000)]
    pairs: u32,
    /// Days that are written.
    #[arg(long, default_value_t = 3)]
    days: i64,
}

/// A pair that reads what is written to it, now faster, now slower.
struct Pair {
    group: Arc<str>,
    place: (Arc<str>, i32),
    committed: i64,
    lag: i64,
    /// Records a minute.
    rate: f64,
}

impl Pair {
    fn minute(&mut self, random: &mut StdRng) {
        let written = (self.rate * random.random_range(0.8..1.2)) as i64;
        // One in ten falls behind, and catches up again.
        let pace = if self.committed % 10 == 0 { random.random_range(0.7..1.25) } else { 1.0 };
        let wanted = (written as f64 * pace) as i64 + self.lag.min(written / 50);
        let read = wanted.clamp(0, self.lag + written - random.random_range(0..=3).min(self.lag + written));
        self.committed += read;
        self.lag += written - read;
    }

    fn sample(&self, source: &Arc<str>, at: i64) -> Sample {
        let behind = self.lag as f64 / self.rate * 60.0;
        Sample {
            at,
            source: Arc::clone(source),
            group: Arc::clone(&self.group),
            place: Some(self.place.clone()),
            state: "ok",
            committed: Some(self.committed),
            lag: Some(self.lag),
            behind: Some(behind),
            written: None,
            read: None,
            rebalances: None,
        }
    }
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let history = History::open(folder.path(), 365 * DAY)?;
    let mut random = StdRng::seed_from_u64(7);
    let mut pairs: Vec<Pair> = (0..args.pairs).map(|number| pair(number, &mut random)).collect();
    let source: Arc<str> = Arc::from("shop");
    let (mut longest, mut spent) = (0.0_f64, 0.0);
    for minute in 0..args.days * 24 * 60 {
        // Looks are fifteen seconds apart, and never on time.
        let at = BEGIN + minute * MINUTE + random.random_range(0..15_000_000);
        pairs.iter_mut().for_each(|pair| pair.minute(&mut random));
        let mut samples: Vec<Sample> = pairs.iter().map(|pair| pair.sample(&source, at)).collect();
        samples.extend(wholes(&samples));
        history.add(samples);
        let begun = Instant::now();
        history.upkeep(at)?;
        let took = begun.elapsed().as_secs_f64();
        (longest, spent) = (longest.max(took), spent + took);
    }
    let end = BEGIN + args.days * DAY;
    println!("{} pairs, each with a row a minute, {} days\n", args.pairs, args.days);
    println!("| | measured | limit | measured / limit |\n|---|---|---|---|");
    let scale = f64::from(args.pairs) / 10_000.0;
    let bytes = size(folder.path(), "1d_1m")?.context("no whole day")?;
    println!("| bytes of a day | {bytes:.0} | {:.0} | {:.2} |", LIMIT_BYTES * scale, bytes / LIMIT_BYTES / scale);
    if let Some(thin) = size(folder.path(), "1d_5m")? {
        println!("| bytes of a day after two days | {thin:.0} | | |");
    }
    for (name, length) in [("an hour", 60 * MINUTE), ("a day", DAY), ("all days", args.days * DAY)] {
        let took = chart(&history, end - length, end)?;
        println!("| chart of {name}, ms | {took:.1} | {LIMIT_CHART} | {:.2} |", took / LIMIT_CHART);
    }
    let share = spent / (args.days as f64 * 86_400.0);
    println!("\nwriting and merging: {:.3} % of a core, the longest pause {longest:.1} s", share * 100.0);
    Ok(())
}

fn pair(number: u32, random: &mut StdRng) -> Pair {
    let (group, partition) = (number / PARTITIONS as u32, number as i32 % PARTITIONS);
    Pair {
        group: Arc::from(format!("group-{group:04}")),
        place: (Arc::from(format!("topic-{:03}", group % 200)), partition),
        committed: random.random_range(0..2_000_000_000),
        lag: 0,
        rate: 60.0 * 10_f64.powf(random.random_range(-1.0..2.5)),
    }
}

/// A row for each group.
fn wholes(samples: &[Sample]) -> Vec<Sample> {
    samples
        .chunks(PARTITIONS as usize)
        .filter_map(|group| {
            let lag = group.iter().filter_map(|it| it.lag).sum();
            let behind = group.iter().filter_map(|it| it.behind).fold(0.0, f64::max);
            let first = group.first()?.clone();
            let rates = (Some(lag as f64 / 7.0), Some(lag as f64 / 9.0));
            Some(Sample {
                place: None,
                committed: None,
                lag: Some(lag),
                behind: Some(behind),
                written: rates.0,
                read: rates.1,
                ..first
            })
        })
        .collect()
}

/// Bytes of the first file with this in its name.
fn size(folder: &Path, of: &str) -> Result<Option<f64>> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().contains(of) {
            return Ok(Some(entry.metadata()?.len() as f64));
        }
    }
    Ok(None)
}

/// Milliseconds, the median of seven, that reading what is drawn takes.
fn chart(history: &History, from: i64, to: i64) -> Result<f64> {
    let places = [("topic-042".to_owned(), (0..DRAWN).collect()), (String::new(), HashSet::from([WHOLE]))];
    let wanted = Wanted {
        source: Some("shop".to_owned()),
        group: Some("group-0042".to_owned()),
        from: Some(from),
        to: Some(to),
        places: Some(HashMap::from(places)),
        ..Wanted::default()
    };
    let mut times = Vec::new();
    for _ in 0..7 {
        let begun = Instant::now();
        let mut count = 0;
        for part in history.parts(&wanted)? {
            for batch in part.read(&wanted)? {
                count += rows(&batch?)?.count();
            }
        }
        anyhow::ensure!(count > 0, "nothing to be drawn");
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[3])
}

//! One look at all consumer groups of a broker, against the same by Kafka's own admin client on the same broker.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tapline_adapter::{GroupOptions, Groups, Source as _};
use tapline_kafka::KafkaSource;
use tapline_kit::{Kafka, Tapline, java, wait_for};

use crate::measure;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Partitions of the broker.
    #[arg(long, default_value_t = 10_000)]
    partitions: usize,
    /// Groups.
    #[arg(long, default_value_t = 500)]
    groups: usize,
    /// Partitions that each group has committed.
    #[arg(long, default_value_t = 200)]
    each: usize,
    /// Looks of each; the first of both is not counted.
    #[arg(long, default_value_t = 6)]
    looks: usize,
}

/// Partitions of a topic.
const TOPIC: usize = 100;

pub(crate) fn run(args: &Args) -> Result<()> {
    let kafka = Kafka::start()?;
    let topics = args.partitions.div_ceil(TOPIC);
    let numbers = [topics, args.partitions.min(TOPIC), args.groups, args.each].map(|number| number.to_string());
    let fill: Vec<&str> = std::iter::once("fill").chain(numbers.iter().map(String::as_str)).collect();
    java::lag(&kafka, &fill)?;
    let pairs = args.groups * args.each;
    println!("| who | looks | median ms | fastest ms | slowest ms | against Java |");
    println!("|---|---|---|---|---|---|");
    let java = theirs(&kafka, args.looks, pairs)?;
    show("Java's admin client", &java, &java);
    let (ours, whole) = ours(&kafka, args.looks, pairs)?;
    show("Tapline, the same", &ours, &java);
    show("Tapline, with log starts and stable ends", &whole, &java);
    process(&kafka, args.groups)
}

/// The whole process while it looks at them every fifteen seconds, and reads one topic of them.
fn process(kafka: &Kafka, groups: usize) -> Result<()> {
    let tapline = Tapline::start(&format!(
        "[sources.bench]\nbrokers = \"{}\"\ntopics = [\"lag-0\"]\nstart = \"earliest\"\n",
        kafka.bootstrap()
    ))?;
    let seen = || Ok((tapline.sql("SELECT count(*) FROM groups")?[0][0] == groups).then_some(()));
    wait_for("all groups", Duration::from_secs(60), seen)?;
    let pid = tapline.pid();
    let (begun, used) = (Instant::now(), processor(pid)?);
    std::thread::sleep(Duration::from_secs(60));
    let share = (processor(pid)? - used) / begun.elapsed().as_secs_f64();
    println!(
        "\nprocess: {:.1} % of a core, {} MB resident",
        share * 100.0,
        measure::resident_of(&pid.to_string())? >> 20
    );
    for path in ["/api/v1/groups", "/api/v1/groups/bench/group-0"] {
        let asked = Instant::now();
        tapline.get(path)?;
        println!("{path}: {:.0} ms", asked.elapsed().as_secs_f64() * 1e3);
    }
    let asked = Instant::now();
    tapline.sql("SELECT count(*), sum(lag) FROM lag")?;
    println!("SELECT over `lag`: {:.0} ms", asked.elapsed().as_secs_f64() * 1e3);
    Ok(())
}

/// Linux counts processor time in hundredths of a second.
const TICKS: f64 = 100.0;

/// Seconds of processor time that a process has used.
fn processor(pid: u32) -> Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields: Vec<&str> = text.rsplit(')').next().context("a line")?.split_whitespace().collect();
    let ticks: u64 =
        fields.get(11..13).context("times")?.iter().map(|field| field.parse::<u64>()).sum::<Result<_, _>>()?;
    Ok(ticks as f64 / TICKS)
}

/// Milliseconds of each look.
fn theirs(kafka: &Kafka, looks: usize, pairs: usize) -> Result<Vec<f64>> {
    let lines = java::lag(kafka, &["pass", &looks.to_string()])?;
    let look = |line: &String| {
        let (ms, seen) = line.split_once(' ').context("two numbers")?;
        ensure!(seen.parse::<usize>()? == pairs, "{seen} of {pairs} pairs");
        Ok(ms.parse()?)
    };
    lines.iter().skip(1).map(look).collect()
}

fn ours(kafka: &Kafka, looks: usize, pairs: usize) -> Result<(Vec<f64>, Vec<f64>)> {
    let source = KafkaSource::new("bench", &kafka.bootstrap(), [].into())?;
    let mut groups = source.groups(&GroupOptions { include: vec!["*".to_owned()] })?;
    let (mut same, mut whole) = (Vec::new(), Vec::new());
    for _ in 0..looks {
        let (until_ends, all, seen) = look(groups.as_mut())?;
        ensure!(seen == pairs, "{seen} of {pairs} pairs");
        same.push(until_ends.as_secs_f64() * 1e3);
        whole.push(all.as_secs_f64() * 1e3);
    }
    Ok((same.split_off(1), whole.split_off(1)))
}

/// The time of what Java's look does too, of all of ours, and the pairs seen.
fn look(groups: &mut dyn Groups) -> Result<(Duration, Duration, usize)> {
    let begun = Instant::now();
    let list = groups.list()?;
    let listed = begun.elapsed();
    let names: Vec<&str> = list.groups.iter().map(|group| group.name.as_str()).collect();
    let committed = groups.committed(&names, None).into_iter().collect::<Result<Vec<_>, _>>()?;
    let told = begun.elapsed();
    let read: std::collections::BTreeSet<_> = committed.iter().flat_map(|of| of.keys().cloned()).collect();
    let read: Vec<_> = read.into_iter().collect();
    let asking = begun.elapsed();
    let ends = groups.ends(&read)?;
    let all = begun.elapsed();
    eprintln!("list {listed:?}, offsets {:?}, partitions {:?}, ends {:?}", told - listed, asking - told, all - asking);
    let pairs = committed.iter().flat_map(|of| of.keys()).filter(|place| ends.contains_key(*place)).count();
    // Of the three kinds of ends Java's look asks for one.
    Ok((asking + (all - asking) / 3, all, pairs))
}

fn show(who: &str, looks: &[f64], java: &[f64]) {
    let mut sorted = looks.to_vec();
    sorted.sort_by(f64::total_cmp);
    let median = |sorted: &[f64]| sorted[sorted.len() / 2];
    let mut theirs = java.to_vec();
    theirs.sort_by(f64::total_cmp);
    println!(
        "| {who} | {} | {:.0} | {:.0} | {:.0} | **{:.2}** |",
        sorted.len(),
        median(&sorted),
        sorted[0],
        sorted[sorted.len() - 1],
        median(&sorted) / median(&theirs)
    );
}

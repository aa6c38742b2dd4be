//! Events put back from the archive, unthrottled, against librdkafka's idempotent producer in a loop that has all records
//! in memory: with the headers that a replay puts on, so that both write the same bytes, and without them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::types::RDKafkaErrorCode::QueueFull;
use rdkafka::{ClientConfig, error::KafkaError};
use tapline_adapter::Source;
use tapline_api::{
    Environment, KeyOrder, ReplayAct, ReplayDetail, ReplayRequest, ReplayState, ReplayTarget, Select, StopAt,
};
use tapline_archive::{Archive, ArchiveOptions, Hit, Place};
use tapline_kafka::KafkaSource;
use tapline_kit::{Kafka, Record};
use tapline_replay::{ReplayOptions, Replays, Selected, Sources};
use tapline_state::State;

use crate::measure::{Cost, cost, resident};
use crate::recorder::{Recorded, Recorder};
use crate::traffic;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Events of each size.
    #[arg(long, default_value_t = 1_000_000)]
    messages: u64,
    /// Payload sizes in bytes.
    #[arg(long, value_delimiter = ',', default_value = "200,1000")]
    sizes: Vec<usize>,
    /// Partitions of each topic.
    #[arg(long, default_value_t = 6)]
    partitions: i32,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    println!(
        "| payload | order | plan s | plan MiB | librdkafka, bare | same bytes | tapline msg/s | CPU µs | of bare | ratio |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for size in &args.sizes {
        let kafka = Kafka::start()?;
        let topic = format!("bench-{size}");
        traffic::fill(&kafka, &topic, args.partitions, args.messages, *size)?;
        let recorder = Recorder::start(&kafka, &topic)?;
        recorder.wait_for(args.messages)?;
        let recorded = recorder.stop()?;
        let replays = replays(&kafka, &recorded)?;
        for order in [KeyOrder::None, KeyOrder::Key] {
            row(args, &kafka, &recorded.archive, &replays, *size, order)?;
        }
        replays.stop();
    }
    Ok(())
}

fn row(
    args: &Args,
    kafka: &Kafka,
    archive: &Arc<Archive>,
    replays: &Replays,
    size: usize,
    order: KeyOrder,
) -> Result<()> {
    let (word, n) = (format!("{order:?}").to_lowercase(), args.messages);
    let [target, bare, same] = ["ours", "bare", "same"].map(|who| format!("{who}-{size}-{word}"));
    for topic in [&target, &bare, &same] {
        kafka.admin()?.create_topic(topic, args.partitions, &[("retention.bytes", "-1")])?;
    }
    let before = resident()?;
    let (planned, plan) = cost(|| planned(archive, replays, &target, order))?;
    let grown = resident()?.saturating_sub(before) >> 20;
    ensure!(planned.replay.progress.items == n, "planned {}", planned.replay.progress.items);
    let ((), bare) = cost(|| peer(kafka, &bare, args, size, &[]))?;
    let ((), same) = cost(|| peer(kafka, &same, args, size, &STAMPS))?;
    let ((), ours) = cost(|| ours(replays, &planned))?;
    let of = |cost: &Cost| cost.rate(n);
    println!(
        "| {size} B | {word} | {:.1} | {grown} | {:.0} | {:.0} | {:.0} | {:.2} | {:.2} | **{:.2}** |",
        plan.wall.as_secs_f64(),
        of(&bare),
        of(&same),
        of(&ours),
        ours.cpu_each(n),
        of(&ours) / of(&bare),
        of(&ours) / of(&same)
    );
    Ok(())
}

fn replays(kafka: &Kafka, recorded: &Recorded) -> Result<Replays> {
    let source: Arc<dyn Source> = Arc::new(KafkaSource::new("bench", &kafka.bootstrap(), BTreeMap::new())?);
    let sources: Sources = BTreeMap::from([("bench".to_owned(), source)]);
    let environment = Environment { name: "bench".to_owned(), colour: "grey".to_owned(), confirm_replays: false };
    let options = ReplayOptions { watch: Duration::ZERO, ..ReplayOptions::default() };
    let state = State::open(recorded.folder.path())?;
    let folder = recorded.folder.path().join("originals");
    let originals = recorded.runtime.block_on(Archive::open(&folder, ArchiveOptions::default()))?;
    Ok(Replays::open(Arc::clone(&recorded.archive), originals, state, sources, options, environment)?)
}

fn planned(archive: &Arc<Archive>, replays: &Replays, target: &str, order: KeyOrder) -> Result<ReplayDetail> {
    let view = archive.view();
    let rows = |(at, file): (usize, &Arc<tapline_archive::DataFile>)| {
        (0..u32::try_from(file.rows).unwrap_or(u32::MAX)).map(move |row| Hit { place: Place::File(at), row })
    };
    let hits = view.files.iter().enumerate().flat_map(rows).collect();
    let selected = Selected { hits, chosen_by: "everything".to_owned(), ..Selected::default() };
    let request = ReplayRequest {
        select: Select { sql: Some("SELECT address FROM events".to_owned()), ..Select::default() },
        target: Some(ReplayTarget { source: None, destination: Some(target.to_owned()) }),
        stop: StopAt { failed_again: None, lag: None },
        reason: "bench".to_owned(),
        order,
        ..ReplayRequest::default()
    };
    Ok(replays.plan(&request, &view, &selected, "bench", &|| false)?)
}

fn ours(replays: &Replays, planned: &ReplayDetail) -> Result<()> {
    let number = Replays::number(&planned.replay.id)?;
    let act = ReplayAct { etag: Some(planned.etag.clone()), ..ReplayAct::default() };
    replays.start(number, &act, "bench", &|| false)?;
    loop {
        let now = replays.detail(number)?.replay;
        match now.state {
            ReplayState::Running => std::thread::sleep(Duration::from_millis(10)),
            ReplayState::Done => {
                ensure!(now.progress.confirmed == now.progress.items, "{now:?}");
                return Ok(());
            }
            state => anyhow::bail!("{} is {}: {:?}", now.id, state.as_str(), now.why),
        }
    }
}

/// What a replay puts on, as long as there.
const STAMPS: [(&str, &str); 6] = [
    ("tapline-replay-id", "r-1"),
    ("tapline-replay-item", "4f1c9a2e/500000"),
    ("tapline-replay-attempt", "1"),
    ("tapline-replay-origin", "bench/bench-1000/3/83333"),
    ("tapline-replay-by", "bench"),
    ("tapline-replay-at", "2026-11-22T15:45:44.000000Z"),
];

/// As few copies as librdkafka makes by itself.
fn peer(kafka: &Kafka, topic: &str, args: &Args, size: usize, stamps: &[(&str, &str)]) -> Result<()> {
    const DIFFERENT: u64 = 8_192;
    let partitions = u64::try_from(args.partitions)?;
    let place = |number: u64| i32::try_from((number / traffic::CHAIN) % partitions);
    let records: Vec<Record> = (0..DIFFERENT.min(args.messages))
        .map(|number| Ok(traffic::record(topic, place(number)?, number, size)))
        .collect::<Result<_>>()?;
    let mut config: ClientConfig = kafka.client();
    config.set("enable.idempotence", "true").set("linger.ms", "5").set("queue.buffering.max.messages", "100000");
    let producer: BaseProducer = config.create()?;
    for number in 0..args.messages {
        let at = usize::try_from(number % DIFFERENT)?;
        let record = &records[at];
        let own = record.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref()));
        let all = own.chain(stamps.iter().map(|(name, value)| (*name, Some(value.as_bytes()))));
        let none = OwnedHeaders::new_with_capacity(record.headers.len() + stamps.len());
        let headers = all.fold(none, |headers, (key, value)| headers.insert(Header { key, value }));
        let mut message = BaseRecord::to(topic).partition(place(number)?).headers(headers);
        message = message.key(record.key.as_deref().unwrap_or_default());
        message = message.payload(record.payload.as_deref().unwrap_or_default());
        while let Err((error, back)) = producer.send(message) {
            ensure!(matches!(error, KafkaError::MessageProduction(QueueFull)), "{error}");
            producer.poll(Duration::from_millis(10));
            message = back;
        }
        producer.poll(Duration::ZERO);
    }
    producer.flush(Duration::from_secs(120)).context("the peer's records did not arrive")
}

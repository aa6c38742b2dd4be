//! Who is behind, on a real Kafka: what groups commit against what is there, as the API tells it.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use serde_json::{Value, json};
use tapline_kit::kafka::TAPLINE;
use tapline_kit::tapline::binary;
use tapline_kit::{Java, Kafka, KafkaConfig, Producer, Record, Tapline, wait_for};

/// Longest wait for a judgement: a window is ten looks, a second each, and a broker that is gone is waited for.
const SOON: Duration = Duration::from_secs(120);

fn consumer(kafka: &Kafka, group: &str) -> Result<BaseConsumer> {
    let mut config = kafka.client();
    config.set("group.id", group).set("enable.auto.commit", "false").set("auto.offset.reset", "earliest");
    Ok(config.create()?)
}

fn commit(kafka: &Kafka, group: &str, topic: &str, partition: i32, offset: i64) -> Result<()> {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, Offset::Offset(offset))?;
    Ok(consumer(kafka, group)?.commit(&list, CommitMode::Sync)?)
}

fn fill(kafka: &Kafka, topic: &str, partition: i32, count: usize) -> Result<()> {
    let records: Vec<Record> = (0..count).map(|_| Record::new(topic, partition, "x")).collect();
    kafka.producer()?.send_all(&records)
}

fn watch(kafka: &Kafka) -> Result<Tapline> {
    Tapline::start(&format!(
        "[lag]\ninterval = \"1s\"\n[sources.shop]\nbrokers = \"{}\"\nstart = \"earliest\"\nbackfill_rate = \"1GB\"\n",
        kafka.bootstrap()
    ))
}

fn detail(tapline: &Tapline, group: &str) -> Result<Option<Value>> {
    let (status, answer) = tapline.get(&format!("/api/v1/groups/shop/{group}"))?;
    Ok((status == 200).then_some(answer))
}

/// The partition of a group once it stands so.
fn until(tapline: &Tapline, group: &str, number: usize, what: &str, holds: impl Fn(&Value) -> bool) -> Result<Value> {
    let mut last = Value::Null;
    let seen = wait_for(&format!("`{group}` {what}"), SOON, || {
        let found = detail(tapline, group)?.and_then(|detail| detail["partitions"].get(number).cloned());
        last = found.unwrap_or_default();
        Ok(holds(&last).then(|| last.clone()))
    });
    seen.with_context(|| format!("it stands so: {last}"))
}

fn until_state(tapline: &Tapline, group: &str, state: &str) -> Result<Value> {
    until(tapline, group, 0, state, |partition| partition["state"] == state)
}

#[test]
fn groups_are_judged_by_what_they_commit() -> Result<()> {
    let kafka = Kafka::start()?;
    let admin = kafka.admin()?;
    for topic in ["orders", "losing"] {
        admin.create_topic(topic, 1, &[])?;
        fill(&kafka, topic, 0, 100)?;
    }
    for (group, offset) in [("stopped", 10), ("done", 100), ("beyond", 1_000), ("back", 90), ("leaving", 5)] {
        commit(&kafka, group, "orders", 0, offset)?;
    }
    commit(&kafka, "losing", "losing", 0, 20)?;
    let tapline = watch(&kafka)?;

    until(&tapline, "done", 0, "has read everything", |it| it["lag"] == 0 && it["state"] == "ok")?;
    let beyond = until_state(&tapline, "beyond", "ahead")?;
    ensure!(beyond["lag"] == 0 && beyond["end"] == 100, "{beyond}");

    until(&tapline, "back", 0, "is seen", |it| it["lag"] == 10)?;
    commit(&kafka, "back", "orders", 0, 30)?;
    let back = until_state(&tapline, "back", "rewind")?;
    ensure!(back["lag"] == 70, "{back}");
    let findings = detail(&tapline, "back")?.context("the group")?["findings"].take();
    ensure!(findings.to_string().contains("went back by 60 offsets, from 90 to 30"), "{findings}");

    admin.delete_records("losing", 0, 50)?;
    let lost = until_state(&tapline, "losing", "data_loss")?;
    ensure!(lost["lost"] == 30 && lost["lag"] == 50 && lost["start"] == 50, "{lost}");
    commit(&kafka, "losing", "losing", 0, 100)?;
    let after = until(&tapline, "losing", 0, "goes on", |it| it["state"] == "ok" && it["lag"] == 0)?;
    ensure!(after["lost"] == 30, "what was lost stays counted: {after}");

    let stopped = until_state(&tapline, "stopped", "stop")?;
    ensure!(stopped["lag"] == 90 && stopped["committed"] == 10, "{stopped}");
    let (_, list) = tapline.get("/api/v1/groups")?;
    ensure!(list["sentence"].as_str().is_some_and(|it| it.contains("` has stopped on `orders/0`")), "{list}");
    ensure!(list["groups"][0]["state"] == "stop", "the worst is first: {list}");

    // SQL sees the same.
    let rows =
        tapline.sql("SELECT group_name, lag, lost FROM lag WHERE group_name IN ('stopped', 'losing') ORDER BY 1")?;
    ensure!(
        rows == [vec![json!("losing"), json!(0), json!(30)], vec![json!("stopped"), json!(90), json!(0)]],
        "{rows:?}"
    );
    let rows = tapline.sql("SELECT state, broker_state, members FROM groups WHERE name = 'stopped'")?;
    ensure!(rows == [vec![json!("stop"), json!("empty"), json!(0)]], "{rows:?}");

    // Scripts see a problem.
    let said = |arguments: &[&str]| -> Result<(Option<i32>, String)> {
        let run = Command::new(binary()?).arg("lag").args(arguments).args(["--server", tapline.address()]).output()?;
        Ok((run.status.code(), String::from_utf8(run.stdout)?))
    };
    let (code, all) = said(&[])?;
    ensure!(code == Some(1) && all.lines().count() == 6 && all.contains("stopped\tstop\t90"), "{code:?} {all}");
    let (code, one) = said(&["done"])?;
    ensure!(code == Some(0) && one.starts_with("orders\t0\tok\t0"), "{code:?} {one}");
    ensure!(said(&["nobody"])?.0 == Some(1), "there is no such group");

    let client: AdminClient<DefaultClientContext> = kafka.client().create()?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(client.delete_groups(&["leaving"], &AdminOptions::new()))?;
    wait_for("the group to be gone", SOON, || Ok(detail(&tapline, "leaving")?.is_none().then_some(())))
}

#[test]
fn a_slow_consumer_is_warned_of_and_a_paused_one_has_stopped() -> Result<()> {
    let kafka = Kafka::start()?;
    kafka.admin()?.create_topic("orders", 1, &[])?;
    fill(&kafka, "orders", 0, 50)?;
    let tapline = watch(&kafka)?;
    let slow = consumer(&kafka, "slow")?;
    slow.subscribe(&["orders"])?;
    let mut read = 0;
    let warned = wait_for("the warning", SOON, || {
        // Ten more for each that is read.
        fill(&kafka, "orders", 0, 10)?;
        if let Some(message) = slow.poll(Duration::from_millis(200)) {
            slow.commit_message(&message?, CommitMode::Sync)?;
            read += 1;
        }
        Ok(detail(&tapline, "slow")?.filter(|it| it["group"]["state"] == "warn"))
    })?;
    ensure!(read > 0, "it reads");
    ensure!(warned["members"][0]["partitions"] == 1, "{warned}");
    ensure!(warned["partitions"][0]["member"] == 0 && warned["group"]["drain"]["kind"] == "never", "{warned}");
    // It stays a member, and reads no more.
    let stopped = wait_for("the stop", SOON, || {
        slow.pause(&slow.assignment()?)?;
        let _ = slow.poll(Duration::from_millis(100));
        Ok(detail(&tapline, "slow")?.filter(|it| it["group"]["state"] == "stop"))
    })?;
    let findings = stopped["findings"].to_string();
    ensure!(findings.contains("standing_still") && findings.contains("shop/orders/0/"), "{findings}");
    Ok(())
}

#[test]
fn partitions_that_are_added_are_seen_without_an_offset() -> Result<()> {
    let kafka = Kafka::start()?;
    let admin = kafka.admin()?;
    admin.create_topic("orders", 1, &[])?;
    fill(&kafka, "orders", 0, 5)?;
    commit(&kafka, "reader", "orders", 0, 5)?;
    let tapline = watch(&kafka)?;
    until(&tapline, "reader", 0, "is seen", |it| it["lag"] == 0)?;
    admin.grow_topic("orders", 2)?;
    fill(&kafka, "orders", 1, 3)?;
    let added = until(&tapline, "reader", 1, "has a second partition", |it| it["partition"] == 1)?;
    ensure!(added["state"] == "never_committed" && added["lag"].is_null(), "{added}");
    commit(&kafka, "reader", "orders", 1, 1)?;
    until(&tapline, "reader", 1, "commits", |it| it["lag"] == 2)?;
    Ok(())
}

/// A topic that is gone must not keep the others from being looked at.
#[test]
fn a_topic_that_is_made_anew_begins_anew() -> Result<()> {
    let kafka = Kafka::start()?;
    let admin = kafka.admin()?;
    for topic in ["orders", "other"] {
        admin.create_topic(topic, 1, &[])?;
        fill(&kafka, topic, 0, 100)?;
        commit(&kafka, "reader", topic, 0, 80)?;
    }
    commit(&kafka, "other", "other", 0, 80)?;
    let tapline = watch(&kafka)?;
    until(&tapline, "reader", 0, "is seen", |it| it["lag"] == 20)?;
    admin.delete_topic("orders")?;
    fill(&kafka, "other", 0, 5)?;
    until(&tapline, "other", 0, "is looked at on", |it| it["lag"] == 25)?;
    admin.create_topic("orders", 1, &[])?;
    fill(&kafka, "orders", 0, 10)?;
    commit(&kafka, "reader", "orders", 0, 7)?;
    let anew = until(&tapline, "reader", 0, "reads the new one", |it| it["lag"] == 3 && it["end"] == 10)?;
    ensure!(anew["state"] == "ok" && anew["lost"] == 0 && anew["destination"] == "orders", "{anew}");
    Ok(())
}

#[test]
fn seconds_are_those_of_the_first_event_not_read_after_a_restart_too() -> Result<()> {
    let kafka = Kafka::start()?;
    kafka.admin()?.create_topic("orders", 1, &[])?;
    fill(&kafka, "orders", 0, 3)?;
    commit(&kafka, "reader", "orders", 0, 1)?;
    let mut tapline = watch(&kafka)?;
    let exact = |it: &Value| it["behind"]["exact"] == true && it["lag"] == 2;
    // The producer is idle: nothing but the event's own time could tell.
    let seen = until(&tapline, "reader", 0, "is exact", exact)?;
    let written = tapline.sql("SELECT arrow_cast(timestamp, 'Int64') FROM events WHERE \"offset\" = 1")?;
    let written = written[0][0].as_i64().context("a time")?;
    let behind = |it: &Value| it["behind"]["seconds"].as_f64().unwrap_or(0.0);
    let is_true = |it: &Value| -> Result<()> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs_f64();
        let age = now - written as f64 / 1e6;
        // Asked some seconds ago at most.
        ensure!(behind(it) <= age && behind(it) > age - 10.0, "{} of {age}", behind(it));
        Ok(())
    };
    is_true(&seen)?;
    tapline.restart()?;
    let again = until(&tapline, "reader", 0, "is exact after the restart", exact)?;
    ensure!(behind(&again) > behind(&seen), "{again}");
    is_true(&again)
}

/// Burrow #570: exactly-once producers left a lag of one for ever.
#[test]
fn markers_of_transactions_are_no_lag() -> Result<()> {
    let kafka = Kafka::start()?;
    kafka.admin()?.create_topic("orders", 1, &[])?;
    let producer = Producer::transactional(&kafka.client(), "orders-producer")?;
    let records = |text: &str| [Record::new("orders", 0, text), Record::new("orders", 0, text)];
    producer.transaction(&records("kept"), true)?;
    // The next offset after the last record; the marker stands there.
    commit(&kafka, "careful", "orders", 0, 2)?;
    let tapline = watch(&kafka)?;
    let none = until(&tapline, "careful", 0, "has nothing to read", |it| it["lag"] == 0)?;
    ensure!(none["end"] == 3 && none["state"] == "ok", "{none}");
    producer.transaction(&records("given up"), false)?;
    let aborted = until(&tapline, "careful", 0, "sees the aborted ones", |it| it["end"] == 6)?;
    ensure!(aborted["committed"] == 2, "{aborted}");
    producer.begin()?;
    producer.send_all(&records("open"))?;
    let open = until(&tapline, "careful", 0, "sees the open ones", |it| it["end"] == 8)?;
    ensure!(open["stable_end"] == 6 && open["lag"] == 6 && open["stable_lag"] == 4, "{open}");
    Ok(())
}

/// Where the tap does not read there is no archive to say so.
#[test]
fn markers_are_no_lag_of_a_topic_that_is_not_tapped() -> Result<()> {
    let kafka = Kafka::start()?;
    kafka.admin()?.create_topic("orders", 1, &[])?;
    let producer = Producer::transactional(&kafka.client(), "orders-producer")?;
    let records = [Record::new("orders", 0, "x"), Record::new("orders", 0, "x")];
    producer.transaction(&records, true)?;
    commit(&kafka, "careful", "orders", 0, 2)?;
    commit(&kafka, "behind", "orders", 0, 1)?;
    let tapline = Tapline::start(&format!(
        "[lag]\ninterval = \"1s\"\n[sources.shop]\nbrokers = \"{}\"\ntopics = [\"payments\"]\n",
        kafka.bootstrap()
    ))?;
    let none = until(&tapline, "careful", 0, "has nothing to read", |it| it["lag"] == 0)?;
    ensure!(none["end"] == 3 && none["committed"] == 2 && none["state"] == "ok", "{none}");
    let behind = until(&tapline, "behind", 0, "has one to read", |it| it["lag"] == 2)?;
    ensure!(behind["end"] == 3, "{behind}");
    Ok(())
}

#[test]
fn a_broker_that_is_away_is_told_and_asked_again() -> Result<()> {
    let mut kafka = Kafka::start()?;
    kafka.admin()?.create_topic("orders", 1, &[])?;
    fill(&kafka, "orders", 0, 5)?;
    commit(&kafka, "reader", "orders", 0, 2)?;
    let tapline = watch(&kafka)?;
    until(&tapline, "reader", 0, "is seen", |it| it["lag"] == 3)?;
    let list = || Ok::<Value, anyhow::Error>(tapline.get("/api/v1/groups")?.1);
    let has_problem =
        |list: &Value, wanted: bool| list["problems"].as_array().is_some_and(|it| it.is_empty() != wanted);
    kafka.kill9()?;
    let away = wait_for("the outage to be told", SOON, || Ok(Some(list()?).filter(|list| has_problem(list, true))))?;
    ensure!(away["groups"][0]["lag"] == 3, "what was seen last stays: {away}");
    kafka.restart()?;
    wait_for("the broker to be asked again", SOON, || Ok(Some(list()?).filter(|list| has_problem(list, false))))?;
    commit(&kafka, "reader", "orders", 0, 5)?;
    until(&tapline, "reader", 0, "goes on", |it| it["lag"] == 0)?;
    Ok(())
}

#[test]
fn groups_that_rights_hide_are_told_with_what_grants_them() -> Result<()> {
    let kafka = Kafka::with(&KafkaConfig { acl: true, ..KafkaConfig::default() })?;
    let admin = kafka.admin()?;
    admin.create_topic("orders", 1, &[])?;
    fill(&kafka, "orders", 0, 5)?;
    for group in ["seen", "hidden"] {
        commit(&kafka, group, "orders", 0, 2)?;
    }
    for operation in ["Read", "Describe"] {
        admin.grant(TAPLINE, operation, "orders")?;
    }
    admin.grant_on(TAPLINE, "Describe", "GROUP", "seen")?;
    let client: String =
        kafka.credentials(TAPLINE).iter().map(|(name, value)| format!("\"{name}\" = \"{value}\"\n")).collect();
    let tapline = Tapline::start(&format!(
        "[lag]\ninterval = \"1s\"\n[sources.shop]\nbrokers = \"{}\"\ngroups = [\"*\", \"hidden\"]\n\
         [sources.shop.client]\n{client}",
        kafka.bootstrap()
    ))?;
    until(&tapline, "seen", 0, "is seen", |it| it["lag"] == 3)?;
    let problem = tapline.get("/api/v1/groups")?.1["problems"][0].take();
    let command = problem["command"].as_str().unwrap_or_default();
    ensure!(command.ends_with("--operation Describe --group hidden"), "{problem}");
    ensure!(!problem.to_string().contains("secret"), "{problem}");
    let (code, _) = tapline.get("/api/v1/groups/shop/hidden")?;
    ensure!(code == 404, "nothing is told of it");
    admin.grant_on(TAPLINE, "Describe", "GROUP", "hidden")?;
    until(&tapline, "hidden", 0, "is seen", |it| it["lag"] == 3)?;
    Ok(())
}

/// librdkafka leaves them out of its list: they must not be missing without a word.
#[test]
fn share_groups_are_said_to_be_there() -> Result<()> {
    let kafka = Kafka::start()?;
    kafka.admin()?.create_topic("orders", 1, &[])?;
    fill(&kafka, "orders", 0, 10)?;
    commit(&kafka, "billing", "orders", 0, 10)?;
    let mut pickers = Java::share(&kafka, "pickers", "orders")?;
    wait_for("the share group", Duration::from_secs(60), || {
        pickers.ensure_running()?;
        let groups = kafka.admin()?.snapshot()?.groups;
        Ok(groups.to_string().contains("pickers").then_some(()))
    })
    .with_context(|| pickers.log())?;
    let tapline = watch(&kafka)?;
    until(&tapline, "billing", 0, "is seen", |it| it["lag"] == 0)?;
    let list = tapline.get("/api/v1/groups")?.1;
    let said = list["problems"][0]["sentence"].as_str().unwrap_or_default();
    ensure!(said.starts_with("`pickers`: share groups, of which brokers tell this version no more"), "{list}");
    ensure!(list["groups"].as_array().map(Vec::len) == Some(1), "{list}");
    Ok(())
}

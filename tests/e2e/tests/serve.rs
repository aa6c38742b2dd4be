//! The process as its users meet it: faults that stop nothing else, refusals with a sentence, commands without a server.

use std::process::{Command, Output};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tapline_kit::{Kafka, Record, Tapline, tapline, wait_for};

const SOON: Duration = Duration::from_secs(60);

fn run(arguments: &[&str]) -> Result<Output> {
    Ok(Command::new(tapline::binary()?).args(arguments).current_dir(std::env::temp_dir()).output()?)
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn order(number: u32) -> Record {
    Record::new("orders", 0, format!("{{\"orderId\":\"ORD-{number:08}\"}}")).key(format!("ORD-{number:08}"))
}

#[test]
fn an_unreachable_broker_is_shown_and_stops_nothing_else() -> Result<()> {
    let kafka = Kafka::start()?;
    kafka.admin()?.create_topic("orders", 1, &[])?;
    kafka.producer()?.send_all(&[order(1)])?;
    let tapline = Tapline::start(&format!(
        "[sources.good]\nbrokers = \"{}\"\nstart = \"earliest\"\n[sources.gone]\nbrokers = \"127.0.0.1:1\"\n",
        kafka.bootstrap()
    ))?;
    wait_for("the good source's row", SOON, || {
        Ok((tapline.sql("SELECT count(*) FROM events WHERE source = 'good'")?[0][0].as_u64() == Some(1)).then_some(()))
    })?;
    wait_for("the fault on the page", SOON, || {
        let (_, sources) = tapline.get("/api/v1/sources")?;
        let gone = sources["sources"].as_array().and_then(|all| all.iter().find(|one| one["name"] == "gone"));
        let problems = gone.map_or(String::new(), |gone| gone["problems"].to_string());
        Ok((problems.contains("127.0.0.1:1")).then_some(()))
    })?;
    ensure!(tapline.get("/readyz")?.0 == 200, "one broker does not make the server unready");
    Ok(())
}

#[test]
fn a_new_topic_is_found_within_ten_seconds_and_read_from_its_beginning() -> Result<()> {
    let kafka = Kafka::start()?;
    kafka.admin()?.create_topic("orders", 1, &[])?;
    let tapline =
        Tapline::start(&format!("[sources.shop]\nbrokers = \"{}\"\nstart = \"latest\"\n", kafka.bootstrap()))?;
    kafka.admin()?.create_topic("late.topic", 2, &[])?;
    kafka.producer()?.send_all(&[Record::new("late.topic", 1, "first").key("k")])?;
    wait_for("the first record of the new topic", Duration::from_secs(10), || {
        Ok((!tapline.sql("SELECT 1 FROM events WHERE destination = 'late.topic'")?.is_empty()).then_some(()))
    })
}

#[test]
fn a_second_process_on_the_same_folder_is_refused_with_a_sentence() -> Result<()> {
    let tapline = Tapline::start("")?;
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("second.toml");
    std::fs::write(&config, format!("archive = {:?}\n[http]\nlisten = \"127.0.0.1:0\"\n", tapline.archive()))?;
    let second = run(&["serve", "--config", &config.to_string_lossy()])?;
    ensure!(second.status.code() == Some(1), "exit code {:?}", second.status.code());
    let text = told(&second);
    ensure!(text.contains("is in use by another tapline process (pid"), "{text}");
    Ok(())
}

#[test]
fn wrong_configuration_is_wrong_use() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("bad.toml");
    std::fs::write(&config, "[sources.a]\nbroker = \"x\"\n")?;
    let refused = run(&["serve", "--config", &config.to_string_lossy()])?;
    ensure!(refused.status.code() == Some(2), "exit code {:?}", refused.status.code());
    ensure!(told(&refused).contains("did you mean `sources.a.brokers`?"), "{}", told(&refused));
    std::fs::write(&config, "[http]\nlisten = \"0.0.0.0:0\"\n")?;
    let refused = run(&["serve", "--config", &config.to_string_lossy()])?;
    ensure!(refused.status.code() == Some(2) && told(&refused).contains("token"), "{}", told(&refused));
    Ok(())
}

#[test]
fn sql_and_chain_work_on_a_folder_without_a_server() -> Result<()> {
    let kafka = Kafka::start()?;
    kafka.admin()?.create_topic("orders", 1, &[])?;
    kafka.producer()?.send_all(&[order(7), order(7), order(8)])?;
    let mut tapline =
        Tapline::start(&format!("[sources.shop]\nbrokers = \"{}\"\nstart = \"earliest\"\n", kafka.bootstrap()))?;
    wait_for("the rows", SOON, || {
        Ok((tapline.sql("SELECT count(*) FROM events")?[0][0].as_u64() == Some(3)).then_some(()))
    })?;
    tapline.stop()?;
    let archive = tapline.archive();
    let folder = archive.to_str().context("a path of ours is text")?;
    let counted = run(&["sql", "--archive", folder, "SELECT count(*) FROM events"])?;
    ensure!(counted.status.success() && told(&counted).trim() == "3", "{}", told(&counted));
    let chain = run(&["chain", "--archive", folder, "--json", "ORD-00000007"])?;
    let answer: serde_json::Value = serde_json::from_slice(&chain.stdout).with_context(|| told(&chain))?;
    ensure!(answer["members"].as_array().map(Vec::len) == Some(2), "{answer}");
    let nothing = run(&["sql", "--archive", "/nowhere/at/all", "SELECT 1"])?;
    ensure!(nothing.status.code() == Some(3), "exit code {:?}: {}", nothing.status.code(), told(&nothing));
    Ok(())
}

#[test]
fn check_explains_what_is_in_force_and_what_cannot_be_reached() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("tapline.toml");
    std::fs::write(&config, "[sources.gone]\nbrokers = \"127.0.0.1:1\"\n")?;
    let checked = run(&["check", "--config", &config.to_string_lossy()])?;
    let text = told(&checked);
    ensure!(checked.status.code() == Some(3), "exit code {:?}: {text}", checked.status.code());
    ensure!(text.contains("sources.gone.brokers = \"127.0.0.1:1\"  (file)"), "{text}");
    ensure!(text.contains("FAILED  gone:") && text.contains("cannot reach 127.0.0.1:1: connection refused"), "{text}");

    std::fs::write(&config, "[sources.a]\ntopics = [\"shop.[a\"]\n")?;
    for command in ["check", "serve"] {
        let refused = run(&[command, "--config", &config.to_string_lossy()])?;
        let text = told(&refused);
        ensure!(refused.status.code() == Some(2), "{command}: exit code {:?}: {text}", refused.status.code());
        ensure!(text.contains("`sources.a.topics` holds `shop.[a`, which is no pattern"), "{text}");
    }
    Ok(())
}

#[test]
fn a_demo_whose_port_is_taken_names_its_option() -> Result<()> {
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let listen = taken.local_addr()?.to_string();
    let refused = run(&["demo", "--history-minutes", "0", "--listen", &listen])?;
    let text = told(&refused);
    ensure!(refused.status.code() == Some(3), "exit code {:?}: {text}", refused.status.code());
    ensure!(text.contains(&format!("cannot listen on {listen}")) && text.contains("`--listen`"), "{text}");
    Ok(())
}

#[test]
fn a_terminal_that_closes_ends_the_server_in_order() -> Result<()> {
    let kafka = Kafka::start()?;
    kafka.admin()?.create_topic("orders", 1, &[])?;
    kafka.producer()?.send_all(&[order(7)])?;
    let mut tapline =
        Tapline::start(&format!("[sources.shop]\nbrokers = \"{}\"\nstart = \"earliest\"\n", kafka.bootstrap()))?;
    wait_for("the row", SOON, || {
        Ok((tapline.sql("SELECT count(*) FROM events")?[0][0].as_u64() == Some(1)).then_some(()))
    })?;
    tapline.stop_by("HUP")?;
    let archive = tapline.archive();
    let folder = archive.to_str().context("a path of ours is text")?;
    let counted = run(&["sql", "--archive", folder, "SELECT count(*) FROM events"])?;
    ensure!(told(&counted).trim() == "1", "what was read was committed: {}", told(&counted));
    Ok(())
}

//! The process as its users meet it: faults that stop nothing else, refusals with a sentence, commands without a server.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tapline_kit::children::start;
use tapline_kit::{Kafka, Record, Tapline, second_reader, tapline, wait_for};

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
    ensure!(tapline.log().contains("a source is away"), "{}", tapline.log());
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

/// The allocator reads its options before `main`, so the process must have become another program under its own number.
#[test]
fn a_server_keeps_freed_memory_for_a_minute() -> Result<()> {
    let tapline = Tapline::start("")?;
    let environment = std::fs::read(format!("/proc/{}/environ", tapline.pid()))?;
    let option = "MIMALLOC_PURGE_DELAY=60000";
    ensure!(environment.split(|byte| *byte == 0).any(|variable| variable == option.as_bytes()), "{option} is not set");
    Ok(())
}

/// `--json` was taken and ignored; and who ended it as soon as the address was told killed it, for it did not listen yet.
#[test]
fn with_json_the_address_is_told_in_one_line_of_json() -> Result<()> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("tapline.toml"), "[http]\nlisten = \"127.0.0.1:0\"\n")?;
    for arguments in [&["serve"][..], &["demo", "--listen", "127.0.0.1:0", "--history-minutes", "0"]] {
        let (binary, said) = (tapline::binary()?, folder.path().join("said"));
        let mut child = start("env", |command| {
            command.arg("--default-signal=TERM").arg(&binary).arg("--json").args(arguments);
            command.current_dir(folder.path()).stderr(Stdio::null());
            command.stdout(File::create(&said).expect("the folder is the test's own"));
        })?;
        let line = wait_for("the address", SOON, || {
            Ok(Some(std::fs::read_to_string(&said)?).filter(|line| line.ends_with('\n')))
        })?;
        ensure!(Command::new("kill").arg(child.id().to_string()).status()?.success(), "it ended by itself");
        let ended = wait_for("its end", SOON, || Ok(child.try_wait()?))?;
        ensure!(ended.success(), "{arguments:?}: {ended}");
        ensure!(std::fs::read_to_string(&said)? == line, "{arguments:?} told more than its address");
        let told: serde_json::Value = serde_json::from_str(&line).with_context(|| format!("{arguments:?}: {line}"))?;
        let address = told["listening"].as_str().and_then(|address| address.strip_prefix("http://127.0.0.1:"));
        ensure!(address.is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port > 0)), "{line}");
    }
    Ok(())
}

#[test]
fn log_lines_are_json_when_they_shall_be() -> Result<()> {
    let mut tapline = Tapline::start("[log]\nformat = \"json\"\n")?;
    tapline.stop()?;
    let log = tapline.log();
    let lines = log.lines().map(serde_json::from_str).collect::<Result<Vec<serde_json::Value>, _>>();
    let lines = lines.with_context(|| log.clone())?;
    let stopping = |line: &serde_json::Value| {
        let message = line["fields"]["message"].as_str().unwrap_or_default();
        message.starts_with("stopping") && line["level"] == "INFO" && line["timestamp"].is_string()
    };
    ensure!(lines.iter().any(stopping), "{log}");
    Ok(())
}

#[test]
fn a_full_disk_pauses_reading_until_there_is_room() -> Result<()> {
    let kafka = Kafka::start()?;
    kafka.admin()?.create_topic("orders", 1, &[])?;
    let config =
        |limits: &str| format!("{limits}[sources.shop]\nbrokers = \"{}\"\nstart = \"earliest\"\n", kafka.bootstrap());
    let full = config("[limits]\ndisk_reserve = \"1000000GiB\"\n");
    let mut tapline = Tapline::start(&full)?;
    kafka.producer()?.send_all(&[order(1), order(2)])?;
    wait_for("the pause of a source that is connected", SOON, || {
        let (_, sources) = tapline.get("/api/v1/sources")?;
        let shop = &sources["sources"][0];
        Ok((shop["state"] == "paused" && shop["cluster"].is_string()).then_some(()))
    })?;
    let (_, status) = tapline.get("/api/v1/status")?;
    ensure!(status["problems"].to_string().contains("below the reserve of"), "{status}");
    ensure!(tapline.sql("SELECT count(*) FROM events")?[0][0].as_u64() == Some(0), "rows were taken");
    tapline.stop()?;

    tapline.configure(&config(""))?;
    tapline.restart()?;
    wait_for("both rows", SOON, || {
        Ok((tapline.sql("SELECT count(*) FROM events")?[0][0].as_u64() == Some(2)).then_some(()))
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
    // `check` said that all was fine, and `serve` told twice of a "level filter".
    let secret = "[sources.a.client]\n\"sasl.password_file\" = \"/nowhere/pw\"\n";
    for (text, names) in
        [("[log]\nlevel = \"loud=x=y\"\n", "`log.level`"), (secret, "`sources.a.client.\"sasl.password_file\"`")]
    {
        std::fs::write(&config, text)?;
        for command in ["check", "serve"] {
            let refused = run(&[command, "--config", &config.to_string_lossy()])?;
            ensure!(refused.status.code() == Some(2) && told(&refused).contains(names), "{}", told(&refused));
        }
    }
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
    let joined = "SELECT count(DISTINCT a.key || b.key) FROM events a, events b, generate_series(1, 100000000)";
    let stopped = run(&["sql", "--archive", folder, "--timeout", "50ms", joined])?;
    ensure!(told(&stopped).contains("stopped after 50 ms"), "{}", told(&stopped));
    let chain = run(&["chain", "--archive", folder, "--json", "ORD-00000007"])?;
    let answer: serde_json::Value = serde_json::from_slice(&chain.stdout).with_context(|| told(&chain))?;
    ensure!(answer["members"].as_array().map(Vec::len) == Some(2), "{answer}");
    let nothing = run(&["sql", "--archive", "/nowhere/at/all", "SELECT 1"])?;
    ensure!(nothing.status.code() == Some(3), "exit code {:?}: {}", nothing.status.code(), told(&nothing));
    Ok(())
}

/// A stopped Tapline with two data files: ORD-7 stands in both, ORD-8 in the second.
fn two_files(kafka: &Kafka) -> Result<Tapline> {
    kafka.admin()?.create_topic("orders", 1, &[])?;
    let mut tapline =
        Tapline::start(&format!("[sources.shop]\nbrokers = \"{}\"\nstart = \"earliest\"\n", kafka.bootstrap()))?;
    for (records, total) in [(vec![order(7)], 1), (vec![order(7), order(8)], 3)] {
        kafka.producer()?.send_all(&records)?;
        wait_for("the rows", SOON, || {
            Ok((tapline.sql("SELECT count(*) FROM events")?[0][0].as_u64() == Some(total)).then_some(()))
        })?;
        tapline.stop()?;
        if total == 1 {
            tapline.restart()?;
        }
    }
    Ok(tapline)
}

fn data_files(archive: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for day in std::fs::read_dir(archive.join("events"))? {
        let day = day?;
        if day.file_name().to_string_lossy().starts_with("archived_day=") {
            files.extend(std::fs::read_dir(day.path())?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?);
        }
    }
    files.sort();
    Ok(files)
}

fn members(chain: &Output) -> Result<usize> {
    let answer: serde_json::Value = serde_json::from_slice(&chain.stdout).with_context(|| told(chain))?;
    answer["members"].as_array().map(Vec::len).context("a chain has members")
}

/// Such files have other Arrow types and no ID index; they were refused as damaged.
#[test]
fn what_another_engine_optimized_is_read_and_found_by_id() -> Result<()> {
    let kafka = Kafka::start()?;
    let mut tapline = two_files(&kafka)?;
    ensure!(second_reader::optimize(&tapline.archive())? == 2, "two files become one");
    let archive = tapline.archive();
    let folder = archive.to_str().context("a path of ours is text")?;
    let counted = run(&["sql", "--archive", folder, "SELECT count(*), count(DISTINCT body) FROM events"])?;
    ensure!(counted.status.success() && told(&counted).trim() == "3\t2", "{}", told(&counted));
    let chain = run(&["chain", "--archive", folder, "--json", "orderId=ORD-00000007"])?;
    ensure!(members(&chain)? == 2 && chain.stderr.is_empty(), "{}", told(&chain));
    tapline.restart()?;
    let (_, answer) = tapline.get("/api/v1/chains/ORD-00000007")?;
    ensure!(answer["members"].as_array().map(Vec::len) == Some(2), "{answer}");
    kafka.producer()?.send_all(&[order(7)])?;
    wait_for("the new row beside them", SOON, || {
        let rows = tapline.sql("SELECT count(*) FROM events WHERE id(ids, 'orderId') = 'ORD-00000007'")?;
        Ok((rows[0][0].as_u64() == Some(3)).then_some(()))
    })?;
    let (_, status) = tapline.get("/api/v1/status")?;
    ensure!(status["archive"]["damaged"] == serde_json::json!([]), "{status}");
    Ok(())
}

#[test]
fn commands_without_a_server_name_the_files_that_they_leave_out() -> Result<()> {
    let kafka = Kafka::start()?;
    let tapline = two_files(&kafka)?;
    let archive = tapline.archive();
    let folder = archive.to_str().context("a path of ours is text")?;
    std::fs::remove_dir_all(archive.join("events/_index"))?;
    let chain = run(&["chain", "--archive", folder, "--json", "ORD-00000007"])?;
    ensure!(members(&chain)? == 2, "without sidecars the rows themselves are asked: {}", told(&chain));
    let files = data_files(&archive)?;
    let rotten = files.first().context("there are two")?;
    let mut bytes = std::fs::read(rotten)?;
    let end = bytes.len() / 2;
    bytes[4..end].fill(0xaa);
    std::fs::write(rotten, bytes)?;
    let name = rotten.file_name().context("a file has a name")?.to_string_lossy();
    let rows = run(&["sql", "--archive", folder, "SELECT body, headers, key_text FROM events"])?;
    let said = String::from_utf8_lossy(&rows.stderr);
    ensure!(rows.status.success() && String::from_utf8_lossy(&rows.stdout).lines().count() == 2, "{}", told(&rows));
    ensure!(said.contains("1 of 2 data files") && said.contains(&*name), "{said}");
    let chain = run(&["chain", "--archive", folder, "--json", "ORD-00000007"])?;
    let said = String::from_utf8_lossy(&chain.stderr);
    ensure!(members(&chain)? == 1 && said.contains("1 of 2 data files") && said.contains(&*name), "{}", told(&chain));
    Ok(())
}

#[test]
fn check_tells_how_the_archive_stands() -> Result<()> {
    let kafka = Kafka::start()?;
    let mut tapline = two_files(&kafka)?;
    let archive = tapline.archive();
    let config = archive.with_file_name("check.toml");
    let check = |folder: &Path| -> Result<String> {
        std::fs::write(&config, format!("archive = {folder:?}\n[http]\nlisten = \"127.0.0.1:0\"\n"))?;
        Ok(told(&run(&["check", "--config", &config.to_string_lossy()])?))
    };
    ensure!(check(&archive.join("not/yet"))?.contains("ok      archive:"), "a folder is created when it is needed");
    ensure!(!archive.join("not").exists(), "but not by a check");
    ensure!(check(&archive)?.contains("2 data files, all there"), "{}", check(&archive)?);
    tapline.restart()?;
    ensure!(check(&archive)?.contains("in use by a running tapline (pid"), "{}", check(&archive)?);
    tapline.stop()?;
    let files = data_files(&archive)?;
    let cut = files.first().context("there are two")?;
    std::fs::File::options().write(true).open(cut)?.set_len(9)?;
    let name = cut.file_name().context("a file has a name")?.to_string_lossy();
    let said = check(&archive)?;
    ensure!(said.contains("FAILED  archive:") && said.contains("1 of 2") && said.contains(&*name), "{said}");
    let log = archive.join("events/_delta_log");
    let mut commits: Vec<PathBuf> =
        std::fs::read_dir(&log)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    commits.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    commits.sort();
    let newest = commits.last().context("an archive has a log")?;
    std::fs::File::options().write(true).open(newest)?.set_len(100)?;
    let name = newest.file_name().context("a file has a name")?.to_string_lossy();
    let said = check(&archive)?;
    ensure!(said.contains("FAILED  archive:") && said.contains(&*name) && said.contains("copy"), "{said}");
    let served = told(&run(&["sql", "--archive", &archive.to_string_lossy(), "SELECT 1"])?);
    ensure!(served.contains(&*name) && !served.to_lowercase().contains("backtrace"), "{served}");
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

/// The shop's clients waited for a broker that had ended before them, and filled the log with it.
#[test]
fn a_demo_whose_archive_is_gone_ends_when_it_is_asked_to() -> Result<()> {
    let mut demo = Tapline::demo(&["--history-minutes", "1"])?;
    std::fs::remove_dir_all(demo.archive())?;
    wait_for("rows that cannot be written", SOON, || Ok(demo.log().contains("stay in memory").then_some(())))?;
    let ended = demo.stop().err().context("rows were lost without a word")?.to_string();
    ensure!(
        ended.contains("ended with exit status: 1") && ended.contains("was moved, unmounted or replaced"),
        "{ended}"
    );
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
    // `tapline sql … | head` panicked when `head` had seen enough.
    let mut child = Command::new(tapline::binary()?)
        .args(["sql", "--archive", folder, "SELECT * FROM events"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    drop(child.stdout.take());
    let ended = child.wait_with_output()?;
    ensure!(ended.stderr.is_empty(), "{}", String::from_utf8_lossy(&ended.stderr));
    Ok(())
}

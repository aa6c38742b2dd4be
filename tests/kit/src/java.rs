//! Other people's Java libraries at work on a broker: a Spring Kafka application whose listeners fail, and Kafka
//! Connect. They give records up and put them aside by themselves; nothing of how they do it is imitated here.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Result, bail};
use tempfile::TempDir;

use crate::children::start;
use crate::jars::{Jars, succeeded};
use crate::{Kafka, maven};

const SPRING: &str = "spring-kafka-4.1.1";
const CONNECT: &str = "connect-4.2.0";

/// Run by `java` from its source, as the kit's other program.
const LISTENERS: &str = include_str!("../java/Listeners.java");

/// Run by `java` from its source too.
const LAG: &str = include_str!("../java/Lag.java");

/// As these.
const SHARE: &str = include_str!("../java/Share.java");

/// Runs `Lag.java` on a broker to its end; the file says what it takes. What it printed, line by line.
pub fn lag(kafka: &Kafka, arguments: &[&str]) -> Result<Vec<String>> {
    let folder = tempfile::Builder::new().prefix("tapline-lag-").tempdir()?;
    fs::write(folder.path().join("Lag.java"), LAG)?;
    let output = Command::new("java")
        .args(["-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp"])
        .arg(Jars::get()?.class_path())
        .arg(folder.path().join("Lag.java"))
        .arg(kafka.bootstrap())
        .args(arguments)
        .output()?;
    succeeded(&output)?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

/// A running Java program; killed when dropped.
#[derive(Debug)]
pub struct Java {
    child: Child,
    folder: TempDir,
}

impl Java {
    /// Starts the listeners of `Listeners.java`. They read from the beginning; the file says what they need.
    pub fn listeners(kafka: &Kafka) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("tapline-spring-").tempdir()?;
        fs::write(folder.path().join("Listeners.java"), LISTENERS)?;
        let jars = maven::jars(SPRING, include_str!("../java/spring.jars"))?;
        launch(folder, Some(&jars), &["Listeners.java", &kafka.bootstrap()])
    }

    /// Starts a member of a share group that reads a topic.
    pub fn share(kafka: &Kafka, group: &str, topic: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("tapline-share-").tempdir()?;
        fs::write(folder.path().join("Share.java"), SHARE)?;
        launch(folder, None, &["Share.java", &kafka.bootstrap(), group, topic])
    }

    /// Starts Kafka Connect with this connector. Values are JSON without schemas; its folder is its working directory.
    pub fn connector(kafka: &Kafka, properties: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("tapline-connect-").tempdir()?;
        fs::write(folder.path().join("worker.properties"), worker(kafka))?;
        fs::write(folder.path().join("connector.properties"), properties)?;
        let jars = maven::jars(CONNECT, include_str!("../java/connect.jars"))?;
        let main = "org.apache.kafka.connect.cli.ConnectStandalone";
        launch(folder, Some(&jars), &[main, "worker.properties", "connector.properties"])
    }

    /// Fails once the program has ended: what is waited for will not come.
    pub fn ensure_running(&mut self) -> Result<()> {
        let ended = self.child.try_wait()?;
        ended.map_or(Ok(()), |status| bail!("the Java program ended with {status}"))
    }

    /// The end of what it wrote: warnings and errors.
    pub fn log(&self) -> String {
        let log = fs::read_to_string(self.folder.path().join("java.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(100)..].join("\n")
    }
}

impl Drop for Java {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts Java with Kafka's jars, behind those of the program if it has any.
fn launch(folder: TempDir, jars: Option<&Path>, program: &[&str]) -> Result<Java> {
    let own = jars.map(|jars| format!("{}/*:", jars.display())).unwrap_or_default();
    let class_path = format!("{own}{}", Jars::get()?.class_path());
    let log = File::create(folder.path().join("java.log"))?;
    let errors = log.try_clone()?;
    let child = start("java", |command| {
        command
            .args(["-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", &class_path])
            .arg("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
            .args(program)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors);
    })?;
    Ok(Java { child, folder })
}

fn worker(kafka: &Kafka) -> String {
    // Plugins name themselves in their jars; to look for others is half of the start and half of the memory.
    format!(
        "bootstrap.servers={}\nplugin.discovery=service_load\nlisteners=http://127.0.0.1:0\n\
         offset.storage.file.filename=offsets\nkey.converter=org.apache.kafka.connect.storage.StringConverter\n\
         value.converter=org.apache.kafka.connect.json.JsonConverter\nvalue.converter.schemas.enable=false\n",
        kafka.bootstrap()
    )
}

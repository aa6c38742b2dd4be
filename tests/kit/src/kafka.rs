//! A real Apache Kafka, one node, in a folder of its own.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, Producer as _};
use tempfile::TempDir;

use crate::children::{free_port, start};
use crate::jars::{Jars, succeeded};
use crate::{Admin, Producer, wait_for};

const START: Duration = Duration::from_secs(60);
/// A free port can be taken before Kafka binds it.
const ATTEMPTS: u32 = 3;

/// The user that may do everything where [`KafkaConfig::acl`] is set; its password is its name with `-secret`.
pub const ADMIN: &str = "admin";
/// A user without rights until some are granted; its password is its name with `-secret`.
pub const TAPLINE: &str = "tapline";

/// How a broker is set up.
#[derive(Debug, Clone, Default)]
pub struct KafkaConfig {
    /// SASL/PLAIN with the users [`ADMIN`] and [`TAPLINE`], and nothing allowed that was not granted.
    pub acl: bool,
    /// More of the broker's properties.
    pub extra: Vec<(String, String)>,
}

/// A running broker; killed when dropped.
#[derive(Debug)]
pub struct Kafka {
    child: Child,
    port: u16,
    folder: TempDir,
    acl: bool,
}

impl Kafka {
    /// Starts a broker that everybody may use and waits until it answers.
    pub fn start() -> Result<Self> {
        Self::with(&KafkaConfig::default())
    }

    /// Starts a broker and waits until it answers.
    pub fn with(config: &KafkaConfig) -> Result<Self> {
        let mut last = None;
        for _ in 0..ATTEMPTS {
            match Self::attempt(config) {
                Ok(kafka) => return Ok(kafka),
                Err(error) => last = Some(error),
            }
        }
        Err(last.context("no attempt was made")?)
    }

    /// Where clients connect.
    pub fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Properties of a client that may do everything.
    pub fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.bootstrap());
        for (name, value) in self.credentials(ADMIN) {
            config.set(name, value);
        }
        config
    }

    /// What a client of `user` sets beside the addresses: librdkafka's names; empty on an open broker.
    pub fn credentials(&self, user: &str) -> Vec<(String, String)> {
        if !self.acl {
            return Vec::new();
        }
        let password = format!("{user}-secret");
        [
            ("security.protocol", "SASL_PLAINTEXT"),
            ("sasl.mechanism", "PLAIN"),
            ("sasl.username", user),
            ("sasl.password", &password),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// Makes and changes topics, and looks at the broker with Kafka's own client.
    pub fn admin(&self) -> Result<Admin> {
        Admin::new(self)
    }

    /// Makes traffic.
    pub fn producer(&self) -> Result<Producer> {
        Producer::new(&self.client())
    }

    /// Kills the process as a power failure would.
    pub fn kill9(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Stops the process where it stands: what is sent to it waits in the system's buffers.
    pub fn pause(&self) -> Result<()> {
        self.signal("-STOP")
    }

    /// Lets it go on.
    pub fn resume(&self) -> Result<()> {
        self.signal("-CONT")
    }

    fn signal(&self, signal: &str) -> Result<()> {
        succeeded(&Command::new("kill").arg(signal).arg(self.child.id().to_string()).output()?)
    }

    /// Starts the same broker again, on the same ports and data, and waits until it answers.
    pub fn restart(&mut self) -> Result<()> {
        if self.child.try_wait()?.is_none() {
            self.kill9()?;
        }
        self.child = launch(self.folder.path())?;
        self.wait_until_it_answers()
    }

    fn attempt(config: &KafkaConfig) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("tapline-kafka-").tempdir()?;
        let (port, controller) = (free_port()?, free_port()?);
        copy(&Jars::get()?.formatted(), &folder.path().join("data"))?;
        fs::write(folder.path().join("server.properties"), properties(config, folder.path(), port, controller)?)?;
        let child = launch(folder.path())?;
        let mut kafka = Self { child, port, folder, acl: config.acl };
        kafka.wait_until_it_answers()?;
        Ok(kafka)
    }

    fn wait_until_it_answers(&mut self) -> Result<()> {
        let client: BaseProducer = self.client().set("log_level", "0").create()?;
        let log = self.folder.path().join("kafka.log");
        let tail = || {
            let text = fs::read_to_string(&log).unwrap_or_default();
            text.lines().rev().take(30).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n")
        };
        let answered = wait_for("Kafka's first answer", START, || {
            if let Some(status) = self.child.try_wait()? {
                bail!("Kafka ended with {status}");
            }
            let metadata = client.client().fetch_metadata(None, Duration::from_millis(500));
            Ok(metadata.ok().filter(|metadata| !metadata.brokers().is_empty()).map(|_| ()))
        });
        answered.with_context(|| format!("end of its log:\n{}", tail()))
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.kill9();
    }
}

fn launch(folder: &Path) -> Result<Child> {
    let log = File::options().create(true).append(true).open(folder.join("kafka.log"))?;
    let errors = log.try_clone()?;
    let class_path = Jars::get()?.class_path();
    start("java", |command| {
        command
            .args(["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", &class_path, "kafka.Kafka"])
            .arg(folder.join("server.properties"))
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors);
    })
}

fn properties(config: &KafkaConfig, folder: &Path, port: u16, controller: u16) -> Result<String> {
    let listener = if config.acl { "SASL_PLAINTEXT" } else { "PLAINTEXT" };
    let mut text = format!(
        "process.roles=broker,controller\nnode.id=1\ncontroller.quorum.voters=1@127.0.0.1:{controller}\n\
         listeners={listener}://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners={listener}://127.0.0.1:{port}\ncontroller.listener.names=CONTROLLER\n\
         inter.broker.listener.name={listener}\n\
         listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT\n\
         log.dirs={}\noffsets.topic.replication.factor=1\noffsets.topic.num.partitions=1\n\
         transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\n\
         transaction.state.log.num.partitions=1\nshare.coordinator.state.topic.replication.factor=1\n\
         share.coordinator.state.topic.min.isr=1\ngroup.initial.rebalance.delay.ms=0\n\
         auto.create.topics.enable=false\nmessage.max.bytes=134217728\nsocket.request.max.bytes=201326592\n",
        folder.join("data").display()
    );
    if config.acl {
        writeln!(
            text,
            "sasl.enabled.mechanisms=PLAIN\nsasl.mechanism.inter.broker.protocol=PLAIN\n\
             authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n\
             super.users=User:{ADMIN};User:ANONYMOUS\nlistener.name.sasl_plaintext.plain.sasl.jaas.config=\
             org.apache.kafka.common.security.plain.PlainLoginModule required username=\"{ADMIN}\" \
             password=\"{ADMIN}-secret\" user_{ADMIN}=\"{ADMIN}-secret\" user_{TAPLINE}=\"{TAPLINE}-secret\";"
        )?;
    }
    for (name, value) in &config.extra {
        writeln!(text, "{name}={value}")?;
    }
    Ok(text)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

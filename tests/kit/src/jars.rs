//! Apache Kafka's jars and a formatted data folder, made once and kept.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use anyhow::{Context, Result, ensure};

use crate::cache::cache;
use crate::maven::jars;

const NAME: &str = "kafka-4.2.0";

/// Kafka's jars and a formatted data folder to copy.
#[derive(Debug, Clone)]
pub struct Jars {
    root: PathBuf,
    libs: PathBuf,
}

impl Jars {
    /// The jars; the first call on a machine downloads them (43 MB).
    pub fn get() -> Result<&'static Self> {
        static JARS: OnceLock<Jars> = OnceLock::new();
        if let Some(jars) = JARS.get() {
            return Ok(jars);
        }
        let jars = Self::prepare()?;
        Ok(JARS.get_or_init(|| jars))
    }

    /// For `java -cp`.
    pub fn class_path(&self) -> String {
        format!("{}/*", self.libs.display())
    }

    /// A data folder as `StorageTool format` leaves it.
    pub fn formatted(&self) -> PathBuf {
        self.root.join("formatted")
    }

    fn prepare() -> Result<Self> {
        let libs = jars(NAME, include_str!("../java/kafka.jars"))?;
        let jars = Self { root: cache().join(NAME), libs };
        // Several test processes may be the first at the same time.
        let lock = File::create(jars.root.join("lock"))?;
        lock.lock()?;
        if !jars.formatted().exists() {
            jars.format().context("formatting a data folder")?;
        }
        Ok(jars)
    }

    fn format(&self) -> Result<()> {
        let partial = self.root.join("formatted.partial");
        let _ = fs::remove_dir_all(&partial);
        let properties = self.root.join("format.properties");
        fs::write(&properties, format_properties(&partial))?;
        let id = self.storage_tool(&["random-uuid"])?;
        self.storage_tool(&["format", "-t", id.trim(), "-c", &properties.to_string_lossy()])?;
        Ok(fs::rename(partial, self.formatted())?)
    }

    fn storage_tool(&self, arguments: &[&str]) -> Result<String> {
        let output = Command::new("java")
            .args(["-cp", &self.class_path(), "kafka.tools.StorageTool"])
            .args(arguments)
            .output()
            .context("running java: install Java 17")?;
        succeeded(&output)?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

fn format_properties(folder: &Path) -> String {
    format!(
        "process.roles=broker,controller\nnode.id=1\ncontroller.quorum.voters=1@127.0.0.1:1\n\
         listeners=PLAINTEXT://127.0.0.1:2,CONTROLLER://127.0.0.1:1\ncontroller.listener.names=CONTROLLER\n\
         listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT\nlog.dirs={}\n",
        folder.display()
    )
}

pub(crate) fn succeeded(output: &Output) -> Result<()> {
    let said = || format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{}: {}", output.status, said());
    Ok(())
}

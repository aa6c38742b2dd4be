//! Apache Kafka's jars from Maven Central and a formatted data folder, made once and kept under `target/kit`.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use anyhow::{Context, Result, ensure};

const VERSION: &str = "4.2.0";

const POM: &str = r#"<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tapline</groupId><artifactId>kit</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>4.2.0</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
"#;

/// Kafka's jars and a formatted data folder to copy.
#[derive(Debug, Clone)]
pub struct Jars {
    root: PathBuf,
}

impl Jars {
    /// The jars; the first call on a machine downloads them (43 MB). Set `TAPLINE_KIT_CACHE` to keep them elsewhere.
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
        format!("{}/*", self.root.join("libs").display())
    }

    /// A data folder as `StorageTool format` leaves it.
    pub fn formatted(&self) -> PathBuf {
        self.root.join("formatted")
    }

    fn prepare() -> Result<Self> {
        let jars = Self { root: cache().join(format!("kafka-{VERSION}")) };
        fs::create_dir_all(&jars.root)?;
        // Several test processes may be the first at the same time.
        let lock = File::create(jars.root.join("lock"))?;
        lock.lock()?;
        if !jars.root.join("libs").exists() {
            jars.download().context("fetching Kafka's jars with Maven")?;
        }
        if !jars.formatted().exists() {
            jars.format().context("formatting a data folder")?;
        }
        Ok(jars)
    }

    fn download(&self) -> Result<()> {
        fs::write(self.root.join("pom.xml"), POM)?;
        let partial = self.root.join("libs.partial");
        let _ = fs::remove_dir_all(&partial);
        let output = Command::new("mvn")
            .args(["-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime"])
            .arg(format!("-DoutputDirectory={}", partial.display()))
            .current_dir(&self.root)
            .output()
            .context("running mvn: install Maven and Java 17 (`apt-get install maven openjdk-17-jdk-headless`)")?;
        succeeded(&output)?;
        Ok(fs::rename(partial, self.root.join("libs"))?)
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

pub(crate) fn cache() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/kit");
    env::var_os("TAPLINE_KIT_CACHE").map_or_else(beside, PathBuf::from)
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

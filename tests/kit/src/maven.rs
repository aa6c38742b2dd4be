//! Jars from Maven Central, fetched once and kept under `target/kit`. Which ones stands in lists, one a line: the
//! SHA-256 and the coordinates. A list is whole: what a jar depends on and is not listed is not needed here.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::cache::cache;
use crate::jars::succeeded;

/// What [`fetch`] writes beside the jars when all are there and right.
const CHECKSUMS: &str = "SHA256SUMS";

/// The folder with the jars of this list; `name` is its place in the cache.
pub(crate) fn jars(name: &str, list: &str) -> Result<PathBuf> {
    let root = cache().join(name);
    fs::create_dir_all(&root)?;
    // Several test processes may be the first at the same time.
    let lock = File::create(root.join("jars.lock"))?;
    lock.lock()?;
    let jars = root.join("libs");
    let sums = checksums(list)?;
    if fs::read_to_string(jars.join(CHECKSUMS)).ok().as_ref() != Some(&sums) {
        fetch(&root, list, &sums).with_context(|| format!("fetching the jars of {name} with Maven"))?;
    }
    Ok(jars)
}

fn fetch(root: &Path, list: &str, sums: &str) -> Result<()> {
    let (jars, partial) = (root.join("libs"), root.join("libs.partial"));
    let _ = fs::remove_dir_all(&partial);
    fs::write(root.join("pom.xml"), pom(list)?)?;
    let output = Command::new("mvn")
        .args(["-q", "-B", "dependency:copy-dependencies"])
        .arg(format!("-DoutputDirectory={}", partial.display()))
        .current_dir(root)
        .output()
        .context("running mvn: install Maven and Java 17 (`apt-get install maven openjdk-17-jre-headless`)")?;
    succeeded(&output)?;
    fs::write(partial.join(CHECKSUMS), sums)?;
    let check = ["--check", "--strict", "--quiet", CHECKSUMS];
    succeeded(&Command::new("sha256sum").args(check).current_dir(&partial).output()?)?;
    // Those of an older list, if there are any.
    let _ = fs::remove_dir_all(&jars);
    Ok(fs::rename(partial, jars)?)
}

/// As `sha256sum` reads them.
fn checksums(list: &str) -> Result<String> {
    let mut text = String::new();
    for jar in list.lines().map(Jar::parse) {
        let Jar { sum, artifact, version, .. } = jar?;
        writeln!(text, "{sum}  {artifact}-{version}.jar")?;
    }
    Ok(text)
}

fn pom(list: &str) -> Result<String> {
    let mut dependencies = String::new();
    for jar in list.lines().map(Jar::parse) {
        let Jar { group, artifact, version, .. } = jar?;
        writeln!(
            dependencies,
            "<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>\
             <exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>\
             </dependency>"
        )?;
    }
    Ok(format!(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n<modelVersion>4.0.0</modelVersion>\n\
         <groupId>tapline</groupId><artifactId>kit</artifactId><version>1</version>\n\
         <dependencies>\n{dependencies}</dependencies>\n</project>\n"
    ))
}

struct Jar<'a> {
    sum: &'a str,
    group: &'a str,
    artifact: &'a str,
    version: &'a str,
}

impl<'a> Jar<'a> {
    fn parse(line: &'a str) -> Result<Self> {
        let parts = || {
            let (sum, coordinates) = line.split_once(' ')?;
            let (group, rest) = coordinates.split_once(':')?;
            let (artifact, version) = rest.split_once(':')?;
            Some(Self { sum, group, artifact, version })
        };
        parts().with_context(|| format!("no `SUM GROUP:ARTIFACT:VERSION`: {line}"))
    }
}

//! Which crate may know which (ARCHITECTURE.md): the ground knows nobody, adapters know the adapter traits, the page
//! knows the API's types, and nobody knows the binary.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use serde_json::Value;
use toml::Table;

use super::Finding;
use crate::workspace::Workspace;

/// A member and the members that it is compiled with; those that only its tests use are left out.
struct Member {
    name: String,
    manifest: std::path::PathBuf,
    /// `collector/kafka`, from the root.
    folder: String,
    knows: Vec<String>,
}

/// Everything under collector/ that is not the adapter of a broker.
const NO_BROKERS: [&str; 3] = ["collector/adapter", "collector/decode", "collector/pipeline"];

pub(super) fn check(workspace: &Workspace) -> Result<Vec<Finding>> {
    let members = members(workspace)?;
    let mut findings: Vec<Finding> = members.iter().flat_map(|member| knowledge(member, &members)).collect();
    for member in &members {
        findings.extend(lints(member, workspace)?);
    }
    findings.extend(bindgen(workspace)?);
    Ok(findings)
}

fn members(workspace: &Workspace) -> Result<Vec<Member>> {
    let packages = workspace.metadata["packages"].as_array().context("cargo metadata has no packages")?;
    packages.iter().map(|package| member(package, &workspace.root).context("cargo metadata is incomplete")).collect()
}

fn member(package: &Value, root: &Path) -> Option<Member> {
    let manifest = Path::new(package["manifest_path"].as_str()?).strip_prefix(root).ok()?.to_owned();
    let known = package["dependencies"]
        .as_array()?
        .iter()
        .filter(|dependency| dependency["kind"].as_str() != Some("dev") && dependency["path"].is_string());
    Some(Member {
        name: package["name"].as_str()?.to_owned(),
        folder: manifest.parent()?.to_string_lossy().into_owned(),
        manifest,
        knows: known.filter_map(|dependency| dependency["name"].as_str()).map(str::to_owned).collect(),
    })
}

fn knowledge(member: &Member, members: &[Member]) -> Vec<Finding> {
    let known = member.knows.iter().filter_map(|name| members.iter().find(|other| other.name == *name));
    let refused = known.filter_map(|known| Some((known, refusal(&member.folder, &known.folder)?)));
    let finding = |(known, reason): (&Member, &str)| {
        Finding::new(&member.manifest, 0, format!("{} may not know {}: {reason}", member.name, known.name))
    };
    refused.map(finding).collect()
}

/// Why the crate in the first folder may not know the one in the second; `None` if it may.
fn refusal(folder: &str, known: &str) -> Option<&'static str> {
    let ground = ["storage/model", "query/api"].contains(&folder);
    let adapter = |folder: &str| folder.starts_with("collector/") && !NO_BROKERS.contains(&folder);
    let test = |folder: &str| folder.starts_with("tests/");
    match known {
        "" => Some("nobody knows the binary"),
        "xtask" => Some("xtask is for people, not for crates"),
        _ if ground => Some("it is the ground, and knows no crate of ours"),
        known if folder == "ui" && known != "query/api" => Some("the page knows the API's types and nothing else"),
        known if folder == "collector/adapter" && known != "storage/model" => Some("the traits know the model alone"),
        known
            if (adapter(folder) || folder == "collector/decode")
                && !["collector/adapter", "storage/model"].contains(&known) =>
        {
            Some("collectors know the adapter traits and the model alone")
        }
        known if adapter(known) && !folder.is_empty() && !test(folder) => Some("only the binary knows brokers by name"),
        "query/http" if folder.starts_with("agents/") => Some("query/http knows the agents, not the reverse"),
        known if test(known) && !test(folder) && (known, folder) != ("tests/shop", "") => {
            Some("only the shop is part of the product, and only of the binary")
        }
        _ => None,
    }
}

fn lints(member: &Member, workspace: &Workspace) -> Result<Option<Finding>> {
    let text = fs::read_to_string(workspace.root.join(&member.manifest))?;
    let manifest: Table = text.parse().with_context(|| format!("{} is not TOML", member.manifest.display()))?;
    let inherited = manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool);
    Ok((inherited != Some(true))
        .then(|| Finding::new(&member.manifest, 0, "take the workspace's lints: [lints] workspace = true")))
}

/// The library of the wasm-bindgen step reads only what its own version of wasm-bindgen wrote.
fn bindgen(workspace: &Workspace) -> Result<Option<Finding>> {
    let lock: Table =
        fs::read_to_string(workspace.root.join("Cargo.lock"))?.parse().context("Cargo.lock is not TOML")?;
    let (macros, library) = (version(&lock, "wasm-bindgen"), version(&lock, "wasm-bindgen-cli-support"));
    let message = || format!("wasm-bindgen is {macros:?}, wasm-bindgen-cli-support {library:?}: they change together");
    Ok((macros != library).then(|| Finding::new(Path::new("Cargo.toml"), 0, message())))
}

fn version(lock: &Table, name: &str) -> Option<String> {
    let packages = lock.get("package")?.as_array()?;
    let package = packages.iter().find(|package| package.get("name").and_then(toml::Value::as_str) == Some(name))?;
    package.get("version")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ground_knows_nobody() {
        assert!(refusal("storage/model", "query/api").is_some());
        assert!(refusal("query/api", "storage/model").is_some());
        assert!(refusal("query/engine", "storage/model").is_none());
    }

    #[test]
    fn a_second_broker_touches_no_other_crate() {
        assert!(refusal("collector/rabbitmq", "collector/adapter").is_none());
        assert!(refusal("collector/rabbitmq", "storage/archive").is_some());
        assert!(refusal("collector/pipeline", "collector/kafka").is_some());
        assert!(refusal("collector/pipeline", "storage/archive").is_none());
        assert!(refusal("query/http", "collector/rabbitmq").is_some());
        assert!(refusal("", "collector/rabbitmq").is_none());
        assert!(refusal("tests/e2e", "collector/kafka").is_none());
    }

    #[test]
    fn the_page_knows_the_api_alone() {
        assert!(refusal("ui", "query/api").is_none());
        assert!(refusal("ui", "storage/model").is_some());
    }

    #[test]
    fn agents_do_not_know_the_surface_and_nobody_knows_the_binary() {
        assert!(refusal("query/http", "agents/upkeep").is_none());
        assert!(refusal("agents/upkeep", "query/http").is_some());
        assert!(refusal("tests/e2e", "").is_some());
    }

    #[test]
    fn crates_of_tests_stay_with_tests_but_for_the_shop() {
        assert!(refusal("", "tests/shop").is_none());
        assert!(refusal("", "tests/kit").is_some());
        assert!(refusal("query/http", "tests/shop").is_some());
        assert!(refusal("tests/e2e", "tests/kit").is_none());
    }

    #[test]
    fn members_are_read_without_what_their_tests_use() {
        let package = serde_json::json!({
            "name": "tapline-index",
            "manifest_path": "/checkout/storage/index/Cargo.toml",
            "dependencies": [
                { "name": "tapline-model", "kind": null, "path": "/checkout/storage/model" },
                { "name": "tapline-kit", "kind": "dev", "path": "/checkout/tests/kit" },
                { "name": "serde", "kind": null },
            ],
        });
        let member = member(&package, Path::new("/checkout")).unwrap();
        assert_eq!((member.folder.as_str(), member.knows), ("storage/index", vec!["tapline-model".to_owned()]));
    }

    #[test]
    fn versions_come_from_the_lock_file() {
        let lock: Table = "[[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n".parse().unwrap();
        assert_eq!(version(&lock, "wasm-bindgen").as_deref(), Some("0.2.130"));
        assert_eq!(version(&lock, "wasm"), None);
    }
}

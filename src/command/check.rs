//! `tapline check`: what is in force, what can be reached, and what to run where a right is missing.

use std::path::Path;

use tapline_adapter::{Check, Remedy, Trouble};
use tapline_api::{Setting, SettingOrigin};
use tapline_archive::{Examined, examine};
use tokio::runtime::Runtime;

use crate::config::{Config, options};
use crate::exit::{Exit, Fault};
use crate::node;

pub(crate) fn run(config: &Config, settings: &[Setting], json: bool, runtime: &Runtime) -> Result<Exit, Fault> {
    let mut findings = Vec::new();
    for tapped in node::taps(config)? {
        let name = tapped.source.name().to_owned();
        let checks = tapped.source.check(&tapped.options);
        findings.extend(checks.into_iter().map(|check| (name.clone(), check)));
    }
    findings.extend(node::check_listen(config).map(|check| ("http".to_owned(), check)));
    findings.extend(node::check_channels(config));
    findings.push(("archive".to_owned(), runtime.block_on(check_archive(config))));
    let troubles = findings.iter().filter_map(|(_, check)| Some(check.outcome.as_ref().err()?.trouble));
    let exit = exit(troubles);
    if json {
        print_json(settings, &findings)?;
    } else {
        print_text(config, settings, &findings);
    }
    Ok(exit)
}

/// What has to be mended first decides: the configuration, then the connection.
fn exit(troubles: impl Iterator<Item = Trouble>) -> Exit {
    let of = |trouble| match trouble {
        Trouble::Configuration => (2, Exit::WrongUse),
        Trouble::Connection => (1, Exit::Unreachable),
        Trouble::Other => (0, Exit::Problem),
    };
    troubles.map(of).max_by_key(|(first, _)| *first).map_or(Exit::Done, |(_, exit)| exit)
}

type Finding = (String, Check);

/// How the archive's folder stands, also while a server uses it.
async fn check_archive(config: &Config) -> Check {
    let outcome = match examine(Path::new(&config.archive)).await {
        Ok(Examined::New) => Ok("there is none yet; it is created by the first start".to_owned()),
        Ok(Examined::Archive { files, damaged, held }) if damaged.is_empty() => Ok(match held {
            Some(pid) => {
                format!("in use by a running tapline{pid}, which is fine if that is the server; {files} data files")
            }
            None => format!("{files} data files, all there"),
        }),
        Ok(Examined::Archive { files, damaged, .. }) => Err(format!(
            "{} of {files} data files are damaged or missing; put them back from a copy, answers leave them out until \
             then: {}",
            damaged.len(),
            damaged.join(", ")
        )),
        Err(error) => Err(with_cause(&error)),
    };
    let remedy = |sentence| Remedy { sentence, command: None, trouble: Trouble::Other };
    Check { what: format!("archive in {}", config.archive), outcome: outcome.map_err(remedy) }
}

fn with_cause(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

fn print_text(config: &Config, settings: &[Setting], findings: &[Finding]) {
    println!("in force:");
    for setting in settings {
        println!("  {} = {}  ({})", setting.key, setting.value, origin(setting.origin));
        if let Some(option) = options::find(&setting.key) {
            println!("      {}: {}", option.kind, option.meaning);
        }
    }
    if config.sources.is_empty() {
        println!("\nno source is configured; add a [sources.<name>] section, docs/configuration.md shows one");
    }
    println!();
    for (name, check) in findings {
        match &check.outcome {
            Ok(found) => println!("ok      {name}: {}: {found}", check.what),
            Err(remedy) => {
                println!("FAILED  {name}: {}: {}", check.what, remedy.sentence);
                if let Some(command) = remedy.command.as_ref().filter(|command| !remedy.sentence.contains(*command)) {
                    println!("        {command}");
                }
            }
        }
    }
}

fn print_json(settings: &[Setting], findings: &[Finding]) -> anyhow::Result<()> {
    let checks = findings.iter().map(|(name, check)| {
        let remedy = check.outcome.as_ref().err();
        serde_json::json!({
            "source": name,
            "what": check.what,
            "ok": check.outcome.is_ok(),
            "found": check.outcome.as_ref().ok(),
            "remedy": remedy.map(|remedy| &remedy.sentence),
            "command": remedy.and_then(|remedy| remedy.command.as_ref()),
        })
    });
    let all = serde_json::json!({ "settings": settings, "checks": checks.collect::<Vec<_>>() });
    println!("{}", serde_json::to_string_pretty(&all)?);
    Ok(())
}

fn origin(origin: SettingOrigin) -> &'static str {
    match origin {
        SettingOrigin::Default => "default",
        SettingOrigin::File => "file",
        SettingOrigin::Environment => "environment",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_tells_configuration_connection_and_rights_apart() {
        use Trouble::{Configuration, Connection, Other};
        for (troubles, expected) in [
            (&[][..], Exit::Done),
            (&[Other], Exit::Problem),
            (&[Other, Connection], Exit::Unreachable),
            (&[Connection, Configuration, Other], Exit::WrongUse),
        ] {
            assert_eq!(exit(troubles.iter().copied()), expected);
        }
    }
}

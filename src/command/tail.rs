//! `tapline tail`: events as they come, from a server.

use tapline_api::EventSummary;

use crate::cli::TailArgs;
use crate::client::{Client, Tailed};
use crate::config::Config;
use crate::exit::{Exit, Fault};
use crate::output::harmless;

pub(crate) fn run(args: &TailArgs, config: &Config, json: bool) -> Result<Exit, Fault> {
    let client = Client::new(args.server.as_deref(), config)?;
    let filters = [("destination", &args.destination), ("type", &args.event_type), ("id", &args.id), ("q", &args.q)];
    let query: Vec<(&str, &str)> =
        filters.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))).collect();
    let mut left = args.limit.unwrap_or(usize::MAX);
    client.tail(&query, |tailed| {
        match tailed {
            Tailed::Dropped(count) => eprintln!("{count} events were not shown: they came faster than they were read"),
            Tailed::Events(events) => {
                for event in events.iter().take(left) {
                    print(event, json);
                }
                left = left.saturating_sub(events.len());
            }
        }
        left > 0
    })?;
    Ok(Exit::Done)
}

fn print(event: &EventSummary, json: bool) {
    if json {
        if let Ok(line) = serde_json::to_string(event) {
            println!("{line}");
        }
        return;
    }
    let time = event.timestamp.as_deref().unwrap_or(&event.archived_at);
    let kind = event.event_type.as_deref().unwrap_or("-");
    let body: String = event.preview.as_deref().unwrap_or("").chars().take(120).collect();
    println!("{}", harmless(&format!("{time}  {kind:<24} {}  {}", event.address, body.replace('\n', " "))));
}

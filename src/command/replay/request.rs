//! From words to what is asked of the server.

use std::io::Read;
use std::path::Path;

use serde::Deserialize;
use tapline_api::{ItemEdit, ReplayRequest, ReplayTarget, Select, StopAt, Window};

use super::args::{PlanArgs, SelectArgs};
use crate::exit::Fault;

/// The request for a plan; reads the files that are named.
pub(super) fn plan(args: &PlanArgs, who: Option<String>) -> Result<ReplayRequest, Fault> {
    let edits: Vec<Vec<ItemEdit>> = args.edit.iter().map(|path| edits(path)).collect::<Result<_, _>>()?;
    let target = ReplayTarget { source: args.to_source.clone(), destination: args.to.clone() };
    Ok(ReplayRequest {
        select: select(&args.select)?,
        leave_out: args.leave_out.clone(),
        target: (target != ReplayTarget::default()).then_some(target),
        rate: args.rate,
        speed: args.speed,
        order: args.order,
        timestamps: args.timestamps,
        canary: args.canary,
        canary_goes_on: args.canary_goes_on,
        stop: StopAt { failed_again: args.stop_failed_again.0, lag: args.stop_lag },
        transform: args.transform.as_deref().map(program).transpose()?,
        edits: edits.concat(),
        reason: args.reason.clone(),
        who,
    })
}

pub(super) fn select(args: &SelectArgs) -> Result<Select, Fault> {
    let mut select = Select { fingerprint: args.cause.clone(), ..Select::default() };
    if let Some(sql) = &args.sql {
        select.sql = Some(if sql == "-" { standard_input()? } else { sql.clone() });
    }
    match args.address.as_slice() {
        [] => {}
        [dash] if dash == "-" => select.addresses = Some(lines(&standard_input()?)),
        addresses => select.addresses = Some(addresses.to_vec()),
    }
    if let [place, from, to] = args.window.as_slice() {
        select.window = Some(window(place, from, to)?);
    }
    Ok(select)
}

fn window(place: &str, from: &str, to: &str) -> Result<Window, Fault> {
    let (source, destination) = place.split_once('/').ok_or_else(|| {
        Fault::Usage(format!(
            "`--window {place}` names no place; write source/destination, such as orders_kafka/orders"
        ))
    })?;
    let [source, destination, from, to] = [source, destination, from, to].map(str::to_owned);
    Ok(Window { source, destination, from, to })
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn standard_input() -> Result<String, Fault> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(anyhow::Error::from)?;
    Ok(text)
}

/// A program as it stands there, or the file behind an `@`, with which no program of use begins.
pub(super) fn program(text: &str) -> Result<String, Fault> {
    match text.strip_prefix('@') {
        Some(path) => read(Path::new(path)),
        None => Ok(text.to_owned()),
    }
}

fn edits(path: &Path) -> Result<Vec<ItemEdit>, Fault> {
    edits_of(&read(path)?).map_err(|error| {
        let wanted = r#"write [{"address": "..", "edit": {"key": .., "headers": .., "payload": ..}}]"#;
        Fault::Usage(format!("{} holds no edits: {error}; {wanted}", path.display()))
    })
}

/// A list, or one alone. Tried one after the other: an untagged type would not say what is wrong.
fn edits_of(text: &str) -> Result<Vec<ItemEdit>, serde_json::Error> {
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).map(|edit| vec![edit]);
    }
    Vec::deserialize(&mut serde_json::Deserializer::from_str(text))
}

fn read(path: &Path) -> Result<String, Fault> {
    std::fs::read_to_string(path).map_err(|error| Fault::Usage(format!("cannot read {}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use tapline_api::{Bytes, KeyOrder, Timestamps};

    use super::*;
    use crate::cli::{Cli, Command};
    use crate::command::replay::args::ReplayAction;

    fn asked(words: &[&str]) -> Result<ReplayRequest, String> {
        let words = [&["tapline", "replay", "plan"], words].concat();
        let cli = Cli::try_parse_from(words).map_err(|error| error.to_string())?;
        let Command::Replay(args) = cli.command else { return Err("another command".to_owned()) };
        let ReplayAction::Plan(plan) = &args.action else { return Err("another action".to_owned()) };
        super::plan(plan, Some("ana".to_owned())).map_err(|fault| fault.to_string())
    }

    #[test]
    fn a_plan_needs_no_more_than_events_and_a_reason() {
        let request = asked(&["--cause", "4f21", "--reason", "fixed in 1.4"]).unwrap();
        let select = Select { fingerprint: Some("4f21".to_owned()), ..Select::default() };
        let expected = ReplayRequest {
            select,
            reason: "fixed in 1.4".to_owned(),
            who: Some("ana".to_owned()),
            ..ReplayRequest::default()
        };
        assert_eq!(request, expected);
    }

    #[test]
    fn every_option_arrives() {
        let words = "--address s/d/0/1 s/d/0/2 --leave-out s/d/0/2 --to orders --to-source other --rate 20 --order none \
                     --timestamps now --canary 5 --canary-goes-on --stop-failed-again 10% --stop-lag 1000 \
                     --transform .payload.a=1 --reason r";
        let request = asked(&words.split_whitespace().collect::<Vec<_>>()).unwrap();
        assert_eq!(request.select.addresses.as_deref().map(<[_]>::len), Some(2));
        assert_eq!(request.leave_out, ["s/d/0/2"]);
        let target = request.target.unwrap();
        assert_eq!((target.source.as_deref(), target.destination.as_deref()), (Some("other"), Some("orders")));
        assert_eq!((request.rate, request.speed), (Some(20.0), None));
        assert_eq!((request.order, request.timestamps), (KeyOrder::None, Timestamps::Now));
        assert_eq!((request.canary, request.canary_goes_on), (Some(5), true));
        assert_eq!(request.stop, StopAt { failed_again: Some(0.1), lag: Some(1_000) });
        assert_eq!(request.transform.as_deref(), Some(".payload.a=1"));
    }

    #[test]
    fn a_window_is_a_place_and_two_times() {
        let window = asked(&["--window", "shop/orders", "now-1h", "now", "--speed", "2", "--reason", "r"]).unwrap();
        let expected = super::window("shop/orders", "now-1h", "now").unwrap();
        assert_eq!(window.select.window, Some(expected));
        let refused = asked(&["--window", "orders", "now-1h", "now", "--reason", "r"]).unwrap_err();
        assert!(refused.contains("source/destination"), "{refused}");
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        for words in [
            &["--reason", "r"][..],
            &["--cause", "a"],
            &["--cause", "a", "--sql", "SELECT 1", "--reason", "r"],
            &["--cause", "a", "--rate", "1", "--speed", "1", "--reason", "r"],
            &["--cause", "a", "--canary-goes-on", "--reason", "r"],
            &["--cause", "a", "--stop-failed-again", "7", "--reason", "r"],
            &["--cause", "a", "--order", "time", "--reason", "r"],
            &["--cause", "a", "--transform", "@/does/not/exist", "--reason", "r"],
            &["--cause", "a", "--edit", "/does/not/exist", "--reason", "r"],
        ] {
            assert!(asked(words).is_err(), "{words:?}");
        }
        let never = asked(&["--cause", "a", "--stop-failed-again", "never", "--reason", "r"]).unwrap();
        assert_eq!(never.stop.failed_again, None);
    }

    #[test]
    fn edits_are_a_list_or_one() {
        let one = r#"{"address": "s/d/0/1", "edit": {"payload": "{}", "headers": [["a", null]]}}"#;
        let [single, listed] = [one.to_owned(), format!("[{one}]")].map(|text| edits_of(&text).unwrap());
        assert_eq!(single, listed);
        assert_eq!(single[0].edit.payload, Some(Bytes::Text("{}".to_owned())));
        assert!(edits_of(r#"{"address": "a", "edit": {"body": ""}}"#).unwrap_err().to_string().contains("body"));
    }

    #[test]
    fn addresses_come_one_a_line() {
        assert_eq!(lines("s/d/0/1\n\n s/d/0/2 \r\n"), ["s/d/0/1", "s/d/0/2"]);
    }
}

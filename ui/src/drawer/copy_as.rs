//! One event in other tools' words, to be pasted.

use tapline_api::EventDetail;

/// Makes the text for an event, given where this page was served; none where the tool does not fit.
pub(super) type Make = fn(&EventDetail, &str) -> Option<String>;

/// Name and maker of each.
pub(super) const WAYS: [(&str, Make); 5] =
    [("kcat", kcat), ("curl", curl), ("SQL", sql), ("Link to this event", link), ("JSON", json)];

/// Reads the same message from the broker.
fn kcat(event: &EventDetail, _: &str) -> Option<String> {
    let summary = &event.summary;
    if event.system != "kafka" {
        return None;
    }
    let partition = summary.partition?;
    let topic = shell(&summary.destination);
    let format = r"'%h\n%k\n%s\n'";
    Some(format!("kcat -C -b \"$BROKERS\" -t {topic} -p {partition} -o {} -c 1 -e -f {format}", summary.position))
}

fn curl(event: &EventDetail, origin: &str) -> Option<String> {
    Some(format!("curl -s {}", shell(&format!("{origin}/api/v1/events/{}", event.summary.address))))
}

fn sql(event: &EventDetail, _: &str) -> Option<String> {
    Some(format!("SELECT * FROM events WHERE address = {}", literal(&event.summary.address)))
}

fn link(event: &EventDetail, origin: &str) -> Option<String> {
    let mut query = crate::state::url::Query::default();
    query.add("event", &event.summary.address);
    Some(format!("{origin}{}", query.on("/events")))
}

fn json(event: &EventDetail, _: &str) -> Option<String> {
    serde_json::to_string_pretty(event).ok()
}

/// One word for a POSIX shell.
fn shell(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// A text in SQL.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use tapline_api::{EventSummary, Payload};

    use super::*;

    fn event(destination: &str) -> EventDetail {
        EventDetail {
            summary: EventSummary {
                address: "shop/orders/4/1207".into(),
                source: "shop".into(),
                destination: destination.into(),
                partition: Some(4),
                position: "1207".into(),
                timestamp: None,
                archived_at: String::new(),
                event_type: None,
                producer: None,
                key: None,
                format: "json".into(),
                size: 0,
                preview: None,
                dead_letter: None,
                retry: None,
            },
            system: "kafka".into(),
            incarnation: 1,
            timestamp_kind: None,
            headers: Vec::new(),
            payload: Payload { size: 0, content: None, truncated: false },
            decoded: None,
            decode_error: None,
            ids: Vec::new(),
            ids_dropped: 0,
            dead_letter: None,
            edges: Vec::new(),
            stored: "hot".into(),
        }
    }

    #[test]
    fn hostile_names_stay_one_word() {
        let event = event("a'; rm -rf $HOME");
        let kcat = kcat(&event, "").unwrap();
        assert!(kcat.contains(r"-t 'a'\''; rm -rf $HOME' -p 4 -o 1207"), "{kcat}");
        assert_eq!(sql(&event, "").unwrap(), "SELECT * FROM events WHERE address = 'shop/orders/4/1207'");
        assert_eq!(literal("it's"), "'it''s'");
    }

    #[test]
    fn plain_names_need_no_quotes() {
        assert_eq!(curl(&event("orders"), "http://x").unwrap(), "curl -s 'http://x/api/v1/events/shop/orders/4/1207'");
        assert_eq!(link(&event("orders"), "http://x").unwrap(), "http://x/events?event=shop/orders/4/1207");
        assert_eq!(kcat(&EventDetail { system: "nats".into(), ..event("orders") }, ""), None);
    }
}

//! Slack's incoming webhooks: a sentence, its numbers, and a button to the page.

use serde_json::{Value, json};

use super::{Told, cut, title};

/// Alerts told one by one; Slack takes fifty blocks.
const MOST: usize = 15;

/// Characters of one section.
const SECTION: usize = 2_900;

/// The message for alerts that are told together.
pub(crate) fn slack(all: &[Told]) -> Value {
    let blocks: Vec<Value> = all.iter().take(MOST).flat_map(blocks).collect();
    let more = all.len().saturating_sub(MOST);
    let more = (more > 0).then(|| section(&format!("and {more} more")));
    json!({
        "text": escape(&cut(&title(all), 1_000)),
        "blocks": blocks.into_iter().chain(more).collect::<Vec<_>>(),
    })
}

fn blocks(told: &Told) -> Vec<Value> {
    let mark = match (told.is_over(), told.labels.get("severity").map(String::as_str)) {
        (true, _) => ":white_check_mark:",
        (false, Some("critical" | "error")) => ":red_circle:",
        (false, _) => ":large_orange_diamond:",
    };
    let description = told.annotations.get("description").map(|text| format!("\n{}", escape(text))).unwrap_or_default();
    let next_step = told.annotations.get("next_step").filter(|_| !told.is_over());
    let next_step = next_step.map(|text| format!("\n_{}_", escape(text))).unwrap_or_default();
    let runbook = told
        .annotations
        .get("runbook_url")
        .filter(|url| url.starts_with("http"))
        .map(|url| format!("\n<{}|Runbook>", url.replace(['<', '>', '|'], "")));
    let text = format!("{mark} *{}*{description}{next_step}{}", escape(told.summary()), runbook.unwrap_or_default());
    let button = json!({"type": "button", "text": {"type": "plain_text", "text": "Open"}, "url": told.link});
    vec![section(&text), json!({"type": "actions", "elements": [button]})]
}

fn section(text: &str) -> Value {
    json!({"type": "section", "text": {"type": "mrkdwn", "text": cut(text, SECTION)}})
}

/// Names come from outside: none may call everybody or make a link.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn names_cannot_call_the_channel() {
        let mut told = example(None);
        told.annotations.insert("summary".to_owned(), "<!channel> & <http://evil|bank>".to_owned());
        let text = slack(&[told]).to_string();
        assert!(
            !text.contains("<!channel>") && !text.contains("<http://evil") && text.contains("&lt;!channel&gt; &amp;")
        );
    }

    #[test]
    fn a_flood_is_one_message() {
        let message = slack(&vec![example(None); 400]);
        assert!(message["blocks"].as_array().unwrap().len() <= 50);
        assert_eq!(message["text"], "400 alerts fire");
    }
}

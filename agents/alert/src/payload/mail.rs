//! Mail: what it is about in the subject, one alert a paragraph.

use tapline_model::time;

use super::{Told, cut, title};

/// Alerts told one by one.
const MOST: usize = 50;

/// Subject and text.
pub(crate) fn mail(all: &[Told], page: &str) -> (String, String) {
    // A subject is one line.
    let subject = cut(&title(all).replace(['\r', '\n'], " "), 150);
    let mut text: Vec<String> = all.iter().take(MOST).map(paragraph).collect();
    if all.len() > MOST {
        text.push(format!("And {} more: {page}/alerts", all.len() - MOST));
    }
    (format!("[Tapline] {subject}"), text.join("\n\n"))
}

fn paragraph(told: &Told) -> String {
    let state = match told.until {
        Some(until) => format!("{}: resolved at {}", told.rule, time::format(until)),
        None => format!("{}: fires since {}", told.rule, time::format(told.since)),
    };
    let said = |name: &str| told.annotations.get(name).cloned();
    let labels = told.labels.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ");
    let lines = [
        Some(told.summary().to_owned()),
        said("description"),
        said("next_step").filter(|_| told.until.is_none()),
        Some(state),
        Some(labels),
        said("runbook_url").map(|url| format!("Runbook: {url}")),
        Some(told.link.clone()),
    ];
    lines.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn a_mail_tells_each_alert_with_its_link() {
        let mut evil = example(None);
        evil.annotations.insert("summary".to_owned(), "late\r\nBcc: everybody@example.com".to_owned());
        let (subject, text) = mail(&[evil], "http://page");
        assert_eq!(subject, "[Tapline] late  Bcc: everybody@example.com");
        assert!(text.contains("GroupStandsStill: fires since 2026-") && text.contains("/consumers?source=shop"));
        let (subject, text) = mail(&vec![example(Some(1)); 60], "http://page");
        assert_eq!(subject, "[Tapline] 60 alerts are resolved");
        assert!(text.ends_with("And 10 more: http://page/alerts"));
    }
}

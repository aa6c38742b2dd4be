//! One event as it can be edited by hand: its parts as text, and what of them was changed. Binary values stay as they
//! are; nothing that was not touched is sent.

use tapline_api::{Bytes, Edit, EventDetail, HeaderView};

use super::layout::{packed, spread};
use crate::format::json;

/// Stands for a header's value that is no line of text.
const AS_IT_WAS: &str = "<as it was>";
/// Families of headers that tell no failure.
const HARMLESS: [&str; 2] = ["cloudevents", "trace"];

/// The parts of an event, as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Parts {
    /// Absent when it is no text.
    pub(super) key: Option<String>,
    /// Absent when it is no text, or not whole.
    pub(super) payload: Option<String>,
    /// A line each: `name: value`.
    pub(super) headers: String,
}

/// An event and its parts before anybody touched them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Original {
    /// As they are shown.
    pub(super) parts: Parts,
    /// Its payload is JSON, to be checked.
    json: bool,
    /// It was laid out to be read; what is sent has no blanks again.
    laid_out: bool,
    headers: Vec<HeaderView>,
}

impl Original {
    /// Reads an event. Headers of a failure are taken off anyway: they are not shown.
    pub(super) fn of(event: &EventDetail) -> Self {
        let failed = event.dead_letter.is_some() || event.summary.retry.is_some();
        let stays = |header: &&HeaderView| {
            let harmless = header.family.as_deref().is_none_or(|family| HARMLESS.contains(&family));
            !header.name.starts_with("tapline-replay-")
                && (harmless || !failed || header.name.starts_with("__TypeId__"))
        };
        let headers: Vec<HeaderView> = event.headers.iter().filter(stays).cloned().collect();
        let text = |bytes: &Bytes| match bytes {
            Bytes::Text(text) => Some(text.clone()),
            Bytes::Base64 { .. } => None,
        };
        let payload = event.payload.content.as_ref().filter(|_| !event.payload.truncated).and_then(text);
        let json = payload.as_deref().is_some_and(|text| json::scan(text).complete);
        let laid_out = json && payload.as_deref().is_some_and(|text| !text.contains('\n'));
        let parts = Parts {
            key: event.summary.key.as_ref().map_or(Some(String::new()), text),
            payload: if laid_out { payload.as_deref().map(spread) } else { payload },
            headers: headers.iter().map(line).collect::<Vec<_>>().join("\n"),
        };
        Self { parts, json, laid_out, headers }
    }

    /// What differs; none where nothing does.
    pub(super) fn edit(&self, parts: &Parts) -> Result<Option<Edit>, String> {
        let changed = |is: &Option<String>, was: &Option<String>| is.clone().filter(|_| is != was);
        let payload = changed(&parts.payload, &self.parts.payload);
        if let Some(text) = payload.as_deref().filter(|_| self.json) {
            serde_json::from_str::<serde_json::Value>(text)
                .map_err(|error| format!("The payload was JSON and is none any more: {error}."))?;
        }
        let edit = Edit {
            key: changed(&parts.key, &self.parts.key).map(Bytes::Text),
            payload: payload.map(|text| Bytes::Text(if self.laid_out { packed(&text) } else { text })),
            headers: if parts.headers == self.parts.headers { None } else { Some(self.read(&parts.headers)?) },
        };
        Ok(Some(edit).filter(|edit| *edit != Edit::default()))
    }

    fn read(&self, text: &str) -> Result<Vec<(String, Option<Bytes>)>, String> {
        let mut kept: Vec<&HeaderView> = self.headers.iter().collect();
        let mut headers = Vec::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let pair = line.split_once(": ").or_else(|| line.strip_suffix(':').map(|name| (name, "")));
            let (name, value) = pair.ok_or_else(|| format!("The header `{line}` has no `: ` behind its name."))?;
            let own = kept.iter().position(|header| header.name == name).map(|at| kept.remove(at));
            let value = match (value == AS_IT_WAS, own) {
                (false, _) => Some(Bytes::Text(value.to_owned())),
                (true, Some(header)) => header.value.clone(),
                (true, None) => return Err(format!("There was no header `{name}` that could stay as it was.")),
            };
            headers.push((name.to_owned(), value));
        }
        Ok(headers)
    }

    /// The parts with what an earlier edit made of them.
    pub(super) fn with(&self, edit: &Edit) -> Parts {
        let text = |bytes: &Option<Bytes>, was: &Option<String>| match bytes {
            Some(Bytes::Text(text)) => Some(text.clone()),
            _ => was.clone(),
        };
        let pair = |(name, value): &(String, Option<Bytes>)| match value {
            Some(Bytes::Text(text)) if !text.contains('\n') => format!("{name}: {text}"),
            _ => format!("{name}: {AS_IT_WAS}"),
        };
        let payload = text(&edit.payload, &self.parts.payload);
        Parts {
            key: text(&edit.key, &self.parts.key),
            payload: payload.map(|text| if self.laid_out { spread(&text) } else { text }),
            headers: match &edit.headers {
                Some(headers) => headers.iter().map(pair).collect::<Vec<_>>().join("\n"),
                None => self.parts.headers.clone(),
            },
        }
    }
}

fn line(header: &HeaderView) -> String {
    match &header.value {
        Some(Bytes::Text(text)) if !text.contains('\n') => format!("{}: {text}", header.name),
        _ => format!("{}: {AS_IT_WAS}", header.name),
    }
}

impl Parts {
    /// All of it as one text, for a comparison.
    pub(super) fn whole(&self) -> String {
        let key = self.key.as_ref().map(|key| format!("key: {key}\n")).unwrap_or_default();
        format!("{key}{}\n{}", self.headers, self.payload.as_deref().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn original() -> Original {
        let header = |name: &str, value: Option<Bytes>| HeaderView {
            name: name.to_owned(),
            value,
            decoded: None,
            encoding: "text".to_owned(),
            family: None,
        };
        let headers = vec![
            header("type", Some(Bytes::Text("a".to_owned()))),
            header("sig", Some(Bytes::Base64 { base64: "AP8=".to_owned() })),
            header("none", None),
        ];
        let parts = Parts {
            key: Some("k".to_owned()),
            payload: Some(spread(r#"{"n":1}"#)),
            headers: headers.iter().map(line).collect::<Vec<_>>().join("\n"),
        };
        Original { parts, json: true, laid_out: true, headers }
    }

    #[test]
    fn what_was_not_touched_is_not_sent() {
        let original = original();
        assert_eq!(original.edit(&original.parts), Ok(None));
        let key = Parts { key: Some("other".to_owned()), ..original.parts.clone() };
        let edit = Edit { key: Some(Bytes::Text("other".to_owned())), ..Edit::default() };
        assert_eq!(original.edit(&key), Ok(Some(edit.clone())));
        assert_eq!(original.with(&edit), key);
    }

    #[test]
    fn a_payload_goes_back_without_the_layout_and_must_stay_json() {
        let original = original();
        let with = |payload: &str| Parts { payload: Some(payload.to_owned()), ..original.parts.clone() };
        let edit = original.edit(&with("{\n  \"n\": 2\n}")).unwrap().unwrap();
        assert_eq!(edit.payload, Some(Bytes::Text(r#"{"n":2}"#.to_owned())));
        let error = original.edit(&with("{\n  \"n\": ,\n}")).unwrap_err();
        assert!(error.contains("line 2 column 8"), "{error}");
    }

    #[test]
    fn headers_are_lines_and_what_is_no_text_stays() {
        let original = original();
        assert_eq!(original.parts.headers, "type: a\nsig: <as it was>\nnone: <as it was>");
        let with = |headers: &str| Parts { headers: headers.to_owned(), ..original.parts.clone() };
        let read = original.edit(&with("type: b: c\nnone: <as it was>\nsig: <as it was>\nempty:")).unwrap().unwrap();
        let text = |text: &str| Some(Bytes::Text(text.to_owned()));
        let want =
            [("type", text("b: c")), ("none", None), ("sig", original.headers[1].value.clone()), ("empty", text(""))];
        assert_eq!(read.headers, Some(want.map(|(name, value)| (name.to_owned(), value)).to_vec()));
        assert!(original.edit(&with("new: <as it was>")).is_err() && original.edit(&with("nothing")).is_err());
    }
}

//! How services wrap their events, and how they read each other's: CloudEvents in binary mode, CloudEvents in
//! structured mode, and plain JSON with the metadata in headers. What a body says is its service's business.

use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};

use crate::{
    identity::{Trace, order_number},
    record::{Delivered, Headers, Millis, Record},
};

const TYPE_PREFIX: &str = "com.example.shop.";
const STRUCTURED: &str = "application/cloudevents+json";

/// An event about an order, before it is wrapped.
pub(crate) struct Event {
    /// `OrderPlaced`.
    pub(crate) name: &'static str,
    pub(crate) service: &'static str,
    pub(crate) order: String,
    pub(crate) id: String,
    /// The id of the event that this one answers.
    pub(crate) causation: Option<String>,
    pub(crate) correlation: String,
    pub(crate) trace: Option<Trace>,
    /// When it happened, by the service's clock.
    pub(crate) timestamp: Millis,
    /// When it is sent, by the true clock.
    pub(crate) due: Millis,
    pub(crate) body: Value,
}

impl Event {
    /// Metadata in `ce_` headers, the body as it is.
    pub(crate) fn binary(self, topic: &str) -> Record {
        let mut headers = Headers::default();
        headers.add("ce_specversion", "1.0");
        headers.add("ce_id", self.id.as_str());
        headers.add("ce_source", self.source());
        headers.add("ce_type", self.full_name());
        headers.add("ce_subject", self.order.as_str());
        headers.add("ce_time", rfc3339(self.timestamp));
        headers.add("ce_correlationid", self.correlation.as_str());
        if let Some(causation) = &self.causation {
            headers.add("ce_causationid", causation.as_str());
        }
        headers.add("content-type", "application/json");
        self.trace(&mut headers);
        let payload = self.body.to_string();
        self.record(topic, headers, payload)
    }

    /// Metadata and body in one JSON object.
    pub(crate) fn structured(self, topic: &str) -> Record {
        let mut headers = Headers::default();
        headers.add("content-type", format!("{STRUCTURED}; charset=utf-8"));
        self.trace(&mut headers);
        let mut envelope = json!({
            "specversion": "1.0",
            "id": self.id,
            "source": self.source(),
            "type": self.full_name(),
            "subject": self.order,
            "time": rfc3339(self.timestamp),
            "datacontenttype": "application/json",
            "correlationid": self.correlation,
            "data": self.body,
        });
        if let Some(causation) = &self.causation {
            envelope["causationid"] = json!(causation);
        }
        self.record(topic, headers, envelope.to_string())
    }

    /// Metadata in headers of the house's own making, the body as it is.
    pub(crate) fn plain(self, topic: &str) -> Record {
        let mut headers = Headers::default();
        headers.add("content-type", "application/json");
        headers.add("message-id", self.id.as_str());
        headers.add("event-type", self.name);
        headers.add("correlation-id", self.correlation.as_str());
        if let Some(causation) = &self.causation {
            headers.add("causation-id", causation.as_str());
        }
        headers.add("producer", self.service);
        self.trace(&mut headers);
        let payload = self.body.to_string();
        self.record(topic, headers, payload)
    }

    fn source(&self) -> String {
        format!("/shop/{}", self.service)
    }

    fn full_name(&self) -> String {
        format!("{TYPE_PREFIX}{}", self.name)
    }

    fn trace(&self, headers: &mut Headers) {
        if let Some(trace) = self.trace {
            headers.add("traceparent", trace.to_string());
        }
    }

    fn record(self, topic: &str, headers: Headers, payload: String) -> Record {
        Record {
            topic: topic.to_owned(),
            partition: None,
            key: self.order.into_bytes(),
            payload: payload.into_bytes(),
            headers,
            timestamp: self.timestamp,
            due: self.due,
        }
    }
}

/// Another service's event, unwrapped.
pub(crate) struct Received {
    /// `OrderPlaced`.
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) correlation: String,
    pub(crate) order: u64,
    pub(crate) trace: Option<Trace>,
    pub(crate) body: Value,
}

impl Received {
    /// Reads any of the three wrappings; `None` for what is no event of this shop.
    pub(crate) fn read(delivered: &Delivered) -> Option<Self> {
        let body: Value = serde_json::from_slice(&delivered.payload).ok()?;
        let headers = &delivered.headers;
        let trace = headers.text("traceparent").and_then(Trace::parse);
        let structured = headers.text("content-type").is_some_and(|kind| kind.starts_with(STRUCTURED));
        let attribute = |binary: &str, plain: &str| {
            if structured {
                return body.get(binary.trim_start_matches("ce_"))?.as_str().map(str::to_owned);
            }
            headers.text(binary).or_else(|| headers.text(plain)).map(str::to_owned)
        };
        let name = attribute("ce_type", "event-type")?;
        let id = attribute("ce_id", "message-id")?;
        let correlation = attribute("ce_correlationid", "correlation-id")?;
        let body = if structured { body.get("data")?.clone() } else { body };
        let order = order_number(body.get("orderId")?.as_str()?)?;
        Some(Self { name: name.trim_start_matches(TYPE_PREFIX).to_owned(), id, correlation, order, trace, body })
    }
}

/// `2026-11-21T03:12:44.123Z`.
pub(crate) fn rfc3339(at: Millis) -> String {
    DateTime::from_timestamp_millis(at).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{identity::draw, record::TimestampType};

    /// The record as a consumer gets it.
    pub(crate) fn delivered(record: Record, partition: i32, offset: i64) -> Delivered {
        Delivered {
            topic: record.topic,
            partition,
            offset,
            timestamp: record.timestamp,
            timestamp_type: TimestampType::CreateTime,
            key: record.key,
            payload: record.payload,
            headers: record.headers,
        }
    }

    fn event() -> Event {
        Event {
            name: "OrderPlaced",
            service: "storefront",
            order: "ORD-84127190".to_owned(),
            id: "m-1".to_owned(),
            causation: Some("m-0".to_owned()),
            correlation: "c-1".to_owned(),
            trace: Some(Trace::begin(&mut draw(1, 2, "trace"))),
            timestamp: 1_795_230_764_123,
            due: 1_795_230_764_123,
            body: json!({ "orderId": "ORD-84127190" }),
        }
    }

    #[test]
    fn every_wrapping_is_read_back() {
        for wrap in [Event::binary, Event::structured, Event::plain] {
            let received = Received::read(&delivered(wrap(event(), "orders"), 0, 0)).unwrap();
            assert_eq!((received.name.as_str(), received.id.as_str()), ("OrderPlaced", "m-1"));
            assert_eq!((received.correlation.as_str(), received.order), ("c-1", 190));
            assert_eq!(received.trace, event().trace);
            assert_eq!(received.body, event().body);
        }
    }

    #[test]
    fn binary_mode_has_the_required_attributes() {
        let record = event().binary("orders");
        let text = |name| record.headers.text(name).unwrap().to_owned();
        assert_eq!(text("ce_specversion"), "1.0");
        assert_eq!(text("ce_source"), "/shop/storefront");
        assert_eq!(text("ce_type"), "com.example.shop.OrderPlaced");
        assert_eq!(text("ce_time"), "2026-11-21T03:12:44.123Z");
        assert_eq!(text("ce_causationid"), "m-0");
    }

    #[test]
    fn what_is_no_event_is_not_read() {
        let mut foreign = delivered(event().plain("payments"), 0, 0);
        foreign.payload = b"not json".to_vec();
        assert!(Received::read(&foreign).is_none());
        let mut nameless = delivered(event().plain("payments"), 0, 0);
        nameless.headers = Headers::default();
        assert!(Received::read(&nameless).is_none());
    }
}

//! A record built header by header.

use tapline_adapter::RawRecord;
use tapline_decode::{Decoder, Meaning, Rules};
use tapline_model::{Header, TimestampKind};

#[derive(Default, Clone)]
pub(crate) struct Fixture {
    pub(crate) destination: String,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) payload: Option<Vec<u8>>,
    pub(crate) headers: Vec<(String, Option<Vec<u8>>)>,
    pub(crate) rules: Rules,
    /// Microseconds, by the producer's clock.
    pub(crate) timestamp: Option<i64>,
}

pub(crate) fn on(destination: &str) -> Fixture {
    Fixture { destination: destination.into(), payload: Some(b"{}".to_vec()), ..Fixture::default() }
}

impl Fixture {
    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.into(), Some(value.as_ref().to_vec())));
        self
    }

    pub(crate) fn headers<const N: usize>(self, headers: [(&str, &str); N]) -> Self {
        headers.into_iter().fold(self, |fixture, (name, value)| fixture.header(name, value))
    }

    pub(crate) fn payload(mut self, payload: impl AsRef<[u8]>) -> Self {
        self.payload = Some(payload.as_ref().to_vec());
        self
    }

    pub(crate) fn key(mut self, key: impl AsRef<[u8]>) -> Self {
        self.key = Some(key.as_ref().to_vec());
        self
    }

    /// Decodes twice with one decoder: what is left of the first time must not show the second time.
    pub(crate) fn decode<R>(&self, check: impl FnOnce(&Meaning<'_>) -> R) -> R {
        let headers: Vec<Header<'_>> =
            self.headers.iter().map(|(name, value)| Header { name, value: value.as_deref() }).collect();
        let record = RawRecord {
            destination: &self.destination,
            partition: Some(0),
            offset: Some(7),
            position: None,
            incarnation: 1,
            leader_epoch: None,
            timestamp: self.timestamp,
            timestamp_outside: None,
            timestamp_kind: self.timestamp.map(|_| TimestampKind::Created),
            key: self.key.as_deref(),
            payload: self.payload.as_deref(),
            headers: &headers,
            repaired_names: 0,
        };
        let mut decoder = Decoder::new(self.rules.clone());
        let first = format!("{:?}", decoder.decode(&record));
        let meaning = decoder.decode(&record);
        assert_eq!(format!("{meaning:?}"), first);
        check(&meaning)
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        self.decode(|meaning| meaning.ids.iter().map(|id| format!("{}={}", id.name, id.value)).collect())
    }
}

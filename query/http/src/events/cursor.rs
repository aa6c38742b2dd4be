//! Where a page of a list ends: the key of its last row, as opaque text.

use tapline_model::Address;

use crate::cursor;
use crate::problem::Refusal;

/// The order of lists: by time, then by address. Rows without a time come last in a list, which runs downwards.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OrderKey {
    /// Microseconds.
    pub(crate) timestamp: Option<i64>,
    source: String,
    destination: String,
    incarnation: i32,
    partition: Option<i32>,
    /// Offsets are ordered as numbers: 10 comes after 9.
    offset: Option<i64>,
    position: String,
}

impl OrderKey {
    pub(crate) fn new(timestamp: Option<i64>, address: Address) -> Self {
        let Address { source, destination, incarnation, partition, position } = address;
        Self { timestamp, source, destination, incarnation, partition, offset: position.parse().ok(), position }
    }

    /// As it stands in `next`.
    pub(crate) fn encode(&self) -> String {
        let address = Address {
            source: self.source.clone(),
            destination: self.destination.clone(),
            incarnation: self.incarnation,
            partition: self.partition,
            position: self.position.clone(),
        };
        let time = self.timestamp.map_or_else(|| "-".to_owned(), |time| time.to_string());
        cursor::encode(&format!("{time}/{address}"))
    }

    /// Reads what [`Self::encode`] wrote.
    pub(crate) fn decode(text: &str) -> Result<Self, Refusal> {
        let text = cursor::decode_text(text)?;
        let (time, address) = text.split_once('/').ok_or_else(cursor::refused)?;
        let timestamp = match time {
            "-" => None,
            time => Some(time.parse().map_err(|_| cursor::refused())?),
        };
        Ok(Self::new(timestamp, Address::parse(address).map_err(|_| cursor::refused())?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::problem::Code;

    fn key(timestamp: Option<i64>, partition: i32, position: &str) -> OrderKey {
        let (source, destination) = ("s".to_owned(), "d/ü".to_owned());
        let partition = Some(partition);
        OrderKey::new(timestamp, Address { source, destination, incarnation: 1, partition, position: position.into() })
    }

    #[test]
    fn offsets_are_ordered_as_numbers_and_rows_without_time_first() {
        assert!(key(Some(1), 0, "9") < key(Some(1), 0, "10"));
        assert!(key(None, 0, "9") < key(Some(i64::MIN), 0, "1"));
        assert!(key(Some(1), 9, "1") < key(Some(1), 10, "0"));
    }

    proptest! {
        #[test]
        fn written_cursors_are_read(time in any::<Option<i64>>(), partition in 0..99i32, position in "\\PC{1,20}") {
            let key = key(time, partition, &position);
            prop_assert_eq!(OrderKey::decode(&key.encode()).unwrap(), key);
        }

        #[test]
        fn any_text_is_refused_or_read(text in "\\PC{0,60}") {
            if let Err(refusal) = OrderKey::decode(&text) {
                prop_assert_eq!(refusal.code, Code::BadCursor);
            }
        }
    }
}

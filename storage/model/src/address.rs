//! Where an event stands: `source/destination/partition/position`, as text and as a hash.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Everything but RFC 3986's unreserved characters, so that an address can stand in a URL, a shell and a file name.
/// `~` is encoded too: behind a destination it introduces the incarnation.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// The place of one event on a broker. Two events never share one within an incarnation of their destination.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    /// Configured name of the source.
    pub source: String,
    /// Topic, stream, exchange, subject, queue or channel.
    pub destination: String,
    /// 1 for the first life of a destination; one more each time it was deleted and made anew.
    pub incarnation: i32,
    /// Absent where the system has no partitions.
    pub partition: Option<i32>,
    /// The offset in decimal, or the system's own position.
    pub position: String,
}

/// Why a text is not an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not four segments.
    #[error("an address has four segments, source/destination/partition/position, this has {0}")]
    Segments(usize),
    /// A segment that is empty or does not decode.
    #[error("segment `{0}` of the address is empty or not percent-encoded utf-8")]
    Segment(String),
    /// Neither a number nor `-`.
    #[error("partition `{0}` of the address is neither a number nor `-`")]
    Partition(String),
}

impl Address {
    /// Reads the text form written by [`fmt::Display`].
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let segments: Vec<&str> = text.split('/').collect();
        let [source, destination, partition, position] = segments[..] else {
            return Err(AddressError::Segments(segments.len()));
        };
        Self::from_segments(source, destination, partition, position)
    }

    /// Reads four segments that are still percent-encoded.
    pub fn from_segments(
        source: &str,
        destination: &str,
        partition: &str,
        position: &str,
    ) -> Result<Self, AddressError> {
        let (destination, incarnation) = match destination.rsplit_once('~') {
            Some((name, life)) => match life.parse::<i32>() {
                Ok(life) if life > 1 => (name, life),
                _ => return Err(AddressError::Segment(destination.to_owned())),
            },
            None => (destination, 1),
        };
        let partition = match partition {
            "-" => None,
            text => Some(text.parse().map_err(|_| AddressError::Partition(text.to_owned()))?),
        };
        Ok(Self {
            source: decode(source)?,
            destination: decode(destination)?,
            incarnation,
            partition,
            position: decode(position)?,
        })
    }

    /// The key under which the ID index finds this address.
    pub fn hash(&self) -> u64 {
        let incarnation = self.incarnation;
        hash(&self.source, &self.destination, incarnation, self.partition, Position::Text(&self.position))
    }
}

/// A position that need not be formatted to be hashed.
#[derive(Debug, Clone, Copy)]
pub enum Position<'a> {
    /// An offset.
    Offset(i64),
    /// The system's own position.
    Text(&'a str),
}

/// [`Address::hash`] without building an [`Address`]: called for every archived row.
pub fn hash(source: &str, destination: &str, incarnation: i32, partition: Option<i32>, position: Position<'_>) -> u64 {
    let mut hasher = xxhash_rust::xxh3::Xxh3Default::new();
    // NUL cannot occur in a Kafka topic name and keeps (`ab`, `c`) apart from (`a`, `bc`).
    for part in [source, "\0", destination, "\0"] {
        hasher.update(part.as_bytes());
    }
    hasher.update(&incarnation.to_le_bytes());
    hasher.update(&partition.map_or(-1i64, i64::from).to_le_bytes());
    match position {
        Position::Offset(offset) => hasher.update(&offset.to_le_bytes()),
        // A decimal text is the offset it spells, so that an address read from a URL finds its row.
        Position::Text(text) => match text.parse::<i64>() {
            Ok(offset) => hasher.update(&offset.to_le_bytes()),
            Err(_) => hasher.update(text.as_bytes()),
        },
    }
    hasher.digest()
}

fn decode(segment: &str) -> Result<String, AddressError> {
    let fault = || AddressError::Segment(segment.to_owned());
    let text = percent_decode_str(segment).decode_utf8().map_err(|_| fault())?;
    if text.is_empty() { Err(fault()) } else { Ok(text.into_owned()) }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encode = |text| utf8_percent_encode(text, SEGMENT);
        write!(f, "{}/{}", encode(&self.source), encode(&self.destination))?;
        if self.incarnation > 1 {
            write!(f, "~{}", self.incarnation)?;
        }
        match self.partition {
            Some(partition) => write!(f, "/{partition}")?,
            None => f.write_str("/-")?,
        }
        write!(f, "/{}", encode(&self.position))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_form_is_the_contract() {
        let address = Address {
            source: "orders_kafka".into(),
            destination: "shop.orders/eu~1".into(),
            incarnation: 2,
            partition: None,
            position: "1526919030474-55".into(),
        };
        assert_eq!(address.to_string(), "orders_kafka/shop.orders%2Feu%7E1~2/-/1526919030474-55");
    }

    #[test]
    fn faults_are_named() {
        assert_eq!(Address::parse("a/b/0"), Err(AddressError::Segments(3)));
        assert_eq!(Address::parse("a/b/x/1"), Err(AddressError::Partition("x".into())));
        assert_eq!(Address::parse("a//0/1"), Err(AddressError::Segment(String::new())));
        assert_eq!(Address::parse("a/b~1/0/1"), Err(AddressError::Segment("b~1".into())));
    }

    proptest! {
        #[test]
        fn round_trip(source in "[a-z0-9_]{1,12}", destination in "\\PC{1,40}", incarnation in 1..9i32,
                      partition in proptest::option::of(0..i32::MAX), position in "\\PC{1,30}") {
            let address = Address { source, destination, incarnation, partition, position };
            let read = Address::parse(&address.to_string()).unwrap();
            prop_assert_eq!(read.hash(), address.hash());
            prop_assert_eq!(read, address);
        }

        #[test]
        fn offset_and_its_text_hash_alike(offset in any::<i64>(), partition in proptest::option::of(0..9i32)) {
            let text = offset.to_string();
            prop_assert_eq!(hash("s", "d", 1, partition, Position::Offset(offset)),
                            hash("s", "d", 1, partition, Position::Text(&text)));
        }

        #[test]
        fn any_text_is_refused_or_read(text in "\\PC*") {
            if let Ok(address) = Address::parse(&text) {
                prop_assert_eq!(Address::parse(&address.to_string()).unwrap(), address);
            }
        }
    }
}

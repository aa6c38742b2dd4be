//! Addresses of events: `source/destination/partition/position`, each segment percent-encoded.

use crate::state::url::decode;

/// The readable parts of an address; a text that is no address is its own only part.
pub(crate) fn parts(address: &str) -> Vec<String> {
    address.split('/').map(decode).collect()
}

/// `orders / 4 / 412,117` with thousands in the position, as people read it.
pub(crate) fn readable(address: &str) -> String {
    let mut parts = parts(address);
    if let Some(last) = parts.last_mut() {
        *last = position(last);
    }
    parts.join(" / ")
}

/// A position as people read it: a decimal offset with thousands, anything else as it is.
pub(crate) fn position(text: &str) -> String {
    text.parse::<u64>().map_or_else(|_| text.to_owned(), super::number::exact)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_decoded_and_offsets_get_thousands() {
        assert_eq!(readable("shop-kafka/orders-dlt/4/1207"), "shop-kafka / orders-dlt / 4 / 1,207");
        assert_eq!(readable("redis/a%2Fb/-/1526919030474-55"), "redis / a/b / - / 1526919030474-55");
    }
}

//! Names of event types as people call them.

/// A type without the package or namespace before it: `com.example.shop.OrderPlaced` is `OrderPlaced`; versions such as
/// `.v1` stay with the word before them.
pub fn short_type(name: &str) -> &str {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let is_version = |word: &str| word.strip_prefix('v').is_some_and(digits);
    let cut = |text: &str| text.rfind(['.', '/', ':', '#']);
    match cut(name) {
        Some(at) if is_version(&name[at + 1..]) => cut(&name[..at]).map_or(name, |before| &name[before + 1..]),
        Some(at) if at + 1 < name.len() => &name[at + 1..],
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_shown_without_their_package() {
        for (full, short) in [
            ("com.example.shop.OrderPlaced", "OrderPlaced"),
            ("com.example.OrderPlaced.v2", "OrderPlaced.v2"),
            ("urn:shop:OrderPlaced", "OrderPlaced"),
            ("OrderPlaced", "OrderPlaced"),
            ("v1", "v1"),
            ("ends.", "ends."),
            ("com.example.shop.Übung", "Übung"),
        ] {
            assert_eq!(short_type(full), short, "{full}");
        }
    }
}

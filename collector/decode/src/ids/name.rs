//! Whether a field's name says that it holds an identifier.
//!
//! A name does if its last word is one of a few: `orderId`, `order_id`, `OrderID`, `invoice-number`, `customerRef`. A
//! word begins behind a separator or at a change of case, so that `paid`, `valid` and `grid` are not taken. Names
//! without any boundary (`orderid`, as CloudEvents extensions must be spelled) are taken for `id` alone, except words
//! of the language. Words before the last one exclude counters, categories and secrets.

/// How sure a name is, and what it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    /// The last word is `id`, `uuid` or `guid`: any value will do. Otherwise the value must look like an identifier.
    pub(crate) strong: bool,
    /// Nothing but the word: the enclosing object says whose it is.
    pub(crate) bare: bool,
    /// `orderIds`: stands for its elements, without the last letter.
    pub(crate) plural: bool,
}

/// Codes are categories far more often than identifiers: only these.
const CODES: &[&str] = &["tracking", "booking", "reservation", "confirmation", "order", "shipment", "voucher"];

const NOT_STRONG: &[&str] =
    &["type", "status", "state", "country", "currency", "language", "locale", "timezone", "zone"];
const NOT_WEAK: &[&str] = &[
    // Secrets and personal numbers that must not become searchable by accident.
    "api",
    "secret",
    "private",
    "public",
    "access",
    "signing",
    "encryption",
    "license",
    "ssh",
    "auth",
    "card",
    "phone",
    "mobile",
    "telephone",
    "fax",
    "security",
    "pin",
    "cvv",
    "cvc",
    "pan",
    // Counters and places in a list.
    "line",
    "row",
    "page",
    "sequence",
    "seq",
    "version",
    "revision",
    "attempt",
    "retry",
    "house",
    "street",
    "floor",
    "seat",
    "port",
    "week",
    "day",
    "partition",
    "item",
    "step",
    "index",
    "total",
    // Names of texts and of columns.
    "label",
    "message",
    "translation",
    "i18n",
    "sort",
    "hash",
    "primary",
    "foreign",
    "self",
    "schema",
];
/// Words of the language that end in `id` without being an identifier.
const WORDS: &[&str] = &[
    "acid", "aid", "amid", "android", "arid", "avid", "avoid", "bid", "candid", "covid", "datagrid", "did", "fluid",
    "forbid", "grid", "hid", "humid", "hybrid", "invalid", "isvalid", "kid", "laid", "lid", "liquid", "lucid", "maid",
    "mid", "morbid", "orchid", "outbid", "pid", "placid", "pyramid", "quid", "raid", "rapid", "rid", "rigid", "said",
    "solid", "squid", "splendid", "stupid", "timid", "valid", "vivid", "void", "isvoid",
];

/// What the name says; `None` when it does not name an identifier.
#[inline]
pub(crate) fn classify(name: &str) -> Option<Kind> {
    // The last two letters rule out nearly every other name.
    match name.as_bytes() {
        [stem @ .., b's'] => by_last_word(name.get(..stem.len())?, last_two(stem)?, true),
        bytes => by_last_word(name, last_two(bytes)?, false),
    }
}

#[inline]
fn last_two(name: &[u8]) -> Option<[u8; 2]> {
    name.last_chunk().map(|[first, last]| [first | 0x20, last | 0x20])
}

#[inline]
fn by_last_word(name: &str, last_two: [u8; 2], plural: bool) -> Option<Kind> {
    match &last_two {
        b"id" => strong(name, plural),
        b"ey" => weak(name, "key", plural),
        b"er" => weak(name, "number", plural),
        b"nr" | b"no" => weak(name, "nr", plural).or_else(|| weak(name, "no", plural)),
        b"ef" => weak(name, "ref", plural),
        b"ce" => weak(name, "reference", plural),
        b"de" => weak(name, "code", plural),
        _ => None,
    }
}

fn weak(name: &str, word: &str, plural: bool) -> Option<Kind> {
    let (stem, boundary) = split(name, word)?;
    let before = last_word(stem);
    let bare = before.is_empty();
    // `no` and `nr` alone are an answer and a country.
    let refused = !boundary || is_any(before, NOT_WEAK) || (bare && word.len() == 2) || name.starts_with('$');
    let code = word != "code" || is_any(before, CODES);
    (!refused && code).then_some(Kind { strong: false, bare, plural })
}

fn strong(name: &str, plural: bool) -> Option<Kind> {
    // Of `uuid` and `guid` the last letter before `id` is the same.
    let long = matches!(name.as_bytes(), [.., b'u' | b'U', _, _]);
    let words: &[&str] = if long { &["uuid", "guid", "id"] } else { &["id"] };
    let (stem, boundary) = words.iter().find_map(|word| split(name, word))?;
    let stem = without_separators(stem);
    let refused = if boundary {
        // All the words to refuse end in one of these.
        matches!(stem.as_bytes(), [.., b'e' | b's' | b'y' | b'E' | b'S' | b'Y']) && is_any(last_word(stem), NOT_STRONG)
    } else {
        let whole = last_word(name);
        is_any(whole, WORDS) || strip_end(whole, "paid").is_some()
    };
    (!refused && !name.starts_with('$')).then_some(Kind { strong: true, bare: stem.is_empty(), plural })
}

/// What stands before `word` at the end of `name`, and whether a word begins there.
fn split<'n>(name: &'n str, word: &str) -> Option<(&'n str, bool)> {
    let stem = strip_end(name, word)?;
    let tail = name.as_bytes().get(stem.len()..).unwrap_or_default();
    let boundary = match stem.as_bytes().last() {
        None => true,
        Some(before) if !before.is_ascii_alphanumeric() => true,
        Some(before) => {
            let capital = tail.first().is_some_and(u8::is_ascii_uppercase);
            capital && (!before.is_ascii_uppercase() || tail.iter().any(u8::is_ascii_lowercase))
        }
    };
    Some((stem, boundary))
}

fn strip_end<'n>(name: &'n str, end: &str) -> Option<&'n str> {
    let (stem, tail) = name.split_at_checked(name.len().checked_sub(end.len())?)?;
    tail.eq_ignore_ascii_case(end).then_some(stem)
}

/// The last word of a name without the separators behind it: `credit_card_` and `creditCard` end in `card`.
fn last_word(name: &str) -> &str {
    let name = without_separators(name);
    let bytes = name.as_bytes();
    let begins = |at: usize| {
        let (before, here) = (bytes[at - 1], bytes[at]);
        let capital = here.is_ascii_uppercase();
        let last_capital = bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase);
        (before.is_ascii() && !before.is_ascii_alphanumeric())
            || (capital && (!before.is_ascii_uppercase() || last_capital))
    };
    let start = (1..bytes.len()).rev().find(|&at| begins(at)).unwrap_or(0);
    name.get(start..).unwrap_or(name)
}

fn without_separators(name: &str) -> &str {
    match name.as_bytes().last() {
        Some(last) if last.is_ascii_alphanumeric() => name,
        _ => name.trim_end_matches(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric()),
    }
}

fn is_any(word: &str, known: &[&str]) -> bool {
    known.iter().any(|known| known.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_identifiers() {
        let strong = [
            "orderId",
            "order_id",
            "OrderID",
            "ORDER_ID",
            "order-id",
            "orderid",
            "ORDERID",
            "URLId",
            "userUuid",
            "uid",
            "correlationid",
            "approvalid",
            "customer.guid",
            "x-tenant-id",
            "estateId",
        ];
        for name in strong {
            assert_eq!(classify(name), Some(Kind { strong: true, bare: false, plural: false }), "{name}");
        }
        let weak = [
            "orderNumber",
            "invoice_no",
            "invoiceNo",
            "bestellNr",
            "customerRef",
            "payment-reference",
            "idempotency-key",
            "orderKey",
            "trackingCode",
        ];
        for name in weak {
            assert_eq!(classify(name), Some(Kind { strong: false, bare: false, plural: false }), "{name}");
        }
    }

    #[test]
    fn bare_and_plural_names() {
        for name in ["id", "ID", "_id", "@id", "uuid", "guid"] {
            assert_eq!(classify(name), Some(Kind { strong: true, bare: true, plural: false }), "{name}");
        }
        for name in ["key", "ref", "number", "reference"] {
            assert_eq!(classify(name), Some(Kind { strong: false, bare: true, plural: false }), "{name}");
        }
        assert_eq!(classify("orderIds"), Some(Kind { strong: true, bare: false, plural: true }));
        assert_eq!(classify("ids"), Some(Kind { strong: true, bare: true, plural: true }));
    }

    #[test]
    fn other_names() {
        let others = [
            "paid",
            "isPaid",
            "amountPaid",
            "prepaid",
            "valid",
            "is_valid",
            "isValid",
            "void",
            "hybrid",
            "hasGrid",
            "countryCode",
            "country_code",
            "statusCode",
            "code",
            "no",
            "nr",
            "typeId",
            "currency_id",
            "apiKey",
            "api_key",
            "cardNumber",
            "credit_card_number",
            "phoneNumber",
            "lineNumber",
            "seqNo",
            "casino",
            "volcano",
            "honor",
            "color",
            "monkey",
            "turkey",
            "brief",
            "belief",
            "$ref",
            "$id",
            "status",
            "address",
            "",
            "s",
            "d",
            "é",
            "ïd",
        ];
        for name in others {
            assert_eq!(classify(name), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_name_is_classified(name in "\\PC{0,24}", end in "(id|Id|ID|key|No|number|s|é)?") {
            let _ = classify(&format!("{name}{end}"));
        }
    }
}

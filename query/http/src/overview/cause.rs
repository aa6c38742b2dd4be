//! Why events died, in the domain's words: what the exception complains about, not what it is called.
//!
//! Messages are written by libraries in fixed phrases; the rules know the common ones. Where none applies, the first
//! sentence of the message stands.

use tapline_chains::without_end;

use crate::rollup::Cause;
use crate::words::{cut, name};

/// Characters of a sentence made from a message.
const LONGEST: usize = 160;

/// Who failed and at what, as a sentence without a full stop: "`payments` could not read card type `CARTE_BANCAIRE`".
pub(super) fn sentence(cause: &Cause, message: Option<&str>) -> String {
    let who = cause.group.as_deref().map_or_else(|| "A consumer".to_owned(), name);
    let message = message.map(inner).unwrap_or_default();
    if let Some(what) = unknown_value(message).or_else(|| unknown_field(message)).or_else(|| unreadable(cause, message))
    {
        return format!("{who} could not read {what}");
    }
    if is_timeout(cause, message) {
        return format!("{who} waited in vain: {}", first_sentence(message));
    }
    match (message.is_empty(), cause.root_cause.as_deref()) {
        (false, _) => format!("{who} failed: {}", first_sentence(message)),
        (true, Some(class)) => format!("{who} failed with {}", name(simple_name(class))),
        (true, None) => format!("{who} gave up without a reason"),
    }
}

/// The same as a noun, for lists: "card type `CARTE_BANCAIRE`".
pub(super) fn noun(cause: &Cause, message: Option<&str>) -> String {
    let message = message.map(inner).unwrap_or_default();
    if let Some(what) = unknown_value(message).or_else(|| unknown_field(message)) {
        return what;
    }
    match (message.is_empty(), cause.root_cause.as_deref()) {
        (false, _) => first_sentence(message),
        (true, Some(class)) => name(simple_name(class)),
        (true, None) => "no reason given".to_owned(),
    }
}

/// Spring writes its own words before the listener's.
fn inner(message: &str) -> &str {
    let wrapped = message.starts_with("Listener method '") || message.starts_with("Listener failed");
    let inner = message.split_once("; ").filter(|_| wrapped).map_or(message, |(_, inner)| inner);
    inner.trim()
}

/// Jackson: ``Cannot deserialize value of type `a.b.CardType` from String "X": not one of the values accepted``.
fn unknown_value(message: &str) -> Option<String> {
    let rest = message.split_once("deserialize value of type ")?.1;
    let (class, rest) = rest.trim_start_matches('`').split_once(['`', ' '])?;
    let value = rest.split_once('"')?.1.split('"').next().filter(|value| !value.is_empty())?;
    Some(format!("{} {}", words(simple_name(class)), name(&cut(value, 60))))
}

/// Jackson: `Unrecognized field "discount" (class a.b.Order)`.
fn unknown_field(message: &str) -> Option<String> {
    let field = message.split_once("Unrecognized field \"")?.1.split('"').next()?;
    Some(format!("the unknown field {}", name(&cut(field, 60))))
}

/// Parsers and deserialisers that could make nothing of the bytes.
fn unreadable(cause: &Cause, message: &str) -> Option<String> {
    let class = simple_name(cause.root_cause.as_deref().unwrap_or_default());
    let json = class == "JsonParseException"
        || message.starts_with("Unexpected character")
        || message.starts_with("Unexpected end-of-input");
    let other = matches!(class, "DeserializationException" | "SerializationException" | "JSONDecodeError");
    if json {
        return Some("the payload: it is not JSON".to_owned());
    }
    other.then(|| "the payload".to_owned())
}

fn is_timeout(cause: &Cause, message: &str) -> bool {
    let class = cause.root_cause.as_deref().unwrap_or_default();
    let message = message.to_ascii_lowercase();
    class.contains("Timeout")
        || message.contains("timed out")
        || message.contains("timeout")
        || message.contains("did not answer")
}

fn first_sentence(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let end = line.find(". ").unwrap_or(line.len());
    cut(without_end(&line[..end]), LONGEST).replace('`', "'")
}

/// `a.b.Outer$CardType` is `CardType`.
fn simple_name(class: &str) -> &str {
    class.rsplit(['.', '$', ':']).next().unwrap_or(class)
}

/// `CardType` is `card type`.
fn words(class: &str) -> String {
    let mut words = String::new();
    let mut small = false;
    for c in class.chars() {
        if c.is_uppercase() && small {
            words.push(' ');
        }
        small = c.is_lowercase() || c.is_ascii_digit();
        words.extend(c.to_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(class: &str) -> Cause {
        let class = Some(class.to_owned()).filter(|class| !class.is_empty());
        Cause { fingerprint: None, origin: None, group: Some("payments".into()), root_cause: class }
    }

    #[test]
    fn a_value_that_is_not_known_is_named() {
        let message = "Listener method 'public void a.B.on(byte[])' threw exception; Cannot deserialize value of type \
                       `com.example.shop.payments.CardType` from String \"CARTE_BANCAIRE\": not one of the values accepted";
        let cause = cause("com.fasterxml.jackson.databind.exc.InvalidFormatException");
        assert_eq!(sentence(&cause, Some(message)), "`payments` could not read card type `CARTE_BANCAIRE`");
        assert_eq!(noun(&cause, Some(message)), "card type `CARTE_BANCAIRE`");
    }

    #[test]
    fn a_message_that_ends_in_a_colon_loses_it() {
        let message = "Error converting byte[] to Kafka Connect data failed due to serialization error: \n\tat a.b";
        let class = "org.apache.kafka.connect.errors.DataException";
        assert_eq!(
            sentence(&cause(class), Some(message)),
            "`payments` failed: Error converting byte[] to Kafka Connect data failed due to serialization error"
        );
    }

    #[test]
    fn other_phrases_of_libraries_are_understood() {
        let said = |class: &str, message: &str| sentence(&cause(class), Some(message));
        assert_eq!(
            said("", "Unrecognized field \"discount\" (class a.Order), not marked as ignorable"),
            "`payments` could not read the unknown field `discount`"
        );
        assert_eq!(
            said("x.JsonParseException", "Unexpected character ('<')"),
            "`payments` could not read the payload: it is not JSON"
        );
        assert_eq!(
            said("java.net.SocketTimeoutException", "Listener failed; Read timed out"),
            "`payments` waited in vain: Read timed out"
        );
    }

    #[test]
    fn unknown_phrases_stand_as_they_are() {
        let said = |class: &str, message: &str| sentence(&cause(class), Some(message));
        assert_eq!(said("a.B", "no stock for `SKU-1`. Ask again.\nat x"), "`payments` failed: no stock for 'SKU-1'");
        assert_eq!(said("a.b.OutOfStock", ""), "`payments` failed with `OutOfStock`");
        assert_eq!(said("", ""), "`payments` gave up without a reason");
        let unknown = Cause { group: None, ..cause("a.B") };
        assert_eq!(sentence(&unknown, None), "A consumer failed with `B`");
    }
}

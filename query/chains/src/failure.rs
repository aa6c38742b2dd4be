//! Why events died, in the domain's words: what the exception complains about, not what it is called.
//!
//! Messages are written by libraries in fixed phrases; the rules know the common ones. Where none applies, the first
//! sentence of the message stands.

use crate::wording::{cut, exception, name, without_end, words};

/// Characters of a sentence made from a message.
const LONGEST: usize = 160;

/// What the headers of a dead letter say about why.
#[derive(Debug, Clone, Copy, Default)]
pub struct Failure<'a> {
    /// The consumer group that gave up.
    pub group: Option<&'a str>,
    /// Class of the exception at the bottom.
    pub class: Option<&'a str>,
    /// Its message.
    pub message: Option<&'a str>,
}

impl Failure<'_> {
    /// Who failed and at what, as a sentence without a full stop: "`payments` could not read card type `CARTE_BANCAIRE`".
    pub fn sentence(&self) -> String {
        let who = self.group.map_or_else(|| "A consumer".to_owned(), name);
        match (self.understood(), self.message().is_empty(), self.class) {
            (Some(what), ..) => format!("{who} {what}"),
            (None, false, _) => format!("{who} failed: {}", self.first_sentence()),
            (None, true, Some(class)) => format!("{who} failed with {}", name(exception(class))),
            (None, true, None) => format!("{who} gave up without a reason"),
        }
    }

    /// The same as a noun, for lists: "card type `CARTE_BANCAIRE`".
    pub fn noun(&self) -> String {
        if let Some(what) = unknown_value(self.message()).or_else(|| unknown_field(self.message())) {
            return what;
        }
        self.reason().unwrap_or_else(|| "no reason given".to_owned())
    }

    /// What whoever gave up did, where the message is one of those known: "could not read card type `CARTE_BANCAIRE`".
    pub(crate) fn understood(&self) -> Option<String> {
        let message = self.message();
        let what = unknown_value(message).or_else(|| unknown_field(message)).or_else(|| self.unreadable());
        let waited = || self.is_timeout().then(|| format!("waited in vain: {}", self.first_sentence()));
        what.map(|what| format!("could not read {what}")).or_else(waited)
    }

    /// What the message says first, else what the exception is called.
    pub(crate) fn reason(&self) -> Option<String> {
        match (self.message().is_empty(), self.class) {
            (false, _) => Some(self.first_sentence()),
            (true, class) => class.map(|class| name(exception(class))),
        }
    }

    /// Spring writes its own words before the listener's.
    pub(crate) fn message(&self) -> &str {
        let message = self.message.unwrap_or_default();
        let wrapped = message.starts_with("Listener method '") || message.starts_with("Listener failed");
        let inner = message.split_once("; ").filter(|_| wrapped).map_or(message, |(_, inner)| inner);
        inner.trim()
    }

    /// Parsers and deserialisers that could make nothing of the bytes.
    fn unreadable(&self) -> Option<String> {
        let (class, message) = (exception(self.class.unwrap_or_default()), self.message());
        let json = class == "JsonParseException"
            || message.starts_with("Unexpected character")
            || message.starts_with("Unexpected end-of-input");
        let other = matches!(class, "DeserializationException" | "SerializationException" | "JSONDecodeError");
        if json {
            return Some("the payload: it is not JSON".to_owned());
        }
        other.then(|| "the payload".to_owned())
    }

    fn is_timeout(&self) -> bool {
        let message = self.message().to_ascii_lowercase();
        self.class.is_some_and(|class| class.contains("Timeout"))
            || message.contains("timed out")
            || message.contains("timeout")
            || message.contains("did not answer")
    }

    fn first_sentence(&self) -> String {
        let line = self.message().lines().next().unwrap_or_default();
        let end = line.find(". ").unwrap_or(line.len());
        cut(without_end(&line[..end]), LONGEST).replace('`', "'")
    }
}

/// Jackson: ``Cannot deserialize value of type `a.b.CardType` from String "X": not one of the values accepted``.
fn unknown_value(message: &str) -> Option<String> {
    let rest = message.split_once("deserialize value of type ")?.1;
    let (class, rest) = rest.trim_start_matches('`').split_once(['`', ' '])?;
    let value = rest.split_once('"')?.1.split('"').next().filter(|value| !value.is_empty())?;
    Some(format!("{} {}", words(exception(class)).join(" "), name(&cut(value, 60))))
}

/// Jackson: `Unrecognized field "discount" (class a.b.Order)`.
fn unknown_field(message: &str) -> Option<String> {
    let field = message.split_once("Unrecognized field \"")?.1.split('"').next()?;
    Some(format!("the unknown field {}", name(&cut(field, 60))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<'a>(class: &'a str, message: &'a str) -> Failure<'a> {
        let said = |text: &'a str| Some(text).filter(|text| !text.is_empty());
        Failure { group: Some("payments"), class: said(class), message: said(message) }
    }

    #[test]
    fn a_value_that_is_not_known_is_named() {
        let message = "Listener method 'public void a.B.on(byte[])' threw exception; Cannot deserialize value of type \
                       `com.example.shop.payments.CardType` from String \"CARTE_BANCAIRE\": not one of the values accepted";
        let failure = of("com.fasterxml.jackson.databind.exc.InvalidFormatException", message);
        assert_eq!(failure.sentence(), "`payments` could not read card type `CARTE_BANCAIRE`");
        assert_eq!(failure.noun(), "card type `CARTE_BANCAIRE`");
    }

    #[test]
    fn a_message_that_ends_in_a_colon_loses_it() {
        let message = "Error converting byte[] to Kafka Connect data failed due to serialization error: \n\tat a.b";
        assert_eq!(
            of("org.apache.kafka.connect.errors.DataException", message).sentence(),
            "`payments` failed: Error converting byte[] to Kafka Connect data failed due to serialization error"
        );
    }

    #[test]
    fn other_phrases_of_libraries_are_understood() {
        let said = |class: &str, message: &str| of(class, message).sentence();
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
        let said = |class: &str, message: &str| of(class, message).sentence();
        assert_eq!(said("a.B", "no stock for `SKU-1`. Ask again.\nat x"), "`payments` failed: no stock for 'SKU-1'");
        assert_eq!(said("a.b.OutOfStock", ""), "`payments` failed with `OutOfStock`");
        assert_eq!(said("", ""), "`payments` gave up without a reason");
        assert_eq!(Failure { group: None, ..of("a.B", "") }.sentence(), "A consumer failed with `B`");
    }
}

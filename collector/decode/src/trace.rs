//! Trace contexts in every spelling that producers write: W3C, B3, X-Ray, MassTransit, Dapr.

use bumpalo::Bump;

use crate::encoding::{self, Kinds};
use crate::header::{Headers, Slot};

/// Where a message stands in a distributed trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TraceContext<'a> {
    /// 32 lower-case hexadecimal digits, not all zero.
    pub(crate) trace_id: &'a str,
    /// 16 lower-case hexadecimal digits, not all zero.
    pub(crate) span_id: Option<&'a str>,
}

/// The context of the last hop: W3C before B3 before X-Ray before a bare trace id.
pub(crate) fn from_headers<'a>(arena: &'a Bump, headers: &Headers<'a>) -> Option<TraceContext<'a>> {
    let w3c = [Slot::Traceparent, Slot::MtActivityId, Slot::DiagnosticId];
    let found = w3c.into_iter().find_map(|slot| w3c_value(arena, headers.value(slot)?));
    found
        .or_else(|| b3_single(arena, headers.text(Slot::B3)?))
        .or_else(|| b3_multi(arena, headers.text(Slot::B3TraceId)?, headers.text(Slot::B3SpanId)))
        .or_else(|| x_ray(arena, headers.text(Slot::XRay)?))
        .or_else(|| bare(arena, headers.text(Slot::TraceId)?))
}

/// Dapr writes a whole `traceparent` here, others a trace id alone.
fn bare<'a>(arena: &'a Bump, text: &'a str) -> Option<TraceContext<'a>> {
    w3c_text(text).or_else(|| b3_multi(arena, text, None))
}

/// A `traceparent` as text, or in the binary form of the W3C drafts.
pub(crate) fn w3c_value<'a>(arena: &'a Bump, value: &'a [u8]) -> Option<TraceContext<'a>> {
    w3c_binary(arena, value).or_else(|| w3c_text(std::str::from_utf8(value).ok()?.trim()))
}

/// `00-<32 hex>-<16 hex>-<2 hex>`. Of an unknown version the first 55 characters are read; `ff` is invalid. Only lower
/// case, as the specification demands: other readers ignore the rest too, and the trace would break there.
pub(crate) fn w3c_text(text: &str) -> Option<TraceContext<'_>> {
    let bytes = text.as_bytes();
    let version = bytes.get(..2).filter(|version| lower_hex(version) && *version != b"ff")?;
    let known_length = bytes.len() == 55 || (version != b"00" && bytes.get(55) == Some(&b'-'));
    let dashes = [2, 35, 52].iter().all(|&at| bytes.get(at) == Some(&b'-'));
    if !known_length || !dashes || !lower_hex(bytes.get(53..55)?) {
        return None;
    }
    let (trace_id, span_id) = (text.get(3..35)?, text.get(36..52)?);
    let valid = |id: &str| lower_hex(id.as_bytes()) && !zero(id);
    (valid(trace_id) && valid(span_id)).then_some(TraceContext { trace_id, span_id: Some(span_id) })
}

/// Version 0, field 0 with 16 bytes of trace, field 1 with 8 bytes of span, field 2 with the flags.
fn w3c_binary<'a>(arena: &'a Bump, value: &[u8]) -> Option<TraceContext<'a>> {
    let fields = value.len() == 29 && value.starts_with(&[0, 0]) && value[18] == 1 && value[27] == 2;
    let (trace, span) = fields.then(|| (&value[2..18], &value[19..27]))?;
    let some = |bytes: &[u8]| bytes.iter().any(|b| *b != 0);
    (some(trace) && some(span))
        .then(|| TraceContext { trace_id: encoding::hex(arena, trace), span_id: Some(encoding::hex(arena, span)) })
}

/// `{trace}-{span}[-{sampled}[-{parent}]]`; a lone sampling decision carries no context.
fn b3_single<'a>(arena: &'a Bump, text: &'a str) -> Option<TraceContext<'a>> {
    let mut parts = text.split('-');
    let trace = parts.next()?;
    b3_multi(arena, trace, parts.next())
}

fn b3_multi<'a>(arena: &'a Bump, trace: &'a str, span: Option<&'a str>) -> Option<TraceContext<'a>> {
    let trace_id = trace_id(arena, trace)?;
    let span_id = span.filter(|span| span.len() == 16 && hex(span) && !zero(span)).map(|span| lower(arena, span));
    Some(TraceContext { trace_id, span_id })
}

/// `Root=1-<8 hex>-<24 hex>;Parent=<16 hex>;Sampled=1`.
fn x_ray<'a>(arena: &'a Bump, text: &'a str) -> Option<TraceContext<'a>> {
    let field = |name: &str| text.split(';').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
    let (epoch, rest) = field("Root")?.strip_prefix("1-")?.split_once('-')?;
    if epoch.len() != 8 || rest.len() != 24 {
        return None;
    }
    let joined = encoding::joined(arena, [epoch, rest]);
    b3_multi(arena, joined, field("Parent"))
}

/// 16 or 32 hexadecimal digits, padded to 32 and in lower case; `None` for anything else and for zero.
pub(crate) fn trace_id<'a>(arena: &'a Bump, text: &'a str) -> Option<&'a str> {
    if !matches!(text.len(), 16 | 32) || !hex(text) || zero(text) {
        return None;
    }
    if text.len() == 32 {
        return Some(lower(arena, text));
    }
    Some(lower(arena, encoding::joined(arena, ["0000000000000000", text])))
}

fn lower<'a>(arena: &'a Bump, text: &'a str) -> &'a str {
    if Kinds::of(text).capital() {
        let copy = arena.alloc_str(text);
        copy.make_ascii_lowercase();
        return copy;
    }
    text
}

fn hex(text: &str) -> bool {
    text.bytes().fold(true, |all, b| all & b.is_ascii_hexdigit())
}

fn lower_hex(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |all, b| all & matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn zero(text: &str) -> bool {
    text.bytes().all(|b| b == b'0')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tapline_model::id;

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    #[test]
    fn w3c_by_the_specification() {
        let context = Some(TraceContext { trace_id: TRACE, span_id: Some(SPAN) });
        assert_eq!(w3c_text(&format!("00-{TRACE}-{SPAN}-01")), context);
        assert_eq!(w3c_text(&format!("cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like")), context);
        assert_eq!(w3c_text(&format!("cc-{TRACE}-{SPAN}-01")), context);
        let invalid = [
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("00-{TRACE}-{SPAN}-01-more"),
            format!("cc-{TRACE}-{SPAN}-01.more"),
            format!("00-{}-{SPAN}-01", "0".repeat(32)),
            format!("00-{TRACE}-{}-01", "0".repeat(16)),
            format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            format!("00-{TRACE}-{SPAN}-0"),
            format!("00_{TRACE}-{SPAN}-01"),
            "00-é".repeat(20),
            String::new(),
        ];
        for text in invalid {
            assert_eq!(w3c_text(&text), None, "{text}");
        }
    }

    #[test]
    fn w3c_in_binary() {
        let arena = Bump::new();
        let mut value = vec![0, 0];
        value.extend([0xab; 16]);
        value.push(1);
        value.extend([0xcd; 8]);
        value.extend([2, 1]);
        let context = w3c_value(&arena, &value).unwrap();
        assert_eq!((context.trace_id, context.span_id), (&*"ab".repeat(16), Some(&*"cd".repeat(8))));
        value[2..18].fill(0);
        assert_eq!(w3c_value(&arena, &value), None);
    }

    #[test]
    fn b3_and_x_ray() {
        let arena = Bump::new();
        let padded = "000000000000000080f198ee56343ba8";
        let context = Some(TraceContext { trace_id: padded, span_id: Some("e457b5a2e4d86bd1") });
        assert_eq!(b3_single(&arena, "80F198EE56343BA8-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90"), context);
        assert_eq!(b3_single(&arena, "0"), None);
        assert_eq!(b3_multi(&arena, padded, Some("E457B5A2E4D86BD1")), context);
        assert_eq!(b3_multi(&arena, padded, None), Some(TraceContext { trace_id: padded, span_id: None }));
        let amazon = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
        let context = TraceContext { trace_id: "5759e988bd862e3fe1be46a994272793", span_id: Some("53995c3f42cd8ad8") };
        assert_eq!(x_ray(&arena, amazon), Some(context));
        assert_eq!(x_ray(&arena, "Root=1-5759e98-bd862e3fe1be46a9942727930"), None);
    }

    proptest! {
        #[test]
        fn any_value_is_read_or_refused(value in proptest::collection::vec(any::<u8>(), 0..70), text in "[0-9a-fA-F-]{0,60}") {
            let arena = Bump::new();
            let _ = w3c_value(&arena, &value);
            let _ = b3_single(&arena, &text);
            let _ = x_ray(&arena, &text);
        }

        #[test]
        fn padding_agrees_with_the_model(text in "[0-9a-fA-F]{16}|[0-9a-fA-F]{32}|0{16}|[0-9a-z]{0,40}") {
            let arena = Bump::new();
            let model = id::normal_trace_id(&text);
            prop_assert_eq!(trace_id(&arena, &text), model.as_deref());
        }
    }
}

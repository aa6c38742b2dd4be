//! Binary values as text: base64 undone, a hex dump as people know it.

use std::fmt::Write;

use tapline_api::Bytes;

/// The bytes behind a value of the API; what is no base64 gives none.
pub(crate) fn raw(value: &Bytes) -> Vec<u8> {
    match value {
        Bytes::Text(text) => text.clone().into_bytes(),
        Bytes::Base64 { base64 } => from_base64(base64),
    }
}

/// One line for a list: text as it is, bytes as hex.
pub(crate) fn line(value: &Bytes) -> String {
    match value {
        Bytes::Text(text) => text.clone(),
        Bytes::Base64 { base64 } => {
            let bytes = from_base64(base64);
            let mut text = String::from("0x");
            for byte in bytes.iter().take(32) {
                let _infallible = write!(text, "{byte:02x}");
            }
            if bytes.len() > 32 {
                text.push('…');
            }
            text
        }
    }
}

fn from_base64(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0);
    for digit in text.bytes().filter_map(base64_digit) {
        bits = bits << 6 | digit;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    bytes
}

fn base64_digit(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

/// One line of a hex dump: offset, eight bytes, what of them is printable.
pub(crate) struct HexLine {
    /// `00000010`.
    pub(crate) offset: String,
    /// `7b 22 6f …`, padded.
    pub(crate) hex: String,
    /// Printable ASCII, a dot for the rest.
    pub(crate) text: String,
}

/// Bytes on a line: as many as the drawer holds without scrolling.
const LINE: usize = 8;

/// The lines of a dump.
pub(crate) fn dump(bytes: &[u8]) -> impl Iterator<Item = HexLine> + '_ {
    bytes.chunks(LINE).enumerate().map(|(index, chunk)| {
        let hex: Vec<String> = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = chunk.iter().map(|byte| if (0x20..0x7f).contains(byte) { char::from(*byte) } else { '.' }).collect();
        let width = 3 * LINE - 1;
        HexLine { offset: format!("{:08x}", index * LINE), hex: format!("{:<width$}", hex.join(" ")), text }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_with_and_without_padding() {
        for (text, want) in [("aGk=", "hi"), ("aGk", "hi"), ("", ""), ("Zm9vYmFy", "foobar")] {
            assert_eq!(raw(&Bytes::Base64 { base64: text.into() }), want.as_bytes());
        }
        assert_eq!(line(&Bytes::Base64 { base64: "AP8=".into() }), "0x00ff");
    }

    #[test]
    fn a_dump_has_eight_bytes_a_line() {
        let lines: Vec<HexLine> = dump(b"{\"a\":1,\"b\":[1,2]}\n").collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0].hex, "7b 22 61 22 3a 31 2c 22");
        assert_eq!((lines[2].offset.as_str(), lines[2].text.as_str()), ("00000010", "}."));
        assert_eq!(lines[2].hex.len(), 23);
    }
}

//! Numbers and times as sentences of the server and the page write them.

/// With a comma every three digits: `1,234,567`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Microseconds in two units: `48 min 34 s`, `2 h 5 min`, `3 d 4 h`.
pub fn duration(micros: i64) -> String {
    let seconds = micros.max(0) / 1_000_000;
    let two = |large: i64, unit: &str, small: i64, next: &str| match small {
        0 => format!("{large} {unit}"),
        _ => format!("{large} {unit} {small} {next}"),
    };
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => two(seconds / 60, "min", seconds % 60, "s"),
        3_600..86_400 => two(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

/// Seconds as [`duration`] writes them, rounded.
#[expect(clippy::cast_possible_truncation, reason = "seconds that are shown")]
pub fn span(seconds: f64) -> String {
    duration((seconds.clamp(0.0, 1e9).round() * 1e6) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_two_units() {
        let text = |seconds: i64| duration(seconds * 1_000_000);
        assert_eq!(
            [text(5), text(2_914), text(7_500), text(3_600), text(273_600)],
            ["5 s", "48 min 34 s", "2 h 5 min", "1 h", "3 d 4 h"]
        );
        assert_eq!(duration(-5), "0 s");
    }
}

//! Numbers with their units: SI short with three figures, exact with thousands, bytes, durations in two units.

pub(crate) use tapline_api::thousands as exact;

/// Reads a number. By the reader of JSON, which is there anyway: that of the standard library weighs ten kilobytes.
pub(crate) fn read(text: &str) -> Option<f64> {
    serde_json::from_str(text).ok()
}

/// Up to 9,999 exact, then `43.1k`, `4.46M`.
pub(crate) fn short(value: u64) -> String {
    if value < 10_000 { exact(value) } else { si(value as f64) }
}

/// `0.26`, `38`, `1.24k`: three figures at most.
pub(crate) fn si(value: f64) -> String {
    const UNITS: [&str; 6] = ["", "k", "M", "G", "T", "P"];
    if !value.is_finite() {
        return "unknown".to_owned();
    }
    let mut scaled = value.abs();
    let mut unit = 0;
    while scaled >= 999.5 && unit + 1 < UNITS.len() {
        scaled /= 1000.0;
        unit += 1;
    }
    let sign = if value < 0.0 { "−" } else { "" };
    format!("{sign}{}{}", figures(scaled), UNITS[unit])
}

/// Three figures, without zeros that say nothing.
fn figures(value: f64) -> String {
    let decimals = match value {
        v if v >= 99.95 => 0,
        v if v >= 9.995 => 1,
        _ => 2,
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A rate in words: `1,238 ev/s`, `0.4 ev/s`.
pub(crate) fn rate(per_second: f64) -> String {
    let number = if (10.0..10_000.0).contains(&per_second) { exact(per_second.round() as u64) } else { si(per_second) };
    format!("{number} ev/s")
}

/// A size as number and unit: `("2.7", "kB")`, powers of 1,000.
pub(crate) fn size(bytes: u64) -> (String, &'static str) {
    const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
    let mut scaled = bytes as f64;
    let mut unit = 0;
    while scaled >= 999.5 && unit + 1 < UNITS.len() {
        scaled /= 1000.0;
        unit += 1;
    }
    let text = match (unit, scaled) {
        (0, _) => format!("{bytes}"),
        (_, v) if v < 9.995 && unit >= 3 => format!("{v:.2}"),
        (_, v) if v < 99.95 => format!("{v:.1}"),
        (_, v) => format!("{v:.0}"),
    };
    (text, UNITS[unit])
}

/// `2.7 kB`.
pub(crate) fn bytes(bytes: u64) -> String {
    let (number, unit) = size(bytes);
    format!("{number} {unit}")
}

/// A duration in two units: `29 ms`, `4.2 s`, `48 min 34 s`, `2 h 5 min`, `31 days`.
pub(crate) fn duration(ms: f64) -> String {
    let ms_abs = ms.abs();
    if !ms.is_finite() {
        return "unknown".to_owned();
    }
    if ms_abs < 1.0 {
        return format!("{} ms", figures(ms_abs));
    }
    // What has passed is said, as in the server's sentences: nothing is rounded up.
    if ms_abs < 1000.0 {
        return format!("{} ms", ms_abs.floor());
    }
    if ms_abs < 60_000.0 {
        return format!("{} s", figures((ms_abs / 100.0).floor() / 10.0));
    }
    let seconds = (ms_abs / 1000.0).floor() as u64;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match () {
        () if hours == 0 => two(minutes, "min", seconds % 60, "s"),
        () if days == 0 => two(hours, "h", minutes % 60, "min"),
        () if days == 1 => two(1, "day", hours % 24, "h"),
        () if days < 10 => two(days, "days", hours % 24, "h"),
        () => format!("{} days", exact(days)),
    }
}

fn two(large: u64, large_unit: &str, small: u64, small_unit: &str) -> String {
    if small == 0 { format!("{large} {large_unit}") } else { format!("{large} {large_unit} {small} {small_unit}") }
}

/// `0.3 %`, `84 %`, `<1 %`.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "0 %".to_owned();
    }
    let share = part as f64 * 100.0 / whole as f64;
    if share > 0.0 && share < 1.0 { "<1 %".to_owned() } else { format!("{share:.0} %") }
}

/// `1 event`, `2 events`.
pub(crate) fn count(value: u64, one: &str, many: &str) -> String {
    format!("{} {}", short(value), if value == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_have_a_comma() {
        assert_eq!([0, 999, 1000, 1_284, 4_460_123].map(exact), ["0", "999", "1,000", "1,284", "4,460,123"]);
    }

    #[test]
    fn short_numbers_have_three_figures() {
        assert_eq!([9_999, 14_800, 43_100, 999_600, 4_460_000].map(short), ["9,999", "14.8k", "43.1k", "1M", "4.46M"]);
        assert_eq!([0.0, 0.26, 7.1, 38.0, 99.96, -2400.0].map(si), ["0", "0.26", "7.1", "38", "100", "−2.4k"]);
        assert_eq!(si(f64::NAN), "unknown");
    }

    #[test]
    fn sizes_are_powers_of_a_thousand() {
        assert_eq!([412, 2_712, 41_000_000, 1_940_000_000_000].map(bytes), ["412 B", "2.7 kB", "41.0 MB", "1.94 TB"]);
    }

    #[test]
    fn durations_have_two_units() {
        let said = [0.42, 29.0, 1100.0, 4200.0, 59_990.0, 2_914_000.0, 7_500_000.0, 90_000_000.0, 2_678_400_000.0]
            .map(duration);
        let want = ["0.42 ms", "29 ms", "1.1 s", "4.2 s", "59.9 s", "48 min 34 s", "2 h 5 min", "1 day 1 h", "31 days"];
        assert_eq!(said, want);
    }

    #[test]
    fn shares_never_say_zero_for_something() {
        assert_eq!(
            [(1_614, 1_920), (9, 1_920), (0, 5), (0, 0)].map(|(a, b)| percent(a, b)),
            ["84 %", "<1 %", "0 %", "0 %"]
        );
    }

    #[test]
    fn rates_are_exact_where_people_read_them() {
        assert_eq!([0.0, 1.3, 1238.4, 124_000.0].map(rate), ["0 ev/s", "1.3 ev/s", "1,238 ev/s", "124k ev/s"]);
    }
}

//! Numbers: whole ones exactly, others as they are written until somebody calculates with them.

use std::cmp::Ordering;
use std::fmt;
use std::rc::Rc;

/// A number.
#[derive(Clone, Debug)]
pub(crate) enum Num {
    /// A whole number, written in the shortest way.
    Int(i128),
    /// Calculated.
    Float(f64),
    /// As it is written, when it is no `Int`: `1.50`, `1e3`, `-0`, or more than 38 digits.
    Text(Rc<str>),
}

/// Whole numbers up to this one are exact in a `Float`.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl Num {
    /// From the text of a JSON number.
    pub(crate) fn read(text: &str) -> Self {
        match text.parse() {
            Ok(whole) if text != "-0" && !text.starts_with('+') => Self::Int(whole),
            _ => Self::Text(text.into()),
        }
    }

    pub(crate) fn as_f64(&self) -> f64 {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "that is what is asked for")]
            Self::Int(whole) => *whole as f64,
            Self::Float(float) => *float,
            Self::Text(text) => text.parse().unwrap_or(f64::NAN),
        }
    }

    /// A whole number, also if it was calculated.
    pub(crate) fn as_whole(&self) -> Option<i128> {
        match self {
            Self::Int(whole) => Some(*whole),
            _ => Some(self.as_f64()).filter(|float| float.fract() == 0.0 && float.abs() <= EXACT).map(truncate),
        }
    }

    /// Whether this number stands there as it would be written; for calculated ones whether it is that number.
    pub(crate) fn is_written(&self, text: &str) -> bool {
        match self {
            Self::Int(whole) => matches!(Self::read(text), Self::Int(written) if written == *whole),
            Self::Float(float) => Self::read(text).as_f64() == *float,
            Self::Text(own) => &**own == text,
        }
    }

    /// JSON has neither NaN nor infinite numbers; what is written like a number is one, however large.
    pub(crate) fn is_json(&self) -> bool {
        !matches!(self, Self::Float(float) if !float.is_finite())
    }

    fn whole_or_float(
        self,
        other: &Self,
        whole: impl Fn(i128, i128) -> Option<i128>,
        float: impl Fn(f64, f64) -> f64,
    ) -> Self {
        let exact = match (&self, other) {
            (Self::Int(left), Self::Int(right)) => whole(*left, *right),
            _ => None,
        };
        exact.map_or_else(|| Self::Float(float(self.as_f64(), other.as_f64())), Self::Int)
    }

    pub(crate) fn add(self, other: &Self) -> Self {
        self.whole_or_float(other, i128::checked_add, |left, right| left + right)
    }

    pub(crate) fn sub(self, other: &Self) -> Self {
        self.whole_or_float(other, i128::checked_sub, |left, right| left - right)
    }

    pub(crate) fn mul(self, other: &Self) -> Self {
        self.whole_or_float(other, i128::checked_mul, |left, right| left * right)
    }

    /// By a number that is not zero.
    pub(crate) fn rem(self, other: &Self) -> Self {
        self.whole_or_float(other, |left, right| Some(left.wrapping_rem(right)), |left, right| left % right)
    }

    /// Exact where it comes out even.
    pub(crate) fn div(self, other: &Self) -> Self {
        let even = |left: i128, right: i128| (left.checked_rem(right)? == 0).then(|| left.checked_div(right)).flatten();
        self.whole_or_float(other, even, |left, right| left / right)
    }

    pub(crate) fn neg(self) -> Self {
        match self {
            Self::Int(whole) => Self::Int(0).sub(&Self::Int(whole)),
            Self::Float(float) => Self::Float(-float),
            Self::Text(text) => match text.strip_prefix('-') {
                Some(positive) => Self::read(positive),
                None => Self::read(&format!("-{text}")),
            },
        }
    }

    /// A total order, which sorting needs: by the nearest float, then exactly. NaN comes first and equals itself.
    pub(crate) fn cmp(&self, other: &Self) -> Ordering {
        let (left, right) = (self.as_f64(), other.as_f64());
        match (left.is_nan(), right.is_nan()) {
            (false, false) => {
                // Adding zero makes -0 and 0 the same.
                (left + 0.0).total_cmp(&(right + 0.0)).then_with(|| self.exact(left).cmp(&other.exact(right)))
            }
            (left, right) => right.cmp(&left),
        }
    }

    fn exact(&self, float: f64) -> i128 {
        match self {
            Self::Int(whole) => *whole,
            _ => truncate(float),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "saturates, which keeps the order")]
fn truncate(float: f64) -> i128 {
    float as i128
}

impl fmt::Display for Num {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(whole) => write!(f, "{whole}"),
            Self::Text(text) => f.write_str(text),
            // A consumer that reads whole numbers refuses 2.0, so `4 / 2` is 2, as in jq.
            Self::Float(float) => match self.as_whole() {
                Some(whole) => write!(f, "{whole}"),
                None if float.abs() < 1e-5 || float.abs() >= 1e17 => write!(f, "{float:e}"),
                None => write!(f, "{float}"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_they_were_read() {
        for text in ["0", "-0", "-7", "1.50", "1e3", "1E+3", "170141183460469231731687303715884105727", "0.1"] {
            assert_eq!(Num::read(text).to_string(), text);
        }
        let long = "9".repeat(60);
        assert_eq!(Num::read(&long).to_string(), long);
    }

    #[test]
    fn whole_numbers_are_exact_beyond_floats() {
        let large = Num::read("9007199254740993");
        assert_eq!(large.clone().add(&Num::Int(1)).to_string(), "9007199254740994");
        assert_eq!(large.cmp(&Num::read("9007199254740992")), Ordering::Greater);
        assert_eq!(large.cmp(&Num::Float(9_007_199_254_740_992.0)), Ordering::Greater);
        assert_eq!(Num::Int(i128::MAX).add(&Num::Int(1)).to_string(), "1.7014118346046923e38");
        assert_eq!(Num::Int(i128::MIN).neg().to_string(), "1.7014118346046923e38");
    }

    #[test]
    fn a_division_that_comes_out_even_stays_whole() {
        let divided = |left: i128, right: i128| Num::Int(left).div(&Num::Int(right)).to_string();
        assert_eq!((divided(4, 2), divided(1, 4)), ("2".to_owned(), "0.25".to_owned()));
        assert_eq!(Num::Float(4.0).to_string(), "4");
        assert_eq!(Num::Float(0.000_000_1).to_string(), "1e-7");
    }

    #[test]
    fn the_order_is_total() {
        let texts = ["-1e400", "-1", "-0", "0", "0.5", "9007199254740992", "9007199254740993", "1e400"];
        let mut numbers: Vec<Num> = texts.iter().map(|text| Num::read(text)).collect();
        numbers.extend([Num::Float(f64::NAN), Num::Float(9_007_199_254_740_992.0), Num::Int(i128::MAX)]);
        for (a, b, c) in numbers.iter().flat_map(|a| numbers.iter().map(move |b| (a, b))).flat_map(|(a, b)| {
            let all = &numbers;
            all.iter().map(move |c| (a, b, c))
        }) {
            assert_eq!(a.cmp(b), b.cmp(a).reverse());
            if a.cmp(b) == b.cmp(c) {
                assert_eq!(a.cmp(c), a.cmp(b), "{a} {b} {c}");
            }
        }
    }
}

//! Functions of numbers, strings and times.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use jaq_core::RunPtr;
use jaq_core::native::{Filter, Fun, bome, run, v};
use jaq_std::ValT as _;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};

use super::Program;
use crate::json;
use crate::value::{Error, Num, Val, ValR};

/// RFC 3986's unreserved characters stay.
const URI: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

pub(super) fn funs() -> impl Iterator<Item = Fun<Program>> {
    let all: [Filter<RunPtr<Program>>; 17] = [
        ("tojson", v(0), |cv| bome(cv.1.json())),
        ("fromjson", v(0), |cv| bome(from_json(&cv.1))),
        ("encode_base64", v(0), |cv| bome(bytes(&cv.1).map(|bytes| Val::str(STANDARD.encode(bytes))))),
        ("decode_base64", v(0), |cv| bome(decode_base64(&cv.1))),
        ("encode_uri", v(0), |cv| bome(cv.1.text().map(|text| Val::str(utf8_percent_encode(text, URI).to_string())))),
        ("decode_uri", v(0), |cv| bome(bytes(&cv.1).map(|bytes| Val::str(percent_decode(bytes).collect::<Vec<u8>>())))),
        ("todateiso8601", v(0), |cv| bome(to_date(&cv.1))),
        ("fromdateiso8601", v(0), |cv| bome(from_date(&cv.1))),
        ("isnan", v(0), |cv| bome(number(&cv.1).map(|number| number.is_nan().into()))),
        ("sqrt", v(0), |cv| bome(float(&cv.1, f64::sqrt))),
        ("trunc", v(0), |cv| bome(float(&cv.1, f64::trunc))),
        ("fabs", v(0), |cv| bome(float(&cv.1, f64::abs))),
        ("log", v(0), |cv| bome(float(&cv.1, f64::ln))),
        ("log2", v(0), |cv| bome(float(&cv.1, f64::log2))),
        ("log10", v(0), |cv| bome(float(&cv.1, f64::log10))),
        ("exp", v(0), |cv| bome(float(&cv.1, f64::exp))),
        ("pow", v(2), |mut cv| {
            let (exponent, base) = (cv.0.pop_var(), cv.0.pop_var());
            bome(number(&base).and_then(|base| Ok(Val::from(base.powf(number(&exponent)?)))))
        }),
    ];
    all.into_iter().map(run::<Program>)
}

fn number(value: &Val) -> ValR<f64> {
    value.as_f64().ok_or_else(|| Error::typ(value.clone(), "number"))
}

fn float(value: &Val, f: fn(f64) -> f64) -> ValR {
    Ok(Val::from(f(number(value)?)))
}

fn bytes(value: &Val) -> ValR<&[u8]> {
    value.bytes().ok_or_else(|| Error::typ(value.clone(), "string"))
}

fn from_json(value: &Val) -> ValR {
    let text = value.text()?;
    let node = json::read(text).map_err(|no| {
        let mut told = value.to_string();
        let _ = write!(told, " is no JSON from byte {} on", no.at);
        Error::str(told)
    })?;
    Ok(json::value(text, &node))
}

/// What is decoded may be no text.
fn decode_base64(value: &Val) -> ValR {
    let decoded = STANDARD.decode(bytes(value)?);
    decoded.map(Val::str).map_err(|error| Error::str(format_args!("{value} is no base64: {error}")))
}

/// Seconds since 1970 as RFC 3339; whole ones without a fraction, as in jq.
fn to_date(value: &Val) -> ValR {
    let Val::Num(seconds) = value else { return Err(Error::typ(value.clone(), "number")) };
    let micros = match seconds {
        Num::Int(seconds) => seconds.checked_mul(1_000_000),
        #[expect(clippy::cast_possible_truncation, reason = "saturates, which is no date")]
        other => Some((other.as_f64() * 1e6).round() as i128),
    };
    let date = micros.and_then(|micros| i64::try_from(micros).ok()).and_then(DateTime::<Utc>::from_timestamp_micros);
    let date = date.ok_or_else(|| Error::str(format_args!("{value} is no time in seconds since 1970")))?;
    Ok(Val::str(date.to_rfc3339_opts(SecondsFormat::AutoSi, true)))
}

fn from_date(value: &Val) -> ValR {
    let date = DateTime::parse_from_rfc3339(value.text()?)
        .map_err(|error| Error::str(format_args!("{value} is no RFC 3339 time: {error}")))?;
    match date.timestamp_subsec_micros() {
        0 => Ok(Val::Num(Num::Int(date.timestamp().into()))),
        #[expect(clippy::cast_precision_loss, reason = "jq's seconds are floats")]
        _ => Ok(Val::from(date.timestamp_micros() as f64 / 1e6)),
    }
}

//! Reading and changing what stands in a value: `.a`, `.[0]`, `.[1:3]`, `.[]`.

use std::ops::Range;
use std::rc::Rc;

use jaq_core::box_iter::{BoxIter, box_once};
use jaq_core::path::Opt;
use jaq_core::{Exn, ValX};

use super::{Error, Fields, Nested, Num, Val, ValR};
use crate::meter;

const ITERABLE: &str = "array or object";

impl jaq_core::ValT for Val {
    fn from_num(text: &str) -> ValR {
        meter::steps(1 + text.len() / 8);
        // Programs may write 007, JSON may not.
        let digits = text.trim_start_matches('0');
        let short = if digits.starts_with(|first: char| first.is_ascii_digit()) { digits } else { text };
        let zeros = text.len() - digits.len();
        let short = if short.len() == text.len() && zeros > 1 { &text[zeros - 1..] } else { short };
        Ok(Self::Num(Num::read(short)))
    }

    fn from_map<I: IntoIterator<Item = (Self, Self)>>(fields: I) -> ValR {
        let fields: Vec<_> = fields.into_iter().map(|(key, value)| Ok((key.key()?, value))).collect::<ValR<_>>()?;
        Ok(Self::obj(fields))
    }

    fn key_values(self) -> BoxIter<'static, ValR<(Self, Self)>> {
        match self {
            Self::Arr(array) => Box::new(
                (0..array.items.len())
                    .map(move |at| Ok((Self::from(at), array.items.get(at).cloned().unwrap_or_default()))),
            ),
            Self::Obj(object) => Box::new((0..object.items.len()).map(move |at| {
                let field = object.items.get_index(at).map(|(key, value)| (Self::Str(Rc::clone(key)), value.clone()));
                Ok(field.unwrap_or_default())
            })),
            other => box_once(Err(Error::typ(other, ITERABLE))),
        }
    }

    fn values(self) -> Box<dyn Iterator<Item = ValR>> {
        match self {
            Self::Arr(array) => {
                Box::new((0..array.items.len()).map(move |at| Ok(array.items.get(at).cloned().unwrap_or_default())))
            }
            Self::Obj(object) => Box::new(
                (0..object.items.len())
                    .map(move |at| Ok(object.items.get_index(at).map(|(_, value)| value.clone()).unwrap_or_default())),
            ),
            other => box_once(Err(Error::typ(other, ITERABLE))),
        }
    }

    fn index(self, index: &Self) -> ValR {
        self.find(index).map(Option::unwrap_or_default)
    }

    fn range(self, range: Range<Option<&Self>>) -> ValR {
        meter::place();
        match &self {
            Self::Null => Ok(Self::Null),
            Self::Arr(array) => {
                let range = bounds(range, array.items.len())?;
                Ok(Self::arr(array.items.get(range).unwrap_or_default().iter().cloned()))
            }
            Self::Str(_) => {
                let text = self.text()?;
                let range = bounds(range, text.chars().count())?;
                let cut: String = text.chars().skip(range.start).take(range.len()).collect();
                Ok(Self::str(cut))
            }
            _ => Err(Error::typ(self, "array or string")),
        }
    }

    fn map_values<'a, I: Iterator<Item = ValX<'a, Self>>>(self, opt: Opt, f: impl Fn(Self) -> I) -> ValX<'a, Self> {
        match self {
            Self::Arr(array) => Rc::unwrap_or_clone(array).items.into_iter().flat_map(f).collect(),
            Self::Obj(object) => {
                let fields = Rc::unwrap_or_clone(object).items.into_iter();
                let fields = fields.filter_map(|(key, value)| f(value).next().map(|value| Ok((key, value?))));
                Ok(Self::obj(fields.collect::<Result<Vec<_>, Exn<'_, _>>>()?))
            }
            other => opt.fail(other, |other| Error::typ(other, ITERABLE).into()),
        }
    }

    fn map_index<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        index: &Self,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        match (self, index) {
            (value @ (Self::Arr(_) | Self::Str(_)), Self::Obj(range)) => {
                let (start, end) = (range.get(b"start").cloned(), range.get(b"end").cloned());
                value.map_range(start.as_ref()..end.as_ref(), opt, f)
            }
            (Self::Null, Self::Str(key)) => match f(Self::Null).next().transpose()? {
                Some(value) => Ok(Self::obj([(Rc::clone(key), value)])),
                None => Ok(Self::Null),
            },
            (Self::Obj(mut object), Self::Str(key)) => {
                map_field(Nested::<Fields>::own(&mut object), key, f)?;
                Ok(Self::Obj(object))
            }
            (Self::Null, Self::Num(_)) => Self::arr([]).map_index(index, opt, f),
            (Self::Arr(mut array), Self::Num(at)) => {
                let length = array.items.len();
                let all = Nested::<Vec<Self>>::own(&mut array);
                match (position(at, length), usize::try_from(whole(at))) {
                    (Some(at), _) => map_element(all, at, f)?,
                    (None, Ok(at)) => append_element(all, at, f)?,
                    (None, Err(_)) => {
                        let told = Error::str(format_args!("index {at} is out of bounds of {length} elements"));
                        return opt.fail(Self::Arr(array), |_| told.into());
                    }
                }
                Ok(Self::Arr(array))
            }
            (value, index) => opt.fail(value, |value| Error::index(value, index.clone()).into()),
        }
    }

    fn map_range<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        range: Range<Option<&Self>>,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        let Self::Arr(array) = self else {
            return opt.fail(self, |other| Error::typ(other, "array").into());
        };
        let range = bounds(range, array.items.len())?;
        let part = array.items.get(range.clone()).unwrap_or_default();
        let part = match f(Self::arr(part.iter().cloned())).next().transpose()? {
            Some(Self::Arr(part)) => part.items.clone(),
            Some(other) => return Err(Error::typ(other, "array").into()),
            None => Vec::new(),
        };
        let (before, behind) = (array.items.iter().take(range.start), array.items.iter().skip(range.end));
        Ok(Self::arr(before.cloned().chain(part).chain(behind.cloned())))
    }

    fn as_bool(&self) -> bool {
        meter::steps(1);
        !matches!(self, Self::Null | Self::Bool(false))
    }

    fn into_string(self) -> Self {
        match self {
            Self::Str(_) => self,
            // What is no JSON, such as NaN, is told as errors tell it.
            other => other.json().unwrap_or_else(|_| Self::str(other.to_string())),
        }
    }
}

impl Val {
    fn key(self) -> ValR<Rc<[u8]>> {
        match self {
            Self::Str(key) => Ok(key),
            other => Err(Error::typ(other, "name of a field; names are strings")),
        }
    }

    /// What stands there, if there is such a place.
    pub(crate) fn find(&self, index: &Self) -> ValR<Option<Self>> {
        match (self, index) {
            (Self::Null, Self::Null | Self::Str(_) | Self::Num(_) | Self::Obj(_)) => {
                meter::place();
                Ok(None)
            }
            (Self::Obj(object), Self::Str(key)) => Ok(object.get(key).cloned()),
            (Self::Arr(array), Self::Num(at)) => {
                Ok(position(at, array.items.len()).and_then(|at| array.items.get(at)).cloned())
            }
            (Self::Arr(_) | Self::Str(_), Self::Obj(range)) => {
                let (start, end) = (range.get(b"start"), range.get(b"end"));
                jaq_core::ValT::range(self.clone(), start..end).map(Some)
            }
            _ => Err(Error::index(self.clone(), index.clone())),
        }
    }
}

fn map_field<'a, I: Iterator<Item = ValX<'a, Val>>>(
    object: &mut Nested<Fields>,
    key: &Rc<[u8]>,
    f: impl Fn(Val) -> I,
) -> Result<(), Exn<'a, Val>> {
    // Taken out, so that what changes it need not copy it.
    let value = object.items.get_mut(key).map(std::mem::take).unwrap_or_default();
    match f(value).next().transpose()? {
        Some(value) => object.put(Rc::clone(key), value),
        None => object.remove(key),
    }
    Ok(())
}

fn map_element<'a, I: Iterator<Item = ValX<'a, Val>>>(
    array: &mut Nested<Vec<Val>>,
    at: usize,
    f: impl Fn(Val) -> I,
) -> Result<(), Exn<'a, Val>> {
    let value = array.items.get_mut(at).map(std::mem::take).unwrap_or_default();
    match f(value).next().transpose()? {
        Some(value) => {
            array.cover(&value);
            if let Some(place) = array.items.get_mut(at) {
                *place = value;
            }
        }
        None => {
            meter::steps(array.items.len() / 8);
            array.items.remove(at);
        }
    }
    Ok(())
}

/// Behind the last element; what is between is null.
fn append_element<'a, I: Iterator<Item = ValX<'a, Val>>>(
    array: &mut Nested<Vec<Val>>,
    at: usize,
    f: impl Fn(Val) -> I,
) -> Result<(), Exn<'a, Val>> {
    if let Some(value) = f(Val::Null).next().transpose()? {
        let missing = at - array.items.len();
        meter::bytes(missing.saturating_mul(super::ELEMENT));
        array.extend(std::iter::repeat_n(Val::Null, missing).chain([value]));
    }
    Ok(())
}

/// Counted from the end if it is below zero.
fn position(at: &Num, length: usize) -> Option<usize> {
    let at = whole(at);
    let at = if at < 0 { at + length as i128 } else { at };
    usize::try_from(at).ok().filter(|at| *at < length)
}

fn bounds(range: Range<Option<&Val>>, length: usize) -> ValR<Range<usize>> {
    let bound = |bound: Option<&Val>, absent: usize| match bound {
        None | Some(Val::Null) => Ok(absent),
        Some(Val::Num(at)) => {
            let at = whole(at);
            let at = if at < 0 { at.saturating_add(length as i128) } else { at };
            Ok(usize::try_from(at.max(0)).unwrap_or(usize::MAX).min(length))
        }
        Some(other) => Err(Error::typ(other.clone(), "number")),
    };
    let (start, end) = (bound(range.start, 0)?, bound(range.end, length)?);
    Ok(start..end.max(start))
}

fn whole(number: &Num) -> i128 {
    #[expect(clippy::cast_possible_truncation, reason = "saturates, which is out of bounds of everything")]
    let floor = || number.as_f64().floor() as i128;
    number.as_whole().unwrap_or_else(floor).clamp(i64::MIN.into(), i64::MAX.into())
}

impl jaq_std::ValT for Val {
    fn into_seq<S: FromIterator<Self>>(self) -> Result<S, Self> {
        match self {
            Self::Arr(array) => {
                meter::bytes(array.items.len() * super::ELEMENT);
                Ok(array.items.iter().cloned().collect())
            }
            other => Err(other),
        }
    }

    fn is_int(&self) -> bool {
        matches!(self, Self::Num(number) if number.as_whole().is_some())
    }

    fn as_isize(&self) -> Option<isize> {
        match self {
            Self::Num(number) => number.as_whole()?.try_into().ok(),
            _ => None,
        }
    }

    fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Num(number) => Some(number.as_f64()),
            _ => None,
        }
    }

    fn is_utf8_str(&self) -> bool {
        matches!(self, Self::Str(_))
    }

    fn as_bytes(&self) -> Option<&[u8]> {
        self.bytes()
    }

    fn as_sub_str(&self, part: &[u8]) -> Self {
        Self::str(part)
    }

    fn from_utf8_bytes(bytes: impl AsRef<[u8]> + Send + 'static) -> Self {
        Self::str(bytes)
    }
}

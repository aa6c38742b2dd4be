//! `+ - * / %` on values, as jq has them.

use std::ops::{Add, Div, Mul, Neg, Rem, Sub};
use std::rc::Rc;

use jaq_core::ops::Math;

use super::{BYTES_A_STEP, Error, Fields, Nested, Num, Val, ValR};
use crate::meter;

impl Add for Val {
    type Output = ValR;

    fn add(self, other: Self) -> ValR {
        meter::steps(1);
        match (self, other) {
            (Self::Null, other) | (other, Self::Null) => Ok(other),
            (Self::Num(left), Self::Num(right)) => Ok(Self::Num(left.add(&right))),
            (Self::Str(left), Self::Str(right)) => {
                meter::bytes(left.len() + right.len());
                meter::steps((left.len() + right.len()) / BYTES_A_STEP);
                Ok(Self::Str([&*left, &*right].concat().into()))
            }
            (Self::Arr(mut left), Self::Arr(right)) => {
                Nested::<Vec<Self>>::own(&mut left).extend(right.items.iter().cloned());
                Ok(Self::Arr(left))
            }
            (Self::Obj(mut left), Self::Obj(right)) => {
                let all = Nested::<Fields>::own(&mut left);
                right.items.iter().for_each(|(key, value)| all.put(Rc::clone(key), value.clone()));
                Ok(Self::Obj(left))
            }
            (left, right) => Err(Error::math(left, Math::Add, right)),
        }
    }
}

impl Sub for Val {
    type Output = ValR;

    fn sub(self, other: Self) -> ValR {
        meter::steps(1);
        match (self, other) {
            (Self::Num(left), Self::Num(right)) => Ok(Self::Num(left.sub(&right))),
            (Self::Arr(left), Self::Arr(right)) => {
                let mut taken: Vec<Self> = right.items.clone();
                taken.sort_unstable();
                let left = left.items.iter().filter(|item| taken.binary_search(item).is_err());
                Ok(Self::arr(left.cloned()))
            }
            (left, right) => Err(Error::math(left, Math::Sub, right)),
        }
    }
}

impl Mul for Val {
    type Output = ValR;

    fn mul(self, other: Self) -> ValR {
        meter::steps(1);
        match (self, other) {
            (Self::Num(left), Self::Num(right)) => Ok(Self::Num(left.mul(&right))),
            (Self::Str(text), Self::Num(times)) | (Self::Num(times), Self::Str(text)) => Ok(repeat(&text, &times)),
            (Self::Obj(mut left), Self::Obj(right)) => {
                merge(&mut left, &right)?;
                Ok(Self::Obj(left))
            }
            (left, right) => Err(Error::math(left, Math::Mul, right)),
        }
    }
}

/// Not at all is null, as in jq.
fn repeat(text: &[u8], times: &Num) -> Val {
    let times = times.as_f64();
    if times.is_nan() || times <= 0.0 {
        return Val::Null;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "above zero, and saturates")]
    let times = times.ceil() as usize;
    meter::bytes(text.len().saturating_mul(times));
    meter::steps(text.len().saturating_mul(times) / BYTES_A_STEP);
    // Nothing is nothing, however often.
    Val::Str(text.repeat(if text.is_empty() { 1 } else { times }).into())
}

/// Objects within objects are merged too.
fn merge(left: &mut Rc<Nested<Fields>>, right: &Nested<Fields>) -> ValR<()> {
    let all = Nested::<Fields>::own(left);
    for (key, value) in &right.items {
        meter::steps(1);
        let value = match (all.items.get_mut(key), value) {
            (Some(below @ Val::Obj(_)), Val::Obj(_)) => (std::mem::take(below) * value.clone())?,
            _ => value.clone(),
        };
        all.put(Rc::clone(key), value);
    }
    Ok(())
}

impl Div for Val {
    type Output = ValR;

    fn div(self, other: Self) -> ValR {
        meter::steps(1);
        match (self, other) {
            (Self::Num(left), Self::Num(right)) => Ok(Self::Num(left.div(&right))),
            (left @ Self::Str(_), right @ Self::Str(_)) => split(left.text()?, right.text()?),
            (left, right) => Err(Error::math(left, Math::Div, right)),
        }
    }
}

fn split(text: &str, by: &str) -> ValR {
    if text.is_empty() {
        return Ok(Val::arr([]));
    }
    if by.is_empty() {
        return Ok(Val::arr(text.chars().map(|letter| Val::str(letter.encode_utf8(&mut [0; 4])))));
    }
    Ok(Val::arr(text.split(by).map(Val::str)))
}

impl Rem for Val {
    type Output = ValR;

    fn rem(self, other: Self) -> ValR {
        meter::steps(1);
        match (self, other) {
            (Self::Num(left), Self::Num(right)) if right.as_f64() != 0.0 => Ok(Self::Num(left.rem(&right))),
            (left, right) => Err(Error::math(left, Math::Rem, right)),
        }
    }
}

impl Neg for Val {
    type Output = ValR;

    fn neg(self) -> ValR {
        meter::steps(1);
        match self {
            Self::Num(number) => Ok(Self::Num(number.neg())),
            other => Err(Error::typ(other, "number")),
        }
    }
}

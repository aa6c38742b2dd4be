//! Functions of arrays and objects, those that look for one value in another, and paths.

use jaq_core::native::{Filter, Fun, bome, run, unary, v};
use jaq_core::{Bind, Cv, RunPtr, ValXs};

use super::Program;
use crate::meter;
use crate::value::{Error, Num, Val, ValR};

pub(super) fn funs() -> impl Iterator<Item = Fun<Program>> {
    let filter = || [Bind::Fun(())].into();
    let all: [Filter<RunPtr<Program>>; 6] = [
        ("path", filter(), |cv| paths(cv, |path, _| path)),
        ("path_value", filter(), |cv| paths(cv, |path, value| [path, value].into_iter().collect())),
        ("length", v(0), |cv| bome(length(&cv.1))),
        ("has", v(1), |cv| unary(cv, |value, index| has(&value, &index))),
        ("contains", v(1), |cv| unary(cv, |value, part| Ok(contains(&value, &part).into()))),
        ("indices", v(1), |cv| unary(cv, |value, part| indices(&value, &part))),
    ];
    all.into_iter().map(run::<Program>)
}

/// In place of the library's, to bound how long paths get.
fn paths<'a>(mut cv: Cv<'a, Program>, answer: fn(Val, Val) -> Val) -> ValXs<'a, Val> {
    meter::count_places();
    let (filter, context) = cv.0.pop_fun();
    Box::new(filter.paths((context, (cv.1, Default::default()))).map(move |found| {
        let (value, path) = found?;
        let mut path: Vec<Val> = path.iter().cloned().collect();
        path.reverse();
        Ok(answer(Val::arr(path), value))
    }))
}

fn length(value: &Val) -> ValR {
    match value {
        Val::Null => Ok(Val::from(0_usize)),
        Val::Num(Num::Int(whole)) => Ok(Val::Num(whole.checked_abs().map_or(Num::Float(-(*whole as f64)), Num::Int))),
        Val::Num(number) => Ok(Val::from(number.as_f64().abs())),
        Val::Str(_) => value.text().map(|text| Val::from(text.chars().count())),
        Val::Arr(array) => Ok(Val::from(array.items.len())),
        Val::Obj(object) => Ok(Val::from(object.items.len())),
        Val::Bool(_) => Err(Error::str(format_args!("{value} has no length"))),
    }
}

fn has(value: &Val, index: &Val) -> ValR {
    match (value, index) {
        (Val::Obj(_), Val::Str(_)) | (Val::Arr(_), Val::Num(_)) => Ok(value.find(index)?.is_some().into()),
        _ => Err(Error::index(value.clone(), index.clone())),
    }
}

/// A text within a text, each element within an element, each field within the field of that name, or the same.
fn contains(value: &Val, part: &Val) -> bool {
    meter::steps(1);
    match (value, part) {
        (Val::Str(text), Val::Str(part)) => !find(text, part, 1).is_empty(),
        (Val::Arr(array), Val::Arr(parts)) => {
            parts.items.iter().all(|part| array.items.iter().any(|item| contains(item, part)))
        }
        (Val::Obj(object), Val::Obj(parts)) => {
            parts.items.iter().all(|(key, part)| object.items.get(key).is_some_and(|item| contains(item, part)))
        }
        _ => value == part,
    }
}

/// Where a part begins; for strings in characters.
fn indices(value: &Val, part: &Val) -> ValR {
    match (value, part) {
        (Val::Null, _) => Ok(Val::Null),
        (Val::Str(_), Val::Str(part)) => {
            let text = value.text()?;
            let (mut counted, mut chars) = (0, 0);
            let places = find(text.as_bytes(), part, usize::MAX).into_iter().map(|at| {
                chars += text.get(counted..at).unwrap_or_default().chars().count();
                counted = at;
                Val::from(chars)
            });
            Ok(Val::arr(places))
        }
        (Val::Arr(array), Val::Arr(part)) if !part.items.is_empty() => {
            let windows = array.items.windows(part.items.len()).enumerate();
            Ok(Val::arr(windows.filter(|(_, window)| **window == *part.items).map(|(at, _)| Val::from(at))))
        }
        (Val::Arr(_), Val::Arr(_)) => Ok(Val::arr([])),
        (Val::Arr(array), part) => {
            let items = array.items.iter().enumerate();
            Ok(Val::arr(items.filter(|(_, item)| *item == part).map(|(at, _)| Val::from(at))))
        }
        _ => Err(Error::index(value.clone(), part.clone())),
    }
}

/// Places of a part, overlapping ones too; nothing has none, unless it is asked whether there is one.
fn find(text: &[u8], part: &[u8], most: usize) -> Vec<usize> {
    if part.is_empty() {
        return if most == 1 { vec![0] } else { Vec::new() };
    }
    let mut places = Vec::new();
    for (at, window) in text.windows(part.len()).enumerate() {
        // Parts that begin alike are compared far: what may be looked at is what is counted.
        meter::steps(usize::from(at % 16 == 0) + part.len() / 64);
        if window == part {
            meter::bytes(8);
            places.push(at);
            if places.len() == most {
                break;
            }
        }
    }
    places
}

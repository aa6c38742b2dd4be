//! Which value comes first: null, false, true, numbers, strings, arrays, objects.

use std::cmp::Ordering;
use std::rc::Rc;

use super::{BYTES_A_STEP, Fields, Nested, Val};
use crate::meter;

impl Val {
    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(false) => 1,
            Self::Bool(true) => 2,
            Self::Num(_) => 3,
            Self::Str(_) => 4,
            Self::Arr(_) => 5,
            Self::Obj(_) => 6,
        }
    }
}

impl Ord for Val {
    fn cmp(&self, other: &Self) -> Ordering {
        meter::steps(1);
        match (self, other) {
            (Self::Num(left), Self::Num(right)) => left.cmp(right),
            (Self::Str(left), Self::Str(right)) => {
                meter::steps(left.len().min(right.len()) / BYTES_A_STEP);
                left.cmp(right)
            }
            (Self::Arr(left), Self::Arr(right)) => left.items.iter().cmp(&right.items),
            (Self::Obj(left), Self::Obj(right)) => objects(left, right),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

/// By their sorted keys, then by their values in that order.
fn objects(left: &Rc<Nested<Fields>>, right: &Rc<Nested<Fields>>) -> Ordering {
    let sorted = |fields: &Fields| {
        meter::bytes(fields.len() * 16);
        let mut keys: Vec<Rc<[u8]>> = fields.keys().map(Rc::clone).collect();
        keys.sort_unstable_by(|left, right| {
            meter::steps(1);
            left.cmp(right)
        });
        keys
    };
    let (left_keys, right_keys) = (sorted(&left.items), sorted(&right.items));
    left_keys
        .cmp(&right_keys)
        .then_with(|| left_keys.iter().map(|key| left.get(key)).cmp(right_keys.iter().map(|key| right.get(key))))
}

impl PartialOrd for Val {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Val {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Val {}

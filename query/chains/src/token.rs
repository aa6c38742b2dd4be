//! What joins two rows: an identifier in the form in which it is compared, or a place that a dead letter names.

use std::collections::BTreeMap;

use tapline_archive::Ledger;
use tapline_model::{Address, id};

use crate::row::{Origin, Role, Row, RowId};

/// Two rows that hold the same token are candidates for the same chain.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Token {
    /// A value that joins under any name: `ORD-84127190` as a key is `orderId=ORD-84127190` elsewhere.
    Value(Box<str>),
    /// A weak value (a bare number of fewer than six digits, a short word) joins under the same name only.
    Named {
        /// Normalised name, with the destination for names that say nothing (`key`, `id`).
        scope: Box<str>,
        /// Decimal digits.
        value: Box<str>,
    },
    /// The event that stands there, and the dead letters and retries that name it.
    Place(Box<Address>),
}

/// Names that say nothing about whose identifier it is.
const GENERIC: [&str; 11] =
    ["key", "id", "uuid", "guid", "number", "no", "nr", "ref", "reference", "code", "messageid"];

impl Token {
    /// The token of an identifier of `row`; `None` for what joins nothing.
    pub(crate) fn of(row: &Row, id: &RowId) -> Option<Self> {
        if id.role == Role::Replay {
            // Everything that one replay put back shares it: it lists, it does not connect.
            return None;
        }
        if !id::is_weak(&id.value) {
            return Some(Self::Value(id.value.clone()));
        }
        let scope = match id.role {
            Role::Causation => return None,
            _ if GENERIC.contains(&&*id.normal) => {
                format!("{}@{}/{}", id.normal, row.address.source, row.address.destination).into()
            }
            _ => id.normal.clone(),
        };
        Some(Self::Named { scope, value: id.value.clone() })
    }

    /// A message key that is a short word: a country, a currency, a kind. A short number may count things.
    pub(crate) fn is_category(&self) -> bool {
        let Self::Named { scope, value } = self else { return false };
        scope.starts_with("key@") && value.bytes().any(|byte| !byte.is_ascii_digit())
    }
}

/// When each life of a destination began: headers name a place without saying in which life.
#[derive(Debug, Default)]
pub(crate) struct Lives(BTreeMap<(String, String), Vec<(i32, i64)>>);

impl Lives {
    pub(crate) fn new(ledger: &Ledger) -> Self {
        let mut lives = BTreeMap::<_, Vec<_>>::new();
        for (source, entry) in &ledger.sources {
            for life in &entry.destinations {
                let first = life.first.unwrap_or(i64::MIN);
                lives.entry((source.clone(), life.name.clone())).or_default().push((life.incarnation, first));
            }
        }
        lives.retain(|_, all| all.len() > 1);
        Self(lives)
    }

    /// The address that a dead letter or retry means: in the newest life that had begun by then.
    pub(crate) fn address(&self, source: &str, origin: &Origin, at: i64) -> Address {
        let lives = self.0.get(&(source.to_owned(), origin.destination.clone()));
        let begun = lives.into_iter().flatten().filter(|(_, first)| *first <= at);
        Address {
            source: source.to_owned(),
            destination: origin.destination.clone(),
            incarnation: begun.map(|(life, _)| *life).max().unwrap_or(1),
            partition: Some(origin.partition),
            position: origin.offset.to_string(),
        }
    }
}

/// Everything that joins a row, each with what it says of the row; the place last.
pub(crate) fn tokens(row: &Row, lives: &Lives) -> Vec<(Token, Option<Role>)> {
    let mut all: Vec<_> = row.ids.iter().filter_map(|id| Some((Token::of(row, id)?, Some(id.role)))).collect();
    if let Some(origin) = &row.origin {
        let place = lives.address(&row.address.source, origin, row.at());
        all.push((Token::Place(Box::new(place)), None));
    }
    all.extend(row.repeats.iter().map(|place| (Token::Place(Box::new(place.clone())), None)));
    all.push((Token::Place(Box::new(row.address.clone())), None));
    all
}

//! One pass over a record's headers: which of them are known, and by what name an identifier may stand in the others.
//!
//! What a known header means is left to `trace`, `cloudevents`, `framework` and `dead_letter`.

mod known;
pub(crate) use known::{Known, Slot, known_names};

use bumpalo::Bump;
use bumpalo::collections::Vec;
use tapline_model::Header;

use crate::dead_letter::{Failures, Framework};
use crate::name_table::NameTable;
use crate::{encoding, json};

/// The headers of one record, sorted by what they are for.
pub(crate) struct Headers<'a> {
    pub(crate) arena: &'a Bump,
    all: &'a [Header<'a>],
    /// Position plus one of the header in each slot.
    slots: [u32; Slot::COUNT],
    /// What error handlers wrote.
    pub(crate) failures: Failures<'a>,
    /// Headers that may hold an identifier by their name.
    pub(crate) others: Vec<'a, &'a Header<'a>>,
}

impl<'a> Headers<'a> {
    pub(crate) fn new(arena: &'a Bump, table: &NameTable<Known>, all: &'a [Header<'a>]) -> Self {
        let mut headers = Self {
            arena,
            all,
            slots: [0; Slot::COUNT],
            failures: Failures::new(arena),
            others: Vec::with_capacity_in(all.len().min(64), arena),
        };
        for (at, header) in (1u32..).zip(all) {
            headers.sort_in(table, at, header);
        }
        headers
    }

    #[inline]
    fn sort_in(&mut self, table: &NameTable<Known>, at: u32, header: &'a Header<'a>) {
        let Some(value) = header.value else { return };
        match table.find(header.name) {
            Some(Known::Slot(slot)) => {
                let place = &mut self.slots[slot as usize];
                if *place == 0 || slot.last_counts() {
                    *place = at;
                }
                if slot.may_be_id() {
                    self.others.push(header);
                }
            }
            Some(Known::Failure(framework, field)) => self.failures.push(framework, field, value),
            None if !is_internal(header.name) => self.others.push(header),
            None => {}
        }
    }

    /// The value in a slot as it came.
    pub(crate) fn value(&self, slot: Slot) -> Option<&'a [u8]> {
        self.header(slot).and_then(|header| header.value)
    }

    /// The value in a slot as text without blanks around it, unquoted where Spring wrote it as JSON; `None` if empty.
    pub(crate) fn text(&self, slot: Slot) -> Option<&'a str> {
        self.text_of(self.header(slot)?)
    }

    /// Like [`Headers::text`] for any header.
    pub(crate) fn text_of(&self, header: &Header<'a>) -> Option<&'a str> {
        let text = encoding::text(header.value?)?;
        let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        match inner.filter(|_| self.is_json(header.name)) {
            Some(inner) => unquote(self.arena, inner),
            None => Some(text),
        }
    }

    pub(crate) fn has(&self, slot: Slot) -> bool {
        self.slots[slot as usize] != 0
    }

    fn header(&self, slot: Slot) -> Option<&'a Header<'a>> {
        let at = usize::try_from(self.slots[slot as usize]).ok()?.checked_sub(1)?;
        self.all.get(at)
    }

    /// Whether `spring_json_header_types`, a JSON object by header name, lists the header.
    fn is_json(&self, name: &str) -> bool {
        // Asked for each quoted header, so its length is bounded.
        let types = self.value(Slot::SpringJsonTypes).filter(|types| types.len() <= MAX_JSON_TYPES);
        let types = types.and_then(encoding::text).unwrap_or_default();
        let named = |(at, _): (usize, &str)| {
            let before = types[..at].ends_with('"');
            before && types[at + name.len()..].starts_with('"')
        };
        types.match_indices(name).any(named)
    }
}

/// Bytes of `spring_json_header_types` that are believed.
const MAX_JSON_TYPES: usize = 8 << 10;

/// The text of a JSON string that holds no bare quote.
fn unquote<'a>(arena: &'a Bump, inner: &'a str) -> Option<&'a str> {
    let text = if inner.contains('\\') { json::unescape(arena, inner)? } else { inner };
    Some(text.trim()).filter(|text| !text.is_empty())
}

/// Headers in which frameworks keep their own state; nothing in them identifies a business object.
fn is_internal(name: &str) -> bool {
    ["__", "kafka_", "spring_", "retry_topic-", "_watermill_"].iter().any(|prefix| name.starts_with(prefix))
}

/// Makes the table of all names known, the configured ones first.
pub(crate) fn table(configured: &[crate::FailureHeader]) -> NameTable<Known> {
    let own = configured.iter().map(|header| (header.name.as_str(), Known::Failure(Framework::Custom, header.field)));
    NameTable::new(own.chain(known_names()))
}

//! The order in which a record is decoded, and what comes of it.

use std::cell::RefCell;

use bumpalo::Bump;
use tapline_adapter::RawRecord;
use tapline_model::{DeadLetterRow, IdPair, RetryRow, id};

use crate::cloudevents::{self, Attributes, Missing};
use crate::header::{self, Headers, Known, Slot};
use crate::ids::{self, CompiledIdRules, IdSet, Scalar};
use crate::json::ExpectedNames;
use crate::name_table::NameTable;
use crate::payload::{self, Interest, Payload, TopField};
use crate::rules::Rules;
use crate::{dead_letter, framework, trace};

/// What one record means. Borrowed from the record or from the decoder; valid until the next record is decoded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Meaning<'a> {
    /// Of the payload: `json` (a whole JSON text, structured CloudEvents too), `text` (UTF-8 without control
    /// characters), `bytes` (anything else), `empty` (no byte), `null` (no payload: a tombstone).
    pub format: &'static str,
    /// From the schema registry's wire format.
    pub schema_id: Option<i32>,
    /// JSON text of a payload that is not itself JSON text.
    pub decoded: Option<&'a str>,
    /// Why the payload, or a part of it, was not decoded.
    pub decode_error: Option<&'a str>,
    /// Event type.
    pub r#type: Option<&'a str>,
    /// The service that made the event.
    pub producer: Option<&'a str>,
    /// This message's own id.
    pub message_id: Option<&'a str>,
    /// The id of the message that caused this one.
    pub causation_id: Option<&'a str>,
    /// The correlation id, in the meaning of the framework that wrote it.
    pub correlation_id: Option<&'a str>,
    /// What ties all messages of one conversation together.
    pub conversation_id: Option<&'a str>,
    /// Of the last hop: 32 hexadecimal digits.
    pub trace_id: Option<&'a str>,
    /// Of the last hop: 16 hexadecimal digits.
    pub span_id: Option<&'a str>,
    /// Of the place where a CloudEvent was made.
    pub origin_trace_id: Option<&'a str>,
    /// Identifiers that no column holds: those of headers first, then of the payload in its order.
    pub ids: &'a [IdPair<'a>],
    /// Identifiers over the limit.
    pub ids_dropped: i32,
    /// Set for an event that a consumer gave up on.
    pub dead_letter: Option<DeadLetterRow<'a>>,
    /// Set for an event that waits for another attempt.
    pub retry: Option<RetryRow<'a>>,
    /// The replay of ours that produced this event.
    pub replay_id: Option<&'a str>,
}

/// Decodes records one after the other with memory that is reused from one to the next.
#[derive(Debug)]
pub struct Decoder {
    rules: Rules,
    id_rules: CompiledIdRules,
    headers: NameTable<Known>,
    fields: NameTable<TopField>,
    /// Fields of the payloads so far.
    expected: RefCell<ExpectedNames<Interest>>,
    arena: Bump,
}

/// What ordinary records need; kept between records.
const ARENA: usize = 16 << 10;
/// A record that needed more leaves an arena that is given back.
const ARENA_KEPT: usize = 1 << 20;

/// Bytes of an address that a header holds; names of destinations are percent-encoded in it.
const LONGEST_ADDRESS: usize = 1_024;

impl Decoder {
    /// A decoder for one thread.
    pub fn new(rules: Rules) -> Self {
        Self {
            id_rules: CompiledIdRules::new(&rules.ids),
            headers: header::table(&rules.failure_headers),
            fields: payload::table(&rules.type_fields),
            expected: RefCell::default(),
            arena: Bump::with_capacity(ARENA),
            rules,
        }
    }

    /// Never fails, never panics: what cannot be decoded is said in [`Meaning::decode_error`].
    pub fn decode<'a>(&'a mut self, record: &'a RawRecord<'a>) -> Meaning<'a> {
        if self.arena.allocated_bytes() > ARENA_KEPT {
            self.arena = Bump::with_capacity(ARENA);
        } else {
            self.arena.reset();
        }
        let this = &*self;
        this.meaning(record)
    }

    fn meaning<'a>(&'a self, record: &'a RawRecord<'a>) -> Meaning<'a> {
        let headers = Headers::new(&self.arena, &self.headers, record.headers);
        let mut meaning = Meaning::default();
        let binary = cloudevents::binary(&headers);
        self.apply_event(binary, &mut meaning);
        framework::apply(&headers, record.destination, &mut meaning);
        if let Some(context) = trace::from_headers(&self.arena, &headers) {
            meaning.trace_id = Some(context.trace_id);
            meaning.span_id = context.span_id;
        }
        let mut ids = IdSet::new(&self.arena, &self.id_rules, self.rules.max_ids);
        self.columns_in(&meaning, &mut ids);
        self.ids_of_headers(&headers, &mut ids);

        let expected = &mut self.expected.borrow_mut();
        let payload =
            payload::decode(&self.arena, &self.rules, &self.fields, expected, &headers, record.payload, &mut ids);
        self.apply_payload(&payload, &mut meaning);
        if binary.is_none() && record.payload.is_some_and(|bytes| !bytes.is_empty()) {
            self.apply_event(cloudevents::structured(&headers, &payload.top), &mut meaning);
        }
        if payload.top.tells_ids() {
            self.columns_in(&meaning, &mut ids);
        }
        (meaning.ids, meaning.ids_dropped) = ids.finish();
        (meaning.dead_letter, meaning.retry) = dead_letter::decode(&headers, &payload.top, &self.rules.topics, record);
        meaning
    }

    /// What an event says of itself counts before anything else.
    fn apply_event<'a>(&'a self, event: Option<Result<Attributes<'a>, Missing>>, meaning: &mut Meaning<'a>) {
        let event = match event {
            None => return,
            Some(Ok(event)) => event,
            Some(Err(missing)) => {
                meaning.decode_error = meaning.decode_error.or(Some(missing));
                return;
            }
        };
        let id = |text: Option<&'a str>| text.and_then(|text| ids::column(&self.arena, text));
        meaning.message_id = id(Some(event.id)).or(meaning.message_id);
        meaning.causation_id = id(event.causation).or(meaning.causation_id);
        meaning.correlation_id = id(event.correlation).or(meaning.correlation_id);
        meaning.r#type = framework::label(event.r#type).or(meaning.r#type);
        meaning.producer = framework::label(event.source).or(meaning.producer);
        meaning.origin_trace_id = event.origin.map(|origin| origin.trace_id);
    }

    /// What the payload says counts where no header said it.
    fn apply_payload<'a>(&'a self, payload: &Payload<'a>, meaning: &mut Meaning<'a>) {
        meaning.format = payload.format;
        meaning.schema_id = payload.schema_id;
        meaning.decoded = payload.decoded;
        meaning.decode_error = payload.error.or(meaning.decode_error);
        let top = &payload.top;
        let id = |text: Option<&'a str>| text.and_then(|text| ids::column(&self.arena, text));
        meaning.message_id = meaning.message_id.or_else(|| id(top.envelope_id()));
        meaning.causation_id = meaning.causation_id.or_else(|| id(top.causation));
        meaning.correlation_id = meaning.correlation_id.or_else(|| id(top.correlation));
        meaning.conversation_id = meaning.conversation_id.or_else(|| id(top.conversation));
        meaning.r#type = meaning.r#type.or_else(|| top.event_type());
    }

    fn columns_in<'a>(&self, meaning: &Meaning<'a>, ids: &mut IdSet<'a>) {
        let columns = [
            meaning.message_id,
            meaning.causation_id,
            meaning.correlation_id,
            meaning.conversation_id,
            meaning.trace_id,
            meaning.origin_trace_id,
            meaning.span_id,
        ];
        for value in columns {
            ids.in_column(value);
        }
    }

    fn ids_of_headers<'a>(&'a self, headers: &Headers<'a>, ids: &mut IdSet<'a>) {
        if let Some(text) = headers.text(Slot::ReplayOrigin).filter(|text| text.len() <= LONGEST_ADDRESS) {
            ids.push(id::REPLAY_ORIGIN, text);
        }
        for header in &headers.others {
            // A CloudEvents extension is named like the attribute, not like its header.
            let name = header.name.strip_prefix("ce_").unwrap_or(header.name);
            let kind = ids::classify(name).filter(|kind| !kind.plural);
            if kind.is_none() && !self.id_rules.may_add() {
                continue;
            }
            if header.value.is_some_and(|value| value.len() <= 2 * id::MAX_VALUE)
                && let Some(text) = headers.text_of(header)
            {
                ids.offer(kind, None, name, Scalar::Text(text));
            }
        }
    }
}

//! Records that were taken and not seen before, on their way to the sinks.

use tapline_adapter::{Polled, RawRecord, RecordSink};
use tapline_model::time;

use crate::ffi::Message;
use crate::places::Places;

/// A record of a topic's life.
pub(crate) struct Fresh<'q> {
    pub(crate) number: usize,
    pub(crate) incarnation: i32,
    pub(crate) message: Message<'q>,
}

/// Fewer records are not worth a thread: starting one takes as long as decoding a dozen.
const FEW: usize = 512;

/// Shares the records among the sinks, in runs, each on a thread of its own.
pub(crate) fn hand_on(
    mut fresh: Vec<Fresh<'_>>,
    places: &Places,
    sinks: &mut [&mut dyn RecordSink],
    polled: &mut Polled,
) {
    polled.records += fresh.len();
    let size = fresh.len().div_ceil(sinks.len()).max(FEW);
    let name = |number: usize| places.name(number);
    let bytes: Vec<usize> = std::thread::scope(|scope| {
        let mut threads = Vec::new();
        let (first, others) = sinks.split_at_mut(1);
        for sink in others {
            if fresh.len() <= size {
                break;
            }
            let part = fresh.split_off(fresh.len() - size);
            threads.push(scope.spawn(move || share(part, name, *sink)));
        }
        let own = first.iter_mut().map(|sink| share(std::mem::take(&mut fresh), name, *sink));
        let own: Vec<usize> = own.collect();
        let joined =
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        own.into_iter().chain(joined).collect()
    });
    polled.bytes += bytes.into_iter().sum::<usize>();
}

fn share<'n>(part: Vec<Fresh<'_>>, name: impl Fn(usize) -> &'n str, sink: &mut dyn RecordSink) -> usize {
    let mut bytes = 0;
    let mut part = part.into_iter();
    while let Some(Fresh { number, incarnation, message }) = part.next() {
        // Both were written by other cores and have left the cache: loading them now hides behind the decoding.
        if let Some(ahead) = part.as_slice().get(6) {
            ahead.message.load_ahead();
        }
        if let Some(ahead) = part.as_slice().get(1) {
            ahead.message.load_content_ahead();
        }
        bytes += record(name(number), incarnation, &message, sink);
    }
    bytes
}

/// Hands one record on. Its size.
pub(crate) fn record(topic: &str, incarnation: i32, message: &Message<'_>, sink: &mut dyn RecordSink) -> usize {
    let (told, timestamp_kind) = message.timestamp();
    let timestamp = told.and_then(time::of_millis);
    message.with_headers(|headers, repaired_names| {
        let record = RawRecord {
            destination: topic,
            partition: Some(message.partition()),
            offset: Some(message.offset()),
            position: None,
            incarnation,
            leader_epoch: message.leader_epoch(),
            timestamp,
            timestamp_outside: told.filter(|_| timestamp.is_none()),
            timestamp_kind,
            key: message.key(),
            payload: message.payload(),
            headers,
            repaired_names,
        };
        sink.record(&record);
        record.size()
    })
}

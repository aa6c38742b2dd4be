//! The bench's peer: librdkafka's batch loop and nothing else, touching key, value and every header of each record.
//!
//! Here because it needs the FFI module; built only with the feature `baseline`.

use std::sync::Arc;
use std::time::Duration;

use crate::ffi::{Client, Conf, ErrorCode, Kind, Message, Queue, Topic};

/// What the loop read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Drained {
    /// Records.
    pub records: u64,
    /// Bytes of keys, values, header names and header values.
    pub bytes: u64,
    /// Of all bytes touched, so that reading them cannot be optimised away.
    pub checksum: u64,
}

/// Reads `records` records of a topic from its beginning, with librdkafka's defaults but for
/// `fetch.queue.backoff.ms=10`: the default of a second throttles everything.
///
/// # Errors
/// Why the client could not be made.
pub fn drain(brokers: &str, topic: &str, partitions: i32, records: u64) -> Result<Drained, String> {
    let mut conf = Conf::new().ok_or("no memory")?;
    for (name, value) in [("bootstrap.servers", brokers), ("fetch.queue.backoff.ms", "10")] {
        conf.set(name, value).map_err(|_| format!("{name} is refused"))?;
    }
    let client: Arc<Client> = conf.into_client(Kind::Consumer)?;
    let mut queue = Queue::new(&client).ok_or("no memory")?;
    let handle = Topic::new(&client, topic).ok_or("no topic")?;
    for partition in 0..partitions {
        handle.start(partition, 0, &queue).map_err(|code: ErrorCode| code.to_string())?;
    }
    let mut drained = Drained::default();
    while drained.records < records {
        queue.receive(Duration::from_millis(100), 8_192).for_each(|message| touch(&message, &mut drained));
    }
    (0..partitions).for_each(|partition| handle.stop(partition));
    Ok(drained)
}

fn touch(message: &Message<'_>, drained: &mut Drained) {
    if message.error().is_some() {
        return;
    }
    let mut add = |bytes: &[u8]| {
        drained.bytes += bytes.len() as u64;
        drained.checksum ^= xxhash_rust::xxh3::xxh3_64(bytes);
    };
    message.key().into_iter().chain(message.payload()).for_each(&mut add);
    message.each_header(|name, value| {
        add(name);
        add(value.unwrap_or_default());
    });
    drained.records += 1;
}

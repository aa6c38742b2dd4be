//! A thread a channel: sends what waits for it, one message after the other, and renews what fires where that is needed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tapline_model::time;
use tapline_state::MessageRecord;

use crate::alerts::Inner;
use crate::channel::{Channel, Envelope, NotTaken};
use crate::outbox::Next;
use crate::payload::Told;

/// Alertmanager takes for over what it does not hear of for four times as long.
const RENEWAL: Duration = Duration::from_secs(60);

pub(crate) fn start(inner: &Arc<Inner>) -> std::io::Result<()> {
    for index in 0..inner.channels.len() {
        let inner = Arc::clone(inner);
        let name = format!("tell-{}", inner.channels[index].name);
        std::thread::Builder::new().name(name).spawn(move || run(&inner, index))?;
    }
    Ok(())
}

fn run(inner: &Inner, index: usize) {
    let channel = &inner.channels[index];
    let mut renewed = Instant::now();
    loop {
        let patience = if channel.renews() { RENEWAL.saturating_sub(renewed.elapsed()) } else { RENEWAL };
        match inner.outbox.next(&channel.name, patience) {
            Next::Stop => return,
            Next::Send(message) => send(inner, channel, message),
            Next::Idle if channel.renews() => {
                renew(inner, channel);
                renewed = Instant::now();
            }
            Next::Idle => {}
        }
    }
}

fn send(inner: &Inner, channel: &Channel, message: MessageRecord) {
    // What cannot be read was not written by this Tapline.
    let outcome = match serde_json::from_value::<Vec<Told>>(message.told.clone()) {
        Ok(told) => call(inner, channel, &message.id, &told),
        Err(error) => Err(NotTaken { answer: format!("the message cannot be read: {error}"), again: None }),
    };
    if let Err(fault) = &outcome {
        let (channel, answer) = (channel.name.as_str(), fault.answer.as_str());
        tracing::warn!(channel, answer, attempt = message.attempts + 1, "alerts were not taken");
    }
    inner.outbox.sent(message, outcome, time::now());
}

fn renew(inner: &Inner, channel: &Channel) {
    let told = inner.firing_for(channel);
    if !told.is_empty() {
        let outcome = call(inner, channel, "renewal", &told);
        inner.outbox.renewed(&channel.name, outcome, time::now());
    }
}

/// Sends once. A library that panics must not end the thread: the channel would be silent for ever.
pub(crate) fn call(inner: &Inner, channel: &Channel, id: &str, told: &[Told]) -> Result<String, NotTaken> {
    let envelope = Envelope { id, told, page: &inner.page, now: time::now() };
    let sent = catch_unwind(AssertUnwindSafe(|| channel.send(&envelope)));
    sent.unwrap_or_else(|_| Err(NotTaken { answer: "it cannot be sent, which is a bug".to_owned(), again: Some(None) }))
}

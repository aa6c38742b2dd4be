//! An answer that follows its question: when the path changes it is asked again, the old answer stays until the new one
//! is there, and what nobody waits for any more is stopped.

use std::sync::Arc;

use leptos::prelude::*;
use serde::de::DeserializeOwned;

use super::{
    client::{self, Abort, Ended, Stop},
    failure::Failure,
    reach::use_reach,
};

/// The newest answer and how its successor stands.
pub(crate) struct Load<T: Send + Sync + 'static> {
    /// The newest answer, whatever has failed since.
    pub(crate) data: RwSignal<Option<Arc<T>>>,
    /// Why the newest call failed; cleared by the next answer.
    pub(crate) failure: RwSignal<Option<Failure>>,
    /// Whether a call is under way.
    pub(crate) loading: RwSignal<bool>,
    again: RwSignal<u32>,
}

impl<T: Send + Sync + 'static> Clone for Load<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Load<T> {}

impl<T: Send + Sync + 'static> Load<T> {
    /// Why there is nothing new to show, unless the frame says it for the whole page and there is something from before.
    pub(crate) fn trouble(self) -> Option<Failure> {
        self.failure.get().filter(|failure| !failure.is_network() || self.data.with(Option::is_none))
    }

    /// Whether the first call has ended, well or not.
    pub(crate) fn has_ended(self) -> bool {
        self.data.with(Option::is_some) || self.failure.with(Option::is_some)
    }

    /// Asks the same again.
    pub(crate) fn retry(self) {
        self.again.update(|count| *count += 1);
    }
}

/// Asks for the path whenever it changes; while it is `None` nothing is asked and nothing shown.
pub(crate) fn use_load<T>(path: impl Fn() -> Option<String> + 'static) -> Load<T>
where
    T: DeserializeOwned + Send + Sync + 'static,
{
    let load = Load {
        data: RwSignal::new(None),
        failure: RwSignal::new(None),
        loading: RwSignal::new(false),
        again: RwSignal::new(0),
    };
    let under_way = StoredValue::new_local(None::<Abort>);
    use_reach().on_return(move || {
        if load.failure.with_untracked(|failure| failure.as_ref().is_some_and(Failure::is_network)) {
            load.retry();
        }
    });
    Effect::new(move |_| {
        load.again.track();
        let path = path();
        let abort = Abort::new();
        let stop = abort.stop();
        under_way.set_value(Some(abort));
        match path {
            Some(path) => {
                load.loading.set(true);
                let asked = path.clone();
                leptos::task::spawn_local(run(path, stop, Box::new(move |answer| load.take(&asked, answer))));
            }
            None => {
                load.data.set(None);
                load.loading.set(false);
            }
        }
    });
    on_cleanup(move || drop(under_way.try_update_value(Option::take)));
    load
}

/// Hands the text of an answer, or why there is none, to whoever reads it. Compiled once, not once a type of answer.
async fn run(path: String, stop: Stop, take: Box<dyn FnOnce(Result<String, Failure>)>) {
    match client::text_of(&path, &stop).await {
        Ok(text) => take(Ok(text)),
        Err(Ended::Failed(failure)) => take(Err(failure)),
        Err(Ended::Aborted) => {}
    }
}

impl<T: DeserializeOwned + Send + Sync + 'static> Load<T> {
    fn take(self, path: &str, answer: Result<String, Failure>) {
        match answer.and_then(|text| client::read::<T>(path, &text)) {
            Ok(data) => {
                self.data.try_set(Some(Arc::new(data)));
                self.failure.try_set(None);
            }
            Err(failure) => drop(self.failure.try_set(Some(failure))),
        }
        self.loading.try_set(false);
    }
}

//! An answer that follows its question: when the path changes it is asked again, the old answer stays until the new one
//! is there, and what nobody waits for any more is stopped.

use std::{rc::Rc, sync::Arc};

use leptos::prelude::*;

use crate::react::effect;
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
    let data = load.data;
    let take = move |text: Option<&str>| {
        let answer = text.map(serde_json::from_str::<T>).transpose()?;
        data.try_set(answer.map(Arc::new));
        Ok(())
    };
    let course = Course { failure: load.failure, loading: load.loading, again: load.again };
    course.follow(Box::new(path), Rc::new(take));
    load
}

/// What of a load is the same for every type of answer: compiled once.
#[derive(Clone, Copy)]
struct Course {
    failure: RwSignal<Option<Failure>>,
    loading: RwSignal<bool>,
    again: RwSignal<u32>,
}

/// Reads and keeps the text of an answer; without one forgets what there was.
type Take = Rc<dyn Fn(Option<&str>) -> Result<(), serde_json::Error>>;

impl Course {
    fn follow(self, path: Box<dyn Fn() -> Option<String>>, take: Take) {
        let under_way = StoredValue::new_local(None::<Abort>);
        use_reach().on_return(move || {
            if self.failure.with_untracked(|failure| failure.as_ref().is_some_and(Failure::is_network)) {
                self.again.update(|count| *count += 1);
            }
        });
        effect(move || {
            self.again.track();
            let path = path();
            let abort = Abort::new();
            let stop = abort.stop();
            under_way.set_value(Some(abort));
            self.loading.set(path.is_some());
            match path {
                Some(path) => leptos::task::spawn_local(self.run(path, stop, Rc::clone(&take))),
                None => drop(take(None)),
            }
        });
        on_cleanup(move || drop(under_way.try_update_value(Option::take)));
    }

    async fn run(self, path: String, stop: Stop, take: Take) {
        let failure = match client::text_of(&path, &stop).await {
            Ok(text) => take(Some(&text)).err().map(|error| Failure::answer(&path, &error.to_string())),
            Err(Ended::Failed(failure)) => Some(failure),
            Err(Ended::Aborted) => return,
        };
        self.failure.try_set(failure);
        self.loading.try_set(false);
    }
}

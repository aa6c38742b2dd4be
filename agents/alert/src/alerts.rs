//! Alerts of one node: rules, what they found, channels, silences.
//!
//! Owns what all threads share. The look at rules is `looker`'s, sending `courier`'s, what people do `acts`', what is shown
//! `show`'s.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tapline_api::AlertRule;
use tapline_model::time;
use tapline_state::State;

use crate::board::{Alive, Board};
use crate::channel::{Channel, ChannelOptions};
use crate::error::AlertError;
use crate::muting::{Inhibition, Silenced, mute};
use crate::observer::Observer;
use crate::outbox::Outbox;
use crate::payload::Told;
use crate::rules::{Known, Rules};
use crate::telling::{Grouping, Telling, is_for, told};
use crate::{courier, looker};

/// How alerts are looked for and told.
#[derive(Clone, Default)]
pub struct AlertOptions {
    /// From one look at all rules to the next.
    pub interval: Duration,
    /// How they are told together.
    pub grouping: Grouping,
    /// Which are not told beside others.
    pub inhibitions: Vec<Inhibition>,
    /// Whether the rules that came with Tapline are on.
    pub defaults: bool,
    /// Those of the configuration file.
    pub rules: BTreeMap<String, AlertRule>,
    /// By name.
    pub channels: BTreeMap<String, ChannelOptions>,
    /// Names of metrics that rules may ask for.
    pub metrics: Vec<&'static str>,
    /// Where people find the page: `https://tapline.example.com`.
    pub page: String,
}

/// All alerts. Cheap to clone.
#[derive(Clone)]
pub struct Alerts(pub(crate) Arc<Inner>);

/// How a rule did when it was asked last.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// Microseconds since 1970.
    pub(crate) at: i64,
    /// Seconds.
    pub(crate) took: f64,
    pub(crate) problem: Option<String>,
}

pub(crate) struct Inner {
    pub(crate) state: State,
    pub(crate) interval: Duration,
    pub(crate) page: String,
    pub(crate) known: Known,
    pub(crate) inhibitions: Vec<Inhibition>,
    file: BTreeMap<String, AlertRule>,
    defaults: bool,
    pub(crate) rules: Mutex<Arc<Rules>>,
    pub(crate) channels: Vec<Channel>,
    pub(crate) outbox: Outbox,
    pub(crate) board: Mutex<Board>,
    pub(crate) telling: Mutex<Telling>,
    pub(crate) silences: Mutex<Vec<Silenced>>,
    pub(crate) asked: Mutex<HashMap<String, Asked>>,
    /// While it looks.
    observer: Mutex<Option<Arc<dyn Observer>>>,
    pub(crate) turn: Turn,
}

/// Wakes the thread that looks, or ends it.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    pub(crate) inner: Mutex<Wanted>,
    pub(crate) changed: Condvar,
}

#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Wanted {
    /// Somebody changed something: now rather than later.
    pub(crate) look: bool,
    pub(crate) stop: bool,
}

impl Turn {
    /// Waits, and whether everything ends.
    pub(crate) fn is_over(&self, wait: Duration) -> bool {
        let mut wanted = self.inner.lock();
        if !wanted.stop && !wait.is_zero() {
            self.changed.wait_for(&mut wanted, wait);
        }
        wanted.stop
    }
}

impl Alerts {
    /// Reads what was kept. Nothing is looked at or told before [`Self::start`].
    ///
    /// # Errors
    /// When the state cannot be read, or the configuration has a rule or channel that cannot be used.
    pub fn open(state: State, options: AlertOptions) -> Result<Self, AlertError> {
        let channel = |(name, options): (&String, &ChannelOptions)| {
            Channel::new(name, options).map_err(|error| AlertError::Channel { name: name.clone(), error })
        };
        let channels = options.channels.iter().map(channel).collect::<Result<Vec<_>, _>>()?;
        let names: Vec<String> = options.channels.keys().cloned().collect();
        let known =
            Known { metrics: options.metrics.iter().copied().collect(), channels: names.iter().cloned().collect() };
        for (name, rule) in &options.rules {
            known.read(name, rule)?;
        }
        let now = time::now();
        let away = state.alerts_looked_at()?.map_or(0, |at| (now - at).max(0));
        let inner = Inner {
            rules: Mutex::new(Arc::new(Rules::new(&options.rules, state.alert_rules()?, options.defaults, &known))),
            outbox: Outbox::new(state.clone(), &names)?,
            board: Mutex::new(Board::restore(state.open_alerts()?, now, away)),
            telling: Mutex::new(Telling::new(options.grouping, options.page.clone())),
            silences: Mutex::new(Vec::new()),
            asked: Mutex::default(),
            observer: Mutex::new(None),
            turn: Turn::default(),
            interval: options.interval,
            page: options.page,
            known,
            inhibitions: options.inhibitions,
            file: options.rules,
            defaults: options.defaults,
            channels,
            state,
        };
        inner.read_silences(now)?;
        Ok(Self(Arc::new(inner)))
    }

    /// Begins to look, and to tell.
    ///
    /// # Errors
    /// When threads cannot be started.
    pub fn start(&self, observer: Arc<dyn Observer>) -> Result<(), AlertError> {
        *self.0.observer.lock() = Some(Arc::clone(&observer));
        looker::start(&self.0, observer)?;
        courier::start(&self.0)?;
        Ok(())
    }

    /// Ends all threads; what is on its way is told once more after the next start.
    pub fn stop(&self) {
        // Whoever observes may hold this in turn.
        *self.0.observer.lock() = None;
        self.0.turn.inner.lock().stop = true;
        self.0.turn.changed.notify_all();
        self.0.outbox.stop();
    }
}

impl Inner {
    /// Where rules look; `None` before the start and after the end.
    pub(crate) fn observer(&self) -> Option<Arc<dyn Observer>> {
        self.observer.lock().clone()
    }

    /// The rules in force.
    pub(crate) fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.lock())
    }

    /// Reads rules anew after somebody wrote one.
    pub(crate) fn read_rules(&self) -> Result<(), AlertError> {
        // Of two who write at once the later must not leave what the earlier read.
        let mut rules = self.rules.lock();
        *rules = Arc::new(Rules::new(&self.file, self.state.alert_rules()?, self.defaults, &self.known));
        Ok(())
    }

    /// Reads silences anew.
    pub(crate) fn read_silences(&self, now: i64) -> Result<(), AlertError> {
        let mut silences = self.silences.lock();
        *silences = self.state.silences(now)?.into_iter().filter_map(Silenced::read).collect();
        Ok(())
    }

    /// Says anew who is not told, so that whoever asked for quiet sees it; messages follow from the next look.
    pub(crate) fn mute(&self, at: i64) {
        let silences = self.silences.lock().clone();
        mute(&mut self.board.lock(), &silences, &self.inhibitions, at);
        self.look_now();
    }

    /// Has rules looked at now.
    pub(crate) fn look_now(&self) {
        self.turn.inner.lock().look = true;
        self.turn.changed.notify_all();
    }

    /// What fires and a channel is to know of.
    pub(crate) fn firing_for(&self, channel: &Channel) -> Vec<Told> {
        let rules = self.rules();
        let by_name = rules.asked().map(|rule| (rule.name.clone(), rule)).collect();
        let board = self.board.lock();
        // Who was told and is muted now is told on: else it would be taken for over.
        let is_told = |alive: &Alive| alive.is_firing() && alive.record.told.contains_key(&channel.name);
        let firing = board.alive.values().filter(|alive| is_told(alive) || is_for(alive, &by_name, channel));
        firing.map(|alive| told(&alive.record, &self.page)).collect()
    }
}

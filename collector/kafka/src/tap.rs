//! The tap: two lanes over one set of partitions.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tapline_adapter::{AdapterError, Lane, Polled, Positions, RecordSink, SourceFacts, Tap, TapOptions};

use crate::discovery::{Discovery, News};
use crate::filter::Filter;
use crate::fresh::hand_on;
use crate::lane::LaneReader;
use crate::places::{Begin, Next, Places};
use crate::plan::Found;
use crate::settings::share;
use crate::source::Cluster;
use crate::throttle::Throttle;

/// Assumed size of a record before any was read.
const FIRST_GUESS: usize = 1024;

pub(crate) struct KafkaTap {
    cluster: Arc<Cluster>,
    queue_bytes: usize,
    places: Places,
    throttle: Throttle,
    /// Running mean of a backfilled record's bytes, to ask for no more records than the rate allows.
    record_size: usize,
    discovery: Discovery,
    live: LaneReader,
    /// Made when there is something to fill.
    backfill: Option<LaneReader>,
    /// The lanes' clients are to be replaced before anything is read.
    worn: bool,
    /// What was told before a fault and could not be handed on.
    owed: Polled,
}

impl KafkaTap {
    pub(crate) fn open(cluster: Arc<Cluster>, options: &TapOptions, resume: Positions) -> Result<Self, AdapterError> {
        let filter = Filter::new(&cluster.name, options)?;
        let client = cluster.client(share(options.queue_bytes))?;
        let discovery = Discovery::start(Arc::clone(&client), filter, options, &resume);
        Ok(Self {
            queue_bytes: options.queue_bytes,
            places: Places::new(resume),
            throttle: Throttle::new(options.backfill_rate, Instant::now()),
            record_size: FIRST_GUESS,
            discovery,
            live: LaneReader::new(client).ok_or_else(no_memory)?,
            backfill: None,
            worn: false,
            owed: Polled::default(),
            cluster,
        })
    }

    fn hear(&mut self, polled: &mut Polled) -> Result<(), AdapterError> {
        let mut found = BTreeSet::new();
        while let Some(news) = self.discovery.next() {
            match news {
                News::Found(place) => found.extend(self.plan(&place, polled).map(|number| (number, place.partition))),
                News::Gone(topic) => {
                    if let Some(number) = self.places.number_of(&topic) {
                        self.halt(number);
                    }
                }
            }
        }
        if self.worn {
            return self.renew();
        }
        let begins: Vec<Begin> = found.iter().filter_map(|(number, at)| self.places.begin(*number, *at)).collect();
        begins.into_iter().try_for_each(|begin| self.begin(begin))
    }

    /// Plans what was found. The topic's number, if it is to be read.
    fn plan(&mut self, found: &Found, polled: &mut Polled) -> Option<usize> {
        let Self { places, live, discovery, .. } = self;
        let end = |topic: &str, partition| Some(discovery.standing.lock().mark(topic, partition)?.1);
        let turn = places.found(found, live.ids(&found.topic), &end, polled);
        turn.halted.iter().for_each(|partition| self.stop(turn.number, *partition));
        turn.doubted.iter().for_each(|partition| self.discovery.ask(&found.topic, *partition));
        if turn.unsettled {
            self.discovery.ask(&found.topic, found.partition);
            return None;
        }
        let life = self.places.life(turn.number)?;
        if !std::iter::once(&self.live).chain(&self.backfill).all(|lane| lane.fits(turn.number, life)) {
            self.worn = true;
            // They tell of the former life.
            self.discovery.standing.lock().marks.remove(&found.topic);
        }
        Some(turn.number)
    }

    /// Replaces the lanes' clients and reads on where each partition stands.
    fn renew(&mut self) -> Result<(), AdapterError> {
        let client = self.cluster.client(share(self.queue_bytes))?;
        self.live = LaneReader::new(Arc::clone(&client)).ok_or_else(no_memory)?;
        self.backfill = None;
        self.discovery.follow(client);
        self.places.begins().into_iter().try_for_each(|begin| self.begin(begin))?;
        self.worn = false;
        Ok(())
    }

    fn begin(&mut self, begin: Begin) -> Result<(), AdapterError> {
        let Begin { number, partition, live, backfill } = begin;
        let name = self.places.name(number).to_owned();
        let life = self.places.life(number).cloned().unwrap_or_default();
        self.live.start(number, &name, &life, partition, live).map_err(refused)?;
        if let Some(from) = backfill {
            self.backfill_lane()?.start(number, &name, &life, partition, from).map_err(refused)?;
        }
        Ok(())
    }

    /// Ends reading of topics of which a lane's client turned to another life, until it is known which.
    fn halt_strayed(&mut self) {
        let strayed: BTreeSet<usize> =
            self.live.strayed().chain(self.backfill.iter().flat_map(LaneReader::strayed)).collect();
        for number in strayed {
            for partition in self.halt(number) {
                self.discovery.ask(self.places.name(number), partition);
            }
        }
    }

    fn halt(&mut self, number: usize) -> Vec<i32> {
        let end = |topic: &str, partition| Some(self.discovery.standing.lock().mark(topic, partition)?.1);
        let halted = self.places.halt(number, &end);
        halted.iter().for_each(|partition| self.stop(number, *partition));
        halted
    }

    fn stop(&self, number: usize, partition: i32) {
        self.live.stop(number, partition);
        if let Some(backfill) = &self.backfill {
            backfill.stop(number, partition);
        }
    }

    fn backfill_lane(&mut self) -> Result<&mut LaneReader, AdapterError> {
        let lane = match self.backfill.take() {
            Some(lane) => lane,
            None => {
                let client = self.cluster.client(share(self.queue_bytes))?;
                LaneReader::new(client).ok_or_else(no_memory)?
            }
        };
        Ok(self.backfill.insert(lane))
    }

    fn read_live(&mut self, wait: Duration, max: usize, sinks: &mut [&mut dyn RecordSink], polled: &mut Polled) {
        let Self { live, places, discovery, .. } = self;
        let mut fresh = Vec::new();
        live.receive(wait, max, &mut |number, message| {
            let partition = message.partition();
            if places.take(Lane::Live, number, message, &mut fresh, polled) == Next::AskWhereToGoOn {
                discovery.ask(places.name(number), partition);
            }
        });
        hand_on(fresh, places, sinks, polled);
    }

    fn read_backfill(&mut self, wait: Duration, max: usize, sinks: &mut [&mut dyn RecordSink], polled: &mut Polled) {
        let Some(lane) = self.backfill.as_mut() else { return };
        lane.discard_events();
        let due = self.throttle.wait(Instant::now());
        if !due.is_zero() {
            // Not polling is what slows the broker.
            std::thread::sleep(due.min(wait));
            return;
        }
        let max = (self.throttle.available() / self.record_size).clamp(1, max);
        let (mut fresh, mut finished, places, discovery) = (Vec::new(), Vec::new(), &mut self.places, &self.discovery);
        lane.receive(wait, max, &mut |number, message| {
            let partition = message.partition();
            match places.take(Lane::Backfill, number, message, &mut fresh, polled) {
                Next::GoOn => {}
                Next::StopBackfill => finished.push((number, partition)),
                Next::AskWhereToGoOn => discovery.ask(places.name(number), partition),
            }
        });
        hand_on(fresh, places, sinks, polled);
        finished.into_iter().for_each(|(number, partition)| lane.stop(number, partition));
        self.throttle.spend(polled.bytes);
        if let Some(size) = polled.bytes.checked_div(polled.records) {
            self.record_size = (self.record_size + size).div_ceil(2).max(1);
        }
    }
}

impl Tap for KafkaTap {
    fn poll(
        &mut self,
        lane: Lane,
        wait: Duration,
        max_records: usize,
        sinks: &mut [&mut dyn RecordSink],
    ) -> Result<Polled, AdapterError> {
        let mut polled = std::mem::take(&mut self.owed);
        if let Err(error) = self.hear(&mut polled) {
            self.owed = polled;
            return Err(error);
        }
        match lane {
            Lane::Live => self.read_live(wait, max_records, sinks, &mut polled),
            Lane::Backfill if self.places.is_backfilling() => self.read_backfill(wait, max_records, sinks, &mut polled),
            Lane::Backfill => {}
        }
        self.halt_strayed();
        polled.moved.extend(self.places.take_moved());
        Ok(polled)
    }

    fn facts(&self) -> SourceFacts {
        let standing = self.discovery.standing.lock();
        SourceFacts {
            connected: standing.connected,
            cluster: standing.cluster.clone(),
            problems: standing.problems(&self.cluster, &self.places, Instant::now()),
            places: self.places.places(|topic, partition| standing.mark(topic, partition)),
            left_out: standing.left_out.clone(),
        }
    }
}

fn refused(code: crate::ffi::ErrorCode) -> AdapterError {
    AdapterError::Protocol { operation: "starting to read a partition", detail: code.to_string() }
}

fn no_memory() -> AdapterError {
    AdapterError::Protocol { operation: "opening a queue", detail: "out of memory".to_owned() }
}

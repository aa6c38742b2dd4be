//! What was done with items, written down: that they are about to be sent before they are, that they were confirmed
//! after. Whoever resumes reads it and knows of every item whether it may be on the target.
//!
//! One JSON object a line. A line that a killed process did not finish is the last one and is cut off: what it would
//! have said was not done yet, or is found out by looking at the target (`settle`).

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tapline_api::{Delivery, Outcome};

use crate::error::ReplayError;
use crate::folder::fault;
use crate::item::Items;
use crate::standing::{Evidence, Standing};

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Entry {
    /// Sending begins or goes on; ends of target partitions as they are now.
    Began {
        /// Microseconds.
        at: i64,
        /// Index of the stand, partition, next offset.
        ends: Vec<(u32, i32, i64)>,
    },
    /// These may be on the target from now on. First and number of items.
    Sending {
        /// Microseconds.
        at: i64,
        /// First item and how many.
        runs: Vec<(u32, u32)>,
    },
    /// These are on the target. Item and offset, -1 where that is not told.
    Confirmed {
        /// Microseconds.
        at: i64,
        /// Item and offset.
        items: Vec<(u32, i64)>,
    },
    /// These are not on the target, and may be sent again.
    Back(Vec<u32>),
    /// This one is not on the target, and is not sent again.
    Rejected(u32, String),
    /// Another replay, of this number, has put this one back while it was held: nothing is wrong with it.
    Left(u32, i64),
    /// Nobody can tell whether this one is on the target.
    Uncertain(u32, String),
    /// What became of a confirmed one; the address of what shows it, and its time.
    Outcome(u32, Outcome, Option<(String, i64)>, Option<String>),
}

/// Where an item would be found: by index of the stand and partition, the first offset it can have.
pub(crate) type Floors = HashMap<(u32, i32), i64>;

/// What a journal says.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) standing: Standing,
    /// Behind the last item that was confirmed, or the end when sending began.
    ends: Floors,
    /// The same when the younger wave of items began: where they would be found.
    younger: Floors,
    /// Where any item that may be on the target would be found.
    pub(crate) floors: Floors,
}

/// A journal that is written to.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    lines: Vec<u8>,
    /// Bytes of whole lines.
    length: u64,
    broken: bool,
    items: Arc<Items>,
    told: Told,
}

impl Journal {
    /// Opens the journal of these items.
    pub(crate) fn open(path: &Path, items: Arc<Items>) -> Result<Self, ReplayError> {
        let open = OpenOptions::new().create(true).read(true).write(true).truncate(false).open(path);
        let mut file = open.map_err(fault("write", path))?;
        let (told, whole) = read(path, &mut file, &items)?;
        // What a killed process did not finish.
        file.set_len(whole).and_then(|()| file.seek(SeekFrom::End(0))).map_err(fault("write", path))?;
        Ok(Self { path: path.to_owned(), file, lines: Vec::new(), length: whole, broken: false, items, told })
    }

    /// What it says by now.
    pub(crate) fn told(&self) -> &Told {
        &self.told
    }

    /// Adds entries, all at once. They may be lost with the power until [`Self::sync`].
    pub(crate) fn write(&mut self, entries: &[Entry]) -> Result<(), ReplayError> {
        self.lines.clear();
        for entry in entries {
            serde_json::to_writer(&mut self.lines, entry).map_err(|error| fault("write", &self.path)(error.into()))?;
            self.lines.push(b'\n');
        }
        if self.broken {
            let what = "a line could not be written, and not be taken back; start Tapline again".to_owned();
            return Err(ReplayError::Damaged { path: self.path.clone(), what });
        }
        if let Err(error) = self.file.write_all(&self.lines) {
            // Half a line in the middle would be damage: the disk may have room again for the next one.
            let back = self.file.set_len(self.length).and_then(|()| self.file.seek(SeekFrom::Start(self.length)));
            self.broken = back.is_err();
            return Err(fault("write", &self.path)(error));
        }
        self.length += self.lines.len() as u64;
        let damaged = |what| ReplayError::Damaged { path: self.path.clone(), what };
        entries.iter().try_for_each(|entry| self.told.apply(&self.items, entry)).map_err(damaged)
    }

    /// What was added survives a loss of power.
    pub(crate) fn sync(&self) -> Result<(), ReplayError> {
        self.file.sync_data().map_err(fault("write", &self.path))
    }
}

/// Reads what a journal says without writing to it.
pub(crate) fn told(path: &Path, items: &Items) -> Result<Told, ReplayError> {
    match File::open(path) {
        Ok(mut file) => Ok(read(path, &mut file, items)?.0),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Told::new(items)),
        Err(error) => Err(fault("read", path)(error)),
    }
}

/// What it says, and how many of its bytes are whole lines.
fn read(path: &Path, file: &mut File, items: &Items) -> Result<(Told, u64), ReplayError> {
    let mut reader = BufReader::new(file);
    let (mut told, mut whole, mut line) = (Told::new(items), 0, Vec::new());
    loop {
        line.clear();
        let length = reader.read_until(b'\n', &mut line).map_err(fault("read", path))?;
        if length == 0 || line.last() != Some(&b'\n') {
            return Ok((told, whole));
        }
        let understood = serde_json::from_slice(&line).map_err(|error| error.to_string());
        let applied = understood.and_then(|entry| told.apply(items, &entry));
        applied.map_err(|what| ReplayError::Damaged {
            path: path.to_owned(),
            what: format!("the line at byte {whole}: {what}"),
        })?;
        whole += length as u64;
    }
}

impl Told {
    fn new(items: &Items) -> Self {
        let standing = Standing::new(items.items.len());
        Self { standing, ends: Floors::new(), younger: Floors::new(), floors: Floors::new() }
    }

    fn apply(&mut self, items: &Items, entry: &Entry) -> Result<(), String> {
        match entry {
            // A partition that is shorter than it was is another one.
            Entry::Began { ends, .. } => {
                self.ends.extend(ends.iter().map(|(stand, partition, end)| ((*stand, *partition), *end)));
                Ok(())
            }
            Entry::Sending { runs, .. } => {
                let none = self.standing.counts().of(Delivery::Sending) == 0;
                // Whatever is on its way from here on is found behind what was known until here.
                if self.standing.begin_wave() {
                    self.floors = std::mem::replace(&mut self.younger, self.ends.clone());
                }
                if none {
                    self.floors.clone_from(&self.ends);
                }
                runs.iter().try_for_each(|(first, count)| self.each(items, *first, *count, Delivery::Sending))
            }
            Entry::Confirmed { at, items: confirmed } => confirmed.iter().try_for_each(|(item, offset)| {
                let place = place(items, *item)?;
                self.standing.confirm(*item, *offset, *at);
                let end = self.ends.entry(place).or_insert(0);
                *end = (*end).max(offset.saturating_add(1));
                Ok(())
            }),
            Entry::Back(back) => back.iter().try_for_each(|item| self.each(items, *item, 1, Delivery::Planned)),
            Entry::Rejected(item, why) => self.explained(items, *item, Delivery::Rejected, why),
            Entry::Left(item, other) => {
                self.explained(items, *item, Delivery::Rejected, &format!("r-{other} has put it back meanwhile"))?;
                self.standing.leave(*item);
                Ok(())
            }
            Entry::Uncertain(item, why) => self.explained(items, *item, Delivery::Uncertain, why),
            Entry::Outcome(item, outcome, evidence, why) => {
                place(items, *item)?;
                let evidence = evidence.clone().map(|(address, at)| Evidence { address, at });
                self.standing.turn_out(*item, *outcome, evidence);
                why.iter().for_each(|why| self.standing.explain(*item, why));
                Ok(())
            }
        }
    }

    fn each(&mut self, items: &Items, first: u32, count: u32, delivery: Delivery) -> Result<(), String> {
        for item in first..first.saturating_add(count) {
            place(items, item)?;
            self.standing.deliver(item, delivery);
        }
        Ok(())
    }

    fn explained(&mut self, items: &Items, item: u32, delivery: Delivery, why: &str) -> Result<(), String> {
        self.each(items, item, 1, delivery)?;
        self.standing.explain(item, why);
        Ok(())
    }
}

fn place(items: &Items, item: u32) -> Result<(u32, i32), String> {
    let found = items.items.get(item as usize).ok_or_else(|| format!("there is no item {item}"))?;
    Ok((found.to, found.to_partition))
}

/// Numbers that follow each other, as first and count.
pub(crate) fn runs(items: impl IntoIterator<Item = u32>) -> Vec<(u32, u32)> {
    let mut runs = Vec::<(u32, u32)>::new();
    for item in items {
        match runs.last_mut() {
            Some((first, count)) if first.checked_add(*count) == Some(item) => *count += 1,
            _ => runs.push((item, 1)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;
    use crate::item::tests::items;

    fn journal(entries: &[Entry]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let mut journal = Journal::open(&path, Arc::new(items(6))).unwrap();
        journal.write(entries).unwrap();
        journal.sync().unwrap();
        (folder, path)
    }

    fn entries() -> Vec<Entry> {
        vec![
            Entry::Began { at: 1, ends: vec![(1, 0, 100)] },
            Entry::Sending { at: 2, runs: vec![(0, 2)] },
            Entry::Confirmed { at: 3, items: vec![(0, 100), (1, 103)] },
            Entry::Sending { at: 4, runs: vec![(2, 2), (5, 1)] },
            Entry::Confirmed { at: 5, items: vec![(3, 110)] },
            Entry::Outcome(0, Outcome::Reprocessed, Some(("k/x/0/1".to_owned(), 9)), None),
            Entry::Rejected(4, "too large".to_owned()),
        ]
    }

    #[test]
    fn what_may_be_on_the_target_is_told_with_where_to_look() {
        let (_folder, path) = journal(&entries());
        let told = told(&path, &items(6)).unwrap();
        assert_eq!(told.standing.all(Delivery::Sending).collect::<Vec<_>>(), [2, 5]);
        assert_eq!(told.floors, Floors::from([((1, 0), 104)]));
        assert_eq!(told.standing.outcome(0), Some(Outcome::Reprocessed));
        assert_eq!(told.standing.why(4), Some("too large"));
    }

    #[test]
    fn a_line_that_was_not_finished_is_cut_off_and_the_journal_goes_on() {
        let (_folder, path) = journal(&entries());
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 3]).unwrap();
        let mut journal = Journal::open(&path, Arc::new(items(6))).unwrap();
        assert_eq!(journal.told().standing.delivery(4), Delivery::Planned);
        journal.write(&[Entry::Back(vec![2])]).unwrap();
        let told = super::told(&path, &items(6)).unwrap();
        assert_eq!(told.standing.all(Delivery::Planned).collect::<Vec<_>>(), [2, 4]);
    }

    #[test]
    fn damage_in_the_middle_is_told_and_nothing_is_guessed() {
        let (_folder, path) = journal(&entries());
        let text = fs::read_to_string(&path).unwrap().replace("\"confirmed\"", "\"conf\u{1}rmed\"");
        fs::write(&path, text).unwrap();
        let error = Journal::open(&path, Arc::new(items(6))).unwrap_err();
        assert!(matches!(&error, ReplayError::Damaged { what, .. } if what.contains("the line at byte")), "{error}");
        assert!(matches!(told(&path, &items(2)), Err(ReplayError::Damaged { .. })));
    }

    #[test]
    fn runs_are_of_numbers_that_follow() {
        assert_eq!(runs([1, 2, 3, 7, 9, 10]), [(1, 3), (7, 1), (9, 2)]);
        assert_eq!(runs([]), []);
    }

    /// What may be done next with an item; `None` where that is nothing.
    fn step(standing: &Standing, op: u8, item: u32, at: i64) -> Option<Entry> {
        let why = || "so it is".to_owned();
        Some(match (standing.delivery(item), op) {
            (Delivery::Planned, 0 | 1) => Entry::Sending { at, runs: vec![(item, 1)] },
            (Delivery::Planned, 2) => Entry::Left(item, 9),
            (Delivery::Sending, 0 | 1) => Entry::Confirmed { at, items: vec![(item, 100 + at)] },
            (Delivery::Sending, 2) => Entry::Back(vec![item]),
            (Delivery::Sending, 3) => Entry::Rejected(item, why()),
            (Delivery::Sending, 4) => Entry::Uncertain(item, why()),
            (Delivery::Confirmed, 5) => {
                Entry::Outcome(item, Outcome::FailedAgain, Some(("k/d/0/1".to_owned(), at)), None)
            }
            (_, 6) => Entry::Began { at, ends: vec![(1, 0, 100 + at)] },
            _ => return None,
        })
    }

    proptest! {
        /// Whatever was done before the process was killed in the middle of a write: all that was written whole is told,
        /// nothing else is, and the next line stands behind it.
        #[test]
        fn what_was_written_whole_is_told_as_it_was(
            ops in proptest::collection::vec((0u8..7, 0u32..6), 1..60),
            cut in any::<proptest::sample::Index>(),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("journal.jsonl");
            let all = Arc::new(items(6));
            let mut journal = Journal::open(&path, Arc::clone(&all)).unwrap();
            let mut after = vec![journal.told().standing.clone()];
            for (at, (op, item)) in (0..).zip(ops) {
                if let Some(entry) = step(&journal.told().standing, op, item, at) {
                    journal.write(std::slice::from_ref(&entry)).unwrap();
                    after.push(journal.told().standing.clone());
                }
            }
            let whole = fs::read(&path).unwrap();
            let kept = &whole[..cut.index(whole.len() + 1)];
            fs::write(&path, kept).unwrap();
            let lines = kept.iter().filter(|byte| **byte == b'\n').count();
            let mut again = Journal::open(&path, Arc::clone(&all)).unwrap();
            prop_assert_eq!(&again.told().standing, &after[lines]);
            let last = &after[after.len() - 1];
            for item in again.told().standing.all(Delivery::Confirmed) {
                prop_assert_eq!((last.delivery(item), last.offset(item)), (Delivery::Confirmed, after[lines].offset(item)));
            }
            again.write(&[Entry::Began { at: 0, ends: Vec::new() }]).unwrap();
            prop_assert_eq!(&told(&path, &all).unwrap().standing, &after[lines]);
        }

        /// Wherever a process is killed, the journal can be read, and no item that was confirmed is planned again.
        #[test]
        fn any_end_can_be_read(cut in 0usize..400) {
            let (_folder, path) = journal(&entries());
            let whole = fs::read(&path).unwrap();
            let kept = &whole[..cut.min(whole.len())];
            fs::write(&path, kept).unwrap();
            let told = told(&path, &items(6)).unwrap();
            let lines = kept.iter().filter(|byte| **byte == b'\n').count();
            prop_assert_eq!(told.standing.delivery(0) == Delivery::Confirmed, lines >= 3);
            prop_assert_eq!(told.standing.delivery(2) == Delivery::Planned, lines < 4);
        }
    }
}

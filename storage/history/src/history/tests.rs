//! The history as its users see it: rows in, rows out, whatever became of the files meanwhile.

use std::collections::{HashMap, HashSet};
use std::fs;

use arrow::array::AsArray;
use arrow::datatypes::{Int32Type, Int64Type, TimestampMicrosecondType};
use proptest::prelude::*;

use super::*;
use crate::sample::WHOLE;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// 2026-11-20.
const BEGIN: i64 = 1_795_132_800 * SECOND;
const KEEP: i64 = 90 * DAY;

fn sample(group: &str, partition: i32, at: i64, lag: i64) -> Sample {
    Sample {
        at,
        source: "shop".into(),
        group: group.into(),
        place: (partition >= 0).then(|| ("orders".into(), partition)),
        state: "ok",
        committed: Some(at / MINUTE),
        lag: Some(lag),
        behind: Some(lag as f64 / 10.0),
        written: (partition < 0).then_some(1.5),
        read: None,
        rebalances: None,
    }
}

fn place(partition: i32) -> HashMap<String, HashSet<i32>> {
    HashMap::from([("orders".to_owned(), HashSet::from([partition]))])
}

/// Group, partition, time, lag.
type Row = (String, i32, i64, Option<i64>);

fn rows(history: &History, wanted: &Wanted) -> Vec<Row> {
    let mut rows = Vec::new();
    for part in history.parts(wanted).unwrap() {
        for batch in part.read(wanted).unwrap().map(Result::unwrap) {
            let (groups, lags) = (batch.column(1).as_string_view(), batch.column(7).as_primitive::<Int64Type>());
            let partitions = batch.column(3).as_primitive::<Int32Type>();
            let times = batch.column(4).as_primitive::<TimestampMicrosecondType>();
            rows.extend((0..batch.num_rows()).map(|row| {
                (groups.value(row).to_owned(), partitions.value(row), times.value(row), lags.iter().nth(row).flatten())
            }));
        }
    }
    rows.sort();
    rows
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Two groups with two partitions, a row a minute.
fn fill(history: &History, minutes: std::ops::Range<i64>) {
    for minute in minutes {
        let at = BEGIN + minute * MINUTE + 7 * SECOND;
        let pairs = [("a", WHOLE), ("a", 0), ("a", 1), ("b", WHOLE), ("b", 0), ("b", 1)];
        history.add(pairs.map(|(group, partition)| sample(group, partition, at, minute)).into());
    }
}

#[test]
fn rows_are_the_same_in_memory_in_slots_in_hours_and_in_days() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path(), KEEP).unwrap();
    fill(&history, 0..26 * 60);
    let all = Wanted::default();
    let expected = rows(&history, &all);
    assert_eq!(expected.len(), 26 * 60 * 6);
    history.upkeep(BEGIN + 10 * MINUTE).unwrap();
    assert_eq!((rows(&history, &all), names(folder.path()).len()), (expected.clone(), 1));
    history.upkeep(BEGIN + 23 * HOUR).unwrap();
    assert_eq!(rows(&history, &all), expected);
    history.upkeep(BEGIN + 27 * HOUR).unwrap();
    assert_eq!(rows(&history, &all), expected);
    assert_eq!(
        names(folder.path()),
        ["20261120T000000Z_1d_1m.parquet", "20261121T000000Z_1h_1m.parquet", "20261121T010000Z_1h_1m.parquet"]
    );
    history.close().unwrap();
    assert_eq!(rows(&History::open(folder.path(), KEEP).unwrap(), &all), expected);
}

#[test]
fn what_is_wanted_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path(), KEEP).unwrap();
    fill(&history, 0..130);
    history.upkeep(BEGIN + 126 * MINUTE).unwrap();
    let wanted = Wanted {
        source: Some("shop".to_owned()),
        group: Some("b".to_owned()),
        from: Some(BEGIN + 50 * MINUTE),
        to: Some(BEGIN + 129 * MINUTE),
        ..Wanted::default()
    };
    assert_eq!(rows(&history, &wanted).len(), 79 * 3);
    let whole = Wanted { whole: Some(true), ..wanted.clone() };
    assert!(rows(&history, &whole).iter().all(|row| row.1 == WHOLE) && rows(&history, &whole).len() == 79);
    let one = Wanted { places: Some(place(1)), ..wanted.clone() };
    assert!(rows(&history, &one).iter().all(|row| row.1 == 1) && rows(&history, &one).len() == 79);
    let other = Wanted { source: Some("other".to_owned()), ..wanted };
    assert_eq!(rows(&history, &other), []);
}

#[test]
fn older_days_are_thinner_and_keep_their_peaks() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path(), KEEP).unwrap();
    fill(&history, 0..24 * 60);
    history.add(vec![sample("a", 0, BEGIN + 12 * HOUR + 30 * SECOND, 1_000_000)]);
    let of = |history: &History| {
        let wanted = Wanted { group: Some("a".to_owned()), places: Some(place(0)), ..Wanted::default() };
        rows(history, &wanted)
    };
    for (age, count) in [(1, 24 * 60 + 1), (5, 24 * 12), (30, 48)] {
        history.upkeep(BEGIN + age * DAY + HOUR).unwrap();
        let rows = of(&history);
        let most = rows.iter().filter_map(|row| row.3).max();
        assert_eq!((rows.len(), most, names(folder.path()).len()), (count, Some(1_000_000), 1), "{age} days");
    }
    history.upkeep(BEGIN + 92 * DAY).unwrap();
    assert_eq!((of(&history), names(folder.path())), (vec![], vec![]));
}

#[test]
fn a_crash_between_writing_and_deleting_doubles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path(), KEEP).unwrap();
    fill(&history, 0..60);
    history.upkeep(BEGIN + 61 * MINUTE).unwrap();
    let slots = names(folder.path());
    let copies: Vec<Vec<u8>> = slots.iter().map(|name| fs::read(folder.path().join(name)).unwrap()).collect();
    history.upkeep(BEGIN + 66 * MINUTE).unwrap();
    let expected = rows(&history, &Wanted::default());
    drop(history);
    slots.iter().zip(copies).for_each(|(name, bytes)| fs::write(folder.path().join(name), bytes).unwrap());
    fs::write(folder.path().join("20261120T010000Z_5m_1m.tmp"), "half").unwrap();
    fs::write(folder.path().join("notes.txt"), "not ours").unwrap();
    let history = History::open(folder.path(), KEEP).unwrap();
    assert_eq!(rows(&history, &Wanted::default()), expected);
    assert_eq!(names(folder.path()), ["20261120T000000Z_1h_1m.parquet", "notes.txt"]);
}

#[test]
fn what_comes_late_joins_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path(), KEEP).unwrap();
    fill(&history, 0..60);
    history.upkeep(BEGIN + 2 * HOUR).unwrap();
    history.add(vec![sample("a", 0, BEGIN + 30 * MINUTE + 30 * SECOND, 77)]);
    history.upkeep(BEGIN + 2 * HOUR).unwrap();
    assert_eq!(names(folder.path()).len(), 1);
    assert_eq!(rows(&history, &Wanted::default()).len(), 361);
}

#[test]
fn readers_go_on_though_their_file_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path(), KEEP).unwrap();
    fill(&history, 0..60);
    history.upkeep(BEGIN + 61 * MINUTE).unwrap();
    let parts = history.parts(&Wanted::default()).unwrap();
    history.upkeep(BEGIN + 2 * DAY).unwrap();
    let count: usize = parts
        .iter()
        .flat_map(|part| part.read(&Wanted::default()).unwrap())
        .map(|batch| batch.unwrap().num_rows())
        .sum();
    assert_eq!((parts.len(), count), (12, 360));
}

#[test]
fn a_damaged_file_is_set_aside_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path(), KEEP).unwrap();
    fill(&history, 0..60);
    history.close().unwrap();
    let broken = folder.path().join("20261120T001500Z_5m_1m.parquet");
    drop(history);
    fs::write(&broken, "PAR1 nothing PAR1").unwrap();
    let history = History::open(folder.path(), KEEP).unwrap();
    assert_eq!(rows(&history, &Wanted::default()).len(), 55 * 6);
    assert!(matches!(history.upkeep(BEGIN + DAY), Err(HistoryError::Damaged { .. })));
    history.upkeep(BEGIN + DAY).unwrap();
    assert_eq!(names(folder.path()), ["20261120T000000Z_1h_1m.parquet", "20261120T001500Z_5m_1m.damaged"]);
    assert_eq!(rows(&history, &Wanted::default()).len(), 55 * 6);
}

/// It was asked for again and again, and then nothing at all was told.
#[test]
fn a_file_that_somebody_deleted_leaves_out_only_itself() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path(), KEEP).unwrap();
    fill(&history, 0..60);
    history.close().unwrap();
    let history = History::open(folder.path(), KEEP).unwrap();
    fs::remove_file(folder.path().join("20261120T001500Z_5m_1m.parquet")).unwrap();
    assert_eq!(rows(&history, &Wanted::default()).len(), 55 * 6);
}

#[test]
fn nothing_is_lost_while_nothing_can_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("history");
    let history = History::open(&inner, KEEP).unwrap();
    fill(&history, 0..10);
    fs::remove_dir(&inner).unwrap();
    assert!(matches!(history.upkeep(BEGIN + HOUR), Err(HistoryError::Disk { .. })));
    assert_eq!(rows(&history, &Wanted::default()).len(), 60);
    fs::create_dir(&inner).unwrap();
    history.upkeep(BEGIN + HOUR).unwrap();
    assert_eq!((rows(&history, &Wanted::default()).len(), names(&inner).len()), (60, 2));
}

proptest! {
    // Each writes files, synced.
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// However rows come and whenever files are made of them, each is there once.
    #[test]
    fn rows_come_out_as_they_went_in(
        minutes in proptest::collection::vec((0_i64..200, 0_i32..4, 0_i64..50), 1..80),
        looks in proptest::collection::vec(0_i64..400, 0..5),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let history = History::open(folder.path(), KEEP).unwrap();
        let mut expected = HashSet::new();
        let mut looks = looks.into_iter();
        for (at, (minute, partition, lag)) in minutes.into_iter().enumerate() {
            // No two of one pair at one moment.
            let at = BEGIN + minute * MINUTE + i64::try_from(at).unwrap();
            expected.insert(("g".to_owned(), partition, at, Some(lag)));
            history.add(vec![sample("g", partition, at, lag)]);
            if at % 13 == 0 && let Some(look) = looks.next() {
                history.upkeep(BEGIN + look * MINUTE).unwrap();
            }
        }
        history.upkeep(BEGIN + 300 * MINUTE).unwrap();
        let found = rows(&history, &Wanted::default());
        prop_assert_eq!(found.len(), expected.len());
        prop_assert_eq!(found.into_iter().collect::<HashSet<_>>(), expected);
    }
}

//! What is told of a broker's groups from pass to pass.

use tapline_api::LagState;
use tapline_history::History;

use super::*;

const LOOK: i64 = 15_000_000;

/// A broker with groups that are told name by name.
struct World {
    watch: Watch,
    now: i64,
}

fn place() -> (String, i32) {
    ("orders".to_owned(), 0)
}

fn at(offset: i64) -> Result<Committed, GroupFault> {
    Ok(Committed::from([(place(), offset)]))
}

fn denied() -> Result<Committed, GroupFault> {
    Err(GroupFault::Denied)
}

impl World {
    fn new() -> Self {
        Self { watch: Watch::new("shop", Duration::from_secs(15)), now: 0 }
    }

    /// Looks once at a partition from 0 to `end`; without one nothing is told of it.
    fn look(&mut self, groups: &[(&str, Result<Committed, GroupFault>)], end: Option<i64>, partial: bool) -> Board {
        self.now += LOOK;
        let group = |name: &str| Group { name: name.to_owned(), kind: None, state: None };
        let ends = end.map(|end| (place(), PartitionEnds { start: Some(0), stable: Some(end), end: Some(end) }));
        let list = GroupList {
            groups: groups.iter().map(|(name, _)| group(name)).collect(),
            partial,
            listed: true,
            ..GroupList::default()
        };
        let committed = groups.iter().map(|(_, committed)| committed.clone()).collect();
        let untold = usize::from(end.is_none());
        let ends = ends.into_iter().collect();
        let asked = Asked { at: self.now, list, committed, details: BTreeMap::new(), ends, untold };
        self.watch.take(asked, &BTreeSet::new(), &View::default(), &Ledger::default())
    }
}

#[test]
fn who_commits_while_ends_are_not_told_is_not_ahead() {
    let mut world = World::new();
    world.look(&[("reader", at(90))], Some(100), false);
    let untold = world.look(&[("reader", at(150))], None, false);
    assert_eq!((untold.groups[0].worst(), untold.groups[0].lag()), (LagState::Ok, Some(10)));
    assert!(untold.problems[0].sentence.contains("of one partition was not told"), "{:?}", untold.problems);
    let told = world.look(&[("reader", at(190))], Some(200), false);
    assert_eq!((told.groups[0].lag(), told.groups[0].lost()), (Some(10), 0));
    assert!(told.problems.is_empty());
}

#[test]
fn a_group_that_cannot_be_asked_stays_as_it_was_and_says_so() {
    let mut world = World::new();
    world.look(&[("reader", at(90))], Some(100), false);
    let board = world.look(&[("reader", denied()), ("hidden", denied())], Some(200), false);
    let [reader] = board.groups.as_slice() else { panic!("{:?}", board.groups) };
    assert_eq!((reader.at, reader.fault.is_some()), (LOOK, true));
    let [problem] = board.problems.as_slice() else { panic!("{:?}", board.problems) };
    assert!(problem.sentence.starts_with("`hidden`, `reader` cannot be asked: the right"), "{problem:?}");
    let again = world.look(&[("reader", at(200)), ("hidden", denied())], Some(200), false);
    assert_eq!((again.groups[0].lag(), again.groups[0].fault.is_some()), (Some(0), false));
    assert_eq!(again.groups[0].trend, [Some(10), None, Some(0)]);
}

#[test]
fn groups_of_a_broker_that_does_not_answer_are_kept_and_deleted_ones_are_not() {
    let mut world = World::new();
    world.look(&[("one", at(90)), ("two", at(80))], Some(100), false);
    let partial = world.look(&[("one", at(90))], Some(100), true);
    let faults: Vec<_> = partial.groups.iter().map(|group| (group.name.as_str(), group.fault.is_some())).collect();
    assert_eq!(faults, [("one", false), ("two", true)]);
    let whole = world.look(&[("one", at(90))], Some(100), false);
    assert_eq!(whole.groups.len(), 1);
}

/// A group that had stopped was told to keep up after every restart, and its alert would have been resolved.
#[test]
fn who_had_stopped_has_stopped_after_a_restart_too() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path(), i64::MAX / 2).unwrap();
    let mut world = World::new();
    world.now = 1_795_132_800_000_000;
    let look = |world: &mut World, end| {
        let board = world.look(&[("reader", at(90)), ("idle", at(end))], Some(end), false);
        history.add(world.watch.record(&board));
        board.groups.iter().find(|group| group.name == "reader").unwrap().worst()
    };
    let states: Vec<LagState> = (0..120).map(|n| look(&mut world, 100 + n)).collect();
    assert_eq!(states.last(), Some(&LagState::Stop));
    world.watch = Watch::new("shop", Duration::from_secs(15));
    world.watch.restore(&history, world.now).unwrap();
    assert_eq!(look(&mut world, 300), LagState::Stop);
    // Where nothing is written any more either.
    for _ in 0..160 {
        look(&mut world, 300);
    }
    world.watch = Watch::new("shop", Duration::from_secs(15));
    world.watch.restore(&history, world.now).unwrap();
    assert_eq!(look(&mut world, 300), LagState::Stop);
}

#[test]
fn what_changes_has_a_row_a_minute_and_what_stands_one_in_ten() {
    let mut world = World::new();
    let mut count = |offset: &dyn Fn(i64) -> i64, end: &dyn Fn(i64) -> i64| {
        let mut rows = 0;
        for n in 0..160 {
            let board = world.look(&[("reader", at(offset(n)))], Some(end(n)), false);
            rows += world.watch.record(&board).iter().filter(|sample| sample.place.is_some()).count();
        }
        rows
    };
    assert_eq!(count(&|n| n, &|n| n), 40);
    let standing = count(&|_| 200, &|_| 200);
    assert!((4..=6).contains(&standing), "{standing}");
}

/// Eleven partitions that were read up hid a twelfth that stood still since before anybody looked.
#[test]
fn who_has_read_everything_elsewhere_is_not_therefore_on_time() {
    let mut world = World::new();
    let mut look = |end| {
        let two = Committed::from([(place(), 90), (("orders".to_owned(), 1), 50)]);
        world.now += LOOK;
        let ends = |end| PartitionEnds { start: Some(0), stable: Some(end), end: Some(end) };
        let list = GroupList {
            groups: vec![Group { name: "reader".to_owned(), kind: None, state: None }],
            listed: true,
            ..GroupList::default()
        };
        let ends = BTreeMap::from([(place(), ends(end)), (("orders".to_owned(), 1), ends(50))]);
        let (committed, details) = (vec![Ok(two)], BTreeMap::new());
        let asked = Asked { at: world.now, list, committed, details, ends, untold: 0 };
        world.watch.take(asked, &BTreeSet::new(), &View::default(), &Ledger::default())
    };
    assert_eq!(look(100).groups[0].behind(), None);
    assert_eq!(look(90).groups[0].behind(), Some((0.0, true)));
}

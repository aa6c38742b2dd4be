//! What somebody has to know before a replay starts: each thing a sentence with its events behind it. Done when it is
//! planned, and once more when it starts: what was read has to be true then.

use std::collections::BTreeMap;

use tapline_api::{Count, Level, PlanCheck, PlanWarning, ReplayPlan, ReplayRequest, thousands};
use tapline_archive::View;
use tapline_model::time;

use crate::error::ReplayError;
use crate::headers::{AT, ATTEMPT, BY, ID, ITEM, ORIGIN};
use crate::item::{Item, Items, Stand};
use crate::message::Changes;
use crate::plan::count::{by_key, count, keys};
use crate::plan::destination::{look_at_target, readers};
use crate::plan::guards::{loops, replayed_before, restored, since};
use crate::plan::newer::newer;
use crate::plan::targets::{Target, describe};
use crate::plan::{Planning, SHOWN};
use crate::read::load;

/// Events that cannot be changed, after which no more are tried.
const BROKEN: usize = 5;

/// Events whose change is tried while planning.
const TRIED: u32 = 200;

/// What a plan says, and what has to be the same when it starts.
#[derive(Debug)]
pub(crate) struct Examined {
    pub(crate) plan: ReplayPlan,
    pub(crate) targets: Vec<Target>,
}

/// Looks at items as they would be sent now. `before` says which of them another replay has put back.
pub(crate) fn examine(
    planning: &Planning<'_>,
    view: &View,
    items: &Items,
    request: &ReplayRequest,
    changes: &Changes,
    before: &dyn Fn(u64) -> Option<i64>,
) -> Result<Examined, ReplayError> {
    let mut plan = ReplayPlan::default();
    count(items, time::now(), &mut plan);
    let goals: std::collections::BTreeSet<u32> = items.items.iter().map(|item| item.to).collect();
    let goals: Vec<(u32, Stand)> = goals.into_iter().map(|at| (at, items.stands[at as usize].clone())).collect();
    let described = describe(planning.sources, &goals)?;
    for target in &described {
        look_at_target(items, target, &mut plan);
        readers(planning, items, target, &mut plan);
    }
    loops(items, &mut plan);
    replayed_before(items, before, &mut plan);
    since(items, &newer(view, items, planning.stop)?, &mut plan);
    restored(request, &mut plan);
    samples(view, items, changes, &mut plan)?;
    plan.stamped = stamped(items);
    #[expect(clippy::cast_precision_loss, reason = "seconds are shown")]
    let seconds = |rate: f64| items.items.len() as f64 / rate;
    plan.seconds = request.rate.map(seconds).or_else(|| as_it_was(items, request.speed));
    Ok(Examined { plan, targets: described.into_iter().map(|described| described.target).collect() })
}

#[expect(clippy::cast_precision_loss, reason = "seconds are shown")]
fn as_it_was(items: &Items, speed: Option<f64>) -> Option<f64> {
    let speed = speed?;
    let first = items.items.iter().map(|item| item.due).find(|due| *due != i64::MIN)?;
    Some(items.items.last()?.due.saturating_sub(first) as f64 / 1e6 / speed)
}

pub(super) fn warn(kind: &str, level: Level, sentence: String, detail: Option<String>) -> PlanWarning {
    let kind = kind.to_owned();
    PlanWarning { kind, level, sentence, detail, items: 0, addresses: Vec::new(), sql: None }
}

/// A warning with the events it is about.
pub(super) fn about(mut warning: PlanWarning, items: &Items, numbers: &[u32]) -> PlanWarning {
    let address = |number: &u32| items.address(&items.items[*number as usize]).to_string();
    warning.items = numbers.len() as u64;
    warning.addresses = numbers.iter().take(SHOWN).map(address).collect();
    warning
}

pub(super) fn check(level: Level, sentence: impl Into<String>) -> PlanCheck {
    PlanCheck { level, sentence: sentence.into() }
}

pub(super) fn where_to(items: &Items, of: impl Fn(&Item) -> bool) -> Vec<u32> {
    (0..).zip(&items.items).filter(|(_, item)| of(item)).map(|(number, _)| number).collect()
}

/// "1 event", "1,259 events".
pub(super) fn events(count: usize) -> String {
    if count == 1 { "1 event".to_owned() } else { format!("{} events", thousands(count as u64)) }
}

/// Reads some: which headers go, whether they can be changed, and how the most frequent keys are called.
fn samples(view: &View, items: &Items, changes: &Changes, plan: &mut ReplayPlan) -> Result<(), ReplayError> {
    let total = u32::try_from(items.items.len()).unwrap_or(u32::MAX);
    let keys = keys(items);
    let mut numbers: Vec<u32> = (0..total.min(TRIED)).collect();
    numbers.extend(keys.iter().map(|(_, _, number)| *number));
    let edited: std::collections::HashSet<u64> = changes.edited().collect();
    numbers.extend((0..total).filter(|number| edited.contains(&items.hash(&items.items[*number as usize]))));
    numbers.sort_unstable();
    numbers.dedup();
    let (mut gone, mut broken, mut why) = (Vec::new(), Vec::new(), None);
    let mut names = BTreeMap::new();
    for loaded in load(view, items, &numbers)? {
        let item = &items.items[loaded.number as usize];
        let Some((batch, row)) = &loaded.row else {
            gone.push(loaded.number);
            continue;
        };
        let row = batch.row(*row, item.is_failed());
        for name in row.taken_off(changes.own()) {
            if !plan.stripped.iter().any(|known| known == name) && plan.stripped.len() < SHOWN {
                plan.stripped.push(name.to_owned());
            }
        }
        names.insert(loaded.number, row.key_text());
        if let Err(error) = changes.message(&row, items.hash(item)) {
            broken.push(loaded.number);
            why.get_or_insert(error);
            // A program may take seconds before it is stopped: a few show that it does.
            if broken.len() == BROKEN {
                break;
            }
        }
    }
    let named =
        keys.iter().filter_map(|(_, count, number)| Some(Count { name: names.get(number)?.clone(), count: *count }));
    plan.by_key = by_key(items, named.collect(), plan.keys);
    if !gone.is_empty() {
        let sentence = format!("{} can no longer be read from the archive", events(gone.len()));
        plan.warnings.push(about(warn("gone", Level::Warn, sentence, None), items, &gone));
    } else if total > 0 {
        let looked = numbers.len();
        plan.checks.push(check(
            Level::Ok,
            format!("Originals: {looked} of {looked} that were looked at are in the archive, byte for byte"),
        ));
    }
    if !broken.is_empty() {
        let sentence = format!("{} of {} that were tried cannot be changed so", broken.len(), numbers.len());
        plan.warnings.push(about(warn("change", Level::Bad, sentence, why), items, &broken));
    }
    Ok(())
}

fn stamped(items: &Items) -> Vec<(String, String)> {
    let Some(first) = items.items.first() else { return Vec::new() };
    let pairs = [
        (ID, "r-…".to_owned()),
        (ITEM, "…/0".to_owned()),
        (ATTEMPT, first.attempt.to_string()),
        (ORIGIN, items.address(first).to_string()),
        (BY, "who starts it".to_owned()),
        (AT, "when".to_owned()),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

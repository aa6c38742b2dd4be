//! Rows of the timeline: a lane for each service and each destination, a row for each event and each step between them,
//! rows of one type gathered where that is wished. Owns what stands where; [`super::drawing`] owns what is drawn in it.

use std::collections::{HashMap, HashSet};

use super::{
    items::{Item, holds, items},
    steps::Between,
    story::Story,
};
use crate::{format::number, order::sort_by_key};

/// What a lane belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum LaneKind {
    /// Who works.
    Service,
    /// Where events lie.
    Destination,
    /// What is not there.
    Missing,
}

/// Rows that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Lane {
    /// What it belongs to.
    pub(crate) kind: LaneKind,
    /// Its name.
    pub(crate) name: String,
    /// Source of a destination.
    pub(crate) source: String,
}

/// What a row shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// A member, by its place in the list.
    Member(usize),
    /// A step, by its place in [`Between::steps`].
    Step(usize),
    /// Something missing, by its place in the answer.
    Missing(usize),
}

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// Place in [`Layout::lanes`].
    pub(crate) lane: usize,
    /// Whether it is the first of its lane.
    pub(crate) head: bool,
    /// Event type, or what a service does.
    pub(crate) name: String,
    /// The same as it is shown.
    pub(crate) short: String,
    /// What tells it from others of its name.
    pub(crate) note: String,
    /// What it shows; more than one for rows gathered by type.
    pub(crate) parts: Vec<Part>,
    /// For gathered rows the name by which they are opened, and whether they are.
    pub(crate) gathered: Option<(String, bool)>,
}

/// What to show of a chain.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Wish {
    /// Only what holds this text.
    pub(crate) find: String,
    /// Rows of one type as one.
    pub(crate) by_type: bool,
    /// Gathered rows that are opened.
    pub(crate) open: HashSet<String>,
}

/// Where everything stands.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Layout {
    /// In the order in which the chain reached them.
    pub(crate) lanes: Vec<Lane>,
    /// From the top.
    pub(crate) rows: Vec<Row>,
    /// For each member its row; absent when it is filtered away.
    pub(crate) member_row: Vec<Option<usize>>,
    /// The same for steps.
    pub(crate) step_row: Vec<Option<usize>>,
}

/// Lays a chain out.
pub(crate) fn lay_out(story: &Story, between: &Between, wish: &Wish) -> Layout {
    let find = wish.find.trim().to_lowercase();
    let mut items: Vec<Item> =
        items(story, between).filter(|item| find.is_empty() || holds(story, between, item, &find)).collect();
    let mut ranks: HashMap<Lane, usize> = HashMap::new();
    for item in &items {
        let rank = ranks.entry(item.lane.clone()).or_insert(item.rank);
        *rank = (*rank).min(item.rank);
    }
    sort_by_key(&mut items, |item| (ranks.get(&item.lane).copied(), item.at, item.rank));
    let mut layout = Layout {
        member_row: vec![None; story.members().len()],
        step_row: vec![None; between.steps.len()],
        ..Layout::default()
    };
    for lane in items.chunk_by(|one, other| one.lane == other.lane) {
        layout.lanes.push(lane[0].lane.clone());
        layout.push_lane(lane, wish);
    }
    layout
}

impl Layout {
    /// The lane of a row.
    pub(crate) fn lane_at(&self, row: usize) -> Option<&Lane> {
        self.rows.get(row).and_then(|row| self.lanes.get(row.lane))
    }

    fn push_lane(&mut self, items: &[Item], wish: &Wish) {
        let first = self.rows.len();
        let mut groups: HashMap<(&str, &str), Vec<&Item>> = HashMap::new();
        for item in items {
            groups.entry((&item.name, item.look)).or_default().push(item);
        }
        for item in items {
            let same = &groups[&(item.name.as_str(), item.look)];
            if !wish.by_type || same.len() < 2 || item.lane.kind == LaneKind::Missing {
                self.push(item, &[item], None);
            } else if same[0].part == item.part {
                self.push_gathered(item, same, wish);
            }
        }
        if let Some(row) = self.rows.get_mut(first) {
            row.head = true;
        }
    }

    fn push_gathered(&mut self, item: &Item, same: &[&Item], wish: &Wish) {
        let key = format!("{}/{}/{}/{}", item.lane.source, item.lane.name, item.look, item.name);
        let open = wish.open.contains(&key);
        self.push(item, same, Some((key, open)));
        if open {
            for one in same {
                self.push(one, &[one], None);
            }
        }
    }

    fn push(&mut self, item: &Item, all: &[&Item], gathered: Option<(String, bool)>) {
        let row = self.rows.len();
        for one in all {
            match one.part {
                Part::Member(index) => self.member_row[index] = Some(row),
                Part::Step(index) => self.step_row[index] = Some(row),
                Part::Missing(_) => {}
            }
        }
        let note =
            if gathered.is_some() { format!("×{}", number::short(all.len() as u64)) } else { item.note.clone() };
        self.rows.push(Row {
            lane: self.lanes.len() - 1,
            head: false,
            name: item.name.clone(),
            short: item.short.clone(),
            note,
            parts: all.iter().map(|one| one.part).collect(),
            gathered,
        });
    }

    /// Members in the order in which they stand on the page, one for each row.
    pub(crate) fn stops(&self, between: &Between) -> Vec<(usize, usize)> {
        let stop = |(index, row): (usize, &Row)| match row.parts.first()? {
            Part::Member(member) => Some((index, *member)),
            // A step has no event of its own: its first effect is a row itself.
            Part::Step(step) => between.steps[*step]
                .effects
                .first()
                .filter(|effect| self.member_row[**effect].is_none())
                .map(|effect| (index, *effect)),
            Part::Missing(_) => None,
        };
        self.rows.iter().enumerate().filter_map(stop).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{samples::*, steps::between},
        *,
    };

    fn rows(wish: &Wish) -> Vec<String> {
        let story = order();
        let layout = lay_out(&story, &between(&story), wish);
        layout
            .rows
            .iter()
            .map(|row| format!("{}: {} {}", layout.lanes[row.lane].name, row.name, row.note).trim().to_owned())
            .collect()
    }

    #[test]
    fn lanes_stand_in_the_order_in_which_the_chain_reached_them() {
        let want = [
            "orders: writes OrderPlaced",
            "orders: OrderPlaced 0 · OrderPlaced",
            "orders: OrderPlaced-again 0 · OrderPlaced-again",
            "inventory: handles OrderPlaced",
            "inventory: StockReserved 0 · StockReserved",
            "payments: gives up OrderPlaced 3 tries",
            "payments: handles OrderPlaced-again",
            "orders-dlt: OrderPlaced-dead 0 · OrderPlaced-dead",
            "payments: PaymentAuthorized 0 · PaymentAuthorized",
        ];
        assert_eq!(rows(&Wish::default()), want);
    }

    #[test]
    fn a_filter_keeps_what_holds_its_words() {
        let wish = Wish { find: " STOCK ".into(), ..Wish::default() };
        assert_eq!(rows(&wish), ["inventory: handles OrderPlaced", "inventory: StockReserved 0 · StockReserved"]);
        let story = order();
        let layout = lay_out(&story, &between(&story), &wish);
        assert_eq!(layout.member_row, [None, Some(1), None, None, None]);
    }

    #[test]
    fn rows_of_one_type_are_gathered_and_can_be_opened() {
        let members = (0..50).map(|n| {
            let mut line = event("Line", "lines", n, None);
            line.address = format!("k/lines/0/{n}");
            line
        });
        let story = Story::new(chain(tapline_api::ChainState::Complete, members.collect(), &[]), 0);
        let between = between(&story);
        let mut wish = Wish { by_type: true, ..Wish::default() };
        let closed = lay_out(&story, &between, &wish);
        assert_eq!((closed.rows.len(), closed.rows[0].note.as_str()), (1, "×50"));
        wish.open.insert(closed.rows[0].gathered.clone().unwrap().0);
        let open = lay_out(&story, &between, &wish);
        assert_eq!((open.rows.len(), open.member_row[49]), (51, Some(50)));
    }

    #[test]
    fn stepping_goes_through_events_from_top_to_bottom() {
        let story = order();
        let between = between(&story);
        let stops = lay_out(&story, &between, &Wish::default()).stops(&between);
        assert_eq!(stops.iter().map(|(_, member)| *member).collect::<Vec<_>>(), [0, 3, 1, 2, 4]);
    }
}

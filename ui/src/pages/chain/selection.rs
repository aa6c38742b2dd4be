//! The chosen member: in the address, moved by keys, followed by the drawer.

use leptos::{html::ElementType, prelude::*};
use wasm_bindgen::JsCast;

use super::picture::Drawn;
use crate::{
    drawer::{self, Neighbours},
    keyboard::{Command, use_commands},
    react::{effect, memo},
    state::url::{Address, use_address},
};

/// The chosen member and how to choose another.
#[derive(Clone, Copy)]
pub(crate) struct Selection {
    /// Its place in the list; absent when nothing is chosen or the chosen one is not part of the chain.
    pub(crate) member: Memo<Option<usize>>,
    /// Counts up when the chosen one must be brought into view.
    pub(crate) moved: RwSignal<u32>,
    /// Members in the order of the page.
    pub(crate) order: RwSignal<Vec<usize>>,
    drawn: Drawn,
    address: Address,
}

/// The selection of a chain's page.
pub(crate) fn use_selection(drawn: Drawn) -> Selection {
    let address = use_address();
    let chosen =
        memo(move || address.query.with(|query| query.get("event").or_else(|| query.get("member")).map(str::to_owned)));
    let member = memo(move || {
        chosen.with(|chosen| drawn.now.with(|now| chosen.as_deref().and_then(|chosen| now.0.story.place(chosen))))
    });
    let (order, moved) = (RwSignal::new(Vec::new()), RwSignal::new(0));
    let selection = Selection { member, moved, order, drawn, address };
    // Whoever chose it: a key, the drawer, or the link that was opened.
    effect(move || {
        if chosen.with(Option::is_some) {
            moved.update(|moved| *moved += 1);
        }
    });
    let Neighbours(neighbours) = expect_context();
    effect(move || {
        let addresses = order.with(|order| {
            drawn.now.with(|now| {
                order
                    .iter()
                    .filter_map(|member| now.0.story.members().get(*member))
                    .map(|member| member.address.clone())
                    .collect()
            })
        });
        neighbours.set(addresses);
    });
    on_cleanup(move || drop(neighbours.try_set(Vec::new())));
    use_commands(move |command| selection.obey(command));
    selection
}

impl Selection {
    /// Chooses a member; an open drawer follows.
    pub(crate) fn choose(self, member: usize) {
        let Some(address) = self.at(member) else { return };
        if self.address.query.with_untracked(|query| query.get("event").is_some()) {
            drawer::open(self.address, Some(&address));
        } else {
            self.address.replace(|query| query.set("member", Some(&address)));
        }
    }

    /// Chooses a member and opens the drawer for it.
    pub(crate) fn open(self, member: usize) {
        if let Some(address) = self.at(member) {
            drawer::open(self.address, Some(&address));
        }
    }

    /// The next or previous member of the page.
    pub(crate) fn step(self, down: bool) {
        let next = self.order.with_untracked(|order| {
            let here = self.member.get_untracked().and_then(|member| order.iter().position(|other| *other == member));
            order.get(next(here, down, order.len())?).copied()
        });
        if let Some(next) = next {
            self.choose(next);
        }
    }

    fn at(self, member: usize) -> Option<String> {
        self.drawn.now.with_untracked(|now| now.0.story.members().get(member).map(|member| member.address.clone()))
    }

    fn obey(self, command: Command) -> bool {
        match command {
            Command::Down | Command::Up => {
                self.step(command == Command::Down);
                true
            }
            Command::Open => self.member.get_untracked().map(|member| self.open(member)).is_some(),
            Command::Close => self.forget(),
            _ => false,
        }
    }

    /// Takes the selection away; an open drawer is closed by its own listener first.
    fn forget(self) -> bool {
        let chosen =
            self.address.query.with_untracked(|query| query.get("member").is_some() && query.get("event").is_none());
        if chosen {
            self.address.replace(|query| query.set("member", None));
        }
        chosen
    }
}

/// Scrolls where the chosen member is not in view; `place` says how many pixels below the top of `body` it stands.
pub(crate) fn keep_in_view<E>(body: NodeRef<E>, selection: Selection, place: impl Fn(usize) -> Option<f64> + 'static)
where
    E: ElementType,
    E::Output: JsCast + Clone + 'static,
{
    Effect::new(move |before: Option<u32>| {
        let moved = selection.moved.get();
        let place = selection.member.get_untracked().and_then(&place);
        if let (Some(place), Some(body), true) = (place, body.get(), before.unwrap_or(0) != moved) {
            scroll_to(body.unchecked_ref(), place);
        }
        moved
    });
}

fn scroll_to(body: &web_sys::Element, place: f64) {
    let Some(page) = body.closest(".page").ok().flatten() else { return };
    let (inner, outer) = (body.get_bounding_client_rect(), page.get_bounding_client_rect());
    let top = inner.top() + place - outer.top();
    // What stands under the axis, or under the lower edge, is not in view.
    let (high, low) = (52.0, outer.height() - 78.0);
    let by = if top < high {
        top - high
    } else if top > low {
        top - low
    } else {
        return;
    };
    page.set_scroll_top(page.scroll_top() + by as i32);
}

/// The place after or before; without one the first or the last.
fn next(here: Option<usize>, down: bool, count: usize) -> Option<usize> {
    match (here, down) {
        _ if count == 0 => None,
        (None, true) => Some(0),
        (None, false) => Some(count - 1),
        (Some(here), true) => Some((here + 1).min(count - 1)),
        (Some(here), false) => Some(here.saturating_sub(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stepping_begins_at_an_end_and_stops_at_the_other() {
        assert_eq!([next(None, true, 3), next(None, false, 3), next(None, true, 0)], [Some(0), Some(2), None]);
        assert_eq!(
            [next(Some(2), true, 3), next(Some(1), false, 3), next(Some(0), false, 3)],
            [Some(2), Some(0), Some(0)]
        );
    }
}

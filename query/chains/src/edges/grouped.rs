//! Edges for members that nothing declared leads to: the best earlier member that shares something.

use std::collections::{BTreeSet, HashMap};

use tapline_api::EdgeRule;

use super::Link;
use crate::book::{Book, RowAt, TokenAt};
use crate::row::Role;
use crate::token::Token;

/// One edge for each member in `order` that is not in `led_to` and shares a connecting token with an earlier one.
pub(super) fn grouped(
    book: &Book<'_>,
    order: &[RowAt],
    connecting: &BTreeSet<TokenAt>,
    led_to: &BTreeSet<RowAt>,
) -> Vec<Link> {
    let mut sizes = HashMap::<TokenAt, usize>::new();
    for row in order {
        for (token, _) in book.tokens_of(*row).iter().filter(|(token, _)| connecting.contains(token)) {
            *sizes.entry(*token).or_default() += 1;
        }
    }
    // The latest holder of each token, the events themselves before their copies.
    let (mut latest, mut latest_copy) = (HashMap::<TokenAt, RowAt>::new(), HashMap::<TokenAt, RowAt>::new());
    let mut links = Vec::new();
    for row in order {
        if !led_to.contains(row) {
            let shared = book.tokens_of(*row).iter().filter_map(|(token, role)| {
                let from = latest.get(token).or_else(|| latest_copy.get(token))?;
                let rank = rank((*role)?);
                Some(((rank, sizes[token], *token), *from, role.as_ref()?))
            });
            if let Some(((rank, _, token), from, role)) = shared.min_by_key(|(order, ..)| *order) {
                links.push(link(book, from, *row, rank, token, *role));
            }
        }
        let holders = if book.rows[*row].is_copy() { &mut latest_copy } else { &mut latest };
        for (token, _) in book.tokens_of(*row).iter().filter(|(token, _)| connecting.contains(token)) {
            holders.insert(*token, *row);
        }
    }
    links
}

/// Scopes before identifiers: they say that it was the same run.
fn rank(role: Role) -> u8 {
    match role {
        Role::Trace | Role::OriginTrace => 0,
        Role::Conversation => 1,
        Role::Correlation => 2,
        Role::Message | Role::Causation => 3,
        Role::Key | Role::Business | Role::Replay => 4,
    }
}

fn link(book: &Book<'_>, from: RowAt, to: RowAt, rank: u8, token: TokenAt, role: Role) -> Link {
    let held = |row: RowAt| {
        let row = &book.rows[row];
        let id = row.ids.iter().find(|id| Token::of(row, id).as_ref() == Some(&book.tokens[token]))?;
        Some((id.name.to_string(), id.value.to_string()))
    };
    let (name, value) = held(to).unwrap_or_default();
    let there = held(from).map(|(name, _)| name).filter(|there| *there != name);
    let evidence = match (role, there) {
        (Role::Trace | Role::OriginTrace, None) => format!("both are in trace `{value}`"),
        (_, None) => format!("both hold `{name}={value}`"),
        (_, Some(there)) => format!("`{name}` here is `{there}` there: `{value}`"),
    };
    let rule = if rank <= 2 { EdgeRule::Correlation } else { EdgeRule::Id };
    Link { from, to, rule, evidence }
}

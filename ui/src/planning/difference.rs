//! Two texts line by line: what went, what came, and a little of what stayed around it.

/// Lines of both texts that are compared one by one; longer middles are told as gone and come.
const COMPARED: usize = 400;
/// Lines that stay and are shown around what changed.
const AROUND: usize = 2;

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stayed.
    Same,
    /// It went.
    Gone,
    /// It came.
    Come,
    /// Here lines that stayed are left out.
    Skipped,
}

/// A line and what became of it.
pub(super) type Line = (Fate, String);

/// The lines of a change, without most of what stayed; empty where nothing changed.
pub(super) fn difference(before: &str, after: &str) -> Vec<Line> {
    let (before, after): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let head = before.iter().zip(&after).take_while(|(one, other)| one == other).count();
    let (left, right) = (&before[head..], &after[head..]);
    let tail = left.iter().rev().zip(right.iter().rev()).take_while(|(one, other)| one == other).count();
    let mut lines: Vec<Line> = before[..head].iter().map(|line| kept(line)).collect();
    middle(&left[..left.len() - tail], &right[..right.len() - tail], &mut lines);
    lines.extend(left[left.len() - tail..].iter().map(|line| kept(line)));
    shortened(lines)
}

fn kept(line: &str) -> Line {
    (Fate::Same, line.to_owned())
}

/// The longest common lines of what differs, by the table of textbooks.
fn middle(left: &[&str], right: &[&str], lines: &mut Vec<Line>) {
    let (rows, columns) = (left.len() + 1, right.len() + 1);
    let few = rows <= COMPARED && columns <= COMPARED;
    let mut longest = vec![0_u16; if few { rows * columns } else { 0 }];
    for row in (0..rows - 1).rev().filter(|_| few) {
        for column in (0..columns - 1).rev() {
            longest[row * columns + column] = if left[row] == right[column] {
                longest[(row + 1) * columns + column + 1] + 1
            } else {
                longest[(row + 1) * columns + column].max(longest[row * columns + column + 1])
            };
        }
    }
    let at = |row: usize, column: usize| longest.get(row * columns + column).copied().unwrap_or_default();
    let (mut row, mut column) = (0, 0);
    while row < left.len() || column < right.len() {
        let both = row < left.len() && column < right.len();
        if both && few && left[row] == right[column] {
            lines.push(kept(left[row]));
            (row, column) = (row + 1, column + 1);
        } else if row < left.len() && (!both || at(row + 1, column) >= at(row, column + 1)) {
            lines.push((Fate::Gone, left[row].to_owned()));
            row += 1;
        } else {
            lines.push((Fate::Come, right[column].to_owned()));
            column += 1;
        }
    }
}

fn shortened(lines: Vec<Line>) -> Vec<Line> {
    let changed: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].0 != Fate::Same).collect();
    let near = |at: usize| changed.iter().any(|changed| changed.abs_diff(at) <= AROUND);
    let mut short: Vec<Line> = Vec::new();
    for (at, line) in lines.into_iter().enumerate() {
        if near(at) {
            short.push(line);
        } else if !changed.is_empty() && short.last().is_none_or(|(fate, _)| *fate != Fate::Skipped) {
            short.push((Fate::Skipped, "…".to_owned()));
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Fate::*, *};

    fn marks(before: &str, after: &str) -> String {
        let mark = |(fate, line): Line| match fate {
            Same => format!(" {line}"),
            Gone => format!("-{line}"),
            Come => format!("+{line}"),
            Skipped => line,
        };
        difference(before, after).into_iter().map(mark).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn what_changed_stands_among_what_stayed() {
        assert_eq!(marks("a\nb\nc\nd\ne\nf", "a\nb\nc\nD\ne\nf"), "…| b| c|-d|+D| e| f");
        assert_eq!(marks("a\nb", "a\nb"), "");
        assert_eq!(marks("", "a"), "+a");
        assert_eq!(marks("x\na\ny\nb", "a\nz\nb"), "-x| a|-y|+z| b");
    }

    proptest! {
        #[test]
        fn both_texts_can_be_read_from_it(
            one in prop::collection::vec("[a-c]", 0..8), other in prop::collection::vec("[a-c]", 0..8),
        ) {
            let mut lines = Vec::new();
            let borrow = |lines: &[String]| lines.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
            middle(&one.iter().map(String::as_str).collect::<Vec<_>>(), &other.iter().map(String::as_str).collect::<Vec<_>>(), &mut lines);
            let side = |without: Fate| lines.iter().filter(|(fate, _)| *fate != without).map(|(_, line)| line.clone()).collect::<Vec<_>>();
            prop_assert_eq!(borrow(&side(Come)), borrow(&one));
            prop_assert_eq!(borrow(&side(Gone)), borrow(&other));
        }
    }
}

//! What a run may use up: steps, memory, stack and depth, so that no program and no payload can hold the server.
//!
//! jaq cannot be interrupted, but whatever it does goes through here: it looks up every term it evaluates
//! (`functions::Run::lut`) and does everything else to values (`value`), which are this crate's. What is used up for ever
//! is counted, not what is in use, because that needs no bookkeeping when something is dropped. A run that has spent its
//! budget unwinds to the thread it was begun on (`isolated`); no text is printed, as no panic hook is called.

use std::any::Any;
use std::cell::Cell;
use std::hint::black_box;
use std::thread;

/// Terms evaluated and values touched, about 10 to 100 ns each; more of them for each byte of the event, up to its first
/// mebibyte: changing every value of a large one is legitimate.
const STEPS: u64 = 4_000_000;
const STEPS_A_BYTE: u64 = 40;
const STEPS_UP_TO: u64 = 1 << 20;
/// Bytes of values made, and of what the interpreter keeps; more of them for each byte, up to four mebibytes.
const BYTES: u64 = 64 << 20;
const BYTES_A_BYTE: u64 = 64;
const BYTES_UP_TO: u64 = 4 << 20;
/// What the interpreter may keep for a term it evaluates.
pub(crate) const TERM: usize = 64;
/// Stack of a run, of which it may use a part: to drop what is deep takes less than it took to make it.
const STACK: usize = 64 << 20;
const USABLE: usize = STACK / 16;
/// What stands deep costs more steps, one for so much of the stack beyond the first pieces: whatever is asked for there is
/// handed from call to call. Calls that are not optimised take more.
const PIECE: usize = if cfg!(debug_assertions) { 8 << 10 } else { 2 << 10 };
const PIECES: usize = 8;
/// Arrays and objects within each other.
pub(crate) const DEPTH: u16 = 128;
/// Places beyond what is there (`.a` of null, slices of slices) once a program has asked for paths. The interpreter keeps
/// a path as a list that drops itself by calling itself, and nothing else bounds how long it gets.
const PLACES: u32 = 50_000;

/// What a run used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spent {
    /// Time.
    Steps,
    /// Memory.
    Bytes,
    /// Definitions that call each other.
    Stack,
    /// Values within values.
    Depth,
}

thread_local! {
    static LEFT: Cell<(u64, u64)> = const { Cell::new((u64::MAX, u64::MAX)) };
    static BOTTOM: Cell<usize> = const { Cell::new(0) };
    static PLACES_LEFT: Cell<Option<u32>> = const { Cell::new(None) };
}

/// How a run on a thread of its own can fail.
pub(crate) enum Failure {
    /// It spent its budget.
    Spent(Spent),
    /// It panicked: a mistake of ours or of the interpreter.
    Panicked,
    /// The system gives no thread.
    NoThread(std::io::Error),
}

/// Runs on a thread of its own, with a stack whose size is known. Steps and memory are counted from `begin` on.
pub(crate) fn isolated<T: Send>(run: impl FnOnce() -> T + Send) -> Result<T, Failure> {
    on_stack(STACK, || {
        BOTTOM.set(here());
        run()
    })
}

/// From here on a run may use up so much as an event of this size gives. Before, the event is read, which takes no more
/// than it is long.
pub(crate) fn begin(size: usize) {
    let size = size as u64;
    LEFT.set((STEPS + STEPS_A_BYTE * size.min(STEPS_UP_TO), BYTES + BYTES_A_BYTE * size.min(BYTES_UP_TO)));
}

/// Runs on a thread of its own that has so much stack. The system gives memory only for what is used of it.
pub(crate) fn on_stack<T: Send>(stack: usize, run: impl FnOnce() -> T + Send) -> Result<T, Failure> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("transform".to_owned()).stack_size(stack).spawn_scoped(scope, run);
        thread.map_err(Failure::NoThread)?.join().map_err(failure)
    })
}

fn failure(payload: Box<dyn Any + Send>) -> Failure {
    payload.downcast::<Spent>().map_or(Failure::Panicked, |spent| Failure::Spent(*spent))
}

/// Takes steps. Unwinds when none are left, or the stack is.
pub(crate) fn steps(count: usize) {
    let used = BOTTOM.get().abs_diff(here());
    let count = count.max(1).saturating_mul((used / PIECE).saturating_sub(PIECES) + 1);
    let (steps, bytes) = LEFT.get();
    let left = steps.saturating_sub(count as u64);
    LEFT.set((left, bytes));
    if left == 0 {
        stop(Spent::Steps);
    }
    if used > USABLE {
        stop(Spent::Stack);
    }
}

/// Takes memory, before it is asked of the system. Unwinds when there is not so much.
pub(crate) fn bytes(count: usize) {
    let (steps, bytes) = LEFT.get();
    let left = bytes.saturating_sub(count as u64);
    LEFT.set((steps, left));
    if left == 0 {
        stop(Spent::Bytes);
    }
}

/// Unwinds if values stand too deep within each other: what walks them calls itself.
pub(crate) fn depth(depth: u16) -> u16 {
    if depth > DEPTH {
        stop(Spent::Depth);
    }
    depth
}

/// From here on places are counted.
pub(crate) fn count_places() {
    PLACES_LEFT.set(PLACES_LEFT.get().or(Some(PLACES)));
}

/// Takes a place beyond what is there.
pub(crate) fn place() {
    steps(1);
    if let Some(left) = PLACES_LEFT.get() {
        PLACES_LEFT.set(Some(left.saturating_sub(1)));
        if left == 0 {
            stop(Spent::Depth);
        }
    }
}

fn stop(spent: Spent) {
    // What is dropped while unwinding may be counted once more: a second unwinding would end the process.
    if !thread::panicking() {
        std::panic::resume_unwind(Box::new(spent));
    }
}

/// About where the stack is.
#[inline(never)]
fn here() -> usize {
    let mark = 0_u8;
    std::ptr::from_ref(black_box(&mark)).addr()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spent<T: Send>(run: impl FnOnce() -> T + Send) -> Option<Spent> {
        let counted = || {
            begin(0);
            run()
        };
        match isolated(counted) {
            Err(Failure::Spent(spent)) => Some(spent),
            _ => None,
        }
    }

    fn dive(depth: u64) -> u64 {
        steps(1);
        let frame = black_box([depth; 512]);
        if frame[0] == u64::MAX { depth } else { black_box(dive(depth + 1)) + frame[1] }
    }

    #[test]
    fn each_budget_ends_a_run() {
        assert_eq!(
            spent(|| loop {
                steps(1)
            }),
            Some(Spent::Steps)
        );
        assert_eq!(spent(|| bytes(usize::MAX)), Some(Spent::Bytes));
        assert_eq!(spent(|| depth(DEPTH + 1)), Some(Spent::Depth));
        assert_eq!(spent(|| dive(0)), Some(Spent::Stack));
        assert_eq!(spent(|| steps(1_000)), None);
    }

    #[test]
    fn what_is_dropped_while_a_run_unwinds_ends_nothing_else() {
        struct Counts;
        impl Drop for Counts {
            fn drop(&mut self) {
                steps(1);
                bytes(1);
            }
        }
        let run = || {
            let _counts = Counts;
            steps(usize::MAX);
        };
        assert_eq!(spent(run), Some(Spent::Steps));
    }
}

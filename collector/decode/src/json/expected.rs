//! Services write the same fields in the same order, so the name that followed another one last time is likely to
//! follow it again. One comparison then stands for finding the end of a name and asking the sink what it means.
//!
//! A name that is not the expected one is read and asked about as if nothing were here.

use wide::u8x16;

/// Bytes compared: a name of at most 30, its closing quote and the colon.
const WINDOW: usize = 32;
/// Many more than the names of an event: two names in one place forget each other's followers again and again.
const PLACES: usize = 2048;

/// The names last seen, for texts scanned one after the other.
#[derive(Debug)]
pub(crate) struct ExpectedNames<I> {
    /// By the place of a name, which depends on the name before it too (the `id` of a customer is not the `id` of an
    /// item): what followed it.
    followers: Box<[Follower<I>]>,
    /// Place of the name just read; 0 before the first.
    last: usize,
}

#[derive(Debug, Clone, Copy)]
struct Follower<I> {
    /// Zero where the value begins.
    spelled: [u8x16; 2],
    mask: [u8x16; 2],
    length: usize,
    depth: usize,
    interest: Option<I>,
    place: usize,
}

impl<I: Copy> Default for ExpectedNames<I> {
    fn default() -> Self {
        Self { followers: vec![Follower::nothing(); PLACES].into(), last: 0 }
    }
}

impl<I> Follower<I> {
    fn nothing() -> Self {
        // Masked by zero no bytes are equal to ones.
        let (spelled, mask) = ([u8x16::ONE; 2], [u8x16::ZERO; 2]);
        Self { spelled, mask, length: 0, depth: 0, interest: None, place: 0 }
    }
}

impl<I: Copy> ExpectedNames<I> {
    /// Learns nothing: for a text now and then, for which all these places would cost more than they save.
    pub(super) fn none() -> Self {
        Self { followers: [Follower::nothing()].into(), last: 0 }
    }

    /// Before the first name of a text.
    pub(super) fn restart(&mut self) {
        self.last = 0;
    }

    /// Length and interest of the name at the start of `rest`, behind its quote, if it is the one expected at this
    /// depth and a quote and a colon follow.
    #[inline(always)]
    pub(super) fn find(&mut self, rest: &[u8], depth: usize) -> Option<(usize, Option<I>)> {
        let [low, high] = halves(rest.first_chunk()?);
        let follower = &self.followers[self.last % PLACES];
        let ([spelled_low, spelled_high], [mask_low, mask_high]) = (follower.spelled, follower.mask);
        let same = (low & mask_low).simd_eq(spelled_low) & (high & mask_high).simd_eq(spelled_high);
        if !same.all() || follower.depth != depth {
            return None;
        }
        self.last = follower.place;
        Some((follower.length, follower.interest))
    }

    /// Expects the first `length` bytes of `rest` here the next time.
    pub(super) fn learn(&mut self, rest: &[u8], length: usize, depth: usize, interest: Option<I>) {
        let learns = length + 2 <= WINDOW && self.followers.len() == PLACES;
        let Some(window) = rest.first_chunk::<WINDOW>().filter(|_| learns) else { return };
        let (mut mask, mut spelled) = ([0; WINDOW], [0; WINDOW]);
        mask[..length + 2].fill(0xff);
        spelled[..length + 2].copy_from_slice(&window[..length + 2]);
        let place = place(self.last, &spelled);
        self.followers[self.last % PLACES] =
            Follower { spelled: halves(&spelled), mask: halves(&mask), length, depth, interest, place };
        self.last = place;
    }
}

fn place(last: usize, spelled: &[u8; WINDOW]) -> usize {
    let (words, _) = spelled.as_chunks::<8>();
    let mix = |mixed: u64, word: &[u8; 8]| (mixed.rotate_left(5) ^ u64::from_le_bytes(*word)).wrapping_mul(FACTOR);
    (words.iter().fold(last as u64, mix) >> 32) as usize % PLACES
}

/// 2^64 divided by the golden ratio: spreads what differs in a few bits.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

#[inline(always)]
fn halves(bytes: &[u8; WINDOW]) -> [u8x16; 2] {
    let (chunks, _) = bytes.as_chunks::<16>();
    [u8x16::new(chunks[0]), u8x16::new(chunks[1])]
}

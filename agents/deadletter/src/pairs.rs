//! What dead letters of many files have in common, found once for all of them.

use std::collections::HashMap;
use std::sync::Arc;

use tapline_archive::Place;

use crate::letters::{Letter, Letters, Sample};

/// Counts letters by pairs of sample and type: whatever is the same for all of a pair is done once.
pub(crate) trait Tally<'a> {
    /// The number of a new pair.
    fn pair(&mut self, sample: &'a Sample, kind: Option<&'a str>) -> usize;
    /// A letter of the pair of this number.
    fn letter(&mut self, pair: usize, place: Place, letter: &'a Letter);
}

/// Goes through the letters that are `wanted`.
pub(crate) fn each_letter<'a>(
    places: &'a [(Place, Arc<Letters>)],
    wanted: impl Fn(&Letter) -> bool,
    tally: &mut impl Tally<'a>,
) {
    // Samples are shared between files: the same has the same place in memory.
    let mut known = HashMap::<(usize, Option<&str>), usize>::new();
    for (place, letters) in places {
        let mut here = HashMap::<(u32, u32), usize>::new();
        for letter in letters.letters.iter().filter(|letter| wanted(letter)) {
            let pair = *here.entry((letter.sample, letter.kind)).or_insert_with(|| {
                let sample = &letters.samples[letter.sample as usize];
                let kind = letters.types[letter.kind as usize].as_deref();
                *known.entry((Arc::as_ptr(sample).addr(), kind)).or_insert_with(|| tally.pair(sample, kind))
            });
            tally.letter(pair, *place, letter);
        }
    }
}

//! Which partition a key goes to, as the two families of clients compute it that most producers use, and which of them
//! explains where keys stand.

use std::collections::BTreeSet;

/// How a client turns a key into a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partitioner {
    /// The Java client's, and of what follows it: murmur2. A null key may go anywhere, an empty one is hashed.
    JavaMurmur2,
    /// `consistent_random`, librdkafka's default, and of what wraps it (Python, .NET, Go, Node): CRC-32. A null or empty
    /// key may go anywhere.
    LibrdkafkaConsistentRandom,
}

impl Partitioner {
    /// All that are known.
    pub const ALL: [Self; 2] = [Self::JavaMurmur2, Self::LibrdkafkaConsistentRandom];

    /// The number that decides the partition of a key; `None` where the partitioner may choose any.
    pub fn hash(self, key: Option<&[u8]>) -> Option<u32> {
        match (self, key?) {
            // Java drops the sign, it does not negate.
            (Self::JavaMurmur2, key) => Some(murmur2(key) & 0x7fff_ffff),
            (Self::LibrdkafkaConsistentRandom, []) => None,
            (Self::LibrdkafkaConsistentRandom, key) => Some(crc32(key)),
        }
    }

    /// The partition of a key, of as many as there are; `None` where the partitioner may choose any.
    pub fn partition(self, key: Option<&[u8]>, partitions: i32) -> Option<i32> {
        let partitions = u32::try_from(partitions).ok().filter(|count| *count > 0)?;
        i32::try_from(self.hash(key)? % partitions).ok()
    }
}

/// What explains where keys stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Detected {
    /// The better explanation.
    pub partitioner: Partitioner,
    /// Different keys that stand where it puts them.
    pub agreeing: usize,
    /// Different keys that do not: written when there were fewer partitions, or by another producer.
    pub contradicting: usize,
}

/// Less than this much chance that as many keys agree by accident.
const ACCIDENT: f64 = 1e-4;

/// Finds out by which partitioner keys came to their partitions: the one with which at least nine of ten different keys
/// agree, if there are enough of them that accident cannot explain it. One partition tells nothing.
pub fn detect<'k>(observed: impl IntoIterator<Item = (&'k [u8], i32)>, partitions: i32) -> Option<Detected> {
    let different: BTreeSet<(&[u8], i32)> = observed.into_iter().collect();
    let tried = Partitioner::ALL.map(|partitioner| {
        let judged =
            different.iter().filter_map(|&(key, at)| Some(partitioner.partition(Some(key), partitions)? == at));
        let (agreeing, contradicting): (Vec<bool>, Vec<bool>) = judged.partition(|agrees| *agrees);
        Detected { partitioner, agreeing: agreeing.len(), contradicting: contradicting.len() }
    });
    tried
        .into_iter()
        .max_by_key(|tried| tried.agreeing)
        .filter(|best| best.agreeing >= 9 * best.contradicting && is_no_accident(best.agreeing, partitions))
}

fn is_no_accident(agreeing: usize, partitions: i32) -> bool {
    let agreeing = i32::try_from(agreeing).unwrap_or(i32::MAX);
    f64::from(partitions.max(1)).recip().powi(agreeing) < ACCIDENT
}

/// Kafka's hash of keys: `org.apache.kafka.common.utils.Utils.murmur2`, which reads words as little endian.
pub fn murmur2(key: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let length = u32::try_from(key.len()).unwrap_or(u32::MAX);
    let mut hash = 0x9747_b28c ^ length;
    let (words, rest) = key.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k = (k ^ (k >> 24)).wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ k;
    }
    if !rest.is_empty() {
        let tail = rest.iter().rev().fold(0, |tail, byte| (tail << 8) | u32::from(*byte));
        hash = (hash ^ tail).wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    hash ^ (hash >> 15)
}

/// CRC-32 of IEEE 802.3, as zlib computes it.
pub fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| (crc >> 8) ^ CRC_TABLE[usize::from((crc as u8) ^ byte)])
}

const CRC_TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut value = index as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { (value >> 1) ^ 0xedb8_8320 } else { value >> 1 };
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    /// From Kafka's own `UtilsTest` and librdkafka's `unittest_murmur2`.
    #[test]
    fn murmur2_is_javas() {
        for (key, expected) in [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
            ("kafka", 0xd067_cf64_u32 as i32),
            ("giberish123456789", 0x8f55_2b0c_u32 as i32),
            ("234", 0xe7c0_09ca_u32 as i32),
            ("4", 0x5a4b_5ca1),
            ("", 0x106e_08d9),
        ] {
            assert_eq!(murmur2(key.as_bytes()) as i32, expected, "{key}");
        }
    }

    #[test]
    fn crc32_is_zlibs() {
        for (bytes, expected) in [("", 0), ("123456789", 0xcbf4_3926), ("The quick brown fox", 0xb745_74de)] {
            assert_eq!(crc32(bytes.as_bytes()), expected, "{bytes}");
        }
    }

    #[test]
    fn what_may_go_anywhere_has_no_partition() {
        use Partitioner::{JavaMurmur2, LibrdkafkaConsistentRandom};
        assert_eq!(JavaMurmur2.partition(None, 6), None);
        assert_eq!(JavaMurmur2.partition(Some(b""), 6), Some(0x106e_08d9 % 6));
        assert_eq!(LibrdkafkaConsistentRandom.partition(None, 6), None);
        assert_eq!(LibrdkafkaConsistentRandom.partition(Some(b""), 6), None);
        assert_eq!(LibrdkafkaConsistentRandom.partition(Some(b"123456789"), 6), Some((0xcbf4_3926_u32 % 6) as i32));
        assert_eq!(JavaMurmur2.partition(Some(b"k"), 0), None);
    }

    fn keys(count: usize) -> Vec<Vec<u8>> {
        (0..count).map(|n| format!("ORD-{n}").into_bytes()).collect()
    }

    fn placed(keys: &[Vec<u8>], by: Partitioner, partitions: i32) -> Vec<(&[u8], i32)> {
        keys.iter().map(|key| (key.as_slice(), by.partition(Some(key), partitions).unwrap())).collect()
    }

    #[test]
    fn the_partitioner_is_known_by_where_keys_stand() {
        let keys = keys(40);
        for partitioner in Partitioner::ALL {
            for partitions in [2, 6, 50] {
                let found = detect(placed(&keys, partitioner, partitions), partitions).unwrap();
                assert_eq!(found, Detected { partitioner, agreeing: 40, contradicting: 0 });
            }
        }
    }

    #[test]
    fn a_few_contradictions_are_counted_and_many_hide_it() {
        let keys = keys(40);
        let mut observed = placed(&keys, Partitioner::JavaMurmur2, 6);
        observed.iter_mut().take(4).for_each(|(_, at)| *at = (*at + 1) % 6);
        let found = detect(observed.iter().copied(), 6).unwrap();
        assert_eq!((found.agreeing, found.contradicting), (36, 4));
        observed.iter_mut().take(12).for_each(|(_, at)| *at = (*at + 1) % 6);
        assert_eq!(detect(observed, 6), None);
    }

    #[test]
    fn little_evidence_is_none() {
        let keys = keys(5);
        assert_eq!(detect(placed(&keys, Partitioner::JavaMurmur2, 6), 6), None);
        let again = [placed(&keys, Partitioner::JavaMurmur2, 6), placed(&keys, Partitioner::JavaMurmur2, 6)].concat();
        assert_eq!(detect(again, 6), None, "a key that is seen again says nothing new");
        assert_eq!(detect(placed(&keys, Partitioner::JavaMurmur2, 1), 1), None);
        assert_eq!(detect([], 6), None);
    }
}

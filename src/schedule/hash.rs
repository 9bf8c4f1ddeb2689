//! A hash that stays what it is: phases must survive restarts, upgrades and other machines, which the standard library's
//! hashers do not promise.

/// Hashes a text: FNV-1a for the bytes, mixed so that ids which differ in their last letter land far apart.
pub(super) fn text(text: &str) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    mix(text.bytes().fold(OFFSET, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(PRIME)
    }))
}

/// The finisher of SplitMix64.
pub(super) fn mix(hash: u64) -> u64 {
    let hash = hash.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// Spreads hashes evenly over `0..range`.
pub(super) fn spread(hash: u64, range: u64) -> u64 {
    // The upper half of a product of two 64-bit numbers is less than either of them.
    ((u128::from(hash) * u128::from(range)) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        // SplitMix64 seeded with 1234567 begins with this number (its reference implementation).
        assert_eq!(mix(1_234_567), 6_457_827_717_110_365_317);
        assert_eq!(text("facebook/login/x"), text("facebook/login/x"));
        assert_ne!(text("facebook/login/x"), text("facebook/login/y"));
    }

    #[test]
    fn ids_spread_over_the_interval() {
        let mut buckets = [0; 10];
        for i in 0..1000 {
            buckets[spread(text(&format!("acme/api/check{i}")), 10) as usize] += 1;
        }
        assert!(buckets.iter().all(|n| (70..130).contains(n)), "{buckets:?}");
    }
}

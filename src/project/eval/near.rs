//! A map from expressions, in which those that stand together in a file lie together in memory: most are asked for in their order, and in
//! a file of millions each step to another place would wait for memory.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::ir::ExprId;
use crate::libraries::shared::value::FileId;

/// What is kept of expressions.
pub type NearMap<T> = HashMap<(FileId, ExprId), T, BuildHasherDefault<Near>>;

/// An odd number whose multiples spread over all bits.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
/// The bits of a hash by which a map tells keys of one place apart.
const TAG: u64 = 0x7f << 57;

/// Hashes a file and an expression: the place of the file's first one, and as many further.
#[derive(Default)]
pub struct Near(u64);

impl Hasher for Near {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u32(u32::from(byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        let number = u64::from(number);
        let place = self.0.wrapping_mul(SPREAD).wrapping_add(number);
        self.0 = (place & !TAG) | (place ^ number.wrapping_mul(SPREAD)) & TAG;
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher, BuildHasherDefault};

    use super::*;

    #[test]
    fn expressions_of_a_file_lie_together_and_files_apart() {
        let hash = |file, expr| BuildHasherDefault::<Near>::default().hash_one((FileId(file), ExprId(expr)));
        let place = |file, expr| hash(file, expr) & !TAG;
        assert_eq!(place(3, 8), place(3, 7) + 1);
        assert!(place(3, 7).abs_diff(place(4, 7)) > 1 << 40);
        assert_ne!(hash(3, 8) & TAG, hash(3, 7) & TAG);
    }
}

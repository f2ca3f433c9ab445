//! The Merkle tree of RFC 6962: hashes, roots and proofs.
//!
//! What must stay true: leaves and nodes are hashed with different prefixes, so that neither can pass for the other, and a
//! proof holds exactly the hashes that its place asks for.
//!
//! Sources: RFC 6962, 2.1; RFC 9162, 2.1.3.2 for the verification.

use sha2::{Digest as _, Sha256};

/// A SHA-256 hash in the tree.
pub type Hash = [u8; 32];

/// The hash of an entry.
pub(super) fn leaf_hash(entry: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(entry).finalize().into()
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The root over the leaves' hashes.
pub(super) fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Sha256::digest([]).into(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&root(left), &root(right))
        }
    }
}

/// The largest power of two that is smaller than a length of at least two.
const fn split(length: usize) -> usize {
    length.next_power_of_two() / 2
}

/// The inclusion proof of the leaf at `index`, from the leaf upwards; `None` where there is no such leaf.
pub(super) fn included(leaves: &[Hash], index: usize) -> Option<Vec<Hash>> {
    match leaves {
        [] => None,
        [_] => (index == 0).then(Vec::new),
        _ => {
            let at = split(leaves.len());
            let (left, right) = leaves.split_at(at);
            let (mut proof, sibling) = if index < at {
                (included(left, index)?, root(right))
            } else {
                (included(right, index - at)?, root(left))
            };
            proof.push(sibling);
            Some(proof)
        }
    }
}

/// The root that an inclusion proof leads to; `None` where it has too many or too few hashes for its place.
pub(super) fn root_of(leaf: Hash, index: u64, size: u64, proof: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut node, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in proof {
        if last == 0 {
            return None;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            // A node without a right sibling moves up unchanged until it is a right child.
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    (last == 0).then_some(hash)
}

/// The proof that the first `size` leaves are a prefix of all; `None` for a size of zero or beyond the leaves.
pub(super) fn consistency(leaves: &[Hash], size: usize) -> Option<Vec<Hash>> {
    if size == 0 || size > leaves.len() {
        return None;
    }
    Some(subproof(leaves, size, true))
}

fn subproof(leaves: &[Hash], size: usize, whole: bool) -> Vec<Hash> {
    if size == leaves.len() {
        return if whole { Vec::new() } else { vec![root(leaves)] };
    }
    let at = split(leaves.len());
    let (left, right) = leaves.split_at(at);
    let (mut proof, sibling) = if size <= at {
        (subproof(left, size, whole), root(right))
    } else {
        (subproof(right, size - at, false), root(left))
    };
    proof.push(sibling);
    proof
}

/// Whether a proof shows that a log of `first` leaves with that root is the beginning of one of `second` leaves with that root.
pub(super) fn continues(first: (u64, Hash), second: (u64, Hash), proof: &[Hash]) -> bool {
    let ((first, first_root), (second, second_root)) = (first, second);
    if first == second || first == 0 {
        // Every log continues the one without leaves.
        return proof.is_empty() && (first == 0 || first_root == second_root);
    }
    if first > second {
        return false;
    }
    let (mut node, mut last) = (first - 1, second - 1);
    while node & 1 == 1 {
        (node, last) = (node >> 1, last >> 1);
    }
    // A whole tree is its own first node, and is not sent.
    let (begin, rest) = match proof.split_first() {
        _ if first.is_power_of_two() && !proof.is_empty() => (first_root, proof),
        Some((begin, rest)) => (*begin, rest),
        None => return false,
    };
    let (mut old, mut new) = (begin, begin);
    for sibling in rest {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            old = node_hash(sibling, &old);
            new = node_hash(sibling, &new);
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            new = node_hash(&new, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    last == 0 && old == first_root && new == second_root
}

#[cfg(test)]
mod tests {
    use ct_merkle::mem_backed_tree::MemoryBackedTree;

    use super::*;

    fn leaves(count: usize) -> Vec<Vec<u8>> {
        (0..count).map(|n| format!("entry {n}").into_bytes()).collect()
    }

    /// `ct-merkle` shares no code with this module.
    #[test]
    fn roots_and_proofs_are_those_of_an_independent_implementation() {
        for count in 1..=70 {
            let entries = leaves(count);
            let hashes: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
            let mut theirs = MemoryBackedTree::<Sha256, Vec<u8>>::new();
            entries.iter().cloned().for_each(|entry| theirs.push(entry));
            assert_eq!(root(&hashes).as_slice(), theirs.root().as_bytes().as_slice(), "root of {count}");
            for index in 0..count {
                let ours = included(&hashes, index).unwrap();
                assert_eq!(ours.concat(), theirs.prove_inclusion(index).as_bytes(), "leaf {index} of {count}");
                assert_eq!(root_of(hashes[index], index as u64, count as u64, &ours), Some(root(&hashes)));
            }
            for size in 1..count {
                let ours = consistency(&hashes, size).unwrap();
                assert_eq!(ours.concat(), theirs.prove_consistency(count - size).as_bytes(), "{size} of {count}");
                let earlier = (size as u64, root(&hashes[..size]));
                assert!(continues(earlier, (count as u64, root(&hashes)), &ours), "{size} of {count}");
            }
        }
    }

    #[test]
    fn a_proof_of_another_beginning_is_refused() {
        let hashes: Vec<Hash> = leaves(21).iter().map(|entry| leaf_hash(entry)).collect();
        let whole = (21, root(&hashes));
        for size in 1..21 {
            let (earlier, proof) = ((size as u64, root(&hashes[..size])), consistency(&hashes, size).unwrap());
            for other in (0..23).filter(|other| *other != size as u64) {
                assert!(!continues((other, earlier.1), whole, &proof), "{size} as {other}");
            }
            assert!(!continues((size as u64, [7; 32]), whole, &proof));
            assert!(!continues(earlier, (21, [7; 32]), &proof));
            assert!(!continues(earlier, whole, &proof[1..]));
            assert!(!continues(earlier, whole, &[&proof[..], &[[7; 32]]].concat()));
            assert!(!continues(whole, earlier, &proof));
        }
        assert!(continues(whole, whole, &[]) && continues((0, root(&[])), whole, &[]));
        assert!(!continues((0, root(&[])), whole, &[[7; 32]]) && !continues(whole, whole, &[[7; 32]]));
    }

    #[test]
    fn a_proof_for_another_place_size_or_root_is_refused() {
        let hashes: Vec<Hash> = leaves(21).iter().map(|entry| leaf_hash(entry)).collect();
        let whole = root(&hashes);
        for index in 0..21_u64 {
            let proof = included(&hashes, index as usize).unwrap();
            for other in 0..23 {
                let found = root_of(hashes[index as usize], other, 21, &proof);
                assert_eq!(found == Some(whole), other == index, "leaf {index} as {other}");
            }
            let mut longer = proof.clone();
            longer.push([7; 32]);
            assert_ne!(root_of(hashes[index as usize], index, 21, &longer), Some(whole));
            assert_ne!(root_of(hashes[index as usize], index, 21, &proof[1..]), Some(whole));
        }
        assert_eq!(consistency(&hashes, 0), None);
        assert_eq!(consistency(&hashes, 22), None);
    }
}

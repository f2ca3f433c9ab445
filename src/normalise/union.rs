//! Disjoint sets of indices.

use std::ops::Range;

/// Indices `0..n`, each in one set; the smallest member names the set, so the result does not depend on the order of joins.
#[derive(Debug)]
pub(super) struct Sets {
    parent: Vec<usize>,
}

impl Sets {
    /// Every index alone.
    pub(super) fn new(n: usize) -> Self {
        Self { parent: (0..n).collect() }
    }

    /// The smallest member of the set.
    pub(super) fn root(&mut self, index: usize) -> usize {
        let mut root = index;
        while let Some(&up) = self.parent.get(root) {
            if up == root {
                break;
            }
            root = up;
        }
        let mut at = index;
        while let Some(up) = self.parent.get_mut(at) {
            if *up == root {
                break;
            }
            at = std::mem::replace(up, root);
        }
        root
    }

    /// The sets that have a member among these indices (given in ascending order), by their smallest member; members ascend.
    pub(super) fn groups(&mut self, indices: impl Iterator<Item = usize> + Clone) -> Groups {
        let mut ends = vec![0_usize; self.parent.len()];
        for index in indices.clone() {
            if let Some(count) = ends.get_mut(self.root(index)) {
                *count += 1;
            }
        }
        let mut ranges = Vec::new();
        let mut total = 0;
        for (root, end) in ends.iter_mut().enumerate().filter(|(_, count)| **count > 0) {
            let start = total;
            total += *end;
            *end = start;
            ranges.push((root, start..total));
        }
        let mut members = vec![0; total];
        for index in indices {
            if let Some(end) = ends.get_mut(self.root(index)) {
                if let Some(place) = members.get_mut(*end) {
                    *place = index;
                }
                *end += 1;
            }
        }
        Groups { members, ranges }
    }

    /// Makes one set of two.
    pub(super) fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        let (small, large) = if one < other { (one, other) } else { (other, one) };
        if let Some(parent) = self.parent.get_mut(large) {
            *parent = small;
        }
    }
}

/// Sets, each with its members.
#[derive(Debug, Default)]
pub(super) struct Groups {
    members: Vec<usize>,
    ranges: Vec<(usize, Range<usize>)>,
}

impl Groups {
    /// The smallest member of each set, and where its members are in all of them.
    pub(super) fn ranges(&self) -> impl Iterator<Item = (usize, Range<usize>)> {
        self.ranges.iter().cloned()
    }

    /// The members of all sets, set by set.
    pub(super) fn into_members(self) -> Vec<usize> {
        self.members
    }

    /// The smallest member of each set, and all of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &[usize])> {
        self.ranges.iter().map(|(root, range)| (*root, self.members.get(range.clone()).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::Sets;

    #[test]
    fn the_smallest_member_names_a_set() {
        let mut sets = Sets::new(6);
        for (one, other) in [(4, 5), (3, 5), (1, 3)] {
            sets.join(one, other);
        }
        assert_eq!((0..6).map(|i| sets.root(i)).collect::<Vec<_>>(), [0, 1, 2, 1, 1, 1]);
        let groups = sets.groups([1, 2, 4, 5].into_iter());
        assert_eq!(groups.iter().collect::<Vec<_>>(), [(1, [1, 4, 5].as_slice()), (2, &[2])]);
    }
}

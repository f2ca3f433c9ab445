//! Disjoint sets of indices.

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

    /// Makes one set of two.
    pub(super) fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        let (small, large) = if one < other { (one, other) } else { (other, one) };
        if let Some(parent) = self.parent.get_mut(large) {
            *parent = small;
        }
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
    }
}

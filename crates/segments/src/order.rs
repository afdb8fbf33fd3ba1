//! The order of rows by their identity.

use crate::Identity;

/// How rows come into order.
#[derive(Debug)]
pub(crate) enum Order {
    /// They are in order, each identity once.
    Folded,
    /// By this permutation; equal identities follow each other in their old order.
    By(Vec<usize>),
}

pub(crate) fn order(identity: &Identity) -> Order {
    match identity {
        Identity::Series { series, times } => {
            let id = |row: usize| (series[row], times[row]);
            if (1..times.len()).all(|row| id(row - 1) < id(row)) {
                return Order::Folded;
            }
            let mut rows: Vec<usize> = (0..times.len()).collect();
            rows.sort_by_key(|row| id(*row));
            Order::By(rows)
        }
        Identity::Keyed { keys } => {
            if keys.is_sorted_by(|a, b| a < b) {
                return Order::Folded;
            }
            let mut rows: Vec<usize> = (0..keys.len()).collect();
            rows.sort_by(|a, b| keys[*a].cmp(&keys[*b]));
            Order::By(rows)
        }
    }
}

/// Whether two rows are versions of one.
pub(crate) fn same(identity: &Identity, a: usize, b: usize) -> bool {
    match identity {
        Identity::Series { series, times } => times[a] == times[b] && series[a] == series[b],
        Identity::Keyed { keys } => keys[a] == keys[b],
    }
}

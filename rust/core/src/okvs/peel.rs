//! Triangulation: an order in which the rows of a cluster can be solved, and the few that cannot.

use super::rows::Columns;
use super::shape::WEIGHT;

/// What peeling came to.
pub(super) struct Peeling {
    /// Rows with a column each that no row after them uses, in the order of peeling.
    pub order: Vec<(u32, u32)>,
    /// Rows that no column is left for.
    pub gap: Vec<u32>,
}

/// A column while peeling: how many rows still use it, and the exclusive or of their numbers, which is the last one's in the end.
#[derive(Clone, Copy, Default)]
struct Column {
    uses: u32,
    rows: u32,
}

/// Orders the rows; `None` when more than `most_gap` are left over.
///
/// Step 2 of Figure 1: take a column of least weight, solve one of its rows by it, leave its other rows to the gap. Columns of
/// weight one are found in constant time; when there is none, which a fraction of about 1 / n of all sets brings about once, the
/// lightest is looked for among all.
pub(super) fn peel(rows: &[Columns], columns: usize, most_gap: usize) -> Option<Peeling> {
    let mut state = vec![Column::default(); columns];
    for (number, row) in (0..).zip(rows) {
        for &column in row {
            let column = &mut state[column as usize];
            column.uses += 1;
            column.rows ^= number;
        }
    }
    let mut peeling = Peeling { order: Vec::with_capacity(rows.len()), gap: Vec::new() };
    let mut ready = vec![0; columns + WEIGHT];
    let mut waiting = 0;
    for (column, number) in state.iter().zip(0..) {
        ready[waiting] = number;
        waiting += usize::from(column.uses == 1);
    }
    loop {
        while waiting > 0 {
            waiting -= 1;
            let column = ready[waiting];
            let Column { uses: 1, rows: row } = state[column as usize] else { continue };
            peeling.order.push((row, column));
            waiting = remove(&mut state, rows, row, &mut ready, waiting);
        }
        if peeling.order.len() + peeling.gap.len() == rows.len() {
            return Some(peeling);
        }
        let lightest = (0..columns).filter(|&column| state[column].uses > 0).min_by_key(|&column| state[column].uses)? as u32;
        let others = state[lightest as usize].uses as usize - 1;
        if peeling.gap.len() + others > most_gap {
            return None;
        }
        let mut is_done = vec![false; rows.len()];
        peeling
            .order
            .iter()
            .map(|&(row, _)| row)
            .chain(peeling.gap.iter().copied())
            .for_each(|row| is_done[row as usize] = true);
        let users = (0..rows.len() as u32).filter(|&row| !is_done[row as usize] && rows[row as usize].contains(&lightest));
        for (place, row) in users.enumerate() {
            if place == 0 {
                peeling.order.push((row, lightest));
            } else {
                peeling.gap.push(row);
            }
            waiting = remove(&mut state, rows, row, &mut ready, waiting);
        }
    }
}

/// Takes a row out of its columns, and notes those that have one row left. Returns how many columns wait.
fn remove(state: &mut [Column], rows: &[Columns], row: u32, ready: &mut [u32], mut waiting: usize) -> usize {
    for &number in &rows[row as usize] {
        let column = &mut state[number as usize];
        column.uses -= 1;
        column.rows ^= row;
        ready[waiting] = number;
        waiting += usize::from(column.uses == 1);
    }
    waiting
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_triangular(rows: &[Columns], peeling: &Peeling) -> bool {
        let after = |place: usize| peeling.order[place + 1..].iter().map(|&(row, _)| rows[row as usize]);
        let is_own = |&(row, column): &(u32, u32)| rows[row as usize].contains(&column);
        peeling.order.iter().all(is_own)
            && (0..peeling.order.len()).all(|place| after(place).all(|row| !row.contains(&peeling.order[place].1)))
    }

    #[test]
    fn a_chain_is_peeled_whole() {
        let rows = [[0, 1, 2], [2, 3, 4], [4, 5, 0]];
        let peeling = peel(&rows, 6, 0).expect("each row has a column of its own");
        assert!(peeling.gap.is_empty() && is_triangular(&rows, &peeling));
    }

    #[test]
    fn of_two_equal_rows_one_is_left_to_the_gap() {
        let rows = [[0, 1, 2], [0, 1, 2], [2, 3, 4]];
        let peeling = peel(&rows, 5, 1).expect("a gap of one is allowed");
        assert_eq!((peeling.order.len(), peeling.gap.len()), (2, 1));
        assert!(is_triangular(&rows, &peeling));
        assert!(peel(&rows, 5, 0).is_none());
    }

    #[test]
    fn no_rows_have_no_order() {
        let peeling = peel(&[], 3, 0).expect("nothing to peel");
        assert!(peeling.order.is_empty() && peeling.gap.is_empty());
    }
}

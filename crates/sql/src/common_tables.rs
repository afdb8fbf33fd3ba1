//! The common table expressions that can be named at one place of a query.

use std::collections::HashMap;

/// What each common table expression in sight has, one level per query around; an inner one hides
/// an outer one of its name.
#[derive(Clone, Debug)]
pub struct CommonTables<T> {
    levels: Vec<HashMap<String, T>>,
}

impl<T> Default for CommonTables<T> {
    fn default() -> Self {
        Self { levels: Vec::new() }
    }
}

impl<T> CommonTables<T> {
    /// Enters a query: what it defines is in sight until it is left.
    pub fn enter(&mut self) {
        self.levels.push(HashMap::new());
    }

    /// Leaves the query entered last.
    pub fn leave(&mut self) {
        self.levels.pop();
    }

    /// Defines a common table expression of the query entered last.
    pub fn define(&mut self, name: String, table: T) {
        if let Some(level) = self.levels.last_mut() {
            level.insert(name, table);
        }
    }

    /// The innermost one of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&T> {
        self.levels.iter().rev().find_map(|level| level.get(name))
    }
}

#[cfg(test)]
mod tests {
    use super::CommonTables;

    #[test]
    fn inner_queries_hide_outer_ones_until_they_are_left() {
        let mut tables = CommonTables::default();
        tables.define("nowhere".to_owned(), 0);
        tables.enter();
        tables.define("a".to_owned(), 1);
        tables.define("b".to_owned(), 2);
        tables.enter();
        tables.define("a".to_owned(), 3);
        assert_eq!((tables.get("a"), tables.get("b"), tables.get("nowhere")), (Some(&3), Some(&2), None));
        tables.leave();
        assert_eq!((tables.get("a"), tables.get("b")), (Some(&1), Some(&2)));
        tables.leave();
        assert_eq!(tables.get("a"), None);
    }
}

//! Tables: make, change, drop. What a definition must obey stands in `rules`; how one is built
//! in `create`, how it changes in `alter`.

mod alter;
mod create;
mod drop;
mod rules;

pub(crate) use alter::altered;

#[cfg(test)]
mod tests;

//! The pool, and who drives a PostgreSQL connection, under thread interleavings that a model checker chooses.
//!
//! `scripts/model` builds the library with `--cfg steadfast_model`, so that its locks, atomics and tasks are those of
//! [shuttle](https://docs.rs/shuttle), and runs the tests in `tests/`. In every other build this crate is empty.

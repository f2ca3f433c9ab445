//! Evidence: written, verified by us and by programs that share no code with us, and attacked.

mod approvals;
mod attacks;
mod commands;
mod keys;
mod made;
mod mutations;
mod replays;
mod runs;
mod timestamps;
mod trust_files;
mod tsa;
mod vectors;

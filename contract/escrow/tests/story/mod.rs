// How the words of a story are read.

mod args;
pub mod json;
mod values;

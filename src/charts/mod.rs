//! Charts (biểu đồ): results as pictures that can be hung on a wall, in SVG.
//!
//! The drawing is our own: the crates that draw charts in SVG (plotters, charming, poloto and others) know no title and description
//! for those who cannot see, wrap and shorten no text, and compute in floats.
//!
//! `store` reads what `/indicators/{indicator}/results` reads, `rules` says it in words, and `draw` turns that into one text:
//! the same words are the same bytes.

pub mod draw;
pub mod http;
pub mod model;
pub mod rules;
pub mod store;

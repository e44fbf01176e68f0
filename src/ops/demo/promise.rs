//! The table at the end: each promise, whether it held, and the figures that say so.

use serde::Serialize;

/// One promise and how it fared.
#[derive(Debug, Clone, Serialize)]
pub struct Promise {
    /// In Chinese.
    pub zh: &'static str,
    /// In English.
    pub en: &'static str,
    /// Whether it held.
    pub held: bool,
    /// What was counted.
    pub figures: String,
}

impl Promise {
    /// A promise with its figures.
    pub fn new(zh: &'static str, en: &'static str, held: bool, figures: impl Into<String>) -> Self {
        Self { zh, en, held, figures: figures.into() }
    }
}

//! The simulator's time: a source that can be handed in, and an offset that the control API moves.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};

/// Where the simulator's time comes from, before the offset of the control API.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>);

impl Clock {
    /// The machine's own time.
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the simulator may not use our clock")]
        Self(Arc::new(Utc::now))
    }

    /// A source of the caller's choice, so that a story's clock moves both sides at once.
    pub fn from_source(source: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self(Arc::new(source))
    }

    /// The source's present moment.
    pub fn now(&self) -> DateTime<Utc> {
        (self.0)()
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock(…)")
    }
}

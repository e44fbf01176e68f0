//! What one test logs, down to trace.
//!
//! The subscriber is the process's, because interest in a call site is decided once for all threads; what it hears is
//! kept by thread, and each test has its own.

use std::{cell::RefCell, io, sync::Once};

use tracing_subscriber::fmt::format::FmtSpan;

static INSTALL: Once = Once::new();

thread_local! {
    static HEARD: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// From here on, all that this thread logs is kept.
pub fn listen() {
    INSTALL.call_once(|| {
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(FmtSpan::FULL)
            .with_ansi(false)
            .with_writer(|| Ear)
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
    HEARD.set(Some(Vec::new()));
}

/// What was kept.
pub fn heard() -> String {
    String::from_utf8(HEARD.take().unwrap()).unwrap()
}

struct Ear;

impl io::Write for Ear {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        HEARD.with_borrow_mut(|heard| {
            if let Some(heard) = heard {
                heard.extend_from_slice(bytes);
            }
        });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

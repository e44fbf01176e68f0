//! The figures of the merchant protocols as people read them, beside their goals.

use std::fmt;

use super::Report;
use crate::ops::bench::load::Figures;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (claims, callbacks) in self.claims.iter().zip(&self.callbacks) {
            run(f, "claims through Yoho", claims)?;
            run(f, "callbacks of Baidu", callbacks)?;
        }
        writeln!(f, "claims / callbacks: {:.2}   (goal 0.8)", self.ratio)?;
        run(f, "zvcms wallet with a cart", &self.listing)?;
        write!(f, "p95 of 500 wallets a second: {:.1} ms   (goal 10 ms)", self.listing.p95_ms)
    }
}

fn run(f: &mut fmt::Formatter<'_>, name: &str, run: &Figures) -> fmt::Result {
    writeln!(
        f,
        "{name:<28}{:>10.0}/s   p50 {:>7.1} ms   p95 {:>7.1} ms   p99 {:>7.1} ms   busy {}   errors {}",
        run.per_s, run.p50_ms, run.p95_ms, run.p99_ms, run.busy, run.errors
    )
}

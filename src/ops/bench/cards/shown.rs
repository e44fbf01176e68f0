//! The figures of cards as people read them.

use std::fmt;

use super::Report;
use crate::ops::bench::load::Figures;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (pushes, callbacks) in self.pushes.iter().zip(&self.callbacks) {
            run(f, "pushes of WeChat", pushes)?;
            run(f, "callbacks of Baidu", callbacks)?;
        }
        writeln!(f, "rows that the pushes left: {}", self.rows)?;
        write!(f, "pushes / callbacks: {:.2}", self.ratio)
    }
}

fn run(f: &mut fmt::Formatter<'_>, name: &str, run: &Figures) -> fmt::Result {
    writeln!(
        f,
        "{name:<28}{:>10.0}/s   p50 {:>7.1} ms   p95 {:>7.1} ms   p99 {:>7.1} ms   busy {}   errors {}",
        run.per_s, run.p50_ms, run.p95_ms, run.p99_ms, run.busy, run.errors
    )
}

//! The figures of coupons in use as people read them, beside their goals.

use std::fmt;

use super::{Moved, Report};
use crate::ops::bench::load::Figures;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        run(f, "redemptions", &self.redeem)?;
        writeln!(f, "{:<28}{:>10.0}/s", "the same statements alone", self.redeem_alone.per_s)?;
        writeln!(
            f,
            "redemptions / the same statements alone: {:.2}   (goal 0.6)",
            self.redeem_ratio
        )?;
        let race = &self.race;
        writeln!(
            f,
            "{:<28}{:>10} of {} won once by {} callers at two servers   (goal: all); {} by nobody, {} by many; \
             {} uses of {} coupons in the database",
            "one code, many callers",
            race.won_once,
            race.codes,
            race.callers,
            race.won_by_nobody,
            race.won_by_many,
            race.uses_in_database,
            race.coupons_in_database,
        )?;
        writeln!(f, "with {} coupons in the table:", self.settings.table)?;
        run(f, "wallet of 200", &self.wallet)?;
        run(f, "cart against 200", &self.cart)?;
        moved(f, "export", self.export, "30 s for 1,000,000, 32 MiB")?;
        moved(f, "import of codes", self.import, "60 s for 1,000,000, 32 MiB")?;
        write!(f, "{:<28}{:>10.3} s   (goal 2 s)", "100,000 codes generated", self.generate_s)
    }
}

fn run(f: &mut fmt::Formatter<'_>, name: &str, run: &Figures) -> fmt::Result {
    writeln!(
        f,
        "{name:<28}{:>10.0}/s   p50 {:>7.1} ms   p95 {:>7.1} ms   p99 {:>7.1} ms   busy {}   errors {}",
        run.per_s, run.p50_ms, run.p95_ms, run.p99_ms, run.busy, run.errors
    )
}

fn moved(f: &mut fmt::Formatter<'_>, name: &str, moved: Moved, goal: &str) -> fmt::Result {
    let Moved { rows, seconds, growth_mib } = moved;
    writeln!(
        f,
        "{name:<28}{seconds:>10.1} s   {rows} rows, memory grew by {growth_mib:.0} MiB   (goal {goal})"
    )
}

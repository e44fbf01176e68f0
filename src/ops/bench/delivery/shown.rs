//! The figures of deliveries as people read them.

use std::fmt;

use super::{Report, Settings};

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { deliveries, backlog, kills, answer_after, .. } = &self.settings;
        writeln!(
            f,
            "{:<28}{:>10.0}/s   {deliveries} in all, each answered after {} ms; the server used {:.2} processors",
            "deliveries",
            self.per_s,
            answer_after.as_millis(),
            self.server_processors,
        )?;
        writeln!(
            f,
            "{:<28}{:>10.1} s   for {backlog} that were owed when the platform came back",
            "drain after an outage", self.drain_s
        )?;
        writeln!(
            f,
            "{:<28}{:>9.0} ms   p99 of {} taken over in {kills} kills, {:.0} ms at most",
            "rescue after a kill", self.rescue_p99_ms, self.rescued, self.rescue_max_ms
        )?;
        for (name, run) in [
            ("claims, platform there", &self.claims_up),
            ("claims, platform away", &self.claims_down),
        ] {
            writeln!(
                f,
                "{name:<28}{:>10.0}/s   p50 {:>7.1} ms   p99 {:>7.1} ms   busy {}   errors {}",
                run.per_s, run.p50_ms, run.p99_ms, run.busy, run.errors
            )?;
        }
        writeln!(f, "away / there: {:.2}", self.claims_ratio)?;
        write!(
            f,
            "{} things took effect at the platform, {} of them more than once",
            self.effects, self.repeated_effects
        )
    }
}

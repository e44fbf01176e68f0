//! Which calls a fault strikes: the next few or a share of them, of one kind or of any.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

use super::calls;
use super::fault::CallFault;

/// A fault and the calls that it is meant for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultAim {
    /// What goes wrong.
    pub fault: CallFault,
    /// The name of the call as the journal shows it; any call when left out.
    #[serde(default)]
    pub call: Option<String>,
    /// How often.
    pub often: Often,
}

/// How often an aimed fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Often {
    /// So many matching calls from now on.
    Next(u32),
    /// A share of all matching calls, until the faults are cleared.
    Share {
        /// 0 to 100.
        percent: f64,
        /// The same seed strikes the same calls of the same sequence.
        seed: u64,
    },
}

/// No call has that name, so the fault would never strike.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no call is named {0}")]
pub struct NoSuchCall(pub String);

impl FaultAim {
    /// Strikes the next calls, of whatever kind.
    pub fn next(calls: u32, fault: CallFault) -> Self {
        Self { fault, call: None, often: Often::Next(calls) }
    }

    /// Strikes a share of the calls, of whatever kind.
    pub fn share(percent: f64, seed: u64, fault: CallFault) -> Self {
        Self { fault, call: None, often: Often::Share { percent, seed } }
    }

    /// The same for one kind of call alone.
    #[must_use]
    pub fn at(mut self, call: &str) -> Self {
        self.call = Some(call.to_owned());
        self
    }
}

/// Every aimed fault; the first that matches strikes.
#[derive(Debug, Default)]
pub(super) struct Aims(Vec<(FaultAim, StdRng)>);

impl Aims {
    pub fn add(&mut self, aim: FaultAim) -> Result<(), NoSuchCall> {
        if let Some(unknown) = aim.call.as_ref().filter(|name| !calls::is_known(name)) {
            return Err(NoSuchCall(unknown.clone()));
        }
        let seed = match aim.often {
            Often::Share { seed, .. } => seed,
            Often::Next(_) => 0,
        };
        self.0.push((aim, StdRng::seed_from_u64(seed)));
        Ok(())
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    pub fn all(&self) -> Vec<FaultAim> {
        self.0.iter().map(|(aim, _)| aim.clone()).collect()
    }

    /// The fault that strikes a call of this name, used up where it was counted.
    pub fn strike(&mut self, call: &str) -> Option<CallFault> {
        let hit = self.0.iter_mut().position(|(aim, rng)| {
            let meant = aim.call.as_ref().is_none_or(|name| name == call);
            meant
                && match &mut aim.often {
                    Often::Next(left) => *left > 0,
                    Often::Share { percent, .. } => rng.random_range(0.0..100.0) < *percent,
                }
        })?;
        let fault = self.0[hit].0.fault;
        if let Often::Next(left) = &mut self.0[hit].0.often {
            *left -= 1;
            if *left == 0 {
                self.0.remove(hit);
            }
        }
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_faults_are_used_up_in_their_order() {
        let mut aims = Aims::default();
        aims.add(FaultAim::next(2, CallFault::HangUp).at("sync")).unwrap();
        aims.add(FaultAim::next(1, CallFault::TooFast)).unwrap();

        let struck = ["list", "sync", "sync", "sync"].map(|call| aims.strike(call));

        let hang_up = Some(CallFault::HangUp);
        assert_eq!(struck, [Some(CallFault::TooFast), hang_up, hang_up, None]);
        assert!(aims.all().is_empty());
    }

    #[test]
    fn a_share_is_about_right_and_repeats_with_its_seed() {
        let strikes = |seed| {
            let mut aims = Aims::default();
            aims.add(FaultAim::share(10.0, seed, CallFault::HangUp)).unwrap();
            (0..10_000).map(|_| aims.strike("sync").is_some()).collect::<Vec<_>>()
        };

        let first = strikes(7);

        let count = first.iter().filter(|struck| **struck).count();
        assert!((800..1200).contains(&count), "{count}");
        assert_eq!(first, strikes(7));
        assert_ne!(first, strikes(8));
    }

    #[test]
    fn a_misspelt_call_is_refused() {
        let aim = FaultAim::next(1, CallFault::HangUp).at("synch");

        assert_eq!(Aims::default().add(aim), Err(NoSuchCall("synch".to_owned())));
    }
}

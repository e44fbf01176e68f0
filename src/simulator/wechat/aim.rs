//! Which calls and pushes a fault strikes: the next few or a share of them, of one kind or of any.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

use super::calls;
use super::fault::{CallFault, PushFault};
use super::trouble::Refused;

/// A fault and the calls that it is meant for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallAim {
    /// What goes wrong.
    pub fault: CallFault,
    /// The path of the call; any call when left out.
    #[serde(default)]
    pub path: Option<String>,
    /// How often.
    pub often: Often,
}

/// A fault and the pushes that it is meant for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushAim {
    /// What goes wrong.
    pub fault: PushFault,
    /// The event; any when left out.
    #[serde(default)]
    pub event: Option<String>,
    /// How often.
    pub often: Often,
}

/// How often an aimed fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Often {
    /// So many that match from now on.
    Next(u32),
    /// A share of all that match, until the faults are cleared.
    Share {
        /// 0 to 100.
        percent: f64,
        /// The same seed strikes the same ones of the same sequence.
        seed: u64,
    },
}

impl CallAim {
    /// Strikes the next calls, of whatever kind.
    pub fn next(calls: u32, fault: CallFault) -> Self {
        Self { fault, path: None, often: Often::Next(calls) }
    }

    /// The same for one path alone.
    #[must_use]
    pub fn at(mut self, path: &str) -> Self {
        self.path = Some(path.to_owned());
        self
    }
}

impl PushAim {
    /// Strikes the next pushes, of whatever event.
    pub fn next(pushes: u32, fault: PushFault) -> Self {
        Self { fault, event: None, often: Often::Next(pushes) }
    }

    /// The same for one event alone.
    #[must_use]
    pub fn of(mut self, event: &str) -> Self {
        self.event = Some(event.to_owned());
        self
    }
}

#[derive(Debug)]
struct Aimed<F> {
    fault: F,
    at: Option<String>,
    often: Often,
    rng: StdRng,
}

impl<F: Copy> Aimed<F> {
    fn new(fault: F, at: Option<String>, often: Often) -> Self {
        let seed = match often {
            Often::Share { seed, .. } => seed,
            Often::Next(_) => 0,
        };
        Self { fault, at, often, rng: StdRng::seed_from_u64(seed) }
    }

    fn strikes(&mut self, name: &str) -> bool {
        self.at.as_ref().is_none_or(|at| at == name)
            && match self.often {
                Often::Next(left) => left > 0,
                Often::Share { percent, .. } => self.rng.random_range(0.0..100.0) < percent,
            }
    }
}

fn strike<F: Copy>(aims: &mut Vec<Aimed<F>>, name: &str) -> Option<F> {
    let hit = aims.iter_mut().position(|aim| aim.strikes(name))?;
    let aim = aims.get_mut(hit)?;
    let fault = aim.fault;
    if let Often::Next(left) = &mut aim.often {
        *left -= 1;
        if *left == 0 {
            aims.remove(hit);
        }
    }
    Some(fault)
}

/// Every aimed fault; the first that matches strikes.
#[derive(Debug, Default)]
pub(super) struct Aims {
    calls: Vec<Aimed<CallFault>>,
    pushes: Vec<Aimed<PushFault>>,
}

impl Aims {
    pub fn at_calls(&mut self, aim: CallAim) -> Result<(), Refused> {
        if aim.path.as_ref().is_some_and(|path| calls::at(path).is_none()) {
            return Err(Refused::NoSuch("call"));
        }
        self.calls.push(Aimed::new(aim.fault, aim.path, aim.often));
        Ok(())
    }

    pub fn at_pushes(&mut self, aim: PushAim) {
        self.pushes.push(Aimed::new(aim.fault, aim.event, aim.often));
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }

    pub fn all(&self) -> (Vec<CallAim>, Vec<PushAim>) {
        let calls = self.calls.iter();
        let pushes = self.pushes.iter();
        (
            calls.map(|a| CallAim { fault: a.fault, path: a.at.clone(), often: a.often }).collect(),
            pushes
                .map(|a| PushAim { fault: a.fault, event: a.at.clone(), often: a.often })
                .collect(),
        )
    }

    /// The fault that strikes a call, used up where it was counted.
    pub fn strike_call(&mut self, path: &str) -> Option<CallFault> {
        strike(&mut self.calls, path)
    }

    /// The fault that strikes a push.
    pub fn strike_push(&mut self, event: &str) -> Option<PushFault> {
        strike(&mut self.pushes, event)
    }
}

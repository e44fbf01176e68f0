//! What stands on the command line by its name: kinds, states, moments.

use std::{str::FromStr, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::domain::delivery::{DeliveryKind, DeliveryState};

/// A moment: so long ago, or written out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Since {
    Ago(Duration),
    At(DateTime<Utc>),
}

impl Since {
    /// The moment that is meant, said at `now`.
    pub fn before(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Ago(ago) => TimeDelta::from_std(ago)
                .ok()
                .and_then(|ago| now.checked_sub_signed(ago))
                .unwrap_or(DateTime::UNIX_EPOCH),
            Self::At(moment) => moment,
        }
    }
}

impl FromStr for Since {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self::At(moment.to_utc()));
        }
        let ago = humantime_serde::re::humantime::parse_duration(text);
        ago.map(Self::Ago).map_err(|_| "write `2h`, `3d` or `2026-11-11T00:00:00+08:00`")
    }
}

/// Reads a kind.
pub(super) fn kind() -> impl TypedValueParser<Value = DeliveryKind> {
    PossibleValuesParser::new(DeliveryKind::ALL.map(DeliveryKind::as_str)).try_map(|name| {
        let known = DeliveryKind::ALL.into_iter().find(|kind| kind.as_str() == name);
        known.ok_or("no such kind")
    })
}

/// Reads a state.
pub(super) fn state() -> impl TypedValueParser<Value = DeliveryState> {
    PossibleValuesParser::new(DeliveryState::ALL.map(DeliveryState::as_str)).try_map(|name| {
        let known = DeliveryState::ALL.into_iter().find(|state| state.as_str() == name);
        known.ok_or("no such state")
    })
}

/// Who gives the command, for the log.
pub(super) fn operator() -> String {
    let user = nix::unistd::User::from_uid(nix::unistd::Uid::effective()).ok().flatten();
    let user = user.map_or_else(|| "somebody".to_owned(), |user| user.name);
    format!("{user} at the command line")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_spans_or_dates() {
        let now = "2026-11-11T12:00:00Z".parse().unwrap();
        let before = |text: &str| text.parse::<Since>().map(|since| since.before(now).to_rfc3339());

        assert_eq!(before("2h"), Ok("2026-11-11T10:00:00+00:00".to_owned()));
        assert_eq!(before("1d 30m"), Ok("2026-11-10T11:30:00+00:00".to_owned()));
        let midnight = before("2026-11-11T00:00:00+08:00");
        assert_eq!(midnight, Ok("2026-11-10T16:00:00+00:00".to_owned()));
        assert_eq!(before("1000000y"), Ok("1970-01-01T00:00:00+00:00".to_owned()));
        for wrong in ["", "2", "yesterday", "-2h", "2026-11-11"] {
            assert!(before(wrong).is_err(), "{wrong}");
        }
    }
}

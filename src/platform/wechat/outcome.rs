//! What a failed call means for the delivery behind it: one pure function over the table of numbers.

#[cfg(test)]
mod tests;

use chrono::TimeDelta;

use super::{
    call::Call,
    errcode::{self, Reaction},
    error::Failure,
};
use crate::{domain::delivery::Outcome, outgoing::transport::Unsent};

/// Calls are counted by the minute.
const A_MINUTE: TimeDelta = TimeDelta::minutes(1);

/// What the delivery hears. `after` is the pause that was asked for; `doubt` is whether an earlier attempt may have taken
/// effect, though nobody heard so.
pub fn outcome(call: Call, failure: &Failure, after: Option<TimeDelta>, doubt: bool) -> Outcome {
    if was_done_before(call, failure, doubt) {
        return Outcome::DoneBefore;
    }
    let outcome = of_failure(call, failure, after);
    if let Outcome::Unknown { after } = outcome
        && call.only_asks()
    {
        return Outcome::Busy { after };
    }
    // A "no" to the account's wish for a token or a ticket is no "no" to what it was for.
    let for_others = matches!(call, Call::Token | Call::StableToken | Call::Ticket);
    if outcome == Outcome::Refused && for_others {
        return Outcome::Locked;
    }
    outcome
}

fn of_failure(call: Call, failure: &Failure, after: Option<TimeDelta>) -> Outcome {
    match failure {
        Failure::Business { .. } => {
            of_reaction(call, failure.reaction().unwrap_or(Reaction::Refused), after)
        }
        // The same request will do no better next time.
        Failure::NotSent(Unsent::Request(_)) => Outcome::Refused,
        Failure::NotSent(Unsent::Address(_)) => Outcome::Locked,
        // The use may have been made before somebody on the way had enough.
        Failure::Http { status: 429 } if call == Call::ConsumeCode => Outcome::Unknown { after },
        Failure::Http { status: 429 } | Failure::NotSent(Unsent::Connect(_)) => {
            Outcome::Busy { after }
        }
        Failure::Decode(_) | Failure::Http { .. } | Failure::Transport { .. } => {
            Outcome::Unknown { after }
        }
    }
}

fn of_reaction(call: Call, reaction: Reaction, after: Option<TimeDelta>) -> Outcome {
    match reaction {
        Reaction::TooFast => {
            Outcome::TooFast { after: Some(after.unwrap_or(A_MINUTE).max(A_MINUTE)) }
        }
        Reaction::UsedUpToday => Outcome::UsedUpToday,
        Reaction::Locked => Outcome::Locked,
        Reaction::Refused => Outcome::Refused,
        Reaction::Busy if cannot_be_repeated(call) => Outcome::Unknown { after },
        // Without a token at stake it is the secret that is wrong.
        Reaction::FreshToken if !takes_a_token(call) => Outcome::Locked,
        // Who asks about a token has tried a fresh one, which did not help: somebody else's has overtaken ours.
        Reaction::Busy | Reaction::FreshToken => Outcome::Busy { after },
    }
}

/// Whether a repetition would do it twice, or fail because it is done: such a call has no name of its own, and "busy" may
/// mean that it was done.
pub(super) const fn cannot_be_repeated(call: Call) -> bool {
    matches!(call, Call::ConsumeCode | Call::CreateCard | Call::ChangeStock)
}

/// Whether an access token travels with it; the others carry the secret itself.
pub(super) const fn takes_a_token(call: Call) -> bool {
    !matches!(call, Call::Token | Call::StableToken | Call::Session)
}

/// Whether a "no" says that the wished-for state is there already.
fn was_done_before(call: Call, failure: &Failure, doubt: bool) -> bool {
    let Failure::Business { code, .. } = failure else { return false };
    match call {
        Call::DeleteCard => *code == errcode::NO_CARD,
        // Only after an attempt of ours that may have worked; otherwise somebody else was first.
        Call::ConsumeCode => doubt && *code == errcode::CONSUMED,
        Call::VoidCode => doubt && *code == errcode::USER_CARD_STATE,
        Call::Token
        | Call::StableToken
        | Call::Ticket
        | Call::CallbackAddresses
        | Call::UploadImage
        | Call::CreateCard
        | Call::GetCard
        | Call::ListCards
        | Call::UpdateCard
        | Call::ChangeStock
        | Call::SetTestList
        | Call::GetCode
        | Call::DecryptCode
        | Call::ReplaceCode
        | Call::DepositCodes
        | Call::CountDeposited
        | Call::CheckCodes
        | Call::ListUserCards
        | Call::CreateQr
        | Call::AccountFigures
        | Call::CardFigures
        | Call::Session => false,
    }
}

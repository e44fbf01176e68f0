//! What a failed call means for the delivery behind it: one pure function over the tables of numbers.

use chrono::TimeDelta;

use super::{
    call::Call,
    errno::{self, Reaction},
    error::Failure,
};
use crate::{domain::delivery::Outcome, outgoing::transport::Unsent};

/// What the delivery hears. `after` is the pause Baidu asked for; `doubt` is whether an earlier attempt may have taken
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
    // A "no" to the app's wish for a token is no "no" to what the token was for.
    if outcome == Outcome::Refused && call == Call::Token {
        return Outcome::Locked;
    }
    outcome
}

fn of_failure(call: Call, failure: &Failure, after: Option<TimeDelta>) -> Outcome {
    match failure {
        // What no table knows is a "no"; a word of the OAuth server's that nobody knows is not.
        Failure::Gateway { .. } | Failure::Business { .. } => {
            of_reaction(failure.reaction().unwrap_or(Reaction::Refused), failure, after)
        }
        // There the grant is a user's login code, and nothing of the app's.
        Failure::OAuth { error } if call == Call::OldSessionKey && error == "invalid_grant" => {
            Outcome::Refused
        }
        Failure::OAuth { .. } => {
            of_reaction(failure.reaction().unwrap_or(Reaction::Unknown), failure, after)
        }
        // The same request will do no better next time.
        Failure::BannerExists { .. } | Failure::NotSent(Unsent::Request(_)) => Outcome::Refused,
        Failure::NotSent(Unsent::Address(_)) => Outcome::Locked,
        Failure::DataFalse
        | Failure::Http { status: 429 }
        | Failure::NotSent(Unsent::Connect(_)) => Outcome::Busy { after },
        Failure::Decode(_) | Failure::Http { .. } | Failure::Transport { .. } => {
            Outcome::Unknown { after }
        }
    }
}

fn of_reaction(reaction: Reaction, failure: &Failure, after: Option<TimeDelta>) -> Outcome {
    match reaction {
        Reaction::TooFast => Outcome::TooFast { after: None },
        Reaction::UsedUpToday => Outcome::UsedUpToday,
        Reaction::Locked => Outcome::Locked,
        Reaction::Unknown => Outcome::Unknown { after },
        Reaction::Refused => Outcome::Refused,
        // Who asks about a token has tried a fresh one, which did not help either: 100 is then what it says, a wrong
        // parameter, and the others mean that somebody else's fresh token has overtaken ours.
        Reaction::FreshToken if *failure == (Failure::Gateway { code: 100 }) => Outcome::Refused,
        Reaction::Busy | Reaction::FreshToken => Outcome::Busy { after },
    }
}

/// Whether a "no" says that the wished-for state is there already.
fn was_done_before(call: Call, failure: &Failure, doubt: bool) -> bool {
    let Failure::Business { errno, before, .. } = failure else { return false };
    let refused = failure.reaction().unwrap_or(Reaction::Refused) == Reaction::Refused;
    match call {
        Call::DeleteTemplate | Call::DeleteBanner => *errno == errno::NO_TEMPLATE,
        Call::Sync => *errno == errno::RECORD_EXISTS || (refused && *before),
        // Writing off cannot be undone and has no number for "twice": a "no" after an attempt that may have worked is one.
        Call::WriteOff => refused && (*before || doubt),
        Call::Token
        | Call::SessionKey
        | Call::OldSessionKey
        | Call::CreateTemplate
        | Call::UpdateTemplate
        | Call::ListTemplates
        | Call::CreateBanner
        | Call::ListBanners
        | Call::AddStock
        | Call::Statistics => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{outgoing::address::AddressRefusal, platform::baidu::error::Garble};

    const BUSY: Outcome = Outcome::Busy { after: None };
    const UNKNOWN: Outcome = Outcome::Unknown { after: None };

    fn business(errno: i64) -> Failure {
        Failure::Business { errno, before: false, request_id: None }
    }

    fn sure(call: Call, failure: &Failure) -> Outcome {
        outcome(call, failure, None, false)
    }

    fn in_doubt(call: Call, failure: &Failure) -> Outcome {
        outcome(call, failure, None, true)
    }

    #[test]
    fn each_row_of_the_gateways_table_means_the_same_for_every_call_that_changes_something() {
        for (codes, meant) in [
            (vec![1], UNKNOWN),
            (vec![2, 13], BUSY),
            (vec![3, 6], Outcome::Refused),
            (vec![4, 18, 50029], Outcome::TooFast { after: None }),
            (vec![17], Outcome::UsedUpToday),
            (vec![5, 14, 15, 19, 101, 104], Outcome::Locked),
            // After a fresh token did not help.
            (vec![100], Outcome::Refused),
            (vec![110, 111], BUSY),
            // In no table.
            (vec![7, 9999, -1], Outcome::Refused),
        ] {
            for code in codes {
                for call in Call::ALL.into_iter().filter(|call| !call.only_asks()) {
                    let failure = Failure::Gateway { code };
                    assert_eq!(sure(call, &failure), meant, "{call:?} {code}");
                    assert_eq!(in_doubt(call, &failure), meant, "{call:?} {code}");
                }
            }
        }
    }

    #[test]
    fn a_question_leaves_no_doubt() {
        let lost = Failure::Transport { timed_out: true, cause: String::new() };
        for call in Call::ALL.into_iter().filter(|call| call.only_asks()) {
            for failure in [&lost, &Failure::Gateway { code: 1 }, &Failure::Http { status: 502 }] {
                assert_eq!(sure(call, failure), BUSY, "{call:?}");
            }
        }
        assert_eq!(sure(Call::ListTemplates, &business(40001)), Outcome::Refused);
    }

    #[test]
    fn a_token_that_is_not_given_kills_nothing() {
        for failure in [Failure::Gateway { code: 3 }, Failure::Gateway { code: 77 }, business(7)] {
            assert_eq!(sure(Call::Token, &failure), Outcome::Locked, "{failure}");
        }
    }

    #[test]
    fn each_row_of_the_services_table_has_its_meaning() {
        for (numbers, meant) in [
            (vec![70001, 70002, 70003, 40000, 40001, 41000, 2002, 30001], Outcome::Refused),
            (vec![40006, 47000, 47001, 47003, 47008, 404, -1024], Outcome::Refused),
            (vec![405, 44001, 6001, 40007, 45000, 45001], Outcome::Locked),
            (vec![44002, 44003, 44004, 5000], BUSY),
            (vec![501, 500, 1000, 6002], UNKNOWN),
            (vec![50029], Outcome::TooFast { after: None }),
            // In no table.
            (vec![1, 12345, -7], Outcome::Refused),
        ] {
            for number in numbers {
                assert_eq!(sure(Call::UpdateTemplate, &business(number)), meant, "{number}");
                assert_eq!(in_doubt(Call::AddStock, &business(number)), meant, "{number}");
            }
        }
    }

    #[test]
    fn a_token_is_the_trouble_for_these_and_no_others() {
        let gateway = (0..=120).filter(|code| {
            Failure::Gateway { code: *code }.reaction() == Some(Reaction::FreshToken)
        });
        assert_eq!(gateway.collect::<Vec<_>>(), [100, 110, 111]);
        let service = (-2000..=80000)
            .filter(|errno| business(*errno).reaction() == Some(Reaction::FreshToken));
        assert_eq!(service.collect::<Vec<_>>(), [44002, 44003, 44004]);
    }

    #[test]
    fn each_word_of_the_oauth_server_has_its_meaning() {
        for (word, meant) in [
            ("invalid_client", Outcome::Locked),
            ("unauthorized_client", Outcome::Locked),
            ("invalid_request", Outcome::Locked),
            ("invalid_grant", Outcome::Locked),
            ("unsupported_grant_type", Outcome::Locked),
            ("invalid_scope", Outcome::Locked),
            ("access_denied", Outcome::Locked),
            ("expired_token", BUSY),
            ("invalid_token", BUSY),
            ("temporarily_unavailable", BUSY),
            ("server_error", BUSY),
            ("never_heard_of", BUSY),
        ] {
            assert_eq!(
                sure(Call::Token, &Failure::OAuth { error: word.to_owned() }),
                meant,
                "{word}"
            );
        }
    }

    #[test]
    fn a_login_code_that_is_not_taken_is_no_trouble_of_the_apps() {
        let grant = Failure::OAuth { error: "invalid_grant".to_owned() };

        assert_eq!(sure(Call::OldSessionKey, &grant), Outcome::Refused);
        assert_eq!(sure(Call::SessionKey, &business(40001)), Outcome::Refused);
    }

    #[test]
    fn a_record_that_is_there_already_is_synced() {
        let said = Failure::Business { errno: 40001, before: true, request_id: None };

        assert_eq!(sure(Call::Sync, &business(40000)), Outcome::DoneBefore);
        assert_eq!(sure(Call::Sync, &said), Outcome::DoneBefore);
        assert_eq!(in_doubt(Call::Sync, &business(40001)), Outcome::Refused);
        assert_eq!(sure(Call::Sync, &business(70001)), Outcome::Refused);
    }

    #[test]
    fn the_name_of_an_addition_that_is_taken_is_a_no() {
        assert_eq!(in_doubt(Call::AddStock, &business(40000)), Outcome::Refused);
    }

    #[test]
    fn writing_off_is_refused_when_sure_and_done_before_when_in_doubt() {
        let said = Failure::Business { errno: -1024, before: true, request_id: None };
        for number in [-1024, 40001, 70001, 12345] {
            assert_eq!(sure(Call::WriteOff, &business(number)), Outcome::Refused, "{number}");
            assert_eq!(
                in_doubt(Call::WriteOff, &business(number)),
                Outcome::DoneBefore,
                "{number}"
            );
        }
        assert_eq!(sure(Call::WriteOff, &said), Outcome::DoneBefore);
        // What is no answer to this call settles nothing, whatever the doubt.
        assert_eq!(in_doubt(Call::WriteOff, &business(44001)), Outcome::Locked);
        assert_eq!(in_doubt(Call::WriteOff, &business(500)), UNKNOWN);
        assert_eq!(in_doubt(Call::WriteOff, &Failure::Gateway { code: 3 }), Outcome::Refused);
    }

    #[test]
    fn what_is_not_there_is_deleted() {
        for call in [Call::DeleteTemplate, Call::DeleteBanner] {
            assert_eq!(sure(call, &business(70001)), Outcome::DoneBefore);
            assert_eq!(sure(call, &business(40001)), Outcome::Refused);
        }
    }

    #[test]
    fn a_banner_that_is_there_is_for_the_caller_to_look_at() {
        let exists = Failure::BannerExists { request_id: None };

        assert_eq!(in_doubt(Call::CreateBanner, &exists), Outcome::Refused);
    }

    #[test]
    fn creating_is_never_presumed() {
        for call in [Call::CreateTemplate, Call::CreateBanner, Call::UpdateTemplate] {
            for known in &errno::BUSINESS {
                assert_ne!(in_doubt(call, &business(known.said)), Outcome::DoneBefore);
            }
        }
    }

    #[test]
    fn what_is_not_clear_stays_unclear_and_keeps_the_pause() {
        let after = Some(TimeDelta::seconds(7));
        let broken = |timed_out| Failure::Transport { timed_out, cause: String::new() };
        for failure in [
            broken(true),
            broken(false),
            Failure::Decode(Garble::NotJson),
            Failure::Decode(Garble::TooLong),
            Failure::Http { status: 502 },
            Failure::Http { status: 408 },
            Failure::Http { status: 301 },
            Failure::Http { status: 404 },
        ] {
            assert_eq!(outcome(Call::Sync, &failure, after, false), Outcome::Unknown { after });
        }
        for failure in [Failure::Http { status: 429 }, Failure::DataFalse] {
            assert_eq!(outcome(Call::Sync, &failure, after, true), Outcome::Busy { after });
        }
    }

    #[test]
    fn what_never_left_has_changed_nothing() {
        let connect = Failure::NotSent(Unsent::Connect("refused".to_owned()));
        let address = Failure::NotSent(Unsent::Address(AddressRefusal::Scheme));
        let request = Failure::NotSent(Unsent::Request("odd".to_owned()));

        assert_eq!(in_doubt(Call::WriteOff, &connect), BUSY);
        assert_eq!(in_doubt(Call::WriteOff, &address), Outcome::Locked);
        assert_eq!(in_doubt(Call::WriteOff, &request), Outcome::Refused);
    }
}

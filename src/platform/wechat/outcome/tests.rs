//! Every row of WeChat's table, and every way in which a call can fail.

use super::*;
use crate::{outgoing::address::AddressRefusal, platform::wechat::error::Garble};

const BUSY: Outcome = Outcome::Busy { after: None };
const UNKNOWN: Outcome = Outcome::Unknown { after: None };
const TOO_FAST: Outcome = Outcome::TooFast { after: Some(TimeDelta::minutes(1)) };

fn business(code: i64) -> Failure {
    Failure::Business { code, rid: None }
}

fn sure(call: Call, failure: &Failure) -> Outcome {
    outcome(call, failure, None, false)
}

fn in_doubt(call: Call, failure: &Failure) -> Outcome {
    outcome(call, failure, None, true)
}

fn cards() -> impl Iterator<Item = Call> {
    Call::ALL.into_iter().filter(|call| takes_a_token(*call) && *call != Call::Ticket)
}

#[test]
fn each_row_of_the_policy_means_the_same_for_every_call_about_cards() {
    for (codes, meant) in [
        (vec![40001, 40014, 42001], BUSY),
        (vec![45009], Outcome::UsedUpToday),
        (vec![45011], TOO_FAST),
        (vec![48001, 40164, 48004, 40013, 40125, 41004], Outcome::Locked),
        // Bugs of ours.
        (vec![41001, 43002, 43001, 44002, 47001], Outcome::Refused),
        // What WeChat says of cards, and what is in no table.
        (vec![40056, 40071, 40075, 40078, 40079, 40100, 40116, 40122], Outcome::Refused),
        (vec![40151, 41011, 41012, 45021, 45030, 45031, 45033, 43009], Outcome::Refused),
        (vec![1, 99999, -2], Outcome::Refused),
    ] {
        for code in codes {
            for call in cards() {
                assert_eq!(sure(call, &business(code)), meant, "{call:?} {code}");
                assert_eq!(in_doubt(call, &business(code)), meant, "{call:?} {code}");
            }
        }
    }
}

#[test]
fn busy_is_not_now_except_where_it_may_have_been_done() {
    for call in Call::ALL {
        let may_be_done = [Call::ConsumeCode, Call::CreateCard, Call::ChangeStock].contains(&call);
        let meant = if may_be_done { UNKNOWN } else { BUSY };
        assert_eq!(sure(call, &business(-1)), meant, "{call:?}");
    }
}

#[test]
fn whoever_was_too_fast_rests_for_a_minute_or_for_as_long_as_was_asked() {
    for (asked, rest) in [(None, 60), (Some(5), 60), (Some(90), 90)] {
        let asked = asked.map(TimeDelta::seconds);
        let meant = Outcome::TooFast { after: Some(TimeDelta::seconds(rest)) };

        assert_eq!(outcome(Call::GetCard, &business(45011), asked, false), meant);
    }
}

#[test]
fn a_token_is_the_trouble_for_these_and_no_others() {
    let codes =
        (-10..=100_000).filter(|code| business(*code).reaction() == Some(Reaction::FreshToken));
    assert_eq!(codes.collect::<Vec<_>>(), [40001, 40014, 42001]);
}

#[test]
fn a_token_that_is_not_given_kills_nothing_and_a_wrong_secret_is_for_a_person() {
    for call in [Call::Token, Call::StableToken] {
        for code in [40001, 40125, 40164, 40013, 41002, 41004, 40002, 43002, 77] {
            assert_eq!(sure(call, &business(code)), Outcome::Locked, "{call:?} {code}");
        }
        assert_eq!(sure(call, &business(45009)), Outcome::UsedUpToday);
        assert_eq!(sure(call, &business(45011)), TOO_FAST);
    }
    for code in [40097, 40035] {
        assert_eq!(sure(Call::Ticket, &business(code)), Outcome::Locked);
    }
    assert_eq!(sure(Call::Ticket, &business(40001)), BUSY);
}

#[test]
fn a_login_code_that_is_not_taken_is_no_trouble_of_the_apps() {
    for code in [40029, 40226, 41008] {
        assert_eq!(sure(Call::Session, &business(code)), Outcome::Refused, "{code}");
    }
    for code in [40001, 40013, 40125, 41002, 41004] {
        assert_eq!(sure(Call::Session, &business(code)), Outcome::Locked, "{code}");
    }
}

#[test]
fn redeeming_was_done_before_only_where_we_may_have_done_it() {
    let consumed = business(40099);

    assert_eq!(sure(Call::ConsumeCode, &consumed), Outcome::Refused);
    assert_eq!(in_doubt(Call::ConsumeCode, &consumed), Outcome::DoneBefore);
    for code in [40127, 40056, 45033] {
        assert_eq!(in_doubt(Call::ConsumeCode, &business(code)), Outcome::Refused, "{code}");
    }
    assert_eq!(in_doubt(Call::VoidCode, &consumed), Outcome::Refused);
    assert_eq!(in_doubt(Call::VoidCode, &business(40127)), Outcome::DoneBefore);
    assert_eq!(sure(Call::VoidCode, &business(40127)), Outcome::Refused);
}

#[test]
fn what_is_not_there_is_deleted() {
    assert_eq!(sure(Call::DeleteCard, &business(40073)), Outcome::DoneBefore);
    assert_eq!(in_doubt(Call::UpdateCard, &business(40073)), Outcome::Refused);
}

#[test]
fn a_question_leaves_no_doubt() {
    let lost = Failure::Transport { timed_out: true, cause: String::new() };
    for call in Call::ALL.into_iter().filter(|call| call.only_asks()) {
        for failure in [&lost, &Failure::Decode(Garble::Data), &Failure::Http { status: 502 }] {
            assert_eq!(sure(call, failure), BUSY, "{call:?}");
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
        Failure::Decode(Garble::Silent),
        Failure::Http { status: 502 },
        Failure::Http { status: 404 },
    ] {
        for call in Call::ALL.into_iter().filter(|call| !call.only_asks()) {
            assert_eq!(outcome(call, &failure, after, false), Outcome::Unknown { after });
        }
    }
    let slow = Failure::Http { status: 429 };
    assert_eq!(outcome(Call::ConsumeCode, &slow, after, true), Outcome::Unknown { after });
    assert_eq!(outcome(Call::VoidCode, &slow, after, true), Outcome::Busy { after });
}

#[test]
fn what_never_left_has_changed_nothing() {
    let connect = Failure::NotSent(Unsent::Connect("refused".to_owned()));
    let address = Failure::NotSent(Unsent::Address(AddressRefusal::Scheme));
    let request = Failure::NotSent(Unsent::Request("odd".to_owned()));

    assert_eq!(in_doubt(Call::ConsumeCode, &connect), BUSY);
    assert_eq!(in_doubt(Call::ConsumeCode, &address), Outcome::Locked);
    assert_eq!(in_doubt(Call::ConsumeCode, &request), Outcome::Refused);
}

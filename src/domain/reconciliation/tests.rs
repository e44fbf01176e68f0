//! Tables of both sides, and what is made of them.

use chrono::DateTime;

use super::{DifferenceKind::*, *};
use crate::domain::{app::PlatformKind, day::before};

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 11).unwrap()
}

fn rule() -> Rule {
    Rule { today: today(), first: before(today(), 3), tolerance: 0 }
}

/// Five days up to today, on which both sides counted nothing.
fn quiet() -> Subject {
    let days = (0..=4).rev().map(|ago| Day {
        date: before(today(), ago),
        ours: Counted::default(),
        theirs: Some(Told::default()),
    });
    Subject {
        placement: PlacementId::new(DateTime::UNIX_EPOCH),
        platform_ref: "1001".to_owned(),
        title: "满减".to_owned(),
        withdrawn: false,
        left: 100,
        there_left: None,
        claims: 0,
        owed: Owed::default(),
        untold: false,
        standing: Standing::There { changed: vec![] },
        days: days.collect(),
    }
}

fn on(subject: &mut Subject, ago: u64) -> &mut Day {
    subject.days.iter_mut().find(|day| day.date == before(today(), ago)).unwrap()
}

/// What the platform counted, `(taken, used)`, beside ours, so many days ago.
fn with(ago: u64, ours: Counted, (taken, used): (i64, i64)) -> Subject {
    let mut subject = quiet();
    let day = on(&mut subject, ago);
    day.ours = ours;
    day.theirs = Some(Told { taken, used, stock: None });
    subject
}

fn found(subject: &Subject) -> Vec<(DifferenceKind, Option<i64>, Option<i64>, bool)> {
    let differences = compare(std::slice::from_ref(subject), (&[], 0), rule());
    differences.into_iter().map(|d| (d.kind, d.ours, d.theirs, d.explained)).collect()
}

#[test]
fn takes_may_be_counted_with_or_without_what_was_given_through_us() {
    let ours = Counted { takes: 100, synced: 40, ..Counted::default() };

    for taken in [100, 120, 140] {
        assert_eq!(found(&with(1, ours, (taken, 0))), [], "{taken}");
    }
    let lost = (LostCalls, Some(140), Some(141), false);
    assert_eq!(found(&with(1, ours, (141, 0))), [lost]);
    let forged = (ForgedCalls, Some(100), Some(99), false);
    assert_eq!(found(&with(1, ours, (99, 0))), [forged]);
}

#[test]
fn what_is_in_doubt_may_be_counted_or_not() {
    let ours = Counted { takes: 10, doubtful_takes: 2, syncs_in_doubt: 3, ..Counted::default() };

    for taken in [8, 10, 13] {
        assert_eq!(found(&with(1, ours, (taken, 0))), [], "{taken}");
    }
    assert_eq!(found(&with(1, ours, (7, 0)))[0].0, ForgedCalls);
    assert_eq!(found(&with(1, ours, (14, 0)))[0].0, LostCalls);
}

#[test]
fn the_day_that_is_not_over_may_be_off_a_little() {
    for (takes, taken, differs) in
        [(0, 3, false), (0, 4, true), (4, 0, true), (2000, 2010, false), (2000, 2011, true)]
    {
        let ours = Counted { takes, ..Counted::default() };

        let subject = with(0, ours, (taken, 0));

        assert_eq!(!found(&subject).is_empty(), differs, "{takes} {taken}");
    }
}

#[test]
fn a_tolerance_can_be_set_for_days_that_are_over() {
    let ours = Counted { takes: 10, ..Counted::default() };
    let subject = with(2, ours, (12, 0));

    let strict = compare(std::slice::from_ref(&subject), (&[], 0), rule());
    let lenient = compare(&[subject], (&[], 0), Rule { tolerance: 2, ..rule() });

    assert_eq!((strict.len(), lenient.len()), (1, 0));
}

#[test]
fn what_happens_at_midnight_may_fall_on_either_day() {
    let mut subject = with(2, Counted { takes: 10, ..Counted::default() }, (12, 0));
    on(&mut subject, 1).ours.takes = 7;
    on(&mut subject, 1).theirs.as_mut().unwrap().taken = 5;

    assert_eq!(found(&subject), []);

    // More than a handful is no accident.
    on(&mut subject, 2).ours.takes = 20;
    on(&mut subject, 1).theirs.as_mut().unwrap().taken = 15;
    let kinds: Vec<_> = found(&subject).into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(kinds, [ForgedCalls, LostCalls]);
}

#[test]
fn the_day_before_the_first_is_only_looked_at_for_midnight() {
    let mut subject = with(4, Counted { takes: 10, ..Counted::default() }, (50, 0));
    assert_eq!(found(&subject), []);

    on(&mut subject, 4).theirs.as_mut().unwrap().taken = 11;
    on(&mut subject, 3).ours.takes = 1;
    assert_eq!(found(&subject), []);
}

#[test]
fn a_day_that_the_platform_has_not_counted_is_not_compared_and_leaves_the_one_before_moving() {
    let mut subject = with(1, Counted { takes: 10, ..Counted::default() }, (9, 0));
    on(&mut subject, 0).ours.takes = 50;
    on(&mut subject, 0).theirs = None;

    assert_eq!(found(&subject), []);

    on(&mut subject, 1).theirs.as_mut().unwrap().taken = 5;
    assert_eq!(found(&subject), [(ForgedCalls, Some(10), Some(5), false)]);
}

#[test]
fn uses_that_the_platform_does_not_know_are_explained_by_what_is_owed() {
    let ours = Counted { written_off: 5, write_offs_owed: 2, ..Counted::default() };
    assert_eq!(found(&with(1, ours, (0, 5))), [(UnusedThere, Some(7), Some(5), true)]);
    assert_eq!(found(&with(1, ours, (0, 4))), [(UnusedThere, Some(7), Some(4), false)]);

    let ours = Counted { written_off: 5, write_offs_dead: 1, ..Counted::default() };
    assert_eq!(found(&with(1, ours, (0, 5))), [(UnusedThere, Some(6), Some(5), false)]);
}

#[test]
fn uses_that_only_the_platform_knows_are_told() {
    let ours = Counted { written_off: 5, write_offs_in_doubt: 1, ..Counted::default() };

    assert_eq!(found(&with(1, ours, (0, 6))), []);
    assert_eq!(found(&with(1, ours, (0, 7))), [(UsedThere, Some(6), Some(7), false)]);
}

#[test]
fn stock_is_held_against_the_last_one_that_the_platform_told() {
    let mut subject = quiet();
    on(&mut subject, 0).theirs.as_mut().unwrap().stock = Some(100);
    subject.left = 90;
    let more = (StockDiffers, Some(90), Some(100), false);
    assert_eq!(found(&subject), [more]);

    // Given through us, it may cost the platform's stock or not.
    subject.left = 110;
    subject.claims = 10;
    assert_eq!(found(&subject), []);

    subject.claims = 0;
    subject.owed = Owed { additions: 1, pieces: 10, ..Owed::default() };
    assert_eq!(found(&subject), [(StockDiffers, Some(110), Some(100), true)]);
}

#[test]
fn stock_of_yesterday_is_held_against_ours_of_yesterday() {
    let mut subject = quiet();
    on(&mut subject, 1).theirs.as_mut().unwrap().stock = Some(100);
    on(&mut subject, 0).ours = Counted { takes: 30, added: 50, ..Counted::default() };
    on(&mut subject, 0).theirs = None;
    subject.left = 120;

    assert_eq!(found(&subject), []);
}

#[test]
fn what_is_told_as_forged_is_not_told_again_as_stock() {
    let mut subject = with(1, Counted { takes: 20, ..Counted::default() }, (10, 0));
    on(&mut subject, 1).theirs.as_mut().unwrap().stock = Some(100);
    subject.left = 90;

    assert_eq!(found(&subject), [(ForgedCalls, Some(20), Some(10), false)]);
}

#[test]
fn templates_are_as_we_told_them_or_somebody_was_there() {
    let changed = || Standing::There { changed: vec!["title".to_owned()] };
    let there = || Standing::There { changed: vec![] };
    let update = Owed { updates: 1, ..Owed::default() };
    let withdrawal = Owed { withdrawals: 1, ..Owed::default() };
    for (standing, withdrawn, untold, owed, expected) in [
        (there(), false, false, Owed::default(), None),
        (changed(), false, false, Owed::default(), Some((TemplateChanged, false))),
        (changed(), false, true, update, Some((TemplateChanged, true))),
        (there(), false, true, Owed::default(), Some((PlacementUnpublishedChanges, false))),
        (there(), true, false, Owed::default(), Some((TemplateStillThere, false))),
        (there(), true, false, withdrawal, Some((TemplateStillThere, true))),
        (Standing::Missing, false, false, Owed::default(), Some((TemplateMissing, false))),
        (Standing::Missing, true, false, Owed::default(), None),
        (Standing::Unsure, false, false, Owed::default(), None),
    ] {
        let subject = Subject { withdrawn, owed, untold, standing, ..quiet() };

        let found = found(&subject);

        let found = found.first().map(|(kind, _, _, explained)| (*kind, *explained));
        assert_eq!(found, expected, "{subject:?}");
    }
}

#[test]
fn a_stranger_may_be_a_publication_under_way() {
    let stranger = |id: &str| Stranger { platform_ref: id.to_owned(), title: String::new() };
    let strangers = [stranger("7"), stranger("8")];

    for (arrivals, explained) in [(0, false), (1, false), (2, true)] {
        let differences = compare(&[], (&strangers, arrivals), rule());

        let told: Vec<_> = differences.iter().map(|one| (one.kind, one.explained)).collect();
        assert_eq!(told, [(TemplateUnknown, explained); 2]);
    }
}

#[test]
fn every_kind_says_what_it_means_in_both_languages() {
    for kind in [
        LostCalls,
        ForgedCalls,
        UnusedThere,
        UsedThere,
        StockDiffers,
        TemplateChanged,
        TemplateMissing,
        TemplateUnknown,
        TemplateStillThere,
        PlacementUnpublishedChanges,
    ] {
        let difference = Difference {
            ours: Some(10),
            theirs: Some(22),
            owed: 12,
            explained: true,
            ..Difference::about(&quiet(), kind)
        };

        let (chinese, english) = (
            difference.in_chinese(PlatformKind::Baidu),
            difference.in_english(PlatformKind::Baidu),
        );

        assert!(chinese.contains("还有 12 条推送未送达"), "{chinese}");
        assert!(english.contains("12 deliveries are still owed"), "{english}");
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
    }
}

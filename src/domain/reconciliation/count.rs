//! Figures beside figures.

use super::{Counted, Day, Difference, DifferenceKind, Rule, Subject, Told};

/// What may be off on a day that is still moving, at least.
const MOVING: i64 = 3;
/// The same as a share: one in so many.
const MOVING_SHARE: i64 = 200;

/// A day on which both sides counted.
struct Pair {
    day: Day,
    theirs: Told,
    /// By how much the platform's takes are out of the range that we understand, after what moved over midnight.
    taken_off: i64,
    /// The same of uses.
    used_off: i64,
    /// Whether what is missing on this day may stand on the next, which nobody has counted yet.
    moving: bool,
}

/// All differences of one placement's figures.
pub(super) fn counts(subject: &Subject, rule: Rule) -> Vec<Difference> {
    let pairs = pairs(subject, rule);
    let mut differences = Vec::new();
    for pair in pairs.iter().filter(|pair| pair.day.date >= rule.first) {
        differences.extend(taken(subject, pair, rule));
        differences.extend(used(subject, pair, rule));
    }
    differences.extend(stock(subject, &pairs));
    differences
}

impl Counted {
    /// The platform counts those that it took, with or without those that it was told of.
    const fn takes_from_to(&self) -> (i64, i64) {
        let least = self.takes - self.doubtful_takes;
        (least, self.takes + self.gifts + self.synced + self.syncs_in_doubt)
    }

    const fn uses_from_to(&self) -> (i64, i64) {
        (self.written_off, self.written_off + self.write_offs_in_doubt)
    }
}

fn pairs(subject: &Subject, rule: Rule) -> Vec<Pair> {
    let counted = |date| subject.days.iter().any(|day| day.date == date && day.theirs.is_some());
    let mut pairs: Vec<Pair> = Vec::new();
    for day in &subject.days {
        let Some(theirs) = day.theirs else { continue };
        let next = day.date.succ_opt();
        let moving = day.date >= rule.today || !next.is_some_and(counted);
        pairs.push(Pair {
            day: *day,
            theirs,
            taken_off: off(theirs.taken, day.ours.takes_from_to()),
            used_off: off(theirs.used, day.ours.uses_from_to()),
            moving,
        });
    }
    for place in 1..pairs.len() {
        let (earlier, later) = pairs.split_at_mut(place);
        let (Some(earlier), Some(later)) = (earlier.last_mut(), later.first_mut()) else {
            continue;
        };
        if earlier.day.date.succ_opt() == Some(later.day.date) {
            let most = allowance(earlier.theirs.taken.max(later.theirs.taken));
            over_midnight(&mut earlier.taken_off, &mut later.taken_off, most);
            let most = allowance(earlier.theirs.used.max(later.theirs.used));
            over_midnight(&mut earlier.used_off, &mut later.used_off, most);
        }
    }
    pairs
}

/// How far outside; above zero when the platform counts more.
const fn off(theirs: i64, (least, most): (i64, i64)) -> i64 {
    if theirs > most {
        theirs - most
    } else if theirs < least {
        theirs - least
    } else {
        0
    }
}

/// What is missing on one day and too much on the next happened at midnight.
fn over_midnight(earlier: &mut i64, later: &mut i64, most: i64) {
    if earlier.signum() * later.signum() < 0 {
        let moved = earlier.abs().min(later.abs()).min(most);
        *earlier -= earlier.signum() * moved;
        *later -= later.signum() * moved;
    }
}

fn allowance(count: i64) -> i64 {
    MOVING.max(count / MOVING_SHARE)
}

fn tolerance(pair: &Pair, count: i64, rule: Rule) -> i64 {
    if pair.moving { allowance(count).max(rule.tolerance) } else { rule.tolerance }
}

fn taken(subject: &Subject, pair: &Pair, rule: Rule) -> Option<Difference> {
    let (taken, off) = (pair.theirs.taken, pair.taken_off);
    let (least, most) = pair.day.ours.takes_from_to();
    if off.abs() <= tolerance(pair, taken.max(most), rule) {
        return None;
    }
    let (kind, ours) = if off > 0 {
        (DifferenceKind::LostCalls, most)
    } else {
        (DifferenceKind::ForgedCalls, least)
    };
    Some(Difference {
        day: Some(pair.day.date),
        ours: Some(ours),
        theirs: Some(taken),
        // Said, but no explanation: one that may have arrived is in doubt, and counted as such.
        owed: subject.owed.syncs,
        ..Difference::about(subject, kind)
    })
}

fn used(subject: &Subject, pair: &Pair, rule: Rule) -> Option<Difference> {
    let (ours, used) = (pair.day.ours, pair.theirs.used);
    let (least, most) = ours.uses_from_to();
    let tolerance = tolerance(pair, used.max(most), rule);
    if pair.used_off > tolerance {
        return Some(Difference {
            day: Some(pair.day.date),
            ours: Some(most),
            theirs: Some(used),
            owed: ours.write_offs_owed,
            ..Difference::about(subject, DifferenceKind::UsedThere)
        });
    }
    let all = least + ours.write_offs_owed + ours.write_offs_dead;
    // As the platform would have counted it but for midnight.
    let used_then = used - off(used, (least, most)) + pair.used_off;
    let missing = all - used_then;
    (missing > tolerance).then(|| Difference {
        day: Some(pair.day.date),
        ours: Some(all),
        theirs: Some(used),
        owed: ours.write_offs_owed,
        explained: missing - ours.write_offs_owed <= tolerance,
        ..Difference::about(subject, DifferenceKind::UnusedThere)
    })
}

/// Stock is a level: the last one that the platform told says all.
fn stock(subject: &Subject, pairs: &[Pair]) -> Option<Difference> {
    if subject.withdrawn {
        return None;
    }
    if let Some(theirs) = subject.there_left {
        return stock_now(subject, theirs);
    }
    let (last, theirs) =
        pairs.iter().rev().find_map(|pair| Some((pair.day.date, pair.theirs.stock?)))?;
    let since: i64 = subject
        .days
        .iter()
        .filter(|day| day.date > last)
        .map(|day| day.ours.takes - day.ours.added)
        .sum();
    let left = subject.left + since;
    // What is told as lost or forged is not told a second time.
    let told: i64 =
        pairs.iter().filter(|pair| pair.day.date <= last).map(|pair| pair.taken_off).sum();
    // Whether what is given through us costs the platform's stock is not documented.
    let off = off(theirs + told, (left - subject.claims, left));
    (off.abs() > allowance(left)).then(|| Difference {
        day: Some(last),
        ours: Some(left),
        theirs: Some(theirs),
        owed: subject.owed.additions,
        explained: off < 0 && -off <= subject.owed.pieces,
        ..Difference::about(subject, DifferenceKind::StockDiffers)
    })
}

/// The same where the platform shows what is left at this moment.
fn stock_now(subject: &Subject, theirs: i64) -> Option<Difference> {
    let left = subject.left;
    let off = theirs - left;
    (off.abs() > allowance(left)).then(|| Difference {
        ours: Some(left),
        theirs: Some(theirs),
        owed: subject.owed.additions,
        // What is to be taken back is still there.
        explained: off.signum() == -subject.owed.pieces.signum()
            && off.abs() <= subject.owed.pieces.abs() + allowance(left),
        ..Difference::about(subject, DifferenceKind::StockDiffers)
    })
}

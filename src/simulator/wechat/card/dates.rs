//! `date_info` as it is sent.

use chrono::{DateTime, Utc};

use super::super::fields::Fields;
use super::super::kind::CardKind;
use super::super::trouble::Trouble;
use super::Dates;

/// Which kind of dates is meant, in the long spelling or the old number.
fn type_of(info: &Fields<'_>) -> Result<&'static str, Trouble> {
    let sent = info.find("type").ok_or_else(|| info.missing("type"))?;
    let name = sent.as_str().map(str::to_owned).or_else(|| sent.as_i64().map(|n| n.to_string()));
    match name.as_deref() {
        Some("DATE_TYPE_FIX_TIME_RANGE" | "1") => Ok("range"),
        Some("DATE_TYPE_FIX_TERM" | "2") => Ok("term"),
        Some("DATE_TYPE_PERMANENT") => Ok("permanent"),
        Some(_) => Err(Trouble::parameter(info.path_of("type"))),
        None => Err(Trouble::format(info.path_of("type"))),
    }
}

fn without(info: &Fields<'_>, names: &[&str]) -> Result<(), Trouble> {
    match names.iter().find(|name| info.find(name).is_some()) {
        Some(name) => Err(Trouble::format(info.path_of(name))),
        None => Ok(()),
    }
}

/// The dates of a new card.
pub(in super::super) fn read(
    info: &Fields<'_>,
    kind: CardKind,
    now: DateTime<Utc>,
) -> Result<Dates, Trouble> {
    match type_of(info)? {
        "range" => {
            without(info, &["fixed_term", "fixed_begin_term"])?;
            let moment = |name| info.find_moment(name)?.ok_or_else(|| info.missing(name));
            range(moment("begin_timestamp")?, moment("end_timestamp")?, now)
        }
        "term" => {
            // An end for all may stand beside a term.
            without(info, &["begin_timestamp"])?;
            let days = info.integer("fixed_term")?;
            let after = info.find_integer("fixed_begin_term")?.unwrap_or(0);
            match (u64::try_from(days), u64::try_from(after)) {
                (Ok(days), Ok(after)) if days >= 1 => Ok(Dates::Term { days, after }),
                _ => Err(Trouble::new(40079, "invalid time: fixed_term")),
            }
        }
        _ if kind == CardKind::MemberCard => Ok(Dates::Permanent),
        _ => Err(Trouble::parameter(info.path_of("type"))),
    }
}

fn range(begin: i64, end: i64, now: DateTime<Utc>) -> Result<Dates, Trouble> {
    if end <= begin {
        return Err(Trouble::new(40100, "invalid time interval"));
    }
    if end <= now.timestamp() {
        return Err(Trouble::new(40079, "invalid time: it is over"));
    }
    Ok(Dates::Range { begin, end })
}

/// The dates after a change, which may only make a range wider.
pub(in super::super) fn widen(
    info: &Fields<'_>,
    old: Dates,
    now: DateTime<Utc>,
) -> Result<Dates, Trouble> {
    let refused = || Trouble::new(40079, "invalid time: dates can only be widened");
    let (Dates::Range { begin, end }, "range") = (old, type_of(info)?) else {
        return Err(refused());
    };
    let new_begin = info.find_moment("begin_timestamp")?.unwrap_or(begin);
    let new_end = info.find_moment("end_timestamp")?.unwrap_or(end);
    if new_begin > begin || new_end < end {
        return Err(refused());
    }
    range(new_begin, new_end, now)
}

//! `POST /rest/2.0/smartapp/coupon/couponStat`: what became of an app's templates, day by day.

use chrono::{Days as Step, NaiveDate, SecondsFormat};
use serde_json::{Value, json};

use super::Page;
use crate::simulator::days::{Day, china_day};
use crate::simulator::reply::Trouble;
use crate::simulator::sent::Sent;
use crate::simulator::template::Template;
use crate::simulator::turn::Turn;

/// More than this is no report any more.
const MOST_DAYS: i64 = 3660;

/// Shows one row for each template and day, from the day on which the template was made.
pub(in crate::simulator) fn stat(turn: &mut Turn<'_>, sent: &Sent<'_>) -> Result<Value, Trouble> {
    // The page gives the end as an integer and the start as a string.
    sent.fields.get_integer("statDateEnd")?;
    let from = day(sent.fields.get("statDateStart")?, "statDateStart")?;
    let until = day(sent.fields.get("statDateEnd")?, "statDateEnd")?;
    let page = Page::of(turn, &sent.fields, "pageNo")?;
    if until < from || (until - from).num_days() > MOST_DAYS {
        return Err(Trouble::parameter("statDateStart and statDateEnd are not a span of days"));
    }
    let until = until.min(china_day(turn.now));
    let templates = turn.state.templates.values();
    let rows: Vec<(&Template, NaiveDate)> = templates
        .filter(|template| turn.owns(&template.app_key))
        .flat_map(|template| {
            let born = template.days.all().next().map_or(until, |(day, _)| day);
            days(from.max(born), until).map(move |day| (template, day))
        })
        .collect();
    let synced = turn.state.switches.stat_counts_synced;
    let now = turn.now.to_rfc3339_opts(SecondsFormat::Millis, true);
    // The sample's day carries a time, as if it were the moment of the report.
    let time = now.split_once('T').map_or("", |(_, time)| time);
    Ok(page.show(&rows, |(template, day)| row(template, *day, time, synced)))
}

fn row(template: &Template, date: NaiveDate, time: &str, counts_synced: bool) -> Value {
    let quiet = Day::default();
    let day = template.days.get(date).unwrap_or(&quiet);
    let (get_pv, get_uv) = if counts_synced {
        (day.taken + day.synced, day.takers.union(&day.receivers).count())
    } else {
        (day.taken, day.takers.len())
    };
    // Nobody views the simulator's pages: three look for one who takes, each of them twice.
    let view_uv = get_uv * 3;
    json!({
        "appKey": template.app_key,
        "couponId": template.id,
        "pdate": format!("{date}T{time}"),
        "viewPv": view_uv * 2,
        "viewUv": view_uv,
        "getPv": get_pv,
        "getUv": get_uv,
        "getRate": rate(get_uv, view_uv),
        "usePv": day.used,
        "useUv": day.users.len(),
        "useRate": rate(day.users.len(), get_uv),
        "stock": template.days.stock_at(date),
    })
}

/// A share with four digits; a whole number where it is one, as in the sample.
fn rate(part: usize, whole: usize) -> Value {
    if part == 0 || whole == 0 {
        return json!(0);
    }
    let wide = |count: usize| u32::try_from(count).map_or(f64::from(u32::MAX), f64::from);
    json!((wide(part) / wide(whole) * 10_000.0).round() / 10_000.0)
}

fn days(from: NaiveDate, until: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    std::iter::successors(Some(from), |day| day.checked_add_days(Step::new(1)))
        .take_while(move |day| *day <= until)
}

/// The format is not documented; eight digits are valid as a string and as an integer.
fn day(text: &str, name: &str) -> Result<NaiveDate, Trouble> {
    let unreadable = || Trouble::parameter(format!("{name} is not a day as yyyyMMdd"));
    let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits {
        return Err(unreadable());
    }
    NaiveDate::parse_from_str(text, "%Y%m%d").map_err(|_| unreadable())
}

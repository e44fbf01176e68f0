//! `advanced_info`: conditions and pictures that WeChat only shows.

use serde_json::Value;

use super::super::fields::Fields;
use super::super::trouble::Trouble;
use super::base::is_on_cdn;

/// Types, lengths and names of everything in it.
pub(in super::super) fn check(info: &Fields<'_>) -> Result<(), Trouble> {
    if let Some(condition) = info.find_object("use_condition")? {
        for name in ["accept_category", "reject_category", "object_use_for"] {
            short(&condition, name, 512)?;
        }
        condition.find_integer("least_cost")?;
        condition.find_flag("can_use_with_other_discount")?;
    }
    if let Some(summary) = info.find_object("abstract")? {
        short(&summary, "abstract", 24)?;
        if summary.find("icon_url_list").is_some() {
            let icons = summary.texts("icon_url_list")?;
            if icons.len() > 1 || !icons.iter().all(|url| is_on_cdn(url)) {
                return Err(Trouble::parameter(summary.path_of("icon_url_list")));
            }
        }
    }
    for item in objects(info, "text_image_list")? {
        let item = Fields::root(item);
        short(&item, "text", 512)?;
        short(&item, "image_url", 128)?;
        if item.find_text("image_url")?.is_some_and(|url| !is_on_cdn(url)) {
            return Err(Trouble::parameter("image_url is not on the CDN"));
        }
    }
    for item in objects(info, "time_limit")? {
        time_limit(&Fields::root(item))?;
    }
    services(info)
}

type Object = serde_json::Map<String, Value>;

fn objects<'a>(info: &Fields<'a>, name: &str) -> Result<Vec<&'a Object>, Trouble> {
    let Some(list) = info.find_list(name)? else { return Ok(Vec::new()) };
    let objects = list.iter().map(Value::as_object).collect::<Option<Vec<_>>>();
    objects.ok_or_else(|| Trouble::format(info.path_of(name)))
}

fn short(fields: &Fields<'_>, name: &str, most: usize) -> Result<(), Trouble> {
    if fields.find_text(name)?.is_some_and(|text| text.len() > most) {
        return Err(Trouble::too_long(&fields.path_of(name)));
    }
    Ok(())
}

fn time_limit(item: &Fields<'_>) -> Result<(), Trouble> {
    const DAYS: [&str; 8] =
        ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY", "HOLIDAY"];
    if item.find_text("type")?.is_some_and(|day| !DAYS.contains(&day)) {
        return Err(Trouble::parameter("time_limit.type"));
    }
    for (name, most) in
        [("begin_hour", 24), ("begin_minute", 59), ("end_hour", 24), ("end_minute", 59)]
    {
        if item.find_integer(name)?.is_some_and(|number| !(0..=most).contains(&number)) {
            return Err(Trouble::parameter(format!("time_limit.{name}")));
        }
    }
    Ok(())
}

fn services(info: &Fields<'_>) -> Result<(), Trouble> {
    const SERVICES: [&str; 4] = [
        "BIZ_SERVICE_DELIVER",
        "BIZ_SERVICE_FREE_PARK",
        "BIZ_SERVICE_WITH_PET",
        "BIZ_SERVICE_FREE_WIFI",
    ];
    if info.find("business_service").is_none() {
        return Ok(());
    }
    let named = info.texts("business_service")?;
    if named.iter().all(|name| SERVICES.contains(name)) {
        return Ok(());
    }
    Err(Trouble::parameter("business_service"))
}

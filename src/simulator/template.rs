//! Coupon templates as the platform keeps and shows them.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::days::{Day, Days, Figures, china_day};

/// The colours a template may have, by name and as they look.
const COLOURS: [(&str, &str); 17] = [
    ("B010", "#9857AE"),
    ("B020", "#5854BE"),
    ("B030", "#487FCC"),
    ("B040", "#288DAF"),
    ("B050", "#28915E"),
    ("B060", "#449045"),
    ("B070", "#95B250"),
    ("B080", "#B82C28"),
    ("B090", "#B85029"),
    ("B100", "#B76229"),
    ("B110", "#B87029"),
    ("B120", "#B48228"),
    ("B130", "#B89028"),
    ("B140", "#C5AE34"),
    ("B150", "#282828"),
    ("B160", "#5F6062"),
    ("B170", "#CCCCCC"),
];

/// One of the seventeen colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Colour(usize);

impl Colour {
    pub fn named(name: &str) -> Option<Self> {
        COLOURS.iter().position(|(known, _)| *known == name).map(Self)
    }

    /// The colour that looks like this.
    pub fn looking(look: &str) -> Option<Self> {
        COLOURS.iter().position(|(_, known)| known.eq_ignore_ascii_case(look)).map(Self)
    }

    /// The sloppy spellings seen in the documents: `B10`, or the look instead of the name.
    pub fn sloppily_named(name: &str) -> Option<Self> {
        let padded = name.strip_prefix('B').map(|digits| format!("B0{digits}"));
        padded.and_then(|name| Self::named(&name)).or_else(|| Self::looking(name))
    }

    pub fn name(self) -> &'static str {
        COLOURS[self.0].0
    }

    pub fn look(self) -> &'static str {
        COLOURS[self.0].1
    }
}

/// What a developer says about a template, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Terms {
    pub colour: Colour,
    pub coupon_type: i64,
    pub title: String,
    pub description: String,
    pub effect_time: i64,
    pub expire_time: i64,
    pub introduce: String,
    pub sill: String,
    pub take_limit: String,
    pub callback_url: String,
}

/// A template with what the platform adds.
#[derive(Debug, Clone)]
pub(super) struct Template {
    pub id: i64,
    pub app_key: String,
    pub app_id: i64,
    pub terms: Terms,
    /// How many may still be taken; [`Template::set_stock`] changes it.
    pub stock: i64,
    pub days: Days,
    /// The one banner that it may have.
    pub banner: Option<i64>,
    pub created: i64,
    pub updated: i64,
    pub deleted: bool,
}

/// How a reply shows the colour: the samples differ from call to call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColourShown {
    Name,
    Look,
}

impl Template {
    /// Changes the stock, which never falls below zero, and lets the statistics know.
    pub fn set_stock(&mut self, stock: i64, now: DateTime<Utc>) {
        self.stock = stock.max(0);
        self.days.on(china_day(now), self.stock);
    }

    /// The day that the statistics write on now.
    pub fn today(&mut self, now: DateTime<Utc>) -> &mut Day {
        self.days.on(china_day(now), self.stock)
    }

    /// Each day on which something happened.
    pub fn figures(&self) -> impl Iterator<Item = Figures> {
        self.days.all().map(|(date, day)| Figures {
            app_key: self.app_key.clone(),
            coupon_template_id: self.id,
            day: date,
            taken: day.taken,
            takers: day.takers.len(),
            synced: day.synced,
            receivers: day.receivers.len(),
            used: day.used,
            users: day.users.len(),
            stock: day.stock,
        })
    }

    /// The object of section 3 of the documents: no stock, no callback address.
    pub fn shown(&self, colour: ColourShown) -> ShownTemplate<'_> {
        let terms = &self.terms;
        ShownTemplate {
            id: self.id,
            app_id: self.app_id,
            bg_color: match colour {
                ColourShown::Name => terms.colour.name(),
                ColourShown::Look => terms.colour.look(),
            },
            coupon_type: terms.coupon_type,
            title: &terms.title,
            description: &terms.description,
            effect_time: terms.effect_time,
            expire_time: terms.expire_time,
            introduce: &terms.introduce,
            sill: &terms.sill,
            take_limit: &terms.take_limit,
            create_time: self.created,
            update_time: self.updated,
            deleted: i64::from(self.deleted),
        }
    }

    /// What the control surface tells a developer.
    pub fn inside(&self) -> TemplateInside {
        TemplateInside {
            coupon_template_id: self.id,
            app_key: self.app_key.clone(),
            title: self.terms.title.clone(),
            bg_color: self.terms.colour.name().to_owned(),
            look: self.terms.colour.look(),
            description: self.terms.description.clone(),
            introduce: self.terms.introduce.clone(),
            sill: self.terms.sill.clone(),
            take_limit: self.terms.take_limit.clone(),
            coupon_type: self.terms.coupon_type,
            effect_time: self.terms.effect_time,
            expire_time: self.terms.expire_time,
            callback_url: self.terms.callback_url.clone(),
            stock: self.stock,
            deleted: self.deleted,
        }
    }
}

/// The template object of the documents.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ShownTemplate<'a> {
    id: i64,
    app_id: i64,
    bg_color: &'a str,
    coupon_type: i64,
    title: &'a str,
    description: &'a str,
    effect_time: i64,
    expire_time: i64,
    introduce: &'a str,
    sill: &'a str,
    take_limit: &'a str,
    create_time: i64,
    update_time: i64,
    deleted: i64,
}

/// A template seen from inside the simulator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TemplateInside {
    /// The platform's id.
    pub coupon_template_id: i64,
    /// The app it belongs to.
    pub app_key: String,
    /// The title shown to people.
    pub title: String,
    /// The colour's name.
    pub bg_color: String,
    /// The colour as it looks: `#9857AE`.
    pub look: &'static str,
    /// The line under the title.
    pub description: String,
    /// How to use it.
    pub introduce: String,
    /// From which price on.
    pub sill: String,
    /// What people are told of the limit; nothing enforces it here.
    pub take_limit: String,
    /// 1 to 5, as documented.
    pub coupon_type: i64,
    /// Valid from, unix seconds.
    pub effect_time: i64,
    /// Valid until, unix seconds.
    pub expire_time: i64,
    /// Where takes are asked for.
    pub callback_url: String,
    /// How many may still be taken.
    pub stock: i64,
    /// Whether it was deleted.
    pub deleted: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sloppy_colour_is_recognised_for_what_it_means() {
        assert_eq!(Colour::named("B10"), None);
        assert_eq!(Colour::sloppily_named("B10"), Colour::named("B010"));
        assert_eq!(Colour::sloppily_named("#9857ae"), Colour::named("B010"));
        assert_eq!(Colour::sloppily_named("B999"), None);
    }
}

//! Events as WeChat writes them, and the transcript of their pushes.

use chrono::{DateTime, Utc};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::app::App;
use super::switches::Layout;

/// What a field of an event holds.
#[derive(Debug, Clone)]
enum Field {
    Text(String),
    Number(i64),
}

/// One event before it is written.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    pub appid: String,
    pub event: &'static str,
    /// Who did it.
    pub from: String,
    pub card_id: String,
    pub code: String,
    fields: Vec<(&'static str, Field)>,
}

impl Letter {
    pub fn new(appid: &str, event: &'static str, from: &str, card_id: &str) -> Self {
        Self {
            appid: appid.to_owned(),
            event,
            from: from.to_owned(),
            card_id: card_id.to_owned(),
            code: String::new(),
            fields: Vec::new(),
        }
    }

    #[must_use]
    pub fn code(mut self, code: &str) -> Self {
        code.clone_into(&mut self.code);
        self.text("UserCardCode", code)
    }

    #[must_use]
    pub fn text(mut self, name: &'static str, value: &str) -> Self {
        self.fields.push((name, Field::Text(value.to_owned())));
        self
    }

    #[must_use]
    pub fn number(mut self, name: &'static str, value: i64) -> Self {
        self.fields.push((name, Field::Number(value)));
        self
    }

    #[must_use]
    pub fn flag(self, name: &'static str, value: bool) -> Self {
        self.number(name, i64::from(value))
    }

    /// The event as XML.
    pub fn message(
        &self,
        app: &App,
        now: DateTime<Utc>,
        layout: Layout,
        rng: &mut StdRng,
    ) -> String {
        let text = |value: &str| Field::Text(value.to_owned());
        let mut fields = vec![
            ("ToUserName", text(&app.original_id)),
            ("FromUserName", text(&self.from)),
            ("CreateTime", Field::Number(now.timestamp())),
            ("MsgType", text("event")),
            ("Event", text(self.event)),
            ("CardId", text(&self.card_id)),
        ];
        fields.extend(self.fields.iter().cloned());
        if layout == Layout::Shuffled {
            fields.shuffle(rng);
        }
        let (blank, line) = if layout == Layout::Official { (" ", "\n") } else { ("", "") };
        let written = fields.iter().map(|(name, value)| match value {
            Field::Number(number) => format!("<{name}>{number}</{name}>{line}"),
            Field::Text(text) => {
                let text = text.replace("]]>", "]] >");
                format!("<{name}>{blank}<![CDATA[{text}]]>{blank}</{name}>{line}")
            }
        });
        let written: String = written.collect();
        let declared = if layout == Layout::Bom {
            "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        } else {
            ""
        };
        format!("{declared}<xml>{blank}{written}</xml>")
    }
}

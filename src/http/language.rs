//! The language in which a caller wants to be answered: Chinese, unless they ask for English (RFC 9110, 12.5.4).

use http::{HeaderMap, header};

/// What texts for people are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// Also for callers who do not say: the merchants and their customers are Chinese.
    #[default]
    Chinese,
    /// For those who prefer it.
    English,
}

tokio::task_local! {
    static CURRENT: Language;
}

/// The language of the request that is being answered.
pub fn current() -> Language {
    CURRENT.try_with(|language| *language).unwrap_or_default()
}

impl Language {
    /// Reads `Accept-Language`. What we do not speak is passed over; with nothing left it is Chinese.
    pub fn wanted(headers: &HeaderMap) -> Self {
        let ranges = headers.get_all(header::ACCEPT_LANGUAGE).iter();
        let ranges =
            ranges.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
        let (mut best, mut weight) = (Self::default(), 0);
        for (language, offered) in ranges.filter_map(read_range) {
            if offered > weight {
                (best, weight) = (language, offered);
            }
        }
        best
    }

    /// As `Content-Language` spells it.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }

    /// Runs `work` as part of a request in this language.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }
}

/// One range with its weight in thousandths; `None` for what we do not speak or cannot read.
fn read_range(range: &str) -> Option<(Language, u32)> {
    let mut parts = range.split(';').map(str::trim);
    let tag = parts.next()?;
    let language = match tag.split('-').next()?.to_ascii_lowercase().as_str() {
        "zh" | "*" => Language::Chinese,
        "en" => Language::English,
        _ => return None,
    };
    let weight = match parts.next() {
        None => 1000,
        Some(parameter) => read_weight(parameter)?,
    };
    Some((language, weight))
}

fn read_weight(parameter: &str) -> Option<u32> {
    let (name, value) = parameter.split_once('=')?;
    let value = value.trim();
    if !name.trim().eq_ignore_ascii_case("q") || value.len() > 5 {
        return None;
    }
    let (whole, part) = value.split_once('.').unwrap_or((value, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(part) {
        return None;
    }
    let thousandths = format!("{part:0<3}").parse::<u32>().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_weight_wins_and_silence_is_chinese() {
        use Language::{Chinese, English};
        for (accepted, expected) in [
            (None, Chinese),
            (Some(""), Chinese),
            (Some("*"), Chinese),
            (Some("en"), English),
            (Some("EN-us"), English),
            (Some("zh-Hant-TW"), Chinese),
            (Some("fr, de;q=0.9"), Chinese),
            (Some("fr, en;q=0.1"), English),
            (Some("en, zh"), English),
            (Some("en;q=0.8, zh;q=0.9"), Chinese),
            (Some("zh;q=0.5,en;q=0.501"), English),
            (Some("zh;q=0, en;q=0.001"), English),
            (Some("en;q=0"), Chinese),
            (Some("en;q=2"), Chinese),
            (Some("en;q=0.9999"), Chinese),
            (Some("en;level=1"), Chinese),
            (Some("english"), Chinese),
            (Some(";;,,=;q"), Chinese),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(accepted) = accepted {
                headers.insert(header::ACCEPT_LANGUAGE, accepted.parse().unwrap());
            }
            assert_eq!(Language::wanted(&headers), expected, "{accepted:?}");
        }
    }
}

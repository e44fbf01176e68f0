//! The table at the end: each promise, whether it held, and the figures that say so.

use serde::Serialize;
use serde_json::Value;

/// One promise and how it fared.
#[derive(Debug, Clone, Serialize)]
pub struct Promise {
    /// In Chinese.
    pub zh: &'static str,
    /// In English.
    pub en: &'static str,
    /// Whether it held.
    pub held: bool,
    /// What was counted.
    pub figures: String,
}

impl Promise {
    /// A promise with its figures.
    pub fn new(zh: &'static str, en: &'static str, held: bool, figures: impl Into<String>) -> Self {
        Self { zh, en, held, figures: figures.into() }
    }
}

/// Answers that were not what was promised.
#[derive(Debug, Default)]
pub struct Findings(Vec<String>);

impl Findings {
    /// Keeps the answer unless it is as it should be, and says whether it is.
    pub fn expect(&mut self, holds: bool, answer: &Value) -> bool {
        if !holds {
            self.0.push(answer.to_string());
        }
        holds
    }

    /// A promise that held if there was nothing to find; otherwise its figures are the first answer that was wrong.
    pub fn promise(
        &self,
        zh: &'static str,
        en: &'static str,
        figures: impl Into<String>,
    ) -> Promise {
        let figures = self.0.first().cloned().unwrap_or_else(|| figures.into());
        Promise::new(zh, en, self.0.is_empty(), figures)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_promise_fails_with_the_first_answer_that_was_wrong() {
        let mut findings = Findings::default();
        let right = findings.expect(true, &json!("as promised"));
        let held = findings.promise("券", "coupon", "1 used");
        let wrong = findings.expect(false, &json!({ "code": "busy" }));
        findings.expect(false, &json!("later"));

        let broken = findings.promise("券", "coupon", "1 used");

        assert!(right && !wrong);
        assert_eq!((held.held, held.figures.as_str()), (true, "1 used"));
        assert_eq!((broken.held, broken.figures.as_str()), (false, r#"{"code":"busy"}"#));
    }
}

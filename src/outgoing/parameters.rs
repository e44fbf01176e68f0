//! Parameters in percent-encoded UTF-8, for queries and forms alike; a blank is `%20`, which every reader understands.

use url::form_urlencoded::byte_serialize;

/// Names and values in the order they were given.
#[derive(Default)]
pub struct Parameters(String);

impl Parameters {
    /// With one more.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.push_str(name);
        self.0.push('=');
        for piece in byte_serialize(value.as_bytes()) {
            self.0.push_str(if piece == "+" { "%20" } else { piece });
        }
        self
    }

    /// With one more, a number.
    #[must_use]
    pub fn with_number(self, name: &str, value: i64) -> Self {
        self.with(name, &value.to_string())
    }

    /// As it stands behind `?` or in a form.
    pub fn into_text(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn everything_that_means_something_is_encoded() {
        let text = Parameters::default()
            .with("title", "满 100+减&20=%")
            .with("empty", "")
            .with_number("n", -1)
            .with("url", "https://m.example/cb?a=b*-._~")
            .into_text();

        assert_eq!(
            text,
            "title=%E6%BB%A1%20100%2B%E5%87%8F%2620%3D%25&empty=&n=-1\
             &url=https%3A%2F%2Fm.example%2Fcb%3Fa%3Db*-._%7E"
        );
    }

    proptest! {
        #[test]
        fn what_is_written_can_be_read_again(values in prop::collection::vec(any::<String>(), 0..5)) {
            let all = values.iter().fold(Parameters::default(), |all, value| all.with("n", value));

            let text = all.into_text();

            prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic()));
            let read = url::form_urlencoded::parse(text.as_bytes());
            prop_assert_eq!(read.map(|(_, value)| value.into_owned()).collect::<Vec<_>>(), values);
        }
    }
}

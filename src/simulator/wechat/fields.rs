//! JSON fields as WeChat reads them: what is missing, what is of a wrong type, what is too long.

use serde_json::{Map, Value};

use super::trouble::Trouble;

/// One object of a body, and where in the body it stands.
#[derive(Debug, Clone)]
pub(super) struct Fields<'a> {
    pub map: &'a Map<String, Value>,
    path: String,
}

impl<'a> Fields<'a> {
    pub fn root(map: &'a Map<String, Value>) -> Self {
        Self { map, path: String::new() }
    }

    pub fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// What is sent under the name; a null counts as nothing.
    pub fn find(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    fn wrong(&self, name: &str) -> Trouble {
        Trouble::format(self.path_of(name))
    }

    pub fn missing(&self, name: &str) -> Trouble {
        Trouble::missing(&self.path_of(name))
    }

    pub fn find_text(&self, name: &str) -> Result<Option<&'a str>, Trouble> {
        let read = |value: &'a Value| value.as_str().ok_or_else(|| self.wrong(name));
        self.find(name).map(read).transpose()
    }

    /// A text that must be there and say something.
    pub fn text(&self, name: &str) -> Result<&'a str, Trouble> {
        let text = self.find_text(name)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| self.missing(name))
    }

    pub fn find_integer(&self, name: &str) -> Result<Option<i64>, Trouble> {
        let read = |value: &Value| value.as_i64().ok_or_else(|| self.wrong(name));
        self.find(name).map(read).transpose()
    }

    pub fn integer(&self, name: &str) -> Result<i64, Trouble> {
        self.find_integer(name)?.ok_or_else(|| self.missing(name))
    }

    /// A moment, which may be a number or a text of digits.
    pub fn find_moment(&self, name: &str) -> Result<Option<i64>, Trouble> {
        let read = |value: &Value| {
            let number = value.as_i64().or_else(|| value.as_str()?.parse().ok());
            number.ok_or_else(|| self.wrong(name))
        };
        self.find(name).map(read).transpose()
    }

    pub fn find_flag(&self, name: &str) -> Result<Option<bool>, Trouble> {
        let read = |value: &Value| value.as_bool().ok_or_else(|| self.wrong(name));
        self.find(name).map(read).transpose()
    }

    pub fn find_object(&self, name: &str) -> Result<Option<Self>, Trouble> {
        let read = |value: &'a Value| {
            let map = value.as_object().ok_or_else(|| self.wrong(name))?;
            Ok(Self { map, path: self.path_of(name) })
        };
        self.find(name).map(read).transpose()
    }

    pub fn object(&self, name: &str) -> Result<Self, Trouble> {
        self.find_object(name)?.ok_or_else(|| self.missing(name))
    }

    pub fn find_list(&self, name: &str) -> Result<Option<&'a Vec<Value>>, Trouble> {
        let read = |value: &'a Value| value.as_array().ok_or_else(|| self.wrong(name));
        self.find(name).map(read).transpose()
    }

    pub fn list(&self, name: &str) -> Result<&'a Vec<Value>, Trouble> {
        self.find_list(name)?.ok_or_else(|| self.missing(name))
    }

    /// A list of texts and nothing else.
    pub fn texts(&self, name: &str) -> Result<Vec<&'a str>, Trouble> {
        let texts = self.list(name)?.iter().map(|item| item.as_str());
        texts.map(|text| text.ok_or_else(|| self.wrong(name))).collect()
    }
}

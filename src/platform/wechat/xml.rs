//! The XML of WeChat's pushes: one `xml` element with fields in it, each a text.
//!
//! Far less than XML can do: no document type, no entities but the five, no elements in fields, no attributes, no comments,
//! no field twice. What WeChat does not send is refused, so that nobody has to think about what it might mean.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use quick_xml::{
    Reader, XmlVersion,
    escape::resolve_predefined_entity,
    events::{BytesDecl, BytesStart, Event},
};

/// Fields by their names.
#[derive(PartialEq, Eq)]
pub struct Fields(BTreeMap<String, String>);

/// Not what WeChat sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed XML")]
pub struct Malformed;

/// More than any push has.
const MOST_FIELDS: usize = 256;
const ROOT: &str = "xml";

/// Reads a message in UTF-8, with a byte order mark or without. Blanks around a value do not belong to it.
pub fn read(body: &[u8]) -> Result<Fields, Malformed> {
    let text = std::str::from_utf8(body).map_err(|_| Malformed)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !text.chars().all(is_allowed) {
        return Err(Malformed);
    }
    let mut reader = Reader::from_str(text);
    let mut place = Place::Start;
    loop {
        let event = reader.read_event().map_err(|_| Malformed)?;
        place = match place.after(event)? {
            Step::To(place) => place,
            Step::End(fields) => return Ok(Fields(fields)),
        };
    }
}

impl Fields {
    /// A value, unless it is empty: an empty one is how WeChat says that there is none.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// How far reading has come.
enum Place {
    Start,
    /// Before the root, behind the declaration.
    Declared,
    Root(BTreeMap<String, String>),
    Field {
        before: BTreeMap<String, String>,
        name: String,
        value: String,
    },
    /// Behind the root.
    Done(BTreeMap<String, String>),
}

enum Step {
    To(Place),
    End(BTreeMap<String, String>),
}

impl Place {
    fn after(self, event: Event<'_>) -> Result<Step, Malformed> {
        let place = match (self, event) {
            (Self::Start, Event::Decl(declaration)) if is_utf8(&declaration) => Self::Declared,
            (Self::Start | Self::Declared, Event::Text(text)) if is_blank(&text) => Self::Declared,
            (Self::Start | Self::Declared, Event::Start(root)) if is_root(&root) => {
                Self::Root(BTreeMap::new())
            }
            (Self::Root(fields), Event::Text(text)) if is_blank(&text) => Self::Root(fields),
            (Self::Root(before), Event::Start(field)) => {
                let name = fresh_name(&field, &before)?;
                Self::Field { before, name, value: String::new() }
            }
            (Self::Root(mut fields), Event::Empty(field)) => {
                fields.insert(fresh_name(&field, &fields)?, String::new());
                Self::Root(fields)
            }
            (Self::Root(fields), Event::End(_)) => Self::Done(fields),
            (Self::Field { before, name, mut value }, Event::Text(text)) => {
                let text = text.xml_content(XmlVersion::Explicit1_0);
                // It ends what was begun by `<![CDATA[`, and nothing was.
                if text.contains("]]>") {
                    return Err(Malformed);
                }
                value.push_str(&text);
                Self::Field { before, name, value }
            }
            (Self::Field { before, name, mut value }, Event::CData(text)) => {
                value.push_str(&text.xml_content(XmlVersion::Explicit1_0));
                Self::Field { before, name, value }
            }
            (Self::Field { before, name, mut value }, Event::GeneralRef(entity)) => {
                value.push_str(resolve_predefined_entity(&entity).ok_or(Malformed)?);
                Self::Field { before, name, value }
            }
            (Self::Field { before: mut fields, name, value }, Event::End(_)) => {
                fields.insert(name, value.trim().to_owned());
                Self::Root(fields)
            }
            (Self::Done(fields), Event::Text(text)) if is_blank(&text) => Self::Done(fields),
            (Self::Done(fields), Event::Eof) => return Ok(Step::End(fields)),
            _ => return Err(Malformed),
        };
        Ok(Step::To(place))
    }
}

/// What may stand in XML, and in a row of the database.
fn is_allowed(letter: char) -> bool {
    !(letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}'))
        || matches!(letter, '\t' | '\n' | '\r')
}

fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
}

fn is_root(element: &BytesStart<'_>) -> bool {
    element.name().into_inner() == ROOT && is_blank(element.attributes_raw())
}

fn is_utf8(declaration: &BytesDecl<'_>) -> bool {
    match declaration.encoding() {
        None => true,
        Some(Ok(name)) => name.eq_ignore_ascii_case("utf-8"),
        Some(Err(_)) => false,
    }
}

/// The name of a field that is not there yet.
fn fresh_name(
    element: &BytesStart<'_>,
    fields: &BTreeMap<String, String>,
) -> Result<String, Malformed> {
    let name = element.name().into_inner();
    let is_name = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && is_blank(element.attributes_raw());
    if !is_name || fields.len() >= MOST_FIELDS || fields.contains_key(name) {
        return Err(Malformed);
    }
    Ok(name.to_owned())
}

/// What is in them may be anybody's.
impl std::fmt::Debug for Fields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

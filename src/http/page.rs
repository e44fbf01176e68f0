//! Lists in pages: newest first, continued from an opaque cursor, so that new rows never shift a page.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{code::Code, error::ApiError};

const USUAL: u32 = 50;
/// The longest page.
pub const MOST: u32 = 200;
/// What a cursor looks like: 16 bytes in base 64, the last character with two bits of them.
pub const CURSOR: &str = "^[A-Za-z0-9_-]{21}[AQgw]$";

/// The query of a list that has no filters.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    #[schemars(range(min = 1, max = MOST))]
    limit: Option<u32>,
    cursor: Option<String>,
}

impl ListQuery {
    /// Which part of the list is asked for.
    pub fn slice(&self) -> Result<Slice, ApiError> {
        Slice::read(self.limit, self.cursor.as_deref())
    }
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Slice {
    limit: u32,
    /// The last id of the page before.
    pub before: Option<Uuid>,
}

/// One page, and where the next begins.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "{T}Page")]
pub struct Page<T> {
    data: Vec<T>,
    next_cursor: Option<String>,
}

impl Slice {
    /// Reads `?limit=` and `?cursor=`.
    pub fn read(limit: Option<u32>, cursor: Option<&str>) -> Result<Self, ApiError> {
        let limit = limit.unwrap_or(USUAL);
        if !(1..=MOST).contains(&limit) {
            let detail = "limit is 1 to 200";
            return Err(ApiError::refused(Code::InvalidQuery, detail).at("limit"));
        }
        let before = cursor.map(read_cursor).transpose()?;
        Ok(Self { limit, before })
    }

    /// How many rows to read: one more than the page holds, to see whether there is a next one.
    pub fn to_read(self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// Cuts the page from what was read.
    pub fn page<R, V: From<R>>(self, mut rows: Vec<R>, id: impl Fn(&R) -> Uuid) -> Page<V> {
        let limit = self.limit as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| more).map(id);
        let next_cursor = last.map(|id| URL_SAFE_NO_PAD.encode(id.as_bytes()));
        Page { data: rows.into_iter().map(V::from).collect(), next_cursor }
    }
}

fn read_cursor(text: &str) -> Result<Uuid, ApiError> {
    URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| Uuid::from_slice(&bytes).ok()).ok_or_else(
        || {
            let detail = "not a `next_cursor` of ours";
            ApiError::refused(Code::InvalidCursor, detail).at("cursor")
        },
    )
}

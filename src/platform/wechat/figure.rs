//! What WeChat counted, day by day.

use chrono::NaiveDate;

use super::json::Fields;

/// One card, or the whole account, on one day in China. A day without anything has no row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayOfCards {
    /// Which day.
    pub ref_date: NaiveDate,
    /// Of which card; none for the whole account.
    pub card_id: Option<String>,
    /// How often it was seen.
    pub view_cnt: i64,
    /// By how many.
    pub view_user: i64,
    /// How often it was taken.
    pub receive_cnt: i64,
    /// By how many.
    pub receive_user: i64,
    /// How often it was used.
    pub verify_cnt: i64,
    /// By how many.
    pub verify_user: i64,
    /// How often it was given away.
    pub given_cnt: i64,
    /// By how many.
    pub given_user: i64,
    /// How often it went unused to its end.
    pub expire_cnt: i64,
    /// With how many.
    pub expire_user: i64,
}

impl DayOfCards {
    /// Reads one row; a count that is missing is zero, a day is not.
    pub(super) fn read(row: Fields<'_>) -> Option<Self> {
        let day = row.text("ref_date")?;
        let count = |key| row.integer(key).unwrap_or_default();
        Some(Self {
            ref_date: NaiveDate::parse_from_str(&day, "%Y-%m-%d").ok()?,
            card_id: row.text("card_id"),
            view_cnt: count("view_cnt"),
            view_user: count("view_user"),
            receive_cnt: count("receive_cnt"),
            receive_user: count("receive_user"),
            verify_cnt: count("verify_cnt"),
            verify_user: count("verify_user"),
            given_cnt: count("given_cnt"),
            given_user: count("given_user"),
            expire_cnt: count("expire_cnt"),
            expire_user: count("expire_user"),
        })
    }
}

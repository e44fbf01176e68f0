//! All pages of a list, whichever it is.

use std::hash::Hash;

use crate::{
    outgoing::answer::Heard,
    platform::baidu::{
        error::CallError,
        paging::{Listing, Page, Walk},
    },
};

/// Every page of a list, each item once; the answer is that to the last page.
pub(super) async fn list_all<T, K: Eq + Hash, F>(
    key: fn(&T) -> K,
    list: impl Fn(i64) -> F,
) -> Result<Heard<Listing<T>>, CallError>
where
    F: Future<Output = Result<Heard<Page<T>>, CallError>>,
{
    let mut walk = Walk::new(key);
    loop {
        let heard = match list(walk.next_page().unwrap_or_default()).await {
            Err(error) if walk.may_begin_at_one() && error.refuses_the_parameters() => {
                walk.begin_at_one();
                continue;
            }
            heard => heard?,
        };
        let Heard { value, status, answer, took } = heard;
        walk.take(value);
        if walk.next_page().is_none() {
            return Ok(Heard { value: walk.finish(), status, answer, took });
        }
    }
}

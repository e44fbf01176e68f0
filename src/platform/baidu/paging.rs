//! Walks through a list whose pages are counted from zero or from one; the documents do not say.

use std::{collections::HashSet, hash::Hash};

/// How many are asked for at once; the documents name no limit, and fifty stay far below that of a reply.
pub const PAGE_SIZE: i64 = 50;
/// More than any merchant has.
const MOST_PAGES: i64 = 200;

/// One page as Baidu sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What stands on it.
    pub items: Vec<T>,
    /// How many Baidu says there are in all.
    pub total: i64,
}

/// All pages together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing<T> {
    /// Each once, in the order of its first appearance.
    pub items: Vec<T>,
    /// Whether the end was reached.
    pub complete: bool,
}

/// A walk under way.
#[derive(Debug)]
pub struct Walk<T, K> {
    next: Option<i64>,
    items: Vec<T>,
    seen: HashSet<K>,
    key: fn(&T) -> K,
    complete: bool,
}

impl<T, K: Eq + Hash> Walk<T, K> {
    /// Tells items apart by `key`.
    pub fn new(key: fn(&T) -> K) -> Self {
        Self { next: Some(0), items: Vec::new(), seen: HashSet::new(), key, complete: false }
    }

    /// The number of the page to ask for, or none at the end.
    pub const fn next_page(&self) -> Option<i64> {
        self.next
    }

    /// Whether a refusal of this page only says that pages are counted from one.
    pub const fn may_begin_at_one(&self) -> bool {
        matches!(self.next, Some(0))
    }

    /// Goes on with page one.
    pub const fn begin_at_one(&mut self) {
        self.next = Some(1);
    }

    /// Takes the page that was asked for.
    pub fn take(&mut self, page: Page<T>) {
        let Some(number) = self.next else { return };
        let mut news = 0;
        for item in page.items {
            if self.seen.insert((self.key)(&item)) {
                self.items.push(item);
                news += 1;
            }
        }
        let all = usize::try_from(page.total).is_ok_and(|total| total <= self.items.len());
        // Page one may be page zero once more, and a total of zero beside items is no total.
        let said_all = all && (page.total > 0 || self.items.is_empty());
        let ran_dry = news == 0 && number > 1;
        self.complete = said_all || ran_dry;
        self.next = (!self.complete && number + 1 < MOST_PAGES).then_some(number + 1);
    }

    /// What was gathered.
    pub fn finish(self) -> Listing<T> {
        Listing { items: self.items, complete: self.complete }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Walks over so many items in pages of ten.
    fn walk(items: i64, total: i64, base: i64) -> (Listing<i64>, i64) {
        let (mut walk, mut asked) = (Walk::new(|item: &i64| *item), 0);
        while let Some(number) = walk.next_page() {
            asked += 1;
            let first = (number - base).max(0) * 10;
            walk.take(Page { items: (first..(first + 10).min(items)).collect(), total });
        }
        (walk.finish(), asked)
    }

    #[test]
    fn everything_is_found_once_whatever_the_first_page_is_called() {
        for base in [0, 1] {
            for items in [0, 1, 9, 10, 11, 20, 95] {
                let (listing, _) = walk(items, items, base);

                assert_eq!(listing.items, (0..items).collect::<Vec<_>>(), "{items} from {base}");
                assert!(listing.complete);
            }
        }
    }

    #[test]
    fn no_page_is_asked_for_in_vain() {
        assert_eq!(walk(0, 0, 0).1, 1);
        assert_eq!(walk(10, 10, 0).1, 1);
        assert_eq!(walk(95, 95, 0).1, 10);
        assert_eq!(walk(95, 95, 1).1, 11);
    }

    #[test]
    fn a_total_that_is_missing_or_too_large_ends_with_the_items() {
        for total in [0, -1, 1000] {
            for base in [0, 1] {
                let (listing, asked) = walk(25, total, base);

                assert_eq!(listing.items.len(), 25, "{total} from {base}");
                assert!(listing.complete && asked <= 6, "{asked}");
            }
        }
    }

    #[test]
    fn an_empty_page_zero_may_be_followed_by_a_full_page_one() {
        let mut walk = Walk::new(|item: &i64| *item);

        walk.take(Page { items: vec![], total: 2 });
        assert_eq!(walk.next_page(), Some(1));
        walk.take(Page { items: vec![1, 2], total: 2 });

        assert_eq!(walk.finish(), Listing { items: vec![1, 2], complete: true });
    }

    #[test]
    fn a_list_without_end_ends() {
        let (listing, asked) = walk(1_000_000, 1_000_000, 0);

        assert!(!listing.complete);
        assert_eq!((listing.items.len(), asked), (2000, 200));
    }
}

//! Which goods and which stores a coupon is for.

use crate::domain::{
    benefit::{Scope, Selection},
    cart::CartLine,
};

/// Whether it is for this store. A coupon for certain stores asks that one of them is named; one that is only barred from
/// some does not.
pub fn admits_store(scope: &Scope, store: Option<&str>) -> bool {
    admits(&scope.stores, store)
}

/// Whether it is for these goods.
pub(super) fn is_for(scope: &Scope, line: &CartLine) -> bool {
    admits(&scope.goods, Some(&line.goods_id))
        && admits(&scope.categories, line.category.as_deref())
        && admits(&scope.brands, line.brand.as_deref())
}

/// Whether it is for all goods, whatever it says of stores.
pub(super) fn is_for_all(scope: &Scope) -> bool {
    let Scope { goods, categories, brands, stores: _ } = scope;
    [goods, categories, brands].iter().all(|selection| **selection == Selection::default())
}

/// What has no name is in no list.
fn admits(selection: &Selection, id: Option<&str>) -> bool {
    let listed = |list: &[String]| id.is_some_and(|id| list.iter().any(|other| other == id));
    (selection.include.is_empty() || listed(&selection.include)) && !listed(&selection.exclude)
}

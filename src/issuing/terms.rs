//! Terms by template and version. A version never changes, so one that was read once is right for ever.

use std::{collections::HashMap, sync::Arc};

use sqlx::PgConnection;

use crate::{
    domain::{id::TemplateId, terms::Terms},
    store,
};

#[derive(Debug, Default)]
pub(super) struct TermsCache(HashMap<(TemplateId, i32), Arc<Terms>>);

/// More versions than anybody runs at once; past it the cache starts afresh.
const MOST: usize = 10_000;

impl TermsCache {
    pub async fn get(
        &mut self,
        conn: &mut PgConnection,
        template: TemplateId,
        version: i32,
    ) -> sqlx::Result<Arc<Terms>> {
        if let Some(terms) = self.0.get(&(template, version)) {
            return Ok(Arc::clone(terms));
        }
        if self.0.len() >= MOST {
            self.0.clear();
        }
        let terms = Arc::new(store::issuing::get_terms(conn, template, version).await?);
        self.0.insert((template, version), Arc::clone(&terms));
        Ok(terms)
    }
}

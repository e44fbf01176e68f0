//! Terms by template and version, kept in memory. A version never changes, so one that was read once is right for ever.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use sqlx::PgConnection;

use crate::{
    domain::{id::TemplateId, terms::Terms},
    store,
};

/// Names one version of a template's terms.
pub type TermsKey = (TemplateId, i32);

/// What this server has read so far; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct KnownTerms(Arc<RwLock<HashMap<TermsKey, Arc<Terms>>>>);

/// More versions than anybody shows at once; past it the memory starts afresh.
const MOST: usize = 10_000;

impl KnownTerms {
    /// These versions; what is not in memory is read in one statement.
    ///
    /// # Errors
    /// When the database fails, or has no such version.
    pub async fn get(
        &self,
        conn: &mut PgConnection,
        wanted: impl IntoIterator<Item = TermsKey>,
    ) -> sqlx::Result<HashMap<TermsKey, Arc<Terms>>> {
        let mut found = HashMap::new();
        let mut missing = Vec::new();
        {
            let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
            for key in wanted {
                match known.get(&key) {
                    Some(terms) => drop(found.insert(key, Arc::clone(terms))),
                    None if missing.contains(&key) => {}
                    None => missing.push(key),
                }
            }
        }
        if missing.is_empty() {
            return Ok(found);
        }
        let read = store::template::list_terms(conn, &missing).await?;
        if read.len() < missing.len() {
            return Err(sqlx::Error::RowNotFound);
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() + read.len() > MOST {
            known.clear();
        }
        for (key, terms) in read {
            let terms = Arc::new(terms);
            known.insert(key, Arc::clone(&terms));
            found.insert(key, terms);
        }
        Ok(found)
    }
}

//! Finds where templates are placed for people; those who ask at one moment are answered together.

use sqlx::PgPool;
use tokio::time::timeout;

use crate::{
    domain::number::TemplateNumber,
    service::together::{LONGEST, Late, Together, give_up},
    store::{self, shelf::Shelf},
};

type Asked = (TemplateNumber, String);

/// Who finds them; cheap to clone.
#[derive(Clone)]
pub(super) struct Shelves {
    db: PgPool,
    together: Together<Asked, sqlx::Result<Shelf>>,
}

impl Shelves {
    pub fn start(db: PgPool) -> Self {
        let pool = db.clone();
        let find = move |asked: Vec<Asked>| {
            let db = pool.clone();
            async move {
                match find(&db, &asked).await {
                    Ok(shelves) => shelves.into_iter().map(Ok).collect(),
                    Err(sqlx::Error::PoolTimedOut) => {
                        asked.iter().map(|_| Err(sqlx::Error::PoolTimedOut)).collect()
                    }
                    // What failed is heard by each one from his own try.
                    Err(_) => Vec::new(),
                }
            }
        };
        Self { db, together: Together::start(find) }
    }

    /// Where the template stands for the person.
    pub async fn find(&self, template: TemplateNumber, uid: &str) -> sqlx::Result<Shelf> {
        let asked = (template, uid.to_owned());
        match self.together.ask(asked.clone()).await {
            Ok(Some(found)) => found,
            Ok(None) => Ok(find(&self.db, &[asked]).await?.pop().unwrap_or_default()),
            Err(Late) => Err(sqlx::Error::PoolTimedOut),
        }
    }
}

async fn find(db: &PgPool, asked: &[Asked]) -> sqlx::Result<Vec<Shelf>> {
    let mut conn = db.acquire().await?;
    let Ok(shelves) = timeout(LONGEST, store::shelf::find(&mut conn, asked)).await else {
        return Err(give_up(conn));
    };
    shelves
}

//! Who is meant: by the merchant's own id, by an account on an app, or by a session.

use sqlx::PgConnection;

use super::mini_session::Visitor;
use crate::{
    domain::{
        id::{AppId, HolderId, MemberId, PersonId},
        people::OpenId,
    },
    store::{self, holding::Owner},
};

/// How the merchant names somebody.
#[derive(Debug, Clone)]
pub enum NamedPerson {
    /// As the merchant knows them.
    Uid(String),
    /// As one app knows them.
    Holder(AppId, OpenId),
}

/// Somebody, as far as we know them. Of whom nobody has told us we know nothing, and they have nothing.
#[derive(Debug, Clone, Copy)]
pub struct Person {
    /// The account that was named, and its app; `None` where the whole member was.
    pub account: Option<(AppId, HolderId)>,
    /// Whom the account belongs to, or who was named.
    pub member: Option<MemberId>,
}

impl Person {
    /// The person who was named.
    pub async fn find(conn: &mut PgConnection, named: &NamedPerson) -> sqlx::Result<Self> {
        match named {
            NamedPerson::Uid(uid) => {
                let member = store::member::find_by_uid(conn, uid).await?;
                Ok(Self { account: None, member: member.map(|member| member.id) })
            }
            NamedPerson::Holder(app, open_id) => {
                let holder = HolderId::derive(*app, open_id.as_str());
                let member = store::member::find_of_holder(conn, holder).await?;
                Ok(Self { account: Some((*app, holder)), member })
            }
        }
    }

    /// Whose coupons are theirs: a member has those of all accounts.
    pub fn owner(&self) -> Owner {
        Owner { holder: self.account.map(|(_, holder)| holder), member: self.member }
    }

    /// Whom limits count.
    pub fn id(&self) -> Option<PersonId> {
        let holder = self.account.map(|(_, holder)| holder.into());
        self.member.map(PersonId::from).or(holder)
    }
}

impl From<&Visitor> for Person {
    fn from(visitor: &Visitor) -> Self {
        // What stands on the app of the cards is offered to those who take them on another.
        let app = visitor.cards_app.unwrap_or(visitor.app);
        Self { account: Some((app, visitor.holder)), member: visitor.member }
    }
}

//! Which of the merchant's apps somebody sees.

use uuid::Uuid;

use super::id::AppId;

/// What a credential of a front end sees: coupons of the other apps are not there for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// Every app, also those that are added later.
    All,
    /// These and no others.
    Only(Vec<AppId>),
}

impl Sight {
    /// Whether coupons of this app are there.
    pub fn sees(&self, app: AppId) -> bool {
        match self {
            Self::All => true,
            Self::Only(apps) => apps.contains(&app),
        }
    }

    /// For a statement; `None` for all.
    pub fn filter(&self) -> Option<Vec<Uuid>> {
        match self {
            Self::All => None,
            Self::Only(apps) => Some(apps.iter().map(|app| app.uuid()).collect()),
        }
    }
}

/// As it is stored and told: nothing for all.
impl From<Option<Vec<AppId>>> for Sight {
    fn from(apps: Option<Vec<AppId>>) -> Self {
        apps.map_or(Self::All, Self::Only)
    }
}

/// As it is stored and told: nothing for all.
impl From<Sight> for Option<Vec<AppId>> {
    fn from(sight: Sight) -> Self {
        match sight {
            Sight::All => None,
            Sight::Only(apps) => Some(apps),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_is_not_seen() {
        let (here, there) = (AppId::from(Uuid::from_u128(1)), AppId::from(Uuid::from_u128(2)));
        let here_only = Sight::from(Some(vec![here]));

        assert!(Sight::from(None).sees(there));
        assert!(here_only.sees(here) && !here_only.sees(there));
        assert!(!Sight::Only(Vec::new()).sees(here));
        assert_eq!(Sight::All.filter(), None);
        assert_eq!(here_only.filter(), Some(vec![here.uuid()]));
    }
}

//! Which of the merchant's apps somebody sees.

use uuid::Uuid;

use super::id::AppId;

/// What a front end that speaks for the merchant sees: all apps, or those that it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// All, also those that are yet to be made.
    All,
    /// These.
    Only(Vec<AppId>),
}

impl Sight {
    /// Whether what is on this app is there for them.
    pub fn sees(&self, app: AppId) -> bool {
        match self {
            Self::All => true,
            Self::Only(apps) => apps.contains(&app),
        }
    }

    /// For statements: the apps, or nothing where all are meant.
    pub fn filter(&self) -> Option<Vec<Uuid>> {
        match self {
            Self::All => None,
            Self::Only(apps) => Some(apps.iter().map(|app| app.uuid()).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_who_was_given_no_app_sees_nothing() {
        let (seen, other) = (Uuid::from_u128(1).into(), Uuid::from_u128(2).into());

        assert!(Sight::All.sees(seen));
        assert!(Sight::Only(vec![seen]).sees(seen));
        assert!(!Sight::Only(vec![seen]).sees(other));
        assert_eq!(Sight::Only(Vec::new()).filter(), Some(Vec::new()));
    }
}

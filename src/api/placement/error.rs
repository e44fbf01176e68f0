//! What the "no" of a use case is called in the API.

use crate::{
    http::{code::Code, error::ApiError},
    service::{
        change_placement::ChangePlacementError, create_placement::CreatePlacementError,
        rotate_callback_token::RotateCallbackTokenError, telling::TellingError,
        withdraw_placement::WithdrawPlacementError,
    },
};

impl From<CreatePlacementError> for ApiError {
    fn from(error: CreatePlacementError) -> Self {
        match error {
            CreatePlacementError::NoSuchApp => Self::no_such("app_id", &error),
            CreatePlacementError::NoSuchTemplate => Self::no_such("template_id", &error),
            CreatePlacementError::NoPlacements => Self::conflict(Code::NoPlacements, &error),
            CreatePlacementError::AlreadyPlaced => Self::conflict(Code::AlreadyPlaced, &error),
            CreatePlacementError::PlatformRefTaken => {
                Self::conflict(Code::PlatformRefTaken, &error).at("platform_ref")
            }
            CreatePlacementError::Randomness(cause) => Self::internal(cause),
            CreatePlacementError::Vault(cause) => cause.into(),
            CreatePlacementError::Db(cause) => cause.into(),
        }
    }
}

impl From<ChangePlacementError> for ApiError {
    fn from(error: ChangePlacementError) -> Self {
        match error {
            ChangePlacementError::NoSuchPlacement => Self::not_found(error.to_string()),
            ChangePlacementError::VersionConflict { .. } => {
                Self::conflict(Code::VersionConflict, &error)
            }
            ChangePlacementError::PlatformRefTaken => {
                Self::conflict(Code::PlatformRefTaken, &error).at("platform_ref")
            }
            ChangePlacementError::CardsAreOut => {
                Self::conflict(Code::CardsAreOut, &error).at("platform_ref")
            }
            ChangePlacementError::Invalid(problems) => Self::invalid(problems),
            ChangePlacementError::WrongState { .. } => Self::conflict(Code::WrongState, &error),
            ChangePlacementError::Db(cause) => cause.into(),
        }
    }
}

impl From<RotateCallbackTokenError> for ApiError {
    fn from(error: RotateCallbackTokenError) -> Self {
        match error {
            RotateCallbackTokenError::NoSuchPlacement => Self::not_found(error.to_string()),
            RotateCallbackTokenError::NoCallbacks => Self::conflict(Code::NoCallbacks, &error),
            RotateCallbackTokenError::Randomness(cause) => Self::internal(cause),
            RotateCallbackTokenError::Vault(cause) => cause.into(),
            RotateCallbackTokenError::Db(cause) => cause.into(),
        }
    }
}

impl From<TellingError> for ApiError {
    fn from(error: TellingError) -> Self {
        match error {
            TellingError::NoSuchPlacement => Self::not_found(error.to_string()),
            TellingError::NoWallet => Self::conflict(Code::NoWallet, &error),
            TellingError::Withdrawn => Self::conflict(Code::WrongState, &error),
            TellingError::AlreadyPublished => Self::conflict(Code::AlreadyPublished, &error),
            TellingError::NotPublished => Self::conflict(Code::NotPublished, &error),
            TellingError::AppHasNoSecret => Self::conflict(Code::AppHasNoSecret, &error),
            TellingError::Invalid(problems) => Self::invalid(problems),
            TellingError::GivenUp { .. } => Self::conflict(Code::GivenUp, &error),
            TellingError::Db(cause) => cause.into(),
        }
    }
}

impl From<WithdrawPlacementError> for ApiError {
    fn from(error: WithdrawPlacementError) -> Self {
        match error {
            WithdrawPlacementError::NoSuchPlacement => Self::not_found(error.to_string()),
            WithdrawPlacementError::Db(cause) => cause.into(),
        }
    }
}

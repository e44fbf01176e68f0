//! The calls of WeChat's that kaquan makes.

/// One of them; what an error means depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Call {
    /// `cgi-bin/token`, the older way to an access token.
    Token,
    /// `cgi-bin/stable_token`.
    StableToken,
    /// `cgi-bin/ticket/getticket`: what signatures for taking cards are made with.
    Ticket,
    /// `cgi-bin/getcallbackip`: where pushes come from.
    CallbackAddresses,
    /// `cgi-bin/media/uploadimg`.
    UploadImage,
    /// `card/create`.
    CreateCard,
    /// `card/get`.
    GetCard,
    /// `card/batchget`.
    ListCards,
    /// `card/update`.
    UpdateCard,
    /// `card/modifystock`.
    ChangeStock,
    /// `card/delete`.
    DeleteCard,
    /// `card/testwhitelist/set`.
    SetTestList,
    /// `card/code/get`.
    GetCode,
    /// `card/code/consume`: it cannot be undone, and nothing names one act of it.
    ConsumeCode,
    /// `card/code/decrypt`.
    DecryptCode,
    /// `card/code/unavailable`.
    VoidCode,
    /// `card/code/update`.
    ReplaceCode,
    /// `card/code/deposit`.
    DepositCodes,
    /// `card/code/getdepositcount`.
    CountDeposited,
    /// `card/code/checkcode`.
    CheckCodes,
    /// `card/user/getcardlist`.
    ListUserCards,
    /// `card/qrcode/create`.
    CreateQr,
    /// `datacube/getcardbizuininfo`.
    AccountFigures,
    /// `datacube/getcardcardinfo`.
    CardFigures,
    /// `sns/jscode2session`, a mini-program's.
    Session,
}

impl Call {
    /// Every call.
    pub const ALL: [Self; 25] = [
        Self::Token,
        Self::StableToken,
        Self::Ticket,
        Self::CallbackAddresses,
        Self::UploadImage,
        Self::CreateCard,
        Self::GetCard,
        Self::ListCards,
        Self::UpdateCard,
        Self::ChangeStock,
        Self::DeleteCard,
        Self::SetTestList,
        Self::GetCode,
        Self::ConsumeCode,
        Self::DecryptCode,
        Self::VoidCode,
        Self::ReplaceCode,
        Self::DepositCodes,
        Self::CountDeposited,
        Self::CheckCodes,
        Self::ListUserCards,
        Self::CreateQr,
        Self::AccountFigures,
        Self::CardFigures,
        Self::Session,
    ];

    /// Below the base address.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Token => "/cgi-bin/token",
            Self::StableToken => "/cgi-bin/stable_token",
            Self::Ticket => "/cgi-bin/ticket/getticket",
            Self::CallbackAddresses => "/cgi-bin/getcallbackip",
            Self::UploadImage => "/cgi-bin/media/uploadimg",
            Self::CreateCard => "/card/create",
            Self::GetCard => "/card/get",
            Self::ListCards => "/card/batchget",
            Self::UpdateCard => "/card/update",
            Self::ChangeStock => "/card/modifystock",
            Self::DeleteCard => "/card/delete",
            Self::SetTestList => "/card/testwhitelist/set",
            Self::GetCode => "/card/code/get",
            Self::ConsumeCode => "/card/code/consume",
            Self::DecryptCode => "/card/code/decrypt",
            Self::VoidCode => "/card/code/unavailable",
            Self::ReplaceCode => "/card/code/update",
            Self::DepositCodes => "/card/code/deposit",
            Self::CountDeposited => "/card/code/getdepositcount",
            Self::CheckCodes => "/card/code/checkcode",
            Self::ListUserCards => "/card/user/getcardlist",
            Self::CreateQr => "/card/qrcode/create",
            Self::AccountFigures => "/datacube/getcardbizuininfo",
            Self::CardFigures => "/datacube/getcardcardinfo",
            Self::Session => "/sns/jscode2session",
        }
    }

    /// Whether it is a `GET`; all others are a `POST`.
    pub const fn is_get(self) -> bool {
        match self {
            Self::Token | Self::Ticket | Self::CallbackAddresses | Self::Session => true,
            Self::StableToken
            | Self::UploadImage
            | Self::CreateCard
            | Self::GetCard
            | Self::ListCards
            | Self::UpdateCard
            | Self::ChangeStock
            | Self::DeleteCard
            | Self::SetTestList
            | Self::GetCode
            | Self::ConsumeCode
            | Self::DecryptCode
            | Self::VoidCode
            | Self::ReplaceCode
            | Self::DepositCodes
            | Self::CountDeposited
            | Self::CheckCodes
            | Self::ListUserCards
            | Self::CreateQr
            | Self::AccountFigures
            | Self::CardFigures => false,
        }
    }

    /// Whether it only asks, so that nothing has changed there whatever became of it.
    pub const fn only_asks(self) -> bool {
        match self {
            Self::Token
            | Self::StableToken
            | Self::Ticket
            | Self::CallbackAddresses
            | Self::GetCard
            | Self::ListCards
            | Self::GetCode
            | Self::DecryptCode
            | Self::CountDeposited
            | Self::CheckCodes
            | Self::ListUserCards
            | Self::AccountFigures
            | Self::CardFigures
            | Self::Session => true,
            Self::UploadImage
            | Self::CreateCard
            | Self::UpdateCard
            | Self::ChangeStock
            | Self::DeleteCard
            | Self::SetTestList
            | Self::ConsumeCode
            | Self::VoidCode
            | Self::ReplaceCode
            | Self::DepositCodes
            | Self::CreateQr => false,
        }
    }

    /// Whether even a good answer is nobody's to read, so that it is never kept.
    pub const fn answers_with_a_secret(self) -> bool {
        match self {
            Self::Token | Self::StableToken | Self::Ticket | Self::Session => true,
            Self::CallbackAddresses
            | Self::UploadImage
            | Self::CreateCard
            | Self::GetCard
            | Self::ListCards
            | Self::UpdateCard
            | Self::ChangeStock
            | Self::DeleteCard
            | Self::SetTestList
            | Self::GetCode
            | Self::ConsumeCode
            | Self::DecryptCode
            | Self::VoidCode
            | Self::ReplaceCode
            | Self::DepositCodes
            | Self::CountDeposited
            | Self::CheckCodes
            | Self::ListUserCards
            | Self::CreateQr
            | Self::AccountFigures
            | Self::CardFigures => false,
        }
    }
}

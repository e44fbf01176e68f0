//! `/v1/members/{uid}`: people as the merchant knows them, without whom no audience admits anybody.

use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ApiState;
use crate::{
    domain::{
        id::{AppId, HolderId, MemberId},
        people::{Membership, OpenId},
    },
    http::{
        code::Code,
        error::ApiError,
        extract::{Json, Path},
    },
    service::save_member::{self, NewMember, SaveMemberError},
    store::{self, member::LinkedHolder},
};

/// What the merchant knows. Classes and month replace what was known; holders are linked and never unlinked, because
/// limits count by person.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberBody {
    #[serde(default)]
    #[schemars(length(max = 100), inner(length(min = 1, max = 64)))]
    classes: Vec<String>,
    #[schemars(range(min = 1, max = 12))]
    birth_month: Option<u8>,
    #[serde(default)]
    holders: Vec<HolderBody>,
}

/// A person as one app knows them.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HolderBody {
    app_id: AppId,
    #[schemars(regex(pattern = "^[A-Za-z0-9_.:-]{1,128}$"))]
    open_id: String,
}

/// A member as it is shown.
#[derive(Serialize, JsonSchema)]
pub struct MemberView {
    id: MemberId,
    uid: String,
    classes: Vec<String>,
    birth_month: Option<i16>,
    holders: Vec<HolderView>,
}

/// One of their accounts as it is shown.
#[derive(Serialize, JsonSchema)]
pub struct HolderView {
    /// What ends all their sessions asks for it.
    id: HolderId,
    app_id: AppId,
    open_id: String,
}

/// `PUT /v1/members/{uid}`
pub async fn save(
    State(state): State<ApiState>,
    Path(uid): Path<String>,
    Json(body): Json<MemberBody>,
) -> Result<Json<MemberView>, ApiError> {
    let MemberBody { classes, birth_month, holders } = body;
    let holders = holders.into_iter().map(HolderBody::parse).collect::<Result<_, _>>()?;
    let membership = Membership { classes, birth_month };
    let new = NewMember { uid: uid.clone(), membership, holders };
    save_member::save_member(&state.db, state.now(), new).await?;
    show(&state, &uid).await
}

/// `GET /v1/members/{uid}`
pub async fn get(
    State(state): State<ApiState>,
    Path(uid): Path<String>,
) -> Result<Json<MemberView>, ApiError> {
    show(&state, &uid).await
}

/// `POST /v1/members/{uid}/holders`
pub async fn link(
    State(state): State<ApiState>,
    Path(uid): Path<String>,
    Json(body): Json<HolderBody>,
) -> Result<Json<MemberView>, ApiError> {
    let (app, open_id) = body.parse()?;
    save_member::link(&state.db, state.now(), &uid, app, &open_id).await?;
    show(&state, &uid).await
}

async fn show(state: &ApiState, uid: &str) -> Result<Json<MemberView>, ApiError> {
    let mut conn = state.db.acquire().await?;
    let member = save_member::find(&mut conn, uid).await?;
    let holders = store::member::list_holders(&mut conn, member.id).await?;
    Ok(Json(MemberView {
        id: member.id,
        uid: member.uid,
        classes: member.classes,
        birth_month: member.birth_month,
        holders: holders.into_iter().map(HolderView::from).collect(),
    }))
}

impl HolderBody {
    fn parse(self) -> Result<(AppId, OpenId), ApiError> {
        let open_id = OpenId::parse(&self.open_id).map_err(|error| {
            ApiError::refused(Code::InvalidValues, error.to_string()).at("holders.open_id")
        })?;
        Ok((self.app_id, open_id))
    }
}

impl From<LinkedHolder> for HolderView {
    fn from(holder: LinkedHolder) -> Self {
        let LinkedHolder { id, app, open_id } = holder;
        Self { id, app_id: app, open_id }
    }
}

impl From<SaveMemberError> for ApiError {
    fn from(error: SaveMemberError) -> Self {
        match error {
            SaveMemberError::Invalid(problems) => Self::invalid(problems),
            SaveMemberError::NoSuchMember => Self::not_found("no such member"),
            SaveMemberError::NoSuchApp => Self::no_such("holders.app_id", &error),
            SaveMemberError::LinkedElsewhere => Self::conflict(Code::HolderLinkedElsewhere, &error),
            SaveMemberError::HasCoupons => Self::conflict(Code::HolderHasCoupons, &error),
            SaveMemberError::Db(cause) => cause.into(),
        }
    }
}

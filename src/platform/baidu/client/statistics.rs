//! `coupon/couponStat`: what Baidu counted, day by day.

use chrono::NaiveDate;
use http::Method;

use super::{
    Account, Client,
    exchange::read_as,
    template::{in_query, of_token},
};
use crate::{
    outgoing::{answer::Heard, secret::AccessToken},
    platform::baidu::{
        call::Call,
        error::{CallError, Garble},
        paging::{PAGE_SIZE, Page},
        shown::{self, DayOfTemplate},
    },
};

impl Client {
    /// One page of what was counted from the first to the last day, both included; pages count from zero.
    #[tracing::instrument(name = "platform.baidu.statistics", skip_all)]
    pub async fn statistics(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        (first, last): (NaiveDate, NaiveDate),
        page: i64,
    ) -> Result<Heard<Page<DayOfTemplate>>, CallError> {
        // The one form that is a text and an integer, as the two dates are documented to be.
        let date = |day: NaiveDate| day.format("%Y%m%d").to_string();
        let query = of_token(token)
            .with("statDateStart", &date(first))
            .with("statDateEnd", &date(last))
            .with_number("pageNo", page)
            .with_number("pageSize", PAGE_SIZE);
        let secrets = [token.expose()];
        let call = Call::Statistics;
        let request = in_query(call, Method::POST, account.open_api, query, &secrets);
        read_as(call, self.exchange(request).await?, |data| shown::page(data).ok_or(Garble::Data))
    }
}

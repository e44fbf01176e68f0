//! What happens in the demo, in order, as it is announced.

/// One act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// The database.
    Postgres,
    /// The server and the platforms.
    Servers,
    /// The merchant puts a coupon on Baidu through kaquan.
    Campaign,
    /// A crowd on Baidu, and a network that loses things.
    Rush,
    /// Members claim through kaquan while Baidu is unwell.
    Claims,
    /// kaquan restarts while Baidu is away.
    Restart,
    /// Coupons are used; stock and a banner are added.
    Uses,
    /// A member logs in to the mini-program, claims, and fills a cart.
    Shopper,
    /// The till locks, uses and takes back the member's coupon.
    Till,
    /// The same member's coupon in two protocols of the merchant's front ends.
    FrontEnds,
    /// One template on Baidu and on WeChat, with one limit for both.
    Platforms,
    /// Both sides are compared.
    Books,
}

impl Act {
    /// All of them, in order.
    pub const ALL: [Self; 12] = [
        Self::Postgres,
        Self::Servers,
        Self::Campaign,
        Self::Rush,
        Self::Claims,
        Self::Restart,
        Self::Uses,
        Self::Shopper,
        Self::Till,
        Self::FrontEnds,
        Self::Platforms,
        Self::Books,
    ];

    /// In Chinese and in English.
    pub const fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::Postgres => ("启动内嵌 Postgres", "the embedded Postgres starts"),
            Self::Servers => {
                ("启动 kaquan、模拟百度和模拟微信", "kaquan, simulated Baidu and WeChat start")
            }
            Self::Campaign => ("商户建券，kaquan 告诉百度", "kaquan tells Baidu of a coupon"),
            Self::Rush => ("200 人抢 150 张，网络很差", "200 rush for 150, bad network"),
            Self::Claims => ("会员在我们这里领，百度不稳", "members claim here, Baidu is unwell"),
            Self::Restart => ("百度失联，kaquan 重启", "Baidu is away, kaquan restarts"),
            Self::Uses => ("核销、加库存、换图", "uses, more stock, a banner"),
            Self::Shopper => {
                ("会员登录小程序，领券、配券", "a member logs in, claims, fills a cart")
            }
            Self::Till => ("收银台锁券、核销、退还、再核销", "the till locks, uses, takes back"),
            Self::FrontEnds => ("有货领券，智迈核销", "claimed through Yoho, used through zvcms"),
            Self::Platforms => {
                ("同一张券上微信：领、用、转赠", "the same on WeChat: taken, used, given")
            }
            Self::Books => ("两边逐条对账", "both books are compared"),
        }
    }

    /// One line for the terminal.
    pub fn line(self) -> String {
        let number = Self::ALL.iter().position(|act| *act == self).map_or(0, |place| place + 1);
        let (zh, en) = self.told();
        format!("{number}/{} {zh} · {en}", Self::ALL.len())
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[test]
    fn each_act_is_announced_on_one_line_of_a_terminal() {
        for (place, act) in Act::ALL.into_iter().enumerate() {
            let line = act.line();

            assert!(line.starts_with(&format!("{}/12 ", place + 1)), "{line}");
            assert!(line.width() <= 80, "{line}");
        }
    }
}

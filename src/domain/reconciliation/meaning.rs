//! What a difference most likely means and what can be done, for people.

use super::{Difference, DifferenceKind};
use crate::domain::app::PlatformKind;

impl Difference {
    /// In Chinese.
    pub fn in_chinese(&self, platform: PlatformKind) -> String {
        let likely =
            if platform == PlatformKind::Wechat { self.of_wechat().0 } else { self.of_baidu().0 };
        let owed = match (self.owed, self.explained) {
            (0, _) => String::new(),
            (owed, true) => format!("（还有 {owed} 条推送未送达，足以解释这个差异）"),
            (owed, false) => format!("（还有 {owed} 条推送未送达）"),
        };
        likely + &owed
    }

    /// In English.
    pub fn in_english(&self, platform: PlatformKind) -> String {
        let likely =
            if platform == PlatformKind::Wechat { self.of_wechat().1 } else { self.of_baidu().1 };
        let owed = match (self.owed, self.explained) {
            (0, _) => String::new(),
            (owed, true) => format!(" ({owed} deliveries are still owed, which explains it)"),
            (owed, false) => format!(" ({owed} deliveries are still owed)"),
        };
        likely + &owed
    }

    fn of_baidu(&self) -> (String, String) {
        (self.of_baidu_in_chinese(), self.of_baidu_in_english())
    }

    fn of_wechat(&self) -> (String, String) {
        (self.of_wechat_in_chinese(), self.of_wechat_in_english())
    }

    fn of_baidu_in_chinese(&self) -> String {
        let (size, id) = (self.size(), &self.platform_ref);
        match self.kind {
            DifferenceKind::LostCalls => format!(
                "百度比我们多计 {size} 张：这些领取通知没有到达 kaquan，用户可能没有拿到券码；请检查回调地址和当时的网络"
            ),
            DifferenceKind::ForgedCalls => format!(
                "我们比百度多发 {size} 张：可能有人伪造百度的领取通知，或百度没有收到我们的应答；请更换回调地址，并核查当天发出的券"
            ),
            DifferenceKind::UnusedThere => {
                format!("有 {size} 张已核销的券在百度上仍未核销：核销通知尚未送达，或没有成功")
            }
            DifferenceKind::UsedThere => {
                format!("百度上多出 {size} 次核销：券可能在 kaquan 之外被核销")
            }
            DifferenceKind::StockDiffers if self.there_is_more_there() => format!(
                "百度上的库存多 {size} 张：超出部分领取时会得到“已领完”；可能有人在百度后台改过库存"
            ),
            DifferenceKind::StockDiffers => {
                format!("百度上的库存少 {size} 张：可能有人在百度后台改过库存，或有追加没有送达")
            }
            DifferenceKind::TemplateChanged => format!(
                "百度上的券模板被人改过（{}）：若非有意，请再次推送这个投放",
                self.fields.join("、")
            ),
            DifferenceKind::TemplateMissing => {
                "百度上已没有这个券模板：可能在百度后台被删除；请撤回这个投放，或改正平台编号"
                    .to_owned()
            }
            DifferenceKind::TemplateUnknown => format!(
                "百度上有一个不属于 kaquan 的券模板（{id}）：可能在百度后台创建，或是我们一次没有得到应答的创建；可用 POST /v1/admin/apps/{{app}}/imports 导入，或在百度后台删除"
            ),
            DifferenceKind::TemplateStillThere => {
                "投放已撤回，但券模板仍在百度上，领取会被拒绝；请在百度后台删除".to_owned()
            }
            DifferenceKind::PlacementUnpublishedChanges => {
                "券模板的条款已改，但没有待推送的更新，百度仍显示旧内容；请再次推送这个投放"
                    .to_owned()
            }
        }
    }

    fn of_baidu_in_english(&self) -> String {
        let (size, id) = (self.size(), &self.platform_ref);
        match self.kind {
            DifferenceKind::LostCalls => format!(
                "Baidu counts {size} more than we issued: its calls did not reach kaquan, and people may be without \
                 their code. Look at the callback address and at the network of that day"
            ),
            DifferenceKind::ForgedCalls => format!(
                "we issued {size} more than Baidu counts: somebody may have called who is not Baidu, or Baidu never \
                 heard our answers. Rotate the callback address and look at the coupons of that day"
            ),
            DifferenceKind::UnusedThere => format!(
                "{size} that were used are not used at Baidu: the news has not arrived, or was refused"
            ),
            DifferenceKind::UsedThere => {
                format!("Baidu counts {size} more uses: they may have been used outside of kaquan")
            }
            DifferenceKind::StockDiffers if self.there_is_more_there() => format!(
                "Baidu offers {size} more than we would issue: whoever takes those is told that all are gone. \
                 Somebody may have changed the stock by hand"
            ),
            DifferenceKind::StockDiffers => format!(
                "Baidu offers {size} fewer than we would issue: somebody may have changed the stock by hand, or an \
                 addition did not arrive"
            ),
            DifferenceKind::TemplateChanged => format!(
                "somebody has changed the template at Baidu by hand ({}): if that was not meant, push the placement again",
                self.fields.join(", ")
            ),
            DifferenceKind::TemplateMissing => {
                "the template no longer stands at Baidu: somebody may have deleted it by hand. Withdraw the \
                 placement, or correct its platform_ref"
                    .to_owned()
            }
            DifferenceKind::TemplateUnknown => format!(
                "{id} stands at Baidu and is none of ours: made by hand, or a creation of ours whose answer was lost. \
                 Import it with POST /v1/admin/apps/{{app}}/imports, or delete it at Baidu"
            ),
            DifferenceKind::TemplateStillThere => {
                "the placement was withdrawn and the template still stands at Baidu, where takes of it are refused: \
                 delete it there"
                    .to_owned()
            }
            DifferenceKind::PlacementUnpublishedChanges => {
                "the terms were changed here and no update is owed, so Baidu shows the old ones: push the placement \
                 again"
                    .to_owned()
            }
        }
    }

    fn of_wechat_in_chinese(&self) -> String {
        let (size, id) = (self.size(), &self.platform_ref);
        match self.kind {
            DifferenceKind::LostCalls => format!(
                "微信比我们多计 {size} 张：这些领取的事件没有到达 kaquan，券在收银台查不到；请检查事件推送地址和当时的网络"
            ),
            DifferenceKind::ForgedCalls => format!(
                "我们比微信多发 {size} 张：可能有人伪造微信的事件，或微信晚些才计入；请核查当天发出的券，必要时更换事件推送的令牌"
            ),
            DifferenceKind::UnusedThere => {
                format!("有 {size} 张已核销的券在微信上仍未核销：核销通知尚未送达，或没有成功")
            }
            DifferenceKind::UsedThere => {
                format!("微信上多出 {size} 次核销：券可能在 kaquan 之外被核销，而事件没有到达")
            }
            DifferenceKind::StockDiffers if self.there_is_more_there() => format!(
                "微信上的库存多 {size} 张，多出的也能被领走：可能有人在微信后台改过库存，或有减少没有送达"
            ),
            DifferenceKind::StockDiffers => format!(
                "微信上的库存少 {size} 张：可能有人在微信后台改过库存，或有追加、领取事件没有送达"
            ),
            DifferenceKind::TemplateChanged => format!(
                "微信上的卡券被人改过（{}）：若非有意，请再次推送这个投放",
                self.fields.join("、")
            ),
            DifferenceKind::TemplateMissing => {
                "微信上已没有这个卡券：可能在微信后台被删除；请撤回这个投放".to_owned()
            }
            DifferenceKind::TemplateUnknown => format!(
                "微信上有一个不属于 kaquan 的卡券（{id}）：可能在微信后台创建，或是我们一次没有得到应答的创建；请把编号填到投放上，或在微信后台删除"
            ),
            DifferenceKind::TemplateStillThere => {
                "投放已撤回，但卡券仍在微信上，还能被领取；请在微信后台删除".to_owned()
            }
            DifferenceKind::PlacementUnpublishedChanges => {
                "券模板的条款已改，但没有待推送的更新，微信仍显示旧内容；请再次推送这个投放"
                    .to_owned()
            }
        }
    }

    fn of_wechat_in_english(&self) -> String {
        let (size, id) = (self.size(), &self.platform_ref);
        match self.kind {
            DifferenceKind::LostCalls => format!(
                "WeChat counts {size} more than we know of: its pushes did not reach kaquan, and no till finds these \
                 cards. Look at the push address and at the network of that day"
            ),
            DifferenceKind::ForgedCalls => format!(
                "we know of {size} more than WeChat counts: somebody may have pushed who is not WeChat, or WeChat \
                 counted them later. Look at the coupons of that day, and change the token of pushes if need be"
            ),
            DifferenceKind::UnusedThere => format!(
                "{size} that were used are not used at WeChat: the news has not arrived, or was refused"
            ),
            DifferenceKind::UsedThere => format!(
                "WeChat counts {size} more uses: they may have been used outside of kaquan, and their pushes are missing"
            ),
            DifferenceKind::StockDiffers if self.there_is_more_there() => format!(
                "WeChat has {size} more to give than we: people can take those as well. Somebody may have changed the \
                 stock by hand, or a reduction did not arrive"
            ),
            DifferenceKind::StockDiffers => format!(
                "WeChat has {size} fewer to give than we: somebody may have changed the stock by hand, or an addition \
                 or pushes of takes did not arrive"
            ),
            DifferenceKind::TemplateChanged => format!(
                "somebody has changed the card at WeChat by hand ({}): if that was not meant, push the placement again",
                self.fields.join(", ")
            ),
            DifferenceKind::TemplateMissing => {
                "the card no longer stands at WeChat: somebody may have deleted it by hand. Withdraw the placement"
                    .to_owned()
            }
            DifferenceKind::TemplateUnknown => format!(
                "{id} stands at WeChat and is none of ours: made by hand, or a creation of ours whose answer was lost. \
                 Write the id into a placement, or delete it at WeChat"
            ),
            DifferenceKind::TemplateStillThere => {
                "the placement was withdrawn and the card still stands at WeChat, where people can take it: delete it \
                 there"
                    .to_owned()
            }
            DifferenceKind::PlacementUnpublishedChanges => {
                "the terms were changed here and no update is owed, so WeChat shows the old ones: push the placement \
                 again"
                    .to_owned()
            }
        }
    }

    fn there_is_more_there(&self) -> bool {
        self.theirs > self.ours
    }
}

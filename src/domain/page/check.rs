//! What a page may hold; each problem says on which floor and in which entry.

use std::collections::HashSet;

use super::{Banner, CouponEntry, Floor, FloorContent, Slot};
use crate::domain::{
    id::TemplateId,
    problem::{Problem, Problems},
};

const MOST_FLOORS: usize = 50;
const MOST_ENTRIES: usize = 100;
const MOST_TEMPLATES: usize = 20;
/// On the whole page; each is judged whenever somebody looks at it.
const MOST_DIFFERENT: usize = 200;
const LONGEST_TEXT: usize = 200;
const LONGEST_SPEED: usize = 32;
const LONGEST_URL: usize = 1024;
/// Every reader of JSON keeps numbers up to this one as they are.
const MOST_EXACT: i64 = (1 << 53) - 1;

/// What a front end puts its own values in for.
const PLACEHOLDERS: [&str; 3] = ["{mode}", "{width}", "{height}"];

pub(super) fn slot(slot: &Slot) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    let is_code = (1..=64).contains(&slot.content_code.len()) && is_plain(&slot.content_code);
    problems.expect(is_code, "content_code", "1 to 64 letters, digits, - or _");
    let is_type = slot.client_type.len() <= 32 && is_plain(&slot.client_type);
    problems.expect(is_type, "client_type", "up to 32 letters, digits, - or _");
    problems.into_result()
}

pub(super) fn floors(floors: &[Floor]) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    problems.expect(floors.len() <= MOST_FLOORS, "floors", format!("up to {MOST_FLOORS} floors"));
    let mut seen = HashSet::new();
    for floor in floors.iter().take(MOST_FLOORS) {
        let mut tell = Teller { problems: &mut problems, place: format!("floor {}", floor.id) };
        tell.expect((1..=MOST_EXACT).contains(&floor.id), "a number from 1 to 2^53 - 1");
        tell.expect(seen.insert(floor.id), "a number of its own");
        if let Some(intro) = &floor.intro {
            tell.expect_text("its intro", intro, LONGEST_TEXT);
        }
        match &floor.content {
            FloorContent::Banners { speed, list } => {
                tell.expect_text("its speed", speed, LONGEST_SPEED);
                tell.each(list, check_banner);
            }
            FloorContent::Coupons { title, is_shown: _, list } => {
                tell.expect_text("its title", title, LONGEST_TEXT);
                tell.each(list, check_entry);
            }
        }
    }
    let all: HashSet<_> = floors.iter().flat_map(templates).collect();
    let message = format!("up to {MOST_DIFFERENT} different templates on one page");
    problems.expect(all.len() <= MOST_DIFFERENT, "floors", message);
    problems.into_result()
}

fn templates(floor: &Floor) -> impl Iterator<Item = &TemplateId> {
    let entries: &[CouponEntry] = match &floor.content {
        FloorContent::Banners { .. } => &[],
        FloorContent::Coupons { list, .. } => list,
    };
    entries.iter().flat_map(|entry| &entry.templates)
}

fn check_banner(tell: &mut Teller<'_>, banner: &Banner) {
    tell.expect_url("src", &banner.src);
    if let Some(url) = &banner.url {
        tell.expect_url("url", url);
    }
}

fn check_entry(tell: &mut Teller<'_>, entry: &CouponEntry) {
    let count = entry.templates.len();
    let different: HashSet<_> = entry.templates.iter().collect();
    tell.expect(
        (1..=MOST_TEMPLATES).contains(&count) && different.len() == count,
        &format!("1 to {MOST_TEMPLATES} templates, each once"),
    );
    tell.expect_url("image.src", &entry.image.src);
    for (name, url) in [("go_shopping", &entry.go_shopping), ("image.url", &entry.image.url)] {
        if !url.is_empty() {
            tell.expect_url(name, url);
        }
    }
}

/// Notes problems together with the place where they stand.
struct Teller<'a> {
    problems: &'a mut Problems,
    place: String,
}

impl Teller<'_> {
    fn expect(&mut self, holds: bool, message: &str) {
        self.problems.expect(holds, "floors", format!("{}: {message}", self.place));
    }

    fn expect_text(&mut self, name: &str, text: &str, longest: usize) {
        let fits = text.chars().count() <= longest && !text.chars().any(char::is_control);
        self.expect(fits, &format!("{name} has up to {longest} characters, on one line"));
    }

    fn expect_url(&mut self, name: &str, url: &str) {
        self.expect(
            is_url(url),
            &format!("`{name}` is an http or https address of up to {LONGEST_URL} bytes"),
        );
    }

    fn each<Item>(&mut self, list: &[Item], check: fn(&mut Teller<'_>, &Item)) {
        self.expect(list.len() <= MOST_ENTRIES, &format!("up to {MOST_ENTRIES} entries"));
        for (entry, number) in list.iter().take(MOST_ENTRIES).zip(1..) {
            let place = format!("{}, entry {number}", self.place);
            check(&mut Teller { problems: self.problems, place }, entry);
        }
    }
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// An address that a browser would open and nothing else would happen. Anything but the placeholders is to be escaped.
fn is_url(text: &str) -> bool {
    let mut bare = text.to_owned();
    for placeholder in PLACEHOLDERS {
        bare = bare.replace(placeholder, "0");
    }
    let rest = bare.strip_prefix("https://").or_else(|| bare.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    let is_open = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte);
    text.len() <= LONGEST_URL
        && host.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '[')
        && host.bytes().all(is_host)
        && bare.bytes().all(is_open)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{id::TemplateId, page::Image};

    const PICTURE: &str = "https://img.example.com/a.jpg?w={width}&h={height}&m={mode}";

    fn entry(templates: u128) -> CouponEntry {
        CouponEntry {
            templates: (0..templates).map(|n| uuid::Uuid::from_u128(n).into()).collect(),
            go_shopping: String::new(),
            image: Image { src: PICTURE.into(), url: String::new() },
        }
    }

    fn coupons(id: i64, list: Vec<CouponEntry>) -> Floor {
        let content = FloorContent::Coupons { title: "领券".into(), is_shown: true, list };
        Floor { id, intro: None, content }
    }

    fn told(list: &[Floor]) -> Vec<String> {
        let problems = floors(list).err().unwrap_or_default();
        problems.into_iter().map(|problem| problem.message).collect()
    }

    #[test]
    fn as_much_as_may_stand_there_is_right_and_one_more_is_not() {
        let full = |id| coupons(id, vec![entry(20); 100]);
        assert_eq!(floors(&(1..=50).map(full).collect::<Vec<_>>()), Ok(()));

        assert_eq!(told(&(1..=51).map(full).collect::<Vec<_>>()), ["up to 50 floors"]);
        assert_eq!(told(&[coupons(1, vec![entry(1); 101])]), ["floor 1: up to 100 entries"]);
        let templates = "floor 1, entry 2: 1 to 20 templates, each once";
        for count in [0, 21] {
            assert_eq!(told(&[coupons(1, vec![entry(1), entry(count)])]), [templates]);
        }
    }

    #[test]
    fn a_template_that_stands_twice_in_an_entry_is_a_problem() {
        let mut twice = entry(1);
        twice.templates.push(TemplateId::from(uuid::Uuid::from_u128(0)));

        assert_eq!(told(&[coupons(1, vec![twice])]).len(), 1);
    }

    #[test]
    fn floors_have_numbers_of_their_own() {
        assert_eq!(
            told(&[coupons(7, vec![]), coupons(7, vec![])]),
            ["floor 7: a number of its own"]
        );
        for id in [0, -1, MOST_EXACT + 1] {
            let told = told(&[coupons(id, vec![])]);
            assert_eq!(told, [format!("floor {id}: a number from 1 to 2^53 - 1")]);
        }
    }

    #[test]
    fn texts_are_short_and_on_one_line() {
        let mut floor = coupons(1, vec![]);
        for (intro, problems) in
            [("券".repeat(200), 0), ("券".repeat(201), 1), ("a\nb".into(), 1), (String::new(), 0)]
        {
            floor.intro = Some(intro);
            assert_eq!(told(&[floor.clone()]).len(), problems, "{floor:?}");
        }
    }

    #[test]
    fn only_what_a_browser_opens_without_more_is_an_address() {
        for good in [
            PICTURE,
            "http://{mode}.example.com/",
            "http://h",
            "https://[::1]:8080/a?b=c#d",
            "https://a.example.com/%E5%88%B8?x=~!$&'()*+,;=:@",
        ] {
            assert!(is_url(good), "{good}");
        }
        let long = format!("https://h/{}", "a".repeat(1015));
        for bad in [
            "",
            "h",
            "//h/a",
            "https://",
            "https:///a",
            "https://?a",
            "javascript:alert(1)",
            "ftp://h/a",
            "https://user@h/",
            "https://h/{name}",
            "https://h/{mode",
            "https://h/a b",
            "https://h/\"onload=",
            "https://h/<a>",
            "https://h/券",
            "https://h\\a",
            "HTTPS://h/",
            &long,
        ] {
            assert!(!is_url(bad), "{bad}");
        }
        assert!(is_url(&long[..1024]));
    }

    #[test]
    fn slots_are_named_plainly() {
        let slot_of = |code: &str, kind: &str| {
            let slot = Slot { content_code: code.into(), client_type: kind.into() };
            let problems = slot.check().err().unwrap_or_default();
            problems.iter().map(|problem| problem.param).collect::<Vec<_>>()
        };
        let long = "a".repeat(65);

        assert_eq!(slot_of("b38b9c4f1c76f89533e9214629b458e4", ""), [""; 0]);
        assert_eq!(slot_of("A-z_9", "iphone"), [""; 0]);
        assert_eq!(slot_of("", "h5"), ["content_code"]);
        assert_eq!(slot_of("a b", "h&5"), ["content_code", "client_type"]);
        assert_eq!(slot_of(&long, &long[..33]), ["content_code", "client_type"]);
    }
}

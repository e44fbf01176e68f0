//! What is read, and the much more that is refused.

use proptest::prelude::*;

use super::*;

const CLAIM: &str = include_str!("../../../../tests/fixtures/wechat/claim.xml");
const DOCUMENTED: &str = include_str!("../../../../tests/fixtures/wechat/claim_as_documented.xml");

fn one(text: &str) -> Result<Option<String>, Malformed> {
    read(text.as_bytes()).map(|fields| fields.get("a").map(str::to_owned))
}

#[test]
fn fields_are_read_in_whichever_form_they_come() {
    for (text, expected) in [
        ("<xml><a>1</a></xml>", "1"),
        ("<xml><a><![CDATA[1]]></a></xml>", "1"),
        (" \n<xml >\n <a > <![CDATA[ 1 ]]> \n</a>\t</xml>\r\n", "1"),
        ("\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?><xml><a>1</a></xml>", "1"),
        ("<?xml version='1.0' encoding='utf-8' standalone='yes'?>\n<xml><a>1</a></xml>", "1"),
        ("<?xml version=\"1.0\"?><xml><a>1</a></xml>", "1"),
        ("<xml><b/><a>x&amp;y&lt;&gt;&quot;&apos;</a></xml>", "x&y<>\"'"),
        ("<xml><a><![CDATA[<b>&amp;]]></a></xml>", "<b>&amp;"),
        ("<xml><a><![CDATA[x]]><![CDATA[y]]></a></xml>", "xy"),
        ("<xml><a>满 100\u{1f600}</a></xml>", "满 100\u{1f600}"),
        ("<xml><a>x > y</a></xml>", "x > y"),
        ("<xml><a>x\r\ny</a></xml>", "x\ny"),
        ("<xml><b>1</b><A>2</A><a>3</a></xml>", "3"),
    ] {
        assert_eq!(one(text), Ok(Some(expected.to_owned())), "{text}");
    }
}

#[test]
fn an_empty_value_is_none() {
    for text in ["<xml/>", "<xml></xml>"] {
        assert_eq!(one(text).ok().flatten(), None, "{text}");
    }
    for text in ["<a/>", "<a></a>", "<a><![CDATA[]]></a>", "<a> \n <![CDATA[  ]]> </a>", "<b>1</b>"]
    {
        assert_eq!(one(&format!("<xml>{text}</xml>")), Ok(None), "{text}");
    }
}

#[test]
fn both_forms_of_the_platforms_own_sample_are_read() {
    let compact = read(CLAIM.as_bytes()).unwrap();
    let documented = read(DOCUMENTED.as_bytes()).unwrap();

    assert_eq!(compact.get("Event"), Some("user_get_card"));
    assert_eq!(compact.get("OldUserCardCode"), None);
    assert_eq!(documented.get("ToUserName"), Some("gh_fc0a06a20993"));
    assert_eq!(documented.get("Event"), Some("user_get_card"));
    assert_eq!(documented.get("FriendUserName"), None);
    assert_eq!(documented.get("OuterStr"), Some("12b"));
}

#[test]
fn everything_else_is_refused() {
    for text in [
        "",
        "   ",
        "xml",
        "{}",
        "<xml>",
        "<xml><a>1</a>",
        "<xml><a>1</xml>",
        "<xml><a>1</b></xml>",
        "<XML><a>1</a></XML>",
        "<root><a>1</a></root>",
        "<xml><a>1</a></xml><xml><a>1</a></xml>",
        "<xml><a>1</a></xml>x",
        "x<xml><a>1</a></xml>",
        "<xml>x<a>1</a></xml>",
        "<xml><a>1</a>//1</xml>",
        "<xml><![CDATA[x]]><a>1</a></xml>",
        "<xml>&amp;<a>1</a></xml>",
        "<xml><a><b>1</b></a></xml>",
        "<xml><a><b/></a></xml>",
        "<xml><xml><a>1</a></xml></xml>",
        "<xml><a>1</a><a>1</a></xml>",
        "<xml><a>1</a><a>2</a></xml>",
        "<xml><a/><a>2</a></xml>",
        "<xml><a>1</a><a/></xml>",
        "<xml a=\"1\"><a>1</a></xml>",
        "<xml><a b=\"1\">1</a></xml>",
        "<xml><a:a>1</a:a></xml>",
        "<xml><é>1</é></xml>",
        "<xml><a>x]]>y</a></xml>",
        "<xml><a><![CDATA[x]]>]]></a></xml>",
        "<xml><a><![CDATA[x</a></xml>",
        "<xml><a><![CDATA[x]]</a></xml>",
        "<xml><a>x & y</a></xml>",
        "<xml><a>&b;</a></xml>",
        "<xml><a>&#65;</a></xml>",
        "<xml><a>&#x41;</a></xml>",
        "<xml><a>&nbsp;</a></xml>",
        "<xml><a>\u{0}</a></xml>",
        "<xml><a>\u{1b}</a></xml>",
        "<xml><a><![CDATA[\u{8}]]></a></xml>",
        "<xml><a>1<!-- x --></a></xml>",
        "<xml><!-- x --><a>1</a></xml>",
        "<!-- x --><xml><a>1</a></xml>",
        "<?php x ?><xml><a>1</a></xml>",
        "<xml><?php x ?><a>1</a></xml>",
        "<xml><?xml version=\"1.0\"?><a>1</a></xml>",
        "<?xml version=\"1.0\"?><?xml version=\"1.0\"?><xml><a>1</a></xml>",
        " <?xml version=\"1.0\"?><xml><a>1</a></xml>",
        "<?xml version=\"1.0\" encoding=\"GBK\"?><xml><a>1</a></xml>",
        "<?xml version=\"1.0\" encoding=\"UTF-7\"?><xml><a>1</a></xml>",
        "<?xml version=\"1.0\" encoding=\"UTF-16\"?><xml><a>1</a></xml>",
        "<!DOCTYPE xml><xml><a>1</a></xml>",
        "<!DOCTYPE xml [<!ENTITY a \"1\">]><xml><a>&a;</a></xml>",
        "<!DOCTYPE xml SYSTEM \"http://evil.example/x.dtd\"><xml><a>1</a></xml>",
        "<?xml version=\"1.0\"?><!DOCTYPE xml [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><xml><a>&a;</a></xml>",
        "<xml><!DOCTYPE xml><a>1</a></xml>",
    ] {
        assert_eq!(one(text), Err(Malformed), "{text}");
    }
    assert!(read(b"<xml><a>\xff</a></xml>").is_err());
    assert!(read(b"\xff\xfe<\0x\0m\0l\0>\0").is_err());
}

#[test]
fn more_fields_than_any_push_has_are_refused() {
    let with = |fields: usize| {
        let fields = (0..fields).map(|number| format!("<f{number}>1</f{number}>"));
        let fields = fields.collect::<Vec<_>>().concat();
        read(format!("<xml>{fields}</xml>").as_bytes())
    };

    assert!(with(MOST_FIELDS).is_ok());
    assert!(with(MOST_FIELDS + 1).is_err());
}

#[test]
fn deep_nesting_is_refused_at_its_second_level() {
    let deep = format!("<xml>{}{}</xml>", "<a>".repeat(10_000), "</a>".repeat(10_000));

    assert!(read(deep.as_bytes()).is_err());
}

/// Pieces of which good and bad messages are made.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("<xml>".to_owned()),
        Just("</xml>".to_owned()),
        Just("<a>".to_owned()),
        Just("</a>".to_owned()),
        Just("<b/>".to_owned()),
        Just("<![CDATA[".to_owned()),
        Just("]]>".to_owned()),
        Just("&amp;".to_owned()),
        Just("&x;".to_owned()),
        Just("<!DOCTYPE xml [".to_owned()),
        Just("<?xml version=\"1.0\"?>".to_owned()),
        Just("<!--".to_owned()),
        Just(" ".to_owned()),
        ".{0,4}",
    ];
    proptest::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(text in pieces(), bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        let _whatever = read(text.as_bytes());
        let _whatever = read(&bytes);
    }

    #[test]
    fn what_is_written_is_read(value in "[^\\p{C}]{0,40}") {
        let escaped = quick_xml::escape::escape(&value);
        for text in [escaped.into_owned(), format!("<![CDATA[{}]]>", value.replace("]]>", ""))] {
            let read = one(&format!("<xml><b>0</b><a>{text}</a></xml>")).unwrap();
            let expected = if text.starts_with("<![CDATA[") { value.replace("]]>", "") } else { value.clone() };
            prop_assert_eq!(read.unwrap_or_default(), expected.trim());
        }
    }

    #[test]
    fn an_element_in_a_field_is_refused(before in "[a-z ]{0,5}", inner in "[a-z ]{0,5}", name in "[a-z]{1,5}") {
        let text = format!("<xml><a>{before}<{name}>{inner}</{name}></a></xml>");
        prop_assert_eq!(one(&text), Err(Malformed));
    }
}

//! Pictures of codes: what a reader of light and dark makes of them is the code.

use std::io::Cursor;

use barcoders::sym::code128::Code128;
use chrono::TimeDelta;
use qrcode::{Color, EcLevel, QrCode};
use serde_json::{Value, json};

use crate::support::{admin::Admin, visitor::Person};

/// Rows of pixels, dark as `true`.
type Pixels = Vec<Vec<bool>>;

fn read_png(file: &[u8]) -> Pixels {
    let mut decoder = png::Decoder::new(Cursor::new(file));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    let line = |line: &[u8]| line.iter().map(|pixel| *pixel < 128).collect();
    pixels.chunks(frame.line_size).map(line).collect()
}

/// One pixel to a module.
fn read_svg(file: &[u8]) -> Pixels {
    let text = std::str::from_utf8(file).unwrap();
    let between = |before: &str, after: &str| {
        let start = text.find(before).unwrap() + before.len();
        text[start..].split(after).next().unwrap()
    };
    let size: Vec<usize> =
        between("viewBox=\"0 0 ", "\"").split(' ').map(|side| side.parse().unwrap()).collect();
    let mut pixels = vec![vec![false; size[0]]; size[1]];
    for bar in between("fill=\"#000\" d=\"", "\"").split_terminator('z') {
        let numbers: Vec<usize> =
            bar.split(['M', ' ', 'h', 'v', '-']).filter_map(|n| n.parse().ok()).collect();
        let [x, y, wide, tall, back] = numbers[..] else { panic!("{bar}") };
        assert_eq!(wide, back);
        for row in &mut pixels[y..y + tall] {
            row[x..x + wide].fill(true);
        }
    }
    pixels
}

/// Without the light around it, and one pixel to a module of `scale` pixels.
fn modules(pixels: &Pixels, scale: usize, quiet: usize) -> Pixels {
    let small: Pixels = pixels
        .iter()
        .step_by(scale)
        .map(|row| row.iter().copied().step_by(scale).collect())
        .collect();
    let (height, width) = (small.len(), small[0].len());
    let around =
        |y: usize, x: usize| y < quiet || x < quiet || height - quiet <= y || width - quiet <= x;
    for (y, row) in small.iter().enumerate() {
        for (x, is_dark) in row.iter().enumerate() {
            assert!(!(around(y, x) && *is_dark), "the quiet zone is dark at {x}, {y}");
        }
    }
    small[quiet..height - quiet].iter().map(|row| row[quiet..width - quiet].to_vec()).collect()
}

async fn both(anna: &Person<'_>, coupon: &Value, picture: &str) -> (Pixels, Pixels) {
    let path = format!("/v1/mini/coupons/{}/{picture}", coupon["id"].as_str().unwrap());
    let (svg_headers, svg) = anna.picture(&format!("{path}?format=svg")).await;
    let (png_headers, png) = anna.picture(&format!("{path}?format=png")).await;
    assert_eq!(svg_headers, ["image/svg+xml", "private, no-store", "nosniff"]);
    assert_eq!(png_headers, ["image/png", "private, no-store", "nosniff"]);
    assert_eq!(anna.picture(&path).await.1, svg);
    (read_svg(&svg), read_png(&png))
}

#[tokio::test]
async fn both_pictures_show_the_code_in_both_formats() {
    let admin = Admin::new().await;
    let placement = admin.given_claimable("own", json!({}), 1).await;
    let anna = admin.person(&placement["app_id"], "anna").await;
    let coupon = anna.claim(&placement, "k").await.created();
    let code = coupon["code"].as_str().unwrap();

    let (qr_svg, qr_png) = both(&anna, &coupon, "qr-code").await;
    let (bar_svg, bar_png) = both(&anna, &coupon, "barcode").await;

    let qr = QrCode::with_error_correction_level(code, EcLevel::M).unwrap();
    let colours: Vec<bool> =
        qr.to_colors().into_iter().map(|colour| colour == Color::Dark).collect();
    let expected: Pixels = colours.chunks(qr.width()).map(<[bool]>::to_vec).collect();
    assert_eq!(modules(&qr_svg, 1, 4), expected);
    assert_eq!(modules(&qr_png, 8, 4), expected);
    let bars = Code128::new(format!("\u{0181}{code}")).unwrap().encode();
    let bars: Vec<bool> = bars.into_iter().map(|module| module == 1).collect();
    for pixels in [modules(&bar_svg, 1, 10), modules(&bar_png, 3, 10)] {
        assert_eq!(pixels.len(), 60);
        assert!(pixels.iter().all(|row| *row == bars));
    }
}

#[tokio::test]
async fn what_can_no_longer_be_used_has_no_picture_and_what_is_locked_has() {
    let admin = Admin::new().await;
    let fields = json!({ "per_person_limit": 10 });
    let placement = admin.given_claimable("own", fields, 10).await;
    let anna = admin.person(&placement["app_id"], "anna").await;
    let mut paths = Vec::new();
    for key in ["locked", "used", "void", "expired"] {
        let coupon = anna.claim(&placement, key).await.created();
        match key {
            "locked" => admin.lock(&coupon, "2026-11-30T00:00:00Z").await,
            "used" => drop(admin.redeem(&coupon["code"], "order-1").await.created()),
            "void" => admin.void(&coupon).await,
            _ => {}
        }
        paths.push(format!("/v1/mini/coupons/{}/qr-code", coupon["id"].as_str().unwrap()));
    }
    let [locked, used, void, expired] = &paths[..] else { unreachable!() };
    admin.clock.advance(TimeDelta::hours(6 * 24 + 13));

    let shown = anna.picture(locked).await;

    assert_eq!(shown.0[0], "image/svg+xml");
    anna.get(used).await.problem(409, "already_redeemed");
    anna.get(void).await.problem(404, "no_such_coupon");
    anna.get(expired).await.problem(409, "expired");
    anna.get(&format!("{locked}?format=gif")).await.problem(400, "invalid_query");
}

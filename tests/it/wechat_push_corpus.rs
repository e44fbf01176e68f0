//! Every bad push we could think of, one after the other, at a live server. None may leave anything behind that its line
//! does not announce, and after each a good push is kept.

use std::{
    collections::BTreeMap,
    io::ErrorKind,
    net::{TcpListener, TcpStream},
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use serde::Deserialize;

use crate::support::{
    plant::noon,
    raw_http::{self, RawReply},
    wechat_push::{
        APP_ID, Account, KEY, NONCE, ORIGINAL_ID, PushScene, TIMESTAMP, TOKEN, account, claim,
        filled, seal, sign,
    },
};

/// One line of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    row: u32,
    name: String,
    /// How the account is set.
    #[serde(default = "encrypted")]
    account: String,
    #[serde(default = "post")]
    method: String,
    #[serde(default = "right_path")]
    path: String,
    #[serde(default = "sealed_query")]
    query: String,
    /// What is sealed.
    message: Option<Vec<Piece>>,
    tamper: Option<Tamper>,
    body: Option<Vec<Piece>>,
    #[serde(default)]
    chunked: bool,
    /// Sent again after ten minutes.
    #[serde(default)]
    twice: bool,
    status: u16,
    reply: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// Whether it leaves a row.
    #[serde(default)]
    stored: bool,
}

/// What is wrong with what is sealed; all but a flipped letter are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Tamper {
    Flip,
    BadBase64,
    OddLength,
    Empty,
    PadZero,
    #[serde(rename = "pad_33")]
    Pad33,
    UnevenPad,
    ForeignApp,
    LongLength,
    HugeLength,
    OtherKey,
    #[serde(rename = "no_utf8")]
    NoUtf8,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Piece {
    Text(String),
    Repeat { repeat: String, times: usize },
    Hex { hex: String },
}

fn encrypted() -> String {
    "encrypted".to_owned()
}

fn post() -> String {
    "POST".to_owned()
}

fn right_path() -> String {
    "/callbacks/wechat/$secret".to_owned()
}

fn sealed_query() -> String {
    "signature=$signature&timestamp=$timestamp&nonce=$nonce&openid=o&encrypt_type=aes&msg_signature=$msg_signature"
        .to_owned()
}

/// Rows whose bodies grow beyond all measure if anybody lets them.
const BOMBS: [u32; 2] = [46, 47];
/// The way there and back included.
const AT_ONCE: Duration = Duration::from_millis(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_pushes_are_answered_as_documented_and_leave_nothing_behind() {
    let scene = PushScene::believing(true).await;
    let mut accounts = BTreeMap::new();
    for mode in ["encrypted", "compatible", "plain"] {
        let app_id = if mode == "encrypted" { APP_ID.to_owned() } else { format!("wx{mode}") };
        accounts.insert(mode, account(scene.db(), noon(), mode, &app_id).await);
    }
    // What bodies refer to: nobody may ever look there.
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let there = trap.local_addr().unwrap().to_string();
    let lines = include_str!("../fixtures/wechat/push_inputs.jsonl").lines();
    let (mut wrong, mut refusal) = (Vec::new(), None);
    for (number, line) in lines.enumerate() {
        let case: Case =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        let before = scene.count().await;
        let request = case.request(&accounts[&case.account[..]], number, &there);

        let mut reply = raw_http::send(scene.address(), &request).await;
        if case.twice {
            scene.clock.advance(TimeDelta::minutes(10));
            reply = raw_http::send(scene.address(), &request).await;
        }

        let left = scene.count().await - before;
        let mut seen = case.judge(&reply, left);
        if case.status == 403 {
            // Whatever is wrong, there is one way to say so, to the last header. How long it takes says no more: signatures are
            // compared in constant time, and so are filling, length and `AppID`, each whatever became of the others.
            let first = refusal.get_or_insert_with(|| reply.clone());
            if *first != reply {
                seen.push(format!("refused otherwise: {reply:?}"));
            }
        }
        if BOMBS.contains(&case.row) && !is_judged_at_once(&scene, &request).await {
            seen.push(format!("judged in more than {AT_ONCE:?}"));
        }
        if trap.accept().map_err(|error| error.kind()).err() != Some(ErrorKind::WouldBlock) {
            seen.push("somebody looked where it refers to".to_owned());
        }
        let good = scene.push(&accounts["encrypted"], &claim(&format!("good-{number}"))).await;
        if !seen.is_empty() || good.status != 200 {
            wrong.push(format!("{} {}: {}", case.row, case.name, seen.join("; ")));
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
    // It is a trap: whoever looks is noticed.
    let _visit = TcpStream::connect(&there).unwrap();
    trap.set_nonblocking(false).unwrap();
    trap.accept().unwrap();
    scene.finish().await;
}

/// Sent a few times, for now and then something else keeps the machine busy.
async fn is_judged_at_once(scene: &PushScene, request: &[u8]) -> bool {
    for _ in 0..50 {
        let began = Instant::now();
        raw_http::send(scene.address(), request).await;
        if began.elapsed() < AT_ONCE {
            return true;
        }
    }
    false
}

impl Case {
    /// The request, byte for byte; each is about a card of its own.
    fn request(&self, account: &Account, number: usize, trap: &str) -> Vec<u8> {
        let usual = claim(&format!("case-{number}"));
        let inner = usual.strip_suffix("</xml>").unwrap();
        let words = [
            ("$message", usual.as_str()),
            ("$inner", inner),
            ("$trap", trap),
            ("$secret", &account.secret),
            ("$echo", "4375120948345356249"),
            ("$timestamp", TIMESTAMP),
            ("$nonce", NONCE),
        ];
        let message = match &self.message {
            None => usual.clone(),
            Some(pieces) => String::from_utf8(write(pieces, &words)).unwrap(),
        };
        let (sealed, signed) = self.seal(&message, &account.app_id);
        let plain = sign(&[TOKEN, TIMESTAMP, NONCE]);
        let capitals = plain.to_ascii_uppercase();
        let words = [
            &words[..],
            &[
                ("$sealed", sealed.as_str()),
                ("$msg_signature", &signed),
                ("$signature", &plain),
                ("$SIGNATURE", &capitals),
            ],
        ]
        .concat();
        let body = match (&self.body, &self.method[..]) {
            (Some(pieces), _) => write(pieces, &words),
            (None, "GET") => Vec::new(),
            (None, _) => format!(
                "<xml><ToUserName>{ORIGINAL_ID}</ToUserName><Encrypt>{sealed}</Encrypt></xml>"
            )
            .into_bytes(),
        };
        let (path, query) = (fill_in(&self.path, &words), fill_in(&self.query, &words));
        let length = if self.chunked {
            "Transfer-Encoding: chunked".to_owned()
        } else {
            format!("Content-Length: {}", body.len())
        };
        let mut request = format!(
            "{} {path}?{query} HTTP/1.1\r\nHost: merchant.example\r\nConnection: close\r\n\
             Content-Type: text/xml\r\n{length}\r\n\r\n",
            self.method
        )
        .into_bytes();
        if self.chunked {
            request.extend(format!("{:x}\r\n", body.len()).into_bytes());
        }
        request.extend(body);
        if self.chunked {
            request.extend(b"\r\n0\r\n\r\n");
        }
        request
    }

    /// The sealed text and its signature.
    fn seal(&self, message: &str, app_id: &str) -> (String, String) {
        let mut bytes = filled(message, app_id);
        let last = bytes.len() - 1;
        let mut key = KEY.to_owned();
        match self.tamper {
            Some(Tamper::PadZero) => bytes[last] = 0,
            Some(Tamper::Pad33) => bytes[last] = 33,
            Some(Tamper::UnevenPad) => {
                let filling = usize::from(bytes[last]);
                assert!(filling > 1, "a message of another length is needed");
                bytes[last + 1 - filling] ^= 64;
            }
            Some(Tamper::ForeignApp) => bytes = filled(message, "wxsim0000000000009"),
            Some(Tamper::LongLength) => bytes[16..20].copy_from_slice(&100_000u32.to_be_bytes()),
            Some(Tamper::HugeLength) => bytes[16..20].copy_from_slice(&u32::MAX.to_be_bytes()),
            Some(Tamper::NoUtf8) => bytes[30] = 0xff,
            Some(Tamper::OtherKey) => key = key.replace('a', "b"),
            Some(Tamper::Flip | Tamper::BadBase64 | Tamper::OddLength | Tamper::Empty) | None => {}
        }
        let right = seal(&key, &bytes);
        let sealed = match self.tamper {
            Some(Tamper::BadBase64) => format!("*{}", &right[1..]),
            Some(Tamper::OddLength) => right[4..].to_owned(),
            Some(Tamper::Empty) => String::new(),
            _ => right.clone(),
        };
        let signed = sign(&[TOKEN, TIMESTAMP, NONCE, &sealed]);
        if self.tamper == Some(Tamper::Flip) {
            let other = if right.starts_with('A') { "B" } else { "A" };
            return (format!("{other}{}", &right[1..]), signed);
        }
        (sealed, signed)
    }

    /// What is not as the case says.
    fn judge(&self, reply: &RawReply, left: i64) -> Vec<String> {
        let mut wrong = Vec::new();
        let body = String::from_utf8_lossy(&reply.body);
        if reply.status != self.status {
            wrong.push(format!("status is {} {body}", reply.status));
        }
        let expected = self.reply.as_ref().map(|text| text.replace("$echo", "4375120948345356249"));
        if expected.is_some_and(|expected| expected != body) {
            wrong.push(format!("body is {body}"));
        }
        for (name, value) in &self.headers {
            if reply.headers.get(name) != Some(value) {
                wrong.push(format!("{name} is {:?}", reply.headers.get(name)));
            }
        }
        if left != i64::from(self.stored) {
            wrong.push(format!("{left} rows are left"));
        }
        wrong
    }
}

fn write(pieces: &[Piece], words: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => bytes.extend(fill_in(text, words).into_bytes()),
            Piece::Repeat { repeat, times } => bytes.extend(repeat.repeat(*times).into_bytes()),
            Piece::Hex { hex } => bytes.extend(hex::decode(hex).unwrap()),
        }
    }
    bytes
}

fn fill_in(text: &str, words: &[(&str, &str)]) -> String {
    words.iter().fold(text.to_owned(), |text, (word, meaning)| text.replace(word, meaning))
}

//! The engine's statements, and how Postgres means to carry them out.

use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection};

/// A statement of the engine, and the ways in which it may touch a table that is only read or updated.
pub struct Statement {
    pub name: &'static str,
    text: &'static str,
    arguments: &'static [Argument],
    pub ways: &'static [&'static str],
}

#[derive(Debug, Clone, Copy)]
enum Argument {
    Uuid,
    Time,
    Number,
    Uuids,
    Texts,
    Numbers,
    Times,
    Bytes,
    Documents,
}
use Argument::{Bytes, Documents, Number, Numbers, Texts, Time, Times, Uuid, Uuids};

/// All of them but the terms of a template by their primary key.
pub const STATEMENTS: [Statement; 5] = [
    Statement {
        name: "find_known",
        text: include_str!("../../../src/store/sql/find_known.sql"),
        arguments: &[Uuids, Texts],
        ways: &["coupon by coupon_one_per_record", "refusal by refusal_one_per_record"],
    },
    Statement {
        name: "lock_offers",
        text: include_str!("../../../src/store/sql/lock_offers.sql"),
        arguments: &[Uuids, Uuids, Texts, Numbers],
        ways: &["placement by placement_pkey", "stock by stock_once", "template by template_pkey"],
    },
    Statement {
        name: "read_facts",
        text: include_str!("../../../src/store/sql/read_facts.sql"),
        arguments: &[Uuids, Texts, Uuids, Uuids, Uuids, Time],
        ways: &[
            "card_claim by card_claim_open",
            "coupon by coupon_one_per_ordinal",
            "coupon by coupon_one_per_record",
            "holder by holder_pkey",
            "member by member_pkey",
            "refusal by refusal_one_per_record",
        ],
    },
    Statement {
        name: "take_codes",
        text: include_str!("../../../src/store/sql/take_codes.sql"),
        arguments: &[Uuid, Number],
        ways: &["code by code_free_by_template"],
    },
    Statement {
        name: "write_batch",
        text: include_str!("../../../src/store/sql/write_batch.sql"),
        arguments: &[
            Time, Uuids, Uuids, Texts, Uuids, Texts, Numbers, Uuids, Texts, Uuids, Uuids, Texts,
            Uuids, Uuids, Uuids, Uuids, Numbers, Uuids, Uuids, Uuids, Numbers, Texts, Texts, Texts,
            Times, Times, Uuids, Uuids, Uuids, Uuids, Texts, Texts, Uuids, Uuids, Texts, Numbers,
            Uuids, Numbers, Uuids, Uuids, Uuids, Texts, Numbers,
        ],
        // A handful of endpoints, or none at all: read as they lie.
        ways: &["code by code_pkey", "stock by stock_once", "webhook_endpoint by Seq Scan"],
    },
];

/// Those of a use.
pub const USES: [Statement; 2] = [
    Statement {
        name: "find_lives",
        text: include_str!("../../../src/store/sql/find_lives.sql"),
        arguments: &[Texts, Uuids, Texts, Uuids, Texts, Uuids, Texts],
        ways: &[],
    },
    Statement {
        name: "redeem_coupons",
        text: include_str!("../../../src/store/sql/redeem_coupons.sql"),
        arguments: &[
            Uuids, Numbers, Uuids, Texts, Texts, Texts, Times, Texts, Numbers, Numbers, Uuids,
            Texts, Bytes, Uuids, Numbers, Texts, Numbers, Numbers, Numbers, Uuids, Uuids, Texts,
            Documents,
        ],
        ways: &[],
    },
];

impl Statement {
    /// Prepares it, as the engine's connection does once.
    pub async fn prepare(&self, conn: &mut PgConnection) {
        let text = without_annotations(self.text);
        run(conn, format!("prepare {} as {text}", self.name)).await;
    }

    /// How the prepared statement touches its tables, in that order, when it is given a hundred of everything.
    pub async fn ways(&self, conn: &mut PgConnection) -> Vec<String> {
        let arguments: Vec<_> = self.arguments.iter().map(|one| literal(*one)).collect();
        let (name, arguments) = (self.name, arguments.join(", "));
        let explain = format!("explain (format json) execute {name} ({arguments})");
        let plan: Value = sqlx::query_scalar(AssertSqlSafe(explain)).fetch_one(conn).await.unwrap();
        let mut ways = Vec::new();
        collect(&plan[0]["Plan"], &mut ways);
        ways
    }
}

pub async fn run(conn: &mut PgConnection, statement: String) {
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(conn).await.unwrap();
}

/// `x as "name!: Type"` is for the macros; Postgres needs `x as name`.
pub fn without_annotations(text: &str) -> String {
    let mut pieces = text.split('"');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    while let (Some(name), Some(rest)) = (pieces.next(), pieces.next()) {
        plain.push_str(name.split(['!', '?', ':']).next().unwrap_or_default());
        plain.push_str(rest);
    }
    plain
}

/// What is asked for need not be there: it is explained only.
fn literal(argument: Argument) -> String {
    let list = |value: &dyn Fn(usize) -> String| {
        let values: Vec<_> = (1..=100).map(value).collect();
        format!("'{{{}}}'", values.join(","))
    };
    match argument {
        Uuid => "'00000000-0000-0000-0000-000000000001'".to_owned(),
        Time => "'2026-11-11T12:00:00Z'".to_owned(),
        Number => "100".to_owned(),
        Uuids => list(&|n| format!("00000000-0000-0000-0000-{n:012x}")),
        Texts => list(&|n| format!("record-{n}")),
        Numbers => list(&|n| n.to_string()),
        Times => list(&|_| "2026-11-11T12:00:00Z".to_owned()),
        Bytes => list(&|_| "00".to_owned()),
        Documents => list(&|_| "{}".to_owned()).replace("{}", "null"),
    }
}

/// One entry per way to touch a table, `coupon by coupon_pkey` or `coupon by Seq Scan`, and per join of whole tables.
fn collect(node: &Value, ways: &mut Vec<String>) {
    let kind = node["Node Type"].as_str().unwrap();
    let inner = || node["Plans"].as_array().into_iter().flatten();
    match (kind, node["Relation Name"].as_str()) {
        ("ModifyTable", _) => {}
        ("Hash Join" | "Merge Join", _) => {
            ways.push(kind.to_owned());
        }
        (_, Some(table)) => {
            // A bitmap scan names its index one node further down.
            let names = inner().chain([node]).find_map(|node| node["Index Name"].as_str());
            ways.push(format!("{table} by {}", names.unwrap_or(kind)));
        }
        _ => {}
    }
    for node in inner() {
        collect(node, ways);
    }
}

//! No text may bring the parser down.

use crate::sql::parse;
use proptest::prelude::*;

/// Statements to damage.
const SEEDS: &[&str] = &[
    "create ts database if not exists d retentions 10d partition interval 1d comment '库'",
    "create table d.t (ts timestamptz(3) not null, a float8 default -1.5, b varchar(10) comment '列') tags (g int not \
     null, h nchar(4)) primary tags (g) retentions 20 day with hash(10)",
    "create table r (id int8 not null default unique_rowid(), n varchar(9) null, constraint \"primary\" primary key (id \
     asc), unique index i (n), family f (id, n))",
    "alter table t alter column c set data type varchar(20), add tag g int, rename tag a to b, set retentions = 1w",
    "insert into t (a, \"B\") values (now(), e'x\\n', b'\\xff', -1.5, null), ('汉''字', \"q\", 0x1F, 1 + 2, default)",
    "with x (y) as (select a from t where ts = 1 fill(linear, 1, 2)) select last(x.*), count(*) over (order by a) from x \
     join [show tables] s on x.y = s.a where a between 1 and 2 or b is not distinct from -1h group by 1 having c order \
     by 2 desc limit 3 offset 4",
    "select time_bucket(ts, '10m') b, case when a then 'é' end from d.public.t union all (values (1), (2)) except table u",
    "update t set a = 1, (b, c) = (select 1, 2) from u where x in (select y from z) returning *",
    "delete from t where ts > '2020-01-01' and g = 1 order by a limit 1",
    "grant select, insert on table d.t, u to a, b with grant option; revoke admin option for r from u",
    "create user u with password 'p' valid until null nologin; set cluster setting a.b = 'c'; show grants on role r",
    "explain (opt) select extract(epoch from ts), x::int[], array[1, 2][1], a // b ^ 2 from t at",
    "comment on column a.b.c.d is null; drop index if exists t@i cascade; show cluster setting x.y",
];

/// Pieces to damage them with.
const PIECES: &[&str] = &[
    "'", "\"", "(", ")", "[", "]", ",", ";", ".", "::", "--", "/*", "*/", "select", "from", "where", "fill(", "as",
    "with", "values", "union", "not", "null", "1h", "1x", "$1", "-", "表", "\u{0}", "\u{1}", "\u{3000}", "e'", "b'\\x",
    "table", " ", "case", "interval", "between", "and", "group by", "over", "in", "is", "distinct",
];

fn check(text: &str) {
    for parsed in parse(text) {
        assert_eq!(text.get(parsed.span.clone()), Some(parsed.text.as_str()));
        if let Err(error) = parsed.statement {
            let _ = crate::sql::syntax_error_text(&error);
            assert!(!matches!(*error.kind, model::ErrorKind::Syntax { .. }) || error.position.is_some(), "{error}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn damaged_statements(
        seed in prop::sample::select(SEEDS),
        damage in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, prop::sample::select(PIECES)), 1..6),
    ) {
        let mut characters: Vec<char> = seed.chars().collect();
        for (place, removed, piece) in damage {
            let start = place.index(characters.len() + 1);
            let end = (start + removed).min(characters.len());
            characters.splice(start..end, piece.chars());
        }
        check(&characters.into_iter().collect::<String>());
    }

    #[test]
    fn shuffled_pieces(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..30)) {
        check(&pieces.join(" "));
        check(&format!("select {}", pieces.join(" ")));
        check(&format!("insert into t values ({}", pieces.join(" ")));
    }

    #[test]
    fn any_characters(text in any::<String>()) {
        check(&text);
    }
}

#[test]
fn the_seeds_themselves_are_sound() {
    for seed in SEEDS {
        check(seed);
    }
}

//! Bodies of fuzz targets: what comes to the doors for points.

use crate::{Parsed, by_table, line, opentsdb};

/// Line protocol.
pub fn line_protocol(bytes: &[u8]) {
    if let Ok(body) = str::from_utf8(bytes) {
        check(body, &line::parse(body));
    }
}

/// OpenTSDB's JSON.
pub fn opentsdb_json(bytes: &[u8]) {
    if let Ok(body) = str::from_utf8(bytes)
        && let Ok(parsed) = opentsdb::parse_json(body)
    {
        check(body, &parsed);
    }
}

/// OpenTSDB's lines.
pub fn opentsdb_lines(bytes: &[u8]) {
    if let Ok(body) = str::from_utf8(bytes) {
        check(body, &opentsdb::parse_telnet(body));
    }
}

/// Every point is whole, says where it stood, and is in one table.
fn check(body: &str, parsed: &Parsed<'_>) {
    for point in &parsed.points {
        assert!(!point.measurement.is_empty() && !point.fields.is_empty());
        assert!(point.text.is_empty() || body.contains(point.text));
    }
    let tables = by_table(&parsed.points);
    assert_eq!(tables.iter().map(|(_, members)| members.len()).sum::<usize>(), parsed.points.len());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corpora_of_the_doors_do_no_harm() {
        let lines = b"weather,place=Ulm\\ West,unit=C temperature=21.5,note=\"a \\\"b\\\"\",n=7i,u=3u,ok=t 1700000000000000000\n\
                      # nothing\nm f=1e9\r\nbad line\nm,t= f=1\nm f=\"open\n text\" 5 x\n"
            .to_vec();
        let odd = "m\u{fc},t=\u{0} f=NaN\nm f=18446744073709551616u -9223372036854775808\n".as_bytes().to_vec();
        ::fuzzing::corpus("line_protocol", &[("lines", lines), ("odd", odd)], line_protocol);
        let one = br#"{"metric":"sys.cpu","timestamp":1700000000,"value":42.5,"tags":{"host":"a","dc":"x"}}"#.to_vec();
        let many = br#"[{"metric":"a","timestamp":"1700000000123","value":"7","tags":{"h":1}},{"metric":"","value":null},{"x":[{}]},7]"#;
        ::fuzzing::corpus("opentsdb_json", &[("one", one), ("many", many.to_vec())], opentsdb_json);
        let puts =
            b"put sys.cpu 1700000000 42.5 host=a dc=x\nput\nput m x 1 a=b\nput m 1 1e400 a=b c\n version\n".to_vec();
        ::fuzzing::corpus("opentsdb_lines", &[("puts", puts)], opentsdb_lines);
    }
}

//! Reading the lines of a CSV file with their places, so that a bad one can be named.

use std::path::Path;

/// One row of a file.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// File and line numbers, for people.
    pub(crate) place: String,
    /// How many lines of the file it takes: more than one where a quoted value holds line ends.
    pub(crate) lines: u64,
    /// Its values; empty ones are NULL.
    pub(crate) values: Vec<String>,
    /// Its length in the file.
    pub(crate) bytes: usize,
    /// How far into the file it ends, in bytes.
    pub(crate) end_of_line: u64,
}

/// A row that cannot be read.
#[derive(Clone, Debug)]
pub(crate) struct Unreadable {
    /// Where it is, and what is wrong with it.
    pub(crate) reason: String,
    /// As of [`Line`].
    pub(crate) lines: u64,
}

/// The rows of a file in order; an error in place of a row that is not CSV or not UTF-8.
pub(crate) fn lines_of(
    file: &Path,
    header: bool,
) -> Result<impl Iterator<Item = Result<Line, Unreadable>> + use<>, String> {
    let shown = file.display().to_string();
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(header)
        .flexible(true)
        .from_path(file)
        .map_err(|error| format!("{shown}: {error}"))?;
    let mut record = csv::ByteRecord::new();
    Ok(std::iter::from_fn(move || {
        let start = reader.position().byte();
        let more = match reader.read_byte_record(&mut record) {
            Ok(more) => more,
            Err(error) => return Some(Err(Unreadable { reason: format!("{shown}: {error}"), lines: 1 })),
        };
        if !more {
            return None;
        }
        let end_of_line = reader.position().byte();
        let first = record.position().map_or(0, csv::Position::line);
        let lines = 1 + record.as_slice().iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
        let place = match lines {
            1 => format!("{shown}, line {first}"),
            _ => format!("{shown}, lines {first} to {}", first + lines - 1),
        };
        let values = record.iter().map(|value| String::from_utf8(value.to_vec())).collect::<Result<_, _>>();
        Some(match values {
            Ok(values) => {
                Ok(Line { place, lines, values, bytes: usize::try_from(end_of_line - start).unwrap_or(0), end_of_line })
            }
            Err(_) => Err(Unreadable { reason: format!("{place}: is not UTF-8"), lines }),
        })
    }))
}

#[cfg(test)]
mod tests {
    use super::lines_of;

    #[test]
    fn lines_have_places_and_bad_ones_do_not_end_the_file() {
        let file = std::env::temp_dir().join(format!("chronoglot-lines-{}.csv", std::process::id()));
        std::fs::write(&file, b"a,\"b\nc\",\n\xff,1\nlast,,\"x,y\"\n").unwrap();
        let lines: Vec<_> = lines_of(&file, false).unwrap().collect();
        std::fs::remove_file(&file).unwrap();
        let first = lines[0].as_ref().unwrap();
        assert_eq!(first.values, ["a", "b\nc", ""]);
        assert!(first.place.ends_with("lines 1 to 2") && first.lines == 2, "{}", first.place);
        assert!(lines[1].as_ref().unwrap_err().reason.ends_with("line 3: is not UTF-8"), "{:?}", lines[1]);
        assert_eq!(lines[2].as_ref().unwrap().values, ["last", "", "x,y"]);
        assert_eq!(lines.len(), 3);
    }
}

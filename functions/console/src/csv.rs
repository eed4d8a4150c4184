//! Comma-separated values that a spreadsheet can only show.
//!
//! A cell that begins like a formula is taken for one, whatever its quotes; so such a cell begins with an
//! apostrophe (OWASP, "CSV Injection").

/// The mark of UTF-8 (BOM). Excel takes a file without it for one in the code page of its machine, and shows
/// Chinese as something else.
pub(crate) const MARK: char = '\u{feff}';

/// One file, its lines ending as RFC 4180 has it.
pub(crate) fn file(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut text = String::from(MARK);
    let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
    for row in std::iter::once(&head).chain(rows) {
        let cells: Vec<_> = row.iter().map(|cell| quoted(cell)).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

fn quoted(cell: &str) -> String {
    let first = cell.trim_start().chars().next();
    let formula = matches!(
        first,
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '＝' | '＋' | '－' | '＠')
    ) || cell.starts_with(['\t', '\r', '\n']);
    let safe = if formula {
        format!("'{cell}")
    } else {
        cell.to_owned()
    };
    format!("\"{}\"", safe.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (cell, expected) in [
            ("shoes", "\"shoes\""),
            ("=1+1", "\"'=1+1\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'\t=1\""),
            ("  =1", "\"'  =1\""),
            ("＝1", "\"'＝1\""),
            ("a\"b,c\nd", "\"a\"\"b,c\nd\""),
        ] {
            assert_eq!(quoted(cell), expected);
        }
        let whole = file(&["no", "name"], &[vec!["1".to_owned(), "一".to_owned()]]);
        assert_eq!(whole, "\u{feff}\"no\",\"name\"\r\n\"1\",\"一\"\r\n");
    }
}

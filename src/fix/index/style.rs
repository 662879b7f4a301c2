//! How a program is written: quotes, semicolons, indentation, ends of lines.

use crate::fix::text;

/// What is taken over from a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Style {
    /// The quotation mark of texts.
    pub quote: char,
    /// `;` or nothing.
    pub stop: &'static str,
    /// Blanks of one level.
    pub step: String,
    /// The end of a line.
    pub end: &'static str,
    /// What a callback on a table is given, with its brackets.
    pub table: &'static str,
    /// Statements are templates.
    pub has_templates: bool,
}

impl Style {
    /// Of a text.
    pub fn of(source: &str) -> Style {
        // SQL in templates has the same signs: an import says more.
        let is_import = |line: &&str| line.starts_with("import ") || line.starts_with("} from ") || line.contains(" = require(");
        let import = source.lines().filter(is_import).find(|line| line.contains(['"', '\'']));
        let first = import.map(|line| line.trim_end().ends_with(';'));
        let count = |sign: char| import.unwrap_or(source).matches(sign).count();
        let ends = || source.lines().any(|line| line.trim_end().ends_with(';'));
        let code = source.lines().filter(|line| !line.trim_start().starts_with('*'));
        let step = code.map(|line| text::line_indent(line, 0));
        let is_blank = |line: &&str| !line.is_empty();
        let table = ["(table) =>", "table =>", "(t) =>", "t =>"];
        let has = |form: &&str| source.contains(&format!("({form}")) || source.contains(&format!(" {form}"));
        Style {
            quote: if count('"') > count('\'') { '"' } else { '\'' },
            stop: if first.unwrap_or_else(ends) { ";" } else { "" },
            step: step.filter(is_blank).min_by_key(|step| step.len()).unwrap_or("  ").to_owned(),
            end: text::line_end(source),
            has_templates: source.contains("(`"),
            table: table
                .into_iter()
                .find(has)
                .and_then(|form| form.strip_suffix(" =>"))
                .unwrap_or("(table)"),
        }
    }

    /// A text as a literal, in the quotes of the file where it does not hold them.
    pub fn string(&self, value: &str) -> String {
        let others = ['\'', '"'].into_iter().filter(|other| *other != self.quote);
        let free = std::iter::once(self.quote).chain(others).find(|quote| !value.contains(*quote));
        let quote = free.unwrap_or(self.quote);
        let mut out = String::from(quote);
        for c in value.chars() {
            if c == quote || c == '\\' {
                out.push('\\');
            }
            out.push(c);
        }
        out.push(quote);
        out
    }

    /// A statement of SQL as a literal: a template where others are or the quotes of the file would have to be escaped.
    pub fn sql(&self, value: &str) -> String {
        if (self.has_templates || value.contains(self.quote)) && !value.contains(['`', '\\', '$']) {
            return format!("`{value}`");
        }
        self.string(value)
    }

    /// Texts as a list.
    pub fn list<'v>(&self, values: impl Iterator<Item = &'v String>) -> String {
        let all: Vec<String> = values.map(|value| self.string(value)).collect();
        format!("[{}]", all.join(", "))
    }
}

/// Whether steps before make their indexes by SQL: more of them than by the tool's own words.
pub fn prefers_sql(texts: &[String]) -> bool {
    let with = |words: &[&str]| texts.iter().filter(|text| words.iter().any(|word| text.contains(word))).count();
    let by_words = with(&["TableIndex(", ".index(", "addIndex(", "createIndex("]);
    let by_text = with(&["CREATE INDEX", "CREATE UNIQUE INDEX", "create index", "queryRunner.query("]);
    by_text > by_words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_is_quoted_as_the_file_quotes() {
        let single = Style::of("a('b');\n    c('d');\n");
        assert_eq!((single.quote, single.stop, single.step.as_str()), ('\'', ";", "    "));
        assert_eq!(single.string("a"), "'a'");
        assert_eq!(single.string("it's"), "\"it's\"");
        assert_eq!(single.sql("CREATE INDEX \"a\" ON b (c)"), "'CREATE INDEX \"a\" ON b (c)'");
        let double = Style::of("a(\"b\")\r\n\tc(\"d\")\r\n");
        assert_eq!(
            (double.quote, double.stop, double.step.as_str(), double.end),
            ('"', "", "\t", "\r\n")
        );
        assert_eq!(double.sql("DROP INDEX \"a\""), "`DROP INDEX \"a\"`");
        assert_eq!(double.sql("DROP INDEX `a` ON \"b\""), "'DROP INDEX `a` ON \"b\"'");
        assert_eq!(double.string("'\"\\"), "\"'\\\"\\\\\"");
    }

    #[test]
    fn the_callback_is_given_what_it_was_given() {
        assert_eq!(Style::of("k.alterTable('a', t => {})").table, "t");
        assert_eq!(Style::of("k.alterTable('a', (t) => {})").table, "(t)");
        assert_eq!(Style::of("k.alterTable('a', table => {})").table, "table");
        assert_eq!(Style::of("").table, "(table)");
    }
}

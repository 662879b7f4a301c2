//! How the declaration of an index is written in an ORM's words: what a library's folder is given to write it from.

use crate::statement::Dialect;

/// How indexes are declared in the words of a library.
#[derive(Clone, Copy, Debug)]
pub struct IndexForm {
    /// The declaration.
    pub declare: fn(&IndexWords<'_>) -> String,
    /// Characters of a name that the library takes; the database keeps 63 bytes.
    pub longest_name: Option<usize>,
    /// The name that the library gives an index of a table by itself, with its columns joined by underscores: no other need be written.
    pub own_name: Option<fn(&str, &str) -> String>,
    /// A name that is too long may have the model's name for the table's.
    pub is_named_by_model: bool,
}

impl IndexForm {
    /// Declarations that take every name that the database takes.
    pub const fn of(declare: fn(&IndexWords<'_>) -> String) -> IndexForm {
        IndexForm {
            declare,
            longest_name: None,
            own_name: None,
            is_named_by_model: false,
        }
    }
}

/// An index that is to be declared.
#[derive(Debug)]
pub struct IndexWords<'i> {
    /// A name that no other index has.
    pub name: &'i str,
    /// The name was chosen, and is not only one that would be free.
    pub is_named: bool,
    /// Its keys in order.
    pub keys: Vec<KeyWords<'i>>,
    /// Columns that it carries.
    pub include: &'i [String],
    /// Conditions on fields that make it a partial index: `null`, `true` or `false`.
    pub only: Vec<(&'i str, &'i str)>,
    /// These conditions as SQL.
    pub predicate: Option<String>,
    /// The database.
    pub dialect: Dialect,
}

/// A key of an index.
#[derive(Debug)]
pub struct KeyWords<'i> {
    /// The column.
    pub column: &'i str,
    /// The column as SQL.
    pub quoted: String,
    /// Its name in the code.
    pub field: &'i str,
    /// It goes down.
    pub is_descending: bool,
}

impl KeyWords<'_> {
    /// A key that goes down, as SQL in a string of Python.
    pub fn descending(&self) -> String {
        python_string(&format!("{} DESC", self.quoted))
    }
}

impl<'i> IndexWords<'i> {
    /// Its keys, each as `write` has it, parted by commas.
    pub fn list(&self, write: impl Fn(&KeyWords<'i>) -> String) -> String {
        let keys: Vec<String> = self.keys.iter().map(write).collect();
        keys.join(", ")
    }

    /// Its fields in single quotes, parted by commas.
    pub fn quoted_fields(&self) -> String {
        self.list(|key| format!("'{}'", key.field))
    }
}

/// A text as a string of Python, in the quotes that it does not hold.
pub fn python_string(text: &str) -> String {
    let quote = if text.contains('"') && !text.contains('\'') { '\'' } else { '"' };
    let mut out = String::from(quote);
    for c in text.chars() {
        if c == quote || c == '\\' {
            out.push('\\');
        }
        out.push(c);
    }
    out.push(quote);
    out
}

/// The start of a text, at most so many bytes.
pub fn shortened(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}

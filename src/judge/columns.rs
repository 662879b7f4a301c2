//! What a column's type and name say of its values: few of them, too large for an index, or heavy to load.

use crate::project::Project;
use crate::project::schema::{Column, Table};
use crate::vocabulary::{List, Name, Open};

/// A column of moments or days.
pub fn is_time(column: &Column) -> bool {
    let kind = column.data_type.to_ascii_lowercase();
    kind.contains("date") || kind.contains("time")
}

/// A column of yes or no.
pub fn is_truth(column: &Column) -> bool {
    let kind = column.data_type.to_lowercase();
    kind.starts_with("bool") || matches!(kind.as_str(), "bit" | "tinyint(1)")
}

/// A column that splits a table into few parts: an index on it alone is rarely used.
pub fn is_few_valued(table: &Table, column: &Column) -> bool {
    // Each row has its own value, whatever the column is called.
    if table.is_unique(&[column.name.as_str()]) {
        return false;
    }
    let kind = column.data_type.to_lowercase();
    if is_truth(column) || kind.contains("enum") || kind.contains("choice") {
        return true;
    }
    let is_answer = List::YesOrNoColumns.has(&column.name) && Name::of(&column.name).is_compound();
    is_answer || List::FewValuedColumns.has(&column.name)
}

/// The columns of a table whose type lists their values: with a parent's key they bound its rows (`UNIQUE (order_id, stage)`).
pub fn kinds(table: &Table) -> impl Iterator<Item = &str> {
    let listed = table.columns.iter().filter(|column| {
        let kind = column.data_type.to_lowercase();
        kind.contains("enum") || kind.starts_with("bool")
    });
    listed.map(|column| column.name.as_str())
}

/// Whether each parent has at most a row for each kind: a unique key holds nothing but the parent's columns and kinds.
pub fn is_one_a_kind(table: &Table, parent: &[&str]) -> bool {
    let mut names = parent.to_vec();
    names.extend(kinds(table));
    !parent.is_empty() && table.is_unique(&names) && !table.is_unique(&names[parent.len()..])
}

/// A column that a B-tree can hold: not JSON, arrays, vectors, blobs.
pub fn is_searchable(column: &Column) -> bool {
    let kind = column.data_type.to_lowercase();
    let heavy = [
        "json",
        "bytea",
        "blob",
        "binary",
        "vector",
        "array",
        "geometry",
        "geography",
        "longtext",
        "mediumtext",
        "hstore",
    ];
    !kind.ends_with("[]") && !heavy.iter().any(|word| kind.contains(word))
}

/// A column whose values are of a small, fixed size: numbers, times, identifiers, flags.
pub fn is_fixed_size(column: &Column) -> bool {
    const KINDS: [&str; 18] = [
        "int",
        "serial",
        "uuid",
        "bool",
        "date",
        "time",
        "float",
        "double",
        "real",
        "decimal",
        "numeric",
        "integer",
        "bigint",
        "smallint",
        "bit",
        "number",
        "id",
        "foreignkey",
    ];
    let kind = column.data_type.to_lowercase();
    KINDS.iter().any(|known| kind.starts_with(known))
}

/// A column whose values are large: JSON, binary, vectors, long texts. `text` is also what many schemas give to short
/// strings, so there the name must agree.
pub fn is_heavy(project: &Project, column: &Column) -> bool {
    let kind = column.data_type.to_lowercase();
    let by_type = ["json", "bytea", "blob", "binary", "vector", "longtext", "mediumtext"];
    if by_type.iter().any(|word| kind.contains(word)) {
        // A list of a few settings or flags is small by design; keys and digests are a few bytes.
        let is_binary = !kind.contains("json");
        return !(List::ShortListColumns.has(&column.name) || (is_binary && List::ShortByteColumns.has(&column.name)));
    }
    let is_text = matches!(kind.as_str(), "text" | "textfield" | "string" | "clob" | "tinytext");
    is_text && project.words.has(Open::LongTextColumns, &column.name)
}

/// A column that names the tenant: very many rows share one value.
pub fn is_tenant(name: &str) -> bool {
    let name = name.to_lowercase().replace('_', "");
    let name = name.strip_suffix("id").unwrap_or(&name);
    List::TenantColumns.has(name)
}

/// A column that names the person whose row it is.
pub fn is_persons(name: &str) -> bool {
    let name = name.to_lowercase();
    let name = name.strip_suffix("id").unwrap_or(&name);
    List::Persons.has(name.trim_end_matches('_'))
}

/// A column whose values are meant to be different for nearly every row, whatever the schema says.
pub fn is_identifying(name: &str) -> bool {
    List::IdentifyingColumns.has(name)
}

/// A table of few rows by what it is for: settings, plans, roles. Frameworks run the words of a model's name together in that of its
/// table, so the models are asked, too.
pub(super) fn is_small_by_name(project: &Project, table: &Table) -> bool {
    let models = table.models.iter().filter_map(|&model| project.schema.models.get(model));
    let is_it = |name: &str| project.words.has(Open::FewTables, name);
    !has_owner(table) && (is_it(&table.name) || models.into_iter().any(|model| is_it(&model.name)))
}

/// Rows that belong to a tenant or a user are made by them, and grow with their number.
fn has_owner(table: &Table) -> bool {
    let mut keys = table.foreign_keys.iter();
    keys.any(|key| {
        let target = key.target.rsplit('.').next().unwrap_or(&key.target);
        let column = key.columns.first().map_or("", String::as_str);
        // `created_by` says who keeps the list.
        let is_note = Name::of(column).words().any(|word| word == "by");
        !is_note && (is_tenant(column) || List::Owners.has(target))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::libraries::shared::effects::LibraryData;
    use crate::syntax::facts::extract;
    use crate::vocabulary::Vocabulary;
    use crate::walk::FileKind;

    fn linked(words: Vocabulary) -> Project {
        let sql =
            "CREATE TABLE shop_orders (id int PRIMARY KEY, notes text, body text, is_open int);\nCREATE TABLE shop_settings (id int);\n";
        Project::link_with(vec![extract("schema.sql", FileKind::Sql, sql)], words, LibraryData::built_in())
    }

    #[test]
    fn a_text_is_heavy_by_its_name_and_by_what_a_configuration_says() {
        let mut words = Vocabulary::default();
        words.add(Open::LongTextColumns, &["note".to_owned()]).expect("a word");
        let is = |project: &Project, column: &str| {
            let table = project.schema.table("shop_orders").expect("the table");
            is_heavy(project, table.column(column).expect("the column"))
        };
        let (plain, added) = (linked(Vocabulary::default()), linked(words));
        assert!(is(&plain, "body") && !is(&plain, "notes"));
        assert!(is(&added, "body") && is(&added, "notes"));
    }

    #[test]
    fn a_table_is_small_by_the_last_word_of_its_name() {
        let project = linked(Vocabulary::default());
        let is = |name: &str| is_small_by_name(&project, project.schema.table(name).expect("the table"));
        assert!(is("shop_settings") && !is("shop_orders"));
    }
}

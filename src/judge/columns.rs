//! What a column's type and name say of its values: few of them, too large for an index, or heavy to load.

use crate::project::schema::{Column, Table};

/// A column of moments or days.
pub fn is_time(column: &Column) -> bool {
    let kind = column.data_type.to_ascii_lowercase();
    kind.contains("date") || kind.contains("time")
}

/// A column that splits a table into few parts: an index on it alone is rarely used.
pub fn is_few_valued(column: &Column) -> bool {
    let kind = column.data_type.to_lowercase();
    if kind.starts_with("bool") || kind == "bit" || kind == "tinyint(1)" || kind.contains("enum") || kind.contains("choice") {
        return true;
    }
    let name = words(&column.name);
    let (Some(first), Some(last)) = (name.first(), name.last()) else {
        return false;
    };
    let asks = matches!(
        first.as_str(),
        "is" | "has" | "was" | "can" | "should" | "use" | "allow" | "enable" | "include"
    ) && name.len() > 1;
    let is_time = matches!(last.as_str(), "at" | "on" | "date" | "time");
    asks || (is_time && matches!(first.as_str(), "deleted" | "archived" | "removed") && name.len() == 2)
        || matches!(
            last.as_str(),
            "status"
                | "state"
                | "type"
                | "kind"
                | "role"
                | "phase"
                | "level"
                | "priority"
                | "active"
                | "enabled"
                | "disabled"
                | "deleted"
                | "archived"
                | "published"
                | "visible"
                | "visibility"
                | "public"
                | "private"
                | "locale"
                | "language"
                | "lang"
                | "currency"
                | "country"
                | "gender"
                | "mode"
                | "env"
                | "environment"
                | "severity"
                | "tier"
                | "flag"
                | "processed"
                | "read"
                | "seen"
                | "sent"
                | "verified"
                | "completed"
                | "done"
                | "approved"
                | "default"
                | "direction"
                | "frequency"
                | "interval"
                | "platform"
                | "scope"
                | "version"
                | "provider"
                | "source"
                | "channel"
                | "method"
                | "action"
                | "format"
                | "theme"
                | "gateway"
                | "plan"
                | "deprecated"
                | "resolved"
                | "dirty"
                | "position"
                | "index"
                | "weekday"
                | "month"
                | "year"
                | "reason"
                | "result"
                | "stage"
                | "operator"
                | "algorithm"
                | "freq"
                | "periodicity"
                | "delay"
                | "dismissed"
                | "resource"
        )
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
pub fn is_heavy(column: &Column) -> bool {
    let kind = column.data_type.to_lowercase();
    let by_type = ["json", "bytea", "blob", "binary", "vector", "longtext", "mediumtext"];
    if by_type.iter().any(|word| kind.contains(word)) {
        // A list of a few settings or flags is small by design.
        let name = words(&column.name);
        let small = [
            "settings",
            "preferences",
            "config",
            "options",
            "tags",
            "flags",
            "phases",
            "scopes",
            "roles",
            "permissions",
            "features",
            "ids",
            "socials",
            "caveat",
            "caveats",
        ];
        // Keys and digests are a few bytes.
        let bytes = [
            "secret",
            "key",
            "hash",
            "digest",
            "salt",
            "nonce",
            "iv",
            "signature",
            "checksum",
            "token",
            "tag",
            "fingerprint",
            "sha256",
            "ip",
            "id",
        ];
        let is_binary = !kind.contains("json");
        return !name
            .last()
            .is_some_and(|last| small.contains(&last.as_str()) || (is_binary && bytes.contains(&last.as_str())));
    }
    let is_text = matches!(kind.as_str(), "text" | "textfield" | "string" | "clob" | "tinytext");
    is_text
        && words(&column.name).last().is_some_and(|last| {
            matches!(
                last.as_str(),
                "content"
                    | "body"
                    | "html"
                    | "markdown"
                    | "prompt"
                    | "insight"
                    | "output"
                    | "input"
                    | "payload"
                    | "transcript"
                    | "document"
                    | "article"
                    | "embedding"
                    | "blob"
                    | "raw"
                    | "dump"
                    | "stacktrace"
                    | "traceback"
                    | "text"
                    | "context"
                    | "synthesis"
                    | "blocknote"
                    | "instructions"
            )
        })
}

/// A column that names the tenant: very many rows share one value.
pub fn is_tenant(name: &str) -> bool {
    let name = name.to_lowercase().replace('_', "");
    let name = name.strip_suffix("id").unwrap_or(&name);
    matches!(
        name,
        "tenant"
            | "workspace"
            | "organization"
            | "organisation"
            | "org"
            | "account"
            | "company"
            | "website"
            | "domain"
            | "project"
            | "team"
            | "site"
    )
}

/// A column whose values are meant to be different for nearly every row, whatever the schema says.
pub fn is_identifying(name: &str) -> bool {
    let words = words(name);
    let last = words.last().map_or("", String::as_str);
    matches!(
        last,
        "token"
            | "hash"
            | "key"
            | "email"
            | "slug"
            | "uuid"
            | "guid"
            | "nonce"
            | "checksum"
            | "sha256"
            | "username"
            | "phone"
            | "fingerprint"
    ) || name.to_lowercase().replace('_', "").ends_with("externalid")
}

/// A table of few rows by what it is for: settings, plans, roles.
pub fn is_small(table: &Table) -> bool {
    let name = words(&table.name);
    let Some(last) = name.last() else { return false };
    let last = last.trim_end_matches('s');
    matches!(
        last,
        "setting"
            | "config"
            | "configuration"
            | "role"
            | "permission"
            | "plan"
            | "country"
            | "countrie"
            | "currency"
            | "currencie"
            | "language"
            | "locale"
            | "migration"
            | "option"
            | "preference"
            | "categorie"
            | "category"
            | "tier"
            | "flag"
            | "template"
            | "timezone"
            | "feature"
            | "metadata"
    )
}

/// The words of a name in snake or camel case, lower case.
pub fn words(name: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut last_lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() {
            last_lower = false;
            out.push(String::new());
            continue;
        }
        if out.is_empty() || (c.is_uppercase() && last_lower) {
            out.push(String::new());
        }
        last_lower = c.is_lowercase() || c.is_numeric();
        if let Some(word) = out.last_mut() {
            word.extend(c.to_lowercase());
        }
    }
    out.retain(|word| !word.is_empty());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_split_at_humps_and_underscores() {
        assert_eq!(words("isPublic_at2HTML"), ["is", "public", "at2", "html"]);
        assert_eq!(words("__"), Vec::<String>::new());
    }
}

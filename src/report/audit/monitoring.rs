//! Statements that show in production what the audit expects, for the databases that the project has.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::index_plan::IndexPlan;

const TEXT: &str = include_str!("../../../templates/monitoring.toml");
/// Tables that a statement names.
const TABLES: usize = 20;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    title: String,
    sql: String,
}

/// The statements for one database.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Database {
    pub name: &'static str,
    pub sql: String,
}

fn texts() -> &'static BTreeMap<String, Vec<Statement>> {
    static TEXTS: OnceLock<BTreeMap<String, Vec<Statement>>> = OnceLock::new();
    // A test reads it.
    TEXTS.get_or_init(|| toml::from_str(TEXT).unwrap_or_default())
}

/// The statements for databases, with the tables of a plan.
pub fn monitoring(databases: &[String], plan: &IndexPlan<'_>) -> Vec<Database> {
    let is_plain = |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let names = plan.tables.iter().map(|table| table.name.rsplit('.').next().unwrap_or(table.name));
    let tables: Vec<String> = names.filter(is_plain).take(TABLES).map(|name| format!("'{name}'")).collect();
    let tables = tables.join(", ");
    let of = |database: &String| {
        let (name, statements) = match database.as_str() {
            "postgres" => ("PostgreSQL", texts().get("postgres")?),
            "mysql" => ("MySQL", texts().get("mysql")?),
            "sqlite" => ("SQLite", texts().get("sqlite")?),
            _ => return None,
        };
        let wanted = statements.iter().filter(|one| !tables.is_empty() || !one.sql.contains("{tables}"));
        let written = wanted.map(|one| format!("-- {}\n{}", one.title, one.sql.trim().replace("{tables}", &tables)));
        let sql = written.collect::<Vec<_>>().join("\n");
        Some(Database { name, sql })
    };
    databases.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::audit::index_plan::TableStatements;

    #[test]
    fn statements_name_only_plain_tables_of_the_plan() {
        toml::from_str::<BTreeMap<String, Vec<Statement>>>(TEXT).expect("statements");
        let table = |name| TableStatements {
            name,
            priority: String::new(),
            rows: String::new(),
            has: String::new(),
            sql: String::new(),
            more: 0,
        };
        let plan = IndexPlan {
            tables: vec![table("orders"), table("x') OR 1; --")],
            ..IndexPlan::default()
        };
        let of = |plan: &IndexPlan<'_>| monitoring(&["postgres".to_owned(), "oracle".to_owned()], plan);
        let with = of(&plan);
        assert_eq!(with.len(), 1);
        assert!(with[0].sql.contains("relname IN ('orders') ORDER"), "{}", with[0].sql);
        assert!(!of(&IndexPlan::default())[0].sql.contains("relname IN"));
    }
}

//! The database a project runs on, where its schema does not say: from drivers, connection URLs, settings and images.

use rayon::prelude::*;

use super::deployment::{files, image_name, is_postgres_image};
use super::eval::Code;
use crate::ir::{ExprKind, Module};
use crate::statement::Dialect;
use crate::syntax::facts::FileFacts;
use crate::walk::FileRole;

/// Packages that only one database needs.
const DRIVERS: [(&str, Dialect); 43] = [
    ("asyncpg", Dialect::Postgres),
    ("psycopg", Dialect::Postgres),
    ("psycopg2", Dialect::Postgres),
    ("psycopg2-binary", Dialect::Postgres),
    ("psycopg-binary", Dialect::Postgres),
    ("psycopg_pool", Dialect::Postgres),
    ("psycopg-pool", Dialect::Postgres),
    ("aiopg", Dialect::Postgres),
    ("pg8000", Dialect::Postgres),
    ("pgvector", Dialect::Postgres),
    ("pg", Dialect::Postgres),
    ("pg-promise", Dialect::Postgres),
    ("postgres", Dialect::Postgres),
    ("slonik", Dialect::Postgres),
    ("@vercel/postgres", Dialect::Postgres),
    ("@neondatabase/serverless", Dialect::Postgres),
    ("@electric-sql/pglite", Dialect::Postgres),
    ("@mikro-orm/postgresql", Dialect::Postgres),
    ("@prisma/adapter-pg", Dialect::Postgres),
    ("@prisma/adapter-neon", Dialect::Postgres),
    ("@supabase/supabase-js", Dialect::Postgres),
    ("supabase", Dialect::Postgres),
    ("mysql", Dialect::MySql),
    ("mysql2", Dialect::MySql),
    ("mariadb", Dialect::MySql),
    ("pymysql", Dialect::MySql),
    ("mysqlclient", Dialect::MySql),
    ("MySQLdb", Dialect::MySql),
    ("aiomysql", Dialect::MySql),
    ("asyncmy", Dialect::MySql),
    ("mysql-connector-python", Dialect::MySql),
    ("@planetscale/database", Dialect::MySql),
    ("@mikro-orm/mysql", Dialect::MySql),
    ("@mikro-orm/mariadb", Dialect::MySql),
    ("sqlite3", Dialect::Sqlite),
    ("aiosqlite", Dialect::Sqlite),
    ("sqlite", Dialect::Sqlite),
    ("better-sqlite3", Dialect::Sqlite),
    ("bun:sqlite", Dialect::Sqlite),
    ("node:sqlite", Dialect::Sqlite),
    ("@libsql/client", Dialect::Sqlite),
    ("@mikro-orm/sqlite", Dialect::Sqlite),
    ("@mikro-orm/better-sqlite", Dialect::Sqlite),
];

/// Options of ORMs and query builders that name the database.
const OPTIONS: [&str; 4] = ["dialect", "type", "client", "provider"];

/// What was seen of each database.
#[derive(Clone, Copy, Default)]
struct Seen {
    postgres: bool,
    mysql: bool,
    sqlite: bool,
}

impl Seen {
    fn add(&mut self, dialect: Option<Dialect>) {
        match dialect {
            Some(Dialect::Postgres) => self.postgres = true,
            Some(Dialect::MySql) => self.mysql = true,
            Some(Dialect::Sqlite) => self.sqlite = true,
            Some(Dialect::Generic) | None => {}
        }
    }

    fn with(self, other: Seen) -> Seen {
        Seen {
            postgres: self.postgres || other.postgres,
            mysql: self.mysql || other.mysql,
            sqlite: self.sqlite || other.sqlite,
        }
    }

    /// A project that names two servers supports both; `SQLite` beside a server is for development.
    fn verdict(self) -> Dialect {
        match self {
            Seen {
                postgres: true,
                mysql: true,
                ..
            } => Dialect::Generic,
            Seen { postgres: true, .. } => Dialect::Postgres,
            Seen { mysql: true, .. } => Dialect::MySql,
            Seen { sqlite: true, .. } => Dialect::Sqlite,
            Seen { .. } => Dialect::Generic,
        }
    }
}

/// The database that the code, its dependencies and its settings name; [`Dialect::Generic`] where they name none or several
/// servers.
pub fn of(code: &Code) -> Dialect {
    seen(code).verdict()
}

/// The database that a program of several takes where nobody says another: `dialect: process.env.DIALECT || "mysql"`; `None` where it has
/// no such setting, or they differ.
pub fn by_default(code: &Code) -> Option<Dialect> {
    let own = code
        .files
        .iter()
        .filter(|facts| matches!(facts.role, FileRole::Source | FileRole::Script));
    let mut found = own.filter_map(|facts| facts.module.as_ref()).flat_map(defaults);
    let first = found.next()?;
    found.all(|next| next == first).then_some(first)
}

/// What a module's settings fall back to.
fn defaults(module: &Module) -> Vec<Dialect> {
    if !module.mentions(&OPTIONS) {
        return Vec::new();
    }
    let entries = module.expr_ids().filter_map(|(_, expr)| match &expr.kind {
        ExprKind::Object(entries) => Some(entries),
        _ => None,
    });
    let values = entries.flat_map(|entries| entries.iter()).filter_map(|entry| {
        let is_option = OPTIONS.contains(&module.string(entry.key?)?);
        is_option.then_some(entry.value)
    });
    values
        .filter_map(|value| match module.kind(value) {
            ExprKind::Binary { op, right, .. } if matches!(module.str(*op), "or" | "??") => option(module.string(*right)?),
            _ => None,
        })
        .collect()
}

/// Whether nothing names another database than one.
pub fn is_only(code: &Code, dialect: Dialect) -> bool {
    let seen = seen(code);
    let others = [
        (Dialect::Postgres, seen.postgres),
        (Dialect::MySql, seen.mysql),
        (Dialect::Sqlite, seen.sqlite),
    ];
    !others.into_iter().any(|(other, is_named)| is_named && other != dialect)
}

fn seen(code: &Code) -> Seen {
    let own = code
        .files
        .par_iter()
        .filter(|facts| !matches!(facts.role, FileRole::Test | FileRole::Example | FileRole::Generated));
    let mut seen = own.map(of_file).reduce(Seen::default, Seen::with);
    for (_, _, config) in files(code) {
        for entry in &config.entries {
            seen.add(url(&entry.value));
        }
        for service in &config.services {
            seen.add(image(&service.image));
            service.environment.iter().for_each(|(_, value)| seen.add(url(value)));
        }
    }
    seen
}

fn of_file(facts: &FileFacts) -> Seen {
    let mut seen = Seen::default();
    for name in &facts.dependencies {
        seen.add(driver(name));
    }
    if let Some(module) = &facts.module {
        of_module(module, &mut seen);
    }
    seen
}

fn of_module(module: &Module, seen: &mut Seen) {
    for import in module.imports.iter().filter(|import| !import.is_type) {
        seen.add(driver(module.str(import.module)));
    }
    for text in module.strings.iter() {
        seen.add(url(text));
    }
    let has_options = module.mentions(&OPTIONS) && module.strings.iter().any(|text| option(text).is_some());
    for (_, expr) in module.expr_ids().filter(|_| has_options) {
        let ExprKind::Object(entries) = &expr.kind else { continue };
        for entry in entries {
            let key = entry.key.and_then(|key| module.string(key));
            if key.is_some_and(|key| OPTIONS.contains(&key)) {
                seen.add(module.string(entry.value).and_then(option));
            }
        }
    }
}

/// A package or one of its parts.
fn driver(module: &str) -> Option<Dialect> {
    let is_part = |package: &str| {
        module
            .strip_prefix(package)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '/']))
    };
    DRIVERS.iter().find(|(package, _)| is_part(package)).map(|(_, dialect)| *dialect)
}

/// A connection URL, or the name of a Django back end.
fn url(text: &str) -> Option<Dialect> {
    let text = text.trim_start();
    if let Some(backend) = text
        .strip_prefix("django.db.backends.")
        .or_else(|| text.strip_prefix("django.contrib.gis.db.backends."))
    {
        return scheme(backend.trim_end_matches('3'));
    }
    let (head, _) = text.split_once("://")?;
    scheme(head.split('+').next().unwrap_or(head))
}

fn scheme(name: &str) -> Option<Dialect> {
    match name {
        "postgres" | "postgresql" | "postgis" | "postgresql_psycopg2" | "cockroachdb" => Some(Dialect::Postgres),
        "mysql" | "mariadb" | "mysql2" => Some(Dialect::MySql),
        "sqlite" | "spatialite" | "libsql" => Some(Dialect::Sqlite),
        _ => None,
    }
}

fn option(value: &str) -> Option<Dialect> {
    match value {
        "pg" | "aurora-postgres" => Some(Dialect::Postgres),
        "aurora-mysql" => Some(Dialect::MySql),
        "sqlite3" | "better-sqlite3" => Some(Dialect::Sqlite),
        _ => scheme(value),
    }
}

/// The database of a container's image.
fn image(image: &str) -> Option<Dialect> {
    let name = image_name(image);
    match name.as_str() {
        name if is_postgres_image(name) => Some(Dialect::Postgres),
        "mysql" | "mariadb" | "percona" | "mysql-server" => Some(Dialect::MySql),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Project;
    use crate::syntax::facts::extract;
    use crate::walk::FileKind;

    /// The dialect of a project of these files and one plain `SQLAlchemy` model.
    fn dialect(files: &[(&str, &str)]) -> Dialect {
        let model = "from sqlalchemy import Column, Integer\nfrom sqlalchemy.orm import declarative_base\nBase = declarative_base()\nclass A(Base):\n    __tablename__ = 'a'\n    id = Column(Integer, primary_key=True)\n";
        let mut facts = vec![extract("models.py", FileKind::Python, model)];
        facts.extend(
            files
                .iter()
                .map(|(path, text)| extract(path, FileKind::of(path).expect("a known kind"), text)),
        );
        facts.sort_by(|left, right| left.path.cmp(&right.path));
        Project::link(facts).schema.table("a").expect("the table").dialect
    }

    #[test]
    fn the_url_the_driver_or_the_image_tells_the_database() {
        assert_eq!(dialect(&[]), Dialect::Generic);
        assert_eq!(
            dialect(&[("app.py", "URL = f'postgresql+asyncpg://{host}/app'\n")]),
            Dialect::Postgres
        );
        assert_eq!(dialect(&[("app.py", "import pymysql\n")]), Dialect::MySql);
        assert_eq!(
            dialect(&[("package.json", r#"{"name":"a","dependencies":{"pg":"^8"}}"#)]),
            Dialect::Postgres
        );
        assert_eq!(
            dialect(&[("pyproject.toml", "[project]\nname='a'\ndependencies=['psycopg[binary]>=3']\n")]),
            Dialect::Postgres
        );
        assert_eq!(
            dialect(&[("compose.yaml", "services:\n  db:\n    image: mariadb:11\n")]),
            Dialect::MySql
        );
        assert_eq!(
            dialect(&[(
                "data-source.ts",
                "export const source = new DataSource({ type: 'postgres', url });\n"
            )]),
            Dialect::Postgres
        );
    }

    #[test]
    fn a_program_of_several_servers_has_a_default() {
        let both = (
            "package.json",
            r#"{"name":"a","dependencies":{"pg":"^8","mysql2":"^3","sequelize":"^6"}}"#,
        );
        let config = |text: &str| format!("module.exports = {{ production: {{ dialect: {text}, host: process.env.HOST }} }};\n");
        let mysql = config("process.env.DIALECT || \"mysql\"");
        let given = config("process.env.DIALECT");
        assert_eq!(dialect(&[both, ("config.js", &given)]), Dialect::Generic);
        assert_eq!(dialect(&[both, ("config.js", &mysql)]), Dialect::MySql);
        let other = config("process.env.OTHER ?? \"postgres\"");
        assert_eq!(dialect(&[both, ("config.js", &mysql), ("other.js", &other)]), Dialect::Generic);
        // One migration has a branch for another server.
        let step = "module.exports = { async up(queryInterface, Sequelize) {\n  await queryInterface.createTable(\"a\", { id: { type: Sequelize.INTEGER, primaryKey: true } });\n  if (queryInterface.sequelize.getDialect() === \"postgres\") await queryInterface.sequelize.query(\"CREATE UNIQUE INDEX CONCURRENTLY a_id ON a (id)\");\n} };\n";
        assert_eq!(
            dialect(&[both, ("config.js", &mysql), ("migrations/20240101000000-a.js", step)]),
            Dialect::MySql
        );
    }

    #[test]
    fn sqlite_beside_a_server_is_for_development_and_two_servers_are_a_choice() {
        let lite = ("dev.py", "URL = 'sqlite:///app.db'\n");
        let server = ("prod.py", "URL = 'postgresql://db/app'\n");
        assert_eq!(dialect(&[lite]), Dialect::Sqlite);
        assert_eq!(dialect(&[lite, server]), Dialect::Postgres);
        assert_eq!(dialect(&[server, ("x.py", "URL = 'mysql://db/app'\n")]), Dialect::Generic);
        assert_eq!(
            dialect(&[server, ("tests/test_x.py", "URL = 'mysql://db/app'\n")]),
            Dialect::Postgres
        );
    }
}

//! Fixes of per-row queries and writes in the library's own words.

use crate::analysis::repeats::per_row::{PerRow, What};
use crate::finding::Fix;

/// The way out for one finding.
pub fn fix(row: &PerRow<'_>) -> Fix {
    let library = row.site.map_or("", |site| site.query.library);
    let table = row.site.and_then(|site| site.query.table()).unwrap_or("rows").to_owned();
    let column = row
        .site
        .and_then(|site| site.query.statement.filters.first())
        .map_or_else(|| "id".to_owned(), |filter| filter.column.column.clone());
    match row.what {
        What::Query => query(row, library, &table, &column),
        What::Write => write(library, &table),
    }
}

/// Fix of a lazy relation: load it with the rows.
fn eager(path: &str) -> Fix {
    let django = path.replace('.', "__");
    let first = path.split('.').next().unwrap_or(path);
    Fix {
        summary: format!("Load `{path}` with the query that gives the rows."),
        code: Some(format!(
            "# SQLAlchemy\n.options(selectinload(Model.{first}))  # joinedload for a to-one relation\n# Django\n.select_related(\"{django}\")  # prefetch_related for a to-many relation"
        )),
        ..Fix::default()
    }
}

/// Fix of a column that a query leaves out: take it in.
fn whole(path: &str) -> Fix {
    Fix {
        summary: format!("Name `{path}` among the columns that the query of the rows loads, or read only what it loads."),
        ..Fix::default()
    }
}

fn query(row: &PerRow<'_>, library: &str, table: &str, column: &str) -> Fix {
    if let Some(read) = &row.relation {
        return if read.is_column { whole(&read.path) } else { eager(&read.path) };
    }
    if row.remote.is_some() {
        return Fix {
            summary: "Use the service's batch call, or a pipeline, for all elements at once; where there is none, make the calls at the same time with a bound.".to_owned(),
            ..Fix::default()
        };
    }
    if row.site.is_none() {
        return Fix {
            summary: "Collect the keys first, load everything with one query (an `IN` list or a join) before the loop, and look rows up in a map inside it. \
                      If the call does not depend on the loop variable, move it out of the loop."
                .to_owned(),
            ..Fix::default()
        };
    }
    let code = match library {
        "sqlalchemy" => Some(format!(
            "rows = session.scalars(select({table}).where({table}.{column}.in_(keys))).all()\nby_key = {{row.{column}: row for row in rows}}"
        )),
        "django" => Some(format!(
            "by_key = {{row.{column}: row for row in {table}.objects.filter({column}__in=keys)}}"
        )),
        "prisma" => Some(format!(
            "const rows = await prisma.{table}.findMany({{ where: {{ {column}: {{ in: keys }} }} }});\nconst byKey = new Map(rows.map((row) => [row.{column}, row]));"
        )),
        "drizzle" => Some(format!(
            "const rows = await db.select().from({table}).where(inArray({table}.{column}, keys));"
        )),
        "objection" => Some(format!(
            "const rows = await {table}.query().whereIn('{column}', keys);\nconst byKey = new Map(rows.map((row) => [row.{column}, row]));  // or .withGraphFetched('relation')"
        )),
        "mongoose" => Some(format!(
            "const rows = await {table}.find({{ {column}: {{ $in: keys }} }}).lean();\nconst byKey = new Map(rows.map((row) => [String(row.{column}), row]));"
        )),
        "sql" => Some(format!("SELECT … FROM {table} WHERE {column} = ANY($1)")),
        _ => None,
    };
    Fix {
        summary:
            "Load all rows with one query before the loop (an `IN` list, a join or an eager load) and look them up in a map inside it."
                .to_owned(),
        code,
        ..Fix::default()
    }
}

fn write(library: &str, table: &str) -> Fix {
    let code = match library {
        "sqlalchemy" => Some(format!(
            "session.execute(insert({table}), [values for … in rows])\nsession.commit()"
        )),
        "django" => Some(format!("{table}.objects.bulk_create(rows, batch_size=500)  # or bulk_update")),
        "prisma" => Some(format!(
            "await prisma.{table}.createMany({{ data: rows }});  // or updateMany, or one $transaction"
        )),
        "drizzle" => Some(format!("await db.insert({table}).values(rows);")),
        "objection" => Some(format!("await {table}.query().insert(rows);  // or patch(…).whereIn('id', ids)")),
        "mongoose" => Some(format!("await {table}.insertMany(rows);  // or bulkWrite")),
        "sql" => Some(format!("INSERT INTO {table} (…) VALUES (…), (…), …")),
        _ => None,
    };
    Fix {
        summary: "Collect the changes in the loop and write them with one bulk statement, in chunks of some hundred rows, with one commit."
            .to_owned(),
        code,
        ..Fix::default()
    }
}

//! Whether a query's result can grow without end.

use super::columns;
use crate::libraries::shared::query::{Outcome, Query};
use crate::project::Project;
use crate::project::graph::QuerySite;
use crate::project::schema::Column;
use crate::statement::{ColumnUse, Either, End, FilterKind, Operation, Projection, RowLimit, Statement, TableUse};
use crate::vocabulary::List;

/// How a read is bounded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadBound {
    /// A limit, one row, an aggregate, a stream: by the query itself.
    Limited,
    /// A unique key, or a list of keys that the caller gives.
    Keyed,
    /// Equality on these columns: as many rows as one parent has.
    Filtered(Vec<String>),
    /// Two ends of a range on these columns: as many rows as fall into a window.
    Window(Vec<String>),
    /// No filter that bounds it.
    Open,
    /// Not understood.
    Unknown,
}

/// Judges a site.
pub fn bound(project: &Project, site: &QuerySite) -> ReadBound {
    judge(project, &site.query)
}

/// Judges a query.
pub fn judge(project: &Project, query: &Query) -> ReadBound {
    let statement = &query.statement;
    if query.opaque {
        return ReadBound::Unknown;
    }
    if statement.operation != Operation::Select || statement.limit != RowLimit::None || !matches!(query.outcome, Outcome::Rows) {
        return ReadBound::Limited;
    }
    if matches!(statement.projection, Projection::Aggregate) && !statement.grouped {
        return ReadBound::Limited;
    }
    if statement.tables.first().is_none_or(|table| table.name.is_empty()) || statement.tables.iter().all(TableUse::is_catalog) {
        return ReadBound::Limited;
    }
    let firm = statement.filters.iter().filter(|filter| !filter.optional);
    // A filter on a joined table bounds the rows too, but is no key of the first table.
    let is_own = |table: Option<usize>| table.is_none_or(|table| table == 0);
    let mut joined: Vec<String> = Vec::new();
    let mut equal: Vec<String> = Vec::new();
    let mut listed: Vec<String> = Vec::new();
    // Of a unique column there are as few as ways to write a value.
    let mut folded: Vec<String> = Vec::new();
    for filter in firm {
        match filter.kind {
            FilterKind::Folded if is_own(filter.column.table) => folded.push(filter.column.column.clone()),
            FilterKind::Equality if is_own(filter.column.table) => equal.push(filter.column.column.clone()),
            FilterKind::In if is_own(filter.column.table) => listed.push(filter.column.column.clone()),
            FilterKind::Equality | FilterKind::In => joined.push(filter.column.column.clone()),
            _ => {}
        }
    }
    if is_key(project, query, &equal) {
        return ReadBound::Keyed;
    }
    folded.extend(equal.iter().cloned());
    if is_key(project, query, &folded) {
        return ReadBound::Keyed;
    }
    for column in &listed {
        let mut with = equal.clone();
        with.push(column.clone());
        if is_key(project, query, &with) {
            return ReadBound::Keyed;
        }
    }
    let filtered = |column: &str| equal.iter().chain(&listed).any(|known| known == column);
    if statement.grouped && !statement.group.is_empty() && statement.group.iter().all(|column| filtered(&column.column)) {
        return ReadBound::Keyed;
    }
    if groups_few(project, query) {
        return ReadBound::Limited;
    }
    if statement.either.iter().any(|either| are_keys(project, query, either)) {
        return ReadBound::Keyed;
    }
    let alternatives = statement.either.iter().find_map(bounded_by);
    // Clauses or conditions that were not read may bound it: an absence proves nothing.
    if statement.open || query.open_filters {
        return match alternatives {
            _ if !equal.is_empty() => ReadBound::Filtered(equal),
            Some(columns) => ReadBound::Filtered(columns),
            None => ReadBound::Unknown,
        };
    }
    let table = project.table_of(query);
    let is_flag = |column: &str| {
        is_flag(column)
            || table
                .and_then(|table| table.column(table.column_name(column)))
                .is_some_and(is_boolean)
    };
    equal.retain(|column| !is_flag(column));
    equal.extend(listed);
    joined.retain(|column| !is_flag(column));
    equal.extend(joined);
    // `order.items.all()`: one parent's rows.
    equal.extend(query.relation.as_ref().map(|(_, name)| format!("the owner of `{name}`")));
    if !equal.is_empty() {
        return ReadBound::Filtered(equal);
    }
    match alternatives {
        Some(columns) => ReadBound::Filtered(columns),
        None => window(project, query).map_or(ReadBound::Open, ReadBound::Window),
    }
}

/// Whether a statement gives a row for each value of columns that have few.
fn groups_few(project: &Project, query: &Query) -> bool {
    let statement = &query.statement;
    let Some(table) = project.table_of(query).filter(|_| statement.grouped && !statement.group.is_empty()) else {
        return false;
    };
    let has_few = |used: &ColumnUse| {
        used.table.is_none_or(|table| table == 0)
            && table
                .column(&used.column)
                .is_some_and(|column| columns::is_few_valued(table, column))
    };
    statement.group.iter().all(has_few)
}

/// The columns of an OR that ties the rows on each of its sides: to one parent or another.
fn bounded_by(either: &Either) -> Option<Vec<String>> {
    if either.sides.is_empty() {
        return None;
    }
    let mut columns: Vec<String> = Vec::new();
    for side in &either.sides {
        let column = side.iter().map(|used| &used.column).find(|column| !is_flag(column))?;
        if !columns.contains(column) {
            columns.push(column.clone());
        }
    }
    Some(columns)
}

/// Whether each side of an OR names one row.
fn are_keys(project: &Project, query: &Query, either: &Either) -> bool {
    !either.sides.is_empty()
        && either.sides.iter().all(|side| {
            let own = side.iter().filter(|used| used.table.is_none_or(|table| table == 0));
            let columns: Vec<String> = own.map(|used| used.column.clone()).collect();
            is_key(project, query, &columns)
        })
}

/// The columns of a window: one with two ends, or two times of which one is past and one to come (`starts <= now AND ends > now`).
fn window(project: &Project, query: &Query) -> Option<Vec<String>> {
    let statement = &query.statement;
    let (above, below) = (limited(statement, End::Lower), limited(statement, End::Upper));
    if let Some(column) = above.iter().find(|column| below.contains(column)) {
        return Some(vec![column.column.clone()]);
    }
    let table = project.table_of(query)?;
    let is_time = |used: &&&ColumnUse| table.column(&used.column).is_some_and(columns::is_time);
    let (first, last) = (below.iter().find(is_time)?, above.iter().find(is_time)?);
    Some(vec![first.column.clone(), last.column.clone()])
}

/// The columns of the first table that must lie on one side of a value.
fn limited(statement: &Statement, end: End) -> Vec<&ColumnUse> {
    let firm = statement
        .filters
        .iter()
        .filter(|filter| !filter.optional && filter.column.table.is_none_or(|table| table == 0));
    let ends = firm.filter(|filter| filter.end == Some(end) || filter.end == Some(End::Both));
    ends.map(|filter| &filter.column).collect()
}

/// Whether the columns hold a unique key of the first table, by the schema or, where there is none, by name; a key of which only
/// columns with few values are missing is as good.
fn is_key(project: &Project, query: &Query, columns: &[String]) -> bool {
    if columns.is_empty() {
        return false;
    }
    let by_name = || columns.iter().any(|column| column == "uuid" || List::PrimaryKeys.has(column));
    // A key that a base class outside of what is read declares is not in the schema.
    let Some(table) = project.table_of(query).filter(|table| !table.primary_key.is_empty() || !by_name()) else {
        return by_name();
    };
    let names: Vec<&str> = columns
        .iter()
        .map(|column| if column == "pk" { "id" } else { table.column_name(column) })
        .collect();
    table.is_unique(&names) || columns::is_one_a_kind(table, &names)
}

fn is_boolean(column: &Column) -> bool {
    column.data_type.to_lowercase().starts_with("bool")
}

/// A column that only splits a table in few parts: a filter by it bounds nothing.
fn is_flag(column: &str) -> bool {
    List::FlagColumns.has(column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::facts::extract;
    use crate::walk::FileKind;

    /// The bounds of a file's queries, in the order of the source, with a file beside it that declares their tables.
    fn bounds(schema: (&str, &str), file: (&str, &str)) -> Vec<ReadBound> {
        let read = |(path, text): (&str, &str)| extract(path, FileKind::of(path).expect("a file that is read"), text);
        let mut facts = vec![read(schema), read(file)];
        facts.sort_by(|left, right| left.path.cmp(&right.path));
        let project = Project::link(facts);
        let mut sites: Vec<&QuerySite> = project.graph.sites.iter().collect();
        sites.sort_by_key(|site| site.span.start);
        sites.into_iter().map(|site| bound(&project, site)).collect()
    }

    fn filtered(columns: &[&str]) -> ReadBound {
        ReadBound::Filtered(columns.iter().map(ToString::to_string).collect())
    }

    const PRISMA: (&str, &str) = (
        "schema.prisma",
        "model Silo {\n  id Int @id\n  farmId Int\n  ownerId Int\n  kind String\n  opens DateTime\n  closes DateTime\n  kilos Int\n  price Int\n  keepers Keeper[]\n}\n
         model Keeper {\n  id Int @id\n  siloId Int\n  userId Int\n  silo Silo @relation(fields: [siloId], references: [id])\n}\n",
    );

    fn prisma(wheres: &[&str]) -> Vec<ReadBound> {
        let calls: Vec<String> = wheres
            .iter()
            .map(|filter| format!("  await prisma.silo.findMany({{ where: {filter} }});\n"))
            .collect();
        let text = format!(
            "import {{ PrismaClient }} from '@prisma/client';\nconst prisma = new PrismaClient();\nexport async function all(user, farm, now, a, b, flag) {{\n{}}}\n",
            calls.concat()
        );
        bounds(PRISMA, ("src/silos.ts", &text))
    }

    #[test]
    fn an_or_bounds_where_each_side_ties_the_rows_to_a_parent() {
        let found = prisma(&[
            "{ OR: [{ ownerId: user }, { keepers: { some: { userId: user } } }] }",
            "{ OR: [{ id: a }, { id: b }] }",
            "{ OR: [{ ownerId: user }, { kilos: { gt: 5 } }] }",
            "{ OR: [{ ownerId: user }, { kind: 'open' }] }",
            "{ OR: [{ ownerId: user }, { OR: [{ farmId: farm }, { price: a }] }] }",
            "{ OR: [{ ownerId: user }, { OR: [{ farmId: farm }, { kind: a }] }] }",
            "{ OR: [{ ownerId: user }, { AND: [{ kilos: { gt: 5 } }, { farmId: farm }] }] }",
            "{ NOT: { OR: [{ ownerId: user }, { farmId: farm }] } }",
        ]);
        assert_eq!(
            found,
            [
                filtered(&["ownerId", "keepers.userId"]),
                ReadBound::Keyed,
                ReadBound::Open,
                ReadBound::Open,
                filtered(&["ownerId", "farmId", "price"]),
                ReadBound::Open,
                filtered(&["ownerId", "farmId"]),
                ReadBound::Open,
            ]
        );
    }

    #[test]
    fn what_holds_now_is_a_window_and_one_end_is_none() {
        let window = |columns: &[&str]| ReadBound::Window(columns.iter().map(ToString::to_string).collect());
        let found = prisma(&[
            "{ opens: { lte: now }, closes: { gt: now } }",
            "{ opens: { gte: a, lt: b } }",
            "{ opens: { lte: now } }",
            "{ opens: { lte: now }, closes: { lte: now } }",
            "{ price: { lte: a }, kilos: { gt: b } }",
            "{ opens: { lte: now }, closes: flag ? { gt: now } : undefined }",
        ]);
        let open = ReadBound::Open;
        assert_eq!(
            found,
            [
                window(&["opens", "closes"]),
                window(&["opens"]),
                open.clone(),
                open.clone(),
                open.clone(),
                open
            ]
        );
    }

    const DJANGO: &str = "from django.db import models\nfrom django.db.models import Q\n\n\nclass SiloManager(models.Manager):\n    def of(self, user, farm):\n        return self.filter(Q(owner_id=user) | Q(farm_id=farm))\n\n\nclass Silo(models.Model):\n    owner_id = models.IntegerField()\n    farm_id = models.IntegerField()\n    kilos = models.IntegerField()\n    opens = models.DateTimeField()\n    objects = SiloManager()\n";

    fn django(lines: &[&str]) -> Vec<ReadBound> {
        let calls: Vec<String> = lines.iter().map(|line| format!("    list({line})\n")).collect();
        let head = "from django.db.models import Q\n\nfrom app.models import Silo\n\n\ndef without_last(rows):\n    return rows[:-1]\n\n\ndef first(rows, size):\n    return rows[:size]\n\n\ndef all(user, farm, a, b):\n";
        bounds(("app/models.py", DJANGO), ("app/silos.py", &format!("{head}{}", calls.concat())))
    }

    #[test]
    fn what_lies_outside_of_two_ends_is_no_window() {
        let window = ReadBound::Window(vec!["opens".to_owned()]);
        let found = django(&[
            "Silo.objects.filter(opens__range=(a, b))",
            "Silo.objects.exclude(opens__range=(a, b))",
            "Silo.objects.filter(~Q(opens__range=(a, b)))",
            "Silo.objects.filter(opens__gte=a).exclude(opens__gte=b)",
            "Silo.objects.filter(opens__gte=a).exclude(opens__lt=b)",
        ]);
        assert_eq!(
            found,
            [window.clone(), ReadBound::Open, ReadBound::Open, window.clone(), ReadBound::Open]
        );

        let models = "from sqlalchemy import Column, DateTime, Integer\nfrom sqlalchemy.orm import declarative_base\nBase = declarative_base()\n\n\nclass Silo(Base):\n    __tablename__ = 'silos'\n    id = Column(Integer, primary_key=True)\n    opens = Column(DateTime)\n    farm_id = Column(Integer)\n";
        let alchemy = "from sqlalchemy import not_\nfrom sqlalchemy.orm import Session\n\nfrom app.models import Silo\n\n\ndef all(db: Session, a, b):
    db.query(Silo).filter(Silo.opens.between(a, b)).all()
    db.query(Silo).filter(~Silo.opens.between(a, b)).all()
    db.query(Silo).filter(not_(Silo.opens.between(a, b))).all()
    db.query(Silo).filter(Silo.opens > a, ~(Silo.opens > b)).all()\n";
        let found = bounds(("app/models.py", models), ("app/silos.py", alchemy));
        assert_eq!(found, [window.clone(), ReadBound::Open, ReadBound::Open, window.clone()]);

        let models =
            "import peewee\n\n\nclass Silo(peewee.Model):\n    opens = peewee.DateTimeField()\n    kilos = peewee.IntegerField()\n";
        let peewee = "from app.models import Silo\n\n\ndef all(a, b):
    list(Silo.select().where(Silo.opens.between(a, b)))
    list(Silo.select().where(~Silo.opens.between(a, b)))\n";
        let found = bounds(("app/models.py", models), ("app/silos.py", peewee));
        assert_eq!(found, [window, ReadBound::Open]);
    }

    #[test]
    fn a_tie_on_one_side_of_an_or_ties_nothing() {
        let sql = (
            "schema.sql",
            "CREATE TABLE silos (id int PRIMARY KEY, farm_id int, owner_id int);\nCREATE TABLE keepers (id int PRIMARY KEY, user_id int);",
        );
        let psycopg = "import psycopg\n\nconnection = psycopg.connect('postgresql://db/farm')\n\n\ndef all(farm):
    connection.execute('SELECT s.* FROM silos s, keepers k WHERE s.owner_id = k.user_id OR s.farm_id = %s', (farm,)).fetchall()\n";
        assert_eq!(bounds(sql, ("app/silos.py", psycopg)), [ReadBound::Open]);
    }

    #[test]
    fn what_a_method_of_the_projects_querysets_asks_is_asked() {
        assert_eq!(django(&["Silo.objects.of(user, farm)"]), [filtered(&["owner_id", "farm_id"])]);
    }

    #[test]
    fn a_slice_from_the_end_cuts_nothing() {
        let found = django(&["first(Silo.objects.all(), 5)", "without_last(Silo.objects.all())"]);
        assert_eq!(found, [ReadBound::Limited, ReadBound::Open]);
    }

    #[test]
    fn a_unique_column_within_a_function_is_a_key_too() {
        let models = "from django.db import models\n\n\nclass Silo(models.Model):\n    code = models.CharField(max_length=8, unique=True)\n    made = models.DateTimeField(unique=True)\n    kind = models.CharField(max_length=8)\n";
        let views = "from app.models import Silo\n\n\ndef all(code):\n    list(Silo.objects.filter(code__iexact=code))\n    list(Silo.objects.filter(kind__iexact=code))\n    list(Silo.objects.filter(made__date=code))\n    list(Silo.objects.filter(code__length=code))\n";
        let found = bounds(("app/models.py", models), ("app/views.py", views));
        assert_eq!(found, [ReadBound::Keyed, ReadBound::Open, ReadBound::Open, ReadBound::Open]);
    }

    #[test]
    fn a_row_for_each_value_of_few_is_no_growing_list() {
        let django = "from django.db.models import Count\n\nfrom app.models import Silo\n\n\ndef all():
    list(Silo.objects.values('kind').annotate(total=Count('pk')).values_list('kind', 'total'))
    list(Silo.objects.values('owner').annotate(total=Count('pk')))
    list(Silo.objects.values('kind'))\n";
        let models = "from django.db import models\n\n\nclass Silo(models.Model):\n    owner = models.IntegerField()\n    kind = models.CharField(max_length=8)\n";
        let found = bounds(("app/models.py", models), ("app/views.py", django));
        assert_eq!(found, [ReadBound::Limited, ReadBound::Open, ReadBound::Open]);
    }

    #[test]
    fn a_key_that_a_base_class_declares_elsewhere_is_known_by_its_name() {
        let entities = "import { Column, Entity } from 'typeorm';\nimport { Base } from '@farm/base';\n@Entity()\nexport class Silo extends Base { @Column() kilos: number; }\n";
        let text = "import { DataSource, In } from 'typeorm';\nimport { Silo } from './entities';\nexport class Silos {\n  constructor(private dataSource: DataSource) {}\n  async some(ids: string[], kilos: number) {\n    await this.dataSource.getRepository(Silo).find({ where: { id: In(ids) } });\n    await this.dataSource.getRepository(Silo).find({ where: { kilos: In(ids) } });\n  }\n}\n";
        let found = bounds(("src/entities.ts", entities), ("src/silos.ts", text));
        assert_eq!(found, [ReadBound::Keyed, filtered(&["kilos"])]);
    }

    #[test]
    fn branches_of_a_condition_agree_on_a_list_and_on_a_value() {
        let found = prisma(&[
            "{ ownerId: flag ? { in: [user, 0] } : user }",
            "{ ownerId: flag ? user : undefined }",
        ]);
        assert_eq!(found, [filtered(&["ownerId"]), ReadBound::Open]);
    }

    #[test]
    fn every_librarys_or_is_read() {
        let sql = (
            "schema.sql",
            "CREATE TABLE silos (id int PRIMARY KEY, farm_id int, owner_id int, kilos int, opens timestamp, closes timestamp);",
        );
        let psycopg = "import psycopg\n\nconnection = psycopg.connect('postgresql://db/farm')\n\n\ndef all(user, farm, now):
    connection.execute('SELECT * FROM silos WHERE owner_id = %s OR (farm_id = %s AND kilos > 3)', (user, farm)).fetchall()
    connection.execute('SELECT * FROM silos WHERE owner_id = %s OR kilos > 3', (user,)).fetchall()
    connection.execute('SELECT * FROM silos WHERE %s >= opens AND closes > %s', (now, now)).fetchall()
    connection.execute('SELECT DISTINCT ON (farm_id) * FROM silos WHERE farm_id IN (SELECT farm_id FROM open_farms)').fetchall()\n";
        let window = ReadBound::Window(vec!["opens".to_owned(), "closes".to_owned()]);
        assert_eq!(
            bounds(sql, ("app/silos.py", psycopg)),
            [filtered(&["owner_id", "farm_id"]), ReadBound::Open, window, ReadBound::Keyed]
        );

        let django = "from django.db.models import Q\n\nfrom app.models import Silo\n\n\ndef all(user, farm, now):
    list(Silo.objects.filter(Q(owner=user) | Q(farm=farm) | Q(keeper__user=user)))
    list(Silo.objects.filter(Q(owner=user) | Q(kilos__gt=3)))
    list(Silo.objects.filter(opens__lte=now, closes__gt=now))\n";
        let models = "from django.db import models\n\n\nclass Silo(models.Model):\n    owner = models.IntegerField()\n    farm = models.IntegerField()\n    kilos = models.IntegerField()\n    opens = models.DateTimeField()\n    closes = models.DateTimeField()\n";
        let found = bounds(("app/models.py", models), ("app/views.py", django));
        assert!(matches!(&found[0], ReadBound::Filtered(columns) if columns.len() == 3), "{found:?}");
        assert!(matches!(&found[1..], [ReadBound::Open, ReadBound::Window(_)]), "{found:?}");

        let drizzle = "import { drizzle } from 'drizzle-orm/node-postgres';\nimport { and, eq, gt, lte, or } from 'drizzle-orm';\nimport { silos } from './schema';\nconst db = drizzle(process.env.URL);
export async function all(user, farm, now, wide) {\n  await db.select().from(silos).where(or(eq(silos.ownerId, user), eq(silos.farmId, farm)));\n  await db.select().from(silos).where(or(eq(silos.ownerId, user), wide ? eq(silos.farmId, farm) : undefined));\n  await db.select().from(silos).where(and(lte(silos.opens, now), gt(silos.closes, now)));\n}\n";
        let schema = "import { integer, pgTable, timestamp } from 'drizzle-orm/pg-core';\nexport const silos = pgTable('silos', { id: integer('id').primaryKey(), ownerId: integer('owner_id'), farmId: integer('farm_id'), opens: timestamp('opens'), closes: timestamp('closes') });\n";
        let found = bounds(("src/schema.ts", schema), ("src/silos.ts", drizzle));
        assert!(
            matches!(&found[..], [ReadBound::Filtered(_), ReadBound::Open, ReadBound::Window(_)]),
            "{found:?}"
        );

        let sqlalchemy = "from sqlalchemy import or_, select\n\nfrom app.models import Silo\n\n\ndef all(session, user, farm, now):
    session.scalars(select(Silo).where(or_(Silo.owner_id == user, Silo.farm_id == farm))).all()
    session.scalars(select(Silo).where((Silo.owner_id == user) | (Silo.kilos > 3))).all()
    session.scalars(select(Silo).where(Silo.opens <= now, now < Silo.closes)).all()\n";
        let models = "from datetime import datetime\n\nfrom sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column\n\n\nclass Base(DeclarativeBase):\n    pass\n\n\nclass Silo(Base):\n    __tablename__ = 'silos'\n    id: Mapped[int] = mapped_column(primary_key=True)\n    owner_id: Mapped[int]\n    farm_id: Mapped[int]\n    kilos: Mapped[int]\n    opens: Mapped[datetime]\n    closes: Mapped[datetime]\n";
        let found = bounds(("app/models.py", models), ("app/store.py", sqlalchemy));
        assert!(
            matches!(&found[..], [ReadBound::Filtered(_), ReadBound::Open, ReadBound::Window(_)]),
            "{found:?}"
        );
    }
}

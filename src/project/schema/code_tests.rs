//! Models and migrations in code, read through the linked project.

#![allow(clippy::unwrap_used, reason = "a test that finds nothing has failed")]

use super::*;
use crate::libraries::shared::effects::LibraryData;
use crate::libraries::shared::value::FileId;
use crate::project::eval::{Code, Evaluator};
use crate::statement::Loading;
use crate::syntax::facts::{FileFacts, extract};
use crate::walk::FileKind;

pub(super) fn schema(files: &[(&str, &str)]) -> Schema {
    let mut facts: Vec<FileFacts> = files
        .iter()
        .map(|(path, text)| {
            extract(
                path,
                if path.rsplit('.').next() == Some("py") {
                    FileKind::Python
                } else {
                    FileKind::TypeScript
                },
                text,
            )
        })
        .collect();
    facts.sort_by(|a, b| a.path.cmp(&b.path));
    let code = Code::new(facts, LibraryData::built_in(), rustc_hash::FxHashSet::default());
    let resolver = Evaluator::new(&code);
    let sources = code
        .files
        .iter()
        .enumerate()
        .flat_map(|(at, facts)| sources::of_code(&resolver, FileId(at as u32), &facts.path))
        .collect();
    Schema::build(sources, Dialect::Postgres)
}

pub(super) fn keys(table: &Table) -> Vec<String> {
    let mut keys: Vec<String> = table
        .indexes
        .iter()
        .map(|index| format!("{}{}", if index.unique { "u:" } else { "" }, index.key_list()))
        .collect();
    keys.sort();
    keys
}

#[test]
fn declarative_models_inherit_columns_across_files() {
    let schema = schema(&[
        (
            "app/base.py",
            "from sqlalchemy import Column, Integer, DateTime\nfrom sqlalchemy.orm import DeclarativeBase\nclass Base(DeclarativeBase):\n    pass\nclass Stamped:\n    created_at = Column(DateTime, index=True)\n",
        ),
        (
            "app/models.py",
            r#"
from sqlalchemy import Column, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship, backref
from .base import Base, Stamped

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(255), unique=True, index=True)
    posts: Mapped[list["Post"]] = relationship(back_populates="author", lazy="selectin")

class Post(Stamped, Base):
    __tablename__ = "posts"
    __table_args__ = (Index("ix_a", "author_id", "title"), UniqueConstraint("slug", name="uq"), Index("ix_p", text("title DESC"), postgresql_where=text("slug IS NULL")), {"schema": "public"})
    id = Column(String, primary_key=True)
    author_id = Column("author", ForeignKey("users.id"), nullable=False)
    title: Mapped[str | None]
    slug = Column(String)
    author = relationship("User", back_populates="posts")
    editor_id = Column(ForeignKey(User.id))
    editor = relationship(lambda: User, backref=backref("edited"), foreign_keys=[editor_id])
"#,
        ),
    ]);
    let users = schema.table("users").unwrap();
    assert_eq!(keys(users), ["u:email", "u:id"]);
    let posts = schema.table("Post").unwrap();
    assert_eq!(posts.name, "posts");
    assert!(!posts.open);
    assert!(posts.leads("created_at"), "the mixin's index");
    assert!(posts.leads("author_id"), "the field stands for its column");
    assert_eq!(posts.column("author_id").unwrap().name, "author");
    assert!(posts.column("title").unwrap().nullable);
    assert!(!posts.leads("title") && !posts.leads("editor_id"));
    assert_eq!(posts.foreign_keys.len(), 2);
    assert_eq!(posts.foreign_keys[1].target, "users");
    let user = schema.model("User").unwrap();
    let relation = user.relation("posts").unwrap();
    assert!(relation.to_many && relation.loading == Loading::Eager);
    assert!(user.relation("edited").unwrap().to_many, "the backref");
    assert!(!schema.model("Post").unwrap().relation("author").unwrap().to_many);
}

#[test]
fn tables_sqlmodel_and_computed_names_are_read() {
    let schema = schema(&[(
        "models.py",
        r#"
from sqlalchemy import Table, Column, ForeignKey, Integer
from sqlalchemy.orm import declared_attr, DeclarativeBase
from sqlmodel import Field, SQLModel, Relationship

class Base(DeclarativeBase):
    @declared_attr
    def __tablename__(cls):
        return cls.__name__.lower() + "s"

class Thing(Base):
    id = Column(Integer, primary_key=True)

links = Table("links", Base.metadata, Column("a_id", ForeignKey("things.id"), primary_key=True), Column("b_id", ForeignKey("things.id"), primary_key=True))

class Hero(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    team_id: int | None = Field(default=None, foreign_key="team.id", index=True)
    name: str
    team: "Team" = Relationship(back_populates="heroes")

class HeroCreate(SQLModel):
    name: str
"#,
    )]);
    assert!(schema.table("things").is_some());
    let links = schema.table("links").unwrap();
    assert_eq!(links.primary_key, ["a_id", "b_id"]);
    assert!(links.leads("a_id") && !links.leads("b_id"));
    let hero = schema.table("hero").unwrap();
    assert!(hero.leads("team_id") && hero.column("name").is_some());
    assert_eq!(hero.foreign_keys.len(), 1);
    assert!(schema.model("HeroCreate").is_none());
}

#[test]
fn alembic_runs_what_upgrade_reaches() {
    let schema = schema(&[
        (
            "versions/b.py",
            r#"
revision = "b2"
down_revision = "a1"
from alembic import op
import sqlalchemy as sa
TABLES = ["t", "v"]

def upgrade():
    for name in TABLES:
        op.create_index(f"ix_{name}_a", name, ["a"], postgresql_concurrently=True)
    with op.batch_alter_table("t") as batch_op:
        batch_op.add_column(sa.Column("c", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_c"), ["c"])
    op.execute("CREATE INDEX ix_raw "
               "ON t (b)")
    conn = op.get_bind()
    conn.execute(sa.text("""
        DROP INDEX IF EXISTS old;
    """))
    helper("v")

def helper(table):
    op.execute(f"ALTER TABLE {table} ADD COLUMN d int REFERENCES t(id)")

def never():
    op.create_index("ix_never", "t", ["d"])

def downgrade():
    op.drop_index("ix_c", table_name="t")
"#,
        ),
        (
            "versions/z_first.py",
            r#"
revision: str = "a1"
down_revision = None
from alembic import op
import sqlalchemy as sa

def upgrade():
    op.create_table("t", sa.Column("id", sa.Integer(), nullable=False), sa.Column("a", sa.Integer()), sa.Column("b", sa.Integer()),
        sa.PrimaryKeyConstraint("id"), sa.ForeignKeyConstraint(["a"], ["u.id"], name="fk"), sa.Index("old", "b"))
    op.create_table("v", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("a", sa.Integer(), sa.ForeignKey("t.id")))
"#,
        ),
    ]);
    let t = schema.table("t").unwrap();
    assert_eq!(keys(t), ["a", "b", "c", "u:id"]);
    assert!(t.indexes.iter().all(|index| index.name.as_deref() != Some("old")));
    assert_eq!(t.foreign_keys[0].target, "u");
    let v = schema.table("v").unwrap();
    assert!(v.leads("a"));
    assert_eq!(v.foreign_keys.len(), 2);
    let built: Vec<(&str, bool, bool)> = schema
        .builds
        .iter()
        .map(|build| (build.index.name.as_deref().unwrap(), build.index.concurrently, build.table_existed))
        .collect();
    assert_eq!(
        built,
        [
            ("ix_t_a", true, true),
            ("ix_v_a", true, true),
            ("ix_c", false, true),
            ("ix_raw", false, true)
        ]
    );
}

#[test]
fn places_in_sql_literals_are_their_lines() {
    let text = "revision = 'a'\ndown_revision = None\ndef upgrade():\n    op.execute(\"\"\"\n        CREATE TABLE t (a int);\n        CREATE INDEX i ON t (a);\n    \"\"\")\n";
    let schema = schema(&[("v/a.py", text)]);
    let span = schema.table("t").unwrap().indexes[0].places[0].span;
    assert_eq!(&text[span.start as usize..span.end as usize], "CREATE INDEX i ON t (a)");
}

#[test]
fn drizzle_tables_references_and_relations_are_read() {
    let schema = schema(&[
        (
            "src/common.ts",
            "import { timestamp } from 'drizzle-orm/pg-core';\nexport const stamps = { createdAt: timestamp('created_at').notNull() };\n",
        ),
        (
            "src/schema.ts",
            r"
import { pgTable, pgTableCreator, serial, integer, text, index, uniqueIndex, primaryKey, foreignKey } from 'drizzle-orm/pg-core';
import { relations, sql } from 'drizzle-orm';
import { stamps } from './common';
const createTable = pgTableCreator((name) => `app_${name}`);
export const users = pgTable('users', { id: serial('id').primaryKey(), email: text('email').unique(), ...stamps });
export const posts = createTable('post', {
  id: serial('id').primaryKey(),
  authorId: integer('author_id').notNull().references(() => users.id, { onDelete: 'cascade' }),
  title: text(),
}, (t) => ({
  byAuthor: index('by_author').on(t.authorId, t.title.desc()),
  lower: uniqueIndex('lower').on(sql`lower(${t.title})`),
}));
export const links = pgTable('links', { a: integer('a'), b: integer('b') }, (table) => [
  primaryKey({ columns: [table.a, table.b] }),
  foreignKey({ columns: [table.b], foreignColumns: [users.id], name: 'fk' }),
]);
export const postRelations = relations(posts, ({ one, many }) => ({ author: one(users, { fields: [posts.authorId], references: [users.id] }) }));
export const userRelations = relations(users, ({ many }) => ({ posts: many(posts) }));
",
        ),
    ]);
    let posts = schema.table("posts").unwrap();
    assert_eq!(posts.name, "app_post");
    assert_eq!(posts.column("authorId").unwrap().name, "author_id");
    assert!(posts.leads("authorId"));
    assert!(posts.indexes.iter().any(|index| index.unique && index.keys[0].expression));
    assert_eq!(posts.foreign_keys[0].target, "users");
    assert_eq!(posts.foreign_keys[0].target_columns, ["id"]);
    let links = schema.table("links").unwrap();
    assert_eq!(links.primary_key, ["a", "b"]);
    assert_eq!(links.foreign_keys[0].columns, ["b"]);
    assert!(schema.table("users").unwrap().column("createdAt").is_some());
    assert!(schema.model("users").unwrap().relation("posts").unwrap().to_many);
    assert!(!schema.model("posts").unwrap().relation("author").unwrap().to_many);
}

#[test]
fn django_indexes_its_foreign_keys() {
    let schema = schema(&[(
        "shop/models.py",
        r#"
from django.db import models

class Stamped(models.Model):
    at = models.DateTimeField(db_index=True)
    class Meta:
        abstract = True
        ordering = ["-at"]

class Customer(models.Model):
    email = models.EmailField(unique=True)

class Order(Stamped):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="orders")
    seller = models.ForeignKey("shop.Customer", on_delete=models.CASCADE, db_index=False)
    code = models.SlugField()
    class Meta(Stamped.Meta):
        indexes = [models.Index(fields=["customer", "-at"], name="i")]
        constraints = [models.UniqueConstraint(fields=["code", "seller"], name="u")]
"#,
    )]);
    let order = schema.table("shop_order").unwrap();
    assert!(order.leads("customer") && order.leads("at") && order.leads("code"));
    assert!(!order.leads("seller"));
    assert!(order.indexes.iter().any(|index| index.key_list() == "customer_id, at DESC"));
    assert_eq!(order.foreign_keys[1].target, "shop_customer");
    assert!(schema.table("Stamped").is_none());
    let customer = schema.model("Customer").unwrap();
    assert!(customer.relation("orders").unwrap().to_many);
    assert!(customer.relation("order_set").is_some());
}

#[test]
fn a_django_field_of_the_project_is_what_it_extends() {
    let schema = schema(&[(
        "shop/models.py",
        r#"
from django.db import models

class Single(models.OneToOneField):
    pass

class Owner(models.ForeignKey):
    pass

class Tags(models.ManyToManyField):
    pass

class Customer(models.Model):
    email = models.EmailField()

class Order(models.Model):
    first = Single(Customer, on_delete=models.CASCADE, related_name="start")
    owner = Owner(Customer, on_delete=models.CASCADE)
    tags = Tags("shop.Customer", related_name="tagged")
"#,
    )]);
    let order = schema.table("shop_order").unwrap();
    let names: Vec<&str> = order.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["id", "first_id", "owner_id"]);
    assert_eq!(keys(order), ["owner_id", "u:first_id", "u:id"]);
    assert_eq!(order.foreign_keys.len(), 2);
    assert!(schema.model("Customer").unwrap().relation("tagged").unwrap().to_many);
}

#[test]
fn a_django_field_of_the_project_settles_options_in_its_constructor() {
    let schema = schema(&[(
        "shop/models.py",
        r#"
from django.db import models

class Code(models.CharField):
    def __init__(self, *args, **kwargs):
        kwargs.setdefault("unique", True)
        super().__init__(*args, **kwargs)

class Label(Code):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, unique=False, **kwargs)

class Mark(models.CharField):
    def __init__(self, *args, **kwargs):
        self.flags = {}
        self.flags["unique"] = True
        self.flags.update(db_index=True)
        super().__init__(*args, **kwargs)

class Seal(models.CharField):
    def __init__(self, *args, unique=True, **rest):
        rest["db_index"] = True
        super().__init__(*args, unique=unique, **rest)

class Order(models.Model):
    code = Code(max_length=8)
    free = Code(max_length=8, unique=False)
    label = Label(max_length=8)
    mark = Mark(max_length=8)
    seal = Seal(max_length=8)
    wax = Seal(max_length=8, unique=False, db_index=False)
"#,
    )]);
    let order = schema.table("shop_order").unwrap();
    assert_eq!(keys(order), ["u:code", "u:id", "u:seal", "wax"]);
}

#[test]
fn peewee_indexes_its_keys_and_tortoise_does_not() {
    let peewee = schema(&[(
        "models.py",
        r#"
from peewee import Model, CharField, ForeignKeyField, SqliteDatabase
db = SqliteDatabase("x")
class Base(Model):
    class Meta:
        database = db
class User(Base):
    email = CharField(unique=True)
class Post(Base):
    author = ForeignKeyField(User, backref="posts")
    kind = CharField(index=True)
    slug = CharField()
    class Meta:
        table_name = "posts"
        indexes = ((("kind", "slug"), True), (("slug", "author"), False))
"#,
    )]);
    let posts = peewee.table("Post").unwrap();
    assert_eq!(posts.name, "posts");
    assert_eq!(keys(posts), ["author_id", "kind", "slug, author_id", "u:id", "u:kind, slug"]);
    assert_eq!(posts.foreign_keys[0].target, "user");
    assert_eq!(peewee.tables.len(), 2, "the base is no table");
    let tortoise = schema(&[(
        "models.py",
        r#"
from tortoise import fields
from tortoise.models import Model
class Team(Model):
    id = fields.IntField(primary_key=True)
class Event(Model):
    team = fields.ForeignKeyField("models.Team", related_name="events")
    name = fields.CharField(max_length=9, db_index=True)
    class Meta:
        table = "events"
        unique_together = (("team", "name"),)
"#,
    )]);
    let events = tortoise.table("events").unwrap();
    assert_eq!(keys(events), ["name", "u:id", "u:team_id, name"]);
}

#[test]
fn a_model_has_the_relations_of_the_models_above_it_up_to_a_bound() {
    let mut text = "from sqlalchemy.orm import declarative_base, relationship\nBase = declarative_base()\nclass C0(Base):\n    __tablename__ = 'c0'\n    r0 = relationship('C0')\n".to_owned();
    for at in 1..60 {
        text.push_str(&format!(
            "class C{at}(C{}):\n    __tablename__ = 'c{at}'\n    r{at} = relationship('C0')\n",
            at - 1
        ));
    }
    let schema = schema(&[("app/models.py", &text)]);
    let names = |model: &str| -> Vec<&str> {
        let relations = &schema.model(model).unwrap().relations;
        relations.iter().map(|relation| relation.name.as_str()).collect()
    };
    assert_eq!(names("C2"), ["r2", "r1", "r0"]);
    assert_eq!(names("C40").len(), 41);
    assert_eq!(
        names("C59").len(),
        41,
        "further ones are left out, or each model would go through all of them"
    );
}

#[test]
fn tortoise_names_indexes_by_objects_and_fields_by_their_relations() {
    let tortoise = schema(&[(
        "models.py",
        r#"
from tortoise import fields
from tortoise.contrib.postgres.indexes import HashIndex, PostgreSQLIndex
from tortoise.indexes import Index
from tortoise.models import Model
class Vat(Model):
    id = fields.IntField(primary_key=True)
class Brew(Model):
    vat: fields.ForeignKeyRelation[Vat] = fields.ForeignKeyRelation("models.Vat", related_name="brews")
    seal = fields.OneToOneNullableRelation("models.Vat", related_name="sealed", null=True)
    code = fields.CharField(max_length=9)
    state = fields.CharField(max_length=9)
    class Meta:
        table = "brews"
        unique_together = ("vat", "code")
        indexes = [
            Index(fields=("vat_id", "state")),
            PostgreSQLIndex(fields=["code"], condition={"state": "open"}, name="open_code"),
            HashIndex(fields=("state",)),
            ("code", "state"),
        ]
"#,
    )]);
    let brews = tortoise.table("brews").unwrap();
    assert_eq!(
        keys(brews),
        [
            "code",
            "code, state",
            "state",
            "u:id",
            "u:seal_id",
            "u:vat_id, code",
            "vat_id, state"
        ]
    );
    let targets: Vec<&str> = brews.foreign_keys.iter().map(|key| key.target.as_str()).collect();
    assert_eq!(targets, ["vat", "vat"]);
    let of = |columns: &str| brews.indexes.iter().find(|index| index.key_list() == columns).unwrap();
    assert_eq!(of("code").predicate.as_deref(), Some("state = 'open'"));
    assert_eq!(of("state").method.as_deref(), Some("hash"));
    assert!(!brews.open);
}

#[test]
fn an_index_on_what_a_member_may_make_leaves_the_table_open() {
    let is_open = |member: &str| {
        let text = format!(
            "from tortoise import fields\nfrom tortoise.models import Model\nfrom cellar.fields import Sealed\nclass Cask(Model):\n    code = fields.CharField(max_length=9)\n{member}    class Meta:\n        indexes = [('code', 'seal')]\n"
        );
        schema(&[("models.py", &text)]).table("cask").unwrap().open
    };
    assert!(is_open("    seal = Sealed(3)\n"));
    assert!(!is_open(""), "a mistake is one");
    assert!(!is_open("    seal = fields.IntField()\n"));
}

#[test]
fn migrations_of_aerich_give_their_statements() {
    let schema = schema(&[(
        "migrations/models/0_20240101_init.py",
        r#"
from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        CREATE TABLE IF NOT EXISTS "vat" ("id" SERIAL NOT NULL PRIMARY KEY);
        CREATE TABLE IF NOT EXISTS "brew" ("id" SERIAL NOT NULL PRIMARY KEY, "vat_id" INT NOT NULL REFERENCES "vat" ("id"));
        CREATE INDEX "brew_vat" ON "brew" ("vat_id");"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        DROP INDEX "brew_vat";"""
"#,
    )]);
    assert_eq!(keys(schema.table("brew").unwrap()), ["u:id", "vat_id"]);
}

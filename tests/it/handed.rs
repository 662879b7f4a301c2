//! Statements that one function builds and another runs, and what is handed on in the client.

use perfaudit::finding::Finding;

use crate::doors::found;

const ALCHEMY: &str = "
from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Kite(Base):
    __tablename__ = 'kites'
    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column()
";

/// Index findings of a program whose helper `run` is this, called for the kites of one owner.
fn of_helper(head: &str, run: &str) -> Vec<Finding> {
    let app = format!(
        "
from fastapi import FastAPI
from sqlalchemy import select

from air.models import Kite
{head}

app = FastAPI()


{run}

@app.post('/kites')
def add(session: Session, owner: str):
    session.add(Kite(owner=owner))
    session.commit()


@app.get('/kites/{{owner}}')
def kites(session: Session, owner: str):
    return run(session, select(Kite).where(Kite.owner == owner))
"
    );
    found("missing-index", &[("air/models.py", ALCHEMY), ("air/app.py", &app)])
}

const SESSION: &str = "from sqlalchemy.orm import Session";

#[test]
fn a_helper_that_gives_what_it_ran_runs_what_it_is_given() {
    for run in [
        "def run(session: Session, statement):\n    return session.execute(statement).scalars().all()\n",
        "def run(session: Session, statement):\n    result = session.execute(statement)\n    return result.scalars().all()\n",
        "def run(session: Session, statement):\n    result = session.execute(statement)\n    return result\n",
    ] {
        let all = of_helper(SESSION, run);
        assert_eq!(all.len(), 1, "{run}: {all:#?}");
        assert!(all[0].title.contains("owner"), "{run}: {}", all[0].title);
    }
    // Nothing is run here.
    let none = of_helper(SESSION, "def run(session: Session, statement):\n    return statement\n");
    assert!(none.is_empty(), "{none:#?}");
}

#[test]
fn a_new_type_of_a_session_is_one() {
    let head =
        "from typing import NewType\n\nfrom sqlalchemy.ext.asyncio import AsyncSession\n\nSession = NewType('Session', AsyncSession)";
    let all = of_helper(
        head,
        "async def run(session: Session, statement):\n    return (await session.execute(statement)).scalars().all()\n",
    );
    assert_eq!(all.len(), 1, "{all:#?}");
}

const DJANGO: &str = "
from django.db import models


class Kite(models.Model):
    owner = models.CharField(max_length=80)
";

/// Index findings of a view that hands the kites of one owner to `export`.
fn of_export(export: &str, call: &str) -> Vec<Finding> {
    let views = format!(
        "
from django.http import JsonResponse
from django.urls import path

from air.models import Kite


{export}

def add(request):
    Kite.objects.create(owner=request.POST['owner'])
    return JsonResponse({{}})


def kites(request, owner):
    {call}


urlpatterns = [path('kites', add), path('kites/<str:owner>', kites)]
"
    );
    found(
        "missing-index",
        &[
            ("air/models.py", DJANGO),
            ("air/views.py", &views),
            ("requirements.txt", "django==5.2\n"),
            ("manage.py", "import django\n"),
        ],
    )
}

#[test]
fn what_a_helper_goes_over_is_asked_for_where_it_is_handed_over() {
    let call = "return JsonResponse({'kites': export(Kite.objects.filter(owner=owner))})";
    for export in [
        "def export(kites):\n    rows = []\n    for kite in kites:\n        rows.append(kite.owner)\n    return rows\n",
        "def export(kites):\n    return [kite.owner for kite in kites.order_by('-id')]\n",
        "def export(kites):\n    return list(kites)\n",
    ] {
        let all = of_export(export, call);
        assert_eq!(all.len(), 1, "{export}: {all:#?}");
        assert!(all[0].title.contains("owner"), "{export}: {}", all[0].title);
    }
    // It is handed on and never gone over.
    let none = of_export("def export(kites):\n    return 'kites'\n", call);
    assert!(none.is_empty(), "{none:#?}");
}

#[test]
fn rows_that_were_gone_over_before_are_asked_for_once() {
    let export = "def export(kites):\n    return [kite.owner for kite in kites]\n";
    let twice = "kites = Kite.objects.filter(owner=owner)\n    names = [kite.id for kite in kites]\n    return JsonResponse({'kites': export(kites), 'names': names})";
    let all = of_export(export, twice);
    let [one] = all.as_slice() else { panic!("{all:#?}") };
    assert!(one.message.starts_with("One statement"), "{}", one.message);
}

#[test]
fn a_table_is_known_through_a_folder_that_passes_its_files_on() {
    let files = |index: &str| {
        let keys = "import { pgTable, serial, text } from 'drizzle-orm/pg-core';\nexport const keys = pgTable('keys', { id: serial('id').primaryKey(), owner: text('owner').notNull() });\n";
        let db = "import { drizzle } from 'drizzle-orm/node-postgres';\nimport * as schema from './schema';\nexport const db = drizzle(process.env.URL!, { schema });\nexport { schema };\n";
        let app = "import express from 'express';\nimport { eq } from 'drizzle-orm';\nimport { db, schema } from './db';\nconst app = express();\napp.post('/keys', async (req, res) => { await db.insert(schema.keys).values({ owner: req.body.owner }); res.end(); });\napp.get('/keys/:owner', async (req, res) => {\n  res.json(await db.query.keys.findMany({ where: eq(schema.keys.owner, req.params.owner) }));\n});\n";
        let index = index.to_owned();
        found(
            "missing-index",
            &[
                ("src/schema/index.ts", &index),
                ("src/schema/keys.ts", keys),
                ("src/db.ts", db),
                ("src/app.ts", app),
                ("package.json", "{\"dependencies\": {\"drizzle-orm\": \"1\", \"express\": \"5\"}}"),
            ],
        )
    };
    for index in ["export * from './keys';\n", "export { keys } from './keys';\n"] {
        assert_eq!(files(index).len(), 1, "{index}");
    }
}

#[test]
fn an_index_whose_columns_a_migration_joins_is_known() {
    let model = format!(
        "{ALCHEMY}\n\nclass Tail(Base):\n    __tablename__ = 'tails'\n    id: Mapped[int] = mapped_column(primary_key=True)\n    kite_id: Mapped[int] = mapped_column(ForeignKey('kites.id'))\n"
    );
    let app = "
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.orm import Session

from air.models import Tail

app = FastAPI()


@app.get('/kites/{kite}/tails')
def tails(session: Session, kite: int):
    return session.scalars(select(Tail).where(Tail.kite_id == kite)).all()
";
    let migration = |body: &str| {
        let text = format!(
            "from alembic import op\n\nrevision = 'a1'\ndown_revision = None\n\nINDEXES = [('tails', 'ix_tails_kite', ['kite_id'])]\n\n\ndef upgrade():\n    op.execute('CREATE TABLE kites (id serial primary key, owner text)')\n    op.execute('CREATE TABLE tails (id serial primary key, kite_id integer references kites (id))')\n    for table, name, columns in INDEXES:\n{body}\n"
        );
        found(
            "unindexed-foreign-key",
            &[
                ("air/models.py", &model),
                ("air/app.py", app),
                ("alembic/versions/a1_first.py", &text),
            ],
        )
    };
    assert_eq!(migration("        pass").len(), 1);
    for body in [
        "        joined = ', '.join(f'\"{column}\"' for column in columns)\n        op.execute(f'CREATE INDEX {name} ON {table} ({joined})')",
        "        op.execute(f'CREATE INDEX {name} ON {table} ({\", \".join(columns)})')",
        // What it is on is not known, so it may be this.
        "        op.execute(f'CREATE INDEX {name} ON {table} ({quoted(columns)})')",
    ] {
        let all = migration(body);
        assert!(all.is_empty(), "{body}: {all:#?}");
    }
}

/// Findings on an item of a list that asks with this option.
fn of_item(option: &str) -> Vec<Finding> {
    let list = format!(
        "import {{ useQuery }} from '@tanstack/react-query';\n\nfunction Kite({{ id, isOpen }}) {{\n  const {{ data }} = useQuery({{ queryKey: ['kite', id], queryFn: () => fetch(`/api/kites/${{id}}`), {option} }});\n  return <li>{{data}}</li>;\n}}\n\nexport function Kites({{ ids, isOpen }}) {{\n  return <ul>{{ids.map((id) => <Kite key={{id}} id={{id}} isOpen={{isOpen}} />)}}</ul>;\n}}\n"
    );
    found("n-plus-one", &[("src/client/Kites.jsx", &list)])
}

#[test]
fn a_query_of_an_item_is_held_back_by_more_than_the_items_own_key() {
    for option in ["", "enabled: Boolean(id)", "enabled: !!id", "enabled: id != null"] {
        assert_eq!(of_item(option).len(), 1, "{option}");
    }
    for option in ["enabled: isOpen", "enabled: Boolean(id) && isOpen", "enabled: false"] {
        assert!(of_item(option).is_empty(), "{option}");
    }
}

/// Items that pick their part of one answer share it.
#[test]
fn a_query_of_one_key_is_sent_once_for_all_items() {
    let of = |hook: &str| {
        let list = format!(
            "import {{ useQuery }} from '@tanstack/react-query';\n\nfunction useKite(id) {{\n  return {hook};\n}}\n\nfunction Kite({{ id }}) {{\n  const {{ data }} = useKite(id);\n  return <li>{{data}}</li>;\n}}\n\nexport function Kites({{ ids }}) {{\n  return <ul>{{ids.map((id) => <Kite key={{id}} id={{id}} />)}}</ul>;\n}}\n"
        );
        found("n-plus-one", &[("src/client/Kites.jsx", &list)]).len()
    };
    let load = "queryFn: () => fetch('/api/kites').then((answer) => answer.json())";
    assert_eq!(of(&format!("useQuery({{ queryKey: ['kites', id], {load} }})")), 1);
    assert_eq!(of("useQuery(KITE, { variables: { id } })"), 1);
    assert_eq!(
        of(&format!(
            "useQuery({{ queryKey: ['kites'], {load}, select: (kites) => kites.find((kite) => kite.id === id) }})"
        )),
        0
    );
}

#[test]
fn a_client_in_a_list_of_the_functions_own_is_not_kept() {
    let of = |body: &str| {
        let text = format!(
            "import {{ Redis }} from 'ioredis';\nimport {{ kept }} from './kept';\n\nexport async function ping(hosts) {{\n{body}\n}}\n\nimport express from 'express';\nconst app = express();\napp.get('/ping', async (req, res) => res.json(await ping(req.query.hosts)));\n"
        );
        found(
            "client-per-call",
            &[("src/ping.js", &text), ("src/kept.js", "export const kept = [];\n")],
        )
    };
    let loop_over = |list: &str| {
        format!(
            "  {list}\n  for (const host of hosts) {{\n    const client = new Redis(process.env.REDIS_URL);\n    await client.ping();\n    clients.push(client);\n  }}\n  return clients.length;"
        )
    };
    assert_eq!(of(&loop_over("const clients = [];")).len(), 1);
    // Another module's list stays.
    assert!(of(&loop_over("const clients = kept;")).is_empty());
}

#[test]
fn what_is_awaited_before_a_gathered_element_is_made_waits_in_turn() {
    let of = |element: &str| {
        let text = format!(
            "import asyncio\n\nimport httpx\nfrom fastapi import FastAPI\n\napp = FastAPI()\nclient = httpx.AsyncClient(timeout=5)\n\n\nasync def key(name):\n    return (await client.get(f'https://keys.example/{{name}}')).text\n\n\nasync def load(key):\n    return (await client.get(f'https://values.example/{{key}}')).text\n\n\n@app.get('/values')\nasync def values(names: list[str]):\n    return await asyncio.gather(*[{element} for name in names])\n"
        );
        found("sequential-await-in-loop", &[("air/values.py", &text)])
    };
    assert!(of("load(name)").is_empty());
    assert_eq!(of("load(await key(name))").len(), 1);
}

/// Waits behind a guard that leaves wait for one another, whatever it says.
#[test]
fn waits_behind_a_guard_are_looked_at_by_themselves() {
    let of = |body: &str| {
        let text = format!(
            "import express from 'express';\nconst app = express();\nasync function loadPart(name, id) {{\n  return (await fetch(`https://parts.example/${{name}}/${{id}}`)).json();\n}}\napp.get('/boats/:id', async (req, res) => {{\n  const id = req.params.id;\n{body}\n}});\n"
        );
        found("sequential-awaits", &[("src/app.js", &text)]).len()
    };
    assert_eq!(
        of(
            "  const boat = await loadPart('boat', id);\n  if (!boat) return res.status(404).end();\n  const crew = await loadPart('crew', boat.id);\n  const sails = await loadPart('sails', boat.id);\n  res.json({ boat, crew, sails });"
        ),
        1
    );
    assert_eq!(
        of(
            "  const boat = await loadPart('boat', id);\n  if (!boat) return res.status(404).end();\n  const crew = await loadPart('crew', boat.id);\n  res.json({ boat, crew });"
        ),
        0
    );
}

/// An index on the kind of an owner, which has few values, is none for the kind and the owner.
#[test]
fn a_kind_of_owner_finds_few_rows_only_with_the_owner() {
    let of = |filter: &str| {
        let models = "from django.contrib.contenttypes.models import ContentType\nfrom django.db import models\n\n\nclass Dock(models.Model):\n    name = models.CharField(max_length=80)\n\n\nclass Note(models.Model):\n    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)\n    object_id = models.PositiveIntegerField()\n    dock = models.ForeignKey(Dock, on_delete=models.CASCADE)\n";
        let views = format!(
            "from django.http import JsonResponse\nfrom django.urls import path\n\nfrom air.models import Note\n\n\ndef add(request):\n    Note.objects.create(object_id=request.POST['id'])\n    return JsonResponse({{}})\n\n\ndef notes(request, kind, number):\n    return JsonResponse({{'notes': list(Note.objects.filter({filter}))}})\n\n\nurlpatterns = [path('notes', add), path('notes/<int:kind>/<str:number>', notes)]\n"
        );
        let files = [
            ("air/models.py", models),
            ("air/views.py", views.as_str()),
            ("requirements.txt", "django==5.2\n"),
            ("manage.py", "import django\n"),
        ];
        let all = [found("missing-index", &files), found("missing-composite-index", &files)].concat();
        all.into_iter().map(|one| one.subject).collect::<Vec<_>>().join(" ")
    };
    assert!(of("content_type_id=kind, object_id=number").contains("object_id"));
    assert_eq!(of("dock_id=kind, object_id=number"), "");
    assert_eq!(of("dock__name=kind, object_id=number"), "");
}

/// The browser's own database is no server's, though its methods are called alike.
#[test]
fn a_store_of_the_browser_is_no_database() {
    let of = |db: &str| {
        let schema = "model Kite {\n  id Int @id\n  owner String\n}\n";
        let app =
            "import { db } from './db';\nexport async function has() {\n  const count = await db.kite.count();\n  return count > 0;\n}\n";
        found(
            "count-for-existence",
            &[("schema.prisma", schema), ("src/db.ts", db), ("src/app.ts", app)],
        )
        .len()
    };
    assert_eq!(
        of("import { PrismaClient } from '@prisma/client';\nexport const db = new PrismaClient();\n"),
        1
    );
    assert_eq!(of("import Dexie from 'dexie';\nexport const db = new Dexie('kites');\n"), 0);
    assert_eq!(
        of("import Dexie from 'dexie';\nclass Kites extends Dexie {}\nexport const db = new Kites();\n"),
        0
    );
}

/// Two transactions of a file that wait for one call below them are mended at that call.
#[test]
fn transactions_that_wait_for_one_call_are_one_finding() {
    let app = "import { drizzle } from 'drizzle-orm/node-postgres';
const db = drizzle(process.env.DATABASE_URL);
async function rate(code) { return await fetch(`https://rates.example/${code}`); }
export async function open(code) { await db.transaction(async (tx) => { await tx.execute('SELECT 1'); await rate(code); }); }
export async function close(code) { await db.transaction(async (tx) => { await tx.execute('SELECT 1'); await rate(code); }); }
";
    let all = found("long-transaction", &[("src/app.js", app)]);
    let places = all.first().map_or(0, |one| {
        one.related
            .iter()
            .filter(|related| related.role == perfaudit::finding::Role::Place)
            .count()
    });
    assert_eq!((all.len(), places), (1, 1), "{all:#?}");
}

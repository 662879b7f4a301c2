//! What the analyses see: one file, or a few, that make a search look at everything for each of many things.

use super::{Files, Shape, after, fill};

const MODELS: &str = "from django.db import models\n\n\nclass Order(models.Model):\n    state = models.CharField(max_length=20)\n    customer = models.ForeignKey('Customer', on_delete=models.CASCADE)\n\n\nclass Customer(models.Model):\n    name = models.CharField(max_length=20)\n";

/// A Django view's module next to a module of models.
fn django(size: usize, head: &str, piece: impl Fn(usize) -> String, tail: &str) -> Files {
    let view = format!("from shop.models import Order, Customer\n\n\n{head}");
    vec![
        ("shop/models.py".to_owned(), MODELS.to_owned()),
        ("shop/views.py".to_owned(), after(&view, size, piece) + tail),
    ]
}

fn narrowed_queryset(size: usize) -> Files {
    let head = "def orders(request):\n    q = Order.objects.all()\n    if request.a:\n        q = q.filter(state='a')\n";
    let branch = |n| format!("    elif request.b{n}:\n        q = q.filter(state='s{n}')\n");
    django(size, head, branch, "    return list(q)\n")
}

fn narrowed_select(size: usize) -> Files {
    let head = "from sqlalchemy import select\nfrom app.models import Order\n\n\ndef orders(session, a):\n    q = select(Order)\n    if a == 0:\n        q = q.where(Order.state == 'a')\n";
    let branch = |n| format!("    elif a == {n}:\n        q = q.where(Order.state == 's{n}')\n");
    let models = "from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column\n\n\nclass Base(DeclarativeBase):\n    pass\n\n\nclass Order(Base):\n    __tablename__ = 'orders'\n    id: Mapped[int] = mapped_column(primary_key=True)\n    state: Mapped[str]\n";
    vec![
        ("app/models.py".to_owned(), models.to_owned()),
        (
            "app/queries.py".to_owned(),
            after(head, size, branch) + "    return session.execute(q).all()\n",
        ),
    ]
}

fn filtered_lines(size: usize) -> Files {
    let head = "def orders(request):\n    q = Order.objects.all()\n";
    django(size, head, |n| format!("    q = q.filter(state='s{n}')\n"), "    return list(q)\n")
}

fn loops_with_queries(size: usize) -> Files {
    let one = |n| format!("def f{n}(ids):\n    for i in ids:\n        Order.objects.get(id=i).customer.name\n\n\n");
    django(size, "", one, "")
}

fn prisma_with_queries(size: usize) -> Files {
    let models = fill(size / 2, |n| {
        format!("model M{n} {{\n  id Int @id\n  a{n} Int\n  b Int\n  @@index([b])\n}}\n")
    });
    let head = "import { PrismaClient } from '@prisma/client';\nconst prisma = new PrismaClient();\n";
    let queries = after(head, size / 2, |n| {
        format!("export const q{n} = () => prisma.m{n}.findMany({{ where: {{ a{n}: {n} }} }});\n")
    });
    vec![("prisma/schema.prisma".to_owned(), models), ("src/queries.ts".to_owned(), queries)]
}

/// Every endpoint reaches every blocking call, through one function that all of them share.
fn endpoints_and_sinks(size: usize) -> Files {
    let head = "import time\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\n";
    let sinks = fill(size / 2, |n| format!("def s{n}():\n    time.sleep({n})\n\n\n"));
    let count = sinks.matches("def s").count();
    let all: String = (0..count).map(|n| format!("    s{n}()\n")).collect::<Vec<_>>().concat();
    let endpoints = fill(size / 4, |n| format!("@app.get('/e{n}')\nasync def e{n}():\n    every()\n\n\n"));
    vec![("app/main.py".to_owned(), format!("{head}{sinks}def every():\n{all}\n\n{endpoints}"))]
}

fn call_ladder(size: usize) -> Files {
    let one = |n: usize| format!("def f{n}(db, a):\n    f{}(db, a)\n    f{}(db, a)\n\n\n", n + 1, n + 2);
    vec![("app/ladder.py".to_owned(), fill(size, one))]
}

fn call_cycle(size: usize) -> Files {
    let one = |n: usize| format!("def f{n}(db):\n    f{}(db)\n    db.execute('SELECT a FROM t{n}')\n\n\n", n + 1);
    vec![("app/cycle.py".to_owned(), fill(size, one) + "f0(db)\n")]
}

fn diamonds(size: usize) -> Files {
    let head = "class A0:\n    def m(self):\n        return 1\n\n\n";
    let one = |n: usize| {
        let (above, next) = (n, n + 1);
        format!(
            "class B{next}(A{above}):\n    pass\n\n\nclass C{next}(A{above}):\n    pass\n\n\nclass A{next}(B{next}, C{next}):\n    def m{next}(self):\n        return self.m()\n\n\n"
        )
    };
    vec![("app/diamonds.py".to_owned(), after(head, size, one))]
}

fn star_imports(size: usize) -> Files {
    let count = size / 60;
    (0..count)
        .map(|n| {
            let text = format!(
                "from app.m{} import *\n\nx{n} = x{}\n",
                (n + 1) % count.max(1),
                (n + 2) % count.max(1)
            );
            (format!("app/m{n}.py"), text)
        })
        .collect()
}

fn alembic(size: usize) -> Files {
    let head = "from alembic import op\nimport sqlalchemy as sa\n\nrevision = 'a'\ndown_revision = None\n\n\ndef upgrade():\n    op.create_table('t', sa.Column('id', sa.Integer(), primary_key=True))\n";
    let one = |n| format!("    op.add_column('t', sa.Column('c{n}', sa.Integer()))\n    op.create_index('i{n}', 't', ['c{n}'])\n");
    vec![("migrations/versions/a.py".to_owned(), after(head, size, one))]
}

/// Loops in helpers in loops: as many runs as the product of their lists.
fn alembic_helpers(size: usize) -> Files {
    let items = fill(size / 4, |_| "0, ".to_owned());
    let helper = |name: &str, next: &str| format!("def {name}():\n    for _ in [{items}]:\n        {next}\n\n\n");
    let text = format!(
        "from alembic import op\n\nrevision = 'a'\ndown_revision = None\n\n\n{}{}{}{}def upgrade():\n    one()\n",
        helper("four", "op.execute('SELECT 1')"),
        helper("three", "four()"),
        helper("two", "three()"),
        helper("one", "two()"),
    );
    vec![("migrations/versions/a.py".to_owned(), text)]
}

/// As [`alembic_helpers`], by calls alone.
fn sequelize_helpers(size: usize) -> Files {
    let helper = |name: &str, next: &str| format!("const {name} = () => {{\n{}}};\n", fill(size / 4, |_| format!("  {next};\n")));
    let text = format!(
        "module.exports = {{ async up(queryInterface) {{\n{}{}{}{}one();\n}} }};\n",
        helper("four", "queryInterface.sequelize.query('SELECT 1')"),
        helper("three", "four()"),
        helper("two", "three()"),
        helper("one", "two()"),
    );
    vec![("migrations/1-a.js".to_owned(), text)]
}

/// Functions that may be helpers, and calls of others.
fn sequelize_functions(size: usize) -> Files {
    let one = |n| format!("const f{n} = () => {{}};\ng{n}();\n");
    let text = after("module.exports = { async up(queryInterface) {\n", size, one) + "await queryInterface.addIndex('a', ['b']);\n} };\n";
    vec![("migrations/1-a.js".to_owned(), text)]
}

fn django_migration(size: usize) -> Files {
    let head = "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n    initial = True\n    operations = [\n        migrations.CreateModel(name='A', fields=[('id', models.AutoField(primary_key=True))]),\n";
    let one = |n| format!("        migrations.AddField('a', 'f{n}', models.IntegerField()),\n");
    vec![("shop/migrations/0001_initial.py".to_owned(), after(head, size, one) + "    ]\n")]
}

fn templates(size: usize) -> Files {
    let head = "from django.shortcuts import render\n\n\ndef page(request):\n    return render(request, 'orders.html', {'orders': Order.objects.all()})\n";
    let mut files = django(0, head, |_| String::new(), "");
    let rows = fill(size, |n| {
        format!("{{% for order in orders %}}{{{{ order.customer.name }}}}{{{{ order.a{n} }}}}{{% endfor %}}\n")
    });
    files.push(("shop/templates/orders.html".to_owned(), rows));
    files
}

fn python(name: &str, make: fn(usize) -> String) -> Shape {
    Shape::file(&format!("project-{name}"), "app/shape.py", make)
}

fn typescript(name: &str, make: fn(usize) -> String) -> Shape {
    Shape::file(&format!("project-{name}"), "src/shape.ts", make)
}

/// A function that is asked for one thing, with many statements, of each of which it is asked by which way it is reached.
fn ways_with_known_arguments(size: usize) -> String {
    let head = "from flask import Flask\n\napp = Flask(__name__)\n\n\n@app.get('/one')\ndef one():\n    load(1)\n\n\n@app.get('/all')\ndef all_of_them():\n    load()\n\n\ndef load(only=None):\n";
    let one = |n| format!("    if only is None:\n        cursor.execute('SELECT a FROM t{n} WHERE b = 1')\n");
    after(head, size, one)
}

/// Each loop asks what the cursor was last told before it.
fn loops_over_one_cursor(size: usize) -> String {
    let head = "import psycopg2\n\npg = psycopg2.connect('x')\n\n\ndef ask(key):\n    other = pg.cursor()\n    other.execute('SELECT a FROM t WHERE b = %s', (key,))\n\n\ndef all_of_them():\n    cur = pg.cursor()\n";
    let one = |n| format!("    cur.execute('SELECT b FROM u{n}')\n    for row in cur.fetchall():\n        ask(row)\n");
    after(head, size, one)
}

/// Each list is made of the one before it, and a loop asks where its elements come from.
fn lists_of_lists_of_rows(size: usize) -> String {
    let head = "import psycopg2\n\npg = psycopg2.connect('x')\n\n\ndef ask(key):\n    other = pg.cursor()\n    other.execute('SELECT a FROM t WHERE b = %s', (key,))\n\n\ndef all_of_them(r0):\n";
    let one = |n: usize| format!("    r{} = [x for x in r{n}]\n    for x in r{}:\n        ask(x)\n", n + 1, n + 1);
    after(head, size, one)
}

/// One decorator with much in it, put on many functions.
fn decorated_by_one(size: usize) -> Files {
    let head = "from celery import shared_task\n\n\ndef queued(f):\n";
    let inside = fill(size / 2, |n| format!("    prepare(f, {n})\n"));
    let tasks = fill(size / 2, |n| format!("@queued\ndef t{n}():\n    pass\n\n\n"));
    vec![(
        "app/tasks.py".to_owned(),
        format!("{head}{inside}    return shared_task(f)\n\n\n{tasks}"),
    )]
}

/// Many packages that are commands, with a file each.
fn command_packages(size: usize) -> Files {
    let count = size / 120;
    let package = |n: usize| {
        let text = format!("{{ \"name\": \"c{n}\", \"bin\": \"index.js\" }}\n");
        [
            (format!("packages/p{n}/package.json"), text),
            (format!("packages/p{n}/index.js"), format!("export function run{n}() {{}}\n")),
        ]
    };
    (0..count).flat_map(package).collect()
}

/// Many modules of addresses that one includes.
fn included_urls(size: usize) -> Files {
    let count = size / 200;
    let lines: String = (0..count)
        .map(|n| format!("    path('a{n}/', include('a{n}.urls')),\n"))
        .collect::<Vec<_>>()
        .concat();
    let root = format!("from django.urls import include, path\n\nurlpatterns = [\n{lines}]\n");
    let app = |n: usize| {
        let text = "from django.urls import path\nfrom . import views\n\nurlpatterns = [path('', views.index)]\n";
        [
            (format!("a{n}/urls.py"), text.to_owned()),
            (format!("a{n}/views.py"), "def index(request):\n    return 1\n".to_owned()),
        ]
    };
    let apps = (0..count).flat_map(app);
    [("urls.py".to_owned(), root)].into_iter().chain(apps).collect()
}

const GRAPHQL_SERVER: &str = "import { Resolver, ResolveField, Query } from '@nestjs/graphql';\n";

/// One name of a field on many types, asked of each of them, in fragments of one name.
fn graphql_fields(size: usize) -> Files {
    let types = fill(size / 3, |n| format!("type T{n} {{ name: String }}\n"));
    let count = types.matches("type T").count();
    let roots: String = (0..count).map(|n| format!("  t{n}: [T{n}]\n")).collect::<Vec<_>>().concat();
    let resolver = |n| format!("@Resolver('T{n}')\nexport class R{n} {{\n  @ResolveField()\n  name() {{ return 1; }}\n}}\n");
    let ask = |n| {
        (
            format!("web/q{n}.graphql"),
            format!("query Q{n} {{ t{n} {{ ...F }} }}\nfragment F on T{n} {{ name }}\n"),
        )
    };
    let query = "@Resolver('Query')\nexport class Root {\n  @Query()\n  t0() { return []; }\n}\n";
    let server = format!("{GRAPHQL_SERVER}{query}{}", (0..count).map(resolver).collect::<String>());
    let schema = format!("{types}type Query {{\n{roots}}}\n");
    let files = [("schema.graphql".to_owned(), schema), ("src/resolvers.ts".to_owned(), server)];
    files.into_iter().chain((0..count).map(ask)).collect()
}

/// Many requests of one component, each in a function that a timer of it calls.
fn requests_on_timers(size: usize) -> Files {
    let routes = "from fastapi import FastAPI\napp = FastAPI()\n\n@app.get('/boats/{id}')\ndef boat(id):\n    return id\n";
    let head = "export function Boats() {\n";
    let ask = |n| format!("  function load{n}() {{ return fetch(`/boats/${{{n}}}`); }}\n  setInterval(load{n}, {n}000);\n");
    vec![
        ("app/main.py".to_owned(), routes.to_owned()),
        ("web/boats.tsx".to_owned(), after(head, size, ask) + "  return null;\n}\n"),
    ]
}

/// Many endpoints of RTK Query in one object.
fn endpoints_of_one_object(size: usize) -> Files {
    let routes = "from fastapi import FastAPI\napp = FastAPI()\n\n@app.get('/boats/{id}')\ndef boat(id):\n    return id\n";
    let head = "import { createApi } from '@reduxjs/toolkit/query/react';\nexport const api = createApi({\n  endpoints: (builder) => ({\n";
    let one = |n| format!("    boat{n}: builder.query({{ query: () => '/boats/{n}' }}),\n");
    vec![
        ("app/main.py".to_owned(), routes.to_owned()),
        ("web/api.ts".to_owned(), after(head, size, one) + "  }),\n});\n"),
    ]
}

/// Many loops over `range`, and names that are set again and again before each.
fn ranges_in_one_function(size: usize) -> Files {
    let one = |n| {
        format!(
            "    row = request.r{n}\n    if not row:\n        Order.objects.get(id={n})\n    for i{n} in range(9):\n        Order.objects.get(id={n})\n"
        )
    };
    django(size, "def orders(request):\n", one, "    return 1\n")
}

/// Many querysets that one function tests and then iterates.
fn tested_and_iterated(size: usize) -> Files {
    let one = |n| format!("    rows = Order.objects.filter(state='s{n}')\n    if len(rows):\n        print([row.state for row in rows])\n");
    django(size, "def orders(request):\n", one, "    return 1\n")
}

/// Many views of one file, each with a serializer over its list.
fn listed_views(size: usize) -> Files {
    let head = "from rest_framework import generics, serializers\nfrom shop.models import Order\n\n\nclass OrderSerializer(serializers.ModelSerializer):\n    name = serializers.CharField(source='customer.name')\n\n    class Meta:\n        model = Order\n        fields = ['name']\n\n\n";
    let one = |n| {
        format!(
            "class V{n}(generics.ListAPIView):\n    queryset = Order.objects.all()\n    serializer_class = OrderSerializer\n\n    def other(self):\n        return {n}\n\n\n"
        )
    };
    vec![
        ("shop/models.py".to_owned(), MODELS.to_owned()),
        ("shop/views.py".to_owned(), after(head, size, one)),
    ]
}

/// Many async functions that block, on loops that plain functions start.
fn loops_of_their_own(size: usize) -> Files {
    let head = "import asyncio\nimport time\n\n\n";
    let one = |n| format!("async def a{n}():\n    time.sleep({n})\n\n\ndef b{n}():\n    asyncio.run(a{n}())\n\n\n");
    vec![("app/runs.py".to_owned(), after(head, size, one))]
}

/// Relations that rows of many kinds are given with, and that one query of each loads along.
fn relations_at_hand(size: usize) -> Files {
    let one = |n| {
        format!(
            "def f{n}(order):\n    return [line.id for line in order.lines{n}.all()]\n\n\nq{n} = Order.objects.prefetch_related('lines{n}')\n\n\n"
        )
    };
    django(size, "", one, "")
}

/// Many tables of functions, each named by a function.
fn tables_of_functions(size: usize) -> Files {
    let one = |n| {
        format!("def add{n}(a):\n    return a\n\n\ntable{n} = {{'add': add{n}}}\n\n\ndef run{n}(a):\n    return table{n}['add'](a)\n\n\n")
    };
    vec![("app/tables.py".to_owned(), fill(size, one))]
}

/// One table of many functions, named by many.
fn one_table_of_functions(size: usize) -> Files {
    let functions = fill(size / 3, |n| format!("def add{n}(a):\n    return a\n\n\n"));
    let count = functions.matches("def ").count();
    let held: String = (0..count).map(|n| format!("    'add{n}': add{n},\n")).collect::<Vec<_>>().concat();
    let runs = fill(size / 3, |n| format!("def run{n}(a):\n    return table['add{n}'](a)\n\n\n"));
    vec![("app/table.py".to_owned(), format!("{functions}table = {{\n{held}}}\n\n\n{runs}"))]
}

/// Many interfaces with classes behind each, and one with very many.
fn classes_behind_interfaces(size: usize) -> Files {
    let one = |n: usize| {
        format!(
            "export interface Store{n} {{ load(a: number): number }}\nexport class Kept{n} implements Store{n} {{ load(a: number) {{ return a; }} }}\nexport class Sent{n} implements Store0 {{ load(a: number) {{ return a; }} }}\nexport function use{n}(store: Store{n}, first: Store0) {{ return store.load({n}) + first.load({n}); }}\n"
        )
    };
    vec![("src/stores.ts".to_owned(), fill(size, one))]
}

/// Many methods of one name, called on what is not known.
fn methods_of_one_name(size: usize) -> Files {
    let one = |n: usize| {
        format!(
            "class Farm{n}:\n    def update_organization{}(self, a):\n        return a\n\n\ndef run{n}(farm):\n    return farm.update_organization{}({n})\n\n\n",
            n / 30,
            n / 30
        )
    };
    vec![("app/farms.py".to_owned(), fill(size, one))]
}

/// Many serializers, each with the one before it as a field, and a view of each.
fn nested_serializers(size: usize) -> Files {
    let head = "from rest_framework import generics, serializers\nfrom shop.models import Order\n\n\nclass S0Serializer(serializers.ModelSerializer):\n    class Meta:\n        model = Order\n\n\n";
    let one = |n: usize| {
        let next = n + 1;
        format!(
            "class S{next}Serializer(serializers.ModelSerializer):\n    lines = S{n}Serializer(many=True)\n\n    class Meta:\n        model = Order\n\n\nclass V{next}(generics.ListAPIView):\n    queryset = Order.objects.all()\n    serializer_class = S{next}Serializer\n\n\n"
        )
    };
    vec![
        ("shop/models.py".to_owned(), MODELS.to_owned()),
        ("shop/views.py".to_owned(), after(head, size, one)),
    ]
}

/// Many classes and functions that frameworks call.
fn hooks(size: usize) -> Files {
    let head = "from django.db.models.signals import post_save\nfrom django.dispatch import receiver\nfrom rest_framework import serializers\nfrom shop.models import Order\n\n\n";
    let one = |n| {
        format!(
            "class C{n}(serializers.Serializer):\n    def validate_a(self, value):\n        return Order.objects.get(id=value)\n\n    def get_b(self, obj):\n        return obj.customer.name\n\n\n@receiver(post_save, sender=Order)\ndef saved{n}(sender, instance, **kwargs):\n    Order.objects.filter(id={n}).update(state='a')\n\n\n"
        )
    };
    vec![
        ("shop/models.py".to_owned(), MODELS.to_owned()),
        ("shop/hooks.py".to_owned(), after(head, size, one)),
    ]
}

/// Many routes of one server, each with middleware of its own and some that all of them share.
fn middleware(size: usize) -> Files {
    let head = "import express from 'express';\nconst app = express();\nconst shared = [first, second];\nfunction first(req, res, next) { next(); }\nfunction second(req, res, next) { next(); }\n";
    let one = |n| {
        format!(
            "app.use((req, res, next) => next());\nconst load{n} = (req, res, next) => next();\napp.get('/r{n}', shared, load{n}, async (req, res) => {{ res.json(await db.query('SELECT a FROM t')); }});\n"
        )
    };
    vec![("src/server.ts".to_owned(), after(head, size, one))]
}

/// One long list of middleware that many routes have.
fn shared_middleware(size: usize) -> Files {
    let steps = fill(size / 3, |n| format!("function step{n}(req, res, next) {{ next(); }}\n"));
    let count = steps.matches("function ").count();
    let all: String = (0..count).map(|n| format!("step{n}, ")).collect::<Vec<_>>().concat();
    let routes = fill(size / 3, |n| format!("app.get('/r{n}', all, (req, res) => res.json(1));\n"));
    let text = format!("import express from 'express';\nconst app = express();\n{steps}const all = [{all}];\n{routes}");
    vec![("src/server.ts".to_owned(), text)]
}

/// Many loops of one function that wait for messages.
fn waiting_loops(size: usize) -> Files {
    let one = |n| format!("    while a{n}:\n        handle(a{n})\n");
    vec![("app/consumers.py".to_owned(), after("def run(consumer):\n", size, one))]
}

/// Many functions whose results are kept for good.
fn kept_for_good(size: usize) -> Files {
    let head = "from functools import lru_cache\n\n\n";
    let one =
        |n| format!("@lru_cache\ndef f{n}():\n    return db.execute('SELECT a FROM t')\n\n\ndef clear{n}():\n    f{n}.cache_clear()\n\n\n");
    vec![("app/kept.py".to_owned(), after(head, size, one))]
}

/// One function that asks very much once.
fn asked_once(size: usize) -> Files {
    let head = "loaded = None\n\n\ndef load(db):\n    global loaded\n    if loaded is None:\n        loaded = 1\n";
    let one = |n| format!("        for row in rows:\n            db.execute('SELECT a FROM t WHERE b = %s', ({n},))\n");
    vec![("app/once.py".to_owned(), after(head, size, one))]
}

/// Many results that one function keeps on an object, called for each row.
fn results_of_one_object(size: usize) -> Files {
    let head = "class Farm:\n    def load(self):\n";
    let one = |n| format!("        if self.a{n} is None:\n            self.a{n} = Order.objects.get(id={n})\n");
    let tail = "\n\ndef run(farms):\n    for farm in farms:\n        farm.load()\n";
    django(size, head, one, tail)
}

/// Many functions that keep a result on an object, each called for each row.
fn results_of_objects(size: usize) -> Files {
    let one = |n| {
        format!(
            "class Farm{n}:\n    def load(self):\n        if self.a is None:\n            self.a = Order.objects.get(id={n})\n        return self.a\n\n\ndef run{n}(farms):\n    farm = Farm{n}()\n    for other in farms:\n        farm.load()\n\n\n"
        )
    };
    django(size, "", one, "")
}

/// Many places of one cause.
fn places_of_one_cause(size: usize) -> Files {
    let head = "def named(order):\n    return order.customer.name\n\n\n";
    let one = |n| format!("def f{n}():\n    return [named(order) for order in Order.objects.all()]\n\n\n");
    django(size, head, one, "")
}

pub fn shapes() -> Vec<Shape> {
    let files = |name: &str, make: fn(usize) -> Files| Shape::files(format!("project-{name}"), make);
    vec![
        files("narrowed-queryset", narrowed_queryset),
        files("narrowed-select", narrowed_select),
        files("filtered-lines", filtered_lines),
        files("loops-with-queries", loops_with_queries),
        files("prisma-with-queries", prisma_with_queries),
        files("endpoints-and-sinks", endpoints_and_sinks),
        files("call-ladder", call_ladder),
        files("call-cycle", call_cycle),
        files("diamonds", diamonds),
        files("star-imports", star_imports),
        files("alembic", alembic),
        files("alembic-helpers", alembic_helpers),
        files("sequelize-helpers", sequelize_helpers),
        files("sequelize-functions", sequelize_functions),
        files("django-migration", django_migration),
        files("templates", templates),
        files("decorated-by-one", decorated_by_one),
        files("command-packages", command_packages),
        files("included-urls", included_urls),
        files("graphql-fields", graphql_fields),
        files("requests-on-timers", requests_on_timers),
        files("endpoints-of-one-object", endpoints_of_one_object),
        files("ranges-in-one-function", ranges_in_one_function),
        files("tested-and-iterated", tested_and_iterated),
        files("listed-views", listed_views),
        files("loops-of-their-own", loops_of_their_own),
        files("relations-at-hand", relations_at_hand),
        files("tables-of-functions", tables_of_functions),
        files("one-table-of-functions", one_table_of_functions),
        files("classes-behind-interfaces", classes_behind_interfaces),
        files("methods-of-one-name", methods_of_one_name),
        files("nested-serializers", nested_serializers),
        files("hooks", hooks),
        files("middleware", middleware),
        files("shared-middleware", shared_middleware),
        files("waiting-loops", waiting_loops),
        files("kept-for-good", kept_for_good),
        files("asked-once", asked_once),
        files("results-of-one-object", results_of_one_object),
        files("results-of-objects", results_of_objects),
        files("places-of-one-cause", places_of_one_cause),
        python("awaits", |size| {
            after("async def f(session):\n", size, |n| {
                format!("    a{n} = await session.get('http://a/{n}')\n")
            })
        }),
        python("sleeps", |size| {
            after("import time\n\n\ndef f():\n", size, |n| format!("    time.sleep({n})\n"))
        }),
        python("ways-with-known-arguments", ways_with_known_arguments),
        python("loops-over-one-cursor", loops_over_one_cursor),
        python("lists-of-lists-of-rows", lists_of_lists_of_rows),
        python("queries-of-one-function", |size| {
            after("def f(db):\n", size, |n| {
                format!("    db.execute('SELECT a FROM t WHERE b = %s', ({n},))\n")
            })
        }),
        python("suppressions", |size| {
            fill(size, |n| {
                format!("time.sleep({n})  # perfaudit: ignore[fixed-delay] a robot needs it\n")
            })
        }),
        python("argument-awaits", |size| {
            after("import asyncio\n\n\nasync def f(g):\n    await asyncio.gather(\n", size, |_| {
                "        g(),\n".to_owned()
            }) + "    )\n"
        }),
        python("settings", |size| {
            fill(size, |n| format!("SETTING_{n} = int(os.environ.get('S{n}', '{n}'))\n"))
        }),
        python("caches", |size| {
            fill(size, |n| format!("cache_{n} = {{}}\n\n\ndef f{n}(k):\n    cache_{n}[k] = 1\n\n\n"))
        }),
        typescript("fetches", |size| {
            after("export async function f() {\n", size, |n| {
                format!("  const a{n} = await fetch('https://a/{n}');\n")
            }) + "}\n"
        }),
        typescript("effects-with-intervals", |size| {
            let head = "import { useEffect } from 'react';\nexport function C() {\n";
            after(head, size, |n| {
                format!("  useEffect(() => {{ const t = setInterval(() => load({n}), 1000); return () => clearInterval(t); }}, []);\n")
            }) + "}\n"
        }),
        typescript("routes", |size| {
            let head = "import express from 'express';\nconst app = express();\n";
            after(head, size, |n| {
                format!("app.get('/r{n}', async (req, res) => {{ res.json(await db.query('SELECT a FROM t')); }});\n")
            })
        }),
        typescript("maps-with-awaits", |size| {
            fill(size, |n| {
                format!("export async function f{n}(a) {{ for (const b of a) {{ await load(b, {n}); }} }}\n")
            })
        }),
    ]
}

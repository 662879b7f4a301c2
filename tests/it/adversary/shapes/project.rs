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
        files("django-migration", django_migration),
        files("templates", templates),
        python("awaits", |size| {
            after("async def f(session):\n", size, |n| {
                format!("    a{n} = await session.get('http://a/{n}')\n")
            })
        }),
        python("sleeps", |size| {
            after("import time\n\n\ndef f():\n", size, |n| format!("    time.sleep({n})\n"))
        }),
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

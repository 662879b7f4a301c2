//! A project of any size, made by rule: what a benchmark measures must not change with a checkout.

/// The size of a project.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Modules of routes in Python, and as many in TypeScript.
    pub files: usize,
    /// Functions in each: one in [`PLAIN`] is a route with its own chain of functions down to a query, the others only compute.
    pub functions: usize,
    /// Calls between a route and its query.
    pub depth: usize,
    /// Tables of the schema.
    pub tables: usize,
}

/// Functions for each route: about what programs have, which are mostly other things than queries.
pub const PLAIN: usize = 25;

/// Paths and texts of a project.
pub fn texts(shape: Shape) -> Vec<(String, String)> {
    let package = "{\"name\": \"corpus\", \"dependencies\": {\"pg\": \"8\", \"express\": \"4\"}}\n";
    let mut all = vec![
        ("db/schema.sql".to_owned(), schema(shape.tables)),
        ("app/__init__.py".to_owned(), String::new()),
        ("package.json".to_owned(), package.to_owned()),
    ];
    for file in 0..shape.files {
        all.push((format!("app/part_{}/routes_{file}.py", file / 50), python(shape, file)));
        all.push((format!("web/part_{}/routes_{file}.ts", file / 50), typescript(shape, file)));
    }
    all
}

fn schema(tables: usize) -> String {
    let table = |at: usize| {
        let parent = at / 2;
        let index = if at.is_multiple_of(3) {
            format!("CREATE INDEX ix_thing_{at}_owner ON thing_{at} (owner_id);\n")
        } else {
            String::new()
        };
        format!(
            "CREATE TABLE thing_{at} (id BIGSERIAL PRIMARY KEY, owner_id BIGINT NOT NULL REFERENCES thing_{parent} (id), name TEXT);\n{index}"
        )
    };
    (0..tables.max(1)).map(table).collect()
}

fn table(shape: Shape, file: usize, function: usize) -> usize {
    (file * shape.functions + function) % shape.tables.max(1)
}

fn python(shape: Shape, file: usize) -> String {
    let mut text = String::from("import psycopg2\nfrom fastapi import APIRouter\n\nrouter = APIRouter()\n\n");
    for function in 0..shape.functions {
        if !function.is_multiple_of(PLAIN) {
            text.push_str(&plain_python(function));
            continue;
        }
        let table = table(shape, file, function);
        text.push_str(&format!(
            "
def load_{function}_0(cursor, owner):
    cursor.execute(\"SELECT id, name FROM thing_{table} WHERE owner_id = %s\", (owner,))
    return cursor.fetchall()

"
        ));
        for level in 1..=shape.depth {
            let below = level - 1;
            text.push_str(&format!(
                "
def load_{function}_{level}(cursor, owner):
    if owner is None:
        return []
    rows = load_{function}_{below}(cursor, owner)
    return [row for row in rows if row]

"
            ));
        }
        let depth = shape.depth;
        text.push_str(&format!(
            "
@router.get(\"/things/{file}/{function}\")
def list_{function}(owner: int):
    cursor = psycopg2.connect(\"\").cursor()
    found = []
    for row in load_{function}_{depth}(cursor, owner):
        found.extend(load_{function}_{depth}(cursor, row[0]))
    return found

"
        ));
    }
    text
}

fn plain_python(function: usize) -> String {
    format!(
        "
class Order{function}:
    def __init__(self, lines, rate):
        self.lines = lines
        self.rate = rate

    def total(self, currency=\"EUR\"):
        amount = sum(line[\"price\"] * line[\"count\"] for line in self.lines)
        if amount > {function} and currency != \"EUR\":
            amount = round(amount * self.rate, 2)
        return {{\"amount\": amount, \"currency\": currency, \"lines\": len(self.lines)}}


def summary_{function}(orders, limit=10):
    chosen = sorted(orders, key=lambda order: order.rate)[:limit]
    names = [f\"order {{index}}: {{order.total()['amount']}}\" for index, order in enumerate(chosen)]
    return \"\\n\".join(names)

"
    )
}

fn plain_typescript(function: usize) -> String {
    format!(
        "export interface Line{function} {{ name: string; price: number; count: number }}

export function total{function}(lines: Line{function}[], options: {{ currency?: string; rate: number }}) {{
  const amount = lines.reduce((sum, line) => sum + line.price * line.count, 0);
  const currency = options.currency ?? \"EUR\";
  if (amount > {function} && currency !== \"EUR\") {{
    return {{ amount: Math.round(amount * options.rate * 100) / 100, currency, lines: lines.length }};
  }}
  return {{ amount, currency, lines: lines.length }};
}}

export const summary{function} = (lines: Line{function}[]) =>
  lines
    .slice()
    .sort((left, right) => left.price - right.price)
    .map((line, index) => `${{index}}: ${{line.name}}`)
    .join(\"\\n\");

"
    )
}

fn typescript(shape: Shape, file: usize) -> String {
    let mut text = String::from(
        "import { Pool } from \"pg\";\nimport express from \"express\";\n\nconst pool = new Pool({ max: 10 });\nconst app = express();\n\n",
    );
    for function in 0..shape.functions {
        if !function.is_multiple_of(PLAIN) {
            text.push_str(&plain_typescript(function));
            continue;
        }
        let table = table(shape, file, function);
        text.push_str(&format!(
            "export async function load{function}L0(owner: number) {{
  const found = await pool.query(\"SELECT id, name FROM thing_{table} WHERE owner_id = $1\", [owner]);
  return found.rows;
}}

"
        ));
        for level in 1..=shape.depth {
            let below = level - 1;
            text.push_str(&format!(
                "export async function load{function}L{level}(owner: number) {{
  if (!owner) {{
    return [];
  }}
  const rows = await load{function}L{below}(owner);
  return rows.filter((row) => row.name);
}}

"
            ));
        }
        let depth = shape.depth;
        text.push_str(&format!(
            "app.get(\"/things/{file}/{function}\", async (request, response) => {{
  const found = [];
  for (const row of await load{function}L{depth}(Number(request.query.owner))) {{
    found.push(await load{function}L{depth}(row.id));
  }}
  response.json(found);
}});

"
        ));
    }
    text
}

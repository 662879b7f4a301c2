//! Bodies of TypeScript that are written once and used with several models.

use crate::doors::found;

/// What is said of reads without a limit in a program of a base, its models and an application.
fn unbounded(base: &str, models: &str, app: &str) -> Vec<String> {
    let files = [("src/base.ts", base), ("src/models.ts", models), ("src/app.ts", app)];
    let all = found("unbounded-query", &files);
    all.into_iter()
        // The rows of one ship are another matter.
        .filter(|finding| !finding.reason.contains("the rows of one"))
        .map(|finding| format!("{}:{} {}", finding.location.file, finding.location.start_line, finding.title))
        .collect()
}

const ROUTES: &str = r#"
app.get("/ships", async (req, res) => { res.json(await ships.all()); });
app.get("/sailors", async (req, res) => { res.json(await sailors.all()); });
app.get("/crew", async (req, res) => { res.json(await sailors.by({ shipId: 7 })); });
"#;

/// Each of the two routes reads its own table, and the third the rows of one ship.
fn tells_them_apart(base: &str, models: &str, repositories: &str) {
    let app = format!(
        "import express from \"express\";\nimport {{ Store }} from \"./base\";\nimport {{ Ship, Sailor }} from \"./models\";\nconst app = express();\n{repositories}\n{ROUTES}"
    );
    let all = unbounded(base, models, &app);
    let of = |name: &str| all.iter().filter(|line| line.to_lowercase().contains(&format!("`{name}"))).count();
    assert_eq!((all.len(), of("ship"), of("sailor")), (2, 1, 1), "{all:#?}");
    assert!(all.iter().all(|line| line.starts_with("src/app.ts")), "{all:#?}");
}

#[test]
fn a_model_that_the_constructor_takes() {
    let models = "import { model, Schema } from \"mongoose\";\nexport const Ship = model(\"Ship\", new Schema({ name: String }));\nexport const Sailor = model(\"Sailor\", new Schema({ name: String, shipId: String }));\n";
    let base = "import { Model } from \"mongoose\";\nexport abstract class Store<T> {\n  constructor(protected readonly model: Model<T>) {}\n  all() { return this.model.find().exec(); }\n  async by(filter: object) { return this.model.find(filter).lean(); }\n}\n";
    let by_super = "class Ships extends Store<any> { constructor() { super(Ship); } }\nclass Sailors extends Store<any> { constructor() { super(Sailor); } }\nconst ships = new Ships();\nconst sailors = new Sailors();";
    tells_them_apart(base, models, by_super);

    let models = "import { Model, DataTypes, Sequelize } from \"sequelize\";\nconst sequelize = new Sequelize(process.env.DB);\nexport class Ship extends Model {}\nShip.init({ name: DataTypes.STRING }, { sequelize });\nexport class Sailor extends Model {}\nSailor.init({ name: DataTypes.STRING, shipId: DataTypes.INTEGER }, { sequelize });\n";
    let base = "export class Store {\n  model: any;\n  constructor(model: any) { this.model = model; }\n  all() { return this.model.findAll(); }\n  by(where: object) { return this.model.findAll({ where }); }\n}\n";
    tells_them_apart(base, models, "const ships = new Store(Ship);\nconst sailors = new Store(Sailor);");
}

#[test]
fn a_repository_that_is_injected() {
    let models = "import { Entity, Column, PrimaryGeneratedColumn } from \"typeorm\";\n@Entity()\nexport class Ship { @PrimaryGeneratedColumn() id: number; @Column() name: string; }\n@Entity()\nexport class Sailor { @PrimaryGeneratedColumn() id: number; @Column() shipId: number; }\n";
    let base = "import { Repository } from \"typeorm\";\nexport abstract class Store<T> {\n  constructor(protected readonly rows: Repository<T>) {}\n  all() { return this.rows.find(); }\n  async by(where: object) { return await this.rows.find({ where }); }\n}\n";
    let injected = "import { InjectRepository } from \"@nestjs/typeorm\";\nimport { Repository } from \"typeorm\";\nclass Ships extends Store<Ship> { constructor(@InjectRepository(Ship) own: Repository<Ship>) { super(own); } }\nclass Sailors extends Store<Sailor> { constructor(@InjectRepository(Sailor) own: Repository<Sailor>) { super(own); } }\nconst ships: Ships = container.get(Ships);\nconst sailors: Sailors = container.get(Sailors);";
    tells_them_apart(base, models, injected);
    // What the base's type parameter stands for says it alone.
    let own = base.replace(
        "constructor(protected readonly rows: Repository<T>) {}",
        "protected rows: Repository<T>;",
    );
    let typed = "class Ships extends Store<Ship> {}\nclass Sailors extends Store<Sailor> {}\nconst ships = new Ships();\nconst sailors = new Sailors();";
    tells_them_apart(&own, models, typed);
}

#[test]
fn a_table_that_is_handed_in() {
    let models = "import { pgTable, serial, text, integer } from \"drizzle-orm/pg-core\";\nexport const Ship = pgTable(\"ships\", { id: serial(\"id\").primaryKey(), name: text(\"name\") });\nexport const Sailor = pgTable(\"sailors\", { id: serial(\"id\").primaryKey(), shipId: integer(\"ship_id\") });\n";
    let base = "import { drizzle } from \"drizzle-orm/node-postgres\";\nimport { eq } from \"drizzle-orm\";\nconst db = drizzle(process.env.DB);\nexport class Store<T> {\n  constructor(private table: T) {}\n  async all() { return db.select().from(this.table); }\n  async by(given: { shipId: number }) { return db.select().from(this.table).where(eq(this.table.id, given.shipId)); }\n}\n";
    tells_them_apart(base, models, "const ships = new Store(Ship);\nconst sailors = new Store(Sailor);");
}

#[test]
fn the_queries_of_a_model_that_are_handed_in() {
    let schema = "model Ship {\n  id Int @id\n  name String\n}\n\nmodel Sailor {\n  id Int @id\n  shipId Int\n}\n";
    let base = "import { PrismaClient } from \"@prisma/client\";\nexport const prisma = new PrismaClient();\nexport class Store<D> {\n  constructor(protected readonly delegate: D) {}\n  async all(where = {}) { return this.delegate.findMany({ where }); }\n}\n";
    let app = "import express from \"express\";\nimport { Store, prisma } from \"./base\";\nconst app = express();\nconst ships = new Store(prisma.ship);\nclass Sailors extends Store<any> {\n  constructor() { super(prisma.sailor); }\n  of(shipId: number) { return this.all({ shipId }); }\n}\nconst sailors = new Sailors();\napp.get(\"/ships\", async (req, res) => { res.json(await ships.all()); });\napp.get(\"/crew\", async (req, res) => { res.json(await sailors.of(Number(req.query.ship))); });\n";
    let files = [("schema.prisma", schema), ("src/base.ts", base), ("src/app.ts", app)];
    let mut told: Vec<(u32, bool)> = found("unbounded-query", &files)
        .into_iter()
        .map(|finding| {
            (
                finding.location.start_line,
                finding.reason.contains("the rows of one shipId of Sailor"),
            )
        })
        .collect();
    told.sort_unstable();
    assert_eq!(told, [(7, true), (10, false)]);
}

/// Columns that a model whose fields a schema of another file describes has: a longer file, so that its expressions have higher numbers.
#[test]
fn a_schema_inside_one_of_another_file() {
    let parts = "import { Schema } from \"mongoose\";\nexport const other = new Schema({ a: String, b: String, c: String, d: { type: [String], required: true } });\nexport const line = new Schema({ sku: String, amount: Number });\n";
    let models = "import { model, Schema } from \"mongoose\";\nimport { line } from \"./parts\";\nconst order = new Schema({ first: line, lines: [{ type: line }], others: { type: [line] } });\nexport const Order = model(\"Order\", order);\n";
    let app = "import { Order } from \"./models\";\nexport async function of(sku: string) { return Order.find({ \"lines.sku\": sku }); }\nexport async function add(lines: object[]) { await Order.create({ lines }); }\n";
    let files = [("src/parts.ts", parts), ("src/models.ts", models), ("src/app.ts", app)];
    let all = found("missing-index", &files);
    let titles: Vec<&str> = all.iter().map(|finding| finding.title.as_str()).collect();
    assert!(titles.len() == 1 && titles[0].contains("lines.sku"), "{titles:?}");
}

/// What a body hands on to itself says nothing more; it ended the run.
#[test]
fn a_body_that_calls_itself_with_its_own_model() {
    let models = "import { model, Schema } from \"mongoose\";\nexport const Order = model(\"Order\", new Schema({ depth: Number }));\n";
    let walk = "import { Model } from \"mongoose\";\nimport { Order } from \"./models\";\nexport async function walk(model: Model<any>, depth: number) {\n  const rows = await model.find({ depth });\n  if (depth > 0) await walk(model, depth - 1);\n  return rows;\n}\nexport const all = () => walk(Order, 3);\n";
    let entities = "import { Repository } from \"typeorm\";\nexport class Tree<T> {\n  constructor(private rows: Repository<T>) {}\n  async walk(depth: number) {\n    await this.rows.find();\n    if (depth > 0) await new Tree(this.rows).walk(depth - 1);\n  }\n}\n";
    found("n-plus-one", &[("src/models.ts", models), ("src/walk.ts", walk)]);
    found("n-plus-one", &[("src/tree.ts", entities)]);
}

/// A schema that stands in itself in forty fields is read once.
#[test]
fn a_schema_inside_itself_ends() {
    let fields: Vec<String> = (0..40).map(|field| format!("f{field}: {{ type: [node] }}")).collect();
    let models = format!(
        "import {{ model, Schema }} from \"mongoose\";\nconst node = new Schema({{ name: String, {} }});\nexport const Node = model(\"Node\", node);\n",
        fields.join(", ")
    );
    found("missing-index", &[("src/models.ts", &models)]);
}

/// The indexes of a schema inside another one are those of the collection.
#[test]
fn an_inner_schemas_indexes_serve_the_collection() {
    let lacks = |index: &str| {
        let models = format!(
            "import {{ model, Schema }} from \"mongoose\";\nconst line = new Schema({{ sku: String }});\n{index}\nexport const Order = model(\"Order\", new Schema({{ lines: {{ type: [line] }} }}));\n"
        );
        let app = "import { Order } from \"./models\";\nexport async function of(sku: string) { return Order.find({ \"lines.sku\": sku }); }\nexport async function add(lines: object[]) { await Order.create({ lines }); }\n";
        !found("missing-index", &[("src/models.ts", &models), ("src/app.ts", app)]).is_empty()
    };
    assert!(lacks(""));
    assert!(!lacks("line.index({ sku: 1 });"));
}

//! Prisma schema files: models with their tables, relations and indexes. A broken line costs that line.

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use crate::budget::{self, Limit};
use crate::source::Span;
use crate::statement::{ColumnDef, Constraint, Dialect, IndexDef, IndexKey, Loading, ModelDef, RelationDef, TableDef};

/// What a `.prisma` file declares.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PrismaFile {
    /// The datasource's database, where this file has the datasource.
    pub provider: Option<String>,
    /// `relationMode = "prisma"`: the database has no foreign keys, and so no indexes for them.
    pub emulates_relations: bool,
    /// Models in order.
    pub models: Vec<ModelDef>,
    /// Names of the enums that it declares.
    pub enums: Vec<String>,
    /// Lines that were not understood: where, and what they say.
    pub not_understood: Vec<(Span, String)>,
}

impl PrismaFile {
    /// The datasource's database.
    pub fn dialect(&self) -> Option<Dialect> {
        Some(match self.provider.as_deref()? {
            "postgresql" | "postgres" | "cockroachdb" => Dialect::Postgres,
            "mysql" => Dialect::MySql,
            "sqlite" => Dialect::Sqlite,
            _ => Dialect::Generic,
        })
    }
}

/// Prefix of a column's type that may be a model of another file; the link step decides.
pub const AMBIGUOUS: &str = "model:";

/// A logical line of a block: parentheses closed, comments removed.
struct Line {
    text: String,
    span: Span,
    /// Parentheses and brackets that are open at its end, and whether a string is.
    depth: usize,
    quoted: bool,
}

impl Line {
    fn new(span: Span) -> Line {
        Line {
            text: String::new(),
            span,
            depth: 0,
            quoted: false,
        }
    }

    /// Adds what a further line of the file says.
    fn add(&mut self, code: &str, end: u32) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(code);
        self.span.end = end;
        for byte in code.bytes() {
            match byte {
                b'"' => self.quoted = !self.quoted,
                b'(' | b'[' if !self.quoted => self.depth += 1,
                b')' | b']' if !self.quoted => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }

    /// Whether the next line of the file goes on with it.
    fn is_open(&self) -> bool {
        if self.depth > 0 && self.text.len() >= Limit::PrismaLine.count() {
            budget::tell(Limit::PrismaLine, self.span.start);
            return false;
        }
        self.depth > 0
    }
}

struct Block {
    kind: String,
    name: String,
    span: Span,
    lines: Vec<Line>,
}

/// Reads a file.
pub fn parse(text: &str) -> PrismaFile {
    let mut file = PrismaFile::default();
    let blocks = blocks(text, &mut file.not_understood);
    file.enums = blocks
        .iter()
        .filter(|block| block.kind == "enum")
        .map(|block| block.name.clone())
        .collect();
    let of = |kind: &str| -> FxHashSet<&str> {
        let blocks = blocks.iter().filter(|block| block.kind == kind);
        blocks.map(|block| block.name.as_str()).collect()
    };
    let names = Names {
        enums: of("enum"),
        composites: of("type"),
        models: of("model"),
    };
    for block in &blocks {
        match block.kind.as_str() {
            "datasource" => datasource(block, &mut file),
            "model" => {
                let model = model(block, &names, &mut file.not_understood);
                file.models.push(model);
            }
            _ => {}
        }
    }
    pair(&mut file.models);
    file
}

/// The two sides of a relation name each other by the model and, where several lead to it, by a label: each is told the other's name.
fn pair(models: &mut [ModelDef]) {
    let mut sides: FxHashMap<(String, String, String), Vec<String>> = FxHashMap::default();
    for model in models.iter() {
        for relation in &model.relations {
            let label = relation.inverse.clone().unwrap_or_default();
            let side = (model.name.clone(), relation.target.clone(), label);
            sides.entry(side).or_default().push(relation.name.clone());
        }
    }
    for model in models {
        for relation in &mut model.relations {
            let label = relation.inverse.take().unwrap_or_default();
            let others = sides.get(&(relation.target.clone(), model.name.clone(), label));
            let mut others = others
                .into_iter()
                .flatten()
                .filter(|&name| *name != relation.name || relation.target != model.name);
            relation.inverse = others.next().cloned().filter(|_| others.next().is_none());
        }
    }
}

/// The first words of a line.
fn head(code: &str) -> String {
    code.chars().take(80).collect()
}

fn blocks(text: &str, bad: &mut Vec<(Span, String)>) -> Vec<Block> {
    let mut out = Vec::new();
    let mut open: Option<Block> = None;
    let mut pending: Option<Line> = None;
    let mut in_unknown = false;
    let mut offset = 0;
    for raw in text.split_inclusive('\n') {
        let start = offset + (raw.len() - raw.trim_start().len());
        offset += raw.len();
        let code = without_comment(raw).trim();
        if code.is_empty() {
            continue;
        }
        let end = start + code.len();
        let Some(block) = &mut open else {
            open = header(code, Span::new(start, end));
            if open.is_none() && !in_unknown && code != "}" {
                bad.push((Span::new(start, end), head(code)));
            }
            in_unknown = open.is_none() && (in_unknown || code.ends_with('{')) && !code.ends_with('}');
            if open.is_some() && code.ends_with('}') {
                out.extend(open.take());
            }
            continue;
        };
        if code == "}" {
            block.lines.extend(pending.take());
            block.span.end = Span::new(start, end).end;
            out.extend(open.take());
            continue;
        }
        if header(code, Span::default()).is_some() {
            // The closing brace before is missing: what was read stands.
            block.lines.extend(pending.take());
            out.extend(open.take());
            open = header(code, Span::new(start, end));
            continue;
        }
        // A parenthesis that is never closed costs its own line, not those after it.
        if code.starts_with("@@") {
            block.lines.extend(pending.take());
        }
        let span = Span::new(start, end);
        let mut line = pending.take().unwrap_or_else(|| Line::new(span));
        line.add(code, span.end);
        if line.is_open() {
            pending = Some(line);
        } else {
            block.lines.push(line);
        }
    }
    if let Some(mut block) = open {
        block.lines.extend(pending);
        out.push(block);
    }
    out
}

fn header(code: &str, span: Span) -> Option<Block> {
    let (head, _) = code.split_once('{')?;
    let mut words = head.split_whitespace();
    let kind = words.next()?;
    let name = words.next()?;
    let known = matches!(kind, "model" | "view" | "enum" | "type" | "datasource" | "generator") && words.next().is_none();
    known.then(|| Block {
        kind: kind.to_owned(),
        name: name.to_owned(),
        span,
        lines: Vec::new(),
    })
}

fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    let bytes = line.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'"' if at == 0 || bytes[at - 1] != b'\\' => quoted = !quoted,
            b'/' if !quoted && bytes.get(at + 1) == Some(&b'/') => return &line[..at],
            _ => {}
        }
    }
    line
}

fn datasource(block: &Block, file: &mut PrismaFile) {
    for line in &block.lines {
        let Some((key, value)) = line.text.split_once('=') else { continue };
        let value = value.trim().trim_matches('"');
        match key.trim() {
            "provider" => file.provider = Some(value.to_owned()),
            "relationMode" => file.emulates_relations = value == "prisma",
            _ => {}
        }
    }
}

struct Names<'a> {
    enums: FxHashSet<&'a str>,
    composites: FxHashSet<&'a str>,
    models: FxHashSet<&'a str>,
}

/// `@name(args)` or `@@name(args)`.
struct Attribute {
    name: String,
    args: Vec<(Option<String>, String)>,
}

impl Attribute {
    fn get(&self, key: &str) -> Option<&str> {
        self.args
            .iter()
            .find(|(name, _)| name.as_deref() == Some(key))
            .map(|(_, value)| value.as_str())
    }

    fn positional(&self) -> Option<&str> {
        self.args.iter().find(|(name, _)| name.is_none()).map(|(_, value)| value.as_str())
    }

    fn string(&self, key: &str) -> Option<String> {
        self.get(key).map(|value| value.trim_matches('"').to_owned())
    }
}

fn attributes(text: &str) -> Vec<Attribute> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        rest = rest[at..].trim_start_matches('@');
        let end = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'))
            .unwrap_or(rest.len());
        let name = rest[..end].to_owned();
        rest = &rest[end..];
        let mut args = Vec::new();
        if rest.trim_start().starts_with('(') {
            let open = rest.find('(').unwrap_or(0);
            let close = closing(rest, open);
            args = split(&rest[open + 1..close]).into_iter().map(argument).collect();
            rest = rest.get(close + 1..).unwrap_or("");
        }
        out.push(Attribute { name, args });
    }
    out
}

/// Offset of the parenthesis or bracket that closes the one at `open`.
fn closing(text: &str, open: usize) -> usize {
    let mut depth = 0usize;
    let mut quoted = false;
    for (at, byte) in text.bytes().enumerate().skip(open) {
        match byte {
            b'"' => quoted = !quoted,
            b'(' | b'[' | b'{' if !quoted => depth += 1,
            b')' | b']' | b'}' if !quoted => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    text.len()
}

/// Splits at commas outside of parentheses and strings.
fn split(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let (mut start, mut depth, mut quoted) = (0, 0usize, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'(' | b'[' | b'{' if !quoted => depth += 1,
            b')' | b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            b',' if !quoted && depth == 0 => {
                out.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    out.push(text[start..].trim());
    out.retain(|part| !part.is_empty());
    out
}

fn argument(text: &str) -> (Option<String>, String) {
    if let Some((key, value)) = text.split_once(':')
        && key.trim().chars().all(|c| c.is_alphanumeric() || c == '_')
    {
        return (Some(key.trim().to_owned()), value.trim().to_owned());
    }
    (None, text.to_owned())
}

fn list(text: &str) -> Vec<&str> {
    split(text.trim().trim_start_matches('[').trim_end_matches(']'))
}

fn keys(text: &str) -> Vec<IndexKey> {
    list(text)
        .into_iter()
        .map(|item| {
            let (name, options) = item.split_once('(').unwrap_or((item, ""));
            IndexKey {
                column: name.trim().to_owned(),
                expression: false,
                descending: options.contains("Desc"),
            }
        })
        .collect()
}

fn model(block: &Block, names: &Names, bad: &mut Vec<(Span, String)>) -> ModelDef {
    let mut model = ModelDef {
        name: block.name.clone(),
        ..ModelDef::default()
    };
    model.table = TableDef {
        name: block.name.clone(),
        span: block.span,
        ..TableDef::default()
    };
    for line in block.lines.iter().filter(|line| !line.text.starts_with("@@")) {
        if field(line, names, &mut model).is_none() {
            bad.push((line.span, head(&line.text)));
        }
    }
    for line in block.lines.iter().filter(|line| line.text.starts_with("@@")) {
        for attribute in attributes(&line.text) {
            block_attribute(&attribute, line.span, &mut model);
        }
    }
    to_columns(&mut model);
    model
}

fn block_attribute(attribute: &Attribute, span: Span, model: &mut ModelDef) {
    let fields = attribute.get("fields").or_else(|| attribute.positional()).unwrap_or("");
    let keys = keys(fields);
    let columns = || keys.iter().map(|key| key.column.clone()).collect::<Vec<_>>();
    match attribute.name.as_str() {
        "map" => {
            let name = attribute
                .string("name")
                .or_else(|| attribute.positional().map(|text| text.trim_matches('"').to_owned()));
            model.table.name = name.unwrap_or_else(|| model.name.clone());
        }
        "id" => model.table.constraints.push((Constraint::Primary(columns()), span)),
        "unique" => model
            .table
            .constraints
            .push((Constraint::Unique(attribute.string("map"), columns()), span)),
        "index" | "fulltext" => {
            let method = attribute
                .get("type")
                .map(str::to_lowercase)
                .or_else(|| (attribute.name == "fulltext").then(|| "fulltext".to_owned()));
            let name = attribute.string("map").or_else(|| attribute.string("name"));
            model.table.indexes.push(IndexDef {
                name,
                table: String::new(),
                keys,
                method,
                span,
                ..IndexDef::default()
            });
        }
        _ => {}
    }
}

const SCALARS: &[(&str, &str)] = &[
    ("String", "text"),
    ("Boolean", "boolean"),
    ("Int", "integer"),
    ("BigInt", "bigint"),
    ("Float", "double precision"),
    ("Decimal", "decimal"),
    ("DateTime", "timestamp"),
    ("Json", "jsonb"),
    ("Bytes", "bytea"),
];

fn field(line: &Line, names: &Names, model: &mut ModelDef) -> Option<()> {
    let (declaration, rest) = line.text.split_at(line.text.find('@').unwrap_or(line.text.len()));
    let (name, kind) = declaration.trim().split_once(char::is_whitespace)?;
    let kind = kind.trim();
    if !name.chars().all(|c| c.is_alphanumeric() || c == '_') || kind.is_empty() {
        return None;
    }
    let base = kind.trim_end_matches(['?', '[', ']', '!']);
    let attributes = attributes(rest);
    let find = |wanted: &str| attributes.iter().find(|attribute| attribute.name == wanted);
    let is_list = kind.contains("[]");
    let scalar = SCALARS.iter().find(|(prisma, _)| *prisma == base).map(|(_, sql)| (*sql).to_owned());
    let is_enum = names.enums.contains(base);
    let scalar = scalar.or_else(|| (is_enum).then(|| "enum".to_owned()));
    let scalar = scalar.or_else(|| (base.starts_with("Unsupported") || names.composites.contains(base)).then(|| "json".to_owned()));
    if scalar.is_none() {
        relation(line.span, name, base, is_list, find("relation"), model);
        let is_ambiguous = !names.models.contains(base) && find("relation").is_none();
        if !is_ambiguous {
            return Some(());
        }
    }
    let native = attributes.iter().find_map(|attribute| {
        let native = attribute.name.strip_prefix("db.")?.to_lowercase();
        let args: Vec<&str> = attribute.args.iter().map(|(_, value)| value.as_str()).collect();
        Some(if args.is_empty() {
            native
        } else {
            format!("{native}({})", args.join(", "))
        })
    });
    let data_type = native.or(scalar).unwrap_or_else(|| format!("{AMBIGUOUS}{base}"));
    let map = find("map").and_then(|attribute| attribute.string("name").or_else(|| attribute.positional().map(unquoted)));
    let column = map.unwrap_or_else(|| name.to_owned());
    let unique = find("unique");
    if let Some(map) = unique.and_then(|attribute| attribute.string("map")) {
        model
            .table
            .constraints
            .push((Constraint::Unique(Some(map), vec![name.to_owned()]), line.span));
    }
    model.table.columns.push(ColumnDef {
        field: (column != name).then(|| name.to_owned()),
        name: column,
        data_type: if is_list { format!("{data_type}[]") } else { data_type },
        nullable: kind.ends_with('?'),
        primary: find("id").is_some(),
        unique: unique.is_some_and(|attribute| attribute.get("map").is_none()),
        default: find("default").and_then(Attribute::positional).map(str::to_owned),
        span: line.span,
        ..ColumnDef::default()
    });
    Some(())
}

fn unquoted(text: &str) -> String {
    text.trim_matches('"').to_owned()
}

fn relation(span: Span, name: &str, target: &str, to_many: bool, attribute: Option<&Attribute>, model: &mut ModelDef) {
    let names = |key: &str| -> Vec<String> {
        let text = attribute.and_then(|attribute| attribute.get(key));
        text.map(|text| list(text).into_iter().map(str::to_owned).collect())
            .unwrap_or_default()
    };
    let fields = names("fields");
    if !fields.is_empty() {
        let map = attribute.and_then(|attribute| attribute.string("map"));
        let foreign = Constraint::Foreign(map, fields.clone(), target.to_owned(), names("references"));
        model.table.constraints.push((foreign, span));
    }
    let label = attribute.and_then(|attribute| attribute.string("name").or_else(|| attribute.positional().map(unquoted)));
    model.relations.push(RelationDef {
        name: name.to_owned(),
        target: target.to_owned(),
        to_many,
        loading: Loading::Explicit,
        fields,
        // The label, until all models are known.
        inverse: label,
        span,
        ..RelationDef::default()
    });
}

/// Index and key lists name fields; the table has columns.
fn to_columns(model: &mut ModelDef) {
    let mut columns: FxHashMap<&str, &str> = FxHashMap::default();
    for column in &model.table.columns {
        if let Some(field) = &column.field {
            // Of two fields with one name the first one counts.
            columns.entry(field).or_insert(&column.name);
        }
    }
    let rename = |name: &mut String| {
        if let Some(column) = columns.get(name.as_str()) {
            name.clear();
            name.push_str(column);
        }
    };
    for (constraint, _) in &mut model.table.constraints {
        let (Constraint::Primary(names) | Constraint::Unique(_, names) | Constraint::Foreign(_, names, _, _)) = constraint;
        names.iter_mut().for_each(rename);
    }
    for index in &mut model.table.indexes {
        index.table.clone_from(&model.table.name);
        index.keys.iter_mut().for_each(|key| rename(&mut key.column));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = r#"
datasource db {
  provider     = "mysql" // the database
  relationMode = "prisma"
}
enum Role { A B }
enum Kind {
  X
}
model User {
  id    Int     @id @default(autoincrement())
  email String  @unique @db.VarChar(255)
  kind  Kind
  other Elsewhere?
  posts Post[]
  @@map("users")
}

model Post {
  id        String   @id
  userId    Int      @map("user_id") // owner
  user      User     @relation(fields: [userId], references: [id], onDelete: Cascade, map: "fk_user")
  created   DateTime @default(now())
  tags      String[]
  note      String   @default("a // b @ c")
  !broken
  @@unique([userId, note], map: "uq")
  @@index(fields: [created(sort: Desc), userId], name: "i", type: BTree)
  @@index([
    userId,
    note(ops: raw("x")),
  ])
  @@id([id, userId])
}
model Open {
  id Int @id
"#;

    #[test]
    fn models_tables_and_relations_are_read() {
        let file = parse(SCHEMA);
        assert_eq!((file.dialect(), file.emulates_relations), (Some(Dialect::MySql), true));
        let [user, post, open] = file.models.as_slice() else {
            panic!("{:?}", file.models)
        };
        assert_eq!((user.name.as_str(), user.table.name.as_str()), ("User", "users"));
        assert_eq!(user.table.columns[1].data_type, "varchar(255)");
        assert!(user.table.columns[1].unique);
        assert_eq!(user.table.columns[3].data_type, "model:Elsewhere");
        assert!(user.relations.iter().any(|relation| relation.name == "posts" && relation.to_many));
        assert_eq!(post.table.columns[1].name, "user_id");
        assert_eq!(post.table.columns[1].field.as_deref(), Some("userId"));
        assert_eq!(
            post.table.constraints[0].0,
            Constraint::Foreign(Some("fk_user".into()), vec!["user_id".into()], "User".into(), vec!["id".into()])
        );
        assert_eq!(post.table.constraints.len(), 3);
        let keys: Vec<Vec<&str>> = post
            .table
            .indexes
            .iter()
            .map(|index| index.keys.iter().map(|key| key.column.as_str()).collect())
            .collect();
        assert_eq!(keys, [vec!["created", "user_id"], vec!["user_id", "note"]]);
        assert!(post.table.indexes[0].keys[0].descending);
        assert_eq!(file.not_understood.len(), 1);
        assert_eq!(open.table.columns.len(), 1);
    }

    #[test]
    fn a_fields_place_is_its_line() {
        let file = parse(SCHEMA);
        let span = file.models[1].table.columns[1].span;
        assert!(SCHEMA[span.start as usize..].starts_with("userId    Int"));
    }

    #[test]
    fn the_sides_of_a_relation_know_each_other() {
        let file = parse(
            "model User {\n  id Int @id\n  sent Note[] @relation(\"by\")\n  got Note[] @relation(name: \"for\")\n  boats Boat[]\n}\nmodel Note {\n  id Int @id\n  a Int\n  b Int\n  author User @relation(\"by\", fields: [a], references: [id])\n  reader User @relation(\"for\", fields: [b], references: [id])\n  above Note? @relation(\"tree\", fields: [id], references: [id])\n  below Note[] @relation(\"tree\")\n}\nmodel Boat {\n  id Int @id\n  owner User @relation(fields: [id], references: [id])\n}\n",
        );
        let inverse = |model: &str, name: &str| {
            let model = file.models.iter().find(|found| found.name == model).unwrap();
            let relation = model.relations.iter().find(|relation| relation.name == name).unwrap();
            relation.inverse.clone()
        };
        assert_eq!(inverse("User", "sent").as_deref(), Some("author"));
        assert_eq!(inverse("User", "got").as_deref(), Some("reader"));
        assert_eq!(inverse("Note", "reader").as_deref(), Some("got"));
        assert_eq!(inverse("Note", "above").as_deref(), Some("below"));
        assert_eq!(inverse("Boat", "owner").as_deref(), Some("boats"));
    }
}

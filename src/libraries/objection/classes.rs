//! Which classes are Objection's models, their tables and where their relations lead.

use crate::ir::{ClassId, ExprId, ExprKind, Module, StmtKind};
use crate::libraries::shared::declared::imports;
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, Value};

/// Base classes that are looked at for one static member.
const MOST_BASES: usize = 8;

/// Whether a class is a model: it comes from Objection's `Model`, or its file has Objection and it names a table.
pub fn is_model(resolver: &dyn Resolver, file: FileId, class: ClassId) -> bool {
    let ancestors = resolver.ancestors(file, class);
    let inherits = ancestors
        .iter()
        .any(|name| name.starts_with("objection.") || name.starts_with("objection-"));
    inherits || imports(resolver.module(file), "objection") && member(resolver, file, class, "tableName").is_some()
}

/// The value of a static member of a class, or of what its getter or function returns; also of a base.
pub fn member(resolver: &dyn Resolver, file: FileId, class: ClassId, name: &str) -> Option<(FileId, ExprId)> {
    let mut at = (file, class);
    for _ in 0..MOST_BASES {
        let module = resolver.module(at.0);
        if let Some(value) = own_member(module, at.1, name) {
            return Some((at.0, value));
        }
        let base = module.class(at.1).bases.first()?;
        match resolver.value(at.0, module.unapplied(base.value)) {
            Value::Class(file, class) => at = (file, class),
            _ => return None,
        }
    }
    None
}

fn own_member(module: &Module, class: ClassId, name: &str) -> Option<ExprId> {
    module.class(class).body.iter().find_map(|&stmt| match module.stmt(stmt).kind {
        StmtKind::Assign {
            target,
            value: Some(value),
            ..
        } if module.name(target) == Some(name) => Some(match module.kind(value) {
            ExprKind::Lambda(function) => given_back(module, &module.function(*function).body)?,
            _ => value,
        }),
        StmtKind::Function(function) => {
            let function = module.function(function);
            let is_it = function.name.is_some_and(|own| module.str(own) == name);
            is_it.then(|| given_back(module, &function.body)).flatten()
        }
        _ => None,
    })
}

fn given_back(module: &Module, body: &[crate::ir::StmtId]) -> Option<ExprId> {
    body.iter().rev().find_map(|&stmt| match module.stmt(stmt).kind {
        StmtKind::Return(value) => value,
        _ => None,
    })
}

/// A relation as `relationMappings` has it.
pub struct Mapping {
    /// Key of the relation in `relationMappings`, by which it is loaded.
    pub name: String,
    /// The class that it leads to, by name, and where it is known.
    pub target: String,
    /// The class itself.
    pub class: Option<(FileId, ClassId)>,
    /// It holds many.
    pub to_many: bool,
    /// The column of this table that it compares, for a relation to one.
    pub key: Option<String>,
    /// Where.
    pub place: (FileId, ExprId),
}

/// The relations of a class.
pub fn mappings(resolver: &dyn Resolver, file: FileId, class: ClassId) -> Vec<Mapping> {
    let Some((at, object)) = member(resolver, file, class, "relationMappings") else {
        return Vec::new();
    };
    let (at, object) = resolver.definition(at, object).unwrap_or((at, object));
    let module = resolver.module(at);
    let ExprKind::Object(entries) = module.kind(object) else {
        return Vec::new();
    };
    entries
        .iter()
        .filter_map(|entry| mapping(resolver, at, module.string(entry.key?)?, entry.value))
        .collect()
}

fn mapping(resolver: &dyn Resolver, file: FileId, name: &str, value: ExprId) -> Option<Mapping> {
    let module = resolver.module(file);
    let kind = module.entry(value, "relation")?;
    let kind = match module.kind(kind) {
        ExprKind::Attr { name, .. } | ExprKind::Name(name) => module.str(*name),
        _ => return None,
    };
    let model = module.entry(value, "modelClass")?;
    let model = match module.kind(model) {
        ExprKind::Lambda(function) => given_back(module, &module.function(*function).body)?,
        _ => model,
    };
    let class = match resolver.value(file, model) {
        Value::Class(at, class) => Some((at, class)),
        _ => None,
    };
    let named = class.and_then(|(at, class)| {
        let holder = resolver.module(at);
        holder.class(class).name.map(|name| holder.str(name).to_owned())
    });
    // `modelClass: path.join(__dirname, "Animal")`, `modelClass: "Animal"`.
    let given = || {
        let text = module.string(model).or_else(|| {
            let call = module.call(model)?;
            call.args.last().and_then(|last| module.string(last.value))
        })?;
        text.rsplit('/').next().map(ToOwned::to_owned)
    };
    let key = module
        .entry(value, "join")
        .and_then(|join| module.entry(join, "from"))
        .and_then(|from| module.string(from))
        .map(|from| from.rsplit('.').next().unwrap_or(from).to_owned());
    let to_many = kind.contains("Many");
    Some(Mapping {
        name: name.to_owned(),
        target: named.or_else(given)?,
        class,
        to_many,
        key: key.filter(|_| kind.starts_with("BelongsToOne")),
        place: (file, value),
    })
}

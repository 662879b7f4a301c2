//! Drizzle: `index("…").on(…)` in the extra configuration of a table.

use super::Wish;
use super::call_model::CallModel;
use super::class_model::has_fields;
use crate::advice::index::field;
use crate::fix::edits::Edit;
use crate::fix::site::FixContext;
use crate::fix::ts_imports::{self, WantedName};
use crate::ir::{ExprId, ExprKind, StmtKind};
use crate::statement::Dialect;

/// The package, and the first of its versions in which the configuration is a list.
const PACKAGE: &str = "drizzle-orm";
const WITH_LISTS: [u32; 2] = [0, 36];

/// Edits that declare the indexes of one table.
pub fn edits(site: &FixContext<'_>, wishes: &[Wish<'_>]) -> Result<Vec<Edit>, String> {
    let Some(first) = wishes.first() else { return Ok(Vec::new()) };
    let model = CallModel::of(site, first)?;
    if !wishes.iter().all(has_fields) {
        return Err("a column of it is not a field of its model".to_owned());
    }
    let core = core(&model, first.table.dialect).ok_or("the package of its columns is not known")?;
    let mut edits = match model.call.args {
        [_, _] => vec![new_configuration(site, &model, wishes)?],
        [_, _, extra] => into_configuration(&model, extra.value, wishes)?,
        _ => return Err(unclear(&model)),
    };
    let file = (model.path.as_str(), model.text());
    edits.extend(ts_imports::add(
        model.module,
        file,
        WantedName {
            from: &core,
            name: "index",
        },
    )?);
    if wishes.iter().any(|wish| !wish.lack.only.is_empty()) {
        edits.extend(ts_imports::add(
            model.module,
            file,
            WantedName {
                from: PACKAGE,
                name: "sql",
            },
        )?);
    }
    Ok(edits)
}

fn unclear(model: &CallModel<'_>) -> String {
    format!(
        "{}: its extra configuration is not written as a function that gives a list or an object",
        model.path
    )
}

/// The package that the file takes columns from, else that of the database.
fn core(model: &CallModel<'_>, dialect: Dialect) -> Option<String> {
    let modules = model.module.imports.iter().map(|import| model.module.str(import.module));
    let mut own = modules.filter(|name| name.starts_with("drizzle-orm/") && name.ends_with("-core"));
    let usual = match dialect {
        Dialect::Postgres => Some("drizzle-orm/pg-core"),
        Dialect::MySql => Some("drizzle-orm/mysql-core"),
        Dialect::Sqlite => Some("drizzle-orm/sqlite-core"),
        Dialect::Generic => None,
    };
    own.next().or(usual).map(ToOwned::to_owned)
}

/// A declaration; `table` is what the function is given.
fn item(model: &CallModel<'_>, wish: &Wish<'_>, table: &str) -> String {
    let index = wish.index();
    let keys: Vec<String> = index
        .keys()
        .map(|(column, _)| format!("{table}.{}", field(wish.table, column)))
        .collect();
    let only = index
        .predicate(wish.table)
        .map_or(String::new(), |predicate| format!(".where(sql`{predicate}`)"));
    format!("index({}).on({}){only}", model.style.string(&wish.name), keys.join(", "))
}

/// The same in an object, by a key of its own.
fn entry(model: &CallModel<'_>, wish: &Wish<'_>, table: &str) -> String {
    let mut key = String::new();
    for (at, word) in wish.name.split('_').filter(|word| !word.is_empty()).enumerate() {
        let mut letters = word.chars();
        let first = letters.next().into_iter();
        if at == 0 {
            key.extend(first.chain(letters));
        } else {
            key.extend(first.flat_map(char::to_uppercase).chain(letters));
        }
    }
    format!("{key}: {}", item(model, wish, table))
}

fn into_configuration(model: &CallModel<'_>, extra: ExprId, wishes: &[Wish<'_>]) -> Result<Vec<Edit>, String> {
    let ExprKind::Lambda(function) = model.module.kind(extra) else {
        return Err(unclear(model));
    };
    let function = model.module.function(*function);
    let given = function
        .params
        .first()
        .and_then(|param| param.name)
        .map(|name| model.module.str(name));
    let given = given.ok_or_else(|| unclear(model))?;
    let returned = function.body.iter().find_map(|&stmt| match model.module.stmt(stmt).kind {
        StmtKind::Return(value) => value,
        _ => None,
    });
    let returned = returned.ok_or_else(|| unclear(model))?;
    let items: Vec<String> = match model.module.kind(returned) {
        ExprKind::Object(_) => wishes.iter().map(|wish| entry(model, wish, given)).collect(),
        ExprKind::List(_) => wishes.iter().map(|wish| item(model, wish, given)).collect(),
        _ => return Err(unclear(model)),
    };
    model.push(returned, &items)
}

fn new_configuration(site: &FixContext<'_>, model: &CallModel<'_>, wishes: &[Wish<'_>]) -> Result<Edit, String> {
    let outer = model.indent(model.call.id);
    let text = if takes_lists(site, model) {
        let items: Vec<String> = wishes.iter().map(|wish| item(model, wish, "table")).collect();
        format!("(table) => [{}]", model.lines(&items, outer))
    } else {
        let items: Vec<String> = wishes.iter().map(|wish| entry(model, wish, "table")).collect();
        format!("(table) => ({{{}}})", model.lines(&items, outer))
    };
    model.argument(&text).ok_or_else(|| unclear(model))
}

/// Whether the configuration may be a list: as another table of the file has it, else by the version of the package.
fn takes_lists(site: &FixContext<'_>, model: &CallModel<'_>) -> bool {
    let module = model.module;
    let callee = model.call.method();
    let alike = module
        .call_ids()
        .filter_map(|expr| module.call(expr))
        .filter(|call| call.method() == callee);
    let forms = alike.filter_map(|call| match module.kind(call.args.get(2)?.value) {
        ExprKind::Lambda(function) => module
            .function(*function)
            .body
            .iter()
            .find_map(|&stmt| match module.stmt(stmt).kind {
                StmtKind::Return(Some(value)) => Some(matches!(module.kind(value), ExprKind::List(_))),
                _ => None,
            }),
        _ => None,
    });
    let mut forms = forms.peekable();
    match forms.peek() {
        Some(first) => *first,
        None => version(site, &model.path).is_none_or(|version| version >= WITH_LISTS),
    }
}

/// The version of the package that the nearest manifest above a file asks for.
fn version(site: &FixContext<'_>, path: &str) -> Option<[u32; 2]> {
    let mut folder = path.rsplit_once('/').map(|(folder, _)| folder);
    loop {
        let manifest = folder.map_or("package.json".to_owned(), |folder| format!("{folder}/package.json"));
        let text = site.disk.has(&manifest).then(|| site.disk.read(&manifest).ok()).flatten();
        let json: Option<serde_json::Value> = text.and_then(|text| serde_json::from_str(&text.text).ok());
        let asked = json.as_ref().and_then(|json| {
            let lists = ["dependencies", "devDependencies", "peerDependencies"];
            lists.iter().find_map(|list| json.get(list)?.get(PACKAGE)?.as_str())
        });
        if let Some(asked) = asked {
            let mut numbers = asked
                .trim_start_matches(|c: char| !c.is_ascii_digit())
                .split('.')
                .map_while(|part| part.parse().ok());
            return Some([numbers.next()?, numbers.next()?]);
        }
        folder = match folder {
            Some(below) => below.rsplit_once('/').map(|(above, _)| above),
            None => return None,
        };
    }
}

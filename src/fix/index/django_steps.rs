//! Django: a migration after the last one of the app.

use std::collections::{BTreeMap, BTreeSet};

use super::{SEVERAL, Wish, Written, django, plain_id, slug};
use crate::fix::edits::{Edit, NewFile};
use crate::fix::site::FixContext;
use crate::fix::text::line_end;
use crate::libraries::shared::declared::Migration;
use crate::libraries::shared::value::FileId;
use crate::project::eval::Evaluator;
use crate::project::schema::sources;
use crate::source::Span;
use crate::statement::Dialect;
use crate::walk::FileRole;

/// The file in which django-linear-migrations keeps the last migration's name.
const LAST_NAME: &str = "max_migration.txt";

/// The migrations of one app.
struct App {
    label: String,
    /// The last one.
    leaf: String,
    /// The number of the next one.
    next: u32,
}

/// Writes one migration for all indexes of an app.
pub fn write(site: &FixContext<'_>, folder: &str, wishes: &[Wish<'_>]) -> Result<Written, String> {
    let app = app(site, folder)?;
    plain_id(&app.label)?;
    plain_id(&app.leaf)?;
    let leaf = site.text(&format!("{folder}/{}.py", app.leaf))?;
    let name = format!("{:04}_{}", app.next, slug(wishes));
    let is_postgres = wishes.iter().all(|wish| wish.table.dialect == Dialect::Postgres);
    let is_concurrent = is_postgres && only_postgres(site) && !wishes.iter().any(|wish| wish.table.partition);
    let text = text(&app, wishes, is_concurrent)?;
    let text = if prefers_single(&leaf.text) { text.replace('"', "'") } else { text };
    let mut written = Written {
        files: vec![NewFile {
            path: format!("{folder}/{name}.py"),
            text: text.replace('\n', line_end(&leaf.text)),
        }],
        ..Written::default()
    };
    if is_postgres && !is_concurrent {
        SEVERAL.clone_into(&mut written.doubt);
    }
    let last = format!("{folder}/{LAST_NAME}");
    if site.disk.has(&last) {
        let known = site.editable(&last)?;
        let end = known.text.trim_end().len();
        written.edits.push(Edit::replace(&last, Span::new(0, end), name));
    }
    Ok(written)
}

fn text(app: &App, wishes: &[Wish<'_>], is_concurrent: bool) -> Result<String, String> {
    let operation = if is_concurrent {
        "AddIndexConcurrently"
    } else {
        "migrations.AddIndex"
    };
    let mut operations = String::new();
    for (wish, item) in wishes.iter().zip(django::items(wishes, "models.")?) {
        let model = wish.model.ok_or("its model is not known")?.name.to_lowercase();
        operations.push_str(&format!(
            "        {operation}(\n            model_name=\"{model}\",\n            index={item},\n        ),\n"
        ));
    }
    let (import, atomic) = if is_concurrent {
        (
            "from django.contrib.postgres.operations import AddIndexConcurrently\n",
            "    atomic = False\n\n",
        )
    } else {
        ("", "")
    };
    Ok(format!(
        "{import}from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n{atomic}    dependencies = [\n        (\"{}\", \"{}\"),\n    ]\n\n    operations = [\n{operations}    ]\n",
        app.label, app.leaf
    ))
}

/// Whether a text writes its strings in single quotes.
fn prefers_single(text: &str) -> bool {
    text.matches('\'').count() > text.matches('"').count()
}

/// Whether nothing says that the project runs on another database than `PostgreSQL`.
fn only_postgres(site: &FixContext<'_>) -> bool {
    let code = &site.project.code;
    let modules = || {
        let all = code.modules();
        all.filter(|(file, _)| !matches!(site.project.role(*file), FileRole::Test | FileRole::Example))
    };
    let needs_it = modules()
        .any(|(file, module)| site.project.role(file) != FileRole::Migration && module.imports_from("django.contrib.postgres.fields"));
    let others = [
        "db.backends.sqlite3",
        "db.backends.mysql",
        "db.backends.oracle",
        "sqlite:/",
        "mysql:/",
    ];
    let names_other = || {
        modules().any(|(_, module)| {
            let mut texts = module.strings.iter();
            texts.any(|text| others.iter().any(|other| text.contains(other)))
        })
    };
    needs_it || !names_other()
}

/// The migrations of an app, by their folder.
fn app(site: &FixContext<'_>, folder: &str) -> Result<App, String> {
    let steps = steps(site, folder)?;
    let label = label(site, folder, &steps).ok_or("the label of its app is not known")?;
    let replaced: BTreeMap<&str, &str> = steps
        .iter()
        .flat_map(|(name, step)| step.replaces.iter().map(move |(_, old)| (old.as_str(), name.as_str())))
        .collect();
    let followed: BTreeSet<&str> = steps
        .iter()
        .filter(|(name, _)| !replaced.contains_key(name.as_str()))
        .flat_map(|(_, step)| step.dependencies.iter().filter(|(own, _)| *own == label))
        .map(|(_, name)| replaced.get(name.as_str()).copied().unwrap_or(name))
        .collect();
    let is_last = |name: &&str| !replaced.contains_key(*name) && !followed.contains(*name);
    let leaves: Vec<&str> = steps.keys().map(String::as_str).filter(is_last).collect();
    let leaf = match leaves.as_slice() {
        [leaf] => (*leaf).to_owned(),
        [] => return Err(format!("the migrations of {label} have no last one")),
        several => {
            return Err(format!(
                "the migrations of {label} end in {} places ({}): merge them first",
                several.len(),
                several.join(", ")
            ));
        }
    };
    let numbers = steps.keys().filter_map(|name| name.split('_').next()?.parse::<u32>().ok());
    let next = numbers.max().unwrap_or(0).saturating_add(1);
    Ok(App { label, leaf, next })
}

/// The migrations in a folder by name; fails where one of them was not read.
fn steps(site: &FixContext<'_>, folder: &str) -> Result<BTreeMap<String, Migration>, String> {
    let eval = Evaluator::new(&site.project.code);
    let mut steps = BTreeMap::new();
    for name in site.disk.names(folder) {
        let Some(stem) = name.strip_suffix(".py").filter(|stem| !stem.starts_with(['_', '~'])) else {
            continue;
        };
        let path = format!("{folder}/{name}");
        let file = site
            .file(&path)
            .ok_or_else(|| format!("{path} was not read, so the last migration is not known"))?;
        if let Some(migration) = migration(&eval, file, &path) {
            steps.insert(stem.to_owned(), migration);
        }
    }
    Ok(steps)
}

fn migration(eval: &Evaluator<'_>, file: FileId, path: &str) -> Option<Migration> {
    let sources = sources::of_code(eval, file, path);
    sources.into_iter().find_map(|source| source.migration).map(|migration| *migration)
}

/// The label of the app whose migrations a folder holds: what its configuration says or the folder's name, where its steps follow each
/// other by that; else what most of them call it. Steps of other apps may have the same names.
fn label(site: &FixContext<'_>, folder: &str, steps: &BTreeMap<String, Migration>) -> Option<String> {
    let above = folder.rsplit_once('/').map_or("", |(above, _)| above);
    let eval = Evaluator::new(&site.project.code);
    let said = ["apps.py", "__init__.py"].iter().find_map(|name| {
        let path = format!("{above}/{name}");
        let sources = sources::of_code(&eval, site.file(&path)?, &path);
        sources.into_iter().find_map(|source| source.app_label)
    });
    let named = said.or_else(|| above.rsplit('/').next().filter(|name| !name.is_empty()).map(str::to_owned));
    let siblings = steps
        .values()
        .flat_map(|step| &step.dependencies)
        .filter(|(_, name)| steps.contains_key(name));
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    siblings.for_each(|(label, _)| *counts.entry(label).or_default() += 1);
    let is_used = named.as_deref().is_some_and(|named| counts.contains_key(named));
    if is_used || counts.is_empty() {
        return named;
    }
    counts
        .into_iter()
        .max_by_key(|(_, count)| *count)
        .map(|(label, _)| label.to_owned())
}

//! Tables whose rows staff keep in an admin site: as many as somebody cares to type, whatever the traffic.

use rustc_hash::{FxHashMap, FxHashSet};

use super::Project;
use super::eval::Evaluator;
use super::graph::FnId;
use super::rows::schema_model;
use crate::ir::{ClassId, ExprId, ExprKind, Module, Parent, StmtKind};
use crate::libraries::entries::EntryKind;
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::vocabulary::Open;
use crate::walk::FileRole;

/// Calls that take a model and make no row of it.
const HARMLESS: &[&str] = &[
    "register",
    "unregister",
    "ForeignKey",
    "OneToOneField",
    "ManyToManyField",
    "get_object_or_404",
    "get_list_or_404",
    "isinstance",
    "issubclass",
    "cast",
    "receiver",
    "connect",
];

/// Bases of models that visitors fill, by signing up.
const ACCOUNTS: &[&str] = &["AbstractUser", "AbstractBaseUser", "PermissionsMixin"];

/// Indexes into the schema's tables of those that are registered with an admin site, that no request, job or management
/// command adds rows to, and that hang on no table which grows.
pub fn kept_by_staff(project: &Project) -> FxHashSet<usize> {
    let mut kept = Registered::find(project);
    if kept.is_empty() {
        return FxHashSet::default();
    }
    for site in &project.graph.sites {
        if site.query.adds()
            && let Some(table) = project.table_of(&site.query)
            && is_traffic(project, site.file, site.function)
        {
            let name = table.name.clone();
            kept.retain(|_, &mut at| project.schema.tables.get(at).is_some_and(|table| table.name != name));
        }
    }
    for (file, module) in project.code.modules() {
        drop_made(project, file, module, &mut kept);
    }
    let mut tables: FxHashSet<usize> = kept.into_values().collect();
    loop {
        let before = tables.len();
        let still: FxHashSet<usize> = tables
            .iter()
            .copied()
            .filter(|&table| hangs_on_kept(project, table, &tables))
            .collect();
        tables = still;
        if tables.len() == before {
            return tables;
        }
    }
}

/// Registered models' names, with their tables.
type Kept<'p> = FxHashMap<&'p str, usize>;

struct Registered<'p> {
    project: &'p Project,
    eval: Evaluator<'p>,
    kept: Kept<'p>,
}

impl<'p> Registered<'p> {
    fn find(project: &'p Project) -> Kept<'p> {
        let mut found = Registered {
            project,
            eval: Evaluator::new(&project.code),
            kept: Kept::default(),
        };
        for (file, module) in project.code.modules() {
            project.code.part(file, || found.file(file, module));
        }
        found.kept
    }

    fn file(&mut self, file: FileId, module: &Module) {
        for id in module.call_ids() {
            self.call(file, module, id);
        }
        for (_, class) in module.class_ids() {
            // `class CityAdmin(ModelView, model=City)`.
            let model = class
                .bases
                .iter()
                .find(|base| base.name.is_some_and(|name| module.str(name) == "model"));
            if let Some(model) = model {
                self.add(file, model.value);
            }
        }
    }

    /// `admin.site.register(City)`, `@admin.register(City, Country)`.
    fn call(&mut self, file: FileId, module: &Module, id: ExprId) {
        let Some(call) = module.call(id).filter(|call| call.method() == Some("register")) else {
            return;
        };
        let receiver = call.receiver().and_then(|receiver| module.dotted(receiver)).unwrap_or_default();
        let last = receiver.rsplit('.').next().unwrap_or_default();
        if !last.contains("admin") && !last.contains("site") {
            return;
        }
        for arg in call.args.iter().filter(|arg| arg.name.is_none()) {
            match module.kind(arg.value) {
                ExprKind::List(items) | ExprKind::Tuple(items) => items.iter().for_each(|&item| self.add(file, item)),
                _ => self.add(file, arg.value),
            }
        }
    }

    fn add(&mut self, file: FileId, expr: ExprId) {
        let Value::Class(at, class) = self.eval.value(file, expr) else {
            return;
        };
        let Some(model) = schema_model(self.project, &RowModel::Class(at, class)) else {
            return;
        };
        if !self.is_account(at, class) && !self.makes_itself(at, class) {
            self.kept.insert(model.name.as_str(), model.table);
        }
    }

    fn is_account(&self, file: FileId, class: ClassId) -> bool {
        let ancestors = self.eval.ancestors(file, class);
        ancestors
            .iter()
            .any(|name| ACCOUNTS.contains(&name.rsplit('.').next().unwrap_or(name)))
    }

    /// `cls(…)` in a method of the class or of an ancestor: who calls that, makes rows.
    fn makes_itself(&self, file: FileId, class: ClassId) -> bool {
        self.eval.lineage(file, class).into_iter().any(|(at, class)| {
            let module = self.project.code.module(at);
            // Expressions are only passed by here.
            if !self.eval.afford(at, module.exprs.len() / 8) {
                return true;
            }
            let span = module.class(class).span;
            let mut calls = module.expr_ids().filter(|(_, expr)| span.encloses(expr.span));
            calls.any(|(id, _)| module.call(id).is_some_and(|call| matches!(module.name(call.root()), Some("cls"))))
        })
    }
}

/// Takes out the models that a file makes rows of, or hands to something that may.
fn drop_made(project: &Project, file: FileId, module: &Module, kept: &mut Kept<'_>) {
    if kept.is_empty() || !counts(project, file) {
        return;
    }
    for (id, expr) in module.expr_ids() {
        let name = match &expr.kind {
            ExprKind::Name(name) | ExprKind::Attr { name, .. } => module.str(*name),
            // `apps.get_model("shop", "City")`.
            ExprKind::Call { .. } => match looked_up(module, id) {
                Some(name) => name,
                None => continue,
            },
            _ => continue,
        };
        if kept.contains_key(name) && makes(module, id) && is_traffic(project, file, project.graph.id(file, module.owner(id))) {
            kept.remove(name);
        }
    }
}

fn looked_up(module: &Module, id: ExprId) -> Option<&str> {
    let call = module.call(id).filter(|call| call.method() == Some("get_model"))?;
    let text = module.string(call.args.last()?.value)?;
    text.rsplit('.').next()
}

/// Whether a model's name is called, is handed to a call, or is the `model` of a form, view or serializer.
fn makes(module: &Module, id: ExprId) -> bool {
    match module.expr(id).parent {
        Parent::Expr(outer) => match module.call(outer) {
            Some(call) if call.callee == id => true,
            Some(call) => !call.method().is_some_and(|method| HARMLESS.contains(&method)),
            None => matches!(module.kind(id), ExprKind::Call { .. }),
        },
        Parent::Stmt(stmt) => match module.stmt(stmt).kind {
            StmtKind::Assign {
                target,
                value: Some(value),
                ..
            } => value == id && (module.name(target) == Some("model") || matches!(module.kind(id), ExprKind::Call { .. })),
            _ => false,
        },
        _ => false,
    }
}

/// Whether what a file does happens in service, and not by staff's hands.
fn counts(project: &Project, file: FileId) -> bool {
    let path = project.path(file);
    !matches!(project.role(file), FileRole::Test | FileRole::Migration) && !project.words.has(Open::StaffPlaces, path)
}

/// Whether a function may run as often as there are visitors: all but what start-up alone reaches.
fn is_traffic(project: &Project, file: FileId, function: FnId) -> bool {
    if !counts(project, file) {
        return false;
    }
    project.graph.entry_of(function).is_none_or(|entry| match entry.kind {
        EntryKind::Startup => false,
        // A management command may import a whole catalogue; a program's own `main` sets it up.
        EntryKind::Command => project.path(entry.function.0).contains("management/commands"),
        _ => true,
    })
}

fn hangs_on_kept(project: &Project, table: usize, kept: &FxHashSet<usize>) -> bool {
    project.schema.tables.get(table).is_some_and(|table| {
        let mut targets = table.foreign_keys.iter().map(|key| project.schema.table_index(&key.target));
        targets.all(|target| target.is_some_and(|target| kept.contains(&target)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::facts::extract;
    use crate::walk::FileKind;

    const MODELS: &str = "
from django.db import models

class Currency(models.Model):
    code = models.CharField(max_length=3)

class Rate(models.Model):
    currency = models.ForeignKey(Currency, on_delete=models.CASCADE)

class Feedback(models.Model):
    text = models.TextField()

class Reply(models.Model):
    feedback = models.ForeignKey(Feedback, on_delete=models.CASCADE)
";

    fn kept(views: &str) -> Vec<String> {
        let admin = "
from django.contrib import admin
from shop.models import Currency, Feedback, Rate, Reply

admin.site.register(Currency)
admin.site.register([Feedback, Reply])

@admin.register(Rate)
class RateAdmin(admin.ModelAdmin):
    model = Rate
";
        let python = FileKind::Python;
        let files = [("shop/admin.py", admin), ("shop/models.py", MODELS), ("shop/views.py", views)];
        let project = Project::link(files.map(|(path, text)| extract(path, python, text)).to_vec());
        let mut names: Vec<String> = project
            .kept_by_staff
            .iter()
            .map(|&at| project.schema.tables[at].name.clone())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_only_the_admin_site_writes_is_kept_by_staff() {
        let views = "from shop.models import Feedback\n\ndef send(request):\n    Feedback.objects.create(text=request.POST['text'])\n";
        assert_eq!(kept(views), ["shop_currency", "shop_rate"]);
    }

    #[test]
    fn a_constructor_a_form_and_a_lookup_by_name_make_rows_too() {
        let made = "from shop.models import Feedback\n\ndef send(request):\n    Feedback(text='x').save()\n";
        assert_eq!(kept(made), ["shop_currency", "shop_rate"]);
        let form = "from shop.models import Currency\n\nclass Form:\n    class Meta:\n        model = Currency\n";
        assert_eq!(kept(form), ["shop_feedback", "shop_reply"]);
        let named = "from django.apps import apps\n\nmodel = apps.get_model('shop', 'Feedback')\n";
        assert_eq!(kept(named), ["shop_currency", "shop_rate"]);
    }
}

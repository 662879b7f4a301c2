//! What each operation of a migration changes: of the models that Django keeps in mind, and of the database.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::models::{MigratedModel, default_table, name_of, placed};
use crate::libraries::django::migrations::plain_index;
use crate::libraries::shared::declared::{CreatedModel, Migration, MigrationStep, ModelField, ModelOp};
use crate::source::Span;
use crate::statement::{ColumnDef, Constraint, SchemaChange, SchemaOp, TableDef};

/// The changes that one operation makes.
#[derive(Default)]
struct Out {
    changes: Vec<SchemaChange>,
    span: Span,
    database: bool,
}

impl Out {
    fn push(&mut self, op: SchemaOp) {
        if self.database {
            self.changes.push(SchemaChange { op, span: self.span });
        }
    }
}

/// All models as the migrations so far made them, by label and lower-case name.
#[derive(Default)]
pub(super) struct ProjectState {
    pub(super) models: BTreeMap<(String, String), MigratedModel>,
    /// Labels of the models of a name.
    pub(super) apps: FxHashMap<String, Vec<String>>,
}

impl ProjectState {
    pub(super) fn migration(&mut self, label: &str, migration: &Migration) -> Vec<SchemaChange> {
        let mut out = Out::default();
        for step in &migration.steps {
            self.step(label, step, &mut out);
        }
        out.changes
    }

    fn step(&mut self, label: &str, step: &MigrationStep, out: &mut Out) {
        out.span = step.span;
        out.database = step.database;
        if step.state {
            self.apply(label, &step.op, out);
        } else {
            self.apply_to_database(label, &step.op, out);
        }
    }

    /// What only the database sees leaves the models as they are.
    fn apply_to_database(&mut self, label: &str, op: &ModelOp, out: &mut Out) {
        let name = match op {
            ModelOp::Rename(from, to) => {
                let own = self.models.get(&Self::key(label, from));
                let before = own.map_or_else(|| default_table(label, from), |own| own.table.clone());
                out.push(SchemaOp::RenameTable(before, default_table(label, to)));
                return;
            }
            ModelOp::Create(created) => &created.name,
            ModelOp::Sql(_) => return self.apply(label, op, out),
            ModelOp::Delete(name)
            | ModelOp::Table(name, _)
            | ModelOp::AddField(name, ..)
            | ModelOp::AlterField(name, _)
            | ModelOp::RemoveField(name, _)
            | ModelOp::RenameField(name, ..)
            | ModelOp::Together(name, ..)
            | ModelOp::AddPart(name, _)
            | ModelOp::RemoveIndex(name, _)
            | ModelOp::RemoveConstraint(name, _)
            | ModelOp::RenameIndex(name, ..) => name,
        };
        let key = Self::key(label, name);
        let (model, apps) = (self.models.get(&key).cloned(), self.apps.get(&key.1).cloned());
        self.apply(label, op, out);
        match model {
            Some(model) => self.models.insert(key.clone(), model),
            None => self.models.remove(&key),
        };
        match apps {
            Some(apps) => self.apps.insert(key.1, apps),
            None => self.apps.remove(&key.1),
        };
    }

    fn key(label: &str, model: &str) -> (String, String) {
        // `app.Model` names its app itself.
        let (label, model) = model.rsplit_once('.').unwrap_or((label, model));
        (label.to_owned(), model.to_lowercase())
    }

    /// The table of a model that a relation names.
    fn table_of(&self, label: &str, model: &str, target: &str) -> String {
        if target.eq_ignore_ascii_case("self") {
            return self
                .models
                .get(&Self::key(label, model))
                .map_or_else(|| default_table(label, model), |own| own.table.clone());
        }
        if let Some(own) = self.models.get(&Self::key(label, target)) {
            return own.table.clone();
        }
        match target.rsplit_once('.') {
            Some((app, name)) => default_table(app, name),
            // The swappable user model goes by its bare name.
            None => match self.apps.get(&target.to_lowercase()).map(Vec::as_slice) {
                Some([app]) => self
                    .models
                    .get(&Self::key(app, target))
                    .map_or_else(|| target.to_owned(), |own| own.table.clone()),
                _ => target.to_owned(),
            },
        }
    }

    /// A model that an operation names; one that nothing created is made up.
    fn model(&mut self, label: &str, model: &str) -> &mut MigratedModel {
        self.models.entry(Self::key(label, model)).or_insert_with(|| MigratedModel {
            table: default_table(label, model),
            ..MigratedModel::default()
        })
    }

    fn resolved(&self, label: &str, model: &str, column: &ColumnDef) -> ColumnDef {
        let mut column = column.clone();
        if let Some((target, _)) = &mut column.references {
            *target = self.table_of(label, model, target);
        }
        column
    }

    fn apply(&mut self, label: &str, op: &ModelOp, out: &mut Out) {
        match op {
            ModelOp::Create(created) => self.create(label, created, out),
            ModelOp::Delete(name) => self.delete(label, name, out),
            ModelOp::Rename(from, to) => self.rename(label, from, to, out),
            ModelOp::Table(name, table) => {
                let default = default_table(label, name);
                let own = self.model(label, name);
                let table_name = table.clone().unwrap_or(default);
                let before = std::mem::replace(&mut own.table, table_name.clone());
                own.named = table.is_some();
                if before != table_name && !own.unmanaged {
                    out.push(SchemaOp::RenameTable(before, table_name));
                }
            }
            ModelOp::AddField(model, field, asked) => self.add_field(label, model, field, *asked, out),
            ModelOp::AlterField(model, field) => self.alter_field(label, model, field, out),
            ModelOp::RemoveField(model, name) => self.remove_field(label, model, name, out),
            ModelOp::RenameField(model, from, to) => self.rename_field(label, model, from, to, out),
            ModelOp::Together(model, unique, groups) => self.together(label, model, *unique, groups, out),
            ModelOp::AddPart(model, part) => {
                let own = self.model(label, model);
                if !own.unmanaged {
                    let part = placed(own, part);
                    part.indexes
                        .into_iter()
                        .for_each(|index| out.push(SchemaOp::AddIndex(index, false)));
                    for (constraint, _) in part.constraints {
                        out.push(SchemaOp::AddConstraint(own.table.clone(), constraint));
                    }
                }
            }
            ModelOp::RemoveIndex(model, name) => {
                let table = self.model(label, model).table.clone();
                out.push(SchemaOp::DropIndex(name.clone(), Some(table)));
            }
            ModelOp::RemoveConstraint(model, name) => {
                let table = self.model(label, model).table.clone();
                out.push(SchemaOp::DropConstraint(table, name.clone()));
            }
            ModelOp::RenameIndex(model, old, new) => {
                let own = self.model(label, model);
                match old {
                    Ok(name) => out.push(SchemaOp::RenameIndex(name.clone(), new.clone())),
                    Err(fields) => {
                        let columns = own.columns(fields);
                        out.push(SchemaOp::RenameIndex(unnamed(&own.table, &columns), new.clone()));
                        own.together.retain(|group| group != fields);
                    }
                }
            }
            ModelOp::Sql(changes) if out.database => out.changes.extend(changes.iter().cloned()),
            ModelOp::Sql(_) => {}
        }
    }

    fn create(&mut self, label: &str, created: &CreatedModel, out: &mut Out) {
        let model = MigratedModel {
            table: created
                .table
                .clone()
                .map_or_else(|| default_table(label, &created.name), |table| table.replace(['"', '`'], "")),
            named: created.table.is_some(),
            unmanaged: created.unmanaged,
            fields: created.fields.clone(),
            unique: created.unique.clone(),
            together: created.together.clone(),
        };
        self.models.insert(Self::key(label, &created.name), model.clone());
        let apps = self.apps.entry(created.name.to_lowercase()).or_default();
        // A proxy has no table that a key could point to.
        if !created.proxy && !apps.iter().any(|app| app == label) {
            apps.push(label.to_owned());
        }
        if created.unmanaged {
            return;
        }
        let mut table = placed(&model, &created.parts);
        table.name.clone_from(&model.table);
        table.span = out.span;
        for field in &model.fields {
            if let ModelField::Column(column) = field {
                table.columns.push(self.resolved(label, &created.name, column));
            }
        }
        for group in &model.unique {
            table.constraints.push((Constraint::Unique(None, model.columns(group)), out.span));
        }
        for group in &model.together {
            table.indexes.push(plain_index(&model.table, model.columns(group), out.span));
        }
        out.push(SchemaOp::CreateTable(table, false));
        for field in &model.fields {
            self.create_link(label, &created.name, field, out);
        }
    }

    /// The table of a many-to-many field.
    fn create_link(&self, label: &str, model: &str, field: &ModelField, out: &mut Out) {
        let ModelField::Many {
            name,
            target,
            table,
            through: false,
        } = field
        else {
            return;
        };
        let Some(own) = self.models.get(&Self::key(label, model)) else {
            return;
        };
        let link = table.clone().unwrap_or_else(|| format!("{}_{name}", own.table));
        let bare = target.rsplit('.').next().unwrap_or(target).to_lowercase();
        let own_name = model.to_lowercase();
        let (from, to) = if bare == "self" || bare == own_name {
            (format!("from_{own_name}_id"), format!("to_{own_name}_id"))
        } else {
            (format!("{own_name}_id"), format!("{bare}_id"))
        };
        let key = |name: &str, table: String, indexed: bool| ColumnDef {
            name: name.to_owned(),
            data_type: "bigint".to_owned(),
            indexed,
            references: Some((table, None)),
            span: out.span,
            ..ColumnDef::default()
        };
        let id = ColumnDef {
            name: "id".to_owned(),
            data_type: "bigint".to_owned(),
            primary: true,
            span: out.span,
            ..ColumnDef::default()
        };
        let there = self.table_of(label, model, target);
        let def = TableDef {
            name: link,
            // The unique constraint leads with the first key: Django's further index on it is nothing that one could act on.
            columns: vec![id, key(&from, own.table.clone(), false), key(&to, there, true)],
            constraints: vec![(Constraint::Unique(None, vec![from, to]), out.span)],
            span: out.span,
            ..TableDef::default()
        };
        out.push(SchemaOp::CreateTable(def, false));
    }

    fn drop_link(model: &MigratedModel, field: &ModelField, out: &mut Out) {
        if let ModelField::Many {
            name,
            table,
            through: false,
            ..
        } = field
        {
            out.push(SchemaOp::DropTable(
                table.clone().unwrap_or_else(|| format!("{}_{name}", model.table)),
            ));
        }
    }

    fn delete(&mut self, label: &str, name: &str, out: &mut Out) {
        let key = Self::key(label, name);
        if let Some(model) = self.models.remove(&key)
            && !model.unmanaged
        {
            model.fields.iter().for_each(|field| Self::drop_link(&model, field, out));
            out.push(SchemaOp::DropTable(model.table));
        }
        if let Some(apps) = self.apps.get_mut(&key.1) {
            apps.retain(|app| app != label);
        }
    }

    fn rename(&mut self, label: &str, from: &str, to: &str, out: &mut Out) {
        let Some(mut model) = self.models.remove(&Self::key(label, from)) else {
            out.push(SchemaOp::RenameTable(default_table(label, from), default_table(label, to)));
            return;
        };
        let before = model.table.clone();
        if !model.named {
            model.table = default_table(label, to);
        }
        if before != model.table && !model.unmanaged {
            for field in &model.fields {
                if let ModelField::Many {
                    name,
                    table: None,
                    through: false,
                    ..
                } = field
                {
                    out.push(SchemaOp::RenameTable(format!("{before}_{name}"), format!("{}_{name}", model.table)));
                }
            }
            out.push(SchemaOp::RenameTable(before, model.table.clone()));
        }
        if let Some(apps) = self.apps.get_mut(&from.to_lowercase()) {
            apps.retain(|app| app != label);
        }
        self.apps.entry(to.to_lowercase()).or_default().push(label.to_owned());
        // Relations name models: those that led to the old name lead to the new one.
        let (old, new) = (Self::key(label, from), format!("{label}.{to}"));
        for ((app, _), other) in &mut self.models {
            for field in &mut other.fields {
                let (ModelField::Column(ColumnDef {
                    references: Some((target, _)),
                    ..
                })
                | ModelField::Many { target, .. }) = field
                else {
                    continue;
                };
                if Self::key(app, target) == old {
                    target.clone_from(&new);
                }
            }
        }
        self.models.insert(Self::key(label, to), model);
    }

    fn add_field(&mut self, label: &str, model: &str, field: &ModelField, asked: bool, out: &mut Out) {
        let own = self.model(label, model);
        let table = own.table.clone();
        let unmanaged = own.unmanaged;
        own.fields.retain(|other| name_of(other) != name_of(field));
        own.fields.push(field.clone());
        if unmanaged {
            return;
        }
        if let ModelField::Column(column) = field {
            let mut column = self.resolved(label, model, column);
            // An index that is asked for is a step of its own, so that its cost can be told.
            let index = (asked && column.indexed && !column.unique).then(|| plain_index(&table, vec![column.name.clone()], out.span));
            column.indexed &= index.is_none();
            out.push(SchemaOp::AddColumn(table, column));
            out.changes.extend(index.filter(|_| out.database).map(|index| SchemaChange {
                op: SchemaOp::AddIndex(index, false),
                span: out.span,
            }));
        } else {
            self.create_link(label, model, field, out);
        }
    }

    fn remove_field(&mut self, label: &str, model: &str, name: &str, out: &mut Out) {
        let own = self.model(label, model);
        let removed = own.position(name).map(|at| own.fields.remove(at));
        if own.unmanaged {
            return;
        }
        match removed {
            Some(ModelField::Column(column)) => out.push(SchemaOp::DropColumn(own.table.clone(), column.name)),
            Some(field) => Self::drop_link(own, &field, out),
            None => out.push(SchemaOp::DropColumn(own.table.clone(), name.to_owned())),
        }
    }

    fn rename_field(&mut self, label: &str, model: &str, from: &str, to: &str, out: &mut Out) {
        let own = self.model(label, model);
        for group in own.unique.iter_mut().chain(&mut own.together) {
            group
                .iter_mut()
                .filter(|field| *field == from)
                .for_each(|field| to.clone_into(field));
        }
        let table = own.table.clone();
        let unmanaged = own.unmanaged;
        let Some(at) = own.position(from) else {
            out.push(SchemaOp::RenameColumn(table, from.to_owned(), to.to_owned()));
            return;
        };
        match &mut own.fields[at] {
            ModelField::Column(column) => {
                let before = column.name.clone();
                if column.name == from {
                    to.clone_into(&mut column.name);
                } else if column.name == format!("{from}_id") {
                    column.name = format!("{to}_id");
                    column.field = Some(to.to_owned());
                } else {
                    column.field = Some(to.to_owned());
                }
                if before != column.name && !unmanaged {
                    out.push(SchemaOp::RenameColumn(table, before, column.name.clone()));
                }
            }
            ModelField::Many {
                name,
                table: link,
                through,
                ..
            } => {
                if !*through && link.is_none() {
                    out.push(SchemaOp::RenameTable(format!("{table}_{from}"), format!("{table}_{to}")));
                }
                to.clone_into(name);
            }
            ModelField::Virtual(name) => to.clone_into(name),
        }
    }

    /// A new definition of a field: its index, uniqueness and key come and go with it.
    fn alter_field(&mut self, label: &str, model: &str, field: &ModelField, out: &mut Out) {
        let own = self.model(label, model);
        let before = own.position(name_of(field)).map(|at| own.fields.remove(at));
        let (table, unmanaged) = (own.table.clone(), own.unmanaged);
        own.fields.push(field.clone());
        if unmanaged {
            return;
        }
        let (Some(ModelField::Column(before)), ModelField::Column(after)) = (before, field) else {
            return;
        };
        let before = self.resolved(label, model, &before);
        let after = self.resolved(label, model, after);
        if before.name != after.name {
            out.push(SchemaOp::RenameColumn(table.clone(), before.name.clone(), after.name.clone()));
        }
        let columns = vec![after.name.clone()];
        if before.references.is_some() && before.references != after.references {
            out.push(SchemaOp::DropConstraint(table.clone(), format!("{table}_{}_fkey", after.name)));
        }
        if before.unique && !after.unique {
            out.push(SchemaOp::DropConstraint(table.clone(), format!("{table}_{}_key", after.name)));
        }
        let indexed = |column: &ColumnDef| column.indexed && !column.unique && !column.primary;
        if indexed(&before) && !indexed(&after) {
            out.push(SchemaOp::DropIndex(unnamed(&table, &columns), Some(table.clone())));
        }
        out.push(SchemaOp::AlterColumn(table.clone(), after.clone()));
        if after.data_type == before.data_type && after.nullable != before.nullable {
            let nullable = ColumnDef {
                data_type: String::new(),
                ..after.clone()
            };
            out.push(SchemaOp::AlterColumn(table.clone(), nullable));
        }
        if after.unique && !before.unique && !after.primary {
            out.push(SchemaOp::AddConstraint(table.clone(), Constraint::Unique(None, columns.clone())));
        }
        if after.primary && !before.primary {
            out.push(SchemaOp::AddConstraint(table.clone(), Constraint::Primary(columns.clone())));
        }
        if let Some((target, there)) = after.references.clone().filter(|_| before.references != after.references) {
            let key = Constraint::Foreign(None, columns.clone(), target, there.into_iter().collect());
            out.push(SchemaOp::AddConstraint(table.clone(), key));
        }
        if indexed(&after) && !indexed(&before) {
            out.push(SchemaOp::AddIndex(plain_index(&table, columns, out.span), false));
        }
    }

    fn together(&mut self, label: &str, model: &str, unique: bool, groups: &[Vec<String>], out: &mut Out) {
        let own = self.model(label, model);
        let slot = if unique { &mut own.unique } else { &mut own.together };
        let before = std::mem::replace(slot, groups.to_vec());
        if own.unmanaged {
            return;
        }
        let table = own.table.clone();
        for gone in before.iter().filter(|group| !groups.contains(group)) {
            let columns = own.columns(gone);
            if unique {
                out.push(SchemaOp::DropConstraint(
                    table.clone(),
                    format!("{table}_{}_key", columns.join("_")),
                ));
            } else {
                out.push(SchemaOp::DropIndex(unnamed(&table, &columns), Some(table.clone())));
            }
        }
        for new in groups.iter().filter(|group| !before.contains(group)) {
            let columns = own.columns(new);
            if unique {
                out.push(SchemaOp::AddConstraint(table.clone(), Constraint::Unique(None, columns)));
            } else {
                out.push(SchemaOp::AddIndex(plain_index(&table, columns, out.span), false));
            }
        }
    }
}

/// The name by which the replay knows an index that was given none.
fn unnamed(table: &str, columns: &[String]) -> String {
    format!("{table}_{}_idx", columns.join("_"))
}

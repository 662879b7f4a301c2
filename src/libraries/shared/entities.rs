//! Entities that are classes with decorators: those of `TypeORM`, of `MikroORM` and of sequelize-typescript.

use crate::ir::{Call, ClassId, ExprId, ExprKind, StmtKind};
use crate::libraries::shared::declared::{self, Consts, Declared};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::tool::Tool;
use crate::libraries::shared::ts_options::{OptionReader, index};
use crate::libraries::shared::value::{FileId, Value};
use crate::source::Span;
use crate::statement::{ColumnDef, Constraint, Loading, ModelDef, RelationDef, TableDef};

/// What differs between the libraries whose entities are written so.
pub struct EntityClasses {
    /// The library.
    pub tool: Tool,
    /// The decorator of a class that is a model; without it those whose names end in `Entity`.
    pub decorator: Option<&'static str>,
    /// The table's name is an option of this name, too.
    pub table_option: Option<&'static str>,
    /// The table of a model that names none.
    pub table_name: fn(&str) -> String,
    /// The column of a field that names none; of a relation, with the key that it points to.
    pub column_name: fn(&str, Option<&str>) -> String,
    /// Options of a field that name its column.
    pub column_options: &'static [&'static str],
    /// The option of a model that keeps the rows that are deleted, and marks them.
    pub keeps_deleted: Option<&'static str>,
    /// The decorator of the field that says when a row was deleted.
    pub deleted_at: &'static str,
    /// A decorator that is not called (`@PrimaryKey`) makes a column.
    pub takes_bare_decorators: bool,
    /// The option by which one side of a one-to-one relation says that it has the key.
    pub owner_option: Option<&'static str>,
}

/// Reads the entities of a library in a file.
pub fn declared(resolver: &dyn Resolver, file: FileId, library: &EntityClasses) -> Declared {
    let module = resolver.module(file);
    let consts = Consts::new(resolver);
    let reader = Reader {
        options: OptionReader { consts: &consts, file },
        library,
    };
    let models = module.class_ids().filter_map(|(class, _)| reader.model(class)).collect();
    Declared {
        tool: Some(library.tool),
        models,
        ..Declared::default()
    }
}

/// Decorators of a primary key's field.
fn is_primary(decorator: &str) -> bool {
    matches!(
        decorator,
        "PrimaryKey" | "PrimaryColumn" | "PrimaryGeneratedColumn" | "ObjectIdColumn" | "SerializedPrimaryKey"
    )
}

#[derive(Clone, Copy)]
struct Reader<'c, 'r> {
    options: OptionReader<'c, 'r>,
    library: &'c EntityClasses,
}

/// A field of a class.
struct Field<'r> {
    name: &'r str,
    annotation: Option<ExprId>,
    span: Span,
}

/// A decorator: its name and its call.
struct Decorator<'r> {
    name: &'r str,
    call: Option<Call<'r>>,
}

impl<'r> Reader<'_, 'r> {
    fn decorators(&self, exprs: &[ExprId]) -> Vec<Decorator<'r>> {
        let module = self.options.module();
        exprs
            .iter()
            .filter_map(|&expr| {
                let call = module.call(expr);
                let name = match call {
                    Some(call) => call.method()?,
                    None => module.name(expr)?,
                };
                Some(Decorator { name, call })
            })
            .collect()
    }

    fn model(&self, class: ClassId) -> Option<ModelDef> {
        let module = self.options.module();
        let definition = module.class(class);
        let decorators = self.decorators(&definition.decorators);
        let entity = decorators.iter().find(|decorator| match self.library.decorator {
            Some(name) => decorator.name == name,
            None => decorator.name.ends_with("Entity"),
        })?;
        let options = entity.call.as_ref().and_then(|call| self.options.options(call));
        if self.options.flag(options, "abstract") {
            return None;
        }
        let name = module.str(definition.name?).to_owned();
        let given = entity
            .call
            .as_ref()
            .and_then(|call| call.arg(0))
            .and_then(|expr| self.options.text(expr).filter(|_| entity.name == "Entity"))
            .or_else(|| self.options.text_of(options, "tableName"))
            .or_else(|| self.options.text_of(options, self.library.table_option?));
        let table_name = given.unwrap_or_else(|| (self.library.table_name)(&name));
        let schema = self.options.text_of(options, "schema");
        let mut model = ModelDef {
            table: TableDef {
                name: schema.map_or_else(|| table_name.clone(), |schema| format!("{schema}.{table_name}")),
                span: definition.name_span,
                ..TableDef::default()
            },
            name,
            deleted_by: self.marks_deleted(options),
            ..ModelDef::default()
        };
        for (file, class) in self.lineage(class, &mut model.table) {
            Reader {
                options: OptionReader { file, ..self.options },
                ..*self
            }
            .members(class, &mut model, file == self.options.file);
        }
        Some(model)
    }

    /// `@Table({ paranoid: true })`: the field that says when a row was deleted, which is kept.
    fn marks_deleted(&self, options: Option<ExprId>) -> Option<String> {
        let marks = self.library.keeps_deleted.is_some_and(|option| self.options.flag(options, option));
        let own = || self.options.text_of(options, "deletedAt").unwrap_or_else(|| "deletedAt".to_owned());
        marks.then(own)
    }

    /// A class of any file and its bases.
    fn lineage_of(&self, file: FileId, class: ClassId) -> Vec<(FileId, ClassId)> {
        let reader = Reader {
            options: OptionReader { file, ..self.options },
            ..*self
        };
        reader.lineage(class, &mut TableDef::default())
    }

    /// The class and its bases in the project.
    fn lineage(&self, class: ClassId, table: &mut TableDef) -> Vec<(FileId, ClassId)> {
        let mut list = vec![(self.options.file, class)];
        let mut at = 0;
        while let Some(&(file, class)) = list.get(at) {
            at += 1;
            for base in &self.options.consts.resolver.module(file).class(class).bases {
                let base = self.options.consts.resolver.module(file).unapplied(base.value);
                match self.options.consts.resolver.value(file, base) {
                    Value::Class(file, class) => declared::add_base(&mut list, (file, class), table.span),
                    // TypeORM's active record and the like bring no columns.
                    Value::External(name) if name.ends_with("BaseEntity") || name.ends_with(".Model") => {}
                    _ => table.open = true,
                }
            }
        }
        list
    }

    fn members(&self, class: ClassId, model: &mut ModelDef, own: bool) {
        let module = self.options.module();
        let definition = module.class(class);
        let mut pending: &[ExprId] = &[];
        for &stmt in &definition.body {
            match &module.stmt(stmt).kind {
                StmtKind::Other(decorators) => pending = decorators,
                StmtKind::Assign { target, annotation, .. } => {
                    if let Some(name) = module.name(*target).filter(|_| !pending.is_empty()) {
                        let span = if own { module.stmt(stmt).span } else { model.table.span };
                        let field = Field {
                            name,
                            annotation: *annotation,
                            span,
                        };
                        self.member(&field, &self.decorators(pending), model);
                    }
                    pending = &[];
                }
                _ => pending = &[],
            }
        }
        let span = |call: &Call| if own { module.expr(call.id).span } else { model.table.span };
        let parts: Vec<(Decorator, Span)> = self
            .decorators(&definition.decorators)
            .into_iter()
            .filter_map(|decorator| {
                let at = span(decorator.call.as_ref()?);
                Some((decorator, at))
            })
            .collect();
        for (decorator, span) in parts {
            self.class_part(&decorator, span, model);
        }
    }

    fn mentions_null(&self, annotation: ExprId) -> bool {
        let module = self.options.module();
        matches!(module.kind(annotation), ExprKind::Null)
            || module
                .children(annotation)
                .iter()
                .any(|&child| matches!(module.kind(child), ExprKind::Null))
    }

    /// `@Index(["a", "b"], { unique: true })`, `@Index("name", ["a"])`, `@Unique({ properties: […] })` on the class.
    fn class_part(&self, decorator: &Decorator, span: Span, model: &mut ModelDef) {
        let Some(call) = &decorator.call else { return };
        let unique = match decorator.name {
            "Unique" => true,
            "Index" => false,
            _ => return,
        };
        let options = self.options.options(call);
        let module = self.options.module();
        let is_list = |expr: &ExprId| matches!(module.kind(*expr), ExprKind::List(_) | ExprKind::Lambda(_));
        let list = call.args.iter().map(|arg| arg.value).find(is_list);
        let mut fields = list.map_or_else(Vec::new, |list| self.options.fields(list));
        for key in ["properties", "fields"] {
            if fields.is_empty() {
                fields = self.options.texts_of(options, key);
            }
        }
        if fields.is_empty() {
            return;
        }
        let name = call
            .arg(0)
            .and_then(|expr| module.string(expr).map(ToOwned::to_owned))
            .or_else(|| self.options.text_of(options, "name"));
        let predicate = self.options.get(options, "where");
        if unique && predicate.is_none() {
            model.table.constraints.push((Constraint::Unique(name, fields), span));
            return;
        }
        let unique = unique || self.options.flag(options, "unique");
        let mut index = index(name, &model.table.name, &fields, unique, span);
        index.predicate = predicate.map(|expr| self.options.text(expr).unwrap_or_else(|| "?".to_owned()));
        let kind = self.options.text_of(options, "type");
        index.method = kind
            .or_else(|| self.options.flag(options, "fulltext").then(|| "fulltext".to_owned()))
            .or_else(|| self.options.flag(options, "spatial").then(|| "gist".to_owned()));
        model.table.indexes.push(index);
    }

    /// The class that a field's type names: `Team`, `Team | null`.
    fn named_type(&self, annotation: ExprId) -> Option<String> {
        let module = self.options.module();
        let name = |expr: ExprId| {
            module
                .name(expr)
                .filter(|name| name.starts_with(char::is_uppercase))
                .map(ToOwned::to_owned)
        };
        name(annotation).or_else(|| match module.kind(annotation) {
            ExprKind::Other(_) | ExprKind::Binary { .. } => module.children(annotation).into_iter().find_map(name),
            _ => None,
        })
    }

    fn member(&self, field: &Field, decorators: &[Decorator], model: &mut ModelDef) {
        let known = |column: &ColumnDef| column.field.as_deref().unwrap_or(&column.name) == field.name;
        if model.table.columns.iter().any(known) {
            return;
        }
        if let Some(column) = self.column(field, decorators, model) {
            // A key's column can be declared by itself and by its relation.
            match model.table.columns.iter_mut().find(|own| own.name == column.name) {
                Some(own) => {
                    own.references = own.references.take().or(column.references);
                    own.unique |= column.unique;
                    own.indexed |= column.indexed;
                }
                None => model.table.columns.push(column),
            }
        }
    }

    fn column(&self, field: &Field, decorators: &[Decorator], model: &mut ModelDef) -> Option<ColumnDef> {
        let span = field.span;
        let mut column = ColumnDef {
            nullable: field.annotation.is_some_and(|expr| self.mentions_null(expr)),
            span,
            ..ColumnDef::default()
        };
        let mut is_column = false;
        let mut given: Option<String> = None;
        let mut relation = false;
        for decorator in decorators {
            if decorator.name == self.library.deleted_at {
                model.deleted_by = Some(field.name.to_owned());
            }
            let options = decorator.call.as_ref().and_then(|call| self.options.options(call));
            match decorator.name {
                "Index" => {
                    // A partial or special index on one field is written out.
                    let special = self.options.get(options, "where").is_some() || self.options.get(options, "type").is_some();
                    if special || self.options.text_of(options, "name").is_some() {
                        let mut index = index(
                            self.options.text_of(options, "name"),
                            &model.table.name,
                            &[field.name.to_owned()],
                            self.options.flag(options, "unique"),
                            span,
                        );
                        index.predicate = self
                            .options
                            .get(options, "where")
                            .map(|expr| self.options.text(expr).unwrap_or_else(|| "?".to_owned()));
                        index.method = self.options.text_of(options, "type");
                        model.table.indexes.push(index);
                    } else if self.options.flag(options, "unique") {
                        column.unique = true;
                    } else {
                        column.indexed = true;
                    }
                }
                "Unique" => column.unique = true,
                name if is_primary(name) => {
                    is_column |= self.library.takes_bare_decorators || decorator.call.is_some();
                    column.primary = true;
                    given = given.or_else(|| self.names_column(options));
                }
                "ForeignKey" => {
                    let target = decorator
                        .call
                        .as_ref()
                        .and_then(|call| call.arg(0))
                        .and_then(|expr| self.options.model(expr));
                    column.references = target.map(|target| (target, None));
                }
                "ManyToOne" | "OneToOne" | "OneToMany" | "ManyToMany" | "BelongsTo" | "HasMany" | "HasOne" | "BelongsToMany" => {
                    relation = true;
                    let joins = decorators.iter().any(|other| other.name == "JoinColumn");
                    self.relation(field, decorator, joins, &mut column, model);
                    is_column |= column.references.is_some();
                    given = given.or_else(|| self.names_column(options));
                }
                "JoinColumn" => given = self.text_of_join(options).or(given),
                name if name.ends_with("Column") || matches!(name, "Property" | "Enum" | "Formula" | "Embedded") => {
                    is_column |= !matches!(name, "Formula" | "Embedded" | "VirtualColumn");
                    self.plain(decorator, options, &mut column);
                    given = given.or_else(|| self.names_column(options));
                }
                _ => {}
            }
        }
        if !is_column {
            return None;
        }
        let own = field;
        let field = field.name;
        let key = || self.target_key(own.annotation, decorators).unwrap_or_else(|| "id".to_owned());
        let default = || (self.library.column_name)(field, relation.then(key).as_deref());
        column.name = given.unwrap_or_else(default);
        column.field = (column.name != field).then(|| field.to_owned());
        // `where: { depot: { id } }` is a filter on the key's column.
        if let Some(made) = model
            .relations
            .last_mut()
            .filter(|made| relation && made.name == field && !made.to_many)
        {
            made.fields = vec![field.to_owned()];
        }
        Some(column)
    }

    /// The primary key of the entity that a relation leads to, where it is one field.
    fn target_key(&self, annotation: Option<ExprId>, decorators: &[Decorator]) -> Option<String> {
        let resolver = self.options.consts.resolver;
        let given = decorators.iter().filter_map(|decorator| decorator.call.as_ref()).find_map(|call| {
            let options = self.options.options(call);
            let first = call.arg(0).filter(|&expr| self.options.object(expr).is_none());
            let target = self.options.get(options, "entity").or(first)?;
            Some(self.options.module().returned_by(target).unwrap_or(target))
        });
        let target = given
            .into_iter()
            .chain(annotation)
            .find_map(|expr| match resolver.value(self.options.file, expr) {
                Value::Class(at, class) => Some((at, class)),
                _ => None,
            });
        let (file, class) = target?;
        let mut keys = Vec::new();
        for (file, class) in self.lineage_of(file, class) {
            let reader = Reader {
                options: OptionReader { file, ..self.options },
                ..*self
            };
            reader.primary_fields(class, &mut keys);
        }
        match keys.as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        }
    }

    /// The fields of a class that its primary key is made of.
    fn primary_fields(&self, class: ClassId, out: &mut Vec<String>) {
        let module = self.options.module();
        let mut pending: &[ExprId] = &[];
        for &stmt in &module.class(class).body {
            match &module.stmt(stmt).kind {
                StmtKind::Other(decorators) => pending = decorators,
                StmtKind::Assign { target, .. } => {
                    let is_key = self.decorators(pending).iter().any(|decorator| {
                        let options = decorator.call.as_ref().and_then(|call| self.options.options(call));
                        is_primary(decorator.name) || self.options.flag(options, "primary")
                    });
                    out.extend(module.name(*target).filter(|_| is_key).map(ToOwned::to_owned));
                    pending = &[];
                }
                _ => pending = &[],
            }
        }
    }

    fn names_column(&self, options: Option<ExprId>) -> Option<String> {
        let keys = self.library.column_options;
        keys.iter().find_map(|key| self.options.text_of(options, key))
    }

    fn text_of_join(&self, options: Option<ExprId>) -> Option<String> {
        self.options.text_of(options, "name")
    }

    /// Type and flags of a plain column.
    fn plain(&self, decorator: &Decorator, options: Option<ExprId>, column: &mut ColumnDef) {
        let first = decorator.call.as_ref().and_then(|call| call.arg(0));
        let data_type = first
            .and_then(|expr| self.options.module().string(expr).map(ToOwned::to_owned))
            .or_else(|| self.options.text_of(options, "type"))
            .or_else(|| self.options.text_of(options, "columnType"));
        if let Some(data_type) = data_type {
            column.data_type = data_type.to_lowercase();
        }
        column.nullable |= self.options.flag(options, "nullable") || self.options.flag(options, "allowNull");
        column.unique |= self.options.set(options, "unique");
        column.indexed |= self.options.set(options, "index");
        column.primary |= self.options.flag(options, "primary") || self.options.flag(options, "primaryKey");
    }

    fn relation(&self, field: &Field, decorator: &Decorator, joins: bool, column: &mut ColumnDef, model: &mut ModelDef) {
        let Some(call) = &decorator.call else { return };
        let options = self.options.options(call);
        let named = self.options.get(options, "entity");
        let first = call.arg(0).filter(|&expr| self.options.object(expr).is_none());
        let given = named.or(first).and_then(|expr| self.options.model(expr));
        let Some(target) = given.or_else(|| self.named_type(field.annotation?)) else {
            return;
        };
        let to_many = matches!(decorator.name, "OneToMany" | "ManyToMany" | "HasMany" | "BelongsToMany");
        let owns = match decorator.name {
            "ManyToOne" => true,
            "OneToOne" => joins || self.library.owner_option.is_some_and(|option| self.options.flag(options, option)),
            _ => false,
        };
        let inverse = call
            .arg(1)
            .map(|expr| self.options.fields(expr))
            .and_then(|fields| fields.into_iter().next())
            .or_else(|| self.options.text_of(options, "mappedBy"));
        let loading = if self.options.flag(options, "eager") {
            Loading::Eager
        } else {
            Loading::Explicit
        };
        model.relations.push(RelationDef {
            name: field.name.to_owned(),
            target: target.clone(),
            to_many,
            loading,
            inverse,
            span: field.span,
            ..RelationDef::default()
        });
        if owns {
            column.references = Some((target, None));
            column.unique |= decorator.name == "OneToOne";
            column.nullable |= self.options.flag(options, "nullable");
            column.indexed |= self.options.set(options, "index");
            column.primary |= self.options.flag(options, "primary");
        }
    }
}

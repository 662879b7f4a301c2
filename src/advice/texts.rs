//! Texts of advice: data in `rules/advice/`, one file a library, looked up by what is done and in which shape.
//!
//! A library's file says what its own words are; what it leaves out is said by `any.toml`. Texts have places to fill, `{table}`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use include_dir::{Dir, include_dir};
use serde::Deserialize;

use crate::finding::Fix;
use crate::ir::Language;

/// The files, each of the library that it is named after, as query sites carry that name.
static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/rules/advice");

/// The libraries that have a file, with its text.
fn files() -> impl Iterator<Item = (&'static str, &'static str)> {
    FILES.files().filter_map(|file| {
        let library = file.path().file_stem()?.to_str()?;
        Some((library, file.contents_utf8()?))
    })
}

/// What is to be done otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advised {
    /// A read for each row.
    Read(ReadShape),
    /// A write for each row.
    Write(Write),
    /// A statement that asks for too much.
    Select(Select),
    /// A call that stops an event loop. This and what follows is looked up by the language.
    Unblock(Unblock),
    /// A call that may wait for ever.
    Bound(WaitBound),
    /// Waits one after another.
    Gather(Gather),
    /// A client that is made at each call.
    Share,
    /// A parameter of a request that says how many rows are loaded.
    Clamp,
    /// A value in a cache that never goes.
    Expire,
    /// A command that goes over everything that a store holds.
    Walk(IteratedOver),
    /// A collection that only grows.
    Limit,
    /// An index of a table that is written meanwhile, in a migration.
    BuildIndex,
    /// What an application registers for all of its routes. Looked up by the framework.
    Register(AppPart),
    /// What a framework's class declares, which it then does for each list or element.
    Declare(DeclaredIn),
    /// The size of a pool of connections. Looked up by what makes the pool.
    SizePool,
    /// Calls of `console` in a production build. Looked up by the bundler.
    DropConsole,
    /// How long a server lets a request take, by where it is told so.
    WorkerTimeout(ToldIn),
    /// A wait within a transaction.
    EndTransaction(OpenedBy),
    /// A cache of a function's results that never goes.
    BoundResults,
}

/// What is registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppPart {
    /// Compression of responses.
    Compression,
    /// Figures of each route.
    Metrics,
    /// A limit of each client's requests.
    RateLimit,
}

/// What a class of a framework declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeclaredIn {
    /// Columns of an admin's list.
    AdminList,
    /// What a list's pages are.
    Pages,
    /// How each element of a list is validated.
    Validator,
    /// What is done for each row that is loaded.
    RowHook,
}

/// Where a server is told how long a request may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToldIn {
    /// A file of settings.
    Settings,
    /// Its command line.
    Command,
}

/// What began a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenedBy {
    /// A session that the function was given.
    Session,
    /// The code.
    Code,
}

/// What of a statement is asked for otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Select {
    /// All rows, where a page is enough.
    Page,
    /// A page that is found by skipping others.
    Offset,
    /// Rows, where figures are enough.
    Figures,
    /// Rows, where their number is enough.
    Count,
    /// Numbers of several parts, one by one.
    CountParts,
    /// Related rows of each row, where their number is enough.
    CountRelation,
    /// Rows or their number, where it is enough that there is one.
    Exists,
    /// All columns, where some are used.
    Columns,
}

/// What ends a wait that takes too long, by what has to be given to the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitBound {
    /// A signal that ends the call.
    Signal,
    /// How long a connection may take, where its statements have a bound of their own.
    Connect,
    /// How long a socket may say nothing.
    Socket,
    /// How long the call may take.
    Call,
}

/// What could be waited for together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gather {
    /// Steps of a function.
    Steps,
    /// A read for each round of a loop.
    Reads,
    /// A write for each round of a loop.
    Writes,
}

/// What a loop goes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IteratedOver {
    /// Keys of a store, which are asked for one by one: all of them.
    Keys,
    /// All elements of one collection.
    Elements,
}

/// What stops the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unblock {
    /// A synchronous driver.
    Database,
    /// A synchronous ORM that refuses to run there.
    Refused,
    /// A pause.
    Sleep,
    /// The processor.
    Compute,
    /// Another process.
    Process,
    /// A file that is read or written.
    File,
    /// Any other call.
    Call,
}

/// The shape of a read that is advised on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadShape {
    /// One row by its key.
    One,
    /// The rows of a parent.
    Many,
    /// A figure of a parent's rows, or whether there are any.
    Count,
    /// Whatever a called function reads.
    Call,
    /// What a called function reads of one table.
    Helper,
    /// What a called function counts in one table.
    HelperCount,
    /// What a called function reads that changes something for each element as well.
    Work,
    /// What a resolver of a field reads for each object.
    Resolver,
    /// The same, where it is one row.
    ResolverOne,
    /// The same, where each object's rows come by pages.
    ResolverPage,
    /// What a method of a serializer, or of a list's column, reads for each object.
    Listed,
    /// The first row of a parent's, in an order.
    First,
    /// What a function reads that calls itself for each child.
    Tree,
    /// What a loop without elements reads in each pass.
    Pass,
    /// What each pass reads by conditions of which none is known to hang on its element.
    Open,
    /// An answer of another service.
    Remote,
    /// A relation, whose steps are not known.
    Relation,
    /// A relation each of whose steps leads to one row.
    RelationToOne,
    /// A relation with a step that leads to many rows.
    RelationToMany,
    /// How many rows a relation leads to, and nothing else of them.
    RelationCount,
    /// A column that the query of the rows left out.
    Column,
}

/// The shape of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// New rows.
    Insert,
    /// Changed rows.
    Update,
    /// Rows that go.
    Delete,
    /// Whatever a called function writes.
    Call,
    /// Many rows, by a call that sends a statement for each.
    Many,
}

impl Advised {
    #[cfg(test)]
    const ALL: [Advised; 69] = [
        Advised::Read(ReadShape::One),
        Advised::Read(ReadShape::Many),
        Advised::Read(ReadShape::Count),
        Advised::Read(ReadShape::Call),
        Advised::Read(ReadShape::Helper),
        Advised::Read(ReadShape::HelperCount),
        Advised::Read(ReadShape::Work),
        Advised::Read(ReadShape::Resolver),
        Advised::Read(ReadShape::ResolverOne),
        Advised::Read(ReadShape::ResolverPage),
        Advised::Read(ReadShape::Listed),
        Advised::Read(ReadShape::First),
        Advised::Read(ReadShape::Tree),
        Advised::Read(ReadShape::Pass),
        Advised::Read(ReadShape::Open),
        Advised::Read(ReadShape::Remote),
        Advised::Read(ReadShape::Relation),
        Advised::Read(ReadShape::RelationToOne),
        Advised::Read(ReadShape::RelationToMany),
        Advised::Read(ReadShape::RelationCount),
        Advised::Read(ReadShape::Column),
        Advised::Write(Write::Insert),
        Advised::Write(Write::Update),
        Advised::Write(Write::Delete),
        Advised::Write(Write::Call),
        Advised::Select(Select::Page),
        Advised::Select(Select::Offset),
        Advised::Select(Select::Figures),
        Advised::Select(Select::Count),
        Advised::Select(Select::CountParts),
        Advised::Select(Select::CountRelation),
        Advised::Select(Select::Exists),
        Advised::Select(Select::Columns),
        Advised::Unblock(Unblock::Database),
        Advised::Unblock(Unblock::Refused),
        Advised::Unblock(Unblock::Sleep),
        Advised::Unblock(Unblock::Compute),
        Advised::Unblock(Unblock::Process),
        Advised::Unblock(Unblock::File),
        Advised::Unblock(Unblock::Call),
        Advised::Bound(WaitBound::Signal),
        Advised::Bound(WaitBound::Connect),
        Advised::Bound(WaitBound::Socket),
        Advised::Bound(WaitBound::Call),
        Advised::Gather(Gather::Steps),
        Advised::Gather(Gather::Reads),
        Advised::Gather(Gather::Writes),
        Advised::Share,
        Advised::Clamp,
        Advised::Expire,
        Advised::Walk(IteratedOver::Keys),
        Advised::Walk(IteratedOver::Elements),
        Advised::Limit,
        Advised::BuildIndex,
        Advised::Register(AppPart::Compression),
        Advised::Register(AppPart::Metrics),
        Advised::Register(AppPart::RateLimit),
        Advised::Declare(DeclaredIn::AdminList),
        Advised::Declare(DeclaredIn::Pages),
        Advised::Declare(DeclaredIn::Validator),
        Advised::Declare(DeclaredIn::RowHook),
        Advised::SizePool,
        Advised::DropConsole,
        Advised::WorkerTimeout(ToldIn::Settings),
        Advised::WorkerTimeout(ToldIn::Command),
        Advised::EndTransaction(OpenedBy::Session),
        Advised::EndTransaction(OpenedBy::Code),
        Advised::BoundResults,
        Advised::Write(Write::Many),
    ];

    /// The tables of a file that speak of it, the most special first.
    fn keys(self) -> &'static [&'static str] {
        match self {
            Advised::Read(ReadShape::One) => &["read.one"],
            Advised::Read(ReadShape::Many) => &["read.many", "read.one"],
            Advised::Read(ReadShape::Count) => &["read.count"],
            Advised::Read(ReadShape::Call) => &["read.call"],
            Advised::Read(ReadShape::Helper) => &["read.helper"],
            Advised::Read(ReadShape::HelperCount) => &["read.helper-count"],
            Advised::Read(ReadShape::Work) => &["read.work"],
            Advised::Read(ReadShape::Resolver) => &["read.resolver"],
            Advised::Read(ReadShape::ResolverOne) => &["read.resolver-one", "read.resolver"],
            Advised::Read(ReadShape::ResolverPage) => &["read.resolver-page"],
            Advised::Read(ReadShape::Listed) => &["read.listed"],
            Advised::Read(ReadShape::First) => &["read.first"],
            Advised::Read(ReadShape::Tree) => &["read.tree"],
            Advised::Read(ReadShape::Pass) => &["read.pass"],
            Advised::Read(ReadShape::Open) => &["read.open"],
            Advised::Read(ReadShape::Remote) => &["read.remote"],
            Advised::Read(ReadShape::Relation) => &["read.relation"],
            Advised::Read(ReadShape::RelationToOne) => &["read.relation-to-one", "read.relation"],
            Advised::Read(ReadShape::RelationToMany) => &["read.relation-to-many", "read.relation"],
            Advised::Read(ReadShape::RelationCount) => &["read.relation-count"],
            Advised::Read(ReadShape::Column) => &["read.column"],
            Advised::Write(Write::Insert) => &["write.insert"],
            Advised::Write(Write::Update) => &["write.update"],
            Advised::Write(Write::Delete) => &["write.delete"],
            Advised::Write(Write::Call) => &["write.call"],
            Advised::Select(Select::Page) => &["select.page"],
            Advised::Select(Select::Offset) => &["select.offset"],
            Advised::Select(Select::Figures) => &["select.figures"],
            Advised::Select(Select::Count) => &["select.count"],
            Advised::Select(Select::CountParts) => &["select.count-parts"],
            Advised::Select(Select::CountRelation) => &["select.count-relation"],
            Advised::Select(Select::Exists) => &["select.exists"],
            Advised::Select(Select::Columns) => &["select.columns"],
            Advised::Unblock(Unblock::Database) => &["unblock.database"],
            Advised::Unblock(Unblock::Refused) => &["unblock.refused"],
            Advised::Unblock(Unblock::Sleep) => &["unblock.sleep"],
            Advised::Unblock(Unblock::Compute) => &["unblock.compute", "unblock.call"],
            Advised::Unblock(Unblock::Process) => &["unblock.process", "unblock.call"],
            Advised::Unblock(Unblock::File) => &["unblock.file", "unblock.call"],
            Advised::Unblock(Unblock::Call) => &["unblock.call"],
            Advised::Bound(WaitBound::Signal) => &["bound.signal", "bound.call"],
            Advised::Bound(WaitBound::Connect) => &["bound.connect", "bound.call"],
            Advised::Bound(WaitBound::Socket) => &["bound.socket", "bound.call"],
            Advised::Bound(WaitBound::Call) => &["bound.call"],
            Advised::Gather(Gather::Steps) => &["gather.steps"],
            Advised::Gather(Gather::Reads) => &["gather.reads"],
            Advised::Gather(Gather::Writes) => &["gather.writes", "gather.reads"],
            Advised::Share => &["share.client"],
            Advised::Clamp => &["clamp.parameter"],
            Advised::Expire => &["expire.entry"],
            Advised::Walk(IteratedOver::Keys) => &["walk.keys"],
            Advised::Walk(IteratedOver::Elements) => &["walk.elements"],
            Advised::Limit => &["limit.collection"],
            Advised::BuildIndex => &["index.concurrently"],
            Advised::Register(AppPart::Compression) => &["register.compression"],
            Advised::Register(AppPart::Metrics) => &["register.metrics"],
            Advised::Register(AppPart::RateLimit) => &["register.rate-limit"],
            Advised::Declare(DeclaredIn::AdminList) => &["declare.admin-list"],
            Advised::Declare(DeclaredIn::Pages) => &["declare.pages"],
            Advised::Declare(DeclaredIn::Validator) => &["declare.validator"],
            Advised::Declare(DeclaredIn::RowHook) => &["declare.row-hook"],
            Advised::SizePool => &["size.pool"],
            Advised::DropConsole => &["bundle.drop-console"],
            Advised::WorkerTimeout(ToldIn::Settings) => &["worker-timeout.settings"],
            Advised::WorkerTimeout(ToldIn::Command) => &["worker-timeout.command"],
            Advised::EndTransaction(OpenedBy::Session) => &["end-transaction.session"],
            Advised::EndTransaction(OpenedBy::Code) => &["end-transaction.code"],
            Advised::BoundResults => &["bound.results"],
            Advised::Write(Write::Many) => &["write.many"],
        }
    }
}

/// A summary and code of `rules/advice/`, as a file has them under one key.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    summary: Option<String>,
    code: Option<String>,
}

/// The texts of a file, by `operation.shape`.
type Texts = BTreeMap<String, Text>;

fn all() -> &'static BTreeMap<&'static str, Texts> {
    static ALL: OnceLock<BTreeMap<&str, Texts>> = OnceLock::new();
    ALL.get_or_init(|| files().map(|(library, text)| (library, parse(text))).collect())
}

/// The texts of a file; the tests parse all of them.
fn parse(text: &str) -> Texts {
    let operations: BTreeMap<String, BTreeMap<String, Text>> = toml::from_str(text).unwrap_or_default();
    let shapes = operations.into_iter().flat_map(|(operation, shapes)| {
        let named = move |(shape, text)| (format!("{operation}.{shape}"), text);
        shapes.into_iter().map(named)
    });
    shapes.collect()
}

/// The fix for what only frameworks and drivers of Python have.
pub fn in_python(operation: Advised, values: &[(&str, &str)]) -> Fix {
    advice(operation, Language::Python.name(), values)
}

/// What an application of a framework registers, by the framework's name as people write it.
pub fn of_framework(what: AppPart, framework: &str) -> Fix {
    advice(Advised::Register(what), &framework.to_ascii_lowercase(), &[])
}

/// The same in the words of the first library that has some for it, else of the last one.
pub fn advice_of_first(operation: Advised, libraries: [&str; 2], values: &[(&str, &str)]) -> Fix {
    let [first, last] = libraries;
    let speaks = all()
        .get(first)
        .is_some_and(|texts| operation.keys().iter().any(|key| texts.contains_key(*key)));
    advice(operation, if speaks { first } else { last }, values)
}

/// The fix for an operation in the words of a library, its places filled with `values`.
pub fn advice(operation: Advised, library: &str, values: &[(&str, &str)]) -> Fix {
    let find = |library: &str, part: fn(&Text) -> Option<&String>| -> Option<&'static String> {
        let texts = all().get(library)?;
        operation.keys().iter().find_map(|key| texts.get(*key).and_then(part))
    };
    let summary = find(library, |text| text.summary.as_ref()).or_else(|| find("any", |text| text.summary.as_ref()));
    let code = find(library, |text| text.code.as_ref()).or_else(|| find("any", |text| text.code.as_ref()));
    Fix {
        summary: summary.map(|text| filled(text, values)).unwrap_or_default(),
        code: code.map(|text| filled(text.trim(), values)),
        ..Fix::default()
    }
}

/// A text with its places filled; what has no value stays.
fn filled(text: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let (before, from) = rest.split_at(open);
        out.push_str(before);
        let place = values
            .iter()
            .find(|(name, _)| from[1..].starts_with(name) && from[1 + name.len()..].starts_with('}'));
        let Some((name, value)) = place else {
            out.push('{');
            rest = &from[1..];
            continue;
        };
        out.push_str(value);
        rest = &from[name.len() + 2..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_read_and_speaks_of_known_operations() {
        for (library, text) in files() {
            let parsed: Result<BTreeMap<String, BTreeMap<String, Text>>, _> = toml::from_str(text);
            assert!(parsed.is_ok(), "{library}: {parsed:?}");
            for key in parse(text).keys() {
                let is_known = Advised::ALL.iter().any(|operation| operation.keys().first() == Some(&key.as_str()));
                assert!(is_known, "{library}: nothing asks for {key}");
            }
        }
    }

    /// Without a summary a finding says nothing of what to do; the summary of what only has code here is its rule's.
    #[test]
    fn every_operation_has_a_summary_for_libraries_without_a_file() {
        for operation in Advised::ALL {
            let has_code_only = matches!(
                operation,
                Advised::SizePool | Advised::DropConsole | Advised::Register(AppPart::Metrics | AppPart::RateLimit)
            );
            let libraries: &[&str] = match operation {
                _ if has_code_only => continue,
                Advised::Declare(_) | Advised::Write(Write::Many) | Advised::BoundResults => &["python"],
                Advised::WorkerTimeout(_) => &["gunicorn"],
                Advised::Read(_) | Advised::Write(_) | Advised::Select(_) | Advised::BuildIndex => &["no-such-library"],
                Advised::EndTransaction(_) | Advised::Register(_) => &["no-such-library"],
                _ => &["python", "typescript"],
            };
            for library in libraries {
                let fix = advice(operation, library, &[]);
                assert!(!fix.summary.is_empty(), "{operation:?} {library}");
            }
        }
    }

    /// `createMany` for an UPDATE is no advice.
    #[test]
    fn each_library_writes_in_its_own_words() {
        let writes = |texts: &Texts| texts.keys().any(|key| key.starts_with("write.") && key != "write.many");
        for (library, _) in files().filter(|(library, text)| *library != "any" && writes(&parse(text))) {
            for operation in [
                Advised::Write(Write::Insert),
                Advised::Write(Write::Update),
                Advised::Write(Write::Delete),
            ] {
                assert!(advice(operation, library, &[]).code.is_some(), "{library} {operation:?}");
            }
        }
    }

    #[test]
    fn places_are_filled_once_and_what_is_none_stays() {
        let values = [("table", "{column}"), ("column", "slug")];
        assert_eq!(
            filled("{table}.find({ {column}: 1 }) {x} {", &values),
            "{column}.find({ slug: 1 }) {x} {"
        );
    }
}

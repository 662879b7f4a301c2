//! Entry points: functions that a framework, a queue, a schedule or a person calls, one file a family.

use serde::{Deserialize, Serialize};

use super::shared::query::Resolver;
use super::shared::value::FileId;
use crate::ir::{Call, ClassId, ExprId, FunctionId, Language};
use crate::source::Span;
use site::EntryFile;

mod classful;
mod commands;
mod django;
mod express;
mod fastapi;
mod files;
mod frappe;
mod graphql;
mod hooks;
mod jobs;
mod mounts;
mod nest;
mod often;
mod pyramid;
mod routes;
mod rpc;
mod site;
mod sockets;
mod trpc;

pub use commands::{ran_by_script, served_by_script};
pub use fastapi::{dependencies, is_dependency};
pub use files::{is_at_the_edge, is_for_workers};
pub use mounts::{Mount, Router, mounts};
pub use often::{Often, acts, is_bulk, of_address};
pub use site::{given_back, join, last_name};

/// Python frameworks that take their handlers from a description of the API.
pub const DESCRIBED: &[&str] = &["connexion", "pyramid_openapi3", "rororo"];

/// A function that is called from outside the program's own code.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Entry {
    /// The function, which may stand in another file than its registration.
    pub function: (FileId, FunctionId),
    /// What calls it.
    pub kind: EntryKind,
    /// For people: `GET /orders/{id}`, `task send_mail`, `server action save`.
    pub label: String,
    /// The label as the registration alone has it, without the paths that routers are put below: a part of identities.
    pub own_label: String,
    /// What it is registered on.
    pub router: Option<Router>,
    /// The decorator, the registration, or the function's name where a convention makes it one.
    pub place: Span,
    /// Its answer may be a list that a client asks for.
    pub is_list_capable: bool,
    /// It runs on a thread of its own and may block: a plain `def` route, a sync Flask or Django view.
    pub threaded: bool,
    /// A guard where it is registered lets staff in only.
    pub is_for_staff: bool,
    /// How often it is used, and by whom.
    pub often: Often,
    /// The field that a GraphQL resolver answers.
    pub field: Option<GraphQlField>,
}

/// A field of a GraphQL type, as clients ask it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GraphQlField {
    /// The type, where the code says it.
    pub on: Option<String>,
    /// Its name in the schema.
    pub name: String,
}

impl Entry {
    /// An entry that does not answer with a list and does not run on a thread of its own.
    fn new(function: (FileId, FunctionId), kind: EntryKind, label: String, place: Span) -> Entry {
        Entry {
            function,
            kind,
            own_label: label.clone(),
            label,
            router: None,
            place,
            is_list_capable: false,
            threaded: false,
            is_for_staff: false,
            often: Often::Act,
            field: None,
        }
    }
}

impl Entry {
    /// A function that a framework calls so often; the label goes with "each time … is asked" for [`Often::Read`], with "with each …"
    /// for [`Often::Act`], and after a colon otherwise.
    fn hook(function: (FileId, FunctionId), often: Often, label: String, place: Span) -> Entry {
        Entry {
            often,
            ..Entry::new(function, EntryKind::Hook, label, place)
        }
    }
}

/// What calls an entry point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum EntryKind {
    /// An HTTP request (also a tRPC query).
    Route,
    /// The rendering of a page on the server.
    Page,
    /// A server action, a tRPC mutation.
    Action,
    /// A GraphQL field.
    Resolver,
    /// A queue or a schedule.
    Job,
    /// A message on a socket or from a broker.
    Socket,
    /// The start of the process.
    Startup,
    /// A command line, a script.
    Command,
    /// What a framework calls around its handlers: middleware, a guard, a signal, a form's check.
    Hook,
}

/// How the labels of functions begin that take one message after the other.
pub const CONSUMER: &str = "consumer ";

impl EntryKind {
    /// Whether somebody waits for the answer.
    pub fn is_waited_for(self) -> bool {
        use EntryKind::{Action, Hook, Page, Resolver, Route, Socket};
        matches!(self, Action | Hook | Page | Resolver | Route | Socket)
    }
}

/// A decorator of a function.
#[derive(Clone, Copy)]
struct Decorator<'m> {
    function: FunctionId,
    expr: ExprId,
    /// The decorator without its call.
    callee: ExprId,
    call: Option<Call<'m>>,
    /// The last name.
    name: &'m str,
}

type OnDecorator = fn(&EntryFile<'_>, Decorator<'_>, &mut Vec<Entry>);
type OnCall = fn(&EntryFile<'_>, Call<'_>, &str, &mut Vec<Entry>);
type OnClass = fn(&EntryFile<'_>, ClassId, &mut Vec<Entry>);
type OnFile = fn(&EntryFile<'_>, &mut Vec<Entry>);

/// What a family looks at.
struct Family {
    language: Language,
    decorator: Option<OnDecorator>,
    call: Option<OnCall>,
    class: Option<OnClass>,
    file: Option<OnFile>,
}

impl Family {
    const fn of(language: Language) -> Family {
        Family {
            language,
            decorator: None,
            call: None,
            class: None,
            file: None,
        }
    }
}

const FAMILIES: &[Family] = &[
    Family {
        decorator: Some(routes::decorated),
        call: Some(routes::call),
        class: Some(routes::class),
        ..Family::of(Language::Python)
    },
    Family {
        class: Some(classful::class),
        ..Family::of(Language::Python)
    },
    Family {
        decorator: Some(django::decorated),
        call: Some(django::call),
        class: Some(django::class),
        ..Family::of(Language::Python)
    },
    Family {
        decorator: Some(pyramid::decorated),
        ..Family::of(Language::Python)
    },
    Family {
        decorator: Some(frappe::decorated),
        class: Some(frappe::class),
        ..Family::of(Language::Python)
    },
    Family {
        decorator: Some(jobs::decorated),
        call: Some(jobs::call_python),
        class: Some(jobs::class),
        ..Family::of(Language::Python)
    },
    Family {
        decorator: Some(graphql::decorated),
        class: Some(graphql::class),
        ..Family::of(Language::Python)
    },
    Family {
        decorator: Some(sockets::decorated),
        class: Some(sockets::class),
        ..Family::of(Language::Python)
    },
    Family {
        decorator: Some(commands::decorated),
        call: Some(commands::call_python),
        class: Some(commands::class),
        file: Some(commands::file),
        ..Family::of(Language::Python)
    },
    Family {
        decorator: Some(hooks::decorated),
        call: Some(hooks::call_python),
        class: Some(hooks::python_class),
        file: Some(hooks::python_file),
        ..Family::of(Language::Python)
    },
    Family {
        decorator: Some(hooks::platform_decorated),
        call: Some(hooks::platform_call_python),
        class: Some(hooks::platform_class_python),
        file: Some(hooks::platform_file),
        ..Family::of(Language::Python)
    },
    Family {
        call: Some(hooks::consumer_call),
        file: Some(hooks::consumer_file),
        ..Family::of(Language::Python)
    },
    Family {
        call: Some(hooks::consumer_call),
        file: Some(hooks::consumer_file),
        ..Family::of(Language::TypeScript)
    },
    Family {
        call: Some(express::call),
        ..Family::of(Language::TypeScript)
    },
    Family {
        call: Some(hooks::call_typescript),
        class: Some(hooks::typescript_class),
        ..Family::of(Language::TypeScript)
    },
    Family {
        call: Some(hooks::platform_call_typescript),
        file: Some(hooks::platform_file),
        ..Family::of(Language::TypeScript)
    },
    Family {
        class: Some(nest::class),
        ..Family::of(Language::TypeScript)
    },
    Family {
        file: Some(files::file),
        ..Family::of(Language::TypeScript)
    },
    Family {
        call: Some(rpc::call),
        ..Family::of(Language::TypeScript)
    },
    Family {
        call: Some(trpc::call),
        ..Family::of(Language::TypeScript)
    },
    Family {
        call: Some(graphql::call),
        file: Some(graphql::file),
        ..Family::of(Language::TypeScript)
    },
    Family {
        call: Some(jobs::call_typescript),
        ..Family::of(Language::TypeScript)
    },
    Family {
        call: Some(sockets::call),
        ..Family::of(Language::TypeScript)
    },
    Family {
        call: Some(commands::call_typescript),
        file: Some(commands::file),
        ..Family::of(Language::TypeScript)
    },
];

/// The entry points that a file declares or registers, in the order of their places.
pub fn entries(resolver: &dyn Resolver, file: FileId, path: &str) -> Vec<Entry> {
    let site = EntryFile::new(resolver, file, path);
    let module = site.module;
    let families: Vec<&Family> = FAMILIES.iter().filter(|family| family.language == module.language).collect();
    let mut out = Vec::new();
    for (function, definition) in module.function_ids() {
        for &expr in &definition.decorators {
            let call = module.call(expr);
            let callee = call.map_or(expr, |call| call.callee);
            let name = site.last_name(callee).unwrap_or("");
            let decorator = Decorator {
                function,
                expr,
                callee,
                call,
                name,
            };
            families
                .iter()
                .filter_map(|family| family.decorator)
                .for_each(|on| on(&site, decorator, &mut out));
        }
    }
    for id in module.call_ids() {
        let Some(call) = module.call(id) else { continue };
        let Some(method) = call.method() else { continue };
        families
            .iter()
            .filter_map(|family| family.call)
            .for_each(|on| on(&site, call, method, &mut out));
    }
    for (class, _) in module.class_ids() {
        families
            .iter()
            .filter_map(|family| family.class)
            .for_each(|on| on(&site, class, &mut out));
    }
    families.iter().filter_map(|family| family.file).for_each(|on| on(&site, &mut out));
    for entry in &mut out {
        entry.often = often::often(&site, entry);
        entry.own_label.clone_from(&entry.label);
    }
    out.sort_by(|a, b| (a.place, a.function, a.kind, &a.label).cmp(&(b.place, b.function, b.kind, &b.label)));
    out.dedup_by(|a, b| a.function == b.function && a.kind == b.kind && (a.label == b.label || a.place == b.place));
    out
}

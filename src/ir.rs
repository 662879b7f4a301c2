//! The language-neutral module: a reduced, symbolic form of a source file.
//!
//! An arena of expressions and statements with parent links, so that "what is this call's result used for" and
//! "which loops enclose it" are walks up, for Python and TypeScript alike. It keeps no syntax tree and no text.

mod definitions;
mod expr;
mod index;
#[cfg(test)]
mod index_tests;
mod module;
mod name_filter;
mod stmt;
mod strings;

use serde::{Deserialize, Serialize};

pub use definitions::{Class, Comment, Export, Function, Import, Param, ParamKind};
pub use expr::{Arg, Clause, Comp, CompKind, Expr, ExprKind, Jsx, ObjectEntry, Slice, TemplatePart};
pub use index::{Branch, ModuleIndex, Setting, Standing};
pub use module::{Call, Holder, Module};
pub use name_filter::NameFilter;
pub use stmt::{Block, LoopKind, Stmt, StmtKind};
pub use strings::Strings;

/// The language a module was written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Language {
    /// Python source or stub.
    Python,
    /// TypeScript, JavaScript, with or without JSX.
    TypeScript,
}

impl Language {
    /// All of them.
    pub const ALL: [Language; 2] = [Language::Python, Language::TypeScript];

    /// Its name, as files of data are called.
    pub fn name(self) -> &'static str {
        match self {
            Language::Python => "python",
            Language::TypeScript => "typescript",
        }
    }

    /// Whether a method names the object that it is called on as its first parameter, which no call gives an argument.
    pub fn names_receiver(self) -> bool {
        self == Language::Python
    }

    /// Whether a call can name its arguments (`timeout=5`, `**options`). Elsewhere options are an object at some place among them.
    pub fn names_arguments(self) -> bool {
        self == Language::Python
    }

    /// Whether a line that begins with a parenthesis may go on with the statement of the line before.
    pub fn goes_on_over_lines(self) -> bool {
        self == Language::TypeScript
    }

    /// Whether an object is made with `new`. Elsewhere a class is called, and only its capital tells it from a function.
    pub fn constructs_with_new(self) -> bool {
        self == Language::TypeScript
    }

    /// Whether a value in a class's body is made once for all objects. Elsewhere it is made anew for each of them.
    pub fn shares_class_values(self) -> bool {
        self == Language::Python
    }

    /// Whether an assignment in an inner function reaches the variable of an outer one. Elsewhere it makes a new variable, where no
    /// declaration says otherwise.
    pub fn assigns_outer_variables(self) -> bool {
        self == Language::TypeScript
    }

    /// Whether what shall run between two others' steps is given to a call as a function (`transaction(async (tx) => …)`). Elsewhere it is
    /// a block of the language (`with`).
    pub fn hands_over_blocks(self) -> bool {
        self == Language::TypeScript
    }

    /// Whether an asynchronous function that gives a promise is over when that is. Elsewhere its caller is given a coroutine, which nobody
    /// has waited for.
    pub fn passes_promises_on(self) -> bool {
        self == Language::TypeScript
    }

    /// Whether one event loop always runs, and all code on it: what waits holds no worker. Elsewhere a program starts a loop itself, or
    /// has a thread for each request.
    pub fn runs_on_event_loop(self) -> bool {
        self == Language::TypeScript
    }

    /// Whether drivers that block are those of databases within the process, whose statements by key take microseconds. Elsewhere they
    /// are of servers too.
    pub fn blocking_drivers_are_embedded(self) -> bool {
        self == Language::TypeScript
    }

    /// Whether handles of databases are pools as a rule, which run statements side by side. Elsewhere an asynchronous handle is a session
    /// or a connection, which runs one at a time.
    pub fn has_pooled_handles(self) -> bool {
        self == Language::TypeScript
    }

    /// Whether it has timers without a library (`setInterval`).
    pub fn has_timers(self) -> bool {
        self == Language::TypeScript
    }

    /// Whether browsers run it, so that a file may be of a page.
    pub fn runs_in_browsers(self) -> bool {
        self == Language::TypeScript
    }

    /// Whether it writes elements as expressions (`<List items={rows} />`).
    pub fn has_elements(self) -> bool {
        self == Language::TypeScript
    }
}

/// An interned string of one module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Sym(pub u32);

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub struct $name(pub u32);
        impl $name {
            /// The arena index.
            pub fn index(self) -> usize { self.0 as usize }
        }
    };
}
id!(
    /// An expression of one module.
    ExprId
);
id!(
    /// A statement of one module.
    StmtId
);
id!(
    /// A function of one module; 0 is the module's own body.
    FunctionId
);
id!(
    /// A class of one module.
    ClassId
);

/// What stands as the base of the annotation of a name for a type: `type Db = typeof db` is `Db: typeof[db]`.
pub const TYPE_OF: &str = "typeof";

/// The name that a class expression has for the code around it: no program can write it.
pub fn class_symbol(class: ClassId) -> String {
    format!("(class {})", class.0)
}

impl FunctionId {
    /// The pseudo-function that holds the module's top-level statements.
    pub const MODULE: FunctionId = FunctionId(0);
}

/// What directly holds an expression or a statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Parent {
    /// An enclosing expression.
    Expr(ExprId),
    /// An enclosing statement.
    Stmt(StmtId),
    /// A function: its body, a parameter's default or annotation, or a decorator.
    Function(FunctionId),
    /// A class: its body, a base or a decorator.
    Class(ClassId),
    /// Nothing (outside all that was understood).
    #[default]
    None,
}

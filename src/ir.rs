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
pub use index::{ModuleIndex, Setting, Standing};
pub use module::{Call, Module};
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
    /// Its name, as files of data are called.
    pub fn name(self) -> &'static str {
        match self {
            Language::Python => "python",
            Language::TypeScript => "typescript",
        }
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

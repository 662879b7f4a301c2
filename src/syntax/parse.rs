//! Runs a grammar over a text: one parser a thread, and an end to it however hostile the text is.

use std::cell::RefCell;
use std::hint::black_box;
use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;

use tree_sitter::{Language as Grammar, ParseOptions, Parser, Tree};

use crate::budget::{self, Limit, Steps};
use crate::coverage::Reason;

/// Steps that a text of any length may take.
const LEAST: u64 = 4_000_000;
/// Steps for each byte, up to [`Limit::Parsing`] in all: short files are seldom easy, and long ones seldom hard. Of 15,572 files of five
/// repositories the hardest that is not minified takes a twentieth of what it may (1.9 MB, 0.5 operations a byte); minified code takes up
/// to 1.9 operations a byte.
const A_BYTE: u64 = 1_600;
/// What one operation of the parser costs, in steps.
const OPERATION: u64 = 40;
/// What a byte that it looks at costs, in steps.
const BYTE: u64 = 2;
/// The parser asks whether to go on once in so many operations.
const OPERATIONS: u64 = 100;
/// Bytes of text that are handed out at a time. What looks ahead to the end of the file asks for all of them again, which counts.
const PIECE: usize = 1 << 16;
/// Longer texts are parsed one at a time: their trees are several hundred times as large.
const LARGE: usize = 1 << 20;
/// Stack of the thread for these, as much as other workers have.
const STACK: usize = 16 << 20;
static LARGE_ONE: Mutex<()> = Mutex::new(());

thread_local! {
    static PARSER: RefCell<Parser> = RefCell::new(Parser::new());
}

/// Does something with the tree of a text. A text that is not the grammar's has one too, with broken ranges. `read` tells of no bounds.
///
/// Fails with [`Reason::TooMuchWork`] when parsing takes more steps than a text of its length may.
pub fn with_tree<T: Send>(grammar: &Grammar, text: &str, read: impl FnOnce(&Tree) -> T + Send) -> Result<T, Reason> {
    if text.len() <= LARGE {
        return Ok(read(&tree(grammar, text)?));
    }
    let _alone = LARGE_ONE.lock().unwrap_or_else(PoisonError::into_inner);
    on_its_own(|| tree(grammar, text).map(|tree| read(&tree)))
}

/// Does something that takes much memory for a while, and gives that back once it is done: several hundred megabytes, before the module is
/// made.
///
/// It has a thread, for the C library keeps small memory for each: of each size the first few pieces that are freed. With a large tree
/// these are pieces from its end, which hold back all that lies before them until the thread ends. Then it takes the end of something large
/// that lies in the same memory to have the pieces joined.
fn on_its_own<T: Send>(work: impl FnOnce() -> Result<T, Reason> + Send) -> Result<T, Reason> {
    let work = || {
        let large = black_box(Vec::<u8>::with_capacity(PIECE));
        (work(), large, budget::done())
    };
    // By its name the binary knows whose panics are told.
    let named = thread::current().name().map(str::to_owned).unwrap_or_default();
    let ended = thread::scope(|scope| {
        let thread = thread::Builder::new().name(named).stack_size(STACK).spawn_scoped(scope, work);
        thread.map(thread::ScopedJoinHandle::join)
    });
    let (done, large, counted) = match ended {
        Ok(Ok(ended)) => ended,
        Ok(Err(panic)) => resume_unwind(panic),
        Err(_) => return Err(Reason::InternalError),
    };
    budget::count(counted);
    drop(large);
    done
}

fn tree(grammar: &Grammar, text: &str) -> Result<Tree, Reason> {
    let most = LEAST + A_BYTE * text.len() as u64;
    tree_within(&Steps::with(most.min(Limit::Parsing.most())), grammar, text)
}

fn tree_within(steps: &Steps, grammar: &Grammar, text: &str) -> Result<Tree, Reason> {
    let mut go_on = |_: &_| {
        if steps.take(OPERATIONS * OPERATION) {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    };
    // Once the steps are spent the text ends: there can be many looks ahead between two questions whether to go on.
    let mut piece = |at: usize, _| {
        let rest = text.as_bytes().get(at..).unwrap_or_default();
        let piece = rest.get(..PIECE).unwrap_or(rest);
        if steps.take(BYTE * piece.len() as u64) { piece } else { &[] }
    };
    let mut parse = |parser: &mut Parser| {
        parser.set_language(grammar).map_err(|_| Reason::InternalError)?;
        let options = ParseOptions::new().progress_callback(&mut go_on);
        let tree = parser.parse_with_options(&mut piece, None, Some(options));
        if tree.is_none() {
            // Otherwise the next text is taken for the rest of this one.
            parser.reset();
        }
        // A tree of a text that ended early is none of this text.
        tree.filter(|_| !steps.are_spent()).ok_or(Reason::TooMuchWork)
    };
    // What a parser keeps for the next text lies behind a large tree: its memory could not be given back before the parser's.
    if text.len() > LARGE {
        return parse(&mut Parser::new());
    }
    PARSER.with_borrow_mut(parse)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typescript() -> Grammar {
        tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into()
    }

    #[test]
    fn a_text_that_takes_too_much_is_given_up_and_the_next_one_is_read() {
        let python: Grammar = tree_sitter_python::LANGUAGE.into();
        let long = "f(1)\n".repeat(1000);
        assert_eq!(tree_within(&Steps::with(10_000), &python, &long).err(), Some(Reason::TooMuchWork));
        let next = tree(&python, "x = 1\n").expect("a tree");
        assert_eq!(
            next.root_node().to_sexp(),
            "(module (expression_statement (assignment left: (identifier) right: (integer))))"
        );
    }

    /// By the clock, the first was left out on a busy machine and read on an idle one, and the second always left out.
    #[test]
    fn looks_ahead_to_the_end_are_counted() {
        let read = |lines| tree(&typescript(), &"/* x\n".repeat(lines)).map(|_| ());
        assert_eq!(read(100), Ok(()));
        assert_eq!(read(100_000), Err(Reason::TooMuchWork));
    }

    #[test]
    fn a_text_that_ends_early_is_no_tree() {
        let text = format!("/* {} */", "x".repeat(3 * PIECE));
        // Enough for the first piece; so few operations are never asked whether to go on.
        let spent = tree_within(&Steps::with(BYTE * PIECE as u64 + 40), &typescript(), &text);
        assert_eq!(spent.err(), Some(Reason::TooMuchWork));
    }

    #[test]
    fn characters_and_tokens_may_lie_across_pieces() {
        let text = format!(
            "const a = '{}🦀{}';\n/* {} */\n",
            "x".repeat(PIECE - 13),
            "é".repeat(PIECE),
            "y".repeat(3 * PIECE)
        );
        let whole = tree(&typescript(), &text).expect("a tree");
        assert!(!whole.root_node().has_error(), "{}", whole.root_node().to_sexp());
        assert_eq!(whole.root_node().end_byte(), text.len());
    }
}

//! Runs a grammar over a text: one parser a thread, and an end to it however hostile the text is.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use tree_sitter::{Language as Grammar, ParseOptions, Parser, Tree};

use crate::coverage::Reason;

/// Parsing one file may take this long; the largest file that is read takes about a second.
const LONGEST: Duration = Duration::from_secs(10);

thread_local! {
    static PARSER: RefCell<Parser> = RefCell::new(Parser::new());
}

/// The tree of a text. A text that is not the grammar's has one too, with broken ranges.
///
/// Fails with [`Reason::TooSlow`] when parsing has not ended in good time.
pub fn tree(grammar: &Grammar, text: &str) -> Result<Tree, Reason> {
    tree_within(LONGEST, grammar, text)
}

fn tree_within(longest: Duration, grammar: &Grammar, text: &str) -> Result<Tree, Reason> {
    let start = Instant::now();
    let mut go_on = |_: &_| {
        if start.elapsed() > longest {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let bytes = text.as_bytes();
    PARSER.with_borrow_mut(|parser| {
        parser.set_language(grammar).map_err(|_| Reason::InternalError)?;
        let options = ParseOptions::new().progress_callback(&mut go_on);
        let tree = parser.parse_with_options(&mut |at, _| bytes.get(at..).unwrap_or_default(), None, Some(options));
        if tree.is_none() {
            // Otherwise the next text is taken for the rest of this one.
            parser.reset();
        }
        tree.ok_or(Reason::TooSlow)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_takes_too_long_is_given_up_and_the_next_one_is_read() {
        let python: Grammar = tree_sitter_python::LANGUAGE.into();
        let long = "f(1)\n".repeat(1000);
        assert_eq!(tree_within(Duration::ZERO, &python, &long).err(), Some(Reason::TooSlow));
        let next = tree(&python, "x = 1\n").expect("a tree");
        assert_eq!(
            next.root_node().to_sexp(),
            "(module (expression_statement (assignment left: (identifier) right: (integer))))"
        );
    }
}

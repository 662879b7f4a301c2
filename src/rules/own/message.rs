//! What a rule of the user's own says of a place: a text with names in braces, of a closed set.

use super::words::one_of;

/// What stands in braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blank {
    /// The function that is called.
    Call,
    /// What is known to follow from the call.
    Effects,
    /// What a statement does.
    Operation,
    /// The table that a statement names first.
    Table,
    /// How many rows it brings.
    Bound,
    /// The function that holds the place.
    Function,
    /// The entry point that reaches it.
    Entry,
}

impl Blank {
    /// Those of a rule that looks for calls.
    pub const OF_CALLS: [Blank; 4] = [Blank::Call, Blank::Effects, Blank::Function, Blank::Entry];
    /// Those of a rule that looks for statements.
    pub const OF_QUERIES: [Blank; 5] = [Blank::Operation, Blank::Table, Blank::Bound, Blank::Function, Blank::Entry];

    fn word(self) -> &'static str {
        match self {
            Blank::Call => "call",
            Blank::Effects => "effects",
            Blank::Operation => "operation",
            Blank::Table => "table",
            Blank::Bound => "bound",
            Blank::Function => "function",
            Blank::Entry => "entry",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Blank(Blank),
}

/// A rule's message, parsed into text and places to fill such as `{table}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message(Vec<Part>);

impl Message {
    /// Reads a message whose blanks are of these; `{{` and `}}` are braces.
    pub fn read(text: &str, blanks: &[Blank]) -> Result<Message, String> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, brace) = rest.split_at(at);
            plain.push_str(before);
            if let Some(after) = brace.strip_prefix("{{").or_else(|| brace.strip_prefix("}}")) {
                plain.push_str(&brace[..1]);
                rest = after;
                continue;
            }
            let inner = brace.strip_prefix('{').and_then(|inner| inner.split_once('}'));
            let Some((name, after)) = inner else {
                return Err("a brace stands alone; write `{name}`, or `{{` and `}}` for braces".to_owned());
            };
            parts.push(Part::Text(std::mem::take(&mut plain)));
            parts.push(Part::Blank(one_of("name in braces", name, blanks, Blank::word)?));
            rest = after;
        }
        plain.push_str(rest);
        parts.push(Part::Text(plain));
        Ok(Message(parts))
    }

    /// The message with its blanks filled.
    pub fn fill(&self, of: impl Fn(Blank) -> String) -> String {
        let texts = self.0.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Blank(blank) => of(*blank),
        });
        texts.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_are_filled_and_braces_are_kept() {
        let message = Message::read("{call} in {{{function}}}", &Blank::OF_CALLS).expect("a message");
        assert_eq!(message.fill(|blank| blank.word().to_uppercase()), "CALL in {FUNCTION}");
    }

    #[test]
    fn other_names_are_told_with_those_there_are() {
        let wrong = |text: &str| Message::read(text, &Blank::OF_CALLS).expect_err("wrong");
        assert_eq!(
            wrong("{table}"),
            "unknown name in braces `table`; valid: call, effects, function, entry"
        );
        assert!(wrong("{call").contains("stands alone") && wrong("call}").contains("stands alone"));
    }
}

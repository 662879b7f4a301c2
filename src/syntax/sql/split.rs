//! Cuts SQL text into statements with their byte ranges. Never fails: what it does not know stays in a statement.

use super::lex::{self, Chunk, TokenKind};
use crate::statement::Dialect;

/// What a piece of the text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PieceKind {
    /// A statement, its leading comments and its terminator included.
    Statement,
    /// A line for the client: psql's `\…`, `DELIMITER`, drizzle's breakpoint, blank rest.
    Client,
    /// The rows after `COPY … FROM stdin`.
    CopyData,
}

/// A piece of the text; pieces follow each other without gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SqlPiece {
    /// Whether it is a statement, a client's command, or rows.
    pub kind: PieceKind,
    /// Offset of its first byte.
    pub start: usize,
    /// Offset after its last byte, its terminator included.
    pub end: usize,
    /// Offset of the first token (comments before it skipped).
    pub head: usize,
    /// Offset after the last token before the terminator.
    pub tail: usize,
}

struct Splitter<'a> {
    text: &'a str,
    dialect: Dialect,
    at: usize,
    start: usize,
    head: Option<usize>,
    tail: usize,
    /// First words, upper case, enough to know the statement's kind.
    words: Vec<String>,
    last_words: [String; 2],
    /// Depth of `BEGIN … END` in a routine's or trigger's body.
    body: usize,
    delimiter: Option<String>,
    pieces: Vec<SqlPiece>,
}

/// Splits a text into pieces that cover it in order.
pub fn split(text: &str, dialect: Dialect) -> Vec<SqlPiece> {
    let mut splitter = Splitter {
        text,
        dialect,
        at: 0,
        start: 0,
        head: None,
        tail: 0,
        words: Vec::new(),
        last_words: [String::new(), String::new()],
        body: 0,
        delimiter: None,
        pieces: Vec::new(),
    };
    splitter.run();
    splitter.pieces
}

impl Splitter<'_> {
    fn run(&mut self) {
        while self.at < self.text.len() {
            if !self.client_line() {
                self.step();
            }
        }
        self.finish(self.text.len());
    }

    fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    fn at_line_start(&self) -> bool {
        self.at == 0 || self.bytes().get(self.at - 1) == Some(&b'\n')
    }

    /// Consumes a line that is meant for the client, if one starts here.
    fn client_line(&mut self) -> bool {
        if self.bytes()[self.at] == b'-' && self.text[self.at..].starts_with("--> statement-breakpoint") {
            let end = lex::line_end(self.bytes(), self.at);
            self.finish(self.at);
            self.client(end);
            return true;
        }
        if self.head.is_some() || !self.at_line_start() {
            return false;
        }
        let end = lex::line_end(self.bytes(), self.at);
        let line = &self.text[self.at..end];
        if line.starts_with('\\') {
            self.finish(self.at);
            self.client(end);
            return true;
        }
        if line.get(..10).is_some_and(|head| head.eq_ignore_ascii_case("delimiter ")) {
            let mark = line[10..].trim();
            self.delimiter = (mark != ";" && !mark.is_empty()).then(|| mark.to_owned());
            self.finish(self.at);
            self.client(end);
            return true;
        }
        false
    }

    fn client(&mut self, end: usize) {
        self.pieces.push(SqlPiece {
            kind: PieceKind::Client,
            start: self.at,
            end,
            head: self.at,
            tail: end,
        });
        self.at = end;
        self.start = end;
    }

    fn step(&mut self) {
        if let Some(mark) = &self.delimiter
            && self.text[self.at..].starts_with(mark.as_str())
        {
            let end = self.at + mark.len();
            self.finish(end);
            return;
        }
        let (what, end) = lex::chunk(self.text, self.at, self.dialect);
        let end = lex::boundary(self.text, end);
        let Chunk::Token(kind) = what else {
            self.at = end;
            return;
        };
        let token = &self.text[self.at..end];
        if token == ";" && self.delimiter.is_none() && self.body == 0 {
            let copies = self.is_copy();
            self.finish(end);
            if copies {
                self.copy_data();
            }
            return;
        }
        self.head.get_or_insert(self.at);
        self.tail = end;
        self.at = end;
        if kind == TokenKind::Word {
            let word = token.to_ascii_uppercase();
            self.word(word);
        } else if token == ";" {
            self.last_words = [";".to_owned(), String::new()];
        }
    }

    fn word(&mut self, word: String) {
        if self.words.len() < 8 {
            self.words.push(word.clone());
        }
        if self.is_routine() {
            let after_end = self.last_words[0] == "END" && matches!(word.as_str(), "IF" | "LOOP" | "WHILE" | "REPEAT");
            match word.as_str() {
                "BEGIN" => self.body += 1,
                "CASE" if self.body > 0 && self.last_words[0] != "END" => self.body += 1,
                "END" => self.body = self.body.saturating_sub(1),
                _ if after_end => self.body += 1,
                _ => {}
            }
        }
        let last = std::mem::replace(&mut self.last_words[0], word);
        self.last_words[1] = last;
    }

    /// A routine or trigger, whose body can hold terminators outside of quotes.
    fn is_routine(&self) -> bool {
        self.words.first().is_some_and(|word| word == "CREATE")
            && self
                .words
                .iter()
                .any(|word| matches!(word.as_str(), "TRIGGER" | "FUNCTION" | "PROCEDURE" | "EVENT"))
    }

    fn is_copy(&self) -> bool {
        let [last, before] = &self.last_words;
        let head = self.head.unwrap_or(self.start);
        self.words.first().is_some_and(|word| word == "COPY")
            && ((last == "STDIN" && before == "FROM")
                || self
                    .text
                    .get(head..self.tail)
                    .is_some_and(|t| t.to_ascii_uppercase().contains(" FROM STDIN")))
    }

    fn copy_data(&mut self) {
        let mut end = lex::line_end(self.bytes(), self.at);
        while end < self.text.len() {
            let next = lex::line_end(self.bytes(), end);
            let done = self.text[end..next].trim_end() == "\\.";
            end = next;
            if done {
                break;
            }
        }
        self.pieces.push(SqlPiece {
            kind: PieceKind::CopyData,
            start: self.at,
            end,
            head: self.at,
            tail: end,
        });
        self.at = end;
        self.start = end;
    }

    /// Ends the piece that runs at `end`, if it has any text.
    fn finish(&mut self, end: usize) {
        if end > self.start {
            let piece = match self.head {
                Some(head) => SqlPiece {
                    kind: PieceKind::Statement,
                    start: self.start,
                    end,
                    head,
                    tail: self.tail,
                },
                None => SqlPiece {
                    kind: PieceKind::Client,
                    start: self.start,
                    end,
                    head: self.start,
                    tail: end,
                },
            };
            self.pieces.push(piece);
        }
        self.start = end;
        self.at = end;
        self.head = None;
        self.words.clear();
        self.last_words = [String::new(), String::new()];
        self.body = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn statements(text: &str, dialect: Dialect) -> Vec<&str> {
        split(text, dialect)
            .iter()
            .filter(|piece| piece.kind == PieceKind::Statement)
            .map(|piece| &text[piece.head..piece.tail])
            .collect()
    }

    #[test]
    fn quotes_comments_and_bodies_hide_terminators() {
        let text = "SELECT ';' /* ; /* ; */ */; -- a;\nDO $x$ BEGIN a; END $x$; SELECT E'it\\';s';";
        assert_eq!(
            statements(text, Dialect::Postgres),
            [
                "SELECT ';' /* ; /* ; */ */".trim_end_matches(" /* ; /* ; */ */"),
                "DO $x$ BEGIN a; END $x$",
                "SELECT E'it\\';s'"
            ]
        );
    }

    #[test]
    fn copy_rows_and_client_lines_are_no_statements() {
        let text = "\\connect db\nCOPY public.t (a) FROM stdin;\n1;2\nit's\n\\.\n\nSELECT 1;\n";
        assert_eq!(statements(text, Dialect::Postgres), ["COPY public.t (a) FROM stdin", "SELECT 1"]);
    }

    #[test]
    fn triggers_and_delimiters_keep_their_bodies() {
        let text = "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE b SET c = CASE WHEN 1 THEN 2 END; DELETE FROM d; END; SELECT 1;";
        assert_eq!(statements(text, Dialect::Sqlite).len(), 2);
        let text = "DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END//\nDELIMITER ;\nSELECT 3;";
        assert_eq!(statements(text, Dialect::MySql).len(), 2);
        let text = "CREATE PROCEDURE p() BEGIN IF a THEN SELECT 1; END IF; SELECT 2; END; SELECT 3;";
        assert_eq!(statements(text, Dialect::MySql).len(), 2);
    }

    #[test]
    fn breakpoints_end_statements() {
        let text =
            "CREATE TABLE `a` (`b` integer)\n--> statement-breakpoint\nCREATE INDEX `i` ON `a` (`b`);--> statement-breakpoint\nSELECT 1";
        assert_eq!(statements(text, Dialect::Generic).len(), 3);
    }

    proptest! {
        #[test]
        fn pieces_cover_any_text(text in "[-a-zA-Z0-9;'\"`$#/*\\\\\n éß(){}]{0,200}") {
            for dialect in [Dialect::Generic, Dialect::Postgres, Dialect::MySql, Dialect::Sqlite] {
                let mut at = 0;
                for piece in split(&text, dialect) {
                    prop_assert_eq!(piece.start, at);
                    prop_assert!(piece.end > piece.start);
                    prop_assert!(piece.start <= piece.head && piece.head <= piece.tail && piece.tail <= piece.end);
                    at = piece.end;
                }
                prop_assert_eq!(at, text.len());
            }
        }

        #[test]
        fn joined_statements_split_back(list in prop::collection::vec("SELECT [a-z]{1,5}( = '[a-z;]{0,4}')?", 0..12)) {
            let text = list.join(";\n");
            prop_assert_eq!(statements(&text, Dialect::Postgres), list.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }
}

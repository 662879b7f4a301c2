//! SQL files, and SQL that stands in code with holes, to facts; the pieces of a split are the whole text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use perfaudit::statement::Dialect;
use perfaudit::syntax::sql::{self, Piece, split};

const DIALECTS: [Dialect; 4] = [Dialect::Generic, Dialect::Postgres, Dialect::MySql, Dialect::Sqlite];

fuzz_target!(|text: &str| {
    for dialect in DIALECTS {
        let pieces = split::split(text, dialect);
        let mut at = 0;
        for piece in &pieces {
            assert!(piece.start == at && piece.start <= piece.head && piece.head <= piece.tail && piece.tail <= piece.end, "{piece:?} at {at}");
            at = piece.end;
        }
        assert_eq!(at, text.len(), "the end is lost");
        let _ = sql::file(text, dialect);
        let parts: Vec<Piece> = text.split('\u{1}').flat_map(|part| [Piece::Text(part), Piece::Hole]).collect();
        let _ = sql::statement(&parts, dialect);
    }
});

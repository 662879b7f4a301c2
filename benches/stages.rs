//! What each stage costs, and how the whole grows: `cargo bench`.

mod corpus;

use corpus::{Shape, texts};
use divan::Bencher;
use divan::counter::BytesCount;
use perfaudit::project::Project;
use perfaudit::syntax::facts::{self, FileFacts};
use perfaudit::walk::FileKind;
use perfaudit::{Config, audit_texts};

fn main() {
    divan::main();
}

const USUAL: Shape = Shape {
    files: 20,
    functions: 50,
    depth: 3,
    tables: 40,
};

fn size(texts: &[(String, String)]) -> BytesCount {
    BytesCount::new(texts.iter().map(|(_, text)| text.len()).sum::<usize>())
}

fn facts_of(texts: &[(String, String)]) -> Vec<FileFacts> {
    texts
        .iter()
        .filter_map(|(path, text)| Some(facts::extract(path, FileKind::of(path)?, text)))
        .collect()
}

/// Only the grammars: the floor of a cold run.
#[divan::bench]
fn parse(bencher: Bencher) {
    let texts = texts(USUAL);
    bencher.counter(size(&texts)).bench(|| {
        let (mut python, mut typescript) = (tree_sitter::Parser::new(), tree_sitter::Parser::new());
        python.set_language(&tree_sitter_python::LANGUAGE.into()).expect("a grammar");
        let grammar = tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into();
        typescript.set_language(&grammar).expect("a grammar");
        for (path, text) in &texts {
            let parser = if path.ends_with(".py") { &mut python } else { &mut typescript };
            divan::black_box(parser.parse(text, None));
        }
    });
}

/// Text to facts, on one thread.
#[divan::bench]
fn read(bencher: Bencher) {
    let texts = texts(USUAL);
    bencher.counter(size(&texts)).bench(|| facts_of(&texts));
}

/// Facts to a linked project.
#[divan::bench]
fn link(bencher: Bencher) {
    let facts = facts_of(&texts(USUAL));
    bencher.with_inputs(|| facts.clone()).bench_values(Project::link);
}

/// Facts from the cache.
#[divan::bench]
fn decode(bencher: Bencher) {
    let packed: Vec<_> = facts_of(&texts(USUAL))
        .iter()
        .filter_map(|facts| postcard::to_stdvec(facts).ok())
        .collect();
    bencher.bench(|| {
        packed
            .iter()
            .filter_map(|bytes| postcard::from_bytes::<FileFacts>(bytes).ok())
            .count()
    });
}

fn whole(bencher: Bencher, shape: Shape) {
    let texts = texts(shape);
    bencher
        .counter(size(&texts))
        .with_inputs(|| texts.clone())
        .bench_values(|texts| audit_texts(&Config::default(), texts).map(|report| report.findings.len()));
}

#[divan::bench(args = [20, 40, 80, 160], sample_count = 5)]
fn files(bencher: Bencher, files: usize) {
    whole(bencher, Shape { files, ..USUAL });
}

#[divan::bench(args = [50, 100, 200, 400], sample_count = 5)]
fn functions_in_a_file(bencher: Bencher, functions: usize) {
    whole(bencher, Shape { functions, ..USUAL });
}

#[divan::bench(args = [2, 4, 8, 16], sample_count = 5)]
fn depth_of_calls(bencher: Bencher, depth: usize) {
    whole(bencher, Shape { depth, ..USUAL });
}

#[divan::bench(args = [100, 200, 400, 800], sample_count = 5)]
fn tables(bencher: Bencher, tables: usize) {
    whole(bencher, Shape { tables, ..USUAL });
}

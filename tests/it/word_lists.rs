//! Lists of words that guess from names are data in `rules/words/`, read through `src/vocabulary.rs`; names of a library's API stand in
//! `src/libraries/`. Rules and what they share hold no lists at all; facts of the project and recognisers hold none of the first kind.

use std::collections::BTreeSet;

use crate::layers::sources;

/// Where lists of words have no place.
const WITHOUT_LISTS: [&str; 5] = ["rules", "analysis", "judge", "advice", "inventory"];

/// The longest list of words there: shorter ones are what an analysis is about. Longer ones guess from names, and are data in
/// `rules/words/`, or say what a library has, and stand in `libraries/`.
const LONGEST_LIST: usize = 3;

/// The longest in a rule: two words are a form that it reads, three are a list.
const LONGEST_OF_RULES: usize = 2;

/// Files there that may hold a longer list: how many words, and why.
const LISTS: &[(&str, usize, &str)] = &[
    ("judge/columns.rs", 18, "the types that databases and ORMs give to columns"),
    (
        "rules/waiting/missing_timeout.rs",
        3,
        "arguments of clients, each with what it bounds",
    ),
];

/// Where names of APIs have their place, but no guesses.
const WITHOUT_GUESSES: [&str; 3] = ["project", "libraries/shared", "libraries/entries"];

/// Functions there that compare more than two words without case and guess from no name: the file, how many words, and why.
const NO_GUESSES: &[(&str, usize, &str)] = &[
    (
        "libraries/entries/graphql.rs",
        5,
        "types of GraphQL servers, beside the name of an object",
    ),
    (
        "libraries/entries/hooks/typescript.rs",
        6,
        "hooks of Mongoose, beside the name of a schema",
    ),
    (
        "libraries/entries/jobs.rs",
        6,
        "decorators and methods of queues, beside the name of one",
    ),
    ("libraries/entries/pyramid.rs", 4, "decorators of Pyramid, beside a method of HTTP"),
    ("libraries/entries/site.rs", 3, "methods of HTTP as frameworks write them"),
    ("libraries/entries/sockets.rs", 6, "packages of sockets, beside the name of one"),
    ("libraries/shared/api_names.rs", 3, "SQL has no case"),
    ("libraries/shared/clients.rs", 9, "packages of brokers and caches"),
    ("libraries/shared/field_models.rs", 8, "indexes and columns of Peewee and Tortoise"),
    ("libraries/shared/knex_words.rs", 17, "methods of Knex, one of them in many forms"),
    ("libraries/shared/pagination.rs", 4, "classes of Django REST framework"),
    (
        "libraries/shared/polling.rs",
        7,
        "methods of query libraries, beside the name of a router",
    ),
    ("libraries/shared/query_builder.rs", 14, "SQL has no case"),
    ("libraries/shared/sql_text.rs", 5, "SQL has no case"),
    ("project/deployment.rs", 7, "images of containers have no case"),
    (
        "project/deployment/pools.rs",
        5,
        "arguments of drivers, beside the names of variables",
    ),
    ("project/deployment/workers.rs", 7, "classes of Gunicorn's workers"),
    ("project/flow.rs", 13, "methods of arrays and results, beside the name of a method"),
    ("project/schema.rs", 5, "SQL has no case"),
];

/// Words that a list in code may share with one of `rules/words/`: with more it answers the same question.
const MOST_SHARED: usize = 2;

/// The files of `rules/words/` whose questions recognisers ask as well. Words of calls are names of many APIs.
const ANSWERED: [&str; 2] = ["handles", "paths"];

/// Lists in code that share more words with one of those: the file, the list, and why.
const OTHER_QUESTIONS: &[(&str, &str, &str)] = &[
    (
        "libraries/peewee/migrations.rs",
        "undo-folders",
        "functions that tools for migrations call",
    ),
    (
        "libraries/peewee/migrations.rs",
        "undoing",
        "functions that tools for migrations call",
    ),
    (
        "libraries/shared/collections.rs",
        "many-value-modules",
        "types of Python and JavaScript",
    ),
    ("libraries/shared/redis.rs", "cache-servers", "packages, as they are imported"),
    ("libraries/shared/redis.rs", "redis", "packages, as they are imported"),
    ("libraries/sqlalchemy/models/relations.rs", "many-value-modules", "types of Python"),
    ("project/deployment.rs", "cache-servers", "packages, as they are imported"),
    ("project/deployment.rs", "redis", "packages, as they are imported"),
    (
        "project/eval/annotations.rs",
        "many-value-modules",
        "types of Python and TypeScript",
    ),
];

/// Words of languages and databases that are operators.
const OPERATORS: [&str; 7] = ["and", "in", "is", "is not", "not", "not in", "or"];

/// The literals of code, each with what stands before it, back to the one before.
fn literals(code: &str) -> Vec<(&str, &str)> {
    let mut out = Vec::new();
    let (mut rest, mut from) = (code, 0);
    while let Some(at) = rest[from..].find('"').map(|at| from + at) {
        let between = &rest[..at];
        // A quotation mark as a character starts no text.
        if between.ends_with('\'') || between.ends_with('\\') {
            from = at + 1;
            continue;
        }
        let text = &rest[at + 1..];
        let mut escaped = false;
        let end = text.find(|letter| {
            let ends = letter == '"' && !escaped;
            escaped = letter == '\\' && !escaped;
            ends
        });
        let end = end.unwrap_or(text.len());
        out.push((between.trim(), &text[..end]));
        rest = text.get(end + 1..).unwrap_or_default();
        from = 0;
    }
    out
}

/// Whether a literal goes on with the list of the one before, by what stands between: `"a", "b"`, `"a" | "b"`, `Some("a") | Some("b")`,
/// `x == "a" || x.ends_with("b")`, `x != "a" && x != "b"`, and arms of one word each.
fn goes_on(between: &str) -> bool {
    if matches!(between, "," | "|") || between.replace("Some(", "").replace(')', "").trim() == "|" {
        return true;
    }
    let rest = between.trim_start_matches(')').trim_start();
    is_chain(rest) || is_next_arm(rest)
}

/// `|| name == `, `|| name.contains(`, `|| matches!(name, `, `&& name != `, `&& !name.contains(`.
fn is_chain(between: &str) -> bool {
    let Some((operator, rest)) = between.split_at_checked(2) else {
        return false;
    };
    let rest = rest.trim().trim_end_matches('&').trim_end();
    let is_negated = rest.ends_with("!=") || rest.starts_with('!');
    let has_operator = operator == "||" && !rest.ends_with("!=") || operator == "&&" && is_negated;
    let asked = rest.trim_end_matches(['=', '!']).trim_end();
    let is_asked = asked.len() < rest.len() || asked.ends_with(['(', ',', '|']);
    let is_plain = |letter: char| letter.is_alphanumeric() || letter.is_whitespace() || "_.,:()!*&|?".contains(letter);
    has_operator && is_asked && asked.chars().all(is_plain)
}

/// `=> …,`, and the next arm begins; also behind a condition.
fn is_next_arm(between: &str) -> bool {
    let Some((before, value)) = between.split_once("=>") else {
        return false;
    };
    let value = value.trim_end_matches("Some(").trim_end();
    (before.is_empty() || before.starts_with("if ")) && value.ends_with([',', '}']) && !value.contains("\n}")
}

/// The lists of words in code. Operators are no words.
fn lists(code: &str) -> Vec<Vec<&str>> {
    let mut out: Vec<Vec<&str>> = vec![Vec::new()];
    for (between, text) in literals(code) {
        if !goes_on(between) {
            out.push(Vec::new());
        }
        if text.contains(char::is_alphabetic) && !OPERATORS.contains(&text) {
            out.last_mut().expect("one at least").push(text);
        }
    }
    out
}

/// How many words the longest list has.
fn longest(code: &str) -> usize {
    lists(code).iter().map(Vec::len).max().unwrap_or_default()
}

/// The sources below one of some folders, by path.
fn below(folders: &[&str]) -> Vec<(String, String)> {
    let all = sources()
        .into_iter()
        .map(|(path, code)| (path.to_string_lossy().replace('\\', "/"), code));
    all.filter(|(path, _)| {
        folders
            .iter()
            .any(|folder| path.starts_with(&format!("{folder}/")) || *path == format!("{folder}.rs"))
    })
    .collect()
}

#[test]
fn lists_of_texts_are_counted() {
    let code = r#"matches!(x, "a" | "b\"," | "c"); ["d", "e"]; f("g", h, "i"); let q = '"'; ["j", "k", "l", ">="]"#;
    let lengths: Vec<usize> = lists(code).iter().map(Vec::len).collect();
    assert_eq!(lengths, [0, 3, 2, 1, 1, 3]);
    assert_eq!(
        longest(r#"x == "a" || x.starts_with("b") || matches!(x, "c" | "d") || ["e"].contains(&x)"#),
        4
    );
    assert_eq!(longest(r#"x != "a" && x != "b" && !x.contains("c") && y == "d""#), 3);
    assert_eq!(longest(r#"x.ends_with("a") && x.starts_with("b")"#), 1);
    assert_eq!(
        longest("match x {\n\"a\" => A,\n\"b\" if y => B { c: 1 },\nSome(\"c\") | Some(\"d\") => D,\n_ => E,\n}"),
        4
    );
    assert_eq!(longest("match x {\n\"a\" => A,\n}\n}\nfn f() { g(\"b\") }"), 1);
    assert_eq!(longest(r#"["and", "or", "is not", "pick"]"#), 1);
}

#[test]
fn rules_and_what_they_share_hold_no_lists_of_words() {
    let mut wrong = Vec::new();
    for (path, code) in below(&WITHOUT_LISTS) {
        let usual = if path.starts_with("rules") {
            LONGEST_OF_RULES
        } else {
            LONGEST_LIST
        };
        let excused = LISTS.iter().find(|(file, _, _)| *file == path);
        let most = excused.map_or(usual, |(_, most, _)| *most);
        let longest = longest(&code);
        if longest > most {
            let list = lists(&code).into_iter().find(|list| list.len() == longest);
            wrong.push(format!(
                "{path} has a list of {longest} words: {}",
                list.unwrap_or_default().join(" ")
            ));
        }
        if excused.is_some() && longest <= usual {
            wrong.push(format!("{path} has no long list any more: take it off the exceptions"));
        }
    }
    assert!(
        wrong.is_empty(),
        "words are data (rules/words/), names of a library's API stand in libraries/:\n{}",
        wrong.join("\n")
    );
}

/// The functions of code, each up to the next one; what stands between them counts for the one before.
fn functions(code: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    for line in code.lines() {
        let bare = line.trim_start();
        let outer = line.len() - bare.len();
        let is_function = ["fn ", "pub fn ", "pub(crate) fn ", "pub(super) fn ", "const fn ", "pub const fn "]
            .iter()
            .any(|start| bare.starts_with(start));
        if outer <= 4 && is_function || outer == 0 && bare.starts_with(|letter: char| letter.is_alphabetic() || letter == '#') {
            out.push(String::new());
        }
        let last = out.last_mut().expect("one at least");
        last.push_str(line);
        last.push('\n');
    }
    out
}

/// Libraries write their names in one way: who compares without case guesses.
#[test]
fn facts_and_recognisers_hold_no_lists_of_guesses() {
    let mut wrong = Vec::new();
    for (path, code) in below(&WITHOUT_GUESSES) {
        let without_case = |function: &String| {
            ["lowercase()", "has_ignoring_case", "eq_ignore_ascii_case"]
                .iter()
                .any(|word| function.contains(word))
        };
        let guesses = functions(&code).into_iter().filter(without_case);
        let longest = guesses.map(|function| longest(&function)).max().unwrap_or_default();
        let excused = NO_GUESSES.iter().find(|(file, _, _)| *file == path);
        let most = excused.map_or(2, |(_, most, _)| *most);
        if longest > most {
            wrong.push(format!("{path}: a list of {longest} words is compared without case"));
        }
        if excused.is_some() && longest <= 2 {
            wrong.push(format!("{path} compares no such list any more: take it off the exceptions"));
        }
    }
    assert!(
        wrong.is_empty(),
        "what guesses from a name is data (rules/words/):\n{}",
        wrong.join("\n")
    );
}

/// A word without what tells one way of writing from another: `baseUrl`, `base_url` and `base url` are one.
fn plain(word: &str) -> String {
    word.chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// The words of each list of a file of `rules/words/`, without those that say how they are looked for.
fn answers(file: &str) -> Vec<(String, BTreeSet<String>)> {
    let text = std::fs::read_to_string(format!("rules/words/{file}.toml")).expect("a file of words");
    let tables: toml::Table = text.parse().expect("valid TOML");
    let words = |list: &toml::Value| {
        let lists = list.as_table().expect("a table").values().filter_map(toml::Value::as_array);
        lists.flatten().filter_map(toml::Value::as_str).map(plain).collect()
    };
    tables.iter().map(|(key, list)| (key.clone(), words(list))).collect()
}

/// One question has one list: a second one in code would know other words.
#[test]
fn no_list_in_code_answers_what_one_of_the_vocabulary_does() {
    let known: Vec<(String, BTreeSet<String>)> = ANSWERED.into_iter().flat_map(answers).collect();
    assert!(
        known.iter().any(|(key, words)| key == "routers" && words.contains("apiv1")),
        "the lists are read"
    );
    let (mut wrong, mut excused) = (Vec::new(), BTreeSet::new());
    for (path, code) in below(&["analysis", "inventory", "judge", "libraries", "project", "rules"]) {
        for list in lists(&code) {
            let words: BTreeSet<String> = list.iter().map(|word| plain(word)).collect();
            for (key, answer) in known.iter().filter(|(_, answer)| words.intersection(answer).count() > MOST_SHARED) {
                match OTHER_QUESTIONS.iter().position(|(file, other, _)| *file == path && other == key) {
                    Some(at) => _ = excused.insert(at),
                    None => wrong.push(format!(
                        "{path}: {} ([{key}] has {} of them)",
                        list.join(" "),
                        words.intersection(answer).count()
                    )),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "ask the list of `rules/words/`:\n{}", wrong.join("\n"));
    let gone: Vec<_> = OTHER_QUESTIONS
        .iter()
        .enumerate()
        .filter(|(at, _)| !excused.contains(at))
        .map(|(_, row)| row.0)
        .collect();
    assert!(gone.is_empty(), "no longer shared, take them off the exceptions: {gone:?}");
}

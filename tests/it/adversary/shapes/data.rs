//! YAML, JSON, settings and GraphQL.

use super::{Shape, after, again, between, fill, nested};

/// Lists of aliases of lists of aliases: nine times as much at each level.
fn multiplied(size: usize) -> String {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        text.push_str(&format!("a{level}: &a{level} [{}]\n", format!("*a{}, ", level - 1).repeat(9)));
    }
    after(&text, size, |n| format!("b{n}: *a11\n"))
}

/// Documents of GraphQL: what a client asks, and what a server declares.
pub fn graphql() -> Vec<Shape> {
    let file = |name: &str, make| Shape::file(&format!("graphql-{name}"), "web/asked.graphql", make);
    vec![
        file("operations", |size| fill(size, |n| format!("query Q{n} {{ a{n} {{ b }} }}\n"))),
        file("fields", |size| {
            after("query Q {\n", size, |n| format!("  a{n}: a(first: {n}) {{ b }}\n"))
        }),
        file("fields-in-fields", |size| format!("query Q {}\n", nested(size, "{ a ", "", "} "))),
        file("fragments-in-a-chain", |size| {
            after("query Q { ...F0 }\n", size, |n| {
                format!("fragment F{n} on A {{ a{n} ...F{} }}\n", n + 1)
            })
        }),
        file("fragments-that-double", |size| {
            after("query Q { ...F0 }\n", size, |n| {
                format!("fragment F{n} on A {{ ...F{} ...F{} }}\n", n + 1, n + 1)
            })
        }),
        file("types", |size| {
            fill(size, |n| format!("type T{n} {{\n  next: T{}\n  all: [T{n}!]!\n}}\n", n + 1))
        }),
        file("arguments", |size| between("query Q { a(", size, "b: [{c: 1}], ", ") }\n")),
        file("open-lists", |size| between("query Q { a(b: ", size, "[", "")),
        file("open-texts", |size| again(size, "\"\"\"a\n")),
        file("comments", |size| again(size, "# x\n")),
    ]
}

pub fn shapes() -> Vec<Shape> {
    let compose = |name: &str, make| Shape::file(&format!("yaml-{name}"), "docker-compose.yml", make);
    let json = |name: &str, make| Shape::file(&format!("json-{name}"), "package.json", make);
    let settings = |name: &str, path, make| Shape::file(&format!("settings-{name}"), path, make);
    vec![
        compose("services", |size| {
            after("services:\n", size, |n| {
                format!("  s{n}:\n    image: redis:7\n    command: redis-server\n")
            })
        }),
        compose("entries-of-a-service", |size| {
            after("services:\n  a:\n    image: redis\n    environment:\n", size, |n| {
                format!("      K{n}: v\n")
            })
        }),
        compose("command", |size| {
            between("services:\n  a:\n    image: redis\n    command: a", size, " --b c", "\n")
        }),
        compose("list", |size| again(size, "- a\n")),
        compose("open-lists", |size| again(size, "[")),
        compose("open-maps", |size| again(size, "{a: ")),
        compose("lists-in-lists", |size| again(size, "- ")),
        compose("questions", |size| again(size, "? ")),
        compose("indented", |size| fill(size, |n| format!("{}a:\n", " ".repeat(n % 400)))),
        compose("same-keys", |size| between("services:\n", size, "  a:\n    image: redis\n", "")),
        compose("aliases", |size| between("a: &a 1\nb:\n", size, "- *a\n", "")),
        compose("multiplied-aliases", multiplied),
        compose("anchors", |size| fill(size, |n| format!("k{n}: &a{n} 1\n"))),
        compose("merges", |size| {
            after("x: &x\n  image: redis\nservices:\n", size, |n| format!("  s{n}:\n    <<: *x\n"))
        }),
        compose("merge-of-many", |size| {
            between("x: &x\n  image: redis\nservices:\n  a:\n    <<: [*x", size, ", *x", "]\n")
        }),
        compose("merges-of-merges", |size| {
            after("x0: &x0\n  image: redis\n", size, |n| {
                format!("x{}: &x{}\n  <<: *x{n}\n  k{n}: 1\n", n + 1, n + 1)
            })
        }),
        compose("text-block", |size| between("a: |\n", size, "  x\n", "")),
        compose("open-text", |size| again(size, "\"a\n")),
        compose("long-line", |size| between("a: ", size, "x", "\n")),
        compose("comments", |size| again(size, "# x\n")),
        compose("documents", |size| again(size, "---\na: 1\n")),
        compose("tags", |size| again(size, "!!a ")),
        compose("colons", |size| again(size, ": ")),
        compose("emojis", |size| again(size, "🦀é: ü\n")),
        compose("carriage-returns", |size| again(size, "a: 1\r")),
        json("scripts", |size| {
            after("{\"scripts\": {\"a\": \"b\"", size, |n| {
                format!(", \"s{n}\": \"node a.js --b {n}\"")
            }) + "}}"
        }),
        json("same-script", |size| {
            between("{\"scripts\": {\"a\": \"b\"", size, ", \"s\": \"c\"", "}}")
        }),
        json("dependencies", |size| {
            after("{\"dependencies\": {\"a\": \"1\"", size, |n| format!(", \"d{n}\": \"1\"")) + "}}"
        }),
        json("exports", |size| {
            after("{\"exports\": {\".\": \"./a.js\"", size, |n| format!(", \"./e{n}\": \"./e{n}.js\"")) + "}}"
        }),
        json("open-lists", |size| again(size, "[")),
        json("open-objects", |size| again(size, "{\"a\":")),
        json("lists-in-lists", |size| nested(size, "[", "1", "]")),
        json("list", |size| format!("[{}1]", again(size, "1,"))),
        json("commas", |size| format!("[{}]", again(size, ","))),
        json("commas-and-ends", |size| again(size, ",]")),
        json("spaces-and-ends", |size| again(size, " ]")),
        json("comments", |size| again(size, "/* x */ // y\n")),
        json("open-comments", |size| again(size, "/*")),
        json("open-strings", |size| again(size, "\"\\\"")),
        Shape::file("json-paths", "tsconfig.json", |size| {
            after("{\"compilerOptions\": {\"paths\": {\"a\": [\"b\"]", size, |n| {
                format!(", \"@p{n}/*\": [\"./src/p{n}/*\"]")
            }) + "}}}"
        }),
        settings("dockerfile", "Dockerfile", |size| {
            fill(size, |n| format!("ENV K{n}=v\nCMD [\"gunicorn\", \"a:b\"]\n"))
        }),
        settings("dockerfile-joined", "Dockerfile", |size| between("CMD a", size, " \\\n  a", "\n")),
        settings("procfile", "Procfile", |size| fill(size, |n| format!("w{n}: gunicorn a:b\n"))),
        settings("caddyfile", "Caddyfile", |size| {
            again(size, "example.com {\n  reverse_proxy a\n}\n")
        }),
        settings("nginx", "nginx.conf", |size| {
            fill(size, |n| format!("location /{n} {{ proxy_pass http://a; }}\n"))
        }),
        settings("redis", "redis.conf", |size| fill(size, |n| format!("save {n} 1\n"))),
        settings("postgres", "postgresql.conf", |size| fill(size, |n| format!("a{n} = '5s' # b\n"))),
        settings("environment", ".env.example", |size| fill(size, |n| format!("export K{n}=\"v\"\n"))),
        settings("long-line", "redis.conf", |size| again(size, " #a\t#")),
        settings("platform", "app.yaml", |size| between("command:\n", size, "  - a\n", "")),
        settings("toml-dependencies", "pyproject.toml", |size| {
            after("[project]\ndependencies = [\n", size, |n| format!("  'd{n}>=1',\n")) + "]\n"
        }),
        settings("toml-tables", "pyproject.toml", |size| fill(size, |n| format!("[a.b{n}]\nc = 1\n"))),
        settings("toml-dotted", "pyproject.toml", |size| between("a", size, ".a", " = 1\n")),
        settings("toml-nested", "pyproject.toml", |size| between("a = ", size, "[", "")),
        settings("toml-inline", "pyproject.toml", |size| between("a = ", size, "{a = ", "")),
    ]
}

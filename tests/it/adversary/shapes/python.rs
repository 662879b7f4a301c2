//! Python: what the grammar and the lowering see.

use super::{Shape, after, again, between, fill, nested};

const PATH: &str = "app/shape.py";

/// Blocks in blocks, as deep as the scanner holds, again and again.
fn indented(size: usize) -> String {
    let block: String = (0..300)
        .map(|level| format!("{}if x:\n", " ".repeat(level)))
        .collect::<Vec<_>>()
        .concat();
    between("", size, &format!("{block}{}pass\n", " ".repeat(300)), "")
}

pub fn shapes() -> Vec<Shape> {
    let file = |name: &str, make| Shape::file(&format!("python-{name}"), PATH, make);
    vec![
        file("calls", |size| again(size, "f(1)\n")),
        file("functions", |size| fill(size, |n| format!("def f{n}(a):\n    return f{n}(a)\n"))),
        file("elif", |size| {
            after("if x:\n    pass\n", size, |n| format!("elif x == {n}:\n    f({n})\n"))
        }),
        file("statements-of-one-function", |size| {
            after("def f(a):\n", size, |n| format!("    v{n} = a.b{n}(v{n})\n"))
        }),
        file("sum", |size| between("x = 1", size, " + 1", "\n")),
        file("and", |size| between("x = a", size, " and a", "\n")),
        file("compared", |size| between("x = a", size, " < a", "\n")),
        file("attributes", |size| between("x = a", size, ".b", "\n")),
        file("method-chain", |size| between("x = a", size, ".b()", "\n")),
        file("subscripts", |size| between("x = a", size, "[0]", "\n")),
        file("slices", |size| format!("x = {}\n", nested(size, "a[", "1:2", ":3]"))),
        file("parentheses", |size| format!("x = {}\n", nested(size, "(", "1", ")"))),
        file("calls-in-calls", |size| format!("x = {}\n", nested(size, "f(", "1", ")"))),
        file("open-brackets", |size| again(size, "[")),
        file("open-braces", |size| again(size, "{a:")),
        file("open-parentheses", |size| again(size, "f(")),
        file("closed-only", |size| again(size, ")")),
        file("not", |size| between("x = ", size, "not ", "a\n")),
        file("await", |size| between("async def f():\n    ", size, "await ", "a\n")),
        file("conditional", |size| between("x = ", size, "a if b else ", "c\n")),
        file("lambda", |size| between("x = ", size, "lambda: ", "c\n")),
        file("assignments-in-one", |size| between("", size, "a = ", "1\n")),
        file("conditions-of-a-comprehension", |size| {
            between("x = [a for a in b", size, " if a", "]\n")
        }),
        file("clauses-of-a-comprehension", |size| {
            between("x = [a for a in b", size, " for a in b", "]\n")
        }),
        file("list", |size| after("x = [\n", size, |n| format!("    {n},\n")) + "]\n"),
        file("dictionary", |size| {
            after("x = {\n", size, |n| format!("    'k{n}': {n},\n")) + "}\n"
        }),
        file("same-keys", |size| between("x = {\n", size, "    'k': 1,\n", "}\n")),
        file("arguments", |size| after("f(\n", size, |n| format!("    a{n}={n},\n")) + ")\n"),
        file("parameters", |size| {
            after("def f(\n", size, |n| format!("    a{n}=1,\n")) + "):\n    pass\n"
        }),
        file("decorators", |size| {
            after("", size, |n| format!("@d{n}.e()\n")) + "def f():\n    pass\n"
        }),
        file("imports", |size| fill(size, |n| format!("import a{n}.b as c{n}\n"))),
        file("imported-names", |size| {
            after("from a import (\n", size, |n| format!("    b{n},\n")) + ")\n"
        }),
        file("classes", |size| {
            fill(size, |n| format!("class C{n}(C{}):\n    x = {n}\n", n.saturating_sub(1)))
        }),
        file("bases", |size| {
            after("class C(\n", size, |n| format!("    B{n},\n")) + "):\n    pass\n"
        }),
        file("with-items", |size| {
            after("with (\n", size, |n| format!("    a() as b{n},\n")) + "):\n    pass\n"
        }),
        file("cases", |size| {
            after("match x:\n", size, |n| format!("    case {n}:\n        f({n})\n"))
        }),
        file("handlers", |size| {
            after("try:\n    f()\n", size, |n| format!("except E{n}:\n    f({n})\n"))
        }),
        file("global-names", |size| after("global a", size, |n| format!(", a{n}")) + "\n"),
        file("targets", |size| between("a", size, ", a", " = b\n")),
        file("stars", |size| again(size, "*")),
        file("adjacent-strings", |size| between("x = (", size, "'a' ", ")\n")),
        file("formatted", |size| between("x = f'", size, "{a}", "'\n")),
        file("formatted-in-formatted", |size| again(size, "f'{")),
        file("open-strings", |size| again(size, "'\n")),
        file("open-long-strings", |size| again(size, "'''a'''\"\"\"\n")),
        file("raw-strings", |size| again(size, "x = r'\\'\n")),
        file("backslashes", |size| again(size, "\\\n")),
        file("comments", |size| again(size, "# x\n")),
        file("tool-comments", |size| again(size, "x = 1  # perfaudit: ignore[n-plus-one] few\n")),
        file("indented", indented),
        file("dedented", |size| fill(size, |n| format!("{}x\n", " ".repeat(300 - n % 300)))),
        file("half-statements", |size| again(size, "if\ndef\nclass\n@\n")),
        file("keywords", |size| again(size, "if def for in lambda class ")),
        file("one-line", |size| again(size, "a;")),
        file("carriage-returns", |size| again(size, "f(1)\r")),
        file("nul", |size| again(size, "f(1)\0\n")),
        file("order-marks", |size| again(size, "\u{feff}f(1)\n")),
        file("emojis", |size| again(size, "🦀 = 'é🦀'\n")),
        file("form-feeds", |size| again(size, "\u{c} f(1)\n")),
        file("types", |size| format!("x: {} = 1\n", nested(size, "A[", "B", "]"))),
        file("union", |size| between("x: A", size, " | A", " = 1\n")),
        file("queries-as-text", |size| {
            fill(size, |n| format!("db.execute('SELECT a FROM t{n} WHERE b = %s', (1,))\n"))
        }),
        file("query-of-pieces", |size| {
            format!("db.execute(f\"SELECT a FROM t WHERE b IN ({})\")\n", again(size, "{a}, "))
        }),
    ]
}

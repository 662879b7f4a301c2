//! TypeScript, JSX and components.

use super::{Files, Shape, after, fill};

const PATH: &str = "src/shape.ts";
const JSX: &str = "src/shape.tsx";

/// A piece again and again, on lines of ordinary length: a file of few long lines is left out as minified.
fn again(size: usize, piece: &str) -> String {
    lines(size.div_ceil(piece.len()), piece)
}

fn between(head: &str, size: usize, piece: &str, tail: &str) -> String {
    format!("{head}{}{tail}", again(size, piece))
}

fn nested(size: usize, open: &str, middle: &str, close: &str) -> String {
    let levels = size / (open.len() + close.len());
    format!("{}{middle}{}", lines(levels, open), lines(levels, close))
}

fn lines(count: usize, piece: &str) -> String {
    let a_line = 80 / piece.len().min(80);
    let piece_of = |n: usize| {
        if n.is_multiple_of(a_line) && !piece.ends_with('\n') {
            format!("{piece}\n")
        } else {
            piece.to_owned()
        }
    };
    (1..=count).map(piece_of).collect()
}

fn scripts(size: usize) -> Files {
    vec![(
        "src/Shape.vue".to_owned(),
        fill(size, |n| format!("<p>{n}</p>\n<script>\nconst a{n} = f({n});\n</script>\n")),
    )]
}

pub fn shapes() -> Vec<Shape> {
    let file = |name: &str, make| Shape::file(&format!("typescript-{name}"), PATH, make);
    let jsx = |name: &str, make| Shape::file(&format!("typescript-{name}"), JSX, make);
    vec![
        file("calls", |size| again(size, "f(1);\n")),
        file("functions", |size| {
            fill(size, |n| format!("export function f{n}(a: number) {{ return f{n}(a); }}\n"))
        }),
        file("else-if", |size| {
            after("if (x) { f(); }", size, |n| format!(" else if (x === {n}) {{ f({n}); }}\n"))
        }),
        file("statements-of-one-function", |size| {
            after("function f(a) {\n", size, |n| format!("  const v{n} = a.b{n}(v{n});\n")) + "}\n"
        }),
        file("open-comments", |size| again(size, "/* x\n")),
        file("comments", |size| again(size, "// x\n")),
        file("long-comments", |size| again(size, "/* x */\n")),
        file("tool-comments", |size| again(size, "f(); // perfaudit: ignore[n-plus-one] few\n")),
        file("html-comments", |size| again(size, "<!-- x\n")),
        file("open-arrows", |size| again(size, "(a,")),
        file("arrows", |size| format!("x = {};\n", nested(size, "(a, b = ", "1", ") => a"))),
        file("arrow-chain", |size| between("x = ", size, "(a, b) => ", "a;\n")),
        file("async-arrows", |size| again(size, "async (a,")),
        file("patterns", |size| format!("x = ({}) => a;\n", nested(size, "{a: [", "b", "]}"))),
        file("open-patterns", |size| again(size, "({a: [")),
        file("generics", |size| format!("x = {}(1);\n", nested(size, "a<", "b", ">"))),
        file("open-generics", |size| again(size, "a<b,")),
        file("less-than", |size| again(size, "a<")),
        file("generic-arrows", |size| again(size, "<T,>(a: b<")),
        file("closed-generics", |size| again(size, "a>(")),
        file("generic-calls", |size| again(size, "await a<b>(c)\n")),
        file("closed-in-space", |size| {
            again(size, &format!("a{}.x<b>(c);\n", "\n".repeat(1_900)))
        }),
        file("types", |size| format!("type A = {};\n", nested(size, "B<", "C", ">"))),
        file("function-types", |size| {
            format!("type A = {};\n", nested(size, "(a: ", "C", ") => B"))
        }),
        file("conditional-types", |size| between("type A = ", size, "B extends C ? D : ", "E;\n")),
        file("union", |size| between("type A = B", size, " | C", ";\n")),
        file("object-types", |size| format!("type A = {};\n", nested(size, "{a: ", "C", "}"))),
        file("assertions", |size| between("x = ", size, "<a>", "b;\n")),
        file("as", |size| between("x = a", size, " as b", ";\n")),
        file("non-null", |size| between("x = a", size, "!", ";\n")),
        file("sum", |size| between("x = 1", size, " + 1", ";\n")),
        file("and", |size| between("x = a", size, " && a", ";\n")),
        file("ternary", |size| between("x = ", size, "a ? b : ", "c;\n")),
        file("assignments-in-one", |size| between("", size, "a = ", "1;\n")),
        file("not", |size| between("x = ", size, "!", "a;\n")),
        file("await", |size| between("async function f() { ", size, "await ", "a }\n")),
        file("spread", |size| between("x = [", size, "...", "a];\n")),
        file("sequence", |size| between("a", size, ", a", ";\n")),
        file("members", |size| between("x = a", size, ".b", ";\n")),
        file("method-chain", |size| between("x = a", size, "?.b()", ";\n")),
        file("subscripts", |size| between("x = a", size, "[0]", ";\n")),
        file("parentheses", |size| format!("x = {};\n", nested(size, "(", "1", ")"))),
        file("open-parentheses", |size| again(size, "f(")),
        file("open-braces", |size| again(size, "{")),
        file("open-objects", |size| again(size, "{a: {b, ")),
        file("closed-only", |size| again(size, "}")),
        file("blocks", |size| nested(size, "{", ";", "}")),
        file("loops-in-loops", |size| again(size, "for (;;) ")),
        file("if-in-if", |size| again(size, "if (a) ")),
        file("labels", |size| again(size, "a: ")),
        file("new", |size| between("x = ", size, "new ", "A;\n")),
        file("templates", |size| again(size, "`${")),
        file("template-holes", |size| between("x = `", size, "${a}", "`;\n")),
        file("open-templates", |size| again(size, "`\n")),
        file("tagged-templates", |size| between("x = a", size, "`b`", ";\n")),
        file("open-strings", |size| again(size, "'\n")),
        file("regexes", |size| again(size, "/[\n")),
        file("list", |size| after("x = [\n", size, |n| format!("  {n},\n")) + "];\n"),
        file("object", |size| after("x = {\n", size, |n| format!("  k{n}: {n},\n")) + "};\n"),
        file("exported-object", |size| {
            after("module.exports = {\n", size, |n| format!("  k{n}: f,\n")) + "};\n"
        }),
        file("declarations-in-one", |size| {
            after("let a = 1", size, |n| format!(",\n  a{n} = {n}")) + ";\n"
        }),
        file("imports", |size| fill(size, |n| format!("import {{ a{n} }} from './b{n}';\n"))),
        file("exports", |size| fill(size, |n| format!("export const a{n} = () => a{n}();\n"))),
        file("re-exports", |size| fill(size, |n| format!("export * from './b{n}';\n"))),
        file("cases", |size| {
            after("switch (x) {\n", size, |n| format!("  case {n}: f({n});\n")) + "}\n"
        }),
        file("classes", |size| {
            fill(size, |n| {
                format!("class C{n} extends C{} {{ m{n}() {{ return 1; }} }}\n", n.saturating_sub(1))
            })
        }),
        file("class-members", |size| {
            after("class C {\n", size, |n| format!("  @d() m{n}() {{}}\n")) + "}\n"
        }),
        file("decorators", |size| fill(size, |n| format!("@d{n}()\n")) + "class C {}\n"),
        file("enum-members", |size| after("enum E {\n", size, |n| format!("  A{n},\n")) + "}\n"),
        file("callbacks", |size| format!("{};\n", nested(size, "f(() => { ", "a()", " })"))),
        file("one-line", |size| again(size, "a;")),
        file("carriage-returns", |size| again(size, "f(1);\r")),
        file("order-marks", |size| again(size, "\u{feff}f(1);\n")),
        file("emojis", |size| again(size, "a = 'é🦀';\n")),
        file("half-statements", |size| again(size, "if (\nfunction\nclass {\n@\n")),
        jsx("elements", |size| format!("x = {};\n", nested(size, "<a>", "b", "</a>"))),
        jsx("siblings", |size| between("x = <a>", size, "<b c=\"d\" />", "</a>;\n")),
        jsx("open-elements", |size| again(size, "<a>")),
        jsx("attributes", |size| after("x = <a", size, |n| format!("\n  b{n}={{c}}")) + " />;\n"),
        jsx("expressions", |size| again(size, "<a>{b && ")),
        jsx("generic-arrows-in-jsx", |size| again(size, "<T,>(a) => ")),
        Shape::files("component-scripts", scripts),
        Shape::file("component-open-scripts", "src/Shape.vue", |size| again(size, "<script>\n")),
        Shape::file("component-open-tags", "src/Shape.svelte", |size| again(size, "<script a\n")),
        Shape::file("component-text", "src/Shape.svelte", |size| again(size, "<p>{a}</p>\n")),
    ]
}

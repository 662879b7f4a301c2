//! What configurations of bundlers import.

/// Whether an import says that a Vite configuration is of a browser application; others are for tests and servers.
pub fn is_for_browsers(import: &str) -> bool {
    [
        "plugin-react",
        "plugin-vue",
        "svelte",
        "react-router",
        "solid",
        "preact",
        "tanstack",
        "qwik",
        "plugin-legacy",
    ]
    .iter()
    .any(|name| import.contains(name))
}

/// Whether a text of a configuration names something that takes calls of `console` out.
pub fn removes_console(text: &str) -> bool {
    [
        "removeConsole",
        "remove-console",
        "removeconsole",
        "strip-code",
        "plugin-strip",
        "transform-remove-console",
    ]
    .iter()
    .any(|name| text.contains(name))
}

/// Options that list what is taken out of a build: `drop: ["console"]`, `pure: ["console.log"]`.
pub const DROPPING: &[&str] = &["drop", "pure", "pure_funcs"];

/// Whether a method of `console` says what nobody needs in production.
pub fn is_chatter(method: &str) -> bool {
    matches!(method, "log" | "debug" | "info" | "trace" | "table")
}

/// A tool that builds what browsers load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bundler {
    /// Vite, which builds with esbuild.
    Vite,
    /// Next.js.
    Next,
    /// webpack.
    Webpack,
}

impl Bundler {
    /// The tool whose configuration a file is, by its name.
    pub fn of_file(path: &str) -> Option<Bundler> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let stem = name.split('.').next().unwrap_or(name);
        match (stem, name.contains(".config.")) {
            ("vite", true) if name.starts_with("vite.config.") && name.matches('.').count() == 2 => Some(Bundler::Vite),
            ("next", true) => Some(Bundler::Next),
            ("webpack", _) => Some(Bundler::Webpack),
            _ => None,
        }
    }

    /// Its name, for people.
    pub fn name(self) -> &'static str {
        match self {
            Bundler::Vite => "Vite",
            Bundler::Next => "Next.js",
            Bundler::Webpack => "webpack",
        }
    }

    /// Its package, as advice carries it.
    pub fn library(self) -> &'static str {
        match self {
            Bundler::Vite => "vite",
            Bundler::Next => "next",
            Bundler::Webpack => "webpack",
        }
    }
}

/// Whether the name of a file is that of a Next.js application's configuration.
pub fn is_of_next(name: &str) -> bool {
    name.starts_with("next.config.")
}

/// Whether a text of a configuration says that the bundle is a library's or another tool's, which is built again by who uses it.
pub fn is_built_again(text: &str) -> bool {
    text == "@storybook" || text.starts_with("@remix-run/dev")
}

/// Whether a text of a webpack configuration says that it builds pages.
pub fn makes_pages(text: &str) -> bool {
    text.contains("html-webpack-plugin") || text == "HtmlWebpackPlugin"
}

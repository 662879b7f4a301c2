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

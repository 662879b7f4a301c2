//! The packages that a manifest asks for: `package.json`, `pyproject.toml`.

use super::json;
use crate::budget::{self, Limit};

/// Names of the packages that `package.json` needs at run time, and of those that it is developed and built with.
pub fn node(text: &str) -> (Vec<String>, Vec<String>) {
    let value = json::parse(text);
    let names = |list: &str| -> Vec<String> {
        let packages = value.as_ref().and_then(|value| value.get(list)).and_then(|list| list.as_object());
        packages.into_iter().flatten().map(|(name, _)| name.clone()).collect()
    };
    (names("dependencies"), names("devDependencies"))
}

/// A package that a manifest needs, and the first number of the lowest version that it allows, where it says one.
pub type Needed = (String, Option<u32>);

/// The packages that `pyproject.toml` needs, its groups for development left out.
pub fn python(text: &str) -> Vec<Needed> {
    if text.len() > Limit::SettingsSize.count() {
        budget::tell(Limit::SettingsSize, 0);
        return Vec::new();
    }
    let table = match text.parse::<toml::Table>() {
        Ok(table) => table,
        Err(error) => {
            // The only words by which the parser tells that from a mistake.
            if ["recursion limit", "recurse further"]
                .iter()
                .any(|words| error.message().contains(words))
            {
                budget::tell(Limit::SettingsNesting, 0);
            }
            return Vec::new();
        }
    };
    let project = table.get("project");
    let required = project
        .and_then(|project| project.get("dependencies"))
        .and_then(|list| list.as_array());
    let extras = project
        .and_then(|project| project.get("optional-dependencies"))
        .and_then(|groups| groups.as_table())
        .into_iter()
        .flatten()
        .filter(|(group, _)| !matches!(group.as_str(), "dev" | "test" | "tests" | "docs"))
        .filter_map(|(_, list)| list.as_array());
    let listed = required.into_iter().chain(extras).flatten().filter_map(|item| item.as_str());
    let poetry = table
        .get("tool")
        .and_then(|tool| tool.get("poetry"))
        .and_then(|poetry| poetry.get("dependencies"))
        .and_then(|list| list.as_table());
    let mut needed: Vec<Needed> = listed
        .map(|text| {
            let name = requirement(text);
            (name.to_owned(), lowest(&text[name.len()..]))
        })
        .collect();
    let version = |value: &toml::Value| lowest(value.as_str().or_else(|| value.get("version")?.as_str())?);
    needed.extend(poetry.into_iter().flatten().map(|(name, value)| (name.clone(), version(value))));
    needed
}

/// The first number of the lowest version that the versions of a requirement allow: of `==8.0.0`, `>=8`, `~=8.1`, `^8`, `8.*`.
fn lowest(text: &str) -> Option<u32> {
    let text = text.split(';').next().unwrap_or(text);
    let after = ["===", "==", ">=", "~=", "^", "~"]
        .iter()
        .find_map(|sign| text.split_once(sign).map(|(_, after)| after));
    let version = after.unwrap_or(text).trim_start();
    let end = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version.get(..end)?.parse().ok()
}

/// The name in `psycopg[binary]>=3.1; python_version > "3.8"`.
fn requirement(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.')));
    text.get(..end.unwrap_or(text.len())).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_needed_at_run_time_are_named() {
        assert_eq!(
            node(r#"{"dependencies": {"pg": "^8"}, "devDependencies": {"sqlite3": "5"}}"#),
            (vec!["pg".to_owned()], vec!["sqlite3".to_owned()])
        );
        let text = "[project]\ndependencies = ['psycopg[binary]>=3.1; python_version > \"3.8\"', 'flask']\n[project.optional-dependencies]\ndev = ['aiosqlite']\nserver = ['redis']\n[tool.poetry.dependencies]\nasyncpg = '*'\n";
        let names: Vec<String> = python(text).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["psycopg", "flask", "redis", "asyncpg"]);
        assert!(node("[1, {").0.is_empty() && python("= broken").is_empty());
    }

    #[test]
    fn the_lowest_version_is_what_a_requirement_starts_with() {
        let text = "[project]\ndependencies = ['a==8.0.0', 'b[x]>=5,<9; python_version > \"3.8\"', 'c', 'd<8', 'e ~= 4.2', '2i']\n[tool.poetry.dependencies]\nf = '^7.1'\ng = {version = '3.*'}\nh = '*'\n";
        let lowest: Vec<Option<u32>> = python(text).into_iter().map(|(_, lowest)| lowest).collect();
        assert_eq!(lowest, [Some(8), Some(5), None, None, Some(4), None, Some(7), Some(3), None]);
    }

    #[test]
    fn what_is_too_deep_or_too_large_is_told() {
        let told = |text: &str| budget::hearing(|| python(text).len()).1;
        assert_eq!(told(&format!("a = {}", "[".repeat(1_000))), [(Limit::SettingsNesting, 0)]);
        let comment = format!("#{}\n", "x".repeat(Limit::SettingsSize.count()));
        assert_eq!(told(&comment), [(Limit::SettingsSize, 0)]);
        assert_eq!(told("= broken"), []);
    }
}

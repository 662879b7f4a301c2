//! What a file is for, by its path.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::vocabulary::{List, Open, Vocabulary};

/// What a file is for, by its path: code that runs, tests, migrations, what is generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FileRole {
    /// The program itself.
    Source,
    /// Tests, stories, mocks.
    Test,
    /// What people run by hand: scripts, seeds, management commands.
    Script,
    /// Schema changes.
    Migration,
    /// Written by a program.
    Generated,
    /// Examples and documentation.
    Example,
}

/// What a file is for. `path` is relative to the root, with `/`; `words` are those of the run.
pub fn role(path: &str, words: &Vocabulary) -> FileRole {
    let lower = path.to_ascii_lowercase();
    let (folders, name) = lower.rsplit_once('/').unwrap_or(("", lower.as_str()));
    let folders: Vec<&str> = folders.split('/').filter(|part| !part.is_empty()).collect();
    let stem = Path::new(name).file_stem().and_then(|stem| stem.to_str()).unwrap_or(name);
    if is_generated(&folders, name, stem) {
        return FileRole::Generated;
    }
    if is_test(&folders, name, stem, words) {
        return FileRole::Test;
    }
    if is_migration(&folders, name) {
        return FileRole::Migration;
    }
    // Words of a name in the case that it has, where databases are filled: `prisma/seedOrders.ts` are two.
    let is_of_database = folders.iter().any(|folder| List::DatabaseFolders.has(folder));
    let spelt = Path::new(path)
        .file_stem()
        .and_then(|stem| stem.to_str())
        .filter(|_| is_of_database);
    let spelt = spelt.unwrap_or(stem);
    if is_script(&folders, name, spelt, words) {
        return FileRole::Script;
    }
    if folders.iter().any(|folder| List::ExampleFolders.has(folder)) {
        return FileRole::Example;
    }
    FileRole::Source
}

/// What each of a project's files is for, by the paths of all of them: a folder that is called like examples but is an application of
/// the program, with models or migrations of its own, holds source.
pub fn roles(paths: &[&str], words: &Vocabulary) -> Vec<FileRole> {
    let apps: BTreeSet<&str> = paths.iter().filter_map(|path| example_app(path)).collect();
    let settled = |path: &&str| match role(path, words) {
        FileRole::Example
            if apps
                .iter()
                .any(|app| path.strip_prefix(app).is_some_and(|rest| rest.starts_with('/'))) =>
        {
            FileRole::Source
        }
        role => role,
    };
    paths.iter().map(settled).collect()
}

/// The folder that is called like examples and holds the file of an application itself: `examples/models.py`, `examples/migrations/0001.py`.
fn example_app(path: &str) -> Option<&str> {
    let (folder, name) = path.rsplit_once('/')?;
    let app = match folder.strip_suffix("/migrations") {
        Some(app) if name.ends_with(".py") => app,
        _ if matches!(name, "models.py" | "apps.py") => folder,
        _ => return None,
    };
    let last = app.rsplit('/').next()?.to_ascii_lowercase();
    List::ExampleFolders.has(&last).then_some(app)
}

/// Whether a lower-case name has one of the endings.
fn ends(name: &str, endings: &[&str]) -> bool {
    endings.iter().any(|ending| name.ends_with(ending))
}

fn is_generated(folders: &[&str], name: &str, stem: &str) -> bool {
    let by_folder = folders.iter().any(|folder| matches!(*folder, "__generated__" | "generated"));
    let by_stem = ends(stem, &[".generated", ".gen", ".pb", "_pb"]);
    by_folder || by_stem || ends(name, &["_pb2.py", "_pb2.pyi", "_pb2_grpc.py"])
}

fn is_test(folders: &[&str], name: &str, stem: &str, words: &Vocabulary) -> bool {
    let python = ends(name, &[".py"]) && (stem.starts_with("test_") || matches!(stem, "conftest" | "tests" | "test"));
    let is_folder = |folder: &&str| matches!(*folder, "__mocks__" | "__fixtures__") || words.has(Open::TestFolders, folder);
    // `api.spec.yaml` specifies an API; `mock-server/mock-server.ts` is a part of the program, which serves mocks.
    let feature = folders.last().filter(|folder| folder.starts_with("mock"));
    let own = feature.and_then(|folder| stem.strip_prefix(*folder)).unwrap_or(stem);
    let is_named = List::TestFiles.has(own) && !super::is_api(name);
    python || is_named || folders.iter().any(is_folder)
}

fn is_migration(folders: &[&str], name: &str) -> bool {
    let has = |wanted: &str| folders.contains(&wanted);
    let versions = has("versions")
        && folders
            .iter()
            .any(|folder| folder.contains("alembic") || folder.contains("migration"));
    let drizzle = folders.iter().any(|folder| folder.starts_with("drizzle")) && ends(name, &[".sql"]);
    let rails_like = folders.windows(2).any(|pair| pair == ["db", "migrate"]);
    let of_kind = folders.iter().any(|folder| folder.ends_with("_migrations"));
    of_kind || has("migrations") || has("migration") || has("upgrades") || has("alembic") || versions || drizzle || rails_like
}

fn is_script(folders: &[&str], name: &str, stem: &str, words: &Vocabulary) -> bool {
    let by_folder = folders.iter().any(|folder| words.has(Open::ScriptFolders, folder));
    let commands = folders.windows(2).any(|pair| pair == ["management", "commands"]);
    let is_code = !ends(name, &[".sql", ".prisma"]);
    let seed = is_code && List::SeedFiles.has(stem);
    let top = folders.is_empty() && matches!(name, "setup.py" | "fabfile.py" | "noxfile.py" | "tasks.py");
    by_folder || commands || seed || top || ends(&stem.to_ascii_lowercase(), &[".config", ".seed", ".seeder"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_application_that_is_called_examples_is_source() {
        let words = Vocabulary::default();
        let paths = ["api/examples/apps.py", "api/examples/views.py", "docs/examples/shop/models.py"];
        assert_eq!(roles(&paths, &words), [FileRole::Source, FileRole::Source, FileRole::Example]);
        assert_eq!(roles(&["api/examples/views.py"], &words), [FileRole::Example]);
        let migrated = ["examples/migrations/0001_initial.py", "examples/views.py"];
        assert_eq!(roles(&migrated, &words), [FileRole::Migration, FileRole::Source]);
    }

    #[test]
    fn paths_tell_what_a_file_is_for() {
        let cases = [
            ("app/models.py", FileRole::Source),
            ("src/contest.py", FileRole::Source),
            ("src/latest.ts", FileRole::Source),
            ("src/attest/index.ts", FileRole::Source),
            ("src/drizzle/schema.ts", FileRole::Source),
            ("src/versions/api.py", FileRole::Source),
            ("tests/factories.py", FileRole::Test),
            ("packages/test-helpers/src/mail.ts", FileRole::Test),
            ("app/test_views.py", FileRole::Test),
            ("app/mock_mailer.py", FileRole::Test),
            ("app/mocking.py", FileRole::Source),
            ("src/mock-server/mock-server.service.ts", FileRole::Source),
            ("src/mock-server/mock-server.service.spec.ts", FileRole::Test),
            ("src/mail/mock-server.ts", FileRole::Test),
            ("app/views_test.py", FileRole::Test),
            ("app/conftest.py", FileRole::Test),
            ("src/a.test.tsx", FileRole::Test),
            ("src/a.spec.ts", FileRole::Test),
            ("swagger/api.spec.yaml", FileRole::Source),
            ("src/__tests__/a.ts", FileRole::Test),
            ("src/Button.stories.tsx", FileRole::Test),
            ("e2e/login.ts", FileRole::Test),
            ("api/endpoint-tests/utils.js", FileRole::Test),
            ("web/e2e-helpers/login.ts", FileRole::Test),
            ("src/ab-tests/chooser.ts", FileRole::Source),
            ("tests/fixtures/data.sql", FileRole::Test),
            ("fixtures/app/main.py", FileRole::Source),
            ("scripts/backfill.py", FileRole::Script),
            ("prisma/seed.ts", FileRole::Script),
            ("prisma/seedOrders.ts", FileRole::Script),
            ("src/orders/orders.seeder.ts", FileRole::Script),
            ("src/seedling.ts", FileRole::Source),
            ("src/api/seedPhrase.ts", FileRole::Source),
            ("shop/management/commands/import_orders.py", FileRole::Script),
            ("shop/migrations/0001_initial.py", FileRole::Migration),
            ("alembic/versions/1a2b_add.py", FileRole::Migration),
            ("db/alembic_main/versions/1a2b_add.py", FileRole::Migration),
            ("shop/db_migrations/0001_initial.py", FileRole::Migration),
            ("drizzle/0001_init.sql", FileRole::Migration),
            ("prisma/migrations/2024_init/migration.sql", FileRole::Migration),
            ("rpc/user_pb2.py", FileRole::Generated),
            ("src/routeTree.gen.ts", FileRole::Generated),
            ("src/__generated__/graphql.ts", FileRole::Generated),
            ("examples/hello.py", FileRole::Example),
        ];
        for (path, wanted) in cases {
            assert_eq!(role(path, &Vocabulary::default()), wanted, "{path}");
        }
    }

    #[test]
    fn folders_of_a_configuration_are_of_tests_and_scripts_too() {
        let mut words = Vocabulary::default();
        words.add(Open::ScriptFolders, &["ops".to_owned()]).expect("a word");
        words.add(Open::TestFolders, &["qa".to_owned()]).expect("a word");
        assert_eq!(
            (role("src/ops/fill.py", &words), role("qa/orders.py", &words)),
            (FileRole::Script, FileRole::Test)
        );
        assert_eq!(role("src/ops.py", &words), FileRole::Source);
    }
}

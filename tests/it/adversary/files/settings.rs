//! What a configuration names, and rules and libraries of a repository.

use super::*;

#[test]
fn a_configuration_does_not_say_where_a_report_is_written() {
    for (file, table) in [("perfaudit.toml", ""), ("pyproject.toml", "[tool.perfaudit]\n")] {
        let place = place();
        fs::create_dir_all(place.project.join(".git/hooks")).expect("folders");
        for target in [".git/hooks/pre-commit", "../outside/new.txt", "report.txt"] {
            fs::write(place.project.join(file), format!("{table}output = '{target}'\n")).expect("written");
            let run = scan(&place.project, &[]);
            assert!(!place.project.join(target).exists(), "{target} was written");
            run.refused("`output` is not taken from a configuration; give it on the command line: `-o FILE`");
        }
    }
}

#[test]
fn a_configuration_names_nothing_outside_of_its_folder() {
    let place = place();
    symlink(place.outside.join("secret.txt"), place.project.join("file-link")).expect("linked");
    symlink(&place.outside, place.project.join("folder-link")).expect("linked");
    fs::create_dir(place.project.join(".git")).expect("a folder");
    fs::write(place.project.join(".git/config"), format!("{SECRET}\n")).expect("written");
    let absolute = place.outside.join("secret.txt").to_string_lossy().into_owned();
    let files = [
        "/proc/self/environ",
        &absolute,
        "../outside/secret.txt",
        "none/../../outside/secret.txt",
        "file-link",
        "folder-link/secret.txt",
        ".git/config",
    ];
    let folder = place.outside.to_string_lossy().into_owned();
    let folders = [folder.as_str(), "..", "../outside", "folder-link", "/"];
    for (key, names) in [
        ("stats", &files[..]),
        ("baseline", &files[..]),
        ("rules-dir", &folders[..]),
        ("libraries-dir", &folders[..]),
    ] {
        for name in names {
            fs::write(place.project.join("perfaudit.toml"), format!("{key} = '{name}'\n")).expect("written");
            scan(&place.project, &[]).refused(&format!("perfaudit.toml: `{key}`: `{name}` leads out of the project"));
        }
    }
    for name in folders {
        fs::write(place.project.join("perfaudit.toml"), format!("paths = ['app.py', '{name}']\n")).expect("written");
        scan(&place.project, &["--format", "full"]).refused("perfaudit.toml: `paths`: ");
    }
}

#[test]
fn a_configuration_that_stays_inside_is_used() {
    let place = place();
    let at = &place.project;
    fs::create_dir(at.join("data")).expect("a folder");
    fs::write(at.join("data/stats.csv"), "table_name,row_count\nusers,5\n").expect("written");
    symlink("data/stats.csv", at.join("stats.csv")).expect("linked");
    fs::write(at.join("perfaudit.toml"), "stats = 'stats.csv'\npaths = ['./data/../app.py']\n").expect("written");
    let report = json(at, &[]);
    assert_eq!(
        (read(&report), report["findings"][0]["location"]["file"].as_str()),
        (1, Some("app.py"))
    );
    // A broken line of a file in the tree may be shown.
    fs::write(at.join("data/stats.csv"), "table_name,rowcount\nusers,5\n").expect("written");
    scan(at, &[]).refused("unknown column `rowcount`");
}

#[test]
fn devices_and_pipes_are_no_settings_statistics_or_baselines() {
    let place = place();
    pipe(&place.project.join("pipe"));
    for (key, name) in [("stats", "pipe"), ("baseline", "pipe"), ("stats", "."), ("baseline", ".")] {
        fs::write(place.project.join("perfaudit.toml"), format!("{key} = '{name}'\n")).expect("written");
        scan(&place.project, &[]).refused("not a regular file");
    }
    fs::remove_file(place.project.join("perfaudit.toml")).expect("removed");
    for option in ["--stats", "--baseline", "--config"] {
        for name in ["/dev/zero", "/dev/stdin", "pipe", "/dev/null"] {
            scan(&place.project, &[option, name]).refused("not a regular file");
        }
    }
    run(&place.project, &["report", "--template", "/dev/zero"]).refused("not a regular file");
}

#[test]
fn a_configuration_that_is_a_link_is_not_read() {
    let place = place();
    let own = place.project.join("perfaudit.toml");
    for target in [
        place.outside.join("secret.txt"),
        "/proc/self/environ".into(),
        "../outside/secret.txt".into(),
    ] {
        symlink(&target, &own).expect("linked");
        for arguments in [&[][..], &["--config", "perfaudit.toml"][..]] {
            scan(&place.project, arguments).refused("perfaudit.toml: leads out of the project, so it is not read");
        }
        fs::remove_file(&own).expect("removed");
    }
    for target in ["/dev/zero", "/dev/stdin", "nowhere"] {
        symlink(target, &own).expect("linked");
        scan(&place.project, &[]).refused("perfaudit.toml: ");
        fs::remove_file(&own).expect("removed");
    }
    pipe(&own);
    scan(&place.project, &[]).refused("perfaudit.toml: not a regular file");
    fs::remove_file(&own).expect("removed");
    // Someone else's file: it is counted as a link, and says nothing.
    let python = format!("[tool.perfaudit]\nskip = ['{SECRET}']\n");
    fs::write(place.outside.join("pyproject.toml"), python).expect("written");
    symlink("../outside/pyproject.toml", place.project.join("pyproject.toml")).expect("linked");
    let report = json(&place.project, &[]);
    assert_eq!((read(&report), skipped(&report, "symlink")), (1, vec!["pyproject.toml"]));
}

/// The line of a mistake is found without counting from the start for each key: that took a quarter of a minute for this.
#[test]
fn the_lines_of_a_large_configuration_are_found_in_one_pass() {
    let place = place();
    let keys: Vec<String> = (0..99_999).map(|number| format!("k{number:05}=1\n")).collect();
    fs::write(place.project.join("perfaudit.toml"), format!("skip=[]\n{}", keys.concat())).expect("written");
    scan(&place.project, &[]).refused("perfaudit.toml:2: unknown key `k00000`");
}

/// The audit's title is a manifest's name: see `engine::run::origin`.
#[test]
fn a_manifest_that_leads_elsewhere_gives_no_name() {
    let python = format!("[project]\nname = '{SECRET}'\n");
    for (name, text) in [("package.json", format!("{{\"name\": \"{SECRET}\"}}")), ("pyproject.toml", python)] {
        let Place { _folder, project, outside } = place();
        fs::create_dir(project.join(".git")).expect("a folder");
        fs::write(project.join(".git").join(name), &text).expect("written");
        fs::write(outside.join(name), &text).expect("written");
        fs::write(project.join("own.txt"), text.replace(SECRET, "shop")).expect("written");
        let told = |target: &str, format: &str| {
            symlink(target, project.join(name)).expect("linked");
            let run = run(&project, &["report", "--no-cache", "--format", format]);
            fs::remove_file(project.join(name)).expect("removed");
            assert_eq!(run.code, Some(0), "{target}: {}", run.err);
            run.silent();
            run.out
        };
        for target in [&format!("../outside/{name}"), &format!(".git/{name}"), "/dev/zero", "nowhere"] {
            for format in ["markdown", "html", "json"] {
                told(target, format);
            }
        }
        // A link that stays inside is the repository's own text.
        assert!(told("own.txt", "markdown").starts_with("# Performance audit of shop\n"), "{name}");
    }
}

#[test]
fn a_rule_page_that_is_a_link_is_not_read() {
    let place = place();
    fs::create_dir(place.project.join("pages")).expect("a folder");
    symlink(place.outside.join("secret.txt"), place.project.join("pages/n-plus-one.md")).expect("linked");
    fs::write(place.project.join("perfaudit.toml"), "rules-dir = 'pages'\n").expect("written");
    scan(&place.project, &[]).refused("pages/n-plus-one.md: leads out of the project");
    fs::remove_file(place.project.join("pages/n-plus-one.md")).expect("removed");
    pipe(&place.project.join("pages/n-plus-one.md"));
    scan(&place.project, &[]).refused("pages/n-plus-one.md: not a regular file");
}

/// The folder that a configuration names is in the tree; so must be all that is in it.
#[test]
fn a_library_that_leads_elsewhere_is_not_read() {
    let place = place();
    let at = &place.project;
    let library = format!("[library]\nname = '{SECRET}'\nmodules = ['{SECRET}']\n");
    fs::create_dir_all(place.outside.join("python")).expect("a folder");
    fs::write(place.outside.join("python/a.toml"), &library).expect("written");
    fs::create_dir_all(at.join("libraries")).expect("a folder");
    fs::write(at.join("perfaudit.toml"), "libraries-dir = 'libraries'\n").expect("written");
    symlink(place.outside.join("python"), at.join("libraries/python")).expect("linked");
    scan(at, &[]).refused("libraries/python: leads out of the project");
    fs::remove_file(at.join("libraries/python")).expect("removed");
    fs::create_dir(at.join("libraries/python")).expect("a folder");
    let file = at.join("libraries/python/a.toml");
    for target in ["../../../outside/secret.txt", "/proc/self/environ"] {
        symlink(target, &file).expect("linked");
        scan(at, &[]).refused("libraries/python/a.toml: leads out of the project");
        fs::remove_file(&file).expect("removed");
    }
    pipe(&file);
    scan(at, &[]).refused("libraries/python/a.toml: not a regular file");
    fs::remove_file(&file).expect("removed");
    fs::write(&file, "#".repeat(1_000_001)).expect("written");
    scan(at, &[]).refused("libraries/python/a.toml: too large for a file of a library");
    let steering = "[library]\nname = 'a'\nmodules = ['a']\n[[call]]\nnames = ['a.b']\neffects = [\"\\u001b[31m\\n::error::x\"]\n";
    fs::write(&file, steering).expect("written");
    scan(at, &[]).refused("libraries/python/a.toml:6: unknown effect ");
    // Also where the user names the folder: what is in it is still the repository's.
    fs::write(&file, "x").expect("written");
    scan(at, &["--libraries", "libraries"]).refused("libraries/python/a.toml:1: ");
    fs::remove_file(&file).expect("removed");
    symlink("../../../outside/secret.txt", &file).expect("linked");
    scan(at, &["--libraries", "libraries"]).refused("libraries/python/a.toml: leads out of the project");
    // A folder elsewhere that the user names is the user's.
    fs::remove_file(at.join("perfaudit.toml")).expect("removed");
    assert_eq!(scan(at, &["--libraries", "../outside"]).code, Some(0));
}

#[test]
fn too_many_files_of_libraries_and_rules_end_the_run() {
    let place = place();
    let at = &place.project;
    fs::create_dir_all(at.join("libraries/python")).expect("a folder");
    for number in 0..=1_000 {
        let library = format!("[library]\nname = 'a'\nmodules = ['a{number}']\n");
        fs::write(at.join(format!("libraries/python/a{number}.toml")), library).expect("written");
    }
    fs::write(at.join("perfaudit.toml"), "libraries-dir = 'libraries'\n").expect("written");
    scan(at, &[]).refused("libraries: holds more than 1000 files of libraries");
    fs::create_dir(at.join("pages")).expect("a folder");
    fs::write(at.join("perfaudit.toml"), "rules-dir = 'pages'\n").expect("written");
    for number in 0..=100 {
        fs::write(at.join(format!("pages/own-{number}.md")), own_page("call = 'a.b'")).expect("written");
    }
    scan(at, &[]).refused("pages: holds more than 100 rules");
    fs::remove_file(at.join("pages/own-100.md")).expect("removed");
    assert_eq!(scan(at, &[]).code, Some(0));
}

/// A page of a rule that looks for this.
fn own_page(matching: &str) -> String {
    let sections = perfaudit::engine::page::SECTIONS.map(|name| match name {
        "Examples" => format!("## {name}\n\n```python bad\nimport a\na.b()\n```\n\n```python good\nx = 1\n```\n"),
        _ => format!("## {name}\n\nx\n"),
    });
    let front = "title = 'T'\ncategory = 'own'\npriority = 'P3'\nconfidence = 'low'\neffort = 'S'\nlanguages = ['python']\nacceptance = ['x']\nmessage = 'm'\nfix = 'f'\n";
    format!("+++\n{front}\n[match]\n{matching}\n+++\n\n{}", sections.concat())
}

/// Patterns and pages are as large as they may be, and names as long as a repository likes: it ends soon, or with a word.
#[test]
fn a_rule_of_a_repository_costs_no_more_than_it_may() {
    let place = place();
    let at = &place.project;
    fs::create_dir(at.join("pages")).expect("a folder");
    fs::write(at.join("perfaudit.toml"), "rules-dir = 'pages'\n").expect("written");
    let page = |matching: &str| fs::write(at.join("pages/own-rule.md"), own_page(matching)).expect("written");
    page(&format!("call = '{}'", "a*".repeat(200)));
    scan(at, &[]).refused("pages/own-rule.md:13: longer than 200 bytes");
    let many = |count: usize| format!("call = [{}]", "'a*', ".repeat(count));
    page(&many(101));
    scan(at, &[]).refused("pages/own-rule.md:13: more than 100 of them");
    page(&many(4_000));
    scan(at, &[]).refused("pages/own-rule.md:1: the front matter is longer than 10000 bytes");
    page(&format!("call = {}", "[".repeat(2_000)));
    scan(at, &[]).refused("pages/own-rule.md:13: ");
    fs::write(at.join("pages/own-rule.md"), "#".repeat(1_000_001)).expect("written");
    scan(at, &[]).refused("pages/own-rule.md: too large for a rule page");
    // Gaps that fit at every letter, names of a megabyte, and no end that fits.
    let gaps = format!("'{}b', ", "a*".repeat(99)).repeat(45);
    page(&format!("call = [{gaps}]"));
    let name = "a".repeat(1_000_000);
    fs::write(at.join("app.py"), format!("import {name}\n\n{name}.{name}()\n{name}.x()\n")).expect("written");
    let report = json(at, &["--rule", "own-rule"]);
    assert_eq!(report["findings"].as_array().map(Vec::len), Some(0));
}

#[test]
fn a_rule_that_fits_everywhere_is_cut_short_and_told() {
    let place = place();
    let at = &place.project;
    fs::create_dir(at.join("pages")).expect("a folder");
    fs::write(at.join("perfaudit.toml"), "rules-dir = 'pages'\n").expect("written");
    fs::write(at.join("pages/own-rule.md"), own_page("call = 'a.b'")).expect("written");
    let calls = |count: usize| {
        let lines: Vec<String> = (0..count).map(|number| format!("def f{number}():\n    a.b()\n")).collect();
        fs::write(at.join("app.py"), format!("import a\n{}", lines.concat())).expect("written");
        json(at, &["--rule", "own-rule"])
    };
    let report = calls(1_000);
    assert_eq!(report["findings"].as_array().map(Vec::len), Some(1_000));
    assert_eq!(report["coverage"]["limits"]["own-findings"], serde_json::Value::Null);
    let report = calls(1_001);
    assert_eq!(report["findings"].as_array().map(Vec::len), Some(1_000));
    assert_eq!(report["coverage"]["limits"]["own-findings"]["examples"][0], "app.py:2003");
}

/// The name is the one that the documentation gives, what stands under it is the repository's.
#[test]
fn a_name_in_the_tree_does_not_lead_out_of_it() {
    let place = place();
    symlink("../outside/secret.txt", place.project.join("perfaudit-baseline.json")).expect("linked");
    let words = "perfaudit-baseline.json: leads out of the project";
    scan(&place.project, &["--baseline", "perfaudit-baseline.json"]).refused(words);
    scan(&place.project, &["--stats", "./perfaudit-baseline.json"]).refused("leads out of the project");
    // What the user keeps elsewhere is the user's.
    let known = r#"{"version": 1, "findings": []}"#;
    fs::write(place.outside.join("known.json"), known).expect("written");
    fs::write(place.outside.join("own.toml"), "baseline = '../outside/known.json'\n").expect("written");
    assert_eq!(scan(&place.project, &["--baseline", "../outside/known.json"]).code, Some(0));
    let own = scan(&place.project, &["--config", "../outside/own.toml"]);
    assert!(own.code == Some(0) && own.out.contains("1 new"), "{}{}", own.out, own.err);
}

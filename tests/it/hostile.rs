//! Trees that somebody laid out to break a tool: it ends, it tells what it left out, and nothing reaches the terminal raw.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use assert_cmd::Command;
use serde_json::Value;

const FORMATS: [&str; 11] = [
    "table", "full", "concise", "json", "markdown", "html", "pr", "sarif", "github", "gitlab", "junit",
];
const BAD: &str = "import time\n\nasync def wait():\n    time.sleep(5)\n";

/// The report of a scan that must neither fail nor wait for ever.
fn scan(root: &Path, format: &str) -> String {
    let mut command = Command::cargo_bin("perfaudit").expect("the binary");
    command.current_dir(root).timeout(Duration::from_secs(60));
    command.args(["scan", "--no-cache", "--fail-on", "never", "--format", format]);
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn coverage(root: &Path) -> Value {
    let report: Value = serde_json::from_str(&scan(root, "json")).expect("JSON");
    report["coverage"].clone()
}

fn skipped(coverage: &Value, reason: &str) -> u64 {
    coverage["skipped"][reason]["count"].as_u64().unwrap_or(0)
}

fn read(coverage: &Value, language: &str) -> u64 {
    coverage["languages"][language]["files"].as_u64().unwrap_or(0)
}

#[cfg(unix)]
#[test]
fn links_in_a_circle_are_counted_and_not_followed() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    fs::create_dir_all(root.join("a/b")).expect("folders");
    fs::write(root.join("a/app.py"), BAD).expect("written");
    symlink("..", root.join("a/up")).expect("linked");
    symlink(root, root.join("a/b/top")).expect("linked");
    symlink("own.py", root.join("own.py")).expect("linked");
    symlink("nowhere.py", root.join("dangling.py")).expect("linked");
    symlink("/dev/zero", root.join("zero.py")).expect("linked");
    let coverage = coverage(root);
    assert_eq!((read(&coverage, "Python"), skipped(&coverage, "symlink")), (1, 5), "{coverage}");
}

/// Opening a pipe waits for somebody to write into it.
#[cfg(unix)]
#[test]
fn what_is_no_file_is_never_opened() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    fs::write(root.join("app.py"), BAD).expect("written");
    let made = std::process::Command::new("mkfifo").arg(root.join("pipe.py")).status();
    assert!(made.is_ok_and(|status| status.success()));
    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket.ts")).expect("a socket");
    let coverage = coverage(root);
    assert_eq!(
        (read(&coverage, "Python"), skipped(&coverage, "not-readable")),
        (1, 2),
        "{coverage}"
    );
}

#[cfg(unix)]
#[test]
fn what_may_not_be_read_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    fs::create_dir(root.join("closed")).expect("a folder");
    fs::write(root.join("closed/inner.py"), BAD).expect("written");
    fs::write(root.join("secret.py"), BAD).expect("written");
    let set = |path: &str, mode| fs::set_permissions(root.join(path), fs::Permissions::from_mode(mode)).expect("a mode");
    set("secret.py", 0o000);
    set("closed", 0o000);
    // Root may read everything.
    let may_read = fs::read(root.join("secret.py")).is_ok();
    let coverage = coverage(root);
    set("closed", 0o700);
    if !may_read {
        assert_eq!(skipped(&coverage, "not-readable"), 2, "{coverage}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn names_of_files_reach_no_reader_raw() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().expect("a folder");
    let names: [&[u8]; 7] = [
        b"a\x1b[31mred.py",
        b"b\nnew\rline.py",
        b"c<script>alert(1)<x>.py",
        b"d|e`f*g_h[i](j).py",
        b"k\xff\xfe.py",
        b"l\xc2\x9b2J\x7f.py",
        b"m%0A::error,title=x::y\t.py",
    ];
    for name in names {
        fs::write(folder.path().join(std::ffi::OsStr::from_bytes(name)), BAD).expect("written");
    }
    for format in FORMATS {
        let text = scan(folder.path(), format);
        let raw = text.chars().find(|&c| c.is_control() && c != '\n' && c != '\t');
        assert_eq!(raw, None, "{format} has a control character");
        assert!(!text.contains("\u{9b}"), "{format}");
        let raw = text.matches("<script>alert").count();
        match format {
            "html" | "junit" => assert_eq!(raw, 0, "{format} has markup of a name"),
            // Between backticks it is only text.
            "markdown" => assert_eq!(raw, text.matches("`c<script>alert").count(), "{text}"),
            _ => {}
        }
        if format == "github" {
            assert!(!text.lines().any(|line| line.starts_with("::error,title=x")), "{text}");
        }
    }
    let coverage = coverage(folder.path());
    assert_eq!(read(&coverage, "Python"), 7, "{coverage}");
}

#[test]
fn every_file_is_read_or_has_a_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).expect("written");
    write("nul.py", b"x = 1\0\n");
    write("crlf.py", BAD.replace('\n', "\r\n").as_bytes());
    write("bom.py", format!("\u{feff}{BAD}").as_bytes());
    write("latin.py", b"# caf\xe9\nx = 1\n");
    let wide: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(BAD.encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    write("wide.py", &wide);
    write("line.py", format!("x = '{}'\n", "a".repeat(2_900_000)).as_bytes());
    write("large.py", &vec![b'#'; 3_000_001]);
    write("line.ts", format!("x = '{}'\n", "a".repeat(2_900_000)).as_bytes());
    write("deep.ts", "x = ([{a: `${(\n".repeat(20_000).as_bytes());
    write(
        "deep.py",
        (0..500)
            .map(|at| format!("{}if x:\n", " ".repeat(at)))
            .collect::<Vec<_>>()
            .concat()
            .as_bytes(),
    );
    write("empty.sql", b"");
    let coverage = coverage(folder.path());
    assert_eq!(read(&coverage, "Python"), 5, "{coverage}");
    assert_eq!(read(&coverage, "TypeScript") + read(&coverage, "SQL"), 2, "{coverage}");
    let reasons = ["binary", "too-large", "minified", "too-deep"].map(|reason| skipped(&coverage, reason));
    assert_eq!(reasons, [1, 1, 1, 1], "{coverage}");
    assert_eq!(coverage["not_utf8"]["count"], 1, "{coverage}");
}

/// What compares each column or index with each other would take minutes.
#[test]
fn a_table_without_end_is_read_in_part_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let columns: String = (0..60_000).map(|at| format!(", c{at} int")).collect::<Vec<_>>().concat();
    let indexes: String = (0..20_000)
        .map(|at| format!("CREATE INDEX i{at} ON few (a{});\n", at % 50))
        .collect::<Vec<_>>()
        .concat();
    let few: String = (0..50).map(|at| format!(", a{at} int")).collect::<Vec<_>>().concat();
    let text = format!("CREATE TABLE many (id int{columns});\nCREATE TABLE few (id int{few});\n{indexes}");
    fs::write(folder.path().join("schema.sql"), text).expect("written");
    let limits = coverage(folder.path())["limits"].clone();
    assert_eq!(
        (&limits["columns"]["examples"][0], &limits["indexes"]["examples"][0]),
        (&"many".into(), &"few".into()),
        "{limits}"
    );
}

#[test]
fn a_folder_of_very_many_files_is_no_trouble() {
    let folder = tempfile::tempdir().expect("a folder");
    for number in 0..10_000 {
        fs::write(folder.path().join(format!("{number}.txt")), "").expect("written");
    }
    for number in 0..2_000 {
        fs::write(folder.path().join(format!("m{number}.py")), "").expect("written");
    }
    let start = Instant::now();
    assert_eq!(read(&coverage(folder.path()), "Python"), 2_000);
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}

#[test]
fn a_repository_that_is_a_file_is_read_or_refused_in_a_line() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("app.py"), BAD).expect("written");
    fs::write(folder.path().join("notes.txt"), "x").expect("written");
    let run = |name: &str| {
        let mut command = Command::cargo_bin("perfaudit").expect("the binary");
        command.current_dir(folder.path()).args(["scan", "--no-cache", name]);
        command.output().expect("it runs")
    };
    assert!(String::from_utf8_lossy(&run("app.py").stdout).contains("blocking-call-in-async"));
    let refused = run("notes.txt");
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(String::from_utf8_lossy(&refused.stderr).lines().count(), 1);
}

/// Files come and go while an editor or a build works beside a scan.
#[test]
fn files_that_change_under_a_scan_end_no_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |number: usize| folder.path().join(format!("m{number}.py"));
    for number in 0..300 {
        fs::write(path(number), BAD).expect("written");
    }
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in (0..300).cycle() {
                if done.load(std::sync::atomic::Ordering::Relaxed) {
                    return;
                }
                let _ = fs::remove_file(path(number));
                let _ = fs::write(path((number + 150) % 300), BAD.repeat(1 + number % 7));
            }
        });
        for _ in 0..3 {
            let coverage = coverage(folder.path());
            let seen = read(&coverage, "Python") + coverage["skipped"].as_object().map_or(0, |all| all.len() as u64);
            assert!(seen > 0, "{coverage}");
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

"""The fleet, with a program that stands in for perfaudit where one is needed that hangs: `python -m unittest discover -s python/tests`.

Needs the extra `fleet`. A stand-in is named with `--program`, as people name another build.
"""

import contextlib
import io
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock

from perfaudit.fleet import audit, commands, escape, process, summary
from perfaudit.fleet.__main__ import failed, main, tell
from perfaudit.fleet.outcome import Limits, Outcome, Status
from perfaudit.fleet.sources import ListError, Repository, checkouts, name_of, read_list
from perfaudit.fleet.store import OtherRun, Store

FINDING = {
    "rule": "n-plus-one",
    "priority": "P1",
    "confidence": "high",
    "category": "query",
    "title": "t",
    "message": "m",
    "location": {"file": "a.py", "start_line": 3, "start_column": 1, "end_line": 3, "end_column": 9},
    "related": [],
    "impact": "",
    "fix": {"summary": ""},
    "effort": "S",
    "acceptance": [],
    "fingerprint": "0011223344556677",
    "status": "new",
}
REPORT = {
    "version": 2,
    "tool": {"name": "perfaudit", "version": "9.9.9"},
    "root": ".",
    "coverage": {"languages": {"python": {"files": 2, "lines": 30}}},
    "findings": [FINDING],
}
# Does what the name of the folder says.
PROGRAM = """#!/bin/sh
[ "$1" = --version ] && echo perfaudit 9.9.9 && exit 0
for word in "$@"; do case $word in --output=*) out=${word#--output=} ;; esac; done
case $(basename "$PWD") in
  hangs*) sleep 61 & sleep 60 ;;
  memory*) echo "memory allocation of 99 bytes failed" >&2; kill -ABRT $$ ;;
  killed*) kill -KILL $$ ;;
  crashes*) kill -SEGV $$ ;;
  silent*) exit 0 ;;
  refused*) echo "perfaudit: perfaudit.toml: broken" >&2; exit 2 ;;
  flaky*) if [ ! -e "$TRIED" ]; then touch "$TRIED"; kill -SEGV $$; fi ;;
  empty*) sed 's/"files": 2/"files": 0/; s/"findings": .*/"findings": []}/' "$REPORT" > "$out"; exit 0 ;;
  part*) cp "$REPORT" "$out"; echo "perfaudit: warning: internal error" >&2; exit 2 ;;
esac
cp "$REPORT" "$out"
"""


class Fleet(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.program = self.folder / "program"
        self.program.write_text(PROGRAM)
        self.program.chmod(0o755)
        (self.folder / "report.json").write_text(json.dumps(REPORT))
        # Workers have the variables of the driver.
        for name, value in (("REPORT", "report.json"), ("TRIED", "tried")):
            os.environ[name] = str(self.folder / value)

    def checkouts(self, *names):
        for name in names:
            (self.folder / "checkouts" / name).mkdir(parents=True)
        return str(self.folder / "checkouts")

    def fleet(self, *words):
        """Runs the command line; gives the exit code and what was said."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(list(words))
        return code, out.getvalue(), err.getvalue()

    def run_of(self, folder, *words):
        return self.fleet("run", "--checkouts", folder, "-o", str(self.folder / "out"), "--program", str(self.program), *words)

    def rows(self, question):
        return summary.connect([self.folder / "out"]).execute(question).fetchall()


class OneRepository(Fleet):
    def test_each_way_to_end_has_its_status(self):
        ways = {
            "fine": (Status.OK, ""),
            "hangs": (Status.TIMEOUT, "not done within 0.5 s"),
            "memory": (Status.OUT_OF_MEMORY, "memory allocation of"),
            "killed": (Status.OUT_OF_MEMORY, "killed by the system"),
            "crashes": (Status.CRASHED, "signal 11"),
            "silent": (Status.CRASHED, "no report"),
            "refused": (Status.REFUSED, "perfaudit.toml: broken"),
            "empty": (Status.EMPTY, "no file"),
            "part": (Status.INCOMPLETE, "internal error"),
        }
        folder = pathlib.Path(self.checkouts(*ways))
        for name, (status, reason) in ways.items():
            limits = Limits(seconds=0.5 if name == "hangs" else 20)
            outcome = audit.audit(Repository(name, str(folder / name)), str(self.program), limits)
            self.assertEqual(outcome.status, status, f"{name}: {outcome.reason}")
            self.assertIn(reason, outcome.reason)
            self.assertEqual(len(outcome.findings), int(name in ("fine", "part")))
        none = audit.audit(Repository("none", str(folder / "none")), str(self.program), Limits())
        self.assertEqual((none.status, none.reason), (Status.NOT_FETCHED, "no such folder"))

    def test_a_process_leaves_no_children(self):
        start = time.monotonic()
        marked = ["/bin/sh", "-c", f"sleep 3141.{os.getpid()} & sleep 3141.{os.getpid()}"]
        ended = process.run(marked, self.folder, 0.3)
        self.assertIsNone(ended.code)
        self.assertLess(time.monotonic() - start, 10)
        time.sleep(0.2)
        left = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=False).stdout
        self.assertNotIn(f"sleep 3141.{os.getpid()}", left)

    @unittest.skipUnless(sys.platform == "linux", "other systems have no such limit")
    def test_the_limit_of_memory_holds(self):
        words = [sys.executable, "-c", "bytearray(1 << 30)"]
        self.assertEqual(process.run(words, self.folder, 20, memory=4 << 30).code, 0)
        ended = process.run(words, self.folder, 20, memory=512 << 20)
        self.assertNotEqual(ended.code, 0)
        self.assertIn("MemoryError", ended.said)

    def test_a_clone_is_of_one_commit_and_runs_nothing_of_it(self):
        origin = self.folder / "origin"
        git = ["git", "-C", str(origin), "-c", "user.name=n", "-c", "user.email=e@example.org"]
        subprocess.run(["git", "init", "--quiet", str(origin)], check=True)
        for text in ("one", "two"):
            (origin / "a.py").write_text(text)
            subprocess.run([*git, "add", "."], check=True)
            subprocess.run([*git, "commit", "--quiet", "-m", text], check=True)
        head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
        self.assertEqual(audit.commit_of(origin), head)
        outcome = audit.audit(Repository("o", f"file://{origin}"), str(self.program), Limits())
        self.assertEqual((outcome.status, outcome.commit), (Status.OK, head))
        missing = audit.audit(Repository("o", f"file://{origin}", revision="none"), str(self.program), Limits())
        self.assertEqual(missing.status, Status.NOT_FETCHED)
        self.assertIn("none", missing.reason)
        evil = audit.audit(Repository("o", "ext::sh -c touch%20x"), str(self.program), Limits())
        self.assertEqual(evil.status, Status.NOT_FETCHED)

    def test_the_commit_is_read_from_no_link(self):
        secret = self.folder / "secret"
        secret.write_text("a" * 40)
        git = self.folder / "repo" / ".git"
        git.mkdir(parents=True)
        (git / "HEAD").symlink_to(secret)
        self.assertEqual(audit.commit_of(git.parent), "")
        (git / "HEAD").unlink()
        for head in ("ref: refs/../../../secret", "ref: /etc/passwd", "ref: refs/heads/none", "nonsense"):
            (git / "HEAD").write_text(head)
            self.assertEqual(audit.commit_of(git.parent), "", head)
        # Nor through a folder that is one, of the references or of all of it.
        (git / "HEAD").write_text("ref: refs/heads/main")
        outside = self.folder / "outside" / "refs" / "heads"
        outside.mkdir(parents=True)
        (outside / "main").write_text("b" * 40)
        (outside.parents[1] / "HEAD").write_text("ref: refs/heads/main")
        (git / "refs").symlink_to(outside.parent)
        self.assertEqual(audit.commit_of(git.parent), "")
        (git / "refs").unlink()
        (git / "HEAD").unlink()
        git.rmdir()
        git.symlink_to(outside.parents[1])
        self.assertEqual(audit.commit_of(git.parent), "")
        git.unlink()
        (git.parent / ".git").mkdir()
        (git / "HEAD").write_text("c" * 40)
        (self.folder / "link").symlink_to(git.parent)
        self.assertEqual(audit.commit_of(self.folder / "link"), "c" * 40, "which folder is audited, people say")

    def test_git_is_none_of_the_checkouts(self):
        origin = self.folder / "origin"
        subprocess.run(["git", "init", "--quiet", str(origin)], check=True)
        mark, folder = self.folder / "mark", pathlib.Path(self.checkouts("a"))
        evil = folder / "a" / "git"
        evil.write_text(f"#!/bin/sh\ntouch '{mark}'\n")
        evil.chmod(0o755)
        (self.folder / "bin").mkdir()
        (self.folder / "bin" / "git").symlink_to(evil)
        (self.folder / "link").symlink_to(folder)
        before, current = os.environ["PATH"], os.getcwd()
        self.addCleanup(os.chdir, current)
        self.addCleanup(os.environ.__setitem__, "PATH", before)
        os.chdir(folder / "a")
        for entry in (".", "", str(folder / "a"), str(self.folder / "link" / "a"), str(self.folder / "bin")):
            os.environ["PATH"] = f"{entry}{os.pathsep}{before}"
            outcome = audit.audit(Repository("o", f"file://{origin}", revision="none"), str(self.program), Limits(), (str(folder),))
            self.assertEqual(outcome.status, Status.NOT_FETCHED)
            self.assertFalse(mark.exists(), entry)
            self.assertIn("none", outcome.reason)
        os.environ["PATH"] = str(folder / "a")
        outcome = audit.audit(Repository("o", f"file://{origin}"), str(self.program), Limits(), (str(folder),))
        self.assertIn("no git in an absolute folder", outcome.reason)

    def test_what_starts_in_the_root_finds_its_programs(self):
        self.assertEqual(commands.folders(os.pathsep.join(("/usr/bin", "bin", "/usr/bin")), ("/",)), [str(pathlib.Path("/usr/bin").resolve())])


class Lists(Fleet):
    def test_a_list_is_csv_or_lines(self):
        file = self.folder / "list.csv"
        file.write_text("source,team,revision\nhttps://h.example/o/a.git,pay,v1\n\nsub/b,,\n")
        a, b = read_list(file)
        self.assertEqual((a.name, a.source, a.team, a.revision, a.is_remote), ("o/a", "https://h.example/o/a.git", "pay", "v1", True))
        self.assertEqual((b.name, b.source, b.is_remote), ("sub/b", str(self.folder / "sub" / "b"), False))
        file.write_text("# mine\ngit@h.example:o/c.git\n/srv/d\n")
        self.assertEqual([one.name for one in read_list(file)], ["o/c", "srv/d"])

    def test_what_is_unclear_is_refused(self):
        file = self.folder / "list.csv"
        for text in ("source,owner\na,b\n", "https://h.example/o/a\nhttps://g.example/o/a\n", "source,team\n,pay\n"):
            file.write_text(text)
            with self.assertRaises(ListError):
                read_list(file)

    def test_names_are_the_last_two_parts(self):
        for source, name in (("ssh://git@h.example/o/a.git/", "o/a"), ("/srv/a", "srv/a"), ("a", "a")):
            self.assertEqual(name_of(source), name)

    def test_checkouts_are_the_folders_of_a_folder(self):
        folder = pathlib.Path(self.checkouts("b", "a", ".hidden"))
        (folder / "file").write_text("")
        self.assertEqual([one.name for one in checkouts(folder)], ["a", "b"])


class Stored(Fleet):
    def test_a_part_that_was_not_finished_is_as_if_it_never_was(self):
        out = self.folder / "out"
        store = Store(out, {"version": 1})
        store.add(Repository("a", "/a"), 1, Outcome(Status.OK, findings=[audit.row(audit.Finding.of(FINDING))]))
        store.flush()
        (out / "parts" / ".new-00002").mkdir()
        again = Store(out, {"version": 1})
        self.assertEqual(again.done(False), {("a", "/a", "")})
        self.assertEqual(sorted(part.name for part in (out / "parts").iterdir()), ["part=00001"])
        with self.assertRaises(OtherRun):
            Store(out, {"version": 2})

    def test_a_program_without_a_version_ends_the_run(self):
        folder = self.checkouts("a")
        self.program.write_text("#!/bin/sh\nexit 7\n")
        code, _, said = self.run_of(folder)
        self.assertEqual(code, 2)
        self.assertRegex(said, r"\Aperfaudit fleet: Command .* returned non-zero exit status 7\.\n\Z")
        with unittest.mock.patch("subprocess.run", side_effect=subprocess.TimeoutExpired("program", 60)):
            code, _, said = self.run_of(folder)
        self.assertEqual((code, said), (2, "perfaudit fleet: Command 'program' timed out after 60 seconds\n"))

    def test_the_last_attempt_holds(self):
        store = Store(self.folder / "out", {})
        for status, count in ((Status.INCOMPLETE, 2), (Status.OK, 1)):
            rows = [audit.row(audit.Finding.of({**FINDING, "fingerprint": str(at)})) for at in range(count)]
            store.add(Repository("a", "/a"), 1, Outcome(status, findings=rows))
            store.flush()
        self.assertEqual(store.done(True), {("a", "/a", "")})
        self.assertEqual(self.rows("SELECT status FROM repositories0"), [("ok",)])
        self.assertEqual(self.rows("SELECT count(*) FROM findings0"), [(1,)])


class OnRay(Fleet):
    def test_none_is_lost_and_each_has_its_reason(self):
        names = ["a", "b", "hangs", "memory", "crashes", "refused", "flaky"]
        folder = self.checkouts(*names)
        code, _, said = self.run_of(folder, "--timeout", "2", "--jobs", "2")
        self.assertEqual(code, 1, said)
        rows = dict((row[0], row[1:]) for row in self.rows("SELECT repository, status, attempts, findings FROM repositories0"))
        expected = {
            "a": ("ok", 1, 1),
            "b": ("ok", 1, 1),
            "hangs": ("timeout", 2, 0),
            "memory": ("out-of-memory", 2, 0),
            "crashes": ("crashed", 2, 0),
            "refused": ("refused", 1, 0),
            "flaky": ("ok", 2, 1),
        }
        self.assertEqual(rows, expected, said)
        # The same command has nothing to do, and with --again only what was not judged.
        code, _, said = self.run_of(folder, "--timeout", "2", "--jobs", "2")
        self.assertEqual(code, 1)
        self.assertIn("7 repositories, 7 of them done before", said)
        code, _, said = self.run_of(folder, "--again", "--timeout", "3", "--retries", "0", "--jobs", "2")
        self.assertEqual(code, 1)
        self.assertIn("7 repositories, 3 of them done before", said)
        self.assertEqual(self.rows("SELECT count(*) FROM repositories0"), [(7,)])
        code, _, said = self.run_of(str(self.folder / "none"), "--timeout", "2")
        self.assertEqual(code, 2, "no such folder")
        code, text, said = self.fleet("report", str(self.folder / "out"))
        self.assertEqual(code, 0, said)
        self.assertIn("3 of 7 repositories were judged", text)
        self.assertIn("not done within 3 s", text)

    def test_no_python_of_the_current_folder_runs(self):
        self.checkouts("a")
        mark = self.folder / "mark"
        evil = f"open({str(mark)!r}, 'a').write(__name__ + '\\n')\n"
        (self.folder / "perfaudit" / "fleet").mkdir(parents=True)
        for name in ("json.py", "perfaudit/__init__.py", "perfaudit/fleet/__init__.py", "sitecustomize.py"):
            (self.folder / name).write_text(evil)
        # As the script that is installed: Python itself looks for nothing in the current folder then. All paths are relative.
        start = [sys.executable, "-c", "import sys; sys.path.remove(''); from perfaudit.fleet.__main__ import main; sys.exit(main())"]
        words = ["run", "--checkouts", "checkouts", "-o", "out", "--program", "program", "--jobs", "1"]
        done = subprocess.run([*start, *words], cwd=self.folder, capture_output=True, text=True, check=False)
        self.assertFalse(mark.exists(), mark.exists() and mark.read_text())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.rows("SELECT repository, status FROM repositories0"), [("a", "ok")])

    def test_a_run_that_was_ended_goes_on(self):
        folder = self.checkouts(*(f"r{number}" for number in range(4)), "hangs")
        words = ["run", "--checkouts", folder, "-o", str(self.folder / "out"), "--program", str(self.program), "--jobs", "2", "--timeout", "40"]
        first = subprocess.Popen([sys.executable, "-m", "perfaudit.fleet", *words], stderr=subprocess.PIPE, text=True)
        for line in first.stderr:
            if line.startswith("perfaudit fleet: 4 of 5"):
                break
        first.send_signal(signal.SIGINT)
        self.assertEqual(first.wait(60), 2)
        first.stderr.close()
        self.assertEqual(self.rows("SELECT count(*) FROM repositories0"), [(4,)])
        (pathlib.Path(folder) / "hangs").rmdir()
        (pathlib.Path(folder) / "r9").mkdir()
        code, _, said = self.fleet(*words)
        self.assertEqual(code, 0, said)
        self.assertIn("5 repositories, 4 of them done before", said)


class Summaries(Fleet):
    def write(self, name, rows):
        store = Store(self.folder / name, {})
        for repository, status, findings in rows:
            found = [audit.row(audit.Finding.of({**FINDING, "rule": rule, "fingerprint": f"{rule}-{at}"})) for rule, at in findings]
            store.add(Repository(repository, f"/{repository}", team="pay"), 1, Outcome(status, "why|\x1b[31m", findings=found))
        store.flush()
        return str(self.folder / name)

    def test_the_trend_is_of_what_both_judged(self):
        before = self.write("before", [("a", Status.OK, [("r", 1), ("r", 2)]), ("b", Status.OK, [("r", 1)]), ("c", Status.OK, [("s", 1)])])
        now = self.write("now", [("a", Status.OK, [("r", 2), ("s", 1)]), ("b", Status.TIMEOUT, []), ("d", Status.OK, [("s", 1)])])
        code, text, _ = self.fleet("report", now, before)
        self.assertEqual(code, 0)
        trend = text.split("## Since ")[1]
        self.assertRegex(trend, r"\| s +\| +1 \| +0 \|")
        self.assertRegex(trend, r"\| r +\| +0 \| +1 \|")

    def test_what_strangers_wrote_is_made_harmless(self):
        now = self.write("now", [("a\x1b]0;x", Status.TIMEOUT, [])])
        _, text, _ = self.fleet("report", now)
        self.assertNotIn("\x1b", text)
        self.assertIn("`why\u2223\\u{1b}[31m`", text)
        self.assertIn("| a\\\\u{1b}\\]0;x ", text)
        hostile = "##[error]x\n::error::y \u202e @org/team ![x](https://h.example) `` `|"
        for name in (hostile, f"a/{hostile}"):
            store = Store(self.folder / "hostile", {})
            store.add(Repository(name, "/a", team=name), 1, Outcome(Status.NOT_FETCHED, name))
            store.flush()
        for words in ((), ("--format", "json")):
            _, text, _ = self.fleet("report", str(self.folder / "hostile"), str(self.folder / "hostile"), *words)
            self.assertNotRegex(text, r"(?m)##\[|^\s*::|\u202e")
        _, text, _ = self.fleet("report", str(self.folder / "hostile"))
        # Outside of code there is no mention, link or picture.
        bare = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text.replace("\\`", ""))
        self.assertNotRegex(bare, r"@org|https:|(?<!\\)!\[")

    def test_json_has_the_same_tables(self):
        now = self.write("now", [("a", Status.OK, [("r", 1)])])
        _, text, _ = self.fleet("report", now, "--format", "json")
        self.assertEqual(json.loads(text)["totals"]["findings"], 1)

    def test_each_line_is_of_this_program(self):
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            tell("::error::x\n##vso[y]\x1b[31m\u202e")
            self.assertEqual(failed("\n::error::x"), 2)
        lines = ["perfaudit fleet: ::error::x \\u{23}#vso[y]\\u{1b}[31m\\u{202e}", "perfaudit fleet:  ::error::x"]
        self.assertEqual(said.getvalue().splitlines(), lines)


# What `src/escape.rs` makes of the same texts, in its tests.
LINES = (
    ("a\x1b[31m\u202eb\nc\td", "a\\u{1b}[31m\\u{202e}b c d"),
    ("naïve 日本", "naïve 日本"),
    ("a\xad\U000e0041\ufe0f\u061c", "a\\u{ad}\\u{e0041}\\u{fe0f}\\u{61c}"),
    ("a ##[error]x ##vso[task.x]y", "a \\u{23}#[error]x \\u{23}#vso[task.x]y"),
    ("###teamcity[x] section_end:1:a", "#\\u{23}#teamcity[x] \\u{73}ection_end:1:a"),
    ("## a [heading] with section_start", "## a [heading] with section_start"),
    ("travis_fold:x \x7f\x9b", "\\u{74}ravis_fold:x \\u{7f}\\u{9b}"),
)
MARKDOWN = (
    ("a | <b> [x](y) **c** http://evil", "a \\| &lt;b&gt; \\[x\\](y) \\*\\*c\\*\\* `http://evil`"),
    ("# not a heading\n- no list", "\\# not a heading - no list"),
    ("1. no list", "1\\. no list"),
    ("\n2) no list", " 2\\) no list"),
    ("    - no list", " \\- no list"),
    ("snake_case and _this_ and __init__", "snake_case and \\_this\\_ and \\_\\_init\\_\\_"),
    ("tell (@org/team), see #12.", "tell (`@org/team`), see `#12`."),
    ("www.evil.example and a.b@evil.example!", "`www.evil.example` and `a.b@evil.example!`"),
    ("@org/a|b", "`@org/a\u2223b`"),
    ("GH-1 $a$ ~bug !7 deadbeef1", "`GH-1` `$a$` `~bug` `!7` `deadbeef1`"),
    ("1 + n queries, 50 % of 1234567 in C#", "1 + n queries, 50 % of 1234567 in C\\#"),
    ("reads `a|b` and `c_d`.", "reads `a|b` and `c_d`."),
    ("an odd ` here <b>", "an odd \\` here &lt;b&gt;"),
    ("`a` odd ` <b>", "`a` odd \\` &lt;b&gt;"),
)
CODE = (("a``b", "```a``b```"), ("`a", "`` `a ``"), (" ", "` `"), ("a|b", "`a\u2223b`"))


class Escapes(unittest.TestCase):
    def test_each_text_is_as_the_program_has_it(self):
        for function, cases in ((escape.line, LINES), (escape.markdown, MARKDOWN), (escape.code_cell, CODE)):
            for text, expected in cases:
                with self.subTest(function=function.__name__, text=text):
                    self.assertEqual(function(text), expected)

    def test_json_means_the_same(self):
        data = ["##[x]\x9b\U000e0041\x7f", "\travis_fold:\\travis_fold:travis_fold:", "\\##[x]", "section_start:"]
        text = escape.json_text(data)
        self.assertEqual(json.loads(text), data)
        self.assertNotRegex(text, r"##\[|travis_fold:|section_start:|[^\x20-\x7e\n]")

    def test_what_is_spelled_out_is_what_the_program_spells_out(self):
        source = pathlib.Path(__file__).resolve().parents[2] / "src" / "escape.rs"
        listed = re.search(r"matches!\(character,(.*?)\)\n", source.read_text("utf-8"), re.S)[1]
        found = re.findall(r"'\\u\{(\w+)\}'(?:\.\.='\\u\{(\w+)\}')?", listed)
        self.assertGreater(len(found), 10)
        hostile = {number for first, last in found for number in range(int(first, 16), int(last or first, 16) + 1)}
        hostile |= {*range(0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000)}
        spelled = {number for number in range(0x110000) if escape.line(chr(number)) != chr(number)}
        self.assertEqual(spelled, hostile)


if __name__ == "__main__":
    unittest.main()

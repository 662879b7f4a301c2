"""The package as it is installed: `python -m unittest discover -s python/tests`, in an environment that has the wheel."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import perfaudit
from perfaudit._binary import binary

BLOCKING = "import time\n\n\nasync def wait():\n    time.sleep(5)\n"


class Scan(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "app.py").write_text(BLOCKING)

    def test_findings_are_typed_and_those_of_the_program(self):
        report = perfaudit.scan(self.folder, cache=False, rules=["blocking-call-in-async"])
        words = [str(binary()), "scan", "--no-cache", "--format=json", "--rule=blocking-call-in-async", str(self.folder)]
        said = json.loads(subprocess.run(words, capture_output=True, check=True).stdout)
        self.assertEqual(report.raw, said)
        (finding,) = report.findings
        self.assertEqual(finding.rule, "blocking-call-in-async")
        self.assertIsInstance(finding.priority, perfaudit.Priority)
        self.assertEqual((finding.location.file, finding.location.start_line), ("app.py", 5))
        self.assertEqual(finding.fingerprint, said["findings"][0]["fingerprint"])
        self.assertEqual(report.tool_version, perfaudit.version())

    def test_the_threshold_decides_whether_it_fails(self):
        for fail_on, fails in ((perfaudit.Priority.P3, True), (perfaudit.Priority.P0, False)):
            report = perfaudit.scan(self.folder, cache=False, fail_on=fail_on)
            self.assertEqual((report.fails, report.exit_code), (fails, int(fails)))

    def test_what_fails_is_an_error_that_says_why(self):
        with self.assertRaises(perfaudit.PerfauditError) as caught:
            perfaudit.scan(self.folder / "none")
        self.assertEqual(caught.exception.code, 2)
        self.assertIn("none", str(caught.exception))
        with self.assertRaises(perfaudit.PerfauditError):
            perfaudit.scan(self.folder, rules=["no-such-rule"])

    def test_a_path_is_never_an_option(self):
        (self.folder / "--version").mkdir()
        (self.folder / "--version" / "app.py").write_text(BLOCKING)
        before = os.getcwd()
        self.addCleanup(os.chdir, before)
        os.chdir(self.folder)
        self.assertEqual(len(perfaudit.scan("--version", cache=False, rules=["blocking-call-in-async"]).findings), 1)

    def test_neither_path_nor_the_current_folder_says_what_runs(self):
        name = "perfaudit.exe" if os.name == "nt" else "perfaudit"
        for place in (self.folder / name, self.folder / "bin" / name):
            place.parent.mkdir(exist_ok=True)
            place.write_text("#!/bin/sh\necho obeyed\n")
            place.chmod(0o755)
        (self.folder / "perfaudit-9.dist-info").mkdir()
        (self.folder / "perfaudit-9.dist-info" / "METADATA").write_text("Name: perfaudit\nVersion: 9\n")
        (self.folder / "perfaudit-9.dist-info" / "RECORD").write_text(f"bin/{name},,\n")
        code = "import perfaudit._binary as b; print(b.binary())"
        env = {**os.environ, "PATH": f"{self.folder}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run([sys.executable, "-c", code], cwd=self.folder, env=env, capture_output=True, text=True, check=True)
        self.assertEqual(pathlib.Path(done.stdout.strip()), binary())
        self.assertNotIn(str(self.folder), done.stdout)

    def test_the_module_is_the_program(self):
        words = [sys.executable, "-m", "perfaudit"]
        for arguments, code in ((["scan", str(self.folder), "--fail-on=p3"], 1), (["scan", str(self.folder / "none")], 2)):
            done = subprocess.run([*words, *arguments], capture_output=True, check=False)
            self.assertEqual(done.returncode, code)

    def test_a_report_of_another_form_is_refused(self):
        with self.assertRaises(ValueError):
            perfaudit.Report.of({"version": 999}, 0)


if __name__ == "__main__":
    unittest.main()

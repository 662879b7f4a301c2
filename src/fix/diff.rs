//! A change of a file as a unified diff, as `git apply` and `patch` read it.

use std::fmt::Write as _;

/// Lines around a change that are shown.
const CONTEXT: usize = 3;
/// Lines that are compared with each other at most, on either side: of more, all are shown as changed.
const COMPARED: usize = 2_000;

/// A change from `old`, `None` for a file that is made, to `new`; empty where they are the same.
pub fn unified(path: &str, old: Option<&str>, new: &str) -> String {
    let before: Vec<&str> = old.unwrap_or_default().split_inclusive('\n').collect();
    let after: Vec<&str> = new.split_inclusive('\n').collect();
    let steps = steps(&before, &after);
    let mut out = String::new();
    let from = old.map_or_else(|| "/dev/null".to_owned(), |_| quoted("a", path));
    for hunk in hunks(&steps) {
        if out.is_empty() {
            let _ = write!(out, "--- {from}\n+++ {}\n", quoted("b", path));
        }
        write_hunk(&mut out, &steps, hunk, &before, &after);
    }
    out
}

/// A name as git writes it: quoted where it holds what would break the line.
fn quoted(side: &str, path: &str) -> String {
    let is_plain = !path.chars().any(|c| crate::escape::is_hostile(c) || matches!(c, '"' | '\\'));
    if is_plain {
        return format!("{side}/{path}");
    }
    let mut out = format!("\"{side}/");
    for byte in path.bytes() {
        match byte {
            b'"' | b'\\' => out.extend(['\\', char::from(byte)]),
            b' '..=b'~' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "\\{byte:03o}");
            }
        }
    }
    out.push('"');
    out
}

/// A line of one side or of both.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Same(usize, usize),
    Gone(usize),
    New(usize),
}

/// The way from one side to the other: what both start and end with is the same, and between them the longest common lines are.
fn steps(before: &[&str], after: &[&str]) -> Vec<Step> {
    let head = before.iter().zip(after).take_while(|(one, other)| one == other).count();
    let rest = before.len().min(after.len()) - head;
    let tail = before.iter().rev().zip(after.iter().rev()).take(rest);
    let tail = tail.take_while(|(one, other)| one == other).count();
    let (old, new) = (&before[head..before.len() - tail], &after[head..after.len() - tail]);
    let mut out: Vec<Step> = (0..head).map(|at| Step::Same(at, at)).collect();
    between(old, new, head, &mut out);
    out.extend((0..tail).map(|at| Step::Same(before.len() - tail + at, after.len() - tail + at)));
    out
}

fn between(old: &[&str], new: &[&str], head: usize, out: &mut Vec<Step>) {
    let (mut i, mut j) = (0, 0);
    if old.len() <= COMPARED && new.len() <= COMPARED {
        let width = new.len() + 1;
        let mut longest = vec![0u16; (old.len() + 1) * width];
        for at in (0..old.len()).rev() {
            for to in (0..new.len()).rev() {
                longest[at * width + to] = if old[at] == new[to] {
                    longest[(at + 1) * width + to + 1] + 1
                } else {
                    longest[(at + 1) * width + to].max(longest[at * width + to + 1])
                };
            }
        }
        while i < old.len() && j < new.len() {
            if old[i] == new[j] {
                out.push(Step::Same(head + i, head + j));
                (i, j) = (i + 1, j + 1);
            } else if longest[(i + 1) * width + j] >= longest[i * width + j + 1] {
                out.push(Step::Gone(head + i));
                i += 1;
            } else {
                out.push(Step::New(head + j));
                j += 1;
            }
        }
    }
    out.extend((i..old.len()).map(|at| Step::Gone(head + at)));
    out.extend((j..new.len()).map(|at| Step::New(head + at)));
}

/// Ranges of steps: each change with what stands around it.
fn hunks(steps: &[Step]) -> Vec<(usize, usize)> {
    let mut out: Vec<(usize, usize)> = Vec::new();
    let changed = steps.iter().enumerate().filter(|(_, step)| !matches!(step, Step::Same(..)));
    for (at, _) in changed {
        let (start, end) = (at.saturating_sub(CONTEXT), (at + 1 + CONTEXT).min(steps.len()));
        match out.last_mut() {
            Some(last) if start <= last.1 => last.1 = end,
            _ => out.push((start, end)),
        }
    }
    out
}

fn write_hunk(out: &mut String, steps: &[Step], (start, end): (usize, usize), before: &[&str], after: &[&str]) {
    let count = |steps: &[Step], is_old: bool| {
        let counted = steps.iter().filter(|step| match step {
            Step::Same(..) => true,
            Step::Gone(_) => is_old,
            Step::New(_) => !is_old,
        });
        counted.count()
    };
    let (first, shown) = (steps.get(..start).unwrap_or_default(), steps.get(start..end).unwrap_or_default());
    let place = |is_old: bool| {
        let lines = count(shown, is_old);
        // A side without lines is placed after the line before it.
        format!("{},{lines}", count(first, is_old) + usize::from(lines > 0))
    };
    let _ = writeln!(out, "@@ -{} +{} @@", place(true), place(false));
    for step in shown {
        let (sign, line) = match *step {
            Step::Same(at, _) => (' ', before[at]),
            Step::Gone(at) => ('-', before[at]),
            Step::New(at) => ('+', after[at]),
        };
        out.push(sign);
        out.push_str(line);
        if !line.ends_with('\n') {
            out.push_str("\n\\ No newline at end of file\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_far_apart_are_hunks_of_their_own() {
        let old = (1..=20).map(|line| format!("{line}\n")).collect::<Vec<_>>().concat();
        let new = old.replace("2\n3\n", "2\nx\n3\n").replace("19\n20\n", "19\n");
        let diff = unified("a.txt", Some(&old), &new);
        assert_eq!(
            diff,
            "--- a/a.txt\n+++ b/a.txt\n@@ -1,5 +1,6 @@\n 1\n 2\n+x\n 3\n 4\n 5\n@@ -17,4 +18,3 @@\n 17\n 18\n 19\n-20\n"
        );
        assert_eq!(unified("a.txt", Some(&old), &old), "");
    }

    #[test]
    fn a_new_file_and_a_last_line_without_an_end_are_told() {
        assert_eq!(unified("a", None, "x\n"), "--- /dev/null\n+++ b/a\n@@ -0,0 +1,1 @@\n+x\n");
        let diff = unified("a", Some("x"), "y");
        assert_eq!(
            diff,
            "--- a/a\n+++ b/a\n@@ -1,1 +1,1 @@\n-x\n\\ No newline at end of file\n+y\n\\ No newline at end of file\n"
        );
        assert!(unified("a\n+++ b", None, "x").starts_with("--- /dev/null\n+++ \"b/a\\012+++ b\"\n"));
    }
}

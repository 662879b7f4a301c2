// Whether the launcher runs its own program alone and ends as it ends: node --test packaging/npm/launcher.test.mjs
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const name = `@perfaudit/${process.platform}-${process.arch}`;

/** Installs the launcher with a program of this script beside it; gives the folder. */
function installed(context, script, version = "1.2.3") {
  const folder = mkdtempSync(join(tmpdir(), "perfaudit-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const own = join(folder, "node_modules", "perfaudit");
  cpSync(join(here, "bin"), join(own, "bin"), { recursive: true });
  writeFileSync(join(own, "package.json"), JSON.stringify({ name: "perfaudit", version: "1.2.3" }));
  put(join(folder, "node_modules", name), script, version);
  return folder;
}

/** A platform's package whose program is a shell script. */
function put(folder, script, version = "1.2.3") {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name, version }));
  writeFileSync(join(folder, "perfaudit"), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, "perfaudit"), 0o755);
}

const launcher = (folder) => join(folder, "node_modules", "perfaudit", "bin", "perfaudit.js");
const run = (folder, words, options = {}) => spawnSync(process.execPath, [launcher(folder), ...words], { encoding: "utf8", ...options });

test("arguments, input, output and the exit code pass through", (context) => {
  const folder = installed(context, 'cat; printf "%s|" "$@"; echo told >&2; exit 7');
  const done = run(folder, ["scan", "a b", "--x=$HOME", ""], { input: "text " });
  assert.deepEqual([done.status, done.stdout, done.stderr], [7, "text scan|a b|--x=$HOME||", "told\n"]);
});

test("a signal reaches the program, which says how it ends", async (context) => {
  const folder = installed(context, 'trap "echo bye; exit 9" TERM; echo ready; while :; do sleep 0.05; done');
  const child = spawn(process.execPath, [launcher(folder)], { stdio: ["ignore", "pipe", "inherit"] });
  let out = "";
  child.stdout.on("data", (data) => {
    out += data;
    if (out === "ready\n") child.kill("SIGTERM");
  });
  const ended = await new Promise((resolve) => child.on("close", (...how) => resolve(how)));
  assert.deepEqual([ended, out], [[9, null], "ready\nbye\n"]);
});

test("a program that a signal ends ends the launcher by the same one", (context) => {
  const done = run(installed(context, "kill -TERM $$"), []);
  assert.deepEqual([done.status, done.signal], [null, "SIGTERM"]);
});

test("another version, the current folder, PATH and NODE_PATH are not looked into", (context) => {
  const folder = installed(context, "echo other version", "9.9.9");
  const evil = mkdtempSync(join(tmpdir(), "evil-"));
  context.after(() => rmSync(evil, { recursive: true }));
  put(join(evil, "node_modules", name), "echo obeyed");
  put(evil, "echo obeyed");
  put(join(evil, name), "echo obeyed");
  const env = { ...process.env, PATH: `${evil}:.:${process.env.PATH}`, NODE_PATH: `${evil}:${join(evil, "node_modules")}` };
  const done = run(folder, [], { cwd: evil, env });
  assert.deepEqual([done.status, done.stdout], [2, ""]);
  assert.match(done.stderr, /^perfaudit: there is no @perfaudit\//);
});

test("what Plug'n'Play does not know is told", (context) => {
  const folder = installed(context, "echo other version", "9.9.9");
  rmSync(join(folder, "node_modules", name), { recursive: true });
  const pnp = join(folder, "pnp.cjs");
  writeFileSync(pnp, 'Object.defineProperty(process, "versions", { value: { ...process.versions, pnp: "3" } });');
  const done = spawnSync(process.execPath, ["--require", pnp, launcher(folder)], { encoding: "utf8" });
  assert.deepEqual([done.status, done.stdout], [2, ""]);
  assert.match(done.stderr, /^perfaudit: there is no @perfaudit\//);
});

test("a folder above is not searched", (context) => {
  const above = mkdtempSync(join(tmpdir(), "above-"));
  context.after(() => rmSync(above, { recursive: true }));
  put(join(above, "node_modules", name), "echo obeyed");
  const own = join(above, "deep", "node_modules", "perfaudit");
  cpSync(join(here, "bin"), join(own, "bin"), { recursive: true });
  writeFileSync(join(own, "package.json"), JSON.stringify({ name: "perfaudit", version: "1.2.3" }));
  const done = run(join(above, "deep"), []);
  assert.deepEqual([done.status, done.stdout], [2, ""]);
});

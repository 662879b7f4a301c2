#!/usr/bin/env node
// Runs the program of the package for this platform, and ends as it ends. Nothing is downloaded, and nothing runs at installation.
"use strict";

const { spawn } = require("node:child_process");
const { existsSync, readFileSync } = require("node:fs");
const { constants } = require("node:os");
const { dirname, join } = require("node:path");

const own = dirname(__dirname);
const { version } = JSON.parse(readFileSync(join(own, "package.json"), "utf8"));
const name = `@perfaudit/${process.platform}-${process.arch}`;
const file = process.platform === "win32" ? "perfaudit.exe" : "perfaudit";

// Below this package or beside it, where package managers put what it depends on. A search upward from here, or in NODE_PATH,
// could end in a folder of somebody else.
function folders() {
  const found = [join(own, "node_modules", name), join(own, "..", name)];
  if (process.versions.pnp) {
    // There are no such folders; what is asked answers from the lock file.
    try {
      found.push(dirname(require.resolve(`${name}/package.json`)));
    } catch {
      // It is not installed, which is said below.
    }
  }
  return found;
}

function program() {
  for (const folder of folders()) {
    const manifest = join(folder, "package.json");
    // Another version would be another program under this name.
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).version === version) {
      return join(folder, file);
    }
  }
  return undefined;
}

const binary = program();
if (binary === undefined) {
  console.error(`perfaudit: there is no ${name} ${version} beside this package.`);
  console.error("It is an optional dependency: install without --omit=optional, and on a platform that has one (on Linux, with glibc).");
  process.exit(2);
}

const child = spawn(binary, process.argv.slice(2), { stdio: "inherit", windowsHide: true });
// A terminal sends these to both; what is sent to this process alone is passed on, and the program says when it ends.
const passed = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];
const pass = (signal) => child.kill(signal);
passed.forEach((signal) => process.on(signal, pass));
child.on("error", (error) => {
  console.error(`perfaudit: ${binary} cannot be started: ${error.message}`);
  process.exit(2);
});
child.on("close", (code, signal) => {
  if (signal === null) {
    process.exit(code);
  }
  // Ends by the same signal, so that a shell sees what happened.
  passed.forEach((one) => process.removeListener(one, pass));
  process.kill(process.pid, signal);
  setTimeout(() => process.exit(128 + (constants.signals[signal] ?? 0)), 100);
});

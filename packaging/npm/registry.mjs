// A registry on this machine that has the packages of a folder (`npm pack` wrote them) and no others, to try installing from:
//   node packaging/npm/registry.mjs FOLDER          prints its address, and serves until it is ended
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.argv[2];
const packages = new Map();
for (const file of readdirSync(folder).filter((name) => name.endsWith(".tgz"))) {
  const manifest = JSON.parse(execFileSync("tar", ["-xzOf", join(folder, file), "package/package.json"], { encoding: "utf8" }));
  const integrity = `sha512-${createHash("sha512").update(readFileSync(join(folder, file))).digest("base64")}`;
  packages.set(manifest.name, { manifest, file, integrity });
}

const server = createServer((request, response) => {
  const path = decodeURIComponent(new URL(request.url, "http://localhost").pathname).slice(1);
  const own = `http://127.0.0.1:${server.address().port}`;
  if (packages.has(path)) {
    const { manifest, file, integrity } = packages.get(path);
    const version = { ...manifest, dist: { tarball: `${own}/files/${file}`, integrity } };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ name: path, "dist-tags": { latest: manifest.version }, versions: { [manifest.version]: version } }));
  } else if (path.startsWith("files/") && [...packages.values()].some(({ file }) => path === `files/${file}`)) {
    response.end(readFileSync(join(folder, path.slice(6))));
  } else {
    response.statusCode = 404;
    response.end("{}");
  }
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/`));

"""The npm packages: one a platform, which holds the program, and one that depends on all of them and runs the one that is there."""

import json
import pathlib
import shutil

import common

NPM = common.PACKAGING / "npm"


def package_name(platform):
    """How a platform's package is called."""
    return f"@perfaudit/{platform['os']}-{platform['cpu']}"


def manifest(repository):
    """What all packages say, with the version of Cargo.toml."""
    found = json.loads((NPM / "package.json").read_text("utf-8"))
    found["version"] = common.version()
    if repository:
        # npm compares it with the repository that the proof of origin names.
        found["repository"] = {"type": "git", "url": f"git+{repository}.git"}
    return found


def save(folder, data):
    """Writes the manifest, with the files that every copy of the program goes with."""
    (folder / "package.json").write_text(json.dumps(data, indent=2) + "\n", "utf-8")
    for file in (common.ROOT / "LICENSE", common.LICENCES):
        shutil.copy(file, folder)


def main_package(folder, repository):
    """The package that people install."""
    data = manifest(repository)
    data["optionalDependencies"] = {package_name(platform): data["version"] for platform in common.platforms()}
    data["files"] = [*data["files"], common.LICENCES.name]
    out = pathlib.Path(folder) / "perfaudit"
    (out / "bin").mkdir(parents=True, exist_ok=True)
    save(out, data)
    shutil.copy(common.PACKAGING / "page.md", out / "README.md")
    shutil.copy(NPM / "bin" / "perfaudit.js", out / "bin")
    (out / "bin" / "perfaudit.js").chmod(0o755)
    return out


def platform_package(target, binary, folder, repository):
    """The package of a platform."""
    platform = common.platform(target)
    data = manifest(repository)
    for key in ("bin", "keywords", "engines"):
        del data[key]
    program = common.program(target)
    data |= {"name": package_name(platform), "os": [platform["os"]], "cpu": [platform["cpu"]], "preferUnplugged": True}
    data["description"] = f"The program of perfaudit for {platform['os']}, {platform['cpu']}"
    data["files"] = [program, common.LICENCES.name]
    if "libc" in platform:
        data["libc"] = [platform["libc"]]
    out = pathlib.Path(folder) / package_name(platform).replace("@perfaudit/", "perfaudit-")
    out.mkdir(parents=True, exist_ok=True)
    save(out, data)
    shutil.copy(binary, out / program)
    (out / program).chmod(0o755)
    return out

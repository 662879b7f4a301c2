#!/usr/bin/env bash
# Installs perfaudit for a CI service, outside of the checkout: the archive of a release where it is proven to be of the same commit as this
# file, and otherwise what is built from the sources beside this file. All input comes in variables, none as code:
#   PERFAUDIT_ROOT        the folder to install into; the program is in its `bin`
#   PERFAUDIT_REPOSITORY  owner/name of the repository on GitHub that this file is of; without one, it is built
#   PERFAUDIT_REF         the commit (its full hash) or the tag of this file; others are built
#   PERFAUDIT_PREBUILT    `false` builds in any case
#   GH_TOKEN              what `gh` asks for the proof of origin with; it needs no permission for a public repository
set -euo pipefail
# shellcheck source=ci/path.sh
. "${BASH_SOURCE[0]%/*}/path.sh"

# rustup and cargo obey the rust-toolchain.toml and the .cargo/config.toml of the folder that they are started in,
# and of CARGO_HOME. In the checkout these are the pull request's, and can name a compiler: so all is done in an empty folder.
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
root=${PERFAUDIT_ROOT:?is not set}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

version=$(sed -n '/^\[package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' "$source/Cargo.toml")

# The platform as releases name it.
target() {
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) if is_glibc; then echo x86_64-unknown-linux-gnu; fi ;;
    Linux-aarch64) if is_glibc; then echo aarch64-unknown-linux-gnu; fi ;;
    Darwin-x86_64) echo x86_64-apple-darwin ;;
    Darwin-arm64) echo aarch64-apple-darwin ;;
    MINGW*-x86_64 | MSYS*-x86_64) echo x86_64-pc-windows-msvc ;;
  esac
}

is_glibc() {
  [ -n "$(getconf GNU_LIBC_VERSION 2>/dev/null)" ]
}

say() {
  echo "perfaudit: $*" >&2
}

# Whether a file was built by the release workflow of this repository from the commit that this file is of.
is_proven() {
  local origin="--source-digest=$PERFAUDIT_REF"
  case $PERFAUDIT_REF in v*) origin="--source-ref=refs/tags/$PERFAUDIT_REF" ;; esac
  gh attestation verify "$1" "--repo=$PERFAUDIT_REPOSITORY" \
    "--signer-workflow=$PERFAUDIT_REPOSITORY/.github/workflows/release.yml" --deny-self-hosted-runners "$origin" >/dev/null
}

# Takes the release of this version; fails where there is none for this platform, or none that is proven.
download() {
  local platform name archive
  [ "${PERFAUDIT_PREBUILT:-true}" = true ] || return 1
  [[ ${PERFAUDIT_REPOSITORY:-} =~ ^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$ ]] || return 1
  [[ ${PERFAUDIT_REF:-} =~ ^([0-9a-f]{40}|v[0-9]+\.[0-9]+\.[0-9]+)$ ]] || { say "only a commit or the tag of a version has a release"; return 1; }
  command -v gh >/dev/null || { say "no gh to prove a release with"; return 1; }
  platform=$(target)
  [ -n "$platform" ] || { say "no release for this platform"; return 1; }
  name="perfaudit-$version-$platform"
  archive="$name.tar.gz"
  case $platform in *windows*) archive="$name.zip" ;; esac
  curl --fail --silent --show-error --location --proto '=https' --retry 3 --max-time 120 --output "$archive" \
    "https://github.com/$PERFAUDIT_REPOSITORY/releases/download/v$version/$archive" || { say "version $version is not released"; return 1; }
  is_proven "$archive" || { say "the release is not proven to be of $PERFAUDIT_REF"; return 1; }
  case $archive in
    *.zip) unzip -q "$archive" || return 1 ;;
    *) tar -xzf "$archive" || return 1 ;;
  esac
  mkdir -p "$root/bin" && cp "$name"/perfaudit* "$root/bin/"
}

build() {
  export RUSTUP_TOOLCHAIN=1.95.0 CARGO_HOME="$folder/cargo"
  if command -v rustup >/dev/null; then rustup toolchain install "$RUSTUP_TOOLCHAIN" --profile minimal --no-self-update; fi
  cargo install --locked --quiet --path "$source" --root "$root"
}

if download; then
  say "installed the release $version"
else
  say "building from source"
  build
fi

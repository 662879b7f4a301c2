# shellcheck shell=bash
# Sourced before all else by the scripts that run in a checkout: leaves in PATH only absolute folders that lie outside of it, after links are
# resolved. Until then nothing but what is built into bash is used: with `.` or a folder of the checkout in PATH, whoever opens a pull request
# would say what `cat` is.
unset CDPATH
current=$(pwd -P)
checkout=$current
[ -z "${GITHUB_WORKSPACE:-}" ] || checkout=$(cd -P -- "$GITHUB_WORKSPACE" && pwd -P)

# Whether a path, resolved, is the checkout, the current folder or something below them.
is_of_checkout() {
  case $1/ in
    "$checkout"/* | "$current"/*) return 0 ;;
  esac
  return 1
}

# Prints where a file lies after links at its name and in its folders; fails where that is nowhere.
resolved() {
  local file=$1 link folder steps=0
  while [ -L "$file" ]; do
    steps=$((steps + 1))
    [ "$steps" -le 40 ] || return 1
    link=$(readlink "$file") || return 1
    case $link in
      /*) file=$link ;;
      *) file=${file%/*}/$link ;;
    esac
  done
  folder=$(cd -P -- "${file%/*}/" && pwd -P) || return 1
  printf '%s\n' "${folder%/}/${file##*/}"
}

clean_path() {
  local left=$PATH: clean='' entry
  while [ -n "$left" ]; do
    entry=${left%%:*}
    left=${left#*:}
    case $entry in /*) ;; *) continue ;; esac
    entry=$(cd -P -- "$entry" 2>/dev/null && pwd -P) || continue
    # A link can lead to a folder whose name would be two entries.
    case $entry in *:*) continue ;; esac
    is_of_checkout "$entry" || clean="$clean${clean:+:}$entry"
  done
  # An empty PATH is the current folder.
  if [ -z "$clean" ]; then
    echo "perfaudit: PATH has no folder outside of the checkout" >&2
    exit 2
  fi
  PATH=$clean
}
clean_path

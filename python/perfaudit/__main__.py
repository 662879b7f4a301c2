"""`python -P -m perfaudit`: the program itself, where no folder of commands is on PATH.

Without `-P` (or `-I`, before Python 3.11) Python looks for `perfaudit` in the current folder first, before anything of this package runs.
"""

import os
import subprocess
import sys

from perfaudit._binary import BinaryNotFound, binary


def main() -> int:
    """Runs the program in the place of this process, and where the system cannot do that, waits for it."""
    try:
        program = str(binary())
    except BinaryNotFound as error:
        print(f"perfaudit: {error}", file=sys.stderr)
        return 2
    words = [program, *sys.argv[1:]]
    if os.name != "nt":
        os.execv(program, words)
    try:
        return subprocess.run(words, check=False).returncode
    except KeyboardInterrupt:
        # The console told both; the program has ended.
        return 130


if __name__ == "__main__":
    sys.exit(main())

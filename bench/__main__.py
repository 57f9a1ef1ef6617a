"""`python -m bench [NAME …]`: run the named benchmarks, or all, each in a process of its own. Exit 1 if a
bar is missed.
"""

import importlib
import subprocess
import sys
from pathlib import Path


def names() -> list[str]:
    files = Path(__file__).parent.glob("*.py")
    return sorted(file.stem.replace("_", "-") for file in files if not file.stem.startswith("_"))


def run_here(name: str) -> int:
    result = importlib.import_module(f"bench.{name.replace('-', '_')}").run()
    print(result.line(), flush=True)
    return 0 if result.holds else 1


def main(chosen: list[str]) -> int:
    if unknown := set(chosen) - set(names()):
        print(
            f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(names())}",
            file=sys.stderr,
        )
        return 2
    if len(chosen) == 1:
        return run_here(chosen[0])
    runs = [subprocess.run([sys.executable, "-m", "bench", name]) for name in chosen or names()]
    return max(run.returncode for run in runs)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Look every pinned package up among known vulnerabilities: pip-audit over constraints.txt.

pip-audit calls a package that it found nothing about skipped, and a run of nothing but skipped ones clean. Here that
is no audit: the exit code is 1 where a vulnerability is known, and where a package could not be looked up.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PINS = Path(__file__).resolve().parents[1] / "constraints.txt"


def verdict(answer: dict[str, Any]) -> tuple[list[str], int]:
    """Lines to print and the exit code, from what pip-audit answers as JSON."""
    found = answer["dependencies"]
    skipped = [package for package in found if "skip_reason" in package]
    lines = [
        f"{package['name']} {package['version']}: {fault['id']}, mended in {', '.join(fault['fix_versions']) or 'none'}"
        for package in found
        for fault in package.get("vulns", ())
    ]
    known = len(lines)
    if len(skipped) == len(found):
        return ["not audited: PyPI answered for no package (offline, or a mirror without records)"], 1
    if skipped:
        lines.append(f"not audited: {', '.join(package['name'] for package in skipped)}")
    lines.append(f"{len(found) - len(skipped)} of {len(found)} packages audited, {known} known vulnerabilities")
    return lines, int(bool(known or skipped))


def main() -> int:
    """Print the verdict."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(PINS), "--no-deps", "--disable-pip"]
    done = subprocess.run(  # noqa: S603 (no shell, fixed words)
        [*command, "--format", "json", "--progress-spinner", "off"], capture_output=True, text=True, check=False
    )
    try:
        answer = json.loads(done.stdout)
    except json.JSONDecodeError:
        said = done.stderr.strip().splitlines() or ["pip-audit said nothing"]
        print(f"not audited: {said[-1][:300]}")
        return 1
    lines, code = verdict(answer)
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main())

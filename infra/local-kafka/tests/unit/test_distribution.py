"""Downloads that fail or are damaged, without a network."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from local_kafka import distribution
from local_kafka.artifacts import Pin
from local_kafka.errors import ArtifactMismatch, DownloadFailed

if TYPE_CHECKING:
    from jgo.maven import MavenContext

GOOD = b"the jar as it was reviewed"
PIN = Pin("g:a:1", hashlib.sha256(GOOD).hexdigest())


class FakeMaven:
    """Answers every download by calling `download`; stands for all of jgo."""

    def __init__(self, download: Callable[[], Path]) -> None:
        self.resolve = download

    def project(self, _group: str, _artifact: str) -> "FakeMaven":
        return self

    def at_version(self, _version: str) -> "FakeMaven":
        return self

    def artifact(self) -> "FakeMaven":
        return self


def fetch(download: Callable[[], Path]) -> Path:
    return distribution._fetch(cast("MavenContext", FakeMaven(download)), PIN)


def test_a_damaged_jar_is_fetched_once_more(tmp_path: Path) -> None:
    jar = tmp_path / "a.jar"
    contents = iter([b"cut sho", GOOD])

    def download() -> Path:
        assert not jar.exists(), "the damaged file must be gone before the second download"
        jar.write_bytes(next(contents))
        return jar

    assert fetch(download).read_bytes() == GOOD


def test_a_jar_that_stays_different_is_refused(tmp_path: Path) -> None:
    jar = tmp_path / "a.jar"

    def download() -> Path:
        jar.write_bytes(b"something else")
        return jar

    with pytest.raises(ArtifactMismatch, match="g:a:1"):
        fetch(download)
    assert not jar.exists()


def test_no_network_is_one_line_that_says_what_to_do() -> None:
    def download() -> Path:
        raise ConnectionError("no route to host")

    with pytest.raises(DownloadFailed, match=r"no route to host.*needs the network") as failure:
        fetch(download)
    assert "\n" not in str(failure.value)
    assert failure.value.retriable


def test_an_index_counts_only_while_all_its_jars_are_there(tmp_path: Path) -> None:
    jar = tmp_path / "a.jar"
    jar.write_bytes(GOOD)
    index = tmp_path / "jars.json"
    distribution._write_index(index, [jar])

    assert distribution._read_index(index) == (jar,)
    jar.write_bytes(b"cut")
    assert distribution._read_index(index) is None
    jar.unlink()
    assert distribution._read_index(index) is None
    index.write_text("{")
    assert distribution._read_index(index) is None

"""Whose directory it is decides what may be written and deleted."""

from pathlib import Path

import pytest

from local_kafka.errors import ForeignDirectory
from local_kafka.storage import DataDirectory, new_cluster_id


def test_a_claimed_directory_can_be_deleted(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path / "kafka")
    directory.claim()
    directory.claim()

    directory.delete()

    assert not directory.root.exists()


def test_a_directory_with_others_files_is_neither_claimed_nor_deleted(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    directory = DataDirectory(tmp_path)

    with pytest.raises(ForeignDirectory, match="KAFKA_DATA_DIR"):
        directory.claim()
    with pytest.raises(ForeignDirectory, match="not deleted"):
        directory.delete()

    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_cluster_ids_are_what_kafka_takes() -> None:
    ids = {new_cluster_id() for _ in range(500)}

    assert len(ids) == 500
    assert all(len(name) == 22 and not name.startswith("-") for name in ids)

"""Whether containers can be had here: a reason why not, in words, or None.

Also switches testcontainers' own reaper off where its image cannot be had: the fixtures remove
what they start; the reaper only helps where the test process itself is killed.
"""

from __future__ import annotations

import contextlib
import shutil

import docker  # type: ignore[import-untyped] # it has no type hints
from docker.errors import DockerException  # type: ignore[import-untyped]
from testcontainers.core.config import testcontainers_config


def why_not(*images: str, command: bool = False) -> str | None:
    """Why there are no containers of `images`; `command`: the docker command is needed too."""
    if command and shutil.which("docker") is None:
        return "there is no docker command here"
    try:
        client = docker.from_env(timeout=60)
    except DockerException as error:
        return f"Docker does not answer here ({error})"
    with contextlib.closing(client):
        try:
            client.ping()
        except (DockerException, OSError) as error:
            return f"Docker does not answer here ({error})"
        for image in images:
            if not _can_be_had(client, image):
                return f"the image {image} is not on this machine and cannot be pulled"
        if not testcontainers_config.ryuk_disabled:
            reaper = _can_be_had(client, testcontainers_config.ryuk_image)
            testcontainers_config.ryuk_disabled = not reaper
    return None


def _can_be_had(client: docker.DockerClient, image: str) -> bool:
    with contextlib.suppress(DockerException):
        client.images.get(image)
        return True
    with contextlib.suppress(DockerException, OSError):
        client.images.pull(image)
        return True
    return False

"""A real Chromium, driven by Playwright; without one these tests are skipped, visibly.

CHROMIUM names another browser than the first that is found.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright

from support.fixtures import make_publisher, pytest_runtest_makereport, start_publisher

__all__ = ["make_publisher", "pytest_runtest_makereport", "start_publisher"]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

Script = Callable[..., Awaitable[Any]]


def chromium() -> str | None:
    """The browser's program."""
    found = (shutil.which(name) for name in _NAMES)
    return os.environ.get("CHROMIUM") or next((each for each in found if each), None)


@pytest.fixture
async def browse() -> AsyncIterator[Callable[[str], Awaitable[Page]]]:
    """Opens pages of one browser; a page's origin is that of the address."""
    program = chromium()
    if program is None:
        pytest.skip("no Chromium is installed (apt-get install chromium, or name it in CHROMIUM)")
    async with AsyncExitStack() as stack:
        playwright = await stack.enter_async_context(async_playwright())
        # without a sandbox, so that it also runs as root in a container
        browser = await playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        stack.push_async_callback(browser.close)

        async def open_page(url: str) -> Page:
            page = await browser.new_page()
            await page.goto(url)
            return page

        yield open_page

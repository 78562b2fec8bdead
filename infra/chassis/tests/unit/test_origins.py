"""Whose pages may connect."""

from __future__ import annotations

import pytest

from chassis.origins import OriginAllowlist

HOST = "broadcast.example:8081"


@pytest.mark.parametrize(
    ("allowed", "origin"),
    [
        (("https://app.example",), "https://app.example"),
        (("https://a.example", "https://app.example"), "https://app.example"),
        (("https://App.Example",), "https://app.example"),
        (("https://app.example/",), "https://app.example"),
        (("https://app.example:443",), "https://app.example"),
        (("https://app.example",), "https://app.example:443"),
        (("http://app.example:80",), "http://app.example"),
        (("https://app.example:8443",), "https://app.example:8443"),
        (("http://[::1]:3000",), "http://[::1]:3000"),
        (("null",), "null"),
        (("app://desktop",), "app://desktop"),
    ],
)
def test_a_listed_origin_may(allowed: tuple[str, ...], origin: str) -> None:
    assert OriginAllowlist(allowed).allows(origin, HOST)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://app.example",
        "https://app.example:8443",
        "https://app.example.evil.example",
        "https://evilapp.example",
        "https://sub.app.example",
        "https://app.example@evil.example",
        "null",
        "",
        "app.example",
        "https://",
        "https://app.example/path",
        "https://app.example?",
        "https://app.example:99999999",
        "https://app.example:port",
        "http://[::1",
        "http://exa\u2100mple",
        "https://app.example, https://evil.example",
        "\x00",
    ],
)
def test_no_other_may(origin: str) -> None:
    assert not OriginAllowlist(("https://app.example",)).allows(origin, HOST)
    assert not OriginAllowlist(()).allows(origin, HOST)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://broadcast.example:8081", "broadcast.example:8081"),
        ("https://broadcast.example:8081", "Broadcast.Example:8081"),
        ("https://broadcast.example", "broadcast.example"),
        ("https://broadcast.example", "broadcast.example:443"),
        ("http://broadcast.example", "broadcast.example:80"),
        ("http://[::1]:8081", "[::1]:8081"),
        ("http://localhost:8081", "localhost:8081"),
    ],
)
def test_the_own_hosts_pages_may_always(origin: str, host: str) -> None:
    assert OriginAllowlist(()).allows(origin, host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://broadcast.example:8080", "broadcast.example:8081"),
        ("http://127.0.0.1:8081", "localhost:8081"),
        ("https://broadcast.example", "broadcast.example:80"),
        ("null", ""),
        ("null", "null"),
        ("", ""),
        ("http://", ""),
        ("http://broadcast.example", None),
        ("http://broadcast.example", "broadcast.example:x"),
        ("file://broadcast.example", "broadcast.example"),
    ],
)
def test_what_only_looks_like_the_own_host_may_not(origin: str, host: str | None) -> None:
    assert not OriginAllowlist(()).allows(origin, host)


def test_who_sends_no_origin_is_no_page() -> None:
    assert OriginAllowlist(()).allows(None, HOST)
    assert OriginAllowlist(()).allows(None, None)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "", "http://[::1"])
def test_a_star_lets_every_page_in(origin: str) -> None:
    assert OriginAllowlist(("*",)).allows(origin, HOST)

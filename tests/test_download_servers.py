"""What servers answer that is not the file: other ranges, lengths, stalls, redirects, mirrors.

Each test ends with the right bytes in place or a clear error.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

import misbehaving_server as ms
import pytest
from downloading import CONTENT, NAME, OTHER, World, world

from medallion.bronze import mirrors
from medallion.bronze.mirrors import ContentRange, MirrorError, check_address, retry_after
from medallion.catalog import Version

__all__ = ["world"]  # fixture


def test_range_ignored(world: World) -> None:
    world.site.script(ms.cut(300_000), ms.no_ranges(400_000), ms.no_ranges())
    world.right(world.fetch())
    assert world.site.ranges == [None, "bytes=300000-", "bytes=400000-"]


@pytest.mark.parametrize("honest", [True, False], ids=["200", "continues the other file"])
def test_file_changed_between_tries(world: World, honest: bool) -> None:
    world.site.content = OTHER
    world.site.script(ms.cut(300_000), ms.changed(CONTENT, honest=honest), ms.well)
    world.right(world.fetch())


def test_changed_file_is_noticed_without_md5(world: World) -> None:
    world.site.content = OTHER
    world.site.script(ms.cut(300_000), ms.changed(CONTENT, honest=False), ms.well)
    world.right(world.fetch(world.file(md5=None)))


def test_no_marks_no_continuing(world: World) -> None:
    world.site.etag = world.site.last_modified = None
    world.site.script(ms.cut(300_000), ms.well)
    world.right(world.fetch())
    assert world.site.ranges == [None, None]


@pytest.mark.parametrize("etag", ['W/"weak"', None], ids=["weak", "none"])
def test_last_modified_where_the_etag_will_not_do(world: World, etag: str | None) -> None:
    world.site.etag = etag
    world.site.script(ms.cut(300_000), ms.well)
    world.right(world.fetch())
    assert world.site.requests[1]["if-range"] == world.site.last_modified
    assert world.site.ranges[1] == "bytes=300000-"


@pytest.mark.parametrize(
    "text",
    [
        "bytes 0-700000/700001",
        "bytes 300001-700000/700001",
        "bytes 300000-700000/800000",
        "bytes 300000-299999/700001",
        "lines 1-2/3",
        "",
    ],
)
def test_wrong_content_range(world: World, text: str) -> None:
    world.site.script(ms.cut(300_000), ms.content_range(text), ms.well)
    world.right(world.fetch())
    assert world.site.ranges == [None, "bytes=300000-", None]


def test_a_range_that_nobody_asked_for(world: World) -> None:
    world.site.script(ms.content_range("bytes 0-700000/700001"))
    assert "sent another part of the file than the one asked for" in world.fails()


def test_wrong_md5_goes_to_the_next_mirror(world: World) -> None:
    bad = world.server.add("/bad", OTHER)
    fetched = world.fetch(world.file(bad.url, world.site.url))
    world.right(fetched)
    assert fetched.url == world.site.url
    assert len(bad.requests) == 1


def test_wrong_md5_names_expected_and_got(world: World) -> None:
    world.site.content = OTHER
    text = world.fails()
    for content in (CONTENT, OTHER):
        assert hashlib.md5(content, usedforsecurity=False).hexdigest() in text
    assert "expected" in text
    assert "discarded" in text
    world.only()


@pytest.mark.parametrize("length", [len(CONTENT) - 1, len(CONTENT) + 1, 10**9])
def test_content_length_that_lies(world: World, length: int) -> None:
    world.site.script(ms.lie(length))
    text = world.fails()
    assert f"announces {length} bytes, expected {len(CONTENT)}" in text
    world.only()


def test_content_length_that_lies_where_only_the_md5_is_known(world: World) -> None:
    world.site.script(ms.lie(len(CONTENT) - 1))
    assert "expected" in world.fails(world.file(size=None))
    world.only()


def test_content_length_that_promises_more_where_nothing_is_known(world: World) -> None:
    world.site.script(ms.lie(len(CONTENT) + 1))
    assert "broke the connection" in world.fails(world.file(size=None, md5=None))


def test_stalling_body(world: World) -> None:
    world.site.script(ms.stall(300_000), ms.well)
    world.right(world.fetch())
    assert world.site.ranges == [None, "bytes=300000-"]


def test_always_stalling(world: World) -> None:
    world.policy = replace(world.policy, tries=2)
    world.site.script(ms.stall(0))
    assert "sent nothing for 0.4 seconds, 2 times in a row" in world.fails()


def test_a_body_that_drips_is_given_up(world: World) -> None:
    world.policy = replace(world.policy, tries=1, slow_after=0.3, slowest=1000.0)
    world.site.script(ms.drip)
    assert "sent only" in world.fails()


def test_a_server_that_hangs_up(world: World) -> None:
    world.site.script(ms.hang_up, ms.well)
    world.right(world.fetch())


def test_redirects_are_followed(world: World) -> None:
    first = world.server.add("/first", b"")
    second = world.server.add("/second", b"")
    first.script(ms.redirect("/second"))
    second.script(ms.redirect(world.site.url))
    world.site.script(ms.cut(300_000), ms.well)
    fetched = world.fetch(world.file(first.url))
    world.right(fetched)
    assert fetched.url == first.url
    assert world.site.ranges == [None, "bytes=300000-"]


def test_redirects_in_circles(world: World) -> None:
    world.site.script(ms.redirect("/file"))
    assert "redirects in circles" in world.fails()
    assert world.waits == []


@pytest.mark.parametrize("to", ["http://example.org/x", "ftp://example.org/x"])
def test_redirects_away_from_https_are_refused(world: World, to: str) -> None:
    world.site.script(ms.redirect(to))
    assert f"redirected to an address that is not https:// ({to})" in world.fails()
    assert len(world.site.requests) == 1


@pytest.mark.parametrize(
    "url", ["http://example.org/x", "ftp://example.org/x", "file:///etc/passwd", "x", "http://[::"]
)
def test_only_https(world: World, url: str) -> None:
    assert f"is not an https:// address ({url})" in world.fails(world.file(url))


def test_a_redirect_from_outside_may_not_lead_to_this_machine() -> None:
    check_address("http://127.0.0.1/x")
    check_address("http://localhost/x", came_from="http://[::1]/y")
    with pytest.raises(MirrorError, match="this machine"):
        check_address("https://localhost/x", came_from="https://example.org/y")


def test_no_server_can_be_reached(world: World) -> None:
    with ms.serve() as other:
        down = other.add("/file", CONTENT).url
    text = world.fails(world.file(down))
    assert "no server could be reached; is there a network? 127.0.0.1 (v1) cannot be con" in text


def test_mirror_that_is_down(world: World) -> None:
    with ms.serve() as other:
        down = other.add("/file", CONTENT).url
    world.right(world.fetch(world.file(down, world.site.url)))
    assert world.waits == [1.0]  # a host that is not there gets few tries


@pytest.mark.parametrize(("code", "said"), [(404, "(404)"), (403, "(403)"), (410, "(410)")])
def test_gone_or_forbidden_goes_to_the_next_mirror_at_once(
    world: World, code: int, said: str
) -> None:
    gone = world.server.add("/gone", b"")
    gone.script(ms.status(code))
    world.right(world.fetch(world.file(gone.url, world.site.url)))
    assert (world.waits, len(gone.requests)) == ([], 1)
    (world.directory / NAME).unlink()
    assert said in world.fails(world.file(gone.url))


def test_the_error_lists_every_mirror_and_what_it_said(world: World) -> None:
    urls = []
    for number, behaviour in enumerate([ms.status(404), ms.status(503), ms.hang_up]):
        site = world.server.add(f"/{number}", CONTENT)
        site.script(behaviour)
        urls.append(site.url)
    old = Version("v0", (world.server.add("/old", OTHER).url,), len(CONTENT), "0" * 32)
    file = world.file(*urls)
    text = world.fails(replace(file, versions=(*file.versions, old)))
    for said in ("(404)", "(503), 6 times", "broke the connection, 6 times", "(v0) sent a file"):
        assert said in text
    assert text.startswith(f"{NAME} could not be downloaded: ")
    assert "\n" not in text


def test_a_previous_version_is_a_fallback_that_is_told_by_name(world: World) -> None:
    world.site.script(ms.status(404))
    old = world.server.add("/old", OTHER[:500])
    md5 = hashlib.md5(OTHER[:500], usedforsecurity=False).hexdigest()
    file = world.file()
    file = replace(file, versions=(*file.versions, Version("v0", (old.url,), 500, md5)))
    fetched = world.fetch(file)
    assert (fetched.version, fetched.bytes, fetched.url) == ("v0", 500, old.url)
    assert fetched.path.read_bytes() == OTHER[:500]
    # And it is right when it is met again, although the current one could now be had.
    world.site.script(ms.well)
    assert world.fetch(file).version == "v0"


def test_the_mirror_that_the_part_is_from_goes_first(world: World) -> None:
    other = world.server.add("/other", CONTENT)
    other.script(ms.status(404))
    world.site.script(ms.cut(300_000), ms.status(404))
    file = world.file(other.url, world.site.url)
    world.fails(file)
    world.site.script(ms.well)
    world.right(world.fetch(file))
    assert (len(other.requests), world.site.ranges[-1]) == (1, "bytes=300000-")


def test_chunked_body(world: World) -> None:
    world.site.script(ms.chunked(whole=False), ms.chunked())
    world.right(world.fetch(world.file(size=None, md5=None)))


def test_a_body_of_unknown_length_needs_a_md5_or_a_size(world: World) -> None:
    world.site.script(ms.unmeasured())
    assert "how long the file is" in world.fails(world.file(size=None, md5=None))
    world.right(world.fetch(world.file(size=None)))


def test_a_body_of_unknown_length_that_is_cut(world: World) -> None:
    world.site.script(ms.unmeasured(300_000), ms.well)
    world.right(world.fetch())


def test_a_body_of_unknown_length_that_is_too_long(world: World) -> None:
    world.site.content = CONTENT + b"more"
    world.site.script(ms.unmeasured())
    assert "more than the 700001 bytes" in world.fails()
    world.only()


def test_content_encoding(world: World) -> None:
    world.site.script(ms.sends(Content_Encoding="gzip"))
    # Bytes as they are sent, never decoded; the md5 says whether they are the file's.
    world.right(world.fetch())
    (world.directory / NAME).unlink()
    assert "encoded (gzip)" in world.fails(world.file(md5=None))


def test_a_web_page_is_not_taken_for_a_file_of_unknown_md5(world: World) -> None:
    world.site.script(ms.sends(Content_Type="text/html; charset=utf-8"))
    assert "web page" in world.fails(world.file(size=None, md5=None))


def test_nothing_known_about_the_file(world: World) -> None:
    file = world.file(size=None, md5=None)
    fetched = world.fetch(file)
    world.right(fetched)
    assert not fetched.verified
    again = world.fetch(file)
    assert (again.new, again.verified, again.version) == (False, False, None)
    assert len(world.site.requests) == 1


def test_headers_that_make_no_sense() -> None:
    assert ContentRange.parse("bytes 5-9/*") == ContentRange(5, 9, None)
    assert ContentRange.parse("bytes 5-9/9") is None
    assert ContentRange.parse(None) is None
    assert retry_after(None) is None
    assert retry_after("Mon, 23 Nov 2020 08:00:00 GMT") == 0.0
    assert retry_after("-1") is None


def test_certificates_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", "/some/bundle.pem")
    assert mirrors._session().verify == "/some/bundle.pem"
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/other.pem")
    assert mirrors._session().verify is True


def test_a_proxy_of_the_environment_that_is_down(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ms.serve() as other:
        down = f"http://127.0.0.1:{other.server_address[1]}"
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, down)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert "through the proxy of the environment" in world.fails(
        world.file("https://example.org/x")
    )

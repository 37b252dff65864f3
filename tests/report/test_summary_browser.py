"""The page in a real browser: every picture is there, nothing is wider than a phone, no message."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape

import pytest
from test_summary_page import found, strip

from stcnet_lib.report.summary.page import framed, summary_page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DARK, LIGHT = 0, 1  # Blink's numbers of the preferred colour scheme

MEASURE = """<p id="measured"></p><script>
const frame = document.querySelector("iframe");
frame.onload = () => {
  const page = frame.contentDocument, view = page.documentElement;
  page.querySelectorAll("details").forEach((part) => { part.open = true; });
  const style = frame.contentWindow.getComputedStyle(page.body);
  document.getElementById("measured").textContent = JSON.stringify({
    pictures: [...page.images].filter((image) => image.complete && image.naturalWidth > 0).length,
    width: view.scrollWidth,
    height: view.scrollHeight,
    ground: style.backgroundColor,
    ink: style.color,
  });
};
</script>"""


def opened(tmp_path, width: int, scheme: int) -> dict:
    """What the browser says of the page in a frame of `width` pixels; it must not complain."""
    page = summary_page(found(strips=[strip(height=128)] * 3))
    frame = framed(page).replace("<iframe", f'<iframe style="width:{width}px;height:800px;border:0"', 1)
    path = tmp_path / "page.html"
    path.write_text(f"<!DOCTYPE html><meta charset=utf-8>{frame}{MEASURE}", encoding="utf-8")
    done = subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",  # root may not use it
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--no-first-run",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--user-data-dir={tmp_path / 'profile'}",
            f"--blink-settings=preferredColorScheme={scheme}",
            "--enable-logging=stderr",
            "--virtual-time-budget=4000",
            "--dump-dom",
            path.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert [line for line in done.stderr.splitlines() if "CONSOLE" in line] == []
    return json.loads(unescape(re.search(r'<p id="measured">(.*?)</p>', done.stdout)[1]))


def brightness(colour: str) -> float:
    """Mean of red, green and blue of `rgb(1, 2, 3)`."""
    return sum(map(float, re.findall(r"[\d.]+", colour)[:3])) / 3


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
@pytest.mark.parametrize("scheme", [DARK, LIGHT])
@pytest.mark.parametrize("width", [390, 1280])
def test_pictures_are_there_and_nothing_is_wider_than_the_window(tmp_path, width, scheme):
    seen = opened(tmp_path, width, scheme)
    assert seen["pictures"] == 9
    assert seen["width"] <= width
    assert seen["height"] > 2000
    assert (brightness(seen["ground"]) < brightness(seen["ink"])) == (scheme == DARK)

"""The report in Chromium, opened from disk without a network: what a reader sees, clicks, prints.

Screenshots are left in build/report.png and build/report_dark.png.
"""

from __future__ import annotations

import base64
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image as images

import clvmodels as clv

from .conftest import SCRIPT

pytestmark = pytest.mark.system

BUILD = Path(__file__).resolve().parents[2] / "build"
# What Chromium's own parts ask the network for is not the page's; the page may ask for itself and for what it holds.
OWN = ("file:", "data:")


def program(*names: str, package: str) -> str:
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.fail(
            f"{names[0]} is not installed, and the report cannot be tried: apt install {package}", pytrace=False
        )
    return found


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = program("chromium", "chromium-browser", "google-chrome", package="chromium")
    for argument in (
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"),
        *("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"),
        f"--user-data-dir={tmp_path_factory.mktemp('chromium')}",
        "--window-size=1200,900",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(program("chromedriver", package="chromium-driver"))
    with webdriver.Chrome(options=options, service=service) as opened:
        opened.execute_cdp_cmd("Network.enable", {})
        offline = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        opened.execute_cdp_cmd("Network.emulateNetworkConditions", offline)
        yield opened


@pytest.fixture(scope="module")
def path(found, worth, tmp_path_factory):
    """With the section for managers, so that all that is tried here is tried on it, too."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    clv.report(found, path, source="cdnow.csv", overview=worth)
    return path


@pytest.fixture
def page(browser, path):
    """The page as a new reader finds it, and how to look at it otherwise."""
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.get(path.as_uri())
    return browser


def emulate(page, scheme="light", width=1200):
    page.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def screenshot(page):
    size = page.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
    clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
    taken = page.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
    return base64.b64decode(taken["data"])


def column(page, table, i):
    rows = f"[...document.querySelectorAll('#comparison table.sortable')[{table}].tBodies[0].rows]"
    cells = f"{rows}.map(row => row.cells[{i}])"
    return page.execute_script(f"return {cells}.map(cell => [cell.dataset.value ?? null, cell.textContent])")


def head(page, table, i):
    return page.execute_script(
        f"return document.querySelectorAll('#comparison table.sortable')[{table}].tHead.rows[0].cells[{i}]"
    )


def values(page, table, i):
    return [None if value is None else float(value) for value, _ in column(page, table, i)]


def test_it_opens_from_disk_without_errors_and_asks_for_nothing(browser, path):
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(path.as_uri())
    assert browser.title == "Forecast of the 39 weeks after 30 Sep 1997, checked"
    assert browser.get_log("browser") == []
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [one["params"]["request"]["url"] for one in events if one["method"] == "Network.requestWillBeSent"]
    assert path.as_uri() in asked
    assert [url for url in asked if not url.startswith(OWN)] == []


def test_every_picture_is_shown(page):
    shown = page.execute_script("return [...document.images].map(one => [one.complete, one.naturalWidth])")
    assert len(shown) >= 3
    assert all(complete and width > 100 for complete, width in shown)


def test_the_section_for_managers_is_read_on_a_telephone(page):
    emulate(page, "dark", 390)
    cells = "[...document.querySelectorAll('#managers td.date, #managers td.note')]"
    assert len(page.execute_script(f"return {cells}")) == 20
    lines = (
        f"return {cells}.map(one => one.getBoundingClientRect().height / parseFloat(getComputedStyle(one).fontSize))"
    )
    assert max(page.execute_script(lines)) < 6, "dates and notes are broken into a pile of single words"
    shown = page.execute_script("return [...document.querySelectorAll('#managers img')].map(one => one.naturalWidth)")
    assert len(shown) == 2
    assert min(shown) > 100
    told = page.execute_script("return document.querySelector('#managers').innerText")
    assert "in the year ahead" in told
    assert not [word for word in ("covariance", "52.18", "4.348", "P(alive)", "clv") if word in told]


def test_a_click_sorts_by_number_and_another_one_reverses(page):
    before = values(page, 0, 2)
    assert before != sorted(before)
    button = head(page, 0, 2).find_element("tag name", "button")
    button.click()
    assert values(page, 0, 2) == sorted(before)
    assert head(page, 0, 2).get_attribute("aria-sort") == "ascending"
    button.click()
    assert values(page, 0, 2) == sorted(before, reverse=True)
    assert head(page, 0, 2).get_attribute("aria-sort") == "descending"
    assert head(page, 0, 3).get_attribute("aria-sort") == "none"
    head(page, 0, 0).find_element("tag name", "button").click()
    names = [text for _, text in column(page, 0, 0)]
    assert names == sorted(names)
    assert head(page, 0, 2).get_attribute("aria-sort") == "none"


def test_the_keyboard_sorts_too(page):
    from selenium.webdriver.common.keys import Keys

    button = head(page, 0, 3).find_element("tag name", "button")
    page.execute_script("arguments[0].focus()", button)
    page.switch_to.active_element.send_keys(Keys.ENTER)
    assert values(page, 0, 3) == sorted(values(page, 0, 3))
    page.switch_to.active_element.send_keys(Keys.SPACE)
    assert values(page, 0, 3) == sorted(values(page, 0, 3), reverse=True)
    assert page.execute_script("return arguments[0].tabIndex", button) == 0


def test_numbers_sort_by_value_and_a_dash_comes_last(page):
    rows = [("9", "9"), ("—", None), ("10", "10"), ("-1", "-1"), ("1e3", "1,000")]
    cells = "".join(
        f'<tr><td class="{"missing" if shown is None else "number"}" '
        f"{'' if shown is None else f'data-value={value}'}>{shown or '—'}</td></tr>"
        for value, shown in rows
    )
    page.execute_script(
        "document.querySelector('#comparison table.sortable').tBodies[0].innerHTML = arguments[0]", cells
    )
    button = head(page, 0, 0).find_element("tag name", "button")
    button.click()
    assert [text for _, text in column(page, 0, 0)] == ["-1", "9", "10", "1,000", "—"]
    button.click()
    assert [text for _, text in column(page, 0, 0)] == ["1,000", "10", "9", "-1", "—"]


def test_dark_and_light(page):
    looks = {}
    BUILD.mkdir(exist_ok=True)
    for scheme, name in (("light", "report.png"), ("dark", "report_dark.png")):
        emulate(page, scheme)
        looks[scheme] = page.execute_script("return getComputedStyle(document.body).backgroundColor")
        taken = screenshot(page)
        (BUILD / name).write_bytes(taken)
        pixels = images.imread(io.BytesIO(taken))[..., :3]
        assert pixels.shape[0] > 3000
        assert pixels.std() > 0.05, "the picture is blank"
        assert (np.median(pixels) > 0.5) == (scheme == "light")
    assert looks["light"] != looks["dark"]


@pytest.mark.parametrize("width", [400, 700, 1200])
def test_nothing_hangs_over_the_edge(page, width):
    emulate(page, width=width)
    assert page.execute_script("return document.documentElement.scrollWidth") <= width
    assert page.execute_script("return document.body.getBoundingClientRect().right") <= width


def test_on_a_wide_screen_no_table_is_cut_off(page):
    emulate(page, width=1200)
    cut = "[...document.querySelectorAll('.wide')].filter(one => one.scrollWidth > one.clientWidth)"
    folded = ".filter(one => !one.closest('details'))"
    assert page.execute_script(f"return {cut}{folded}.map(one => one.ariaLabel)") == []


def test_all_of_it_is_printed(page):
    emulate(page)
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": []})
    page.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert page.execute_script("return [...document.querySelectorAll('details')].every(one => one.open)")
    hidden = "[...document.querySelectorAll('table')].filter(one => !one.getBoundingClientRect().height).length"
    assert page.execute_script(f"return {hidden}") == 0
    assert page.execute_script("return getComputedStyle(document.querySelector('nav')).display") == "none"
    assert page.execute_script("return getComputedStyle(document.querySelector('tr')).breakInside") == "avoid"
    page.execute_script("dispatchEvent(new Event('afterprint'))")
    assert not page.execute_script("return [...document.querySelectorAll('details')].some(one => one.open)")
    pdf = base64.b64decode(page.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})["data"])
    assert pdf.startswith(b"%PDF")


def test_without_a_script_everything_is_there(page):
    text = page.execute_script("return document.body.textContent")
    page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page.refresh()
        assert page.find_elements("css selector", "th button") == []
        bare = page.find_element("tag name", "body").get_attribute("textContent")
    finally:
        page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert bare == text


def test_nothing_of_the_data_runs(browser, nasty, tmp_path):
    path = tmp_path / "<img src=x onerror=alert(1)>.html"
    clv.report(nasty, path, source=SCRIPT)
    browser.get_log("browser")
    browser.get(path.as_uri())
    assert browser.title == "Forecast of the 39 weeks after 30 Sep 1997, checked"
    assert browser.get_log("browser") == [], "not even the page's policy had anything to stop"
    assert browser.execute_script("return document.scripts.length") == 1
    shown = browser.find_element("tag name", "body").text
    assert SCRIPT in shown
    assert "{{7*7}}" in shown
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")

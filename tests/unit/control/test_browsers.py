import pytest

from interlock.control.console.browsers import browser_name

CHROME = "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1"
SAID = (
    (CHROME.format("X11; Linux x86_64"), "Chrome on Linux"),
    (CHROME.format("Windows NT 10.0; Win64; x64") + " Edg/140.0.0.0", "Edge on Windows"),
    (CHROME.format("Linux; Android 10; K"), "Chrome on Android"),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
    (IPHONE, "Safari on an iPhone"),
    ("curl/8.5.0", "curl/8.5.0"),
    ("", ""),
)


@pytest.mark.parametrize(("said", "name"), SAID)
def test_a_browser_is_named_as_people_call_it(said: str, name: str):
    assert browser_name(said) == name

"""What the pages of other sites can do by the browser of somebody who uses the server: follow a link to the page."""

import pytest
import requests

SITES = [
    ("/", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 200),
    ("/", {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}, 200),
    ("/", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403),
    ("/page/style.css", {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "no-cors"}, 200),
    ("/page/style.css", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403),
    ("/v1/model", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 403),
    ("/v1/model", {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"}, 403),
    ("/v1/model", {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}, 200),
    ("/v1/model", {"Sec-Fetch-Site": "none"}, 200),
    ("/v1/model", {"Sec-Fetch-Site": "whatever"}, 403),
    ("/sdapi/v1/progress", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, 403),
    ("/sdapi/v1/progress", {"sec-fetch-site": "cross-site"}, 403),
    ("/v1/jobs/0123/preview.png", {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"}, 403),
    ("/sdapi/v1/progress", {}, 200),
]


@pytest.mark.parametrize(("path", "headers", "status"), SITES)
def test_what_another_sites_page_loads_is_refused(address, path, headers, status):
    assert requests.get(address + path, headers=headers, timeout=20).status_code == status


@pytest.mark.parametrize(("verb", "path"), [("GET", "/"), ("GET", "/page/app.js"), ("GET", "/v1/model"), ("GET", "/v1/nothing"), ("PUT", "/v1/model"), ("POST", "/v1/generate"), ("HEAD", "/sdapi/v1/progress")])
def test_every_answer_keeps_to_its_own_page(address, verb, path):
    """In no frame, for no other origin, and taken for nothing that it does not say."""
    headers = requests.request(verb, address + path, timeout=20).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'self'" and policy["frame-ancestors"] == policy["object-src"] == policy["base-uri"] == "'none'"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin" and headers["X-Content-Type-Options"] == "nosniff"
    assert not [name for name in headers if name.lower().startswith("access-control-")]

"""Schemathesis asks the server whatever /openapi.json allows, and what it forbids."""

import pathlib
import re
import subprocess
import sys

import pytest

from attacks import WHOLE

# Every bound of the schema on both its sides takes minutes: `make attack` tries them, too.
PHASES = ("--phases", "coverage,fuzzing,stateful" if WHOLE else "fuzzing,stateful")
# Not "positive_data_acceptance": no schema can say that base64 is a picture. Not "unsupported_method": the server takes no method QUERY at all.
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "use_after_free",
)


def what_went_wrong(report):
    """The head of each fault: the requests below it can be very long."""
    sections = re.split(r"^=+ (ERRORS|FAILURES) =+$", report, flags=re.MULTILINE)[1:]
    return "".join(section[:3000] for section in sections) + report[-1500:]


FIT = "/v1/calibrate"  # Its jobs take minutes: whoever waits for a picture waits for them.


@pytest.mark.parametrize("paths", [("--exclude-path", FIT), ("--include-path-regex", f"^({FIT}|/v1/jobs/.*)$")], ids=["all but fits", "fits"])
def test_no_request_gets_an_answer_that_the_schema_does_not_know(server, tmp_path, paths):
    command = [pathlib.Path(sys.executable).with_name("schemathesis"), "run", "--checks", ",".join(CHECKS), "--max-examples", "10", *PHASES, *paths]
    command += ["--seed", "1", "--request-timeout", "240", "--workers", "4", "--generation-database", "none", "--no-color"]
    with server("--threads", "1", "--queue", "64") as (address, process):
        result = subprocess.run([*command, address + "/openapi.json"], cwd=tmp_path, capture_output=True, text=True, timeout=1800)
        assert process.poll() is None, "the server fell over"
    assert result.returncode == 0, what_went_wrong(result.stdout) + result.stderr[-2000:]

import pathlib

import pytest
from building import EXAMPLES, PROGRAM, build_project, install


@pytest.fixture(scope="session")
def prefix(tmp_path_factory) -> pathlib.Path:
    """What `cmake --install` makes of the build that LATENTDIAL_BIN belongs to, in an empty folder."""
    return install(PROGRAM.parents[1], tmp_path_factory.mktemp("installed") / "prefix")


@pytest.fixture(scope="session")
def examples(prefix, tmp_path_factory) -> pathlib.Path:
    """The folder of the examples' programs, built against the installation by find_package."""
    return build_project(EXAMPLES, tmp_path_factory.mktemp("examples"), f"-DCMAKE_PREFIX_PATH={prefix}")

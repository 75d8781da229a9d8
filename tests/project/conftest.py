"""What tests of the whole project share: one fresh install, made as the image is made."""

from __future__ import annotations

import pytest
from dockerfile import Image


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """A virtual environment with the locked packages and Listener's wheel, and nothing else of this checkout."""
    return Image.build(tmp_path_factory.mktemp("image"))

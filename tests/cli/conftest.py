import pytest

from .runner import Runner


@pytest.fixture
def offline(tmp_path):
    """quoin without a cloud."""
    return Runner(tmp_path)


@pytest.fixture
def online(cloud, tmp_path):
    """quoin with a fresh account behind the gate."""
    return Runner(tmp_path, cloud)

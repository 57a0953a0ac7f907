import botocore.session
import pytest

from tests.wire.driver import Driver


@pytest.fixture(scope="session")
def driver():
    d = Driver()
    yield d
    d.close()


@pytest.fixture(scope="session")
def models():
    session = botocore.session.Session()
    known = {}

    def model(service):
        if service not in known:
            known[service] = session.get_service_model(service)
        return known[service]
    return model

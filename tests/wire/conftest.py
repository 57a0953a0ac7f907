import json
import pathlib

import botocore.session
import pytest

from tests.wire.driver import Driver

TABLES = pathlib.Path(__file__).resolve().parents[2] / "modules/providers/aws"


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
            # Of several protocols of a service botocore would take the first, the tables hold one that quoin speaks.
            table = json.loads((TABLES / service / "wire.json").read_text())
            known[service].metadata["protocol"] = table["metadata"]["protocol"]
        return known[service]
    return model

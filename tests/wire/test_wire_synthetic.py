"""What the protocols allow and the services in the tables do not use yet: made-up
models that hold every trait, through the committed generator, both ways."""
import importlib.util
import random

import botocore.exceptions
import botocore.model
import pytest

from tests.wire.driver import ROOT, Driver
from tests.wire.test_wire_parse import compare_reply
from tests.wire.test_wire_serialise import compare
from tests.wire.values import Maker, Options

ROUNDS = 60


def generator():
    spec = importlib.util.spec_from_file_location("generate_wire", ROOT / "modules/providers/aws/generate_wire.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ref(shape, **traits):
    return {"shape": shape, **traits}


def structure(members, **facts):
    return {"type": "structure", "members": members, **facts}


SCALARS = {
    "String": {"type": "string"}, "Integer": {"type": "integer"}, "Long": {"type": "long"},
    "Float": {"type": "float"}, "Double": {"type": "double"}, "Boolean": {"type": "boolean"},
    "Blob": {"type": "blob"}, "Time": {"type": "timestamp"},
    "TimeIso": {"type": "timestamp", "timestampFormat": "iso8601"},
    "TimeUnix": {"type": "timestamp", "timestampFormat": "unixTimestamp"},
    "TimeHttp": {"type": "timestamp", "timestampFormat": "rfc822"},
    "Strings": {"type": "list", "member": ref("String")},
    "StringsNamed": {"type": "list", "member": ref("String", locationName="item")},
    "StringsFlat": {"type": "list", "member": ref("String"), "flattened": True},
    "StringsFlatNamed": {"type": "list", "member": ref("String", locationName="Entry"), "flattened": True},
    "Integers": {"type": "list", "member": ref("Integer")},
    "Times": {"type": "list", "member": ref("TimeIso")},
    "Lists": {"type": "list", "member": ref("StringsNamed")},
    "Map": {"type": "map", "key": ref("String"), "value": ref("Integer")},
    "MapNamed": {"type": "map", "key": ref("String", locationName="Name"), "value": ref("Inner", locationName="Value")},
    "MapFlat": {"type": "map", "key": ref("String"), "value": ref("String"), "flattened": True},
    "MapOfLists": {"type": "map", "key": ref("String"), "value": ref("Strings")},
    "MapOfStrings": {"type": "map", "key": ref("String"), "value": ref("String")},
    "Inner": structure({"First": ref("String", locationName="first"), "Second": ref("Integer"),
                        "Self": ref("Inner"), "Items": ref("Inners")}),
    "Inners": {"type": "list", "member": ref("Inner")},
    "InnersFlat": {"type": "list", "member": ref("Inner", locationName="innerItem"), "flattened": True},
    "Document": structure({}, document=True),
    "One": structure({"A": ref("String"), "B": ref("Inner"), "C": ref("Integer")}, union=True),
}
# Members that go into a body, in every protocol.
BODY = {
    "Text": ref("String"), "Renamed": ref("String", locationName="otherName"), "Whole": ref("Integer"),
    "Big": ref("Long"), "Part": ref("Double"), "Small": ref("Float"), "Flag": ref("Boolean"), "Raw": ref("Blob"),
    "When": ref("Time"), "WhenIso": ref("TimeIso"), "WhenUnix": ref("TimeUnix"), "WhenHttp": ref("TimeHttp"),
    "WhenHere": ref("Time", timestampFormat="rfc822"), "Names": ref("Strings"), "NamesNamed": ref("StringsNamed"),
    "Numbers": ref("Integers"), "Times": ref("Times"), "Nested": ref("Lists"), "Inner": ref("Inner"),
    "Inners": ref("Inners", locationName="innerList"), "Counts": ref("Map"), "Things": ref("MapNamed"),
    "Lists": ref("MapOfLists"), "One": ref("One"),
}
# Traits of XML and query names.
NAMED = {"NamesFlat": ref("StringsFlat"), "NamesFlatRenamed": ref("StringsFlat", locationName="flatNames"),
         "NamesFlatNamed": ref("StringsFlatNamed"), "FlatHere": ref("Strings", flattened=True),
         "InnersFlat": ref("InnersFlat"), "MapFlat": ref("MapFlat"),
         "MapFlatRenamed": ref("MapFlat", locationName="flatMap")}
EC2 = {"Upper": ref("String", locationName="lowerCase"), "Query": ref("String", locationName="x", queryName="QueryName"),
       "Group": ref("StringsNamed", locationName="groupSet", queryName="Group"),
       "Specs": ref("Inners", locationName="specSet")}
XML = {"Spaced": ref("Inner", xmlNamespace={"uri": "http://inner.example/"}),
       "Typed": ref("Attributed", xmlNamespace={"prefix": "xsi", "uri": "http://www.w3.org/2001/XMLSchema-instance"}),
       "TextSpaced": ref("String", xmlNamespace={"uri": "http://text.example/?a=1&b=2"})}
PLACES = {
    "Label": ref("String", location="uri", locationName="Label"),
    "Rest": ref("String", location="uri", locationName="Rest"),
    "Number": ref("Integer", location="uri", locationName="Number"),
    "Moment": ref("Time", location="uri", locationName="Moment"),
    "Q": ref("String", location="querystring", locationName="q"),
    "QList": ref("Strings", location="querystring", locationName="qlist"),
    "QTime": ref("Time", location="querystring", locationName="qtime"),
    "QUnix": ref("TimeUnix", location="querystring", locationName="qunix"),
    "QFlag": ref("Boolean", location="querystring", locationName="qflag"),
    "QPart": ref("Double", location="querystring", locationName="qpart"),
    "QInts": ref("Integers", location="querystring", locationName="qints"),
}
HEADERS = {
    "H": ref("String", location="header", locationName="X-Text"),
    "HNumber": ref("Integer", location="header", locationName="X-Number"),
    "HFlag": ref("Boolean", location="header", locationName="X-Flag"),
    "HPart": ref("Double", location="header", locationName="X-Part"),
    "HTime": ref("Time", location="header", locationName="X-Time"),
    "HIso": ref("TimeIso", location="header", locationName="X-Iso"),
    "HUnix": ref("TimeUnix", location="header", locationName="X-Unix"),
    "HList": ref("Strings", location="header", locationName="X-List"),
    "HInts": ref("Integers", location="header", locationName="X-Ints"),
    "Meta": ref("MapOfStrings", location="headers", locationName="X-Meta-"),
}
# One such map in an operation at most: two could give one parameter twice.
QUERY_MAP = {"rest-json": {"QLists": ref("MapOfLists", location="querystring")},
             "rest-xml": {"QMap": ref("MapOfStrings", location="querystring")}}
STATUS = {"Code": ref("Integer", location="statusCode")}


def service(protocol, shapes, operations):
    metadata = {"apiVersion": "2024-01-01", "endpointPrefix": "made", "protocol": protocol, "serviceId": "Made Up",
                "signatureVersion": "v4", "xmlNamespace": "http://made.example/doc/", "jsonVersion": "1.1",
                "targetPrefix": "MadeUp_20240101"}
    return {"version": "2.0", "metadata": metadata, "shapes": {**SCALARS, **shapes}, "operations": operations}


def operation(name, method="POST", uri="/", wrapper=None, errors=(), **input_traits):
    output = ref(name + "Output", **({"resultWrapper": wrapper} if wrapper else {}))
    return {"name": name, "http": {"method": method, "requestUri": uri}, "input": ref(name + "Input", **input_traits),
            "output": output}


def rpc(protocol, members, wrapper=None):
    shapes = {"DoInput": structure(members), "DoOutput": structure(members)}
    return service(protocol, shapes, {"Do": operation("Do", wrapper=wrapper)})


def rest(protocol, members):
    shapes = {
        "Attributed": structure({"Type": ref("String", locationName="xsi:type", xmlAttribute=True), "Id": ref("String")}),
        "BodyInput": structure({**PLACES, **QUERY_MAP[protocol], **HEADERS, **members},
                               required=["Label", "Rest", "Number", "Moment"]),
        "BodyOutput": structure({**HEADERS, **STATUS, **members}),
        "PayInput": structure({**HEADERS, "Load": ref("Load", locationName="Load")}, payload="Load"),
        "PayOutput": structure({**HEADERS, "Load": ref("Load", locationName="Load")}, payload="Load"),
        "TextInput": structure({"Load": ref("String"), "H": HEADERS["H"]}, payload="Load"),
        "TextOutput": structure({"Load": ref("String"), **STATUS}, payload="Load"),
        "RawInput": structure({"Load": ref("Blob", streaming=True),
                               "Type": ref("String", location="header", locationName="Content-Type")}, payload="Load"),
        "RawOutput": structure({"Load": ref("Blob", streaming=True)}, payload="Load"),
        "BareInput": structure(HEADERS), "BareOutput": structure(HEADERS),
        "Load": structure(members),
    }
    operations = {
        "Body": operation("Body", "PUT", "/a/{Label}/n/{Number}/{Moment}/{Rest+}?fixed&kind=2", locationName="BodyRequest",
                          xmlNamespace={"uri": "http://made.example/doc/"}),
        "Pay": operation("Pay", "PUT", "/pay"), "Text": operation("Text", "PUT", "/text"),
        "Raw": operation("Raw", "PUT", "/raw?x-id=Raw"), "Bare": operation("Bare", "GET", "/"),
    }
    return service(protocol, shapes, operations)


MODELS = {
    "madeec2": rpc("ec2", {k: v for k, v in {**BODY, **EC2}.items() if k not in ("Counts", "Things", "Lists")}),
    "madequery": rpc("query", {**BODY, **NAMED}, wrapper="DoResult"),
    "madejson": rpc("json", {**BODY, "Document": ref("Document")}),
    "maderestjson": rest("rest-json", {**BODY, "Document": ref("Document")}),
    "maderestxml": rest("rest-xml", {**BODY, **NAMED, **XML}),
}


class Loader:
    def load_service_model(self, name, kind):
        if kind != "service-2":
            raise botocore.exceptions.UnknownServiceError(service_name=name, known_service_names="")
        return MODELS[name]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    make = generator().make
    folder = tmp_path_factory.mktemp("models")
    tables = []
    for name, model in MODELS.items():
        tables.append(folder / f"{name}.json")
        tables[-1].write_text(make(Loader(), name, list(model["operations"]), set()))
    driver = Driver(tables)
    yield driver
    driver.close()


ALL = [(name, operation_name) for name, model in MODELS.items() for operation_name in model["operations"]]


def choices(number, rng, reply=False):
    if number < 2:
        return Options(optional=0.0, full=number == 1, most_depth=4, reply=reply)
    return Options(optional=rng.choice([0.2, 0.5, 1.5]), most_depth=4, reply=reply)


@pytest.mark.parametrize("name,operation_name", ALL)
def test_request(name, operation_name, made):
    model = botocore.model.ServiceModel(MODELS[name], name)
    for number in range(ROUNDS):
        rng = random.Random(f"out {name} {operation_name} {number}")
        theirs, ours = Maker(rng, choices(number, rng)).make(model.operation_model(operation_name).input_shape)
        compare(model, operation_name, theirs, ours, made, name)


@pytest.mark.parametrize("name,operation_name", ALL)
def test_reply(name, operation_name, made):
    model = botocore.model.ServiceModel(MODELS[name], name)
    for number in range(ROUNDS):
        rng = random.Random(f"in {name} {operation_name} {number}")
        value, _ = Maker(rng, choices(number, rng, reply=True)).make(model.operation_model(operation_name).output_shape)
        compare_reply(model, name, operation_name, value, rng, made)

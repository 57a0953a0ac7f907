#!/usr/bin/env python3
"""Make <service>/wire.json for every operation named in operations.txt.

The source is botocore's service models; only facts are taken (names, kinds,
locations, limits), no prose. The output is deterministic: one operation and
one shape a line, sorted by name, so that a change reads well in a diff.

    generate_wire.py            write the tables
    generate_wire.py --check    exit 1 if a committed table differs
"""
import json
import pathlib
import sys

import botocore
import botocore.loaders

BOTOCORE = "1.43.11"
HERE = pathlib.Path(__file__).resolve().parent

# What is left out of the models on purpose, so that anything new is noticed.
MEMBER_TRAITS = ("locationName", "queryName", "location", "flattened", "streaming",
                 "xmlAttribute", "xmlNamespace", "timestampFormat")
IGNORED_TRAITS = {"shape", "documentation", "box", "deprecated", "deprecatedMessage", "deprecatedSince",
                  "idempotencyToken", "contextParam", "hostLabel", "sensitive"}
SHAPE_FACTS = ("required", "enum", "min", "max", "pattern", "payload", "document", "sensitive")
IGNORED_FACTS = {"type", "members", "member", "key", "value", "documentation", "box", "deprecated",
                 "deprecatedMessage", "deprecatedSince", "exception", "error", "fault", "synthetic",
                 "union", "wrapper", "retryable", "requiresLength", "xmlOrder"}
# Protocols that src/cloud speaks. A model names those of its service in AWS's order of preference.
SPOKEN = {"ec2", "query", "json", "rest-json", "rest-xml"}
KINDS = {"string", "integer", "long", "float", "double", "boolean", "blob", "timestamp", "structure", "list", "map"}

# Replies whose root element is the only member itself (Smithy: s3UnwrappedXmlOutput; botocore has a handler).
UNWRAPPED = {("s3", "GetBucketLocation")}

# Ids that Route 53 gives as /hostedzone/Z1 and takes as Z1 (botocore mends them in a handler, fix_route53_ids).
LAST_SEGMENT = {"route53": ("ResourceId", "DelegationSetId", "ChangeId")}

READ_PREFIXES = ("Describe", "Get", "List", "BatchGet", "Head")
# Operations that change nothing though their name does not say so.
READ_ONLY = {("sts", "AssumeRole"), ("sts", "AssumeRoleWithWebIdentity"), ("sso-oidc", "CreateToken")}


def fail(text):
    sys.exit(f"generate_wire.py: {text}")


def wanted():
    """{service: [operation]} of operations.txt."""
    out = {}
    for number, line in enumerate((HERE / "operations.txt").read_text().splitlines(), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        if len(words) != 2:
            fail(f"operations.txt:{number}: expected `service Operation`")
        operations = out.setdefault(words[0], [])
        if words[1] in operations:
            fail(f"operations.txt:{number}: {words[1]} is listed twice")
        operations.append(words[1])
    return out


def global_services(loader):
    """Endpoint prefixes of services with one endpoint a partition."""
    aws = loader.load_data("endpoints")["partitions"][0]["services"]
    return {prefix for prefix, facts in aws.items() if facts.get("isRegionalized") is False}


def reference(ref, where):
    """A reference to a shape with the traits that the wire needs."""
    for trait in ref:
        if trait not in MEMBER_TRAITS and trait not in IGNORED_TRAITS and trait != "resultWrapper":
            fail(f"{where}: trait {trait} is not understood")
    out = {"shape": ref["shape"]}
    out.update({trait: ref[trait] for trait in MEMBER_TRAITS + ("resultWrapper",) if trait in ref})
    if isinstance(out.get("xmlNamespace"), str):
        out["xmlNamespace"] = {"uri": out["xmlNamespace"]}
    return out


def shape_facts(name, shape, where):
    kind = shape["type"]
    if kind not in KINDS:
        kind = "string" if kind == "character" else fail(f"{where}.{name}: kind {kind} is not understood")
    for fact in shape:
        if fact not in SHAPE_FACTS and fact not in IGNORED_FACTS and fact not in MEMBER_TRAITS:
            fail(f"{where}.{name}: fact {fact} is not understood")
    out = {"type": "double" if kind == "float" else kind}
    out.update({fact: shape[fact] for fact in SHAPE_FACTS + MEMBER_TRAITS if fact in shape})
    if kind == "structure":
        out["members"] = {member: reference(ref, f"{where}.{name}.{member}")
                          for member, ref in shape["members"].items()}
    for part in ("member", "key", "value"):
        if part in shape:
            out[part] = reference(shape[part], f"{where}.{name}.{part}")
    return out


def as_list(value):
    return value if isinstance(value, list) else [value]


def paginator(pages, operation, where):
    page = pages.get(operation)
    if not page:
        return None
    out = {
        "input": as_list(page["input_token"]),
        "output": as_list(page["output_token"]),
        "result": as_list(page["result_key"]) if "result_key" in page else [],
    }
    for key, fact in (("more", "more_results"), ("limit", "limit_key")):
        if fact in page:
            out[key] = page[fact]
    for path in out["input"] + out["output"] + out["result"]:
        if not path.replace(".", "").replace("_", "").replace("-", "").isalnum():
            fail(f"{where}: paginator path {path} is not a plain path")
    return out


def operation_facts(service, model, pages, name):
    where = f"{service}.{name}"
    if name not in model["operations"]:
        fail(f"{where}: no such operation")
    op = model["operations"][name]
    if "hostPrefix" in op.get("endpoint", {}):
        fail(f"{where}: host prefixes are not understood")
    out = {"method": op["http"]["method"], "uri": op["http"]["requestUri"]}
    for part in ("input", "output"):
        if part in op:
            out[part] = reference(op[part], f"{where}.{part}")
    if "input" in op:
        members = model["shapes"][op["input"]["shape"]]["members"]
        tokens = [member for member, ref in members.items() if ref.get("idempotencyToken")]
        if len(tokens) > 1:
            fail(f"{where}: two idempotency tokens")
        if tokens:
            out["idempotency"] = tokens[0]
    if name.startswith(READ_PREFIXES) or (service, name) in READ_ONLY:
        out["readOnly"] = True
    if op.get("authtype") == "none" or op.get("auth") == ["smithy.api#noAuth"]:
        out["unsigned"] = True
    if op.get("httpChecksum", {}).get("requestChecksumRequired") or op.get("httpChecksumRequired"):
        out["checksum"] = "md5"
    if (service, name) in UNWRAPPED:
        out["unwrapped"] = True
    page = paginator(pages, name, where)
    if page:
        out["pages"] = page
    errors = []
    for ref in op.get("errors", []):
        shape = model["shapes"][ref["shape"]]
        errors.append({"code": shape.get("error", {}).get("code", ref["shape"]),
                       "status": shape.get("error", {}).get("httpStatusCode", 0)})
    if errors:
        out["errors"] = sorted(errors, key=lambda e: e["code"])
    return out


def mark_ids(service, model, operations, shapes):
    """Input members whose value is sent without what stands before its last slash."""
    for name in operations:
        shape = model["operations"][name].get("input", {}).get("shape")
        for member in shapes.get(shape, {}).get("members", {}).values():
            if member["shape"] in LAST_SEGMENT.get(service, ()):
                member["lastSegment"] = True


def reachable(model, operations):
    shapes = model["shapes"]
    found, todo = set(), []
    for name in operations:
        op = model["operations"][name]
        todo += [op[part]["shape"] for part in ("input", "output") if part in op]
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        shape = shapes[name]
        if shape.get("eventstream"):
            fail(f"{name}: event streams are not understood")
        todo += [ref["shape"] for ref in shape.get("members", {}).values()]
        todo += [shape[part]["shape"] for part in ("member", "key", "value") if part in shape]
    return sorted(found)


def service_facts(service, metadata, globals_):
    protocol = next((p for p in metadata.get("protocols", [metadata["protocol"]]) if p in SPOKEN), None)
    if protocol is None:
        fail(f"{service}: {metadata['protocol']} is not spoken")
    out = {
        "protocol": protocol,
        "apiVersion": metadata["apiVersion"],
        "endpointPrefix": metadata["endpointPrefix"],
        "signingName": metadata.get("signingName", metadata["endpointPrefix"]),
        "envName": metadata["serviceId"].upper().replace(" ", "_").replace("-", "_"),
        "global": metadata["endpointPrefix"] in globals_,
    }
    for fact in ("jsonVersion", "targetPrefix"):
        if fact in metadata:
            out[fact] = metadata[fact]
    if "awsQueryCompatible" in metadata:
        out["queryCompatible"] = True
    namespace = metadata.get("xmlNamespace")
    if namespace:
        out["xmlNamespace"] = namespace["uri"] if isinstance(namespace, dict) else namespace
    return out


def line(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True)


def table(rows):
    return "{\n" + ",\n".join(f"  {line(name)}: {line(value)}" for name, value in rows) + "\n }"


def make(loader, service, operations, globals_):
    model = loader.load_service_model(service, "service-2")
    try:
        pages = loader.load_service_model(service, "paginators-1")["pagination"]
    except botocore.exceptions.UnknownServiceError:
        pages = {}
    operations = sorted(operations)
    ops = [(name, operation_facts(service, model, pages, name)) for name in operations]
    shapes = {name: shape_facts(name, model["shapes"][name], service) for name in reachable(model, operations)}
    mark_ids(service, model, operations, shapes)
    return ("{\n"
            f' "service": {line(service)},\n'
            f' "source": {line("botocore " + BOTOCORE)},\n'
            f' "metadata": {line(service_facts(service, model["metadata"], globals_))},\n'
            f' "operations": {table(ops)},\n'
            f' "shapes": {table(shapes.items())}\n'
            "}\n")


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        fail("usage: generate_wire.py [--check]")
    if botocore.__version__ != BOTOCORE:
        fail(f"botocore {BOTOCORE} is needed, found {botocore.__version__}")
    # Only the models that botocore ships: ~/.aws/models must not leak in.
    loader = botocore.loaders.Loader(include_default_search_paths=False)
    loader.search_paths.append(loader.BUILTIN_DATA_PATH)
    globals_ = global_services(loader)
    stale = []
    for service, operations in sorted(wanted().items()):
        path = HERE / service / "wire.json"
        text = make(loader, service, operations, globals_)
        if check:
            if not path.exists() or path.read_text() != text:
                stale.append(str(path.relative_to(HERE)))
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
    if stale:
        fail("not what the generator makes: " + ", ".join(stale))


if __name__ == "__main__":
    main()

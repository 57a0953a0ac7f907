#!/usr/bin/env python3
"""Makes <service>/schema.json, the catalogue of resource types, from AWS's resource schemas.

Source: the schemas inside the package cfn-lint (AWS's registry schemas with corrections, MIT-0).
Only facts are taken: names, kinds, limits, patterns, what refers to what. No prose.

    python3 -m venv /tmp/v && /tmp/v/bin/pip install cfn-lint==1.51.0
    /tmp/v/bin/python generate_schema.py            # rewrites the services in TYPES
    /tmp/v/bin/python generate_schema.py --all DIR  # every type, into DIR (to measure, not committed)

Form of a file:
    {"source": "cfn-lint 1.51.0",
     "formats": {"AWS::EC2::VPC.Id": {"pattern": "^vpc-...$"}},      formats its types mention
     "types": {"AWS::EC2::VPC": {"id": [..], "tags": "Tags", "replacement": "delete_then_create",
                                 "root": node, "defs": {"Tag": node}}}}
A node (each key but "type" and "ref" optional):
    type        string integer number boolean object array map any
    ref         name of a definition of this type; then only "is" stands beside it
    is          create-only read-only write-only cond-create-only identifier deprecated
    props, required            an object's properties; "open": unknown ones are allowed
    items                      element of an array, value of a map (map: "keys" is the pattern of keys)
    set, unique                order means nothing; no element twice
    json, text                 a JSON document, not a tree of named properties; a string of JSON is fine too
    pattern enum nocase format length count min max multiple default unique_keys
    one_of, any_of             lists of sets of properties: exactly one, at least one set is complete
    xor                        lists of properties of which exactly one is given
    or                         lists of properties of which at least one is given
    needs, excludes            property: those it needs, or cannot stand beside
"""
import argparse
import importlib.util
import json
import os
import re
import sys
from decimal import Decimal

from schema_facts import DOCUMENTS, EXTRA, FORMATS, FORMAT_PATTERNS, READABLE, SAME_FORMAT

PACKAGE = "cfn-lint 1.51.0"
REGION = "us_east_1"

TYPES = """
AWS::EC2::VPC AWS::EC2::Subnet AWS::EC2::SecurityGroup AWS::EC2::InternetGateway
AWS::EC2::VPCGatewayAttachment AWS::EC2::RouteTable AWS::EC2::Route AWS::EC2::SubnetRouteTableAssociation
AWS::S3::Bucket AWS::ECS::Service AWS::ECS::Cluster AWS::ECS::TaskDefinition
AWS::Route53::RecordSet AWS::Route53::HostedZone AWS::IAM::Role AWS::Logs::LogGroup
AWS::EC2::EIP AWS::EC2::NatGateway AWS::EC2::SecurityGroupIngress AWS::EC2::SecurityGroupEgress
AWS::EC2::NetworkAcl AWS::EC2::NetworkAclEntry AWS::EC2::SubnetNetworkAclAssociation AWS::EC2::VPCEndpoint
AWS::ElasticLoadBalancingV2::LoadBalancer AWS::ElasticLoadBalancingV2::TargetGroup
AWS::ElasticLoadBalancingV2::Listener AWS::ElasticLoadBalancingV2::ListenerRule
AWS::ApplicationAutoScaling::ScalableTarget AWS::ApplicationAutoScaling::ScalingPolicy
AWS::IAM::ManagedPolicy AWS::CloudWatch::Alarm AWS::SNS::Topic AWS::SNS::Subscription AWS::S3::BucketPolicy
AWS::Route53::HealthCheck AWS::SecretsManager::Secret AWS::SSM::Parameter AWS::KMS::Key AWS::KMS::Alias
AWS::CertificateManager::Certificate
""".split()

# Folders are named as botocore names its services; where CloudFormation's name differs:
FOLDERS = {
    "applicationautoscaling": "application-autoscaling",
    "certificatemanager": "acm",
    "elasticloadbalancingv2": "elbv2",
}

PATH_FLAGS = (
    ("createOnlyProperties", "create-only"),
    ("conditionalCreateOnlyProperties", "cond-create-only"),
    ("readOnlyProperties", "read-only"),
    ("writeOnlyProperties", "write-only"),
    ("deprecatedProperties", "deprecated"),
)
PLAIN_FORMATS = {"date-time", "ipv4-network", "ipv6-network", "timestamp"}


def canonical(fmt):
    """One word for one thing: AWS::EC2::Subnet.SubnetId and .Id, AWS::CloudWatch::Alarm.AlarmName and .Name."""
    fmt = SAME_FORMAT.get(fmt, fmt)
    type_name, dot, prop = fmt.rpartition(".")
    if not dot or not type_name.startswith("AWS::"):
        return fmt
    last = type_name.rsplit("::", 1)[1].lower()
    for kind in ("Id", "Arn", "Name"):
        if prop.lower().endswith(kind.lower()) and last.endswith(prop[:-len(kind)].lower()):
            fmt = f"{type_name}.{kind}"
    return SAME_FORMAT.get(fmt, fmt)


def package_root():
    spec = importlib.util.find_spec("cfnlint")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("generate_schema: the package cfn-lint is not installed")
    return os.path.join(list(spec.submodule_search_locations)[0], "data", "schemas")


def load_index(root):
    scope = {}
    with open(os.path.join(root, "providers", REGION + ".py"), encoding="utf-8") as f:
        exec(f.read(), scope)  # the package keeps its index as Python
    return scope["types"]


# ---- patterns ---------------------------------------------------------------
def mend_pattern(p):
    """PCRE2 (UTF, UCP, ALT_BSUX, surrogate escapes) refuses ten of AWS's patterns; None drops one."""
    p = p.replace(r"\p{Print}", "[:print:]").replace(r"\p{Graph}", "[:graph:]")
    p = re.sub(r"(?<!\[)\[:(print|graph):\](?![^\[]*\])", r"[[:\1:]]", p)
    p = p.replace("${1,128}", "{1,128}$")
    p = re.sub(r"(\\[wds]|\\p\{\w+\})-(?!\])", r"\1\\-", p)
    if re.search(r"\)\{1,900\}", p):
        return None
    return p


# ---- one type ---------------------------------------------------------------
class Type:
    """One resource schema; path flags are made part of nodes by copying what lies on the path."""

    def __init__(self, name, schema):
        self.name = name
        self.schema = schema
        self.dangling = 0
        self.used = []
        self.defs = {}
        self.formats = set()

    def resolve(self, node):
        seen = 0
        while isinstance(node, dict) and "$ref" in node and seen < 8:
            target = self.schema
            for part in node["$ref"][2:].split("/"):
                target = target.get(part, {}) if isinstance(target, dict) else {}
            rest = {k: v for k, v in node.items() if k != "$ref"}
            node = {**target, **rest}
            seen += 1
        return node

    def flag(self, path, word, value=True):
        """Sets key `word` on the node at /properties/A/*/B; False when the path leads nowhere."""
        node, parts = self.schema, path.strip("/").split("/")
        for i, part in enumerate(parts):
            node = self.step(node, part, i)
            if node is None:
                self.dangling += 1
                return False
        node.setdefault("x-is", [])
        if value is True:
            node["x-is"] = sorted(set(node["x-is"]) | {word})
        else:
            node[word] = value
        return True

    def step(self, node, part, depth):
        if part in ("properties", "items") and (depth == 0 or part not in node.get("properties", {})):
            return node if part == "properties" else self.child(node, "items", None)
        if part == "*":
            if "items" in node:
                return self.child(node, "items", None)
            keys = list(node.get("patternProperties", {}))
            return self.child(node, "patternProperties", keys[0]) if keys else None
        if part not in node.get("properties", {}) and "items" in node:
            node = self.child(node, "items", None)
        if part not in node.get("properties", {}):
            return None
        return self.child(node, "properties", part)

    def child(self, node, where, key):
        """The child as a node of its own: shared definitions are copied before they are changed."""
        holder = node if key is None else dict(node[where])
        old = node[where] if key is None else holder[key]
        new = dict(self.resolve(old))
        new["x-is"] = list(new.get("x-is", []))
        if key is None:
            holder[where] = new
        else:
            holder[key] = new
            node[where] = holder
        return new

    def add_facts(self):
        s = self.schema
        fixed = set(s.get("createOnlyProperties", [])) | {"/properties/" + r for r in s.get("required", [])}
        for key, word in PATH_FLAGS:
            for path in s.get(key, []):
                if word == "read-only" and path in fixed:
                    continue  # settable after all: the schema contradicts itself
                if word == "write-only" and path.removeprefix("/properties/") in READABLE.get(self.name, ()):
                    continue
                self.flag(path, word)
        for path in s.get("primaryIdentifier", []):
            self.flag(path, "identifier")
        for path, formats in FORMATS.get(self.name, {}).items():
            where = "/properties/" + path.replace("[]", "/*").replace("{}", "/*").replace(".", "/")
            if not self.flag(where, "x-format", formats if isinstance(formats, list) else [formats]):
                sys.exit(f"generate_schema: {self.name} has no {path} (table FORMATS)")
        self.name_identity()
        for path in DOCUMENTS.get(self.name, ()):
            if not self.flag("/properties/" + path.replace(".", "/"), "type", ["object", "string"]):
                sys.exit(f"generate_schema: {self.name} has no {path} (table DOCUMENTS)")
        for key, value in EXTRA.get(self.name, {}).items():
            s.setdefault(key, value)

    def name_identity(self):
        """Properties that name the type itself have its format, so that references to them are known."""
        for prop in self.schema.get("properties", {}):
            node = self.resolve(self.schema["properties"][prop])
            own = f"{self.name}.{prop}"
            if node.get("type") == "string" and canonical(own) != own and \
                    not {"format", "x-format", "relationshipRef", "enum", "anyOf"} & set(node):
                self.flag("/properties/" + prop, "x-format", [own])

    # -- emission
    def emit(self, node):
        if "$ref" in node and set(node) <= {"$ref", "x-is", "title", "description", "type", "examples", "default"}:
            name = node["$ref"].rsplit("/", 1)[1]
            if node["$ref"].startswith("#/definitions/") and name in self.schema.get("definitions", {}):
                if name not in self.used:
                    self.used.append(name)
                return {"ref": name}
        node = self.merge_alternatives(self.resolve(node))
        out = {"type": self.kind(node)}
        if node.get("x-is"):
            out["is"] = node["x-is"]
        self.emit_scalar(node, out)
        if out["type"] in ("object", "array", "map"):
            self.emit_container(node, out)
        return out

    def kind(self, node):
        t = node.get("type")
        if isinstance(t, list) and len(t) == 1:
            t = t[0]
        if isinstance(t, list):
            t = set(t) - {"null"}
            if t == {"object", "string"}:
                return "object"
            if t <= {"string", "integer", "number", "boolean"} and "string" in t:
                return "string"
            if len(t) == 1:
                t = next(iter(t))
            else:
                return "any"
        if node.get("x-any"):
            return "any"
        if t is None:
            if "properties" in node:
                t = "object"
            elif "patternProperties" in node:
                return "map"
            elif "items" in node:
                t = "array"
            elif "enum" in node or "pattern" in node or "format" in node or "const" in node:
                t = "string"
            else:
                return "any"
        if t == "object" and "properties" not in node and node.get("patternProperties"):
            return "map"
        return t

    def emit_scalar(self, node, out):
        kind = out["type"]
        if kind == "string":
            self.emit_format(node, out)
            if node.get("pattern"):
                p = mend_pattern(node["pattern"])
                if p is not None:
                    out["pattern"] = p
            self.limits(node, out, "length", "minLength", "maxLength")
        if kind in ("integer", "number"):
            for key, name in (("minimum", "min"), ("maximum", "max"), ("multipleOf", "multiple")):
                v = number(node.get(key))
                if v is not None:
                    out[name] = v
        values = node.get("enum")
        if values is None and "const" in node:
            values = [node["const"]]
        if values is None and "enumCaseInsensitive" in node:
            values, out["nocase"] = node["enumCaseInsensitive"], True
        if values and all(isinstance(v, (str, int, float)) for v in values) and kind != "any":
            out["enum"] = [text(v) for v in values]
        if node.get("default") is not None and kind in ("string", "integer", "number", "boolean"):
            out["default"] = typed(kind, node["default"])

    def emit_format(self, node, out):
        formats = node.get("x-format")
        if formats is None and "format" in node:
            formats = [node["format"]]
        if formats is None and "anyOf" in node and all(set(b) == {"format"} for b in node["anyOf"]):
            formats = [b["format"] for b in node["anyOf"]]
        if formats is None and "relationshipRef" in node:
            ref = node["relationshipRef"]
            formats = [ref["typeName"] + "." + ref["propertyPath"].rsplit("/", 1)[1]]
        formats = [canonical(f) for f in formats or []]
        formats = [f for f in formats if f.startswith("AWS::") or f in PLAIN_FORMATS]
        if formats:
            out["format"] = formats[0] if len(formats) == 1 else formats
            self.formats.update(formats)

    def emit_container(self, node, out):
        kind = out["type"]
        if kind == "array":
            self.emit_array(node, out)
            return
        t = node.get("type")
        if isinstance(t, list) and "string" in t:
            out["text"] = True
        props = node.get("properties")
        if kind == "map":
            keys, value = next(iter(node["patternProperties"].items()))
            p = mend_pattern(keys)
            if p not in (None, "", ".*", "^.*$", ".{1,}", ".+"):
                out["keys"] = p
            out["items"] = self.emit(value)
        elif not props:
            if node.get("additionalProperties") is not False or "text" in out:
                out["open"] = out["json"] = True
        else:
            out["props"] = {k: self.emit(v) for k, v in sorted(props.items())}
            required = sorted(r for r in node.get("required", []) if r in props)
            if required:
                out["required"] = required
            if node.get("additionalProperties") not in (False, None) or node.get("patternProperties"):
                out["open"] = True
            self.emit_rules(node, out, props)
        self.limits(node, out, "count", "minProperties", "maxProperties")

    def emit_array(self, node, out):
        items = node.get("items")
        if isinstance(items, list):
            items = items[0] if items else None
        fmt = node.get("format", "")
        if isinstance(items, dict):
            if fmt.startswith("AWS::") and fmt.endswith("s") and "$ref" not in items and "format" not in items:
                items = {**items, "format": fmt[:-1]}
            out["items"] = self.emit(items)
        else:
            out["items"] = {"type": "any"}
        if node.get("insertionOrder") is False:
            out["set"] = True
        if node.get("uniqueItems") is True:
            out["unique"] = True
        if node.get("uniqueKeys"):
            out["unique_keys"] = sorted(node["uniqueKeys"])
        self.limits(node, out, "count", "minItems", "maxItems")

    def emit_rules(self, node, out, props):
        def known(names):
            return all(n in props for n in names)

        for key, name in (("requiredXor", "xor"), ("requiredOr", "or")):
            rules = node.get(key) or []
            rules = rules if rules and isinstance(rules[0], list) else [rules] if rules else []
            rules = [r for r in rules if known(r)]
            if rules:
                out[name] = rules
        needs = {**node.get("dependentRequired", {}), **{k: v for k, v in node.get("dependencies", {}).items() if isinstance(v, list)}}
        for name, table in (("needs", needs), ("excludes", node.get("dependentExcluded", {}))):
            table = {k: [x for x in v if x in props] for k, v in sorted(table.items()) if k in props}
            table = {k: v for k, v in table.items() if v}
            if table:
                out[name] = table
        for key, name in (("oneOf", "one_of"), ("anyOf", "any_of")):
            sets = node.get(key)
            if not sets or not all(isinstance(b, dict) and b.get("required") for b in sets):
                continue
            if len(sets) == 1:
                out["required"] = sorted(set(out.get("required", [])) | {r for r in sets[0]["required"] if r in props})
            elif all(known(b["required"]) and self.plain_branch(b) for b in sets):
                out[name] = [sorted(b["required"]) for b in sets]

    @staticmethod
    def plain_branch(b):
        """A branch that says no more than which properties stand together."""
        return set(b) <= {"required", "properties", "additionalProperties", "title", "type"}

    def merge_alternatives(self, node):
        """Properties that only branches of oneOf, anyOf, allOf declare become properties of the node."""
        if not any(k in node for k in ("oneOf", "anyOf", "allOf")):
            return node
        node = dict(node)
        for part in node.pop("allOf", []):
            part = self.resolve(part)
            if not isinstance(part, dict) or "if" in part:
                continue
            for k, v in part.items():
                if k == "required":
                    node[k] = sorted(set(node.get(k, [])) | set(v))
                elif k == "properties":
                    node[k] = {**v, **node.get(k, {})}
                else:
                    node.setdefault(k, v)
        for key in ("oneOf", "anyOf"):
            branches = [self.resolve(b) for b in node.get(key, []) if isinstance(b, dict)]
            kinds = {json.dumps(b["type"]) for b in branches if "type" in b}
            if "type" not in node and len(kinds) > 1:
                return {"x-any": True, "x-is": node.get("x-is", [])}
            if "type" not in node and len(kinds) == 1 and len(branches) == 1:
                node = {**branches[0], **{k: v for k, v in node.items() if k != key}}
                continue
            if "type" not in node and len(kinds) == 1:
                node["type"] = json.loads(next(iter(kinds)))
            enums = [b["enum"] for b in branches if "enum" in b]
            if len(branches) == 2 and len(enums) == 1 and any("pattern" in b for b in branches):
                node.setdefault("enumCaseInsensitive", enums[0])
            props = {}
            for b in branches:
                props = {**b.get("properties", {}), **props}
            if props:
                node["properties"] = {**props, **node.get("properties", {})}
            node[key] = branches
        return node

    @staticmethod
    def limits(node, out, name, low, high):
        lo, hi = number(node.get(low)), number(node.get(high))
        if (lo is not None and Decimal(lo) > 0) or hi is not None:
            out[name] = [int(Decimal(lo or 0)), int(Decimal(hi)) if hi is not None else None]

    def build(self):
        self.add_facts()
        s = self.schema
        out = {"id": [p.replace("/properties/", "").replace("/", ".") for p in s.get("primaryIdentifier", [])]}
        tagging = s.get("tagging", {})
        tags = tagging.get("tagProperty", "/properties/Tags").replace("/properties/", "")
        if tagging.get("taggable", s.get("taggable", "Tags" in s.get("properties", {}))) and tags in s.get("properties", {}):
            out["tags"] = tags
        if "replacementStrategy" in s:
            out["replacement"] = s["replacementStrategy"]
        root = {k: v for k, v in s.items() if k not in ("definitions", "type", "typeName")}
        root["type"] = "object"
        root.setdefault("properties", {})
        out["root"] = self.emit(root)
        out["root"].setdefault("props", {})
        for word in ("open", "json"):
            if not s.get("properties"):
                out["root"].pop(word, None)
        defs = {}
        for name in self.used:  # grows while it runs: definitions mention definitions
            defs[name] = self.emit(self.resolve({"$ref": "#/definitions/" + name}))
        if defs:
            out["defs"] = dict(sorted(defs.items()))
        return out


def number(v):
    """A limit as exact decimal text; None where it says nothing (absent, or beyond int64)."""
    if v is None or isinstance(v, bool):
        return None
    d = Decimal(str(v))
    if abs(d) >= Decimal(2) ** 63 - 1024:
        return None
    t = format(d, "f")
    return t.rstrip("0").rstrip(".") if "." in t else t


def text(v):
    return v if isinstance(v, str) else json.dumps(v)


def typed(kind, v):
    if kind == "boolean" and isinstance(v, str):
        return v == "true"
    if kind == "string":
        return text(v)
    return v


# ---- files ------------------------------------------------------------------
def service_of(name):
    service = name.split("::")[1].lower()
    return FOLDERS.get(service, service)


def write_json(path, doc):
    """One property a line, so that a new release of the schemas reads well as a diff."""
    def lines(value, indent, depth):
        if not isinstance(value, dict) or not value or depth == 0:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        pad = " " * (indent + 1)
        body = ",\n".join(f"{pad}{json.dumps(k)}:{lines(v, indent + 1, depth - 1)}" for k, v in value.items())
        return "{\n" + body + "\n" + " " * indent + "}"

    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(lines(doc, 0, 6) + "\n")


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--all", metavar="DIR", help="every type, written below DIR")
    args = ap.parse_args()
    root = package_root()
    index = load_index(root)
    names = sorted(n for n in index if n.count("::") == 2) if args.all else TYPES
    files, dangling = {}, 0
    for name in sorted(names):
        with open(os.path.join(root, "resources", index[name] + ".json"), encoding="utf-8") as f:
            t = Type(name, json.load(f))
        built = t.build()
        doc = files.setdefault(service_of(name), {"source": PACKAGE, "formats": {}, "types": {}})
        doc["types"][name] = built
        for fmt in t.formats:
            if fmt.startswith("AWS::"):
                doc["formats"][fmt] = {"pattern": FORMAT_PATTERNS[fmt]} if fmt in FORMAT_PATTERNS else {}
        dangling += t.dangling
    base = args.all or os.path.dirname(os.path.abspath(__file__))
    for service, doc in sorted(files.items()):
        doc["formats"] = dict(sorted(doc["formats"].items()))
        write_json(os.path.join(base, service, "schema.json"), doc)
    print(f"{len(names)} types in {len(files)} services, {dangling} dangling paths ignored")


if __name__ == "__main__":
    main()

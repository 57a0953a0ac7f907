"""Replies as AWS sends them: status, headers and body for an output value of a
model. Written from the protocol descriptions, independent of both parsers; each
knows more than one way to write a thing where AWS does."""
import base64
import calendar
import json
from email.utils import formatdate
from xml.sax.saxutils import escape, quoteattr

OUTSIDE = ("header", "headers", "statusCode")


def timestamp(value, form):
    seconds = calendar.timegm(value.timetuple())
    if form == "rfc822":
        return formatdate(seconds, usegmt=True)
    if form == "unixTimestamp":
        return seconds + value.microsecond / 1e6 if value.microsecond else seconds
    if value.microsecond:
        return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
    return value.strftime("%Y-%m-%dT%H:%M:%SZ")


def scalar_text(shape, value, form):
    kind = shape.type_name
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "blob":
        return base64.b64encode(value).decode()
    if kind == "timestamp":
        return str(timestamp(value, shape.serialization.get("timestampFormat", form)))
    return str(value)


class Xml:
    def __init__(self, rng):
        self.rng = rng

    def element(self, name, shape, value, item_name="member"):
        kind = shape.type_name
        if kind == "structure":
            return f"<{name}{self.attributes(shape, value)}>{self.members(shape, value, item_name)}</{name}>"
        flattened = shape.serialization.get("flattened")
        if kind == "list":
            if flattened:
                inner = shape.member.serialization.get("name", name)
                return "".join(self.element(inner, shape.member, item, item_name) for item in value)
            inner = shape.member.serialization.get("name", item_name)
            return f"<{name}>" + "".join(self.element(inner, shape.member, i, item_name) for i in value) + f"</{name}>"
        if kind == "map":
            entries = []
            for key, item in value.items():
                entries.append(self.element(shape.key.serialization.get("name", "key"), shape.key, key) +
                               self.element(shape.value.serialization.get("name", "value"), shape.value, item))
            if flattened:
                return "".join(f"<{name}>{e}</{name}>" for e in entries)
            return f"<{name}>" + "".join(f"<entry>{e}</entry>" for e in entries) + f"</{name}>"
        text = scalar_text(shape, value, "iso8601")
        if not text and self.rng.random() < 0.5:
            return f"<{name}/>"
        if self.rng.random() < 0.1 and "]]>" not in text:
            return f"<{name}><![CDATA[{text}]]></{name}>"
        return f"<{name}>{escape(text)}</{name}>"

    def attributes(self, shape, value):
        out = ""
        for name, member in shape.members.items():
            if name in value and member.serialization.get("xmlAttribute"):
                attribute = member.serialization["name"]
                if ":" in attribute:
                    out += f' xmlns:{attribute.split(":")[0]}="http://www.w3.org/2001/XMLSchema-instance"'
                out += f" {attribute}={quoteattr(value[name])}"
        return out

    def members(self, shape, value, item_name="member"):
        strange = self.rng.random() < 0.2 and not shape.is_tagged_union
        out = "<unknownThing><x>1</x></unknownThing>" if strange else ""
        names = [n for n in shape.members if n in value]
        for name in names:
            member = shape.members[name]
            if member.serialization.get("location") in OUTSIDE or member.serialization.get("xmlAttribute"):
                continue
            out += self.element(member.serialization.get("name", name), member, value[name], item_name)
            if self.rng.random() < 0.2:
                out += "\n  "
        return out


def json_value(shape, value):
    kind = shape.type_name
    if kind == "structure":
        if shape.is_document_type:
            return value
        return {m.serialization.get("name", n): json_value(m, value[n]) for n, m in shape.members.items()
                if n in value and m.serialization.get("location") not in OUTSIDE}
    if kind == "list":
        return [json_value(shape.member, item) for item in value]
    if kind == "map":
        return {key: json_value(shape.value, item) for key, item in value.items()}
    if kind == "timestamp":
        return timestamp(value, shape.serialization.get("timestampFormat", "unixTimestamp"))
    if kind == "blob":
        return base64.b64encode(value).decode()
    return value


def header_text(shape, value):
    if shape.type_name == "list":
        return ", ".join(header_text(shape.member, item) for item in value)
    return scalar_text(shape, value, "rfc822")


def outside(shape, value):
    """(headers, status) of a REST reply."""
    headers, status = {}, 200
    for name, member in shape.members.items():
        location = member.serialization.get("location")
        if name not in value or location not in OUTSIDE:
            continue
        wire_name = member.serialization.get("name", name)
        if location == "header":
            headers[wire_name.lower()] = header_text(member, value[name])
        elif location == "headers":
            headers.update({wire_name.lower() + key: text for key, text in value[name].items()})
        else:
            status = 200 + value[name] % 100
    return headers, status


def rest(model, shape, value, rng, protocol):
    headers, status = outside(shape, value)
    payload = shape.serialization.get("payload")
    in_body = [n for n, m in shape.members.items() if m.serialization.get("location") not in OUTSIDE]
    if payload:
        member = shape.members[payload]
        content = value.get(payload)
        if member.type_name in ("blob", "string"):
            return headers, status, content if isinstance(content, bytes) else (content or "").encode()
        if content is None:
            return headers, status, b""
        if protocol == "rest-json":
            return headers, status, json.dumps(json_value(member, content)).encode()
        name = member.serialization.get("name", payload)
        return headers, status, Xml(rng).element(name, member, content).encode()
    if not in_body:
        return headers, status, b""
    if protocol == "rest-json":
        return headers, status, json.dumps(json_value(shape, value), ensure_ascii=rng.random() < 0.5).encode()
    namespace = f' xmlns="http://{model.service_name}.amazonaws.com/doc/2006-03-01/"' if rng.random() < 0.7 else ""
    text = f"<{shape.name}{namespace}>{Xml(rng).members(shape, value)}</{shape.name}>"
    return headers, status, ('<?xml version="1.0" encoding="UTF-8"?>\n' + text).encode()


def query(model, operation, shape, value, rng):
    namespace = model.metadata.get("xmlNamespace", {"uri": "http://x/"})
    uri = namespace["uri"] if isinstance(namespace, dict) else namespace
    if model.metadata["protocol"] == "ec2":
        members = Xml(rng).members(shape, value, "item")
        text = f'<{operation}Response xmlns="{uri}"><requestId>r-1</requestId>{members}</{operation}Response>'
    else:
        inner = Xml(rng).members(shape, value)
        wrapper = shape.serialization.get("resultWrapper")
        if wrapper:
            inner = f"<{wrapper}>{inner}</{wrapper}>"
        text = (f'<{operation}Response xmlns="{uri}">{inner}'
                f"<ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></{operation}Response>")
    return {}, 200, ('<?xml version="1.0" encoding="UTF-8"?>\n' + text).encode()


def reply(model, operation, shape, value, rng):
    """(headers, status, body)"""
    protocol = model.metadata["protocol"]
    if protocol in ("ec2", "query"):
        return query(model, operation, shape, value, rng)
    if protocol == "json":
        return {}, 200, json.dumps(json_value(shape, value), ensure_ascii=rng.random() < 0.5).encode()
    return rest(model, shape, value, rng, protocol)

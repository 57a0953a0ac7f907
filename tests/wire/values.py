"""Random values of a shape of AWS's models, in two forms at once: as botocore
takes and gives them, and as quoin does (blobs are base64 text, timestamps are
seconds)."""
import base64
import datetime
import string
from dataclasses import dataclass

UTC = datetime.timezone.utc
# Texts that an encoding could get wrong.
ODD = ["a b", "ü€𝄞", "a+b%20c", "<&>\"'", "k=v&w;x", "/a//b/../c", "~-._!*()@:,$", "tab\tline\nend", "\\\"",
       "true", "01", " lead", "${aws:username}", "{x}"]
HEADER_SAFE = string.ascii_letters + string.digits + "-_.,/:;=\"'()+&<>%$@!~"
# Text in a header travels as bytes of an unsaid encoding, and blanks at its ends are lost: printable ASCII only.
OUTSIDE = ("header", "headers")


@dataclass
class Options:
    most_depth: int = 6
    optional: float = 0.5  # chance of a member that is not required; less the deeper it is
    full: bool = False     # every member, lists and maps of one
    reply: bool = False    # members of replies are all optional


def options(number, rng, reply=False):
    """Of the number-th value for an operation: bare, full to great depth, then random ones."""
    if number == 0:
        return Options(optional=0.0, most_depth=1, reply=reply)
    if number == 1:
        return Options(full=True, most_depth=9, reply=reply)
    return Options(optional=rng.choice([0.3, 0.8, 2.0, 4.0]), most_depth=4, reply=reply)


class Maker:
    def __init__(self, rng, options=None):
        self.rng = rng
        self.o = options or Options()

    def make(self, shape, location=None, depth=0):
        """(botocore's value, quoin's value)"""
        return getattr(self, "make_" + shape.type_name)(shape, location, depth)

    def count(self, choices):
        return 1 if self.o.full else self.rng.choice(choices)

    def make_structure(self, shape, location, depth):
        if shape.is_document_type:
            document = {"text": "ü", "list": [1, 2.5, True, None, {"x": []}], "empty": {}}
            return document, document
        theirs, ours = {}, {}
        names = list(shape.members)
        union = getattr(shape, "is_tagged_union", False)
        if union:
            names = [self.rng.choice(names)]
        chance = 1.0 if self.o.full else self.o.optional / (1 + depth)
        for name in names:
            member = shape.members[name]
            needed = name in shape.required_members or union
            if member.serialization.get("location") == "uri":
                needed = True
            if not needed and (depth >= self.o.most_depth or self.rng.random() > chance):
                continue
            if depth > self.o.most_depth + 12:
                continue  # a required member of itself
            theirs[name], ours[name] = self.make(member, member.serialization.get("location"), depth + 1)
        return theirs, ours

    def make_list(self, shape, location, depth):
        least = shape.metadata.get("min", 0)
        n = max(least, self.count([0, 1, 1, 2, 3]) if depth <= self.o.most_depth else 0)
        if location == "header" or self.o.reply and shape.serialization.get("flattened"):
            n = max(n, 1)  # an empty one cannot be told from none
        pairs = [self.make(shape.member, location, depth + 1) for _ in range(n)]
        return [p[0] for p in pairs], [p[1] for p in pairs]

    def make_map(self, shape, location, depth):
        theirs, ours = {}, {}
        n = self.count([0, 1, 2]) if depth <= self.o.most_depth else 0
        if self.o.reply and shape.serialization.get("flattened"):
            n = max(n, 1)
        for _ in range(n):
            key = self.make(shape.key, location, depth + 1)[0]
            if location == "headers":
                key = "".join(self.rng.choices(string.ascii_lowercase + string.digits + "-", k=6))
            if key not in theirs:
                theirs[key], ours[key] = self.make(shape.value, location, depth + 1)
        return theirs, ours

    def make_string(self, shape, location, depth):
        if shape.enum:
            text = self.rng.choice(shape.enum)
        else:
            least, most = shape.metadata.get("min", 0), min(shape.metadata.get("max", 40), 200)
            if location in OUTSIDE:
                text = "".join(self.rng.choices(HEADER_SAFE, k=max(least, 1, self.rng.randint(1, 12))))
                if self.o.reply:
                    text = text.replace(",", "x")  # a list in a reply's header is cut at every comma
            else:
                text = self.rng.choice(ODD + ["x" * self.rng.randint(1, 9)])
            if len(text) < least:
                text += "p" * (least - len(text))
            if len(text) > most >= max(least, 1):
                text = text[:most]
        if location == "uri" and not text:
            text = "x"
        return text, text

    make_character = make_string

    def make_integer(self, shape, location, depth):
        least = shape.metadata.get("min", -5)
        value = self.rng.randint(least, min(shape.metadata.get("max", 2**31 - 1), least + 10**6))
        return value, value

    def make_long(self, shape, location, depth):
        value = self.rng.choice([shape.metadata.get("min", -1), shape.metadata.get("max", 2**53 + 1), 7])
        return value, value

    def make_double(self, shape, location, depth):
        value = self.rng.choice([0.5, 1.25, 99.99, 3.5, 1e-3, 12345678.9]) + shape.metadata.get("min", 0)
        return value, value

    make_float = make_double

    def make_boolean(self, shape, location, depth):
        value = self.rng.random() < 0.5
        return value, value

    def make_blob(self, shape, location, depth):
        raw = bytes(self.rng.randrange(256) for _ in range(max(shape.metadata.get("min", 0), self.rng.randint(1, 20))))
        if self.o.reply:
            raw = raw.hex().encode()  # botocore's parser decodes a payload as text
        return raw, base64.b64encode(raw).decode()

    def make_timestamp(self, shape, location, depth):
        seconds = self.rng.choice([0, 1, 951782400, 1709251199, 1732170000, 4102444800, self.rng.randrange(2**32)])
        whole = location in OUTSIDE or shape.serialization.get("timestampFormat") == "rfc822"
        milli = 0 if whole else self.rng.choice([0, 0, 125, 500])
        moment = datetime.datetime.fromtimestamp(seconds, UTC).replace(microsecond=milli * 1000)
        ours = seconds if not milli else seconds + milli / 1000
        if not self.o.reply and self.rng.random() < 0.3:
            ours = moment.isoformat().replace("+00:00", self.rng.choice(["Z", "+00:00"]))
        return moment, ours

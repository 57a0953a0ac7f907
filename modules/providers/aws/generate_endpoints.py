#!/usr/bin/env python3
"""Make src/cloud/endpoints.inc: partitions, and the endpoints that are not as their variant usually has them;
and src/lang/regions.inc: the regions of each partition.

The source is the endpoint rule sets that botocore carries. A row says for one
endpoint prefix and variant where the service answers and for which region
requests are signed; an empty partition or region means any, and the first row
that fits counts. Without a row it is the variant's usual host. In hosts and
signing regions {p} is the prefix, {r} the region, {d} the partition's domain
(of the variant) and {h} its home region.

    generate_endpoints.py            write the tables
    generate_endpoints.py --check    exit 1 if a committed table differs
"""
import pathlib
import sys
from collections import Counter

import botocore
import botocore.loaders
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError

BOTOCORE = "1.43.11"
ROOT = pathlib.Path(__file__).resolve().parents[3]
TABLE, REGIONS = ROOT / "src/cloud/endpoints.inc", ROOT / "src/lang/regions.inc"
SERVICES = """acm apigateway apigatewayv2 application-autoscaling athena autoscaling backup batch budgets cloudcontrol
cloudformation cloudfront cloudtrail cloudwatch codedeploy config dynamodb ec2 ecr ecs efs eks elasticache elbv2 events
firehose glue globalaccelerator guardduty iam kafka kinesis kms lambda logs mq network-firewall networkmanager opensearch
organizations rds resourcegroupstaggingapi route53 route53resolver s3 secretsmanager service-quotas servicediscovery
shield sns sqs ssm sso sso-oidc stepfunctions sts transfer wafv2""".split()
PLAIN, FIPS, DUAL, BOTH = range(4)
USUAL = ("{p}.{r}.{d}", "{p}-fips.{r}.{d}", "{p}.{r}.{d}", "{p}-fips.{r}.{d}")
REFUSED = (None, None)


def fail(text):
    sys.exit(f"generate_endpoints.py: {text}")


def loader():
    """Only the models that botocore ships: ~/.aws/models must not leak in."""
    out = botocore.loaders.Loader(include_default_search_paths=False)
    out.search_paths.append(out.BUILTIN_DATA_PATH)
    return out


def domain(partition, variant):
    return partition["outputs"]["dualStackDnsSuffix" if variant & DUAL else "dnsSuffix"]


def regions(partition):
    return sorted(r for r in partition["regions"] if not r.endswith("-global"))


def answer(rules, provider, region, variant):
    """(host, region to sign for) as botocore resolves it; REFUSED if it does not."""
    params = {"Region": region, "UseFIPS": bool(variant & FIPS), "UseDualStack": bool(variant & DUAL),
              "UseGlobalEndpoint": False}
    try:
        found = provider.resolve_endpoint(**{k: v for k, v in params.items() if k in rules["parameters"]})
    except EndpointProviderError:
        return REFUSED
    scheme = (found.properties.get("authSchemes") or [{}])[0]
    if not found.url.startswith("https://"):
        fail(f"{found.url} is not https")
    return found.url.removeprefix("https://"), scheme.get("signingRegion", region)


def fill(text, prefix, region, partition, variant):
    if text is None:
        return None
    return text.format(p=prefix, r=region, d=domain(partition, variant), h=partition["outputs"]["implicitGlobalRegion"])


def templates(prefix, region, got, partition, variant):
    """All ways to write an answer that could hold for other regions too, the most general first."""
    host, signed = got
    if host is None:
        return [REFUSED]
    dom, home = domain(partition, variant), partition["outputs"]["implicitGlobalRegion"]
    body = host.removesuffix("." + dom) if host.endswith("." + dom) else None
    hosts = []
    if body is not None:
        named = "{p}" + body.removeprefix(prefix) if body.startswith(prefix) else body.replace(prefix, "{p}", 1)
        for old, new in ((region, "{r}"), (home, "{h}"), ("\0", "\0")):
            hosts.append(named.replace(old, new) + ".{d}")
    hosts.append(host)
    return [(h, s) for h in dict.fromkeys(hosts)
            for s, real in (("{r}", region), ("{h}", home), (signed, signed)) if real == signed]


def cell(prefix, partition, variant, answers):
    """Rows of one partition: exceptions of regions, then what holds for the others."""
    options = Counter()
    for region, got in answers.items():
        options.update(set(templates(prefix, region, got, partition, variant)))
    best = max(options, key=lambda t: (options[t], t == (USUAL[variant], "{r}"), t[0] or "", t[1] or ""))
    rows = []
    for region, got in answers.items():
        if tuple(fill(t, prefix, region, partition, variant) for t in best) != got:
            rows.append((partition["id"], region, *templates(prefix, region, got, partition, variant)[0]))
    return rows, best


def service_rows(prefix, variant, answers, partitions):
    exceptions, general = [], {}
    for p in partitions:
        rows, general[p["id"]] = cell(prefix, p, variant, answers[p["id"]])
        exceptions += rows
    usual = Counter(general.values()).most_common(1)[0][0]
    rows = exceptions + [(ident, "", *t) for ident, t in sorted(general.items()) if t != usual]
    if rows or usual != (USUAL[variant], "{r}"):
        rows.append(("", "", *usual))
    while rows and rows[-1] == ("", "", USUAL[variant], "{r}"):
        rows.pop()
    return rows


def quoted(text):
    return "NULL" if text is None else f'"{text}"'


def ordered(partitions):
    """The one whose regions begin with anything comes last."""
    return sorted(partitions["partitions"], key=lambda p: (p["id"] == "aws", p["id"]))


def begin(partition):
    literal = partition["regionRegex"].removeprefix("^").split("\\-(")[0].split("\\-\\w")[0]
    return "" if partition["id"] == "aws" else literal.replace("\\-", "-") + "-"


def make_regions(load):
    lines = ["/* Made by modules/providers/aws/generate_endpoints.py of botocore's partitions. */"]
    for p in ordered(load.load_data("partitions")):
        lines.append(f'PARTITION("{p["id"]}", "{begin(p)}")')
        lines += [f'REGION("{r}")' for r in regions(p)]
    return "\n".join(lines) + "\n"


def make(load):
    partitions = load.load_data("partitions")
    listed, seen, lines = partitions["partitions"], {}, []
    lines.append("/* Made by modules/providers/aws/generate_endpoints.py of botocore's endpoint rule sets. */")
    for p in ordered(partitions):
        starts = begin(p)
        if not all(r.startswith(starts) for r in regions(p)):
            fail(f"regions of {p['id']} do not begin with {starts}")
        out = p["outputs"]
        lines.append(f'PARTITION("{p["id"]}", "{starts}", "{out["dnsSuffix"]}", "{out["dualStackDnsSuffix"]}", '
                     f'"{out["implicitGlobalRegion"]}")')
    for service in SERVICES:
        rules = load.load_service_model(service, "endpoint-rule-set-1")
        provider = EndpointProvider(rules, partitions)
        prefix = load.load_service_model(service, "service-2")["metadata"]["endpointPrefix"]
        rows = []
        for variant in (PLAIN, FIPS, DUAL, BOTH):
            answers = {p["id"]: {r: answer(rules, provider, r, variant) for r in regions(p)} for p in listed}
            rows += [(prefix, variant, *row) for row in service_rows(prefix, variant, answers, listed)]
        if seen.setdefault(prefix, rows) != rows:
            fail(f"two services have the prefix {prefix} and different endpoints")
    for rows in (seen[p] for p in sorted(seen)):
        lines += [f'ENDPOINT("{p}", {v}, "{part}", "{region}", {quoted(host)}, {quoted(signed)})'
                  for p, v, part, region, host, signed in rows]
    return "\n".join(lines) + "\n"


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        fail("usage: generate_endpoints.py [--check]")
    if botocore.__version__ != BOTOCORE:
        fail(f"botocore {BOTOCORE} is needed, found {botocore.__version__}")
    for path, text in ((REGIONS, make_regions(loader())), (TABLE, make(loader()))):
        if not check:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            fail(f"not what the generator makes: {path.name}")


if __name__ == "__main__":
    main()

"""Shims for managed policies, health checks and secrets."""
from __future__ import annotations

from ..http1 import Request, Response
from .base import Context, Gap, Shim
from .xmledit import parse, put, serialize

DOCS = "https://docs.aws.amazon.com/"
R53 = DOCS + "Route53/latest/APIReference/API_%s.html"
SECRETS = DOCS + "secretsmanager/latest/apireference/API_%s.html"


# -- managed policies -----------------------------------------------------

def policy_details(ctx: Context, response: Response) -> Response:
    known = {p["Arn"]: p for p in (ctx.ask("list_policies", Scope="Local") or {"Policies": []})["Policies"]}

    def mend(root) -> None:
        for policy in root.findall("GetAccountAuthorizationDetailsResult/Policies/member"):
            found = known.get(policy.findtext("Arn"), {})
            for key in ("PolicyName", "PolicyId"):
                if key in found:
                    put(policy, key, found[key])
    return ctx.edit_xml(response, mend)


def policy_delete(ctx: Context) -> Response | None:
    arn = ctx.params["PolicyArn"]
    versions = (ctx.ask("list_policy_versions", PolicyArn=arn) or {"Versions": []})["Versions"]
    found = ctx.ask("list_entities_for_policy", PolicyArn=arn) or {}
    if len(versions) > 1:
        return ctx.error("DeleteConflict", "This policy has more than one version. Before you delete a policy, you must delete "
                         "the policy's versions. The default version is deleted with the policy.", 409)
    if any(found.get(k) for k in ("PolicyRoles", "PolicyUsers", "PolicyGroups")):
        return ctx.error("DeleteConflict", "Cannot delete a policy attached to entities.", 409)
    return None


# -- health checks --------------------------------------------------------

def check_create(ctx: Context) -> Response | None:
    reference = ctx.params["CallerReference"]
    if reference in ctx.remember("check_references"):
        return ctx.error("HealthCheckAlreadyExists", f"A health check with caller reference {reference} was created with "
                         "other settings, or is deleted.", 409)
    return None


def check_created(ctx: Context, response: Response) -> None:
    ctx.remember("check_references")[ctx.params["CallerReference"]] = True


def check_delete(ctx: Context) -> Response | None:
    ident = ctx.params["HealthCheckId"]
    if ctx.ask("get_health_check", HealthCheckId=ident) is None:
        return ctx.error("NoSuchHealthCheck", f"A health check with id {ident} does not exist.", 404)
    return None


def check_update(ctx: Context) -> Response | None:
    """Compares the version; what is reset becomes empty text, which the emulator takes for a value."""
    ident, version = ctx.params["HealthCheckId"], ctx.params.get("HealthCheckVersion")
    if version is not None and version != ctx.remember("check_versions").get(ident, 1):
        return ctx.error("HealthCheckVersionMismatch", f"The version {version} is not the current one.", 409)
    root, namespace = parse(ctx.request.body)
    for name in ctx.params.get("ResetElements", ()):
        if name in ("FullyQualifiedDomainName", "ResourcePath"):
            put(root, name, "")
    req = ctx.request
    ctx.request = Request(req.method, req.target, req.headers, serialize(root, namespace), req.version)
    return None


def check_updated(ctx: Context, response: Response) -> Response:
    versions = ctx.remember("check_versions")
    ident = ctx.params["HealthCheckId"]
    versions[ident] = versions.get(ident, 1) + 1
    return checks_read(ctx, response)


def checks_read(ctx: Context, response: Response) -> Response:
    versions = ctx.remember("check_versions")

    def mend(root) -> None:
        for check in root.iter("HealthCheck"):
            put(check, "HealthCheckVersion", str(versions.get(check.findtext("Id"), 1)))
            config = check.find("HealthCheckConfig")
            for empty in [c for c in config if c.tag in ("FullyQualifiedDomainName", "ResourcePath") and not c.text]:
                config.remove(empty)
    return ctx.edit_xml(response, mend)


# -- secrets --------------------------------------------------------------

def _secret(ctx: Context) -> str:
    found = ctx.ask("describe_secret", SecretId=ctx.params["SecretId"]) or {}
    return found.get("ARN", ctx.params["SecretId"])


def secret_create(ctx: Context) -> Response | None:
    found = ctx.ask("describe_secret", SecretId=ctx.params["Name"])
    if found and found.get("DeletedDate"):
        return ctx.error("InvalidRequestException", "You can't create this secret because a secret with this name is already "
                         "scheduled for deletion.")
    return None


def secret_update(ctx: Context, response: Response) -> None:
    """What is set to empty text."""
    empty = ctx.remember("empty_secrets").setdefault(_secret(ctx), set())
    for key in ("Description", "KmsKeyId"):
        if ctx.params.get(key):
            empty.discard(key)
        elif key in ctx.params:
            empty.add(key)


def secret_read(ctx: Context, response: Response) -> Response:
    def mend(value: dict) -> None:
        for key in ctx.remember("empty_secrets").get(value.get("ARN"), ()):
            value.pop(key, None)
    return ctx.edit_json(response, mend)


TABLE = (
    Shim("iam-policy-details", ("iam:GetAccountAuthorizationDetails",), "policies have neither name nor id", "they have",
         DOCS + "IAM/latest/APIReference/API_ManagedPolicyDetail.html", after=policy_details),
    Shim("iam-policy-delete", ("iam:DeletePolicy",), "deletes policies with several versions or attachments", "DeleteConflict",
         DOCS + "IAM/latest/APIReference/API_DeletePolicy.html", before=policy_delete),
    Shim("route53-check-reference", ("route53:CreateHealthCheck",), "CallerReference is ignored: a second check is made",
         "HealthCheckAlreadyExists", R53 % "CreateHealthCheck", before=check_create, after=check_created),
    Shim("route53-check-delete", ("route53:DeleteHealthCheck",), "deleting nothing succeeds", "NoSuchHealthCheck",
         R53 % "DeleteHealthCheck", before=check_delete),
    Shim("route53-check-update", ("route53:UpdateHealthCheck",), "ignores HealthCheckVersion and ResetElements",
         "HealthCheckVersionMismatch; resets", R53 % "UpdateHealthCheck", before=check_update, after=check_updated),
    Shim("route53-check-read", ("route53:GetHealthCheck", "route53:ListHealthChecks"), "the version is always 1; what is not "
         "set is empty", "counts updates; leaves it out", R53 % "GetHealthCheck", after=checks_read),
    Shim("secrets-scheduled", ("secretsmanager:CreateSecret",), "a name that is scheduled for deletion exists",
         "InvalidRequestException", SECRETS % "CreateSecret", before=secret_create),
    Shim("secrets-empty", ("secretsmanager:UpdateSecret",), "empty text leaves description and key as they are", "clears them",
         SECRETS % "UpdateSecret", after=secret_update),
    Shim("secrets-read", ("secretsmanager:DescribeSecret",), "shows what was cleared", "leaves it out", SECRETS % "DescribeSecret",
         after=secret_read),
)

GAPS = (
    Gap("route53-check-members", ("route53:CreateHealthCheck", "route53:UpdateHealthCheck"),
        "alarms, routing controls and InsufficientDataHealthStatus are lost; lists that are not sent are emptied"),
    Gap("secrets-type", ("secretsmanager:CreateSecret",), "the type of secrets that a partner holds is lost"),
    Gap("ssm-pattern", ("ssm:PutParameter",), "AllowedPattern is not applied"),
)

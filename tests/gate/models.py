"""botocore's service models, loaded once, and what the checks ask of them."""
from __future__ import annotations

import re
import threading

import botocore.session
from botocore.exceptions import UnknownServiceError
from botocore.model import OperationModel, ServiceModel

# Signing name to botocore's service name, where they differ.
BY_SIGNING_NAME = {
    "elasticloadbalancing": "elbv2", "monitoring": "cloudwatch", "elasticfilesystem": "efs",
    "cloudcontrolapi": "cloudcontrol", "states": "stepfunctions", "aps": "amp",
    "tagging": "resourcegroupstaggingapi", "cognito-idp": "cognito-idp", "execute-api": "apigatewaymanagementapi",
}
PROTOCOLS = {"ec2": "ec2", "query": "query", "json": "json", "rest-json": "rest-json", "rest-xml": "rest-xml"}
_READ = re.compile(r"(Get|List|Describe|Head|Search|BatchGet|Lookup|Query|Scan|Select|Test|Simulate|"
                   r"Validate|Preview|Estimate|Check|Filter|Detect|Decode)(?![a-z])")
# Reads whose name does not say so, and the reverse.
_READ_EXTRA = {"AssumeRole", "AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"}

_lock = threading.RLock()
_session = botocore.session.Session()
_services: dict[str, ServiceModel | None] = {}


def service(signing_name: str) -> ServiceModel | None:
    """The model of the service that signs under this name, or None."""
    with _lock:
        if signing_name not in _services:
            try:
                _services[signing_name] = _session.get_service_model(
                    BY_SIGNING_NAME.get(signing_name, signing_name))
            except UnknownServiceError:
                _services[signing_name] = None
        return _services[signing_name]


def operation(model: ServiceModel, name: str) -> OperationModel | None:
    if name not in model.operation_names:
        return None
    with _lock:
        return model.operation_model(name)


def protocols(model: ServiceModel) -> list[str]:
    return [p for p in model.metadata.get("protocols", [model.metadata["protocol"]]) if p in PROTOCOLS]


def is_mutating(operation_name: str) -> bool:
    return operation_name not in _READ_EXTRA and not _READ.match(operation_name)


_routes: dict[str, list[tuple[str, re.Pattern, list[str], set, OperationModel]]] = {}


def rest_routes(model: ServiceModel):
    """For rest services: (method, path pattern, label names, literal query, operation)."""
    name = model.service_name
    with _lock:
        if name not in _routes:
            table = []
            for op_name in model.operation_names:
                op = model.operation_model(op_name)
                path, _, query = op.http["requestUri"].partition("?")
                labels = re.findall(r"\{([^}+]+)\+?\}", path)
                pattern = "".join(
                    ("(.+)" if part.endswith("+}") else "([^/]+)") if part.startswith("{") else re.escape(part)
                    for part in re.split(r"(\{[^}]+\})", path.rstrip("/") or "/"))
                if pattern != "/":
                    pattern += "/?"
                literal = {tuple((item.split("=", 1) + [""])[:2]) for item in query.split("&") if item}
                table.append((op.http.get("method", "POST"), re.compile(pattern), labels, literal, op))
            _routes[name] = table
        return _routes[name]

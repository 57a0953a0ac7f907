"""Shims for ECS services: a small model of deployments, since moto has none."""
from __future__ import annotations

import json
import time
from dataclasses import dataclass, field

from ..http1 import Request, Response
from .base import Context, Gap, Shim
from .ecs import API, cluster_name

# Fields that CreateService loses in moto but UpdateService keeps.
_LOST = ("healthCheckGracePeriodSeconds", "enableExecuteCommand", "enableECSManagedTags", "deploymentConfiguration",
         "availabilityZoneRebalancing", "serviceConnectConfiguration", "volumeConfigurations", "capacityProviderStrategy",
         "placementConstraints", "placementStrategy", "platformVersion")
# Fields that moto loses altogether: kept here.
_KEPT = ("serviceConnectConfiguration", "volumeConfigurations", "capacityProviderStrategy", "placementConstraints",
         "placementStrategy", "platformVersion", "networkConfiguration", "healthCheckGracePeriodSeconds",
         "enableExecuteCommand", "enableECSManagedTags", "propagateTags", "deploymentConfiguration",
         "availabilityZoneRebalancing", "serviceRegistries", "loadBalancers", "role")
# A change of one of these makes a new deployment (UpdateService, API reference).
_ROLLS = ("taskDefinition", "forceNewDeployment", "networkConfiguration", "platformVersion", "capacityProviderStrategy",
          "placementConstraints", "placementStrategy", "serviceConnectConfiguration", "volumeConfigurations",
          "loadBalancers", "serviceRegistries", "enableExecuteCommand", "enableECSManagedTags", "propagateTags")
_DEFAULTS = {"maximumPercent": 200, "minimumHealthyPercent": 100}
_BREAKER = {"enable": False, "rollback": False}


@dataclass
class Deployment:
    number: int
    task_definition: str
    started: float
    fails: bool = False


@dataclass
class Service:
    """What the gate knows of one service beside what moto knows."""
    arn: str
    region: str
    cluster: str
    gate: object
    created: float
    fields: dict = field(default_factory=dict)
    deployments: list[Deployment] = field(default_factory=list)
    desired: int = 0
    deleted: float = 0.0
    token: str | None = None
    request: str = ""
    failed: list[Deployment] = field(default_factory=list)

    @property
    def network(self) -> tuple:
        config = self.fields.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
        return tuple(config.get("subnets", [])) + tuple(config.get("securityGroups", []))

    def _pending_s(self) -> float:
        return self.gate.faults.settings.pending_ms / 1000

    def status(self) -> str:
        if not self.deleted:
            return "ACTIVE"
        return "DRAINING" if time.monotonic() - self.deleted < self._pending_s() else "INACTIVE"

    def settle(self) -> None:
        """Ends deployments that are over: finished, or failed and rolled back."""
        last = self.deployments[-1]
        if time.monotonic() - last.started < self._pending_s():
            return
        if last.fails and last not in self.failed:
            self.failed.append(last)
        breaker = self.fields.get("deploymentConfiguration", {}).get("deploymentCircuitBreaker", _BREAKER)
        if not last.fails:
            self.deployments = [last]
        elif breaker.get("enable") and breaker.get("rollback") and len(self.deployments) > 1:
            before = self.deployments[-2]
            self.deployments = [last, Deployment(last.number + 1, before.task_definition, time.monotonic())]

    def running(self) -> tuple[int, int]:
        """Tasks running and pending."""
        if self.status() != "ACTIVE":
            return 0, 0
        last = self.deployments[-1]
        over = time.monotonic() - last.started >= self._pending_s()
        if over and not last.fails:
            return self.desired, 0
        return (self.desired if len(self.deployments) > 1 else 0), (0 if over else self.desired)


def _services(ctx: Context) -> dict:
    return ctx.remember("ecs_services")


def _key(ctx: Context, name: str) -> tuple:
    return ctx.call.region, cluster_name({"cluster": ctx.params.get("cluster")}), name.rsplit("/", 1)[-1]


def _full_arn(ctx: Context, definition: str) -> str:
    if definition.startswith("arn:"):
        return definition
    found = ctx.ask("describe_task_definition", taskDefinition=definition)
    return found["taskDefinition"]["taskDefinitionArn"] if found else definition


def _fails(ctx: Context, arn: str) -> bool:
    """Whether tasks of this definition are told to fail (Settings.failing_images)."""
    wanted = ctx.gate.faults.settings.failing_images
    if not wanted:
        return False
    found = ctx.ask("describe_task_definition", taskDefinition=arn)
    images = [c["image"] for c in found["taskDefinition"]["containerDefinitions"]] if found else []
    return any(w in image for w in wanted for image in images)


def _same_request(params: dict) -> str:
    return json.dumps({k: v for k, v in params.items() if k != "clientToken"}, sort_keys=True)


def create_before(ctx: Context) -> Response | None:
    known = _services(ctx).get(_key(ctx, ctx.params["serviceName"]))
    if known is not None and known.status() == "DRAINING":
        return ctx.error("InvalidParameterException", "Unable to Start a service that is still Draining.")
    if known is not None and known.status() == "ACTIVE":
        token = ctx.params.get("clientToken")
        if token and token == known.token and known.request == _same_request(ctx.params):
            found = ctx.ask("describe_services", cluster=ctx.params.get("cluster", "default"), services=[known.arn], include=["TAGS"])
            return _answer({"service": _mend(ctx, _plain(found["services"][0]))})
        return ctx.error("InvalidParameterException", "Creation of service was not idempotent.")
    definition = ctx.params.get("taskDefinition")
    found = ctx.ask("describe_task_definition", taskDefinition=definition) if definition else None
    if found and found["taskDefinition"]["status"] != "ACTIVE":
        return ctx.error("ClientException", "TaskDefinition is inactive")
    mode = found["taskDefinition"].get("networkMode") if found else None
    if mode == "awsvpc" and "networkConfiguration" not in ctx.params:
        return ctx.error("InvalidParameterException", "Network Configuration must be provided when networkMode 'awsvpc' is specified.")
    _security_groups(ctx)
    for table in (ctx.ask("describe_clusters", clusters=[cluster_name(ctx.params)]) or {"clusters": []})["clusters"]:
        if table["status"] == "INACTIVE":
            return ctx.error("ClusterNotFoundException", "Cluster not found.")
    return None


def _security_groups(ctx: Context) -> None:
    """moto fails without a list of security groups; AWS takes the VPC's default group then."""
    config = ctx.params.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
    if config and "securityGroups" not in config:
        body = json.loads(ctx.request.body)
        body["networkConfiguration"]["awsvpcConfiguration"]["securityGroups"] = []
        req = ctx.request
        ctx.request = Request(req.method, req.target, req.headers, json.dumps(body).encode(), req.version)


def create_after(ctx: Context, response: Response) -> Response:
    service = json.loads(response.body)["service"]
    cluster = ctx.params.get("cluster", "default")
    lost = {k: ctx.params[k] for k in _LOST if k in ctx.params}
    ctx.ask("update_service", cluster=cluster, service=service["serviceName"],
            desiredCount=ctx.params.get("desiredCount", 0), **lost)
    now = time.monotonic()
    arn = _full_arn(ctx, ctx.params.get("taskDefinition", ""))
    made = Service(service["serviceArn"], ctx.call.region, cluster_name(ctx.params), ctx.gate, now,
                   fields={k: ctx.params[k] for k in _KEPT if k in ctx.params},
                   deployments=[Deployment(1, arn, now, _fails(ctx, arn))], desired=ctx.params.get("desiredCount", 0),
                   token=ctx.params.get("clientToken"), request=_same_request(ctx.params))
    _services(ctx)[_key(ctx, ctx.params["serviceName"])] = made
    return ctx.edit_json(response, lambda value: value.update(service=_mend(ctx, value["service"])))


def update_before(ctx: Context) -> Response | None:
    known = _services(ctx).get(_key(ctx, ctx.params["service"]))
    if known is not None and known.status() != "ACTIVE":
        return ctx.error("ServiceNotActiveException", "Service was not ACTIVE.")
    return None


def update_after(ctx: Context, response: Response) -> Response:
    known = _services(ctx).get(_key(ctx, ctx.params["service"]))
    if known is not None:
        known.fields.update({k: ctx.params[k] for k in _KEPT if k in ctx.params})
        known.desired = ctx.params.get("desiredCount", known.desired)
        last = known.deployments[-1]
        arn = _full_arn(ctx, ctx.params["taskDefinition"]) if "taskDefinition" in ctx.params else last.task_definition
        if arn != last.task_definition or any(ctx.params.get(k) not in (None, False) for k in _ROLLS if k != "taskDefinition"):
            known.deployments.append(Deployment(last.number + 1, arn, time.monotonic(), _fails(ctx, arn)))
        if known.request:
            known.request = ""               # an updated service no longer is what the token made
    return ctx.edit_json(response, lambda value: value.update(service=_mend(ctx, value["service"])))


def delete_before(ctx: Context) -> Response | None:
    known = _services(ctx).get(_key(ctx, ctx.params["service"]))
    if known is not None and known.status() == "INACTIVE":
        return ctx.error("ServiceNotFoundException", "Service not found.")
    return None


def delete_after(ctx: Context, response: Response) -> Response:
    known = _services(ctx).get(_key(ctx, ctx.params["service"]))
    if known is not None and not known.deleted:
        known.deleted, known.desired = time.monotonic(), 0
    return ctx.edit_json(response, lambda value: value.update(service=_mend(ctx, value["service"])))


def describe_before(ctx: Context) -> Response | None:
    if len(ctx.params.get("services", [])) > 10:
        return ctx.error("InvalidParameterException", "Cannot describe more than 10 services in a request.")
    if not ctx.params.get("services"):
        return ctx.error("InvalidParameterException", "Services cannot be empty.")
    return None


def describe_after(ctx: Context, response: Response) -> Response:
    def mend(value: dict) -> None:
        value["services"] = [_mend(ctx, s) for s in value["services"]]
    return ctx.edit_json(response, mend)


def list_after(ctx: Context, response: Response) -> Response:
    known = {s.arn: s for s in list(_services(ctx).values())}

    def mend(value: dict) -> None:
        value["serviceArns"] = [a for a in value["serviceArns"] if a not in known or known[a].status() != "INACTIVE"]
    return ctx.edit_json(response, mend)


def _plain(value):
    return json.loads(json.dumps(value, default=lambda d: d.timestamp()))


def _answer(value: dict) -> Response:
    return Response(200, [("Content-Type", "application/x-amz-json-1.1")], json.dumps(value).encode())


def _mend(ctx: Context, service: dict) -> dict:
    """The service as AWS would show it."""
    config = service.setdefault("deploymentConfiguration", {})
    config.setdefault("deploymentCircuitBreaker", dict(_BREAKER))
    for name, value in _DEFAULTS.items():
        config.setdefault(name, value)
    config.setdefault("strategy", "ROLLING")
    for name, value in (("enableExecuteCommand", False), ("enableECSManagedTags", False), ("propagateTags", "NONE"),
                        ("placementConstraints", []), ("placementStrategy", []), ("availabilityZoneRebalancing", "ENABLED"),
                        ("healthCheckGracePeriodSeconds", 0)):
        service.setdefault(name, value)
    if service.get("launchType") == "FARGATE":
        service.setdefault("platformVersion", "LATEST")
        service.setdefault("platformFamily", "Linux")
    known = _services(ctx).get((ctx.call.region, service["clusterArn"].rsplit("/", 1)[-1], service["serviceName"]))
    if known is None:
        return service
    for name, value in known.fields.items():
        if name in ("serviceConnectConfiguration", "role"):
            continue                         # shown per deployment; the role as roleArn
        service.setdefault(name, value)
    _deployments(service, known)
    return service


def _deployments(service: dict, known: Service) -> None:
    known.settle()
    # Who changed the service past the gate shows in moto alone: its counts and definition rule then.
    known.desired = service["desiredCount"] if known.status() == "ACTIVE" else 0
    running, pending = known.running()
    template = (service.get("deployments") or [{}])[0]
    out = []
    for deployment in reversed(known.deployments):
        first = deployment is known.deployments[-1]
        over = time.monotonic() - deployment.started >= known._pending_s()
        state = ("FAILED" if deployment.fails else "COMPLETED") if over or not first else "IN_PROGRESS"
        ident = f"ecs-svc/{abs(hash(known.arn)) % 10 ** 15:015d}{deployment.number:04d}"
        reason = {"COMPLETED": f"ECS deployment {ident} completed.", "IN_PROGRESS": f"ECS deployment {ident} in progress.",
                  "FAILED": f"ECS deployment circuit breaker: tasks failed to start."}[state]
        item = {**template, "id": ident, "status": "PRIMARY" if first else "ACTIVE", "taskDefinition": deployment.task_definition,
                "desiredCount": known.desired if first else 0, "pendingCount": pending if first else 0,
                "runningCount": (running if first and (over or len(known.deployments) == 1) else 0 if first else running),
                "failedTasks": known.desired if deployment.fails and over else 0,
                "rolloutState": state, "rolloutStateReason": reason}
        for name in ("networkConfiguration", "serviceConnectConfiguration", "volumeConfigurations"):
            if first and name in known.fields:
                item[name] = known.fields[name]
        out.append(item)
    if known.status() == "INACTIVE":
        out = []
    service.update(deployments=out, status=known.status(), desiredCount=known.desired, runningCount=running,
                   pendingCount=pending, taskDefinition=known.deployments[-1].task_definition)


TABLE = (
    Shim("ecs-service-create", ("ecs:CreateService",), "loses healthCheckGracePeriodSeconds, enableExecuteCommand, "
         "enableECSManagedTags, deploymentConfiguration, availabilityZoneRebalancing; a duplicate overwrites; clientToken, an "
         "inactive task definition or cluster, a missing network configuration do not matter; tasks never run; no security groups: 500",
         "keeps all; refuses what is not idempotent; runs the tasks", API % "CreateService",
         before=create_before, after=create_after),
    Shim("ecs-service-update", ("ecs:UpdateService",), "makes no deployment; shows the task definition as it was written; "
         "updates inactive services", "a new PRIMARY deployment; the ARN; ServiceNotActiveException", API % "UpdateService",
         before=update_before, after=update_after),
    Shim("ecs-service-delete", ("ecs:DeleteService",), "INACTIVE at once, with its tasks; again and again",
         "DRAINING, then INACTIVE, no tasks; then ServiceNotFoundException", API % "DeleteService",
         before=delete_before, after=delete_after),
    Shim("ecs-service-describe", ("ecs:DescribeServices",), "takes more than 10 services; runningCount 0; rolloutState stays "
         "IN_PROGRESS; no defaults", "at most 10; deployments finish; defaults are shown", API % "DescribeServices",
         before=describe_before, after=describe_after),
    Shim("ecs-service-list", ("ecs:ListServices",), "lists inactive services", "lists active and draining ones",
         API % "ListServices", after=list_after),
)

GAPS = (
    Gap("ecs-task-events", ("ecs:DescribeServices",), "a service has no events in moto"),
    Gap("ecs-service-past-the-gate", ("ecs:UpdateService",),
        "a task definition changed past the gate (not through the observer) does not show in the service"),
)

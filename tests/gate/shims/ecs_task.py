"""Shims for ECS tasks: moto has none for a service; these follow the service's deployments."""
from __future__ import annotations

import hashlib
import json

from ..http1 import Response
from .base import Context, Shim
from .ecs import API, cluster_name

REASON = "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref %s: not found"


def _tasks(ctx: Context, service, status: str) -> list[dict]:
    """The tasks of one service in this desired status, made up from its deployments."""
    cluster = service.arn.rsplit("/", 2)[0].replace(":service", ":cluster") + "/" + service.cluster
    prefix = service.arn.rsplit("/", 2)[0].replace(":service", ":task") + "/" + service.cluster
    if status == "RUNNING":
        wanted = [(service.deployments[-1], i) for i in range(service.running()[0])]
    else:
        wanted = [(d, i) for d in service.failed for i in range(max(service.desired, 1))]
    out = []
    for deployment, i in wanted:
        ident = hashlib.md5(f"{service.arn}|{service.created}|{deployment.number}|{i}".encode()).hexdigest()
        out.append({"taskArn": f"{prefix}/{ident}", "clusterArn": cluster, "taskDefinitionArn": deployment.task_definition,
                    "group": f"service:{service.arn.rsplit('/', 1)[1]}", "launchType": "FARGATE", "lastStatus": status,
                    "desiredStatus": status, "startedBy": f"ecs-svc/{deployment.number}", "containers": []})
        if status == "STOPPED":
            image = ctx.ask("describe_task_definition", taskDefinition=deployment.task_definition)
            names = [c["image"] for c in image["taskDefinition"]["containerDefinitions"]] if image else ["?"]
            out[-1].update(stopCode="TaskFailedToStart", stoppedReason=REASON % names[0])
    return out


def _services(ctx: Context) -> list:
    with ctx.gate.shims.lock:
        services = list(ctx.memory.get("ecs_services", {}).values())
    return [s for s in services if s.region == ctx.call.region and s.cluster == cluster_name(ctx.params)]


def _answer(value: dict) -> Response:
    return Response(200, [("Content-Type", "application/x-amz-json-1.1")], json.dumps(value).encode())


def list_tasks(ctx: Context) -> Response | None:
    name = ctx.params.get("serviceName", "").rsplit("/", 1)[-1]
    mine = [s for s in _services(ctx) if s.arn.rsplit("/", 1)[1] == name]
    if not mine:
        return None
    return _answer({"taskArns": [t["taskArn"] for t in _tasks(ctx, mine[0], ctx.params.get("desiredStatus", "RUNNING"))]})


def describe_tasks(ctx: Context) -> Response | None:
    known = {t["taskArn"]: t for s in _services(ctx) for status in ("RUNNING", "STOPPED") for t in _tasks(ctx, s, status)}
    if not any(arn in known for arn in ctx.params.get("tasks", [])):
        return None
    return _answer({"tasks": [known[a] for a in ctx.params["tasks"] if a in known],
                    "failures": [{"arn": a, "reason": "MISSING"} for a in ctx.params["tasks"] if a not in known]})


TABLE = (
    Shim("ecs-list-tasks", ("ecs:ListTasks",), "a service has no tasks", "lists running and stopped ones", API % "ListTasks",
         before=list_tasks),
    Shim("ecs-describe-tasks", ("ecs:DescribeTasks",), "a service has no tasks", "describes them, with the reason of a stop",
         API % "DescribeTasks", before=describe_tasks),
)
GAPS = ()

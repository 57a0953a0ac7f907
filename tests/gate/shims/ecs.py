"""Shims for ECS: clusters and task definitions. Services are in ecs_service.py."""
from __future__ import annotations

import json

from ..http1 import Request, Response
from .base import Context, Gap, Shim

API = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_%s.html"


def cluster_name(params: dict) -> str:
    return (params.get("clusterName") or params.get("cluster") or "default").rsplit("/", 1)[-1]


def create_cluster(ctx: Context) -> Response | None:
    """The name is the key: creating an existing cluster answers it unchanged."""
    found = ctx.ask("describe_clusters", clusters=[cluster_name(ctx.params)], include=["TAGS", "SETTINGS", "CONFIGURATIONS"])
    for cluster in found["clusters"] if found else []:
        if cluster["status"] == "ACTIVE":
            return Response(200, [("Content-Type", "application/x-amz-json-1.1")],
                            json.dumps({"cluster": cluster}, default=str).encode())
    return None


def delete_cluster(ctx: Context) -> Response | None:
    found = ctx.ask("describe_clusters", clusters=[cluster_name(ctx.params)])
    if found and any(c["status"] == "INACTIVE" for c in found["clusters"]):
        return ctx.error("ClusterNotFoundException", "Cluster not found.")
    with ctx.gate.shims.lock:
        services = list(ctx.memory.get("ecs_services", {}).values())
    for service in services:
        if service.cluster == cluster_name(ctx.params) and service.region == ctx.call.region and service.status() != "INACTIVE":
            return ctx.error("ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active.")
    return None


def counts(ctx: Context, response: Response) -> Response:
    with ctx.gate.shims.lock:
        services = [s for s in ctx.memory.get("ecs_services", {}).values() if s.region == ctx.call.region]

    def mend(value: dict) -> None:
        for cluster in value.get("clusters", [value["cluster"]] if "cluster" in value else []):
            mine = [s for s in services if s.cluster == cluster["clusterName"] and s.status() == "ACTIVE"]
            cluster["activeServicesCount"] = len(mine)
            cluster["runningTasksCount"] = sum(s.running()[0] for s in mine)
            cluster["pendingTasksCount"] = 0
    return ctx.edit_json(response, mend)


def list_clusters(ctx: Context, response: Response) -> Response:
    def mend(value: dict) -> None:
        arns = value.get("clusterArns", [])
        found = ctx.ask("describe_clusters", clusters=arns) if arns else None
        gone = {c["clusterArn"] for c in found["clusters"] if c["status"] == "INACTIVE"} if found else set()
        value["clusterArns"] = [a for a in arns if a not in gone]
    return ctx.edit_json(response, mend)


def settings_as_update(ctx: Context) -> None:
    """UpdateClusterSettings is UpdateCluster with nothing but settings."""
    req = ctx.request
    headers = [(n, v.replace("UpdateClusterSettings", "UpdateCluster") if n == "x-amz-target" else v) for n, v in req.headers]
    ctx.request = Request(req.method, req.target, headers, req.body, req.version)


def register(ctx: Context) -> Response | None:
    containers = ctx.params.get("containerDefinitions") or []
    if not containers:
        return ctx.error("ClientException", "Container definitions should not be null or empty.")
    for container in containers:
        if not container.get("name") or not container.get("image"):
            what = "name" if not container.get("name") else "image"
            return ctx.error("ClientException", f"Container.{what} should not be null or empty.")
    if not any(c.get("essential", True) for c in containers):
        return ctx.error("ClientException", "There must be at least one essential container in the task definition.")
    if "FARGATE" in ctx.params.get("requiresCompatibilities", []):
        if ctx.params.get("networkMode") != "awsvpc":
            return ctx.error("ClientException", "Fargate only supports network mode ‘awsvpc’.")
        if not ctx.params.get("cpu") or not ctx.params.get("memory"):
            missing = "cpu" if not ctx.params.get("cpu") else "memory"
            return ctx.error("ClientException", f"Fargate requires that '{missing}' be defined at the task level.")
    return None


def task_definition(ctx: Context, response: Response) -> Response:
    """Defaults that AWS writes into what it answers."""
    def mend(value: dict) -> None:
        definition = value.get("taskDefinition", {})
        lost = ctx.remember("task_definitions")
        if ctx.call.operation == "RegisterTaskDefinition":
            lost[definition["taskDefinitionArn"]] = {
                k: ctx.params[k] for k in ("enableFaultInjection", "proxyConfiguration") if k in ctx.params}
        definition.update({k: v for k, v in lost.get(definition.get("taskDefinitionArn"), {}).items() if k not in definition})
        for container in definition.get("containerDefinitions", []):
            for name in ("portMappings", "environment", "mountPoints", "volumesFrom", "systemControls"):
                container.setdefault(name, [])
            container.setdefault("cpu", 0)
            container.setdefault("essential", True)
            for port in container["portMappings"]:
                port.setdefault("protocol", "tcp")
                if definition.get("networkMode") in ("awsvpc", "host"):
                    port.setdefault("hostPort", port.get("containerPort"))
                else:
                    port.setdefault("hostPort", 0)
    return ctx.edit_json(response, mend)


TABLE = (
    Shim("ecs-cluster-again", ("ecs:CreateCluster",), "creating an existing cluster wipes its settings and tags",
         "answers the existing one unchanged", API % "CreateCluster", before=create_cluster),
    Shim("ecs-cluster-delete", ("ecs:DeleteCluster",), "a cluster with services, and an inactive one, can be deleted",
         "ClusterContainsServicesException, ClusterNotFoundException", API % "DeleteCluster", before=delete_cluster),
    Shim("ecs-cluster-counts", ("ecs:DescribeClusters", "ecs:CreateCluster", "ecs:UpdateCluster"),
         "counts of services and tasks become negative", "counts them", API % "Cluster", after=counts),
    Shim("ecs-list-clusters", ("ecs:ListClusters",), "lists inactive clusters", "lists active ones", API % "ListClusters",
         after=list_clusters),
    Shim("ecs-update-cluster-settings", ("ecs:UpdateClusterSettings",), "is not implemented",
         "changes the settings", API % "UpdateClusterSettings", before=settings_as_update),
    Shim("ecs-register-checks", ("ecs:RegisterTaskDefinition",), "takes a task definition without containers or image, and "
         "Fargate without cpu, memory or awsvpc", "ClientException", API % "RegisterTaskDefinition", before=register),
    Shim("ecs-task-definition-defaults", ("ecs:RegisterTaskDefinition", "ecs:DescribeTaskDefinition"),
         "leaves out hostPort, protocol, systemControls; loses enableFaultInjection", "writes them into its answers",
         API % "ContainerDefinition", after=task_definition),
)

GAPS = (
    Gap("ecs-cluster-service-connect-update", ("ecs:UpdateCluster",), "moto keeps no history of service connect defaults"),
)

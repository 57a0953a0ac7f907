"""ECS: cluster, services on Fargate, EC2 and capacity providers, task definition."""
from __future__ import annotations

from .table import RELEASED, REQUIRED, Drift, Gone, Group, Prop

ECS = "AWS::ECS::"
EC2 = "AWS::EC2::"


def ecs(cloud):
    return cloud.observer("ecs")


def cluster(key, name="drift"):
    def look(cloud, ids):
        found = ecs(cloud).describe_clusters(clusters=[name], include=["TAGS", "SETTINGS", "CONFIGURATIONS"])["clusters"][0]
        return found.get(key)
    return look


def service(name, key):
    def look(cloud, ids):
        return ecs(cloud).describe_services(cluster="drift", services=[name], include=["TAGS"])["services"][0].get(key)
    return look


def own(tags):
    return {t["key"]: t["value"] for t in tags or [] if not t["key"].startswith("quoin:")}


def update(name, **params):
    return lambda cloud, ids: ecs(cloud).update_service(cluster="drift", service=name, **params)


def update_cluster(**params):
    return lambda cloud, ids: ecs(cloud).update_cluster(cluster="drift", **params)


def providers(cluster, names, *strategy):
    return lambda cloud, ids: ecs(cloud).put_cluster_capacity_providers(
        cluster=cluster, capacityProviders=names, defaultCapacityProviderStrategy=list(strategy))


def use(name, weight, base=0):
    return {"capacityProvider": name, "weight": weight, "base": base}


def prop(name, prop_name, key, seen, new, new_seen, words, change, **rest):
    """A property of a service that one UpdateService changes."""
    return Prop(name, prop_name, service(name, key), seen, new, new_seen, ("ecs:UpdateService",),
                drifts=(Drift(update(name, **change), words),), **rest)


def task(cloud, ids):
    """Which revision of which family the service runs, not which number it has."""
    arn = service("web", "taskDefinition")(cloud, ids)
    return "current" if arn == ecs(cloud).describe_task_definition(taskDefinition="drift")["taskDefinition"]["taskDefinitionArn"] else arn


def other_task(cloud, ids):
    made = ecs(cloud).register_task_definition(family="foreign", networkMode="awsvpc", containerDefinitions=[
        {"name": "app", "image": "foreign", "memory": 64}])["taskDefinition"]["taskDefinitionArn"]
    ecs(cloud).update_service(cluster="drift", service="web", taskDefinition=made)


def tagged(address, look, arn):
    return Prop(address, "Tags", lambda cloud, ids: own(look(cloud, ids)), {"a": "1", "b": "2"},
                [{"Key": "a", "Value": "9"}, {"Key": "c", "Value": "3"}], {"a": "9", "c": "3"},
                ("ecs:UntagResource", "ecs:TagResource"), removed_seen={}, removed_calls=("ecs:UntagResource",), drifts=(
        Drift(lambda cloud, ids: ecs(cloud).tag_resource(resourceArn=ids[arn], tags=[{"key": "a", "value": "behind"}]),
              ('Tags["a"].Value: recorded "1", live "behind"',), ("ecs:TagResource",)),
        Drift(lambda cloud, ids: ecs(cloud).untag_resource(resourceArn=ids[arn], tagKeys=["b"]),
              ('Tags["b"]: recorded {Key = "b", Value = "2"}, live (none)',), ("ecs:TagResource",))))


def network(cloud, ids):
    config = service("web", "networkConfiguration")(cloud, ids)["awsvpcConfiguration"]
    back = {v: k for k, v in ids.items()}
    return {"ip": config.get("assignPublicIp", "DISABLED"), "subnets": sorted(back[s] for s in config["subnets"]),
            "groups": sorted(back[g] for g in config.get("securityGroups", []))}


def rewire(subnets, groups, ip):
    return lambda cloud, ids: update("web", networkConfiguration={"awsvpcConfiguration": {
        "subnets": [ids[s] for s in subnets], "securityGroups": [ids[g] for g in groups], "assignPublicIp": ip}})(cloud, ids)


def deployment(cloud, ids):
    """What is declared of it; the rest are defaults."""
    config = service("web", "deploymentConfiguration")(cloud, ids)
    return {k: v for k, v in config.items() if k in ("maximumPercent", "minimumHealthyPercent", "deploymentCircuitBreaker")}


def balancer(name, port=80):
    return {"targetGroupArn": f"arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/{name}/0123456789abcdef",
            "containerName": "app", "containerPort": port}


def registry(name):
    return {"registryArn": "arn:aws:servicediscovery:us-east-1:123456789012:service/srv-" + name}


def deployed(key):
    return lambda cloud, ids: service("web", "deployments")(cloud, ids)[0].get(key)


VOLUMES = "arn:aws:iam::123456789012:role/volumes"


def volume(size):
    return {"name": "data", "managedEBSVolume": {"roleArn": VOLUMES, "sizeInGiB": size}}


TAGS = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
SUBNET = {"VpcId": "${vpc.VpcId}"}
RESOURCES = {
    "vpc": {"type": EC2 + "VPC", "properties": {"CidrBlock": "10.60.0.0/16"}},
    "one": {"type": EC2 + "Subnet", "properties": {**SUBNET, "CidrBlock": "10.60.1.0/24"}},
    "two": {"type": EC2 + "Subnet", "properties": {**SUBNET, "CidrBlock": "10.60.2.0/24"}},
    "group": {"type": EC2 + "SecurityGroup", "properties": {**SUBNET, "GroupDescription": "one"}},
    "guard": {"type": EC2 + "SecurityGroup", "properties": {**SUBNET, "GroupDescription": "two"}},
    "cluster": {"type": ECS + "Cluster", "properties": {
        "ClusterName": "drift", "Tags": TAGS, "ServiceConnectDefaults": {"Namespace": "one"},
        "ClusterSettings": [{"Name": "containerInsights", "Value": "enabled"}],
        "Configuration": {"ExecuteCommandConfiguration": {"Logging": "OVERRIDE", "LogConfiguration": {"CloudWatchLogGroupName": "/drift"}}},
        "CapacityProviders": ["FARGATE", "FARGATE_SPOT"],
        "DefaultCapacityProviderStrategy": [{"CapacityProvider": "FARGATE", "Weight": 1, "Base": 1},
                                            {"CapacityProvider": "FARGATE_SPOT", "Weight": 4, "Base": 0}]}},
    "bare": {"type": ECS + "Cluster", "properties": {"ClusterName": "bare", "CapacityProviders": ["FARGATE", "FARGATE_SPOT"]}},
    "task": {"type": ECS + "TaskDefinition", "properties": {
        "Family": "drift", "NetworkMode": "awsvpc", "Cpu": "256", "Memory": "512", "RequiresCompatibilities": ["FARGATE"], "Tags": TAGS,
        "ContainerDefinitions": [{"Name": "app", "Image": "nginx", "PortMappings": [{"ContainerPort": 80}]}]}},
    "bridge": {"type": ECS + "TaskDefinition", "properties": {
        "Family": "bridge", "ContainerDefinitions": [{"Name": "app", "Image": "nginx", "Memory": 64, "PortMappings": [{"ContainerPort": 80}]}]}},
    "web": {"type": ECS + "Service", "properties": {
        "ServiceName": "web", "Cluster": "${cluster.Arn}", "TaskDefinition": "${task.TaskDefinitionArn}", "LaunchType": "FARGATE",
        "DesiredCount": 2, "PlatformVersion": "1.4.0", "EnableExecuteCommand": True, "EnableECSManagedTags": True,
        "HealthCheckGracePeriodSeconds": 60, "PropagateTags": "SERVICE", "AvailabilityZoneRebalancing": "DISABLED", "Tags": TAGS,
        "DeploymentConfiguration": {"MaximumPercent": 150, "MinimumHealthyPercent": 50, "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True}},
        "LoadBalancers": [{"TargetGroupArn": balancer("a")["targetGroupArn"], "ContainerName": "app", "ContainerPort": 80}],
        "ServiceRegistries": [{"RegistryArn": registry("a")["registryArn"]}],
        "ServiceConnectConfiguration": {"Enabled": True, "Namespace": "one"},
        "VolumeConfigurations": [{"Name": "data", "ManagedEBSVolume": {"RoleArn": VOLUMES, "SizeInGiB": 10}}],
        "NetworkConfiguration": {"AwsvpcConfiguration": {
            "AssignPublicIp": "ENABLED", "Subnets": ["${one.SubnetId}"], "SecurityGroups": ["${group.GroupId}"]}}}},
    "spread": {"type": ECS + "Service", "properties": {
        "ServiceName": "spread", "Cluster": "${cluster.Arn}", "TaskDefinition": "${bridge.TaskDefinitionArn}", "LaunchType": "EC2", "DesiredCount": 1,
        "ForceNewDeployment": {"EnableForceNewDeployment": True, "ForceNewDeploymentNonce": "a"},
        "PlacementConstraints": [{"Type": "memberOf", "Expression": "attribute:ecs.instance-type == t3.small"}],
        "PlacementStrategies": [{"Type": "spread", "Field": "attribute:ecs.availability-zone"}]}},
    "spot": {"type": ECS + "Service", "properties": {
        "ServiceName": "spot", "Cluster": "${cluster.Arn}", "TaskDefinition": "${task.TaskDefinitionArn}", "DesiredCount": 1,
        "CapacityProviderStrategy": [{"CapacityProvider": "FARGATE", "Weight": 1, "Base": 1}, {"CapacityProvider": "FARGATE_SPOT", "Weight": 3, "Base": 0}],
        "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": ["${one.SubnetId}"]}}}},
}
STRATEGY = [use("FARGATE", 1, 1), use("FARGATE_SPOT", 4)]
BOTH = ["FARGATE", "FARGATE_SPOT"]
PUT = ("ecs:PutClusterCapacityProviders",)
BREAK = {"enable": True, "rollback": True}

PROPS = (
    tagged("cluster", cluster("tags"), "cluster"),
    tagged("task", lambda cloud, ids: ecs(cloud).list_tags_for_resource(resourceArn=ids["task"])["tags"], "task"),
    tagged("web", service("web", "tags"), "web"),
    Prop("cluster", "ClusterSettings", cluster("settings"), [{"name": "containerInsights", "value": "enabled"}],
         [{"Name": "containerInsights", "Value": "disabled"}], [{"name": "containerInsights", "value": "disabled"}], ("ecs:UpdateCluster",),
         RELEASED, drifts=(
        Drift(update_cluster(settings=[{"name": "containerInsights", "value": "disabled"}]),
              ('ClusterSettings["containerInsights"].Value: recorded "enabled", live "disabled"',)),)),
    Prop("cluster", "Configuration", cluster("configuration"),
         {"executeCommandConfiguration": {"logging": "OVERRIDE", "logConfiguration": {"cloudWatchLogGroupName": "/drift"}}},
         {"ExecuteCommandConfiguration": {"Logging": "NONE"}}, {"executeCommandConfiguration": {"logging": "NONE"}}, ("ecs:UpdateCluster",),
         RELEASED, drifts=(
        Drift(update_cluster(configuration={"executeCommandConfiguration": {"logging": "OVERRIDE", "logConfiguration": {
            "cloudWatchLogGroupName": "/other"}}}), ('CloudWatchLogGroupName: recorded "/drift", live "/other"',)),
        Drift(update_cluster(configuration={"executeCommandConfiguration": {"logging": "NONE"}}),
              ('Logging: recorded "OVERRIDE", live "NONE"', "LogConfiguration: recorded {")))),
    Prop("bare", "CapacityProviders", lambda cloud, ids: sorted(cluster("capacityProviders", "bare")(cloud, ids)), BOTH,
         [*BOTH, "extra"], sorted([*BOTH, "extra"]), PUT, removed_seen=[], drifts=(
        Drift(providers("bare", [*BOTH, "extra"]), ('CapacityProviders[]: recorded (none), live "extra"',)),)),
    Prop("cluster", "DefaultCapacityProviderStrategy", cluster("defaultCapacityProviderStrategy"), STRATEGY,
         [{"CapacityProvider": "FARGATE", "Weight": 2, "Base": 0}], [use("FARGATE", 2)], PUT, removed_seen=[], drifts=(
        Drift(providers("drift", BOTH, use("FARGATE", 5, 1), use("FARGATE_SPOT", 4)), ("DefaultCapacityProviderStrategy[0].Weight: recorded 1, live 5",)),
        Drift(providers("drift", BOTH), ("DefaultCapacityProviderStrategy", "recorded -> live:")))),
    prop("web", "DesiredCount", "desiredCount", 2, 3, 3, ("DesiredCount: recorded 2, live 5",), {"desiredCount": 5}, removed=RELEASED),
    prop("web", "PlatformVersion", "platformVersion", "1.4.0", "1.3.0", "1.3.0", ('PlatformVersion: recorded "1.4.0", live "LATEST"',),
         {"platformVersion": "LATEST"}, removed_seen="LATEST"),
    prop("web", "EnableExecuteCommand", "enableExecuteCommand", True, False, False, ("EnableExecuteCommand: recorded true, live false",),
         {"enableExecuteCommand": False}, removed_seen=False),
    prop("web", "EnableECSManagedTags", "enableECSManagedTags", True, False, False, ("EnableECSManagedTags: recorded true, live false",),
         {"enableECSManagedTags": False}, removed_seen=False),
    prop("web", "HealthCheckGracePeriodSeconds", "healthCheckGracePeriodSeconds", 60, 0, 0,
         ("HealthCheckGracePeriodSeconds: recorded 60, live 7",), {"healthCheckGracePeriodSeconds": 7}, removed_seen=0),
    prop("web", "PropagateTags", "propagateTags", "SERVICE", "TASK_DEFINITION", "TASK_DEFINITION",
         ('PropagateTags: recorded "SERVICE", live "TASK_DEFINITION"',), {"propagateTags": "TASK_DEFINITION"}, removed_seen="NONE"),
    prop("web", "AvailabilityZoneRebalancing", "availabilityZoneRebalancing", "DISABLED", "ENABLED", "ENABLED",
         ('AvailabilityZoneRebalancing: recorded "DISABLED", live "ENABLED"',), {"availabilityZoneRebalancing": "ENABLED"},
         removed_seen="ENABLED"),
    Prop("web", "DeploymentConfiguration", deployment, {"maximumPercent": 150, "minimumHealthyPercent": 50, "deploymentCircuitBreaker": BREAK},
         {"MaximumPercent": 125, "MinimumHealthyPercent": 100, "DeploymentCircuitBreaker": {"Enable": False, "Rollback": False}},
         {"maximumPercent": 125, "minimumHealthyPercent": 100, "deploymentCircuitBreaker": {"enable": False, "rollback": False}},
         ("ecs:UpdateService",), RELEASED, drifts=(
        Drift(update("web", deploymentConfiguration={"maximumPercent": 175, "minimumHealthyPercent": 50, "deploymentCircuitBreaker": BREAK}),
              ("DeploymentConfiguration.MaximumPercent: recorded 150, live 175",)),
        Drift(update("web", deploymentConfiguration={"maximumPercent": 150, "minimumHealthyPercent": 25, "deploymentCircuitBreaker": {
            "enable": True, "rollback": False}}),
              ("MinimumHealthyPercent: recorded 50, live 25", "DeploymentCircuitBreaker.Rollback: recorded true, live false")))),
    Prop("web", "NetworkConfiguration", network, {"ip": "ENABLED", "subnets": ["one"], "groups": ["group"]},
         {"AwsvpcConfiguration": {"AssignPublicIp": "DISABLED", "Subnets": ["${two.SubnetId}"], "SecurityGroups": ["${guard.GroupId}"]}},
         {"ip": "DISABLED", "subnets": ["two"], "groups": ["guard"]}, ("ecs:UpdateService",), RELEASED, drifts=(
        Drift(rewire(["one"], ["group"], "DISABLED"), ('AssignPublicIp: recorded "ENABLED", live "DISABLED"',)),
        Drift(rewire(["one", "two"], ["guard"], "ENABLED"), ('Subnets[]: recorded (none), live "{two}"',
              'SecurityGroups[]: recorded "{group}", live (none)', 'SecurityGroups[]: recorded (none), live "{guard}"')))),
    Prop("web", "TaskDefinition", task, "current", removed=REQUIRED, drifts=(
        Drift(other_task, ("TaskDefinition: recorded ", "task-definition/drift:", "task-definition/foreign:1"), ("ecs:UpdateService",)),)),
    prop("web", "LoadBalancers", "loadBalancers", [balancer("a")],
         [{"TargetGroupArn": balancer("b")["targetGroupArn"], "ContainerName": "app", "ContainerPort": 80}], [balancer("b")],
         ("LoadBalancers[0].TargetGroupArn: recorded ", "targetgroup/a/", "targetgroup/c/"), {"loadBalancers": [balancer("c")]}, removed_seen=[]),
    prop("web", "ServiceRegistries", "serviceRegistries", [registry("a")], [{"RegistryArn": registry("b")["registryArn"]}], [registry("b")],
         ("ServiceRegistries[0].RegistryArn: recorded ", "srv-a", "srv-c"), {"serviceRegistries": [registry("c")]}, removed_seen=[]),
    prop("spread", "PlacementConstraints", "placementConstraints", [{"type": "memberOf", "expression": "attribute:ecs.instance-type == t3.small"}],
         [{"Type": "distinctInstance"}], [{"type": "distinctInstance"}],
         ('PlacementConstraints[0].Type: recorded "memberOf", live "distinctInstance"',), {"placementConstraints": [{"type": "distinctInstance"}]},
         removed_seen=[]),
    prop("spread", "PlacementStrategies", "placementStrategy", [{"type": "spread", "field": "attribute:ecs.availability-zone"}],
         [{"Type": "binpack", "Field": "memory"}], [{"type": "binpack", "field": "memory"}],
         ('PlacementStrategies[0].Field: recorded "attribute:ecs.availability-zone", live "instanceId"',),
         {"placementStrategy": [{"type": "spread", "field": "instanceId"}]}, removed_seen=[]),
    prop("spot", "CapacityProviderStrategy", "capacityProviderStrategy", [use("FARGATE", 1, 1), use("FARGATE_SPOT", 3)],
         [{"CapacityProvider": "FARGATE", "Weight": 1, "Base": 0}], [use("FARGATE", 1)],
         ("CapacityProviderStrategy[1].Weight: recorded 3, live 9",), {"capacityProviderStrategy": [use("FARGATE", 1, 1), use("FARGATE_SPOT", 9)]},
         removed_seen=[]),
    # Write-only: what leaves the spec cannot be seen to drift, but it can be changed.
    Prop("web", "ServiceConnectConfiguration", deployed("serviceConnectConfiguration"), {"enabled": True, "namespace": "one"},
         {"Enabled": True, "Namespace": "two"}, {"enabled": True, "namespace": "two"}, ("ecs:UpdateService",), removed_seen={"enabled": False}),
    Prop("web", "VolumeConfigurations", deployed("volumeConfigurations"), [volume(10)], [{"Name": "data", "ManagedEBSVolume": {
         "RoleArn": VOLUMES, "SizeInGiB": 20}}], [volume(20)], ("ecs:UpdateService",), RELEASED),
    Prop("cluster", "ServiceConnectDefaults", cluster("serviceConnectDefaults"), {"namespace": "one"}, {"Namespace": "two"}, {"namespace": "two"},
         ("ecs:UpdateCluster",), RELEASED),
    Prop("spread", "ForceNewDeployment", lambda cloud, ids: "service", "service", {"EnableForceNewDeployment": True, "ForceNewDeploymentNonce": "b"},
         "service", ("ecs:UpdateService",), RELEASED),
)
EXCEPTIONS = {
    (ECS + "Cluster", "ServiceConnectDefaults"): "write-only by its schema: not compared with the cloud",
    (ECS + "Service", "ServiceConnectConfiguration"): "write-only by its schema: not compared with the cloud",
    (ECS + "Service", "VolumeConfigurations"): "write-only by its schema: not compared with the cloud",
    (ECS + "Service", "VpcLatticeConfigurations"): "not in what DescribeServices says of a service",
    (ECS + "Service", "ForceNewDeployment"): "write-only by its schema: an order, not a state",
    (ECS + "Service", "LaunchType"): "a change replaces the service; nothing behind quoin's back can make it",
    (ECS + "Service", "DeploymentController"): "the emulator does not change it",
}
IDS = {"cluster": "cluster.Arn", "task": "task.TaskDefinitionArn", "web": "web.ServiceArn", "one": "one.SubnetId", "two": "two.SubnetId",
       "group": "group.GroupId", "guard": "guard.GroupId"}
SERVICES = ("web", "spread", "spot")


def end(*names):
    def make(cloud, ids):
        for name in names:
            ecs(cloud).delete_service(cluster="drift", service=name, force=True)
    return make


def end_cluster(cloud, ids):
    end(*SERVICES)(cloud, ids)
    ecs(cloud).delete_cluster(cluster="drift")


DELETES = (
    Gone("web", end("web"), ("web",)),
    Gone("cluster", end_cluster, ("cluster", *SERVICES)),
    Gone("bare", lambda cloud, ids: ecs(cloud).delete_cluster(cluster="bare"), ("bare",)),
    Gone("task", lambda cloud, ids: ecs(cloud).deregister_task_definition(taskDefinition=ids["task"]), ("task",), ("web", "spot")),
)
GROUP = Group("compute", RESOURCES, PROPS, IDS, exceptions=EXCEPTIONS, deletes=DELETES)

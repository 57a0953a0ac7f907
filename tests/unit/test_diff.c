/* The comparison of leaves as a table: what is wanted, was applied, was seen and is live, and what is to be
 * done about it. */
#include "unit.h"

#include "defs.h"
#include "quoin/plan.h"
#include "quoin/residual.h"

#define VPC     "AWS::EC2::VPC"
#define ROLE    "AWS::IAM::Role"
#define TASK    "AWS::ECS::TaskDefinition"
#define GROUP   "AWS::EC2::SecurityGroup"
#define SERVICE "AWS::ECS::Service"
#define BUCKET  "AWS::S3::Bucket"
#define RECORD  "AWS::Route53::RecordSet"
#define LOGS    "AWS::Logs::LogGroup"

/* option: a path that is ignored or, behind ~, not confirmed. live NULL: it was not read. leaves: `PATH WHY`,
 * + and - before the why for elements of sets that come and go, ! forces replacement, ? if it has changed. */
struct row {
  const char *type, *wanted, *applied, *seen, *live, *option, *leaves;
};
static const struct row rows[] = {
    /* scalars */
    {VPC, "{\"EnableDnsSupport\":true}", "{\"EnableDnsSupport\":true}", "{\"EnableDnsSupport\":true}",
     "{\"EnableDnsSupport\":true}", NULL, ""},
    {VPC, "{\"EnableDnsSupport\":true}", "{\"EnableDnsSupport\":false}", "{\"EnableDnsSupport\":false}",
     "{\"EnableDnsSupport\":false}", NULL, "EnableDnsSupport spec"},
    {VPC, "{\"EnableDnsSupport\":true}", "{\"EnableDnsSupport\":true}", "{\"EnableDnsSupport\":true}",
     "{\"EnableDnsSupport\":false}", NULL, "EnableDnsSupport drift"},
    {VPC, "{\"EnableDnsSupport\":true}", "{\"EnableDnsSupport\":true}", "{\"EnableDnsSupport\":false}",
     "{\"EnableDnsSupport\":false}", NULL, "EnableDnsSupport kept"},
    {VPC, "{\"EnableDnsSupport\":true}", "{\"EnableDnsSupport\":true}", NULL, "{\"EnableDnsSupport\":false}",
     NULL, "EnableDnsSupport drift"},
    {VPC, "{\"EnableDnsSupport\":true}", "{\"EnableDnsSupport\":true}", "{}", "{}", NULL, ""},
    {VPC, "{\"EnableDnsHostnames\":false}", "{\"EnableDnsHostnames\":false}", "{}", "{}", NULL, ""},
    {VPC, "{\"EnableDnsSupport\":true}", "{}", "{}", "{\"EnableDnsSupport\":true}", NULL, ""},
    {VPC, "{\"EnableDnsSupport\":true}", "{\"EnableDnsSupport\":false}", "{\"EnableDnsSupport\":false}",
     "{\"EnableDnsSupport\":true}", NULL, ""},
    {VPC, "{\"InstanceTenancy\":\"default\"}", "{\"InstanceTenancy\":\"dedicated\"}", "{}",
     "{\"InstanceTenancy\":\"dedicated\"}", NULL, "InstanceTenancy spec"},
    {VPC, "{\"InstanceTenancy\":\"dedicated\"}", "{}", "{}", "{\"InstanceTenancy\":\"default\"}", NULL,
     "InstanceTenancy spec!"},
    {VPC, "{\"CidrBlock\":\"10.1.0.0/16\"}", "{\"CidrBlock\":\"10.0.0.0/16\"}",
     "{\"CidrBlock\":\"10.0.0.0/16\"}", "{\"CidrBlock\":\"10.0.0.0/16\"}", NULL, "CidrBlock spec!"},
    {LOGS, "{\"RetentionInDays\":7}", "{\"RetentionInDays\":7}", "{\"RetentionInDays\":7}",
     "{\"RetentionInDays\":\"7\"}", NULL, ""},
    {VPC, "{}", "{}", "{}", "{\"EnableDnsSupport\":true}", NULL, ""},
    {VPC, "{\"EnableDnsSupport\":true}", "{\"EnableDnsSupport\":true}", "{\"EnableDnsSupport\":false}", NULL,
     NULL, "EnableDnsSupport kept"},
    {VPC, "{\"EnableDnsSupport\":false}", "{\"EnableDnsSupport\":true}", "{\"EnableDnsSupport\":true}", NULL,
     NULL, "EnableDnsSupport spec"},
    {VPC, "{\"EnableDnsSupport\":true}", "{\"EnableDnsSupport\":true}", NULL, NULL, NULL, ""},
    {VPC, "{\"EnableDnsSupport\":false}", "{\"EnableDnsSupport\":true}", NULL, NULL, NULL,
     "EnableDnsSupport spec"},
    {LOGS, "{\"RetentionInDays\":14}", "{\"RetentionInDays\":7}", "{\"RetentionInDays\":7}",
     "{\"RetentionInDays\":30}", NULL, "RetentionInDays drift"},
    {LOGS, "{\"RetentionInDays\":14}", "{\"RetentionInDays\":7}", NULL, "{\"RetentionInDays\":30}", NULL,
     "RetentionInDays spec"},
    /* words */
    {RECORD, "{\"Name\":\"a.example\"}", "{\"Name\":\"a.example\"}", "{\"Name\":\"a.example.\"}",
     "{\"Name\":\"A.example.\"}", NULL, ""},
    {RECORD, "{\"AliasTarget\":{\"DNSName\":\"x.aws.\",\"HostedZoneId\":\"Z\"}}", "{}", "{}",
     "{\"AliasTarget\":{\"DNSName\":\"X.aws\",\"HostedZoneId\":\"Z\",\"EvaluateTargetHealth\":false}}", NULL,
     ""},
    {SERVICE, "{\"Cluster\":\"main\"}", "{}", "{}",
     "{\"Cluster\":\"arn:aws:ecs:us-east-1:123456789012:cluster/main\"}", NULL, ""},
    {SERVICE, "{\"Cluster\":\"other\"}", "{}", "{}",
     "{\"Cluster\":\"arn:aws:ecs:us-east-1:123456789012:cluster/main\"}", NULL, "Cluster spec!"},
    {ROLE, "{\"Description\":\"\\u00e9t\\u00e9\"}", "{\"Description\":\"\\u00e9t\\u00e9\"}", "{}",
     "{\"Description\":\"\\u00e9t\\u00e9\"}", NULL, ""},
    {ROLE, "{\"Description\":\"\\u00e9\"}", "{}", "{}", "{\"Description\":\"e\\u0301\"}", NULL,
     "Description spec"},
    /* removed */
    {VPC, "{}", "{\"EnableDnsSupport\":true}", "{\"EnableDnsSupport\":true}", "{\"EnableDnsSupport\":true}",
     NULL, ""},
    {VPC, "{}", "{\"EnableDnsSupport\":false}", "{\"EnableDnsSupport\":false}",
     "{\"EnableDnsSupport\":false}", NULL, "EnableDnsSupport removed"},
    {VPC, "{}", "{\"EnableDnsSupport\":false}", "{\"EnableDnsSupport\":false}", "{}", NULL, ""},
    {VPC, "{\"EnableDnsSupport\":null}", "{\"EnableDnsSupport\":false}", "{\"EnableDnsSupport\":false}",
     "{\"EnableDnsSupport\":false}", NULL, "EnableDnsSupport removed"},
    {LOGS, "{}", "{\"RetentionInDays\":7}", "{\"RetentionInDays\":7}", "{\"RetentionInDays\":7}", NULL,
     "RetentionInDays removed"},
    {VPC, "{}", "{\"InstanceTenancy\":\"default\"}", "{}", "{\"InstanceTenancy\":\"default\"}", NULL,
     "InstanceTenancy released"},
    {ROLE, "{}", "{\"Path\":\"/a/\"}", "{\"Path\":\"/a/\"}", "{\"Path\":\"/a/\"}", NULL, "Path removed!"},
    {ROLE, "{}", "{\"Path\":\"/\"}", "{\"Path\":\"/\"}", "{\"Path\":\"/\"}", NULL, ""},
    {TASK, "{}", "{\"Cpu\":\"256\"}", "{\"Cpu\":\"256\"}", "{\"Cpu\":\"256\"}", NULL, "Cpu removed!"},
    {TASK, "{}", "{\"Volumes\":[]}", "{\"Volumes\":[]}", "{\"Volumes\":[]}", NULL, ""},
    {TASK, "{}", "{\"EnableFaultInjection\":false}", "{}", "{}", NULL, ""},
    {SERVICE, "{}", "{\"VpcLatticeConfigurations\":[{\"PortName\":\"a\"}]}", "{}", "{}", NULL,
     "VpcLatticeConfigurations released"},
    /* maps */
    {SERVICE, "{\"NetworkConfiguration\": {\"AwsvpcConfiguration\": {\"AssignPublicIp\": \"ENABLED\"}}}",
     "{\"NetworkConfiguration\": {\"AwsvpcConfiguration\": {\"AssignPublicIp\": \"ENABLED\"}}}",
     "{\"NetworkConfiguration\": {\"AwsvpcConfiguration\": {\"AssignPublicIp\": \"ENABLED\"}}}",
     "{\"NetworkConfiguration\": {\"AwsvpcConfiguration\": {\"AssignPublicIp\": \"DISABLED\"}}}", NULL,
     "NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp drift"},
    {SERVICE, "{\"NetworkConfiguration\": {\"AwsvpcConfiguration\": {\"Subnets\": [\"a\"]}}}",
     "{\"NetworkConfiguration\": {\"AwsvpcConfiguration\": {\"Subnets\": [\"a\"], \"AssignPublicIp\": "
     "\"ENABLED\"}}}",
     "{\"NetworkConfiguration\": {\"AwsvpcConfiguration\": {\"Subnets\": [\"a\"], \"AssignPublicIp\": "
     "\"ENABLED\"}}}",
     "{\"NetworkConfiguration\": {\"AwsvpcConfiguration\": {\"Subnets\": [\"a\"], \"AssignPublicIp\": "
     "\"ENABLED\"}}}",
     NULL, "NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp removed"},
    {SERVICE, "{\"NetworkConfiguration\": {\"AwsvpcConfiguration\": {\"Subnets\": [\"a\"]}}}",
     "{\"NetworkConfiguration\": {\"AwsvpcConfiguration\": {\"Subnets\": [\"a\"], \"AssignPublicIp\": "
     "\"DISABLED\"}}}",
     "{}",
     "{\"NetworkConfiguration\": {\"AwsvpcConfiguration\": {\"Subnets\": [\"a\"], \"AssignPublicIp\": "
     "\"DISABLED\"}}}",
     NULL, ""},
    {SERVICE, "{\"NetworkConfiguration\": {\"AwsvpcConfiguration\": {\"Subnets\": [\"a\"]}}}",
     "{\"NetworkConfiguration\": {\"AwsvpcConfiguration\": {\"Subnets\": [\"a\"]}}}",
     "{\"NetworkConfiguration\": {\"AwsvpcConfiguration\": {\"Subnets\": [\"a\"]}}}",
     "{\"NetworkConfiguration\": {\"AwsvpcConfiguration\": {\"Subnets\": [\"a\"], \"SecurityGroups\": "
     "[\"sg\"]}}}",
     NULL, ""},
    {SERVICE, "{\"NetworkConfiguration\": {\"AwsvpcConfiguration\": {\"Subnets\": [\"a\"]}}}", "{}", "{}",
     "{}", NULL, "NetworkConfiguration spec"},
    /* lists */
    {TASK, "{\"ContainerDefinitions\": [{\"Name\": \"a\", \"Command\": [\"x\", \"y\"]}]}",
     "{\"ContainerDefinitions\": [{\"Name\": \"a\", \"Command\": [\"x\", \"y\"]}]}",
     "{\"ContainerDefinitions\": [{\"Name\": \"a\", \"Command\": [\"x\", \"y\"]}]}",
     "{\"ContainerDefinitions\": [{\"Name\": \"a\", \"Command\": [\"x\", \"y\"]}]}", NULL, ""},
    {TASK, "{\"ContainerDefinitions\": [{\"Name\": \"a\", \"Command\": [\"x\", \"y\"]}]}",
     "{\"ContainerDefinitions\": [{\"Name\": \"a\", \"Command\": [\"x\", \"z\"]}]}",
     "{\"ContainerDefinitions\": [{\"Name\": \"a\", \"Command\": [\"x\", \"z\"]}]}",
     "{\"ContainerDefinitions\": [{\"Name\": \"a\", \"Command\": [\"x\", \"z\"]}]}", NULL,
     "ContainerDefinitions[\"a\"].Command[1] spec!"},
    {TASK, "{\"ContainerDefinitions\": [{\"Name\": \"a\", \"Command\": [\"x\", \"y\"]}]}",
     "{\"ContainerDefinitions\": [{\"Name\": \"a\", \"Command\": [\"y\", \"x\"]}]}",
     "{\"ContainerDefinitions\": [{\"Name\": \"a\", \"Command\": [\"y\", \"x\"]}]}",
     "{\"ContainerDefinitions\": [{\"Name\": \"a\", \"Command\": [\"y\", \"x\"]}]}", NULL,
     "ContainerDefinitions[\"a\"].Command[0] spec!; ContainerDefinitions[\"a\"].Command[1] spec!"},
    {TASK, "{\"ContainerDefinitions\": [{\"Name\": \"a\", \"Command\": [\"x\"]}]}",
     "{\"ContainerDefinitions\": [{\"Name\": \"a\", \"Command\": [\"x\", \"y\"]}]}",
     "{\"ContainerDefinitions\": [{\"Name\": \"a\", \"Command\": [\"x\", \"y\"]}]}",
     "{\"ContainerDefinitions\": [{\"Name\": \"a\", \"Command\": [\"x\", \"y\"]}]}", NULL,
     "ContainerDefinitions[\"a\"].Command spec!"},
    {TASK, "{\"ContainerDefinitions\": [{\"Name\": \"a\", \"Command\": [\"x\", \"y\"]}]}",
     "{\"ContainerDefinitions\": [{\"Name\": \"a\", \"Command\": [\"x\", \"y\"]}]}",
     "{\"ContainerDefinitions\": [{\"Name\": \"a\", \"Command\": [\"x\", \"y\"]}]}",
     "{\"ContainerDefinitions\": [{\"Name\": \"a\", \"Command\": [\"x\"]}]}", NULL,
     "ContainerDefinitions[\"a\"].Command drift!"},
    /* keyed */
    {BUCKET,
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}, {\"Id\": \"b\", \"Status\": \"Enabled\", \"ExpirationInDays\": 2}]}}",
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"b\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 2}, {\"Id\": \"a\", \"Status\": \"Enabled\", \"ExpirationInDays\": 1}]}}",
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}, {\"Id\": \"b\", \"Status\": \"Enabled\", \"ExpirationInDays\": 2}]}}",
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"b\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 2}, {\"Id\": \"a\", \"Status\": \"Enabled\", \"ExpirationInDays\": 1}]}}",
     NULL, ""},
    {BUCKET,
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}, {\"Id\": \"b\", \"Status\": \"Enabled\", \"ExpirationInDays\": 2}]}}",
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}]}}",
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}]}}",
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}]}}",
     NULL, "LifecycleConfiguration.Rules[\"b\"] spec"},
    {BUCKET,
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}]}}",
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}, {\"Id\": \"b\", \"Status\": \"Enabled\", \"ExpirationInDays\": 2}]}}",
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}, {\"Id\": \"b\", \"Status\": \"Enabled\", \"ExpirationInDays\": 2}]}}",
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}, {\"Id\": \"b\", \"Status\": \"Enabled\", \"ExpirationInDays\": 2}]}}",
     NULL, "LifecycleConfiguration.Rules[\"b\"] removed"},
    {BUCKET,
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}]}}",
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}]}}",
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}]}}",
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}, {\"Id\": \"b\", \"Status\": \"Enabled\", \"ExpirationInDays\": 2}]}}",
     NULL, "LifecycleConfiguration.Rules[\"b\"] drift"},
    {BUCKET,
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}]}}",
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}]}}",
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}, {\"Id\": \"b\", \"Status\": \"Enabled\", \"ExpirationInDays\": 2}]}}",
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}, {\"Id\": \"b\", \"Status\": \"Enabled\", \"ExpirationInDays\": 2}]}}",
     NULL, ""},
    {BUCKET,
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}, {\"Id\": \"b\", \"Status\": \"Enabled\", \"ExpirationInDays\": 2}]}}",
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}, {\"Id\": \"b\", \"Status\": \"Enabled\", \"ExpirationInDays\": 2}]}}",
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}, {\"Id\": \"b\", \"Status\": \"Enabled\", \"ExpirationInDays\": 2}]}}",
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}]}}",
     NULL, "LifecycleConfiguration.Rules[\"b\"] drift"},
    {BUCKET,
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 9}]}}",
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}]}}",
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}]}}",
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}]}}",
     NULL, "LifecycleConfiguration.Rules[\"a\"].ExpirationInDays spec"},
    {BUCKET, "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\"}]}}",
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}]}}",
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}]}}",
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}]}}",
     NULL, "LifecycleConfiguration.Rules[\"a\"].ExpirationInDays removed"},
    {BUCKET,
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\\\"]\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}]}}",
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\\\"]\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 2}]}}",
     "{}",
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\\\"]\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 2}]}}",
     NULL, "LifecycleConfiguration.Rules[\"a\\\"]\"].ExpirationInDays spec"},
    /* sets */
    {GROUP,
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}, {\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.1.0.0/16\", \"Description\": \"y\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}, {\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.1.0.0/16\", \"Description\": \"y\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}, {\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.1.0.0/16\", \"Description\": \"y\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.1.0.0/16\", \"Description\": "
     "\"y\"}, {\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": \"x\"}]}",
     NULL, ""},
    {GROUP,
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}, {\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.1.0.0/16\", \"Description\": \"y\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}]}",
     NULL, "SecurityGroupIngress[] +spec"},
    {GROUP,
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}, {\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.1.0.0/16\", \"Description\": \"y\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}, {\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.1.0.0/16\", \"Description\": \"y\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}, {\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.1.0.0/16\", \"Description\": \"y\"}]}",
     NULL, "SecurityGroupIngress[] -spec"},
    {GROUP,
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}, {\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.1.0.0/16\", \"Description\": \"y\"}]}",
     NULL, "SecurityGroupIngress[] -drift"},
    {GROUP,
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}, {\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.1.0.0/16\", \"Description\": \"y\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}, {\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.1.0.0/16\", \"Description\": \"y\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}, {\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.1.0.0/16\", \"Description\": \"y\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}]}",
     NULL, "SecurityGroupIngress[] +drift"},
    {GROUP,
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}, {\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.1.0.0/16\", \"Description\": \"y\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}, {\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.1.0.0/16\", \"Description\": \"y\"}]}",
     NULL, "SecurityGroupIngress kept"},
    {GROUP, "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}]}",
     NULL, ""},
    {GROUP, "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}]}",
     NULL, "SecurityGroupIngress[] +spec; SecurityGroupIngress[] -spec"},
    {GROUP, "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\"}]}", NULL, ""},
    {GROUP,
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\"}, {\"IpProtocol\": "
     "\"tcp\", \"CidrIp\": \"10.1.0.0/16\", \"Description\": \"y\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}, {\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.1.0.0/16\", \"Description\": \"y\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}, {\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.1.0.0/16\", \"Description\": \"y\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.1.0.0/16\", \"Description\": "
     "\"y\"}, {\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": \"x\"}]}",
     NULL, "SecurityGroupIngress[] +spec; SecurityGroupIngress[] -spec"},
    {GROUP,
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\"}, {\"IpProtocol\": "
     "\"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": \"b\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\"}, {\"IpProtocol\": "
     "\"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": \"b\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\"}, {\"IpProtocol\": "
     "\"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": \"b\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"b\"}, {\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": \"x\"}]}",
     NULL, ""},
    {GROUP,
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\"}, {\"IpProtocol\": "
     "\"tcp\", \"CidrIp\": \"10.0.0.0/8\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\"}]}", NULL,
     "SecurityGroupIngress[] +spec"},
    {GROUP, "{}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}]}",
     "{\"SecurityGroupIngress\": [{\"IpProtocol\": \"tcp\", \"CidrIp\": \"10.0.0.0/8\", \"Description\": "
     "\"x\"}]}",
     NULL, "SecurityGroupIngress removed"},
    {GROUP, "{\"SecurityGroupIngress\":[]}", "{}", "{}", "{}", NULL, ""},
    {RECORD, "{\"ResourceRecords\":[\"1\",\"2\"]}", "{}", "{}", "{\"ResourceRecords\":[\"2\",\"1\"]}", NULL,
     ""},
    /* tags */
    {VPC, "{\"Tags\": [{\"Key\": \"a\", \"Value\": \"1\"}, {\"Key\": \"b\", \"Value\": \"2\"}]}",
     "{\"Tags\": [{\"Key\": \"b\", \"Value\": \"2\"}, {\"Key\": \"a\", \"Value\": \"1\"}]}",
     "{\"Tags\": [{\"Key\": \"a\", \"Value\": \"1\"}, {\"Key\": \"b\", \"Value\": \"2\"}]}",
     "{\"Tags\": [{\"Key\": \"b\", \"Value\": \"2\"}, {\"Key\": \"a\", \"Value\": \"1\"}]}", NULL, ""},
    {VPC, "{\"Tags\": [{\"Key\": \"a\", \"Value\": \"2\"}]}",
     "{\"Tags\": [{\"Key\": \"a\", \"Value\": \"1\"}]}", "{\"Tags\": [{\"Key\": \"a\", \"Value\": \"1\"}]}",
     "{\"Tags\": [{\"Key\": \"a\", \"Value\": \"1\"}]}", NULL, "Tags[\"a\"].Value spec"},
    {VPC, "{\"Tags\": [{\"Key\": \"a\", \"Value\": \"1\"}]}",
     "{\"Tags\": [{\"Key\": \"a\", \"Value\": \"1\"}]}", "{\"Tags\": [{\"Key\": \"a\", \"Value\": \"1\"}]}",
     "{\"Tags\": [{\"Key\": \"a\", \"Value\": \"1\"}, {\"Key\": \"other\", \"Value\": \"x\"}]}", NULL, ""},
    {VPC, "{\"Tags\": [{\"Key\": \"a\", \"Value\": \"1\"}]}",
     "{\"Tags\": [{\"Key\": \"a\", \"Value\": \"1\"}, {\"Key\": \"b\", \"Value\": \"2\"}]}",
     "{\"Tags\": [{\"Key\": \"a\", \"Value\": \"1\"}, {\"Key\": \"b\", \"Value\": \"2\"}]}",
     "{\"Tags\": [{\"Key\": \"a\", \"Value\": \"1\"}, {\"Key\": \"b\", \"Value\": \"2\"}]}", NULL,
     "Tags[\"b\"] removed"},
    {VPC, "{\"Tags\": [{\"Key\": \"a\", \"Value\": \"1\"}]}",
     "{\"Tags\": [{\"Key\": \"a\", \"Value\": \"1\"}, {\"Key\": \"b\", \"Value\": \"2\"}]}",
     "{\"Tags\": [{\"Key\": \"a\", \"Value\": \"1\"}, {\"Key\": \"b\", \"Value\": \"2\"}]}",
     "{\"Tags\": [{\"Key\": \"a\", \"Value\": \"1\"}]}", NULL, ""},
    {VPC, "{\"Tags\": [{\"Key\": \"a\", \"Value\": \"1\"}, {\"Key\": \"b\", \"Value\": \"2\"}]}",
     "{\"Tags\": [{\"Key\": \"a\", \"Value\": \"1\"}]}", "{\"Tags\": [{\"Key\": \"a\", \"Value\": \"1\"}]}",
     "{\"Tags\": [{\"Key\": \"a\", \"Value\": \"1\"}]}", NULL, "Tags[\"b\"] spec"},
    {VPC, "{}", "{\"Tags\": [{\"Key\": \"a\", \"Value\": \"1\"}]}",
     "{\"Tags\": [{\"Key\": \"a\", \"Value\": \"1\"}]}",
     "{\"Tags\": [{\"Key\": \"a\", \"Value\": \"1\"}, {\"Key\": \"x\", \"Value\": \"y\"}]}", NULL,
     "Tags[\"a\"] removed"},
    /* documents */
    {ROLE,
     "{\"AssumeRolePolicyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":\"a\"}]}}",
     "{\"AssumeRolePolicyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":\"a\"}]}}",
     "{\"AssumeRolePolicyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":[\"a\"]}]}}",
     "{\"AssumeRolePolicyDocument\":\"{\\\"Statement\\\":{\\\"Action\\\":[\\\"a\\\"],\\\"Effect\\\":"
     "\\\"Allow\\\"},\\\"Version\\\":\\\"2012-10-17\\\"}\"}",
     NULL, ""},
    {ROLE,
     "{\"AssumeRolePolicyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":[\"a\",\"b\"]}]}}",
     "{\"AssumeRolePolicyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":\"a\"}]}}",
     "{\"AssumeRolePolicyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":\"a\"}]}}",
     "{\"AssumeRolePolicyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":[\"b\",\"a\"]}]}}",
     NULL, ""},
    {ROLE,
     "{\"AssumeRolePolicyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":\"a\"}]}}",
     "{\"AssumeRolePolicyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":\"a\"}]}}",
     "{\"AssumeRolePolicyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":\"a\"}]}}",
     "{\"AssumeRolePolicyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":\"b\"}]}}",
     NULL, "AssumeRolePolicyDocument drift"},
    {ROLE,
     "{\"AssumeRolePolicyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":\"a\"}]}}",
     "{\"AssumeRolePolicyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":\"a\",\"Sid\":\"x\"}]}}",
     "{\"AssumeRolePolicyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":\"a\",\"Sid\":\"x\"}]}}",
     "{\"AssumeRolePolicyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":\"a\",\"Sid\":\"x\"}]}}",
     NULL, "AssumeRolePolicyDocument spec"},
    {ROLE,
     "{\"AssumeRolePolicyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":\"a\"}]}}",
     "{\"AssumeRolePolicyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":\"a\"}]}}",
     "{\"AssumeRolePolicyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":\"a\"}]}}",
     "{\"AssumeRolePolicyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":\"a\",\"Sid\":\"x\"}]}}",
     NULL, "AssumeRolePolicyDocument drift"},
    /* unknowns and secrets */
    {VPC, "{\"EnableDnsSupport\":{\"$unknown\":{\"address\":\"x\",\"path\":\"Id\",\"kind\":\"string\"}}}",
     "{\"EnableDnsSupport\":true}", "{\"EnableDnsSupport\":true}", "{\"EnableDnsSupport\":true}", NULL,
     "EnableDnsSupport unknown"},
    {VPC, "{\"CidrBlock\":{\"$unknown\":{\"address\":\"x\",\"path\":\"Id\",\"kind\":\"string\"}}}",
     "{\"CidrBlock\":\"10.0.0.0/16\"}", "{}", "{\"CidrBlock\":\"10.0.0.0/16\"}", NULL, "CidrBlock unknown!?"},
    {TASK,
     "{\"ContainerDefinitions\":[{\"Name\":\"a\",\"Environment\":[{\"Name\":\"T\",\"Value\":{\"$secret\":"
     "\"env:A\"}}]}]}",
     "{\"ContainerDefinitions\":[{\"Name\":\"a\",\"Environment\":[{\"Name\":\"T\",\"Value\":{\"$secret\":"
     "\"env:A\"}}]}]}",
     "{}", "{\"ContainerDefinitions\":[{\"Name\":\"a\",\"Environment\":[{\"Name\":\"T\",\"Value\":\"x\"}]}]}",
     NULL, ""},
    {TASK,
     "{\"ContainerDefinitions\":[{\"Name\":\"a\",\"Environment\":[{\"Name\":\"T\",\"Value\":{\"$secret\":"
     "\"env:B\"}}]}]}",
     "{\"ContainerDefinitions\":[{\"Name\":\"a\",\"Environment\":[{\"Name\":\"T\",\"Value\":{\"$secret\":"
     "\"env:A\"}}]}]}",
     "{}", "{\"ContainerDefinitions\":[{\"Name\":\"a\",\"Environment\":[{\"Name\":\"T\",\"Value\":\"x\"}]}]}",
     NULL, "ContainerDefinitions[\"a\"].Environment[\"T\"].Value spec!"},
    {TASK, "{\"ContainerDefinitions\":[{\"Name\":\"a\",\"Environment\":[{\"Name\":\"T\",\"Value\":\"x\"}]}]}",
     "{\"ContainerDefinitions\":[{\"Name\":\"a\",\"Environment\":[{\"Name\":\"T\",\"Value\":{\"$secret\":"
     "\"env:A\"}}]}]}",
     "{}", "{\"ContainerDefinitions\":[{\"Name\":\"a\",\"Environment\":[{\"Name\":\"T\",\"Value\":\"x\"}]}]}",
     NULL, ""},
    {TASK,
     "{\"ContainerDefinitions\":[{\"Name\":\"a\",\"Environment\":[{\"Name\":\"T\",\"Value\":{\"$unknown\":{"
     "\"address\":\"x\",\"path\":\"Id\",\"kind\":\"string\"}}}]}]}",
     "{\"ContainerDefinitions\":[{\"Name\":\"a\",\"Environment\":[{\"Name\":\"T\",\"Value\":\"x\"}]}]}", "{}",
     "{\"ContainerDefinitions\":[{\"Name\":\"a\",\"Environment\":[{\"Name\":\"T\",\"Value\":\"x\"}]}]}", NULL,
     "ContainerDefinitions[\"a\"].Environment[\"T\"].Value unknown!?"},
    {SERVICE, "{\"VpcLatticeConfigurations\":[{\"PortName\":\"a\"}]}",
     "{\"VpcLatticeConfigurations\":[{\"PortName\":\"a\"}]}", "{}", "{}", NULL, ""},
    {SERVICE, "{\"VpcLatticeConfigurations\":[{\"PortName\":\"a\"}]}",
     "{\"VpcLatticeConfigurations\":[{\"PortName\":\"a\",\"RoleArn\":\"r\"}]}", "{}", "{}", NULL,
     "VpcLatticeConfigurations spec"},
    /* ignored and unconfirmed */
    {VPC, "{\"EnableDnsSupport\":true}", "{\"EnableDnsSupport\":false}", "{\"EnableDnsSupport\":false}",
     "{\"EnableDnsSupport\":false}", "EnableDnsSupport", ""},
    {BUCKET,
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}, {\"Id\": \"b\", \"Status\": \"Enabled\", \"ExpirationInDays\": 2}]}}",
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}, {\"Id\": \"b\", \"Status\": \"Enabled\", \"ExpirationInDays\": 2}]}}",
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}, {\"Id\": \"b\", \"Status\": \"Enabled\", \"ExpirationInDays\": 2}]}}",
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 7}, {\"Id\": \"b\", \"Status\": \"Enabled\", \"ExpirationInDays\": 7}]}}",
     "LifecycleConfiguration.Rules[\"a\"].ExpirationInDays",
     "LifecycleConfiguration.Rules[\"b\"].ExpirationInDays drift"},
    {BUCKET,
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}, {\"Id\": \"b\", \"Status\": \"Enabled\", \"ExpirationInDays\": 2}]}}",
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}, {\"Id\": \"b\", \"Status\": \"Enabled\", \"ExpirationInDays\": 2}]}}",
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 1}, {\"Id\": \"b\", \"Status\": \"Enabled\", \"ExpirationInDays\": 2}]}}",
     "{\"LifecycleConfiguration\": {\"Rules\": [{\"Id\": \"a\", \"Status\": \"Enabled\", "
     "\"ExpirationInDays\": 7}, {\"Id\": \"b\", \"Status\": \"Enabled\", \"ExpirationInDays\": 7}]}}",
     "LifecycleConfiguration.Rules[*].ExpirationInDays", ""},
    {TASK, "{\"ContainerDefinitions\": [{\"Name\": \"a\", \"Command\": [\"x\", \"y\"]}]}",
     "{\"ContainerDefinitions\": [{\"Name\": \"a\", \"Command\": [\"x\", \"y\"]}]}",
     "{\"ContainerDefinitions\": [{\"Name\": \"a\", \"Command\": [\"x\", \"y\"]}]}",
     "{\"ContainerDefinitions\": [{\"Name\": \"a\", \"Command\": [\"z\", \"z\"]}]}",
     "ContainerDefinitions[*].Command[0]", "ContainerDefinitions[\"a\"].Command[1] drift!"},
    {SERVICE, "{\"VpcLatticeConfigurations\":[{\"PortName\":\"a\"}]}",
     "{\"VpcLatticeConfigurations\":[{\"PortName\":\"a\"}]}", "{}", "{}", "~VpcLatticeConfigurations",
     "VpcLatticeConfigurations unconfirmed"},
    /* what an interrupted call carried is no drift; without a read it is sent again */
    {VPC, "{\"EnableDnsSupport\":true}", "{\"EnableDnsSupport\":true}", "{}", "{\"EnableDnsSupport\":false}",
     "~EnableDnsSupport", "EnableDnsSupport unconfirmed"},
    {VPC, "{\"EnableDnsSupport\":true}", "{\"EnableDnsSupport\":true}", "{}", "{\"EnableDnsSupport\":true}",
     "~EnableDnsSupport", ""},
    {VPC, "{\"EnableDnsSupport\":false}", "{\"EnableDnsSupport\":true}", "{}", "{\"EnableDnsSupport\":true}",
     "~EnableDnsSupport", "EnableDnsSupport spec"},
    {VPC, "{\"EnableDnsSupport\":true}", "{\"EnableDnsSupport\":true}", "{}", NULL, "~EnableDnsSupport",
     "EnableDnsSupport unconfirmed"},
    {VPC, "{}", "{\"EnableDnsHostnames\":true}", "{}", NULL, "~EnableDnsHostnames",
     "EnableDnsHostnames removed"},
    {VPC, "{}", "{\"EnableDnsHostnames\":true}", "{}", "{\"EnableDnsHostnames\":false}",
     "~EnableDnsHostnames", ""},
    /* both forms of an element are known, and none is left beside the wanted one */
    {GROUP, "{\"SecurityGroupIngress\":[{\"IpProtocol\":\"tcp\",\"FromPort\":80,\"ToPort\":80}]}",
     "{\"SecurityGroupIngress\":[{\"IpProtocol\":\"tcp\",\"FromPort\":80,\"ToPort\":80},"
     "{\"IpProtocol\":\"tcp\",\"FromPort\":80,\"ToPort\":80,\"Description\":\"x\"}]}",
     "{}",
     "{\"SecurityGroupIngress\":[{\"IpProtocol\":\"tcp\",\"FromPort\":80,\"ToPort\":80,\"Description\":\"x\"}"
     "]}",
     "~SecurityGroupIngress", "SecurityGroupIngress[] +unconfirmed; SecurityGroupIngress[] -spec"},
};

static const struct value *decoded(struct world *w, const char *text) {
  const struct value *v = json(w, text), *out = NULL;
  if (v) CHECK_INT(value_decode(&w->s, w->a, v, &out), QN_OK);
  return out;
}

static const char *const words[] = {
    [WHY_SPEC] = "spec",         [WHY_DRIFT] = "drift",     [WHY_REMOVED] = "removed",
    [WHY_RELEASED] = "released", [WHY_UNKNOWN] = "unknown", [WHY_UNCONFIRMED] = "unconfirmed",
    [WHY_KEPT] = "kept"};

static struct str leaves_text(struct world *w, const struct leaf_change *l, uint32_t n) {
  struct buf b = BUF_INIT((size_t)1 << 16);
  for (uint32_t i = 0; i < n; i++) {
    bool element = str_ends(l[i].path, STR("[]"));
    buf_addf(&b, "%s%.*s %s%s%s%s", i ? "; " : "", SV(l[i].path),
             !element      ? ""
             : l[i].before ? "-"
                           : "+",
             words[l[i].why], l[i].forces_replace ? "!" : "", l[i].if_changed ? "?" : "");
  }
  struct str out = str_dup(w->a, buf_str(&b));
  buf_release(&b);
  return out;
}

static void one_row(struct world *w, const struct row *r) {
  struct diff_input in = {.def = must_find(w, r->type),
                          .schema = w->sc,
                          .wanted = decoded(w, r->wanted),
                          .applied = decoded(w, r->applied),
                          .seen = decoded(w, r->seen),
                          .live = decoded(w, r->live)};
  struct str option = str_c(r->option ? r->option : "");
  CHECK(schema_type(w->sc, str_c(r->type), &in.type));
  if (option.n && option.p[0] == '~') {
    option = str_sub(option, 1, option.n);
    in.unconfirmed = &option, in.n_unconfirmed = 1;
  } else if (option.n) {
    in.ignore = &option, in.n_ignore = 1;
  }
  const struct leaf_change *leaves;
  uint32_t n;
  diff_leaves(&w->s, w->a, &in, &leaves, &n);
  struct str got = leaves_text(w, leaves, n);
  CHECK_STR(got, str_c(r->leaves));
  if (!str_eq(got, str_c(r->leaves)))
    printf("in row %d: %s wanted %s applied %s\n", (int)(r - rows), r->type, r->wanted, r->applied);
}

TEST(every_row_comes_out_as_written) {
  struct world w;
  world_open(&w);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) one_row(&w, &rows[i]);
  CHECK(sizeof rows / sizeof *rows >= 60);
  world_close(&w);
}

/* ---- interrupted calls --------------------------------------------------------------------- */

struct lost_row {
  const char *type, *applied, *wanted, *path, *both;
};
static const struct lost_row lost_rows[] = {
    /* scalars: new, changed, not carried */
    {VPC, "{}", "{\"EnableDnsSupport\":true}", "EnableDnsSupport", "{\"EnableDnsSupport\":true}"},
    {VPC, "{\"EnableDnsSupport\":false}", "{\"EnableDnsSupport\":true}", "EnableDnsSupport",
     "{\"EnableDnsSupport\":true}"},
    {VPC, "{}", "{\"EnableDnsHostnames\":true,\"EnableDnsSupport\":true}", "EnableDnsSupport",
     "{\"EnableDnsSupport\":true}"},
    /* taken away: it may still be there */
    {VPC, "{\"EnableDnsSupport\":false}", "{}", "EnableDnsSupport", "{\"EnableDnsSupport\":false}"},
    /* a tag renamed */
    {VPC, "{\"Tags\":[{\"Key\":\"a\",\"Value\":\"1\"}]}", "{\"Tags\":[{\"Key\":\"b\",\"Value\":\"1\"}]}",
     "Tags", "{\"Tags\":[{\"Key\":\"b\",\"Value\":\"1\"},{\"Key\":\"a\",\"Value\":\"1\"}]}"},
    {VPC, "{\"Tags\":[{\"Key\":\"a\",\"Value\":\"1\"}]}", "{\"Tags\":[{\"Key\":\"a\",\"Value\":\"2\"}]}",
     "Tags", "{\"Tags\":[{\"Key\":\"a\",\"Value\":\"2\"}]}"},
    /* members of a map, all of it or one */
    {BUCKET, "{\"VersioningConfiguration\":{\"Status\":\"Enabled\"}}",
     "{\"VersioningConfiguration\":{\"MfaDelete\":\"x\",\"Other\":1}}", "VersioningConfiguration.MfaDelete",
     "{\"VersioningConfiguration\":{\"MfaDelete\":\"x\",\"Status\":\"Enabled\"}}"},
    /* members of a set */
    {GROUP, "{\"SecurityGroupIngress\":[{\"FromPort\":1},{\"FromPort\":2}]}",
     "{\"SecurityGroupIngress\":[{\"FromPort\":2},{\"FromPort\":3}]}", "SecurityGroupIngress",
     "{\"SecurityGroupIngress\":[{\"FromPort\":2},{\"FromPort\":3},{\"FromPort\":1}]}"},
    /* a secret stays a reference */
    {SERVICE, "{\"VpcLatticeConfigurations\":[{\"PortName\":{\"$secret\":\"env:A\"}}]}",
     "{\"VpcLatticeConfigurations\":[{\"PortName\":{\"$secret\":\"env:B\"}}]}", "VpcLatticeConfigurations",
     "{\"VpcLatticeConfigurations\":[{\"PortName\":{\"$secret\":\"env:B\"}}]}"},
};

TEST(what_a_lost_call_carried_is_managed) {
  struct world w;
  world_open(&w);
  for (size_t i = 0; i < sizeof lost_rows / sizeof *lost_rows; i++) {
    const struct lost_row *row = &lost_rows[i];
    struct str path = str_c(row->path), top;
    struct intent in = {.kind = 'u', .paths = &path, .n_paths = 1};
    struct sres r = {.applied = decoded(&w, row->applied), .wanted = decoded(&w, row->wanted)};
    r.seen = r.applied;
    VEC_PUSH(w.a, &r.open, in);
    struct sres once = plan_with_lost(&w.s, must_find(&w, row->type), &r), twice;
    const struct value *plain;
    CHECK_INT(value_encode(&w.s, w.a, once.applied, &plain), QN_OK);
    CHECK_STR(json_text(&w, plain), str_c(row->both));
    str_cut(path, '.', &top);
    CHECK(!value_get(&w.s, once.seen, top));
    CHECK_INT(once.unconfirmed.n, 1);
    CHECK_STR(once.unconfirmed.v[0], path);
    twice = plan_with_lost(&w.s, must_find(&w, row->type), &once); /* killed while it was settled */
    CHECK(value_eq(&w.s, once.applied, twice.applied));
    CHECK_INT(twice.unconfirmed.n, 1);
    r.open.v[0].kind = 'd';
    CHECK(plan_with_lost(&w.s, must_find(&w, row->type), &r).applied == r.applied);
    if (unit_failed) printf("row %zu\n", i);
  }
  world_close(&w);
}

TEST_MAIN(CASE(every_row_comes_out_as_written), CASE(what_a_lost_call_carried_is_managed))

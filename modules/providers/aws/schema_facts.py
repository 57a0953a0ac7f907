"""What the resource schemas leave unsaid, for generate_schema.py: which strings hold the id, arn or name
of another resource, how such texts look, and rules between properties that AWS's API references state.

A format is Type.Kind with Kind one of Id, Arn, Name where the type has one that is called so.
Sources: the CloudFormation reference page of each type (property descriptions), and for the form of ids
the EC2 API reference ("Resource IDs": 8 or 17 hexadecimal digits after the prefix)."""

KMS = ["AWS::KMS::Key.Arn", "AWS::KMS::Key.Id", "AWS::KMS::Alias.AliasName"]
NAMESPACE = ["AWS::ServiceDiscovery::HttpNamespace.Arn", "AWS::ServiceDiscovery::PrivateDnsNamespace.Arn",
             "AWS::ServiceDiscovery::PublicDnsNamespace.Arn", "AWS::ServiceDiscovery::HttpNamespace.Name",
             "AWS::ServiceDiscovery::PrivateDnsNamespace.Name"]

# type -> path -> format, or formats of which one must fit. These win over what the schema says.
FORMATS = {
    "AWS::EC2::VPC": {
        "DefaultNetworkAcl": "AWS::EC2::NetworkAcl.Id",
        "Ipv4IpamPoolId": "AWS::EC2::IPAMPool.Id",
        "Ipv6CidrBlocks[]": "ipv6-network",
    },
    "AWS::EC2::Subnet": {
        "Ipv4IpamPoolId": "AWS::EC2::IPAMPool.Id",
        "Ipv6IpamPoolId": "AWS::EC2::IPAMPool.Id",
        "Ipv6CidrBlocks[]": "ipv6-network",
        "NetworkAclAssociationId": "AWS::EC2::SubnetNetworkAclAssociation.AssociationId",
        "OutpostArn": "AWS::Outposts::Outpost.Arn",
    },
    "AWS::EC2::SecurityGroup": {
        "SecurityGroupEgress[].DestinationPrefixListId": "AWS::EC2::PrefixList.Id",
        "SecurityGroupIngress[].SourcePrefixListId": "AWS::EC2::PrefixList.Id",
    },
    "AWS::EC2::InternetGateway": {"InternetGatewayId": "AWS::EC2::InternetGateway.Id"},
    "AWS::EC2::VPCGatewayAttachment": {
        "InternetGatewayId": "AWS::EC2::InternetGateway.Id",
        "VpnGatewayId": "AWS::EC2::VPNGateway.Id",
    },
    "AWS::EC2::RouteTable": {"RouteTableId": "AWS::EC2::RouteTable.Id"},
    "AWS::EC2::Route": {
        "CarrierGatewayId": "AWS::EC2::CarrierGateway.Id",
        "CoreNetworkArn": "AWS::NetworkManager::CoreNetwork.Arn",
        "DestinationIpv6CidrBlock": "ipv6-network",
        "DestinationPrefixListId": "AWS::EC2::PrefixList.Id",
        "EgressOnlyInternetGatewayId": "AWS::EC2::EgressOnlyInternetGateway.Id",
        "GatewayId": ["AWS::EC2::InternetGateway.Id", "AWS::EC2::VPNGateway.Id"],
        "InstanceId": "AWS::EC2::Instance.Id",
        "LocalGatewayId": "AWS::EC2::LocalGateway.Id",
        "NatGatewayId": "AWS::EC2::NatGateway.Id",
        "NetworkInterfaceId": "AWS::EC2::NetworkInterface.Id",
        "RouteTableId": "AWS::EC2::RouteTable.Id",
        "TransitGatewayId": "AWS::EC2::TransitGateway.Id",
        "VpcEndpointId": "AWS::EC2::VPCEndpoint.Id",
        "VpcPeeringConnectionId": "AWS::EC2::VPCPeeringConnection.Id",
    },
    "AWS::EC2::EIP": {
        "AllocationId": "AWS::EC2::EIP.AllocationId",
        "InstanceId": "AWS::EC2::Instance.Id",
        "IpamPoolId": "AWS::EC2::IPAMPool.Id",
    },
    "AWS::EC2::NatGateway": {
        "AllocationId": "AWS::EC2::EIP.AllocationId",
        "EniId": "AWS::EC2::NetworkInterface.Id",
        "NatGatewayId": "AWS::EC2::NatGateway.Id",
        "RouteTableId": "AWS::EC2::RouteTable.Id",
        "SecondaryAllocationIds[]": "AWS::EC2::EIP.AllocationId",
    },
    "AWS::EC2::VPCEndpoint": {
        "Id": "AWS::EC2::VPCEndpoint.Id",
        "NetworkInterfaceIds[]": "AWS::EC2::NetworkInterface.Id",
    },
    "AWS::EC2::NetworkAcl": {"Id": "AWS::EC2::NetworkAcl.Id"},
    "AWS::EC2::NetworkAclEntry": {"NetworkAclId": "AWS::EC2::NetworkAcl.Id"},
    "AWS::EC2::SubnetNetworkAclAssociation": {
        "AssociationId": "AWS::EC2::SubnetNetworkAclAssociation.AssociationId",
        "NetworkAclId": "AWS::EC2::NetworkAcl.Id",
    },
    "AWS::EC2::SubnetRouteTableAssociation": {
        "Id": "AWS::EC2::SubnetRouteTableAssociation.Id",
        "RouteTableId": "AWS::EC2::RouteTable.Id",
    },
    "AWS::S3::Bucket": {
        "Arn": "AWS::S3::Bucket.Arn",
        "AnalyticsConfigurations[].StorageClassAnalysis.DataExport.Destination.BucketArn": "AWS::S3::Bucket.Arn",
        "InventoryConfigurations[].Destination.BucketArn": "AWS::S3::Bucket.Arn",
        "LoggingConfiguration.DestinationBucketName": "AWS::S3::Bucket.Name",
        "MetadataTableConfiguration.S3TablesDestination.TableBucketArn": "AWS::S3Tables::TableBucket.Arn",
        "MetricsConfigurations[].AccessPointArn": "AWS::S3::AccessPoint.Arn",
        "NotificationConfiguration.LambdaConfigurations[].Function": "AWS::Lambda::Function.Arn",
        "NotificationConfiguration.QueueConfigurations[].Queue": "AWS::SQS::Queue.Arn",
        "NotificationConfiguration.TopicConfigurations[].Topic": "AWS::SNS::Topic.Arn",
        "ReplicationConfiguration.Role": "AWS::IAM::Role.Arn",
        "ReplicationConfiguration.Rules[].Destination.Bucket": "AWS::S3::Bucket.Arn",
        "ReplicationConfiguration.Rules[].Destination.EncryptionConfiguration.ReplicaKmsKeyID": KMS,
    },
    "AWS::ECS::Cluster": {
        "Arn": "AWS::ECS::Cluster.Arn",
        "ClusterName": "AWS::ECS::Cluster.Name",
        "CapacityProviders[]": "AWS::ECS::CapacityProvider.Name",
        "Configuration.ExecuteCommandConfiguration.LogConfiguration.CloudWatchLogGroupName": "AWS::Logs::LogGroup.Name",
        "Configuration.ManagedStorageConfiguration.FargateEphemeralStorageKmsKeyId": KMS,
        "DefaultCapacityProviderStrategy[].CapacityProvider": "AWS::ECS::CapacityProvider.Name",
        "ServiceConnectDefaults.Namespace": NAMESPACE,
    },
    "AWS::ECS::TaskDefinition": {
        "TaskDefinitionArn": "AWS::ECS::TaskDefinition.Arn",
        "Volumes[].EFSVolumeConfiguration.AuthorizationConfig.AccessPointId": "AWS::EFS::AccessPoint.Id",
        "Volumes[].EFSVolumeConfiguration.FilesystemId": "AWS::EFS::FileSystem.Id",
        "Volumes[].FSxWindowsFileServerVolumeConfiguration.FileSystemId": "AWS::FSx::FileSystem.Id",
    },
    "AWS::ECS::Service": {
        "CapacityProviderStrategy[].CapacityProvider": "AWS::ECS::CapacityProvider.Name",
        "Cluster": ["AWS::ECS::Cluster.Arn", "AWS::ECS::Cluster.Name"],
        "DeploymentConfiguration.Alarms.AlarmNames[]": "AWS::CloudWatch::Alarm.Name",
        "DeploymentConfiguration.LifecycleHooks[].HookTargetArn": "AWS::Lambda::Function.Arn",
        "LoadBalancers[].AdvancedConfiguration.AlternateTargetGroupArn": "AWS::ElasticLoadBalancingV2::TargetGroup.Arn",
        "LoadBalancers[].AdvancedConfiguration.ProductionListenerRule": [
            "AWS::ElasticLoadBalancingV2::ListenerRule.Arn", "AWS::ElasticLoadBalancingV2::Listener.Arn"],
        "LoadBalancers[].AdvancedConfiguration.TestListenerRule": [
            "AWS::ElasticLoadBalancingV2::ListenerRule.Arn", "AWS::ElasticLoadBalancingV2::Listener.Arn"],
        "LoadBalancers[].LoadBalancerName": "AWS::ElasticLoadBalancing::LoadBalancer.Name",
        "LoadBalancers[].TargetGroupArn": "AWS::ElasticLoadBalancingV2::TargetGroup.Arn",
        "Name": "AWS::ECS::Service.Name",
        "Role": ["AWS::IAM::Role.Arn", "AWS::IAM::Role.Name"],
        "ServiceArn": "AWS::ECS::Service.Arn",
        "ServiceConnectConfiguration.Namespace": NAMESPACE,
        "ServiceConnectConfiguration.Services[].Tls.IssuerCertificateAuthority.AwsPcaAuthorityArn":
            "AWS::ACMPCA::CertificateAuthority.Arn",
        "ServiceConnectConfiguration.Services[].Tls.KmsKey": KMS,
        "ServiceRegistries[].RegistryArn": "AWS::ServiceDiscovery::Service.Arn",
        "TaskDefinition": ["AWS::ECS::TaskDefinition.Arn", "AWS::ECS::TaskDefinition.Family"],
        "VolumeConfigurations[].ManagedEBSVolume.SnapshotId": "AWS::EC2::Snapshot.Id",
        "VpcLatticeConfigurations[].TargetGroupArn": "AWS::VpcLattice::TargetGroup.Arn",
    },
    "AWS::IAM::ManagedPolicy": {
        "Groups[]": "AWS::IAM::Group.Name",
        "PolicyArn": "AWS::IAM::ManagedPolicy.Arn",
        "Roles[]": "AWS::IAM::Role.Name",
        "Users[]": "AWS::IAM::User.Name",
    },
    "AWS::IAM::Role": {
        "ManagedPolicyArns[]": "AWS::IAM::ManagedPolicy.Arn",
        "PermissionsBoundary": "AWS::IAM::ManagedPolicy.Arn",
        "RoleId": "AWS::IAM::Role.Id",
        "RoleName": "AWS::IAM::Role.Name",
    },
    "AWS::Logs::LogGroup": {"Arn": "AWS::Logs::LogGroup.Arn"},
    "AWS::Route53::HostedZone": {
        "Id": "AWS::Route53::HostedZone.Id",
        "QueryLoggingConfig.CloudWatchLogsLogGroupArn": "AWS::Logs::LogGroup.Arn",
    },
    "AWS::Route53::HealthCheck": {
        "HealthCheckConfig.ChildHealthChecks[]": "AWS::Route53::HealthCheck.Id",
        "HealthCheckId": "AWS::Route53::HealthCheck.Id",
    },
    "AWS::Route53::RecordSet": {
        "CidrRoutingConfig.CollectionId": "AWS::Route53::CidrCollection.Id",
        "HealthCheckId": "AWS::Route53::HealthCheck.Id",
        "HostedZoneId": "AWS::Route53::HostedZone.Id",
    },
    "AWS::S3::BucketPolicy": {"Bucket": "AWS::S3::Bucket.Name"},
    "AWS::SecretsManager::Secret": {"Id": "AWS::SecretsManager::Secret.Arn"},
}

ARN = "^arn:aws[a-zA-Z-]*:"


def ec2_id(prefix):
    return "^" + prefix + "-([0-9a-f]{8}|[0-9a-f]{17})$"


# How a literal of a format looks. A format without an entry takes any text.
FORMAT_PATTERNS = {
    "AWS::EC2::CarrierGateway.Id": ec2_id("cagw"),
    "AWS::EC2::EIP.AllocationId": ec2_id("eipalloc"),
    "AWS::EC2::EgressOnlyInternetGateway.Id": ec2_id("eigw"),
    "AWS::EC2::Image.Id": ec2_id("ami"),
    "AWS::EC2::Instance.Id": ec2_id("i"),
    "AWS::EC2::InternetGateway.Id": ec2_id("igw"),
    "AWS::EC2::LocalGateway.Id": ec2_id("lgw"),
    "AWS::EC2::NatGateway.Id": ec2_id("nat"),
    "AWS::EC2::NetworkAcl.Id": ec2_id("acl"),
    "AWS::EC2::NetworkInterface.Id": ec2_id("eni"),
    "AWS::EC2::PrefixList.Id": ec2_id("pl"),
    "AWS::EC2::RouteTable.Id": ec2_id("rtb"),
    "AWS::EC2::SecurityGroup.Id": ec2_id("sg"),
    "AWS::EC2::Snapshot.Id": ec2_id("snap"),
    "AWS::EC2::Subnet.Id": ec2_id("subnet"),
    "AWS::EC2::SubnetNetworkAclAssociation.AssociationId": ec2_id("aclassoc"),
    "AWS::EC2::SubnetRouteTableAssociation.Id": ec2_id("rtbassoc"),
    "AWS::EC2::TransitGateway.Id": ec2_id("tgw"),
    "AWS::EC2::VPC.Id": ec2_id("vpc"),
    "AWS::EC2::VPCEndpoint.Id": ec2_id("vpce"),
    "AWS::EC2::VPCPeeringConnection.Id": ec2_id("pcx"),
    "AWS::EC2::VPNGateway.Id": ec2_id("vgw"),
    "AWS::EC2::SecurityGroup.Name": r"^[a-zA-Z0-9 \._\-:\/()#\,@\[\]+=&;\{\}!\$\*]+$",
    "AWS::ACM::Certificate.Arn": ARN + r"acm:[a-z0-9-]+:\d{12}:certificate/.+$",
    "AWS::CloudWatch::Alarm.Name": r"^.{1,255}$",
    "AWS::ECS::Cluster.Arn": ARN + r"ecs:[a-z0-9-]+:\d{12}:cluster/.+$",
    "AWS::ECS::Cluster.Name": r"^[a-zA-Z0-9_-]{1,255}$",
    "AWS::ECS::Service.Arn": ARN + r"ecs:[a-z0-9-]+:\d{12}:service/.+$",
    "AWS::ECS::TaskDefinition.Arn": ARN + r"ecs:[a-z0-9-]+:\d{12}:task-definition/.+$",
    "AWS::ECS::TaskDefinition.Family": r"^[a-zA-Z0-9_-]{1,255}(:\d+)?$",
    "AWS::ElasticLoadBalancingV2::TargetGroup.Arn": ARN + r"elasticloadbalancing:[a-z0-9-]+:\d{12}:targetgroup/.+$",
    "AWS::IAM::ManagedPolicy.Arn": ARN + r"iam::(\d{12}|aws):policy/.+$",
    "AWS::IAM::Role.Arn": ARN + r"iam::\d{12}:role/.+$",
    "AWS::KMS::Alias.AliasName": r"^alias/[a-zA-Z0-9:/_-]+$",
    "AWS::KMS::Key.Arn": ARN + r"kms:[a-z0-9-]+:\d{12}:(key|alias)/.+$",
    "AWS::KMS::Key.Id": r"^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|mrk-[0-9a-f]{32}|alias/[a-zA-Z0-9/_-]+)$",
    "AWS::Lambda::Function.Arn": ARN + r"lambda:[a-z0-9-]+:\d{12}:function:.+$",
    "AWS::Lambda::Function.Name": r"^[a-zA-Z0-9_-]{1,140}$",
    "AWS::Logs::LogGroup.Arn": ARN + r"logs:[a-z0-9-]+:\d{12}:log-group:.+$",
    "AWS::Logs::LogGroup.Name": r"^[\.\-_\/#A-Za-z0-9]{1,512}$",
    "AWS::Route53::HostedZone.Id": r"^(/hostedzone/)?Z[A-Z0-9]{1,31}$",
    "AWS::S3::Bucket.Arn": ARN + r"s3:::.+$",
    "AWS::S3::Bucket.Name": r"^(?![.\-])(?!.*\.\.)(?!.*\-\.)(?!.*\.\-)[a-z0-9.\-]{3,63}(?<![.\-])$",
    "AWS::SNS::Topic.Arn": ARN + r"sns:[a-z0-9-]+:\d{12}:.+$",
    "AWS::SQS::Queue.Arn": ARN + r"sqs:[a-z0-9-]+:\d{12}:.+$",
}

# Formats that mean the same as another.
SAME_FORMAT = {
    "AWS::KMS::ReplicaKey.Arn": "AWS::KMS::Key.Arn",
    "AWS::Lambda::Alias.AliasArn": "AWS::Lambda::Function.Arn",
    "AWS::Lambda::Version.FunctionArn": "AWS::Lambda::Function.Arn",
    "timestamp": "date-time",
}

# JSON documents that a schema calls plain text.
DOCUMENTS = {
    "AWS::IAM::ManagedPolicy": ("PolicyDocument",),
    "AWS::SecretsManager::Secret": ("GenerateSecretString.SecretStringTemplate",),
}

# Properties that a schema calls write-only because CloudFormation does not read them; the service answers them.
READABLE = {
    "AWS::SSM::Parameter": ("AllowedPattern", "Description", "Tier"),
}

# Rules between properties that the schemas leave out.
EXTRA = {
    "AWS::SecretsManager::Secret": {"dependentExcluded": {"GenerateSecretString": ["SecretString"]}},
    "AWS::EC2::Route": {  # CreateRoute: one destination, one target
        "requiredXor": [
            ["DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId"],
            ["CarrierGatewayId", "CoreNetworkArn", "EgressOnlyInternetGatewayId", "GatewayId", "InstanceId",
             "LocalGatewayId", "NatGatewayId", "NetworkInterfaceId", "TransitGatewayId", "VpcEndpointId",
             "VpcPeeringConnectionId"],
        ],
    },
    "AWS::EC2::VPCGatewayAttachment": {  # either an internet gateway or a virtual private gateway
        "requiredXor": ["InternetGatewayId", "VpnGatewayId"],
    },
}

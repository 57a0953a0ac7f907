/* Addresses, NAT gateways, endpoints and network ACLs driven through what makes them hard, with scripted
 * replies: what the emulator of the integration tests cannot do. */
#include "unit.h"

#include "defs.h"

#define UID              "abcdefghijklmnopqrstuvwxyz234567"
#define NAT(state, more) "{\"NatGateways\":[{\"NatGatewayId\":\"nat-1\",\"State\":\"" state "\"" more "}]}"
#define ADDRESSES(list)                                                                                      \
  ",\"NatGatewayAddresses\":[{\"IsPrimary\":true,\"AllocationId\":\"eipalloc-0\"}," list "]"
#define SECOND(n, status)                                                                                    \
  "{\"IsPrimary\":false,\"AllocationId\":\"eipalloc-" n "\",\"AssociationId\":\"eipassoc-" n                 \
  "\",\"PrivateIp\":\"10.0.0." n "\",\"Status\":\"" status "\"}"
#define PRIVATE(n, status) "{\"IsPrimary\":false,\"PrivateIp\":\"10.0.0." n "\",\"Status\":\"" status "\"}"
#define NAT_IDS            "{\"NatGatewayIds\":[\"nat-1\"]}"
#define NAT_FILTER         "{\"Filter\":[{\"Name\":\"nat-gateway-id\",\"Values\":[\"nat-1\"]}]}"

/* ---- NAT gateway ------------------------------------------------------------------------------- */
static struct op_scope nat_scope(struct world *t, const char *new_props, const char *old_props) {
  struct op_scope sc = scope_for(t, new_props, old_props);
  if (old_props) sc.identity = json(t, "{\"NatGatewayId\":\"nat-1\"}");
  return sc;
}

TEST(nat_gateway_is_waited_for_and_says_why_it_failed) {
  struct world t;
  world_open(&t);
  struct op_scope sc = nat_scope(&t, "{\"SubnetId\":\"subnet-1\",\"AllocationId\":\"eipalloc-0\"}", NULL);
  struct op *op = begin(&t, "AWS::EC2::NatGateway", OP_CREATE, &sc, NULL);
  CHECK_INT(
      PLAY(&t, op,
           {"CreateNatGateway",
            "{\"SubnetId\":\"subnet-1\",\"AllocationId\":\"eipalloc-0\",\"ClientToken\":\"" UID
            "\",\"TagSpecifications\":[{\"ResourceType\":\"natgateway\",\"Tags\":[" OWN "]}]}",
            "{\"NatGateway\":{\"NatGatewayId\":\"nat-1\",\"State\":\"pending\"}}"},
           {"DescribeNatGateways", NAT_FILTER, NAT("pending", "")}, {"pause", NULL, NULL},
           {"DescribeNatGateways", NAT_FILTER,
            NAT("failed", ",\"FailureCode\":\"Gateway.NotAttached\",\"FailureMessage\":\"no gateway\"")}),
      OPW_FAILED);
  CHECK_STR(op_result(op)->because, STR("Gateway.NotAttached no gateway"));
  CHECK(!op_result(op)->failed_definitive && op_result(op)->identity);
  world_close(&t);
}

TEST(nat_gateway_of_an_interrupted_create_is_found_by_its_tag) {
  struct world t;
  world_open(&t);
  struct op_scope sc = nat_scope(&t, "{\"SubnetId\":\"subnet-1\"}", NULL);
  struct op *op = begin(&t, "AWS::EC2::NatGateway", OP_SETTLE_CREATE, &sc, NULL);
  CHECK_INT(PLAY(&t, op,
                 {"DescribeNatGateways",
                  "{\"Filter\":[{\"Name\":\"tag:quoin:id\",\"Values\":[\"" UID "\"]}]}", NAT("pending", "")}),
            OPW_DONE);
  CHECK_INT(op_result(op)->settled, SV_FOUND);
  world_close(&t);
}

/* Its address is in use until it is deleted, and a deleted one is answered for long. */
TEST(nat_gateway_delete_waits_until_it_is_deleted) {
  struct world t;
  world_open(&t);
  struct op_scope sc = nat_scope(&t, NULL, "{\"SubnetId\":\"subnet-1\"}");
  CHECK_INT(PLAY(&t, begin(&t, "AWS::EC2::NatGateway", OP_DELETE, &sc, NULL),
                 {"DeleteNatGateway", "{\"NatGatewayId\":\"nat-1\"}", NULL},
                 {"DescribeNatGateways", NULL, NAT("deleting", "")}, {"pause", NULL, NULL},
                 {"DescribeNatGateways", NULL, NAT("deleted", "")}),
            OPW_DONE);
  CHECK_INT(PLAY(&t, begin(&t, "AWS::EC2::NatGateway", OP_DELETE, &sc, NULL),
                 {"DeleteNatGateway", NULL, "!NatGatewayNotFound it is not there"},
                 {"DescribeNatGateways", NULL, "!NatGatewayNotFound it is not there"}),
            OPW_DONE);
  world_close(&t);
}

TEST(nat_gateway_addresses_are_taken_and_given_by_their_associations) {
  struct world t;
  world_open(&t);
  struct op_scope sc = nat_scope(
      &t, "{\"SecondaryAllocationIds\":[\"eipalloc-2\",\"eipalloc-3\"],\"MaxDrainDurationSeconds\":60}",
      "{\"SecondaryAllocationIds\":[\"eipalloc-1\",\"eipalloc-2\"]}");
  CHECK_INT(
      PLAY(&t, begin(&t, "AWS::EC2::NatGateway", OP_UPDATE, &sc, "SecondaryAllocationIds"),
           {"DescribeNatGateways", NAT_IDS,
            NAT("available", ADDRESSES(SECOND("1", "succeeded") "," SECOND("2", "succeeded")))},
           {"DisassociateNatGatewayAddress",
            "{\"NatGatewayId\":\"nat-1\",\"AssociationIds\":[\"eipassoc-1\"],\"MaxDrainDurationSeconds\":60}",
            NULL},
           {"DescribeNatGateways", NAT_FILTER,
            NAT("available", ADDRESSES(SECOND("1", "disassociating") "," SECOND("2", "succeeded")))},
           {"pause", NULL, NULL},
           {"DescribeNatGateways", NAT_FILTER, NAT("available", ADDRESSES(SECOND("2", "succeeded")))},
           {"AssociateNatGatewayAddress", "{\"NatGatewayId\":\"nat-1\",\"AllocationIds\":[\"eipalloc-3\"]}",
            NULL},
           {"DescribeNatGateways", NAT_FILTER,
            NAT("available", ADDRESSES(SECOND("2", "succeeded") "," SECOND("3", "succeeded")))}),
      OPW_DONE);
  world_close(&t);
}

TEST(nat_gateway_address_that_fails_fails_the_change) {
  struct world t;
  world_open(&t);
  struct op_scope sc = nat_scope(&t, "{\"SecondaryAllocationIds\":[\"eipalloc-1\"]}", "{}");
  struct op *op = begin(&t, "AWS::EC2::NatGateway", OP_UPDATE, &sc, "SecondaryAllocationIds");
  CHECK_INT(
      PLAY(&t, op, {"DescribeNatGateways", NAT_IDS, NAT("available", "")},
           {"AssociateNatGatewayAddress", NULL, NULL},
           {"DescribeNatGateways", NULL,
            NAT("available", ",\"NatGatewayAddresses\":[{\"IsPrimary\":false,\"AllocationId\":\"eipalloc-1\","
                             "\"Status\":\"failed\",\"FailureMessage\":\"in use\"}]")}),
      OPW_FAILED);
  CHECK_STR(op_result(op)->because, STR("in use"));
  world_close(&t);
}

TEST(private_nat_gateway_keeps_as_many_addresses_as_declared) {
  struct world t;
  world_open(&t);
  struct op_scope sc = nat_scope(&t, "{\"SecondaryPrivateIpAddressCount\":3}", "{}");
  CHECK_INT(PLAY(&t, begin(&t, "AWS::EC2::NatGateway", OP_UPDATE, &sc, "SecondaryPrivateIpAddressCount"),
                 {"DescribeNatGateways", NAT_IDS,
                  NAT("available", ",\"NatGatewayAddresses\":[" PRIVATE("5", "succeeded") "]")},
                 {"AssignPrivateNatGatewayAddress",
                  "{\"NatGatewayId\":\"nat-1\",\"PrivateIpAddressCount\":2}", NULL},
                 {"DescribeNatGateways", NULL, NAT("available", "")}),
            OPW_DONE);
  sc = nat_scope(&t, "{\"SecondaryPrivateIpAddresses\":[\"10.0.0.6\"]}", "{}");
  CHECK_INT(PLAY(&t, begin(&t, "AWS::EC2::NatGateway", OP_UPDATE, &sc, "SecondaryPrivateIpAddresses"),
                 {"DescribeNatGateways", NAT_IDS,
                  NAT("available", ",\"NatGatewayAddresses\":[" PRIVATE("5", "succeeded") "]")},
                 {"UnassignPrivateNatGatewayAddress",
                  "{\"NatGatewayId\":\"nat-1\",\"PrivateIpAddresses\":[\"10.0.0.5\"]}", NULL},
                 {"DescribeNatGateways", NULL, NAT("available", "")},
                 {"AssignPrivateNatGatewayAddress",
                  "{\"NatGatewayId\":\"nat-1\",\"PrivateIpAddresses\":[\"10.0.0.6\"]}", NULL},
                 {"DescribeNatGateways", NULL, NAT("available", "")}),
            OPW_DONE);
  world_close(&t);
}

/* ---- address ------------------------------------------------------------------------------------- */
TEST(address_of_an_instance_is_taken_from_it_before_it_is_released) {
  struct world t;
  world_open(&t);
  struct op_scope sc = scope_for(&t, NULL, "{\"InstanceId\":\"i-1\"}");
  sc.identity = json(&t, "{\"AllocationId\":\"eipalloc-1\"}");
  CHECK_INT(PLAY(&t, begin(&t, "AWS::EC2::EIP", OP_DELETE, &sc, NULL),
                 {"DescribeAddresses", NULL, "{\"Addresses\":[{\"AssociationId\":\"eipassoc-1\"}]}"},
                 {"DisassociateAddress", "{\"AssociationId\":\"eipassoc-1\"}",
                  "!InvalidAssociationID.NotFound gone"},
                 {"ReleaseAddress", "{\"AllocationId\":\"eipalloc-1\"}", "!InvalidIPAddress.InUse not yet"},
                 {"pause", NULL, NULL}, {"ReleaseAddress", NULL, NULL}),
            OPW_DONE);
  world_close(&t);
}

/* Somebody else's use of an address is not ended: the release waits, and fails. */
TEST(address_in_use_by_others_is_not_taken_away) {
  struct world t;
  world_open(&t);
  struct op_scope sc = scope_for(&t, NULL, "{}");
  sc.identity = json(&t, "{\"AllocationId\":\"eipalloc-1\"}");
  CHECK_INT(PLAY(&t, begin(&t, "AWS::EC2::EIP", OP_DELETE, &sc, NULL),
                 {"ReleaseAddress", NULL, "!InvalidIPAddress.InUse used"}, {"pause", NULL, NULL},
                 {"ReleaseAddress", NULL, "!UnauthorizedOperation no"}),
            OPW_FAILED);
  world_close(&t);
}

/* ---- endpoint -------------------------------------------------------------------------------------- */
#define ENDPOINT(state, more)                                                                                \
  "{\"VpcEndpoints\":[{\"VpcEndpointId\":\"vpce-1\",\"State\":\"" state "\"" more "}]}"

TEST(endpoint_lists_change_in_one_call) {
  struct world t;
  world_open(&t);
  struct op_scope sc =
      scope_for(&t,
                "{\"SubnetIds\":[\"subnet-2\",\"subnet-3\"],\"SecurityGroupIds\":[\"sg-2\"],"
                "\"PrivateDnsEnabled\":false,\"PolicyDocument\":{\"Version\":\"2012-10-17\"}}",
                "{\"SubnetIds\":[\"subnet-1\",\"subnet-2\"],\"RouteTableIds\":[\"rtb-1\"]}");
  sc.identity = json(&t, "{\"Id\":\"vpce-1\"}");
  CHECK_INT(
      PLAY(&t,
           begin(&t, "AWS::EC2::VPCEndpoint", OP_UPDATE, &sc,
                 "SubnetIds SecurityGroupIds PrivateDnsEnabled PolicyDocument RouteTableIds"),
           {"DescribeVpcEndpoints", NULL,
            ENDPOINT("available", ",\"SubnetIds\":[\"subnet-1\",\"subnet-2\"],\"RouteTableIds\":[\"rtb-1\"],"
                                  "\"Groups\":[{\"GroupId\":\"sg-1\"}]")},
           {"ModifyVpcEndpoint",
            "{\"VpcEndpointId\":\"vpce-1\",\"PolicyDocument\":\"{\\\"Version\\\":\\\"2012-10-17\\\"}\","
            "\"PrivateDnsEnabled\":false,\"AddRouteTableIds\":[],\"RemoveRouteTableIds\":[\"rtb-1\"],"
            "\"AddSubnetIds\":[\"subnet-3\"],\"RemoveSubnetIds\":[\"subnet-1\"],"
            "\"AddSecurityGroupIds\":[\"sg-2\"],\"RemoveSecurityGroupIds\":[\"sg-1\"]}",
            NULL},
           {"DescribeVpcEndpoints", NULL, ENDPOINT("Pending", "")}, {"pause", NULL, NULL},
           {"DescribeVpcEndpoints", NULL, ENDPOINT("Available", "")}),
      OPW_DONE);
  world_close(&t);
}

/* The reply is one of success. */
TEST(endpoint_that_a_batch_refuses_is_not_deleted) {
  struct world t;
  world_open(&t);
  struct op_scope sc = scope_for(&t, NULL, "{}");
  sc.identity = json(&t, "{\"Id\":\"vpce-1\"}");
  struct op *op = begin(&t, "AWS::EC2::VPCEndpoint", OP_DELETE, &sc, NULL);
  CHECK_INT(
      PLAY(&t, op,
           {"DeleteVpcEndpoints", "{\"VpcEndpointIds\":[\"vpce-1\"]}",
            "{\"Unsuccessful\":[{\"ResourceId\":\"vpce-1\",\"Error\":{\"Code\":\"OperationNotPermitted\","
            "\"Message\":\"it is managed by another service\"}}]}"}),
      OPW_FAILED);
  CHECK_STR(op_result(op)->code, STR("OperationNotPermitted"));
  CHECK_STR(op_result(op)->message, STR("it is managed by another service"));
  CHECK(op_result(op)->failed_definitive);
  CHECK_INT(
      PLAY(&t, begin(&t, "AWS::EC2::VPCEndpoint", OP_DELETE, &sc, NULL),
           {"DeleteVpcEndpoints", NULL,
            "{\"Unsuccessful\":[{\"Error\":{\"Code\":\"InvalidVpcEndpointId.NotFound\",\"Message\":\"\"}}]}"},
           {"DescribeVpcEndpoints", NULL, "{\"VpcEndpoints\":[]}"}),
      OPW_DONE);
  CHECK_INT(PLAY(&t, begin(&t, "AWS::EC2::VPCEndpoint", OP_DELETE, &sc, NULL),
                 {"DeleteVpcEndpoints", NULL, "{\"Unsuccessful\":[]}"},
                 {"DescribeVpcEndpoints", NULL, ENDPOINT("deleting", "")}, {"pause", NULL, NULL},
                 {"DescribeVpcEndpoints", NULL, "{\"VpcEndpoints\":[]}"}),
            OPW_DONE);
  world_close(&t);
}

TEST(endpoint_that_waits_for_its_owner_is_made) {
  struct world t;
  world_open(&t);
  struct op_scope sc = scope_for(&t, "{\"VpcId\":\"vpc-1\",\"ServiceName\":\"s\"}", NULL);
  CHECK_INT(PLAY(&t, begin(&t, "AWS::EC2::VPCEndpoint", OP_CREATE, &sc, NULL),
                 {"CreateVpcEndpoint", NULL, "{\"VpcEndpoint\":{\"VpcEndpointId\":\"vpce-1\"}}"},
                 {"DescribeVpcEndpoints", NULL, ENDPOINT("pendingAcceptance", "")}),
            OPW_DONE);
  struct op *op = begin(&t, "AWS::EC2::VPCEndpoint", OP_CREATE, &sc, NULL);
  CHECK_INT(PLAY(&t, op, {"CreateVpcEndpoint", NULL, "{\"VpcEndpoint\":{\"VpcEndpointId\":\"vpce-1\"}}"},
                 {"DescribeVpcEndpoints", NULL,
                  ENDPOINT("failed", ",\"LastError\":{\"Code\":\"c\",\"Message\":\"no address left\"}")}),
            OPW_FAILED);
  CHECK_STR(op_result(op)->because, STR("failed: no address left"));
  world_close(&t);
}

/* ---- network ACL ------------------------------------------------------------------------------------- */
#define ACLS(id, subnet)                                                                                     \
  "{\"NetworkAcls\":[{\"NetworkAclId\":\"acl-9\",\"VpcId\":\"vpc-1\",\"Associations\":[{"                    \
  "\"NetworkAclAssociationId\":\"" id "\",\"SubnetId\":\"" subnet "\"}]}]}"

TEST(acl_entry_is_known_by_number_and_direction) {
  struct world t;
  world_open(&t);
  struct op_scope sc = scope_for(&t,
                                 "{\"NetworkAclId\":\"acl-1\",\"RuleNumber\":100,\"Protocol\":-1,"
                                 "\"RuleAction\":\"Allow\",\"CidrBlock\":\"0.0.0.0/0\"}",
                                 NULL);
  struct op *op = begin(&t, "AWS::EC2::NetworkAclEntry", OP_CREATE, &sc, NULL);
  CHECK_INT(
      PLAY(&t, op,
           {"CreateNetworkAclEntry",
            "{\"NetworkAclId\":\"acl-1\",\"RuleNumber\":100,\"Protocol\":\"-1\",\"RuleAction\":\"allow\","
            "\"CidrBlock\":\"0.0.0.0/0\",\"Egress\":false}",
            NULL}),
      OPW_DONE);
  CHECK_STR(json_text(&t, op_result(op)->identity),
            STR("{\"Id\":\"100|ingress\",\"NetworkAclId\":\"acl-1\"}"));
  sc.old_props = sc.new_props, sc.new_props = NULL;
  sc.identity = json(&t, "{\"NetworkAclId\":\"acl-1\",\"Id\":\"100|egress\"}");
  CHECK_INT(PLAY(&t, begin(&t, "AWS::EC2::NetworkAclEntry", OP_DELETE, &sc, NULL),
                 {"DeleteNetworkAclEntry", "{\"NetworkAclId\":\"acl-1\",\"RuleNumber\":100,\"Egress\":true}",
                  NULL}),
            OPW_DONE);
  world_close(&t);
}

TEST(acl_association_takes_the_place_of_what_is_there) {
  struct world t;
  world_open(&t);
  struct op_scope sc = scope_for(&t, "{\"NetworkAclId\":\"acl-1\",\"SubnetId\":\"subnet-1\"}", NULL);
  struct op *op = begin(&t, "AWS::EC2::SubnetNetworkAclAssociation", OP_CREATE, &sc, NULL);
  CHECK_INT(
      PLAY(&t, op, {"DescribeNetworkAcls", NULL, "{\"NetworkAcls\":[]}"}, /* a new subnet is shown late */
           {"DescribeNetworkAcls", NULL, "{\"NetworkAcls\":[]}"}, {"pause", NULL, NULL},
           {"DescribeNetworkAcls", NULL, ACLS("aclassoc-1", "subnet-1")},
           {"DescribeNetworkAcls", NULL, ACLS("aclassoc-1", "subnet-1")},
           {"ReplaceNetworkAclAssociation", "{\"AssociationId\":\"aclassoc-1\",\"NetworkAclId\":\"acl-1\"}",
            "{\"NewAssociationId\":\"aclassoc-2\"}"}),
      OPW_DONE);
  CHECK_STR(json_text(&t, op_result(op)->identity),
            STR("{\"AssociationId\":\"aclassoc-2\",\"NetworkAclId\":\"acl-1\"}"));
  world_close(&t);
}

TEST(acl_association_goes_back_to_the_default_acl_if_it_is_still_there) {
  struct world t;
  world_open(&t);
  struct op_scope sc = scope_for(&t, NULL, "{\"NetworkAclId\":\"acl-1\",\"SubnetId\":\"subnet-1\"}");
  sc.identity = json(&t, "{\"AssociationId\":\"aclassoc-2\",\"NetworkAclId\":\"acl-1\"}");
  CHECK_INT(
      PLAY(&t, begin(&t, "AWS::EC2::SubnetNetworkAclAssociation", OP_DELETE, &sc, NULL),
           {"DescribeNetworkAcls",
            "{\"Filters\":[{\"Name\":\"association.association-id\",\"Values\":[\"aclassoc-2\"]}]}",
            ACLS("aclassoc-2", "subnet-1")},
           {"DescribeNetworkAcls",
            "{\"Filters\":[{\"Name\":\"vpc-id\",\"Values\":[\"vpc-1\"]},{\"Name\":\"default\",\"Values\":["
            "\"true\"]}]}",
            ACLS("aclassoc-8", "subnet-8")},
           {"ReplaceNetworkAclAssociation", "{\"AssociationId\":\"aclassoc-2\",\"NetworkAclId\":\"acl-9\"}",
            "{\"NewAssociationId\":\"aclassoc-3\"}"}),
      OPW_DONE);
  CHECK_INT(PLAY(&t, begin(&t, "AWS::EC2::SubnetNetworkAclAssociation", OP_DELETE, &sc, NULL),
                 {"DescribeNetworkAcls", NULL, "{\"NetworkAcls\":[]}"}),
            OPW_DONE);
  world_close(&t);
}

TEST_MAIN(CASE(nat_gateway_is_waited_for_and_says_why_it_failed),
          CASE(nat_gateway_of_an_interrupted_create_is_found_by_its_tag),
          CASE(nat_gateway_delete_waits_until_it_is_deleted),
          CASE(nat_gateway_addresses_are_taken_and_given_by_their_associations),
          CASE(nat_gateway_address_that_fails_fails_the_change),
          CASE(private_nat_gateway_keeps_as_many_addresses_as_declared),
          CASE(address_of_an_instance_is_taken_from_it_before_it_is_released),
          CASE(address_in_use_by_others_is_not_taken_away), CASE(endpoint_lists_change_in_one_call),
          CASE(endpoint_that_a_batch_refuses_is_not_deleted), CASE(endpoint_that_waits_for_its_owner_is_made),
          CASE(acl_entry_is_known_by_number_and_direction),
          CASE(acl_association_takes_the_place_of_what_is_there),
          CASE(acl_association_goes_back_to_the_default_acl_if_it_is_still_there))

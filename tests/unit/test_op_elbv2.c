/* Load balancing driven through what makes it hard, with scripted replies. */
#include "unit.h"

#include "defs.h"

#define ELB "AWS::ElasticLoadBalancingV2::"
#define ARN "arn:aws:elasticloadbalancing:us-east-1:123456789012:"

/* ---- load balancer -------------------------------------------------------------------------------- */
#define STATE(code)                                                                                          \
  "{\"LoadBalancers\":[{\"LoadBalancerArn\":\"" ARN "loadbalancer/app/one/1\",\"State\":{\"Code\":\"" code   \
  "\",\"Reason\":\"no addresses left\"}}]}"

TEST(balancer_is_looked_for_and_waited_for) {
  struct world t;
  world_open(&t);
  struct op_scope sc = scope_for(&t, "{\"Name\":\"one\",\"Subnets\":[\"subnet-1\",\"subnet-2\"]}", NULL);
  struct op *op = begin(&t, ELB "LoadBalancer", OP_CREATE, &sc, NULL);
  CHECK_INT(PLAY(&t, op, {"DescribeLoadBalancers", "{\"Names\":[\"one\"]}", "!LoadBalancerNotFound none"},
                 {"CreateLoadBalancer",
                  "{\"Name\":\"one\",\"Subnets\":[\"subnet-1\",\"subnet-2\"],\"Tags\":[" OWN "]}",
                  STATE("provisioning")},
                 {"DescribeLoadBalancers", NULL, STATE("provisioning")}, {"pause", NULL, NULL},
                 {"DescribeLoadBalancers", NULL, STATE("failed")}),
            OPW_FAILED);
  CHECK_STR(op_result(op)->because, STR("no addresses left"));
  world_close(&t);
}

/* ---- target group --------------------------------------------------------------------------------- */
TEST(draining_targets_are_gone_already) {
  struct world t;
  world_open(&t);
  struct op_scope sc =
      scope_for(&t, "{\"Port\":80,\"Targets\":[{\"Id\":\"10.0.0.1\"},{\"Id\":\"10.0.0.2\",\"Port\":81}]}",
                "{\"Port\":80}");
  sc.identity = json(&t, "{\"TargetGroupArn\":\"g\"}");
  CHECK_INT(
      PLAY(&t, begin(&t, ELB "TargetGroup", OP_UPDATE, &sc, "Targets"),
           {"DescribeTargetGroups", NULL, "{\"TargetGroups\":[{\"TargetGroupArn\":\"g\",\"Port\":80}]}"},
           {"DescribeTargetHealth", "{\"TargetGroupArn\":\"g\"}",
            "{\"TargetHealthDescriptions\":[{\"Target\":{\"Id\":\"10.0.0.1\",\"Port\":80},"
            "\"TargetHealth\":{\"State\":\"draining\"}},{\"Target\":{\"Id\":\"10.0.0.2\",\"Port\":81},"
            "\"TargetHealth\":{\"State\":\"healthy\"}},{\"Target\":{\"Id\":\"10.0.0.3\",\"Port\":80},"
            "\"TargetHealth\":{\"State\":\"unhealthy\"}}]}"},
           {"RegisterTargets", "{\"TargetGroupArn\":\"g\",\"Targets\":[{\"Id\":\"10.0.0.1\"}]}", NULL},
           {"DeregisterTargets", "{\"TargetGroupArn\":\"g\",\"Targets\":[{\"Id\":\"10.0.0.3\",\"Port\":80}]}",
            NULL}),
      OPW_DONE);
  world_close(&t);
}

TEST(service_waits_until_its_group_is_attached) {
  struct world t;
  world_open(&t);
  struct op_scope sc =
      scope_for(&t, "{\"ServiceName\":\"web\",\"LoadBalancers\":[{\"TargetGroupArn\":\"g\"}]}", NULL);
  CHECK_INT(PLAY(&t, begin(&t, "AWS::ECS::Service", OP_CREATE, &sc, NULL),
                 {"CreateService", NULL,
                  "!InvalidParameterException The target group with targetGroupArn g does not have an "
                  "associated load balancer."},
                 {"pause", NULL, NULL}, {"CreateService", NULL, "!InvalidParameterException something else"}),
            OPW_FAILED);
  world_close(&t);
}

/* ---- listener ------------------------------------------------------------------------------------- */
#define LISTENER                                                                                             \
  "{\"LoadBalancerArn\":\"b\",\"Port\":80,\"Protocol\":\"HTTP\",\"DefaultActions\":[{\"Type\":\"forward\","  \
  "\"TargetGroupArn\":\"g\"}]}"
#define LISTED                                                                                               \
  "{\"Listeners\":[{\"ListenerArn\":\"l1\",\"Port\":443},{\"ListenerArn\":\"l2\",\"LoadBalancerArn\":\"b\"," \
  "\"Port\":80,\"Protocol\":\"HTTP\",\"DefaultActions\":[{\"Type\":\"forward\",\"TargetGroupArn\":\"g\"}]}]" \
  "}"

static enum settle_verdict settle_listener(struct world *t, const char *tags) {
  struct op_scope sc = scope_for(t, LISTENER, NULL);
  struct op *op = begin(t, ELB "Listener", OP_SETTLE_CREATE, &sc, NULL);
  struct str tagged = str_fmt(t->a, "{\"TagDescriptions\":[{\"ResourceArn\":\"l2\",\"Tags\":[%s]}]}", tags);
  CHECK_INT(PLAY(t, op, {"DescribeListeners", "{\"LoadBalancerArn\":\"b\"}", LISTED},
                 {"DescribeTags", "{\"ResourceArns\":[\"l2\"]}", tagged.p},
                 {"DescribeListeners", "{\"ListenerArns\":[\"l2\"]}", LISTED}),
            OPW_DONE);
  return op_result(op)->settled;
}

TEST(listener_on_the_port_is_ours_by_its_tag) {
  struct world t;
  world_open(&t);
  CHECK_INT(settle_listener(&t, OWN), SV_FOUND);
  CHECK_INT(settle_listener(&t, "{\"Key\":\"quoin:id\",\"Value\":\"other\"}"), SV_FOREIGN);
  CHECK_INT(settle_listener(&t, ""), SV_FOREIGN);
  world_close(&t);
}

/* ---- rule ----------------------------------------------------------------------------------------- */
TEST(rule_is_found_by_its_priority_and_tag) {
  struct world t;
  world_open(&t);
  struct op_scope sc = scope_for(&t, "{\"ListenerArn\":\"l\",\"Priority\":7}", NULL);
  struct op *op = begin(&t, ELB "ListenerRule", OP_SETTLE_CREATE, &sc, NULL);
  CHECK_INT(PLAY(&t, op,
                 {"DescribeRules", "{\"ListenerArn\":\"l\"}",
                  "{\"Rules\":[{\"RuleArn\":\"r0\",\"Priority\":\"default\"},{\"RuleArn\":\"r7\","
                  "\"Priority\":\"7\"}]}"},
                 {"DescribeTags", "{\"ResourceArns\":[\"r7\"]}",
                  "{\"TagDescriptions\":[{\"ResourceArn\":\"r7\",\"Tags\":[" OWN "]}]}"},
                 {"DescribeRules", "{\"RuleArns\":[\"r7\"]}",
                  "{\"Rules\":[{\"RuleArn\":\"r7\",\"Priority\":\"7\"}]}"}),
            OPW_DONE);
  CHECK_INT(op_result(op)->settled, SV_FOUND);
  world_close(&t);
}

TEST(transforms_are_taken_away_by_name) {
  struct world t;
  world_open(&t);
  struct op_scope sc = scope_for(
      &t, "{\"Priority\":7}",
      "{\"Priority\":7,\"Transforms\":[{\"Type\":\"url-rewrite\",\"UrlRewriteConfig\":{\"Rewrites\":"
      "[{\"Regex\":\"a\",\"Replace\":\"b\"}]}}]}");
  sc.identity = json(&t, "{\"RuleArn\":\"r7\"}");
  CHECK_INT(PLAY(&t, begin(&t, ELB "ListenerRule", OP_UPDATE, &sc, "Transforms"),
                 {"ModifyRule", "{\"RuleArn\":\"r7\",\"ResetTransforms\":true}", NULL}),
            OPW_DONE);
  world_close(&t);
}

TEST_MAIN(CASE(balancer_is_looked_for_and_waited_for), CASE(draining_targets_are_gone_already),
          CASE(service_waits_until_its_group_is_attached), CASE(listener_on_the_port_is_ours_by_its_tag),
          CASE(rule_is_found_by_its_priority_and_tag), CASE(transforms_are_taken_away_by_name))

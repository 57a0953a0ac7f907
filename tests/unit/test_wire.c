/* The tables of wire models: look-up, facts of well-known operations, and a
 * blob that is damaged at any byte, which must be refused or stay harmless. */
#include "quoin/blob.h"
#include "quoin/wire.h"
#include "unit.h"

struct fixture {
  struct session s;
  struct wire *w;
};

static void setup(struct fixture *f) {
  session_init(&f->s, NULL);
  f->w = NULL;
  if (wire_open(&f->s, blob_get(BLOB_WIRE), &f->w)) f->w = NULL;
  CHECK(f->w != NULL);
}

static void teardown(struct fixture *f) {
  wire_free(f->w);
  session_release(&f->s);
}

TEST(finds_services_and_operations) {
  struct fixture f;
  setup(&f);
  const struct wire_service *svc = NULL;
  CHECK(wire_find_service(f.w, STR("ec2"), &svc));
  CHECK_INT(svc->protocol, WP_EC2);
  CHECK_STR(svc->api_version, STR("2016-11-15"));
  CHECK(!svc->global_endpoint);
  CHECK(wire_find_service(f.w, STR("route53"), &svc));
  CHECK(svc->global_endpoint);
  CHECK_STR(svc->env_name, STR("ROUTE_53"));
  CHECK(!wire_find_service(f.w, STR("ec3"), &svc));
  CHECK(!wire_find_service(f.w, STR(""), &svc));
  size_t n_services;
  const struct wire_service *all = wire_services(f.w, &n_services);
  CHECK(n_services >= 10);
  for (size_t i = 0; i < n_services; i++) {
    size_t n;
    const struct wire_op *ops = wire_ops(f.w, &all[i], &n), *op = NULL;
    CHECK(n > 0);
    for (size_t k = 0; k < n; k++) CHECK(wire_find_op(f.w, all[i].id, ops[k].name, &op) && op == &ops[k]);
  }
  teardown(&f);
}

TEST(knows_facts_of_operations) {
  struct fixture f;
  setup(&f);
  const struct wire_op *op = NULL;
  CHECK(wire_find_op(f.w, STR("ec2"), STR("DescribeVpcs"), &op));
  CHECK(op->read_only && !op->is_unsigned && !op->needs_md5);
  CHECK_INT(op->pages.n_tokens, 1);
  CHECK_STR(op->pages.tokens[0].in, STR("NextToken"));
  CHECK_STR(op->pages.results[0], STR("Vpcs"));
  CHECK(wire_find_op(f.w, STR("ec2"), STR("CreateVpc"), &op) && !op->read_only && op->pages.n_tokens == 0);
  CHECK(wire_find_op(f.w, STR("ec2"), STR("CreateRouteTable"), &op));
  CHECK_STR(op->idempotency_member, STR("ClientToken"));
  CHECK(wire_find_op(f.w, STR("sts"), STR("AssumeRoleWithWebIdentity"), &op) && op->is_unsigned &&
        op->read_only);
  CHECK(wire_find_op(f.w, STR("s3"), STR("PutBucketTagging"), &op) && op->needs_md5);
  CHECK(wire_find_op(f.w, STR("route53"), STR("ListResourceRecordSets"), &op));
  CHECK_INT(op->pages.n_tokens, 3);
  CHECK_STR(op->pages.more, STR("IsTruncated"));
  CHECK(!wire_find_op(f.w, STR("ec2"), STR("DescribeVpc"), &op));
  CHECK(!wire_find_op(f.w, STR("nope"), STR("DescribeVpcs"), &op));
  teardown(&f);
}

TEST(walks_shapes) {
  struct fixture f;
  setup(&f);
  const struct wire_op *op = NULL;
  struct wire_member m = {0};
  CHECK(wire_find_op(f.w, STR("ec2"), STR("CreateVpc"), &op));
  CHECK_INT(wire_kind(f.w, op->input), WK_STRUCTURE);
  CHECK(wire_member(f.w, op->input, STR("CidrBlock"), false, &m));
  CHECK_INT(wire_kind(f.w, m.shape), WK_STRING);
  CHECK(!wire_member(f.w, op->input, STR("cidrblock"), false, &m));
  CHECK(wire_member(f.w, op->input, STR("cidrblock"), true, &m));
  CHECK_STR(m.name, STR("CidrBlock"));
  CHECK(wire_member(f.w, op->input, STR("TagSpecifications"), false, &m));
  CHECK_STR(m.wire_name, STR("TagSpecification"));
  CHECK_INT(wire_kind(f.w, m.shape), WK_LIST);
  CHECK_INT(wire_kind(f.w, wire_element(f.w, m.shape)), WK_STRUCTURE);
  CHECK_INT(wire_element(f.w, op->input), 0);
  struct wire_member *all;
  size_t n = wire_members(f.w, op->input, &f.s.arena, &all);
  CHECK(n > 5);
  CHECK(wire_find_op(f.w, STR("iam"), STR("CreateRole"), &op));
  CHECK(wire_member(f.w, op->input, STR("AssumeRolePolicyDocument"), false, &m) && m.required);
  CHECK(wire_member(f.w, op->input, STR("Path"), false, &m) && !m.required);
  teardown(&f);
}

/* Touches everything the tables point to. */
static void walk(const struct wire *w, struct session *s) {
  size_t n_services;
  const struct wire_service *svc = wire_services(w, &n_services);
  for (size_t i = 0; i < n_services; i++) {
    size_t n;
    const struct wire_op *ops = wire_ops(w, &svc[i], &n);
    for (size_t k = 0; k < n && k < 2; k++) {
      struct wire_member *m;
      const struct wire_op *op;
      if (ops[k].input) (void)wire_members(w, ops[k].input, &s->arena, &m);
      (void)wire_find_op(w, svc[i].id, ops[k].name, &op);
    }
  }
}

TEST(damaged_blob_is_refused_or_harmless) {
  struct session s;
  session_init(&s, NULL);
  struct str blob = blob_get(BLOB_WIRE);
  struct wire *w = NULL;
  for (size_t cut = 0; cut < 200; cut++) CHECK_INT(wire_open(&s, str_sub(blob, 0, cut), &w), QN_E_DAMAGED);
  CHECK_INT(wire_open(&s, str_sub(blob, 0, blob.n - 1), &w), QN_E_DAMAGED);
  char *copy = malloc(blob.n);
  for (size_t i = 0; copy && i < 300; i++) {
    size_t at = i < 100 ? i : i * (blob.n / 300); /* every byte of the head, then all over */
    memcpy(copy, blob.p, blob.n);
    copy[at] = (char)(copy[at] ^ 0xa5);
    if (wire_open(&s, (struct str){copy, blob.n}, &w) != QN_OK) continue;
    walk(w, &s);
    wire_free(w);
  }
  free(copy);
  session_release(&s);
}

TEST_MAIN(CASE(finds_services_and_operations), CASE(knows_facts_of_operations), CASE(walks_shapes),
          CASE(damaged_blob_is_refused_or_harmless))

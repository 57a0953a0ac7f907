/* What lookups and secrets ask of real services, answered from what the sandbox holds. A table of operations.
 */
#include "sandbox_int.h"

struct question {
  struct sandbox *sb;
  const struct value *in;
  struct str region;
};

static struct str text_in(struct question *q, const struct value *map, const char *key) {
  const struct value *v = value_is(map, V_MAP) ? value_get(q->sb->s, map, str_c(key)) : NULL;
  return value_is(v, V_STR) ? value_text(v) : STR("");
}

static const struct value *one(struct question *q, const char *key, const struct value *v) {
  struct member m = {.key = session_sym(q->sb->s, str_c(key)), .value = v};
  return value_map(&q->sb->s->arena, &m, 1);
}

/* ---- filters of EC2 ------------------------------------------------------------------------- */
static const struct {
  const char *filter, *property;
} filters[] = {{"vpc-id", "VpcId"}, {"subnet-id", "SubnetId"}, {"cidr", "CidrBlock"}};

static bool among(const struct value *values, struct str t) {
  for (uint32_t i = 0; value_is(values, V_LIST) && i < values->n; i++)
    if (value_is(values->items[i], V_STR) && str_eq(value_text(values->items[i]), t)) return true;
  return false;
}

static bool tag_fits(struct question *q, const struct value *live, struct str key,
                     const struct value *values) {
  const struct value *tags = value_get(q->sb->s, live, STR("Tags"));
  for (uint32_t i = 0; value_is(tags, V_LIST) && i < tags->n; i++)
    if (str_eq(text_in(q, tags->items[i], "Key"), key))
      return among(values, text_in(q, tags->items[i], "Value"));
  return false;
}

static bool fits(struct question *q, const struct value *live) {
  const struct value *list = value_get(q->sb->s, q->in, STR("Filters"));
  for (uint32_t i = 0; value_is(list, V_LIST) && i < list->n; i++) {
    struct str name = text_in(q, list->items[i], "Name");
    const struct value *values = value_get(q->sb->s, list->items[i], STR("Values"));
    bool ok = str_starts(name, STR("tag:")) && tag_fits(q, live, str_sub(name, 4, name.n), values);
    for (size_t f = 0; f < sizeof filters / sizeof *filters; f++)
      if (str_eq(name, str_c(filters[f].filter))) ok = among(values, text_in(q, live, filters[f].property));
    if (!ok) return false;
  }
  return true;
}

/* Properties with the identity, as the service would show them. */
static const struct value *shown(struct question *q, const struct sobject *o) {
  const struct value *v = o->props;
  for (uint32_t i = 0; i < o->identity->n; i++)
    v = value_put(&q->sb->s->arena, v, o->identity->members[i].key, o->identity->members[i].value);
  return v;
}

static const struct value *listed(struct question *q, const char *type) {
  VEC(const struct value *) v = {0};
  for (size_t i = 0; i < q->sb->o.n; i++) {
    const struct sobject *o = &q->sb->o.v[i];
    if (o->gone || !str_eq(o->type, str_c(type)) || !str_eq(o->region, q->region)) continue;
    const struct value *live = shown(q, o);
    if (fits(q, live)) VEC_PUSH(&q->sb->s->arena, &v, live);
  }
  return value_list(&q->sb->s->arena, v.v, v.n);
}

/* ---- answers ----------------------------------------------------------------------------------- */
static const struct value *vpcs(struct question *q) {
  return one(q, "Vpcs", listed(q, "AWS::EC2::VPC"));
}

static const struct value *subnets(struct question *q) {
  return one(q, "Subnets", listed(q, "AWS::EC2::Subnet"));
}

static const struct value *zones(struct question *q) {
  const struct value *v[3];
  for (int i = 0; i < 3; i++) {
    struct str name = str_fmt(&q->sb->s->arena, "%.*s%c", SV(q->region), 'a' + i);
    v[i] = one(q, "ZoneName", value_str(&q->sb->s->arena, name));
  }
  return one(q, "AvailabilityZones", value_list(&q->sb->s->arena, v, 3));
}

/* The object of a type that is called so, by its name property or its ARN. */
static const struct sobject *called(struct question *q, const char *type, struct str name) {
  for (size_t i = 0; i < q->sb->o.n; i++) {
    const struct sobject *o = &q->sb->o.v[i];
    if (o->gone || !str_eq(o->type, str_c(type)) || !str_eq(o->region, q->region)) continue;
    if (str_eq(o->id, name) || str_eq(text_in(q, o->props, "Name"), name)) return o;
  }
  return NULL;
}

static const struct value *parameter(struct question *q) {
  const struct sobject *o = called(q, "AWS::SSM::Parameter", text_in(q, q->in, "Name"));
  if (!o) return NULL;
  struct member m[2] = {{.key = session_sym(q->sb->s, STR("Type")),
                         .value = value_str(&q->sb->s->arena, text_in(q, o->props, "Type"))},
                        {.key = session_sym(q->sb->s, STR("Value")),
                         .value = value_str(&q->sb->s->arena, text_in(q, o->props, "Value"))}};
  return one(q, "Parameter", value_map(&q->sb->s->arena, m, 2));
}

static const struct value *secret(struct question *q) {
  const struct sobject *o = called(q, "AWS::SecretsManager::Secret", text_in(q, q->in, "SecretId"));
  if (!o) return NULL;
  struct str made = str_fmt(&q->sb->s->arena, "sandbox:%.*s", SV(o->id));
  return one(q, "SecretString", value_str(&q->sb->s->arena, made));
}

static const struct {
  const char *service, *operation, *missing; /* code when there is nothing */
  const struct value *(*answer)(struct question *q);
} answers[] = {{"ec2", "DescribeVpcs", "", vpcs},
               {"ec2", "DescribeSubnets", "", subnets},
               {"ec2", "DescribeAvailabilityZones", "", zones},
               {"ssm", "GetParameter", "ParameterNotFound", parameter},
               {"secretsmanager", "GetSecretValue", "ResourceNotFoundException", secret}};

void sandbox_answer(struct sandbox *sb, const struct call *call, struct reply *out) {
  struct question q = {.sb = sb, .in = call->input, .region = session_str(sb->s, call->region)};
  struct str code = STR("NotInSandbox");
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
    if (!str_eq(call->op->service->id, str_c(answers[i].service)) ||
        !str_eq(call->op->name, str_c(answers[i].operation)))
      continue;
    out->output = answers[i].answer(&q);
    if (out->output) return;
    code = str_c(answers[i].missing);
  }
  *out = (struct reply){.err = QN_E_REMOTE,
                        .cls = EC_CLIENT,
                        .status = 400,
                        .code = code,
                        .message = STR("the sandbox does not hold it")};
}

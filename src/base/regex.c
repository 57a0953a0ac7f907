#include "quoin/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

/* Limits of one match: patterns of AWS's schemas need a few thousand steps on
 * texts of their size; a pattern of a user must not hang the compiler. */
enum { MATCH_LIMIT = 1000000, DEPTH_LIMIT = 100000, HEAP_LIMIT_KIB = 20000 };

struct regex {
  pcre2_code *code;
  pcre2_match_data *match;
  pcre2_match_context *limits;
  uint32_t groups; /* with group 0 */
  uint32_t name_count, name_size;
  PCRE2_SPTR names;
};

static void set_message(struct arena *a, int code, struct str *message) {
  PCRE2_UCHAR text[256];
  int n = pcre2_get_error_message(code, text, sizeof text);
  const char *p = (const char *)text;
  *message = n > 0 ? str_dup(a, (struct str){p, (size_t)n}) : STR("wrong pattern");
}

static pcre2_code *compile(struct str pattern, int *code, size_t *at) {
  const uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_ALT_BSUX | PCRE2_DOLLAR_ENDONLY;
  pcre2_compile_context *ctx = pcre2_compile_context_create(NULL);
  if (!ctx) return NULL;
  pcre2_set_compile_extra_options(ctx, PCRE2_EXTRA_ALLOW_SURROGATE_ESCAPES);
  pcre2_set_max_pattern_length(ctx, 65536);
  PCRE2_SPTR text = (PCRE2_SPTR)(pattern.n ? pattern.p : "");
  pcre2_code *out = pcre2_compile(text, pattern.n, options, code, at, ctx);
  pcre2_compile_context_free(ctx);
  return out;
}

static bool prepare(struct regex *r) {
  r->match = pcre2_match_data_create_from_pattern(r->code, NULL);
  r->limits = pcre2_match_context_create(NULL);
  if (!r->match || !r->limits) return false;
  pcre2_set_match_limit(r->limits, MATCH_LIMIT);
  pcre2_set_depth_limit(r->limits, DEPTH_LIMIT);
  pcre2_set_heap_limit(r->limits, HEAP_LIMIT_KIB);
  pcre2_pattern_info(r->code, PCRE2_INFO_CAPTURECOUNT, &r->groups);
  r->groups++;
  pcre2_pattern_info(r->code, PCRE2_INFO_NAMECOUNT, &r->name_count);
  pcre2_pattern_info(r->code, PCRE2_INFO_NAMEENTRYSIZE, &r->name_size);
  pcre2_pattern_info(r->code, PCRE2_INFO_NAMETABLE, &r->names);
  return true;
}

enum qn_err regex_new(struct arena *a, struct str pattern, struct regex **out, struct str *message,
                      size_t *offset) {
  int code = 0;
  size_t at = 0;
  struct regex *r = calloc(1, sizeof *r);
  if (!r) return QN_E_NOMEM;
  r->code = compile(pattern, &code, &at);
  if (r->code && prepare(r)) {
    *out = r;
    return QN_OK;
  }
  bool wrong = !r->code && code != PCRE2_ERROR_HEAP_FAILED && code != 0;
  regex_free(r);
  if (!wrong) return QN_E_NOMEM;
  if (message) set_message(a, code, message);
  if (offset) *offset = at;
  return QN_E_INVALID;
}

void regex_free(struct regex *r) {
  if (!r) return;
  pcre2_match_context_free(r->limits);
  pcre2_match_data_free(r->match);
  pcre2_code_free(r->code);
  free(r);
}

static void fill_groups(const struct regex *r, struct regex_group *groups, size_t max) {
  const PCRE2_SIZE *at = pcre2_get_ovector_pointer(r->match);
  uint32_t known = pcre2_get_ovector_count(r->match);
  for (size_t i = 0; i < max && i < r->groups; i++) {
    bool set = i < known && at[2 * i] != PCRE2_UNSET;
    groups[i] = (struct regex_group){set ? at[2 * i] : 0, set ? at[2 * i + 1] : 0, set};
  }
}

enum qn_err regex_match(const struct regex *r, struct str subject, size_t from, struct regex_group *groups,
                        size_t max, size_t *n) {
  if (from > subject.n) return QN_E_NOTFOUND;
  PCRE2_SPTR text = (PCRE2_SPTR)(subject.n ? subject.p : "");
  int rc = pcre2_match(r->code, text, subject.n, from, 0, r->match, r->limits);
  if (rc >= 0) {
    if (groups) fill_groups(r, groups, max);
    if (n) *n = r->groups;
    return QN_OK;
  }
  switch (rc) {
  case PCRE2_ERROR_MATCHLIMIT:
  case PCRE2_ERROR_DEPTHLIMIT:
  case PCRE2_ERROR_HEAPLIMIT: return QN_E_LIMIT;
  case PCRE2_ERROR_NOMEMORY: return QN_E_NOMEM;
  default: return QN_E_NOTFOUND; /* no match, or a subject that is not UTF-8 */
  }
}

struct str regex_group_name(const struct regex *r, size_t i) {
  for (uint32_t k = 0; k < r->name_count; k++) {
    PCRE2_SPTR entry = r->names + (size_t)k * r->name_size;
    if (((size_t)entry[0] << 8 | entry[1]) == i) return str_c((const char *)(entry + 2));
  }
  return STR("");
}

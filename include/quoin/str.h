/* Borrowed byte strings. A struct str never owns its bytes: they live in an
 * arena, in the source map, in the interner or in static storage. Bytes may
 * contain NUL; n counts bytes. The empty string is {NULL or any, 0}. */
#ifndef QUOIN_STR_H
#define QUOIN_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
  const char *p;
  size_t n;
};

/* A literal: STR("abc"). */
#define STR(lit) ((struct str){"" lit, sizeof(lit) - 1})
/* For printf("%.*s"): SV(s). Text longer than INT_MAX is cut. */
#define SV(s) ((s).n > 0x7fffffffU ? 0x7fffffff : (int)(s).n), ((s).n ? (s).p : "")

struct arena;

struct str str_c(const char *z);                    /* borrow a C string; NULL gives empty */
bool str_eq(struct str a, struct str b);
bool str_eq_nocase(struct str a, struct str b);     /* ASCII case only */
int str_cmp(struct str a, struct str b);            /* by bytes, then by length: -1, 0, 1 */
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
struct str str_sub(struct str s, size_t from, size_t to); /* clamped half-open range */
struct str str_trim(struct str s);                  /* ASCII blanks at both ends */
/* Position of the first occurrence, or SIZE_MAX. */
size_t str_find(struct str s, struct str needle);
size_t str_find_c(struct str s, char c);
/* Cut s at the first `c`: *head is what stands before, the result what follows
 * (empty with .p == NULL when c does not occur; *head is then all of s). */
struct str str_cut(struct str s, char c, struct str *head);
/* Whole string as a base-10 int64 (optional '-'); false on anything else, overflow included. */
bool str_to_i64(struct str s, int64_t *out);
/* Binary search in names sorted by str_cmp: *place is the first that is not before `name`; true if it is it. */
typedef struct str str_at_fn(const void *names, size_t i);
bool str_search(const void *names, size_t n, str_at_fn *at, struct str name, size_t *place);
/* FNV-1a seeded; the interner and maps give a per-process random seed. */
uint64_t str_hash(struct str s, uint64_t seed);
/* Valid UTF-8 without surrogates and overlong forms; *bad is the offset of the first wrong byte. */
bool str_utf8_ok(struct str s, size_t *bad);
/* Number of code points of valid UTF-8; terminal columns of it (wide and zero-width regarded). */
size_t str_utf8_len(struct str s);
size_t str_columns(struct str s);
size_t str_columns_cut(struct str s, size_t most); /* bytes of the whole characters that take no more columns */

/* Copy into an arena, always NUL-terminated behind n. */
struct str str_dup(struct arena *a, struct str s);
struct str str_fmt(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
struct str str_vfmt(struct arena *a, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
struct str str_lower(struct arena *a, struct str s);   /* ASCII */
/* Damerau-Levenshtein distance, at most `cap` (then cap + 1): for "did you mean". */
size_t str_distance(struct str a, struct str b, size_t cap);

/* Growing byte buffer on the heap; every buffer has a maximum. Zero-initialise
 * with BUF_INIT(max). Appends past max (or out of memory) set `failed`, drop the
 * bytes and keep failing: check once at the end. buf_release frees. */
struct buf {
  char *p;
  size_t n, cap, max;
  bool failed;
};
#define BUF_INIT(max_bytes) ((struct buf){NULL, 0, 0, (max_bytes), false})
#define BUF_MAX_DEFAULT ((size_t)1 << 30)
void buf_add(struct buf *b, struct str s);
void buf_addc(struct buf *b, char c);
void buf_addz(struct buf *b, const char *z);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
struct str buf_str(const struct buf *b);            /* borrows until the next append */
void buf_reset(struct buf *b);                      /* empty, keeps memory */
void buf_release(struct buf *b);

#endif

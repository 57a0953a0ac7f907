/* Exact numbers: a 127-bit integer over a power of ten. */
#ifndef QUOIN_LANG_NUM_H
#define QUOIN_LANG_NUM_H

#include "quoin/value.h"

#define NUM_DIGITS   34 /* significant digits that decimals may have */
#define NUM_QUOTIENT 18 /* decimal places of a quotient that does not end earlier */

__extension__ typedef __int128 num_wide;
struct num {
  num_wide m;
  int scale; /* m / 10^scale; 0..NUM_DIGITS; no trailing zeros when scale > 0 */
};
/* `-12`, `1.5`, `2e3`; false on anything else and on too many digits. */
bool num_parse(struct str text, struct num *out);
/* V_INT, V_DEC; V_STR from plain YAML that is a number. */
bool num_of(const struct value *v, struct num *out);
/* V_INT when whole, else V_DEC; NULL if a whole number has more than 64 bits. */
const struct value *num_value(struct arena *a, struct num v);
struct num num_int(int64_t i);

/* False when the result has too many digits (div and mod: or b is zero). */
bool num_add(struct num a, struct num b, struct num *out);
bool num_sub(struct num a, struct num b, struct num *out);
bool num_mul(struct num a, struct num b, struct num *out);
bool num_div(struct num a, struct num b,
             struct num *out); /* rounded half to even behind NUM_QUOTIENT places */
bool num_mod(struct num a, struct num b, struct num *out); /* sign of b, as floor division leaves it */
int num_cmp(struct num a, struct num b);
enum num_round { NUM_FLOOR, NUM_CEIL, NUM_HALF_UP /* away from zero */ };
/* To `places` behind the point. */
bool num_round(struct num v, int places, enum num_round how, struct num *out);

#endif

/* The last steps of a compilation (finish.c). */
#ifndef QUOIN_LANG_FINISH_H
#define QUOIN_LANG_FINISH_H

#include "program.h"

void finish_depends(struct program *p);
void finish_resources(struct program *p, const struct instance *in);
void finish_moved(struct program *p);

#endif

/* Tables of provenance and of origin sets; private to base. */
#ifndef QUOIN_BASE_VMETA_H
#define QUOIN_BASE_VMETA_H
struct vmetas;
struct vmetas *vmetas_new(void);
void vmetas_free(struct vmetas *m);
#endif

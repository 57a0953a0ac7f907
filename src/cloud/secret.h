/* The secrets a client has read; private to cloud. */
#ifndef QUOIN_CLOUD_SECRET_H
#define QUOIN_CLOUD_SECRET_H

struct secret_store;
/* Overwrites every text given out. NULL is fine; the store itself is the session arena's. */
void secret_store_wipe(struct secret_store *store);

#endif

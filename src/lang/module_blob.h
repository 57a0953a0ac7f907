/* Standard modules inside the binary: files by path, as `network/module.yaml`. */
#ifndef QUOIN_LANG_MODULE_BLOB_H
#define QUOIN_LANG_MODULE_BLOB_H

#include "quoin/str.h"

/* Number of files; 0 for an empty or foreign blob. */
size_t module_blob_count(struct str blob);
/* Path and text of file i, borrowed from the blob; false if the blob is damaged. */
bool module_blob_file(struct str blob, size_t i, struct str *path, struct str *text);
bool module_blob_find(struct str blob, struct str path, struct str *text);

#endif

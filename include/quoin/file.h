/* Files: bounded reads, atomic durable writes, locks. Errors add a diagnostic
 * (QN0001, QN0002, QN0003) where a diags list is given (it may be NULL). */
#ifndef QUOIN_FILE_H
#define QUOIN_FILE_H

#include "quoin/session.h"

/* Whole file into the arena (NUL behind); more than max bytes is QN_E_LIMIT.
 * QN_E_NOTFOUND if it does not exist (no diagnostic then). Directories, FIFOs: QN_E_IO. */
enum qn_err file_read(struct arena *a, const char *path, size_t max, struct diags *d, struct str *out) QN_MUST_USE;
/* Temp file beside it, write, fsync, rename, fsync of the folder. Readers see old or new, never half.
 * mode e.g. 0600. On failure the old file is untouched and the temp file is gone. */
enum qn_err file_write_atomic(const char *path, struct str bytes, unsigned mode, struct diags *d) QN_MUST_USE;
enum qn_err file_mkdirs(const char *path, unsigned mode, struct diags *d) QN_MUST_USE;
/* The five below: QN_OK or QN_E_IO with errno telling why; no diagnostics. */
/* All of it, EINTR and short writes handled. */
enum qn_err fd_write_all(int fd, struct str bytes) QN_MUST_USE;
/* After a failure the kernel may have dropped the dirty pages: trying again proves nothing. */
enum qn_err fd_sync(int fd, bool data_only /* fdatasync */) QN_MUST_USE;
/* Room on the disk for bytes [from, from + n); the file grows to hold them, as zeros. */
enum qn_err fd_allocate(int fd, size_t from, size_t n) QN_MUST_USE;
enum qn_err file_rename(const char *from, const char *to) QN_MUST_USE;
/* fsync of the folder that holds path, so that a new or renamed entry survives a power cut. */
enum qn_err file_sync_folder(const char *path) QN_MUST_USE;
/* Torture tests: the n-th write, sync, allocation or rename from now fails with `err` (0 = never). A failing write
 * leaves the first half of its bytes, as a full disk does. */
void file_fail_at(size_t n, int err);

#endif

/* libcurl, loaded when the first request is made. A process that never uses the
 * network (version, validate, plan without reads) then does not map libcurl and
 * the thirty libraries behind it. */
#ifndef QUOIN_CURL_LIB_H
#define QUOIN_CURL_LIB_H

#include "quoin/str.h"
#include <curl/curl.h>

/* name in curl_lib, symbol, return type, parameters */
#define CURL_FUNCTIONS(X)                                                                                    \
  X(global_init, CURLcode, (long flags))                                                                     \
  X(easy_init, CURL *, (void))                                                                               \
  X(easy_setopt, CURLcode, (CURL * h, CURLoption o, ...))                                                    \
  X(easy_getinfo, CURLcode, (CURL * h, CURLINFO i, ...))                                                     \
  X(easy_reset, void, (CURL * h))                                                                            \
  X(easy_cleanup, void, (CURL * h))                                                                          \
  X(easy_strerror, const char *, (CURLcode c))                                                               \
  X(slist_append, struct curl_slist *, (struct curl_slist * l, const char *text))                            \
  X(slist_free_all, void, (struct curl_slist * l))                                                           \
  X(multi_init, CURLM *, (void))                                                                             \
  X(multi_cleanup, CURLMcode, (CURLM * m))                                                                   \
  X(multi_setopt, CURLMcode, (CURLM * m, CURLMoption o, ...))                                                \
  X(multi_add_handle, CURLMcode, (CURLM * m, CURL * h))                                                      \
  X(multi_remove_handle, CURLMcode, (CURLM * m, CURL * h))                                                   \
  X(multi_perform, CURLMcode, (CURLM * m, int *running))                                                     \
  X(multi_poll, CURLMcode, (CURLM * m, struct curl_waitfd fds[], unsigned n, int timeout_ms, int *ready))    \
  X(multi_info_read, CURLMsg *, (CURLM * m, int *left))                                                      \
  X(multi_strerror, const char *, (CURLMcode c))

struct curl_lib {
#define X(name, ret, args) ret(*name) args;
  CURL_FUNCTIONS(X)
#undef X
};

/* Loads libcurl and initialises it. On failure says why in error. The library stays
 * mapped until the process ends: TLS libraries do not survive being unloaded. */
bool curl_lib_load(struct curl_lib *lib, char *error, size_t size);

#endif

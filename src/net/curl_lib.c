#include "curl_lib.h"

#include <dlfcn.h>

#ifdef __APPLE__
static const char *const names[] = {"libcurl.4.dylib", "libcurl.dylib", "/usr/lib/libcurl.4.dylib"};
#else
static const char *const names[] = {"libcurl.so.4", "libcurl.so", "libcurl-gnutls.so.4"};
#endif

/* ISO C has no conversion from dlsym's object pointer to a function pointer; POSIX says the bits are the
 * same. */
static bool symbol(void *so, const char *name, void *fn, size_t size, char *error, size_t error_size) {
  void *p = dlsym(so, name);
  if (!p || size != sizeof p) {
    snprintf(error, error_size, "libcurl has no %s", name);
    return false;
  }
  memcpy(fn, &p, sizeof p);
  return true;
}

bool curl_lib_load(struct curl_lib *lib, char *error, size_t size) {
  void *so = NULL;
  for (size_t i = 0; !so && i < sizeof names / sizeof *names; i++)
    so = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
  if (!so) {
    const char *why = dlerror();
    snprintf(error, size, "libcurl cannot be loaded: %s", why ? why : "not found");
    return false;
  }
#define X(name, ret, args)                                                                                   \
  if (!symbol(so, "curl_" #name, &lib->name, sizeof lib->name, error, size)) return false;
  CURL_FUNCTIONS(X)
#undef X
  CURLcode c = lib->global_init(CURL_GLOBAL_DEFAULT);
  if (c == CURLE_OK) return true;
  snprintf(error, size, "libcurl cannot be started: %s", lib->easy_strerror(c));
  return false;
}

/* X-macro table of diagnostic codes: DIAG(number, severity, title).
 * Codes are stable: never renumber, never reuse. docs/errors.md documents each.
 * Ranges: 00xx files and command line, 01xx YAML, 02xx schema, 03xx expressions,
 * 04xx spec, modules, environments, 05xx graph, 06xx state, 07xx cloud and
 * credentials, 08xx plan and apply, 09xx provider definitions. */
#ifndef DIAG
#error "define DIAG(number, severity, title) before including diag_codes.h"
#endif
DIAG(0001, SEV_ERROR, "file cannot be read")
DIAG(0002, SEV_ERROR, "file cannot be written")
DIAG(0003, SEV_ERROR, "input too large")
DIAG(0004, SEV_ERROR, "unknown option")
DIAG(0005, SEV_ERROR, "unknown command")
DIAG(0006, SEV_ERROR, "wrong arguments")
DIAG(0900, SEV_ERROR, "wire model is malformed")
DIAG(0901, SEV_ERROR, "tables of wire models are damaged")

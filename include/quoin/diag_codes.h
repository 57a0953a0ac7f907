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
DIAG(0801, SEV_ERROR, "a moved entry meets a resource that is recorded already")
DIAG(0802, SEV_ERROR, "no provider definition for a resource type")
DIAG(0803, SEV_ERROR, "protected resource would be deleted")
DIAG(0804, SEV_ERROR, "nothing says what becomes of a resource's data")
DIAG(0805, SEV_ERROR, "live read failed")
DIAG(0806, SEV_ERROR, "most recorded resources are gone")
DIAG(0807, SEV_ERROR, "a resource cannot change its region")
DIAG(0808, SEV_ERROR, "a property reads back otherwise than it was applied")
DIAG(0809, SEV_ERROR, "a check does not hold")
DIAG(0810, SEV_ERROR, "address is not in the spec or the state")
DIAG(0811, SEV_ERROR, "plan file is damaged or of another version")

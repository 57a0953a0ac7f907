/* The tables of modules/, as bytes in rodata. */
#if defined(__APPLE__)
#define NAME(x) _##x
    .const
#else
#define NAME(x) x
    .section .rodata
#endif
#define BLOB(name, file)            \
    .balign 16;                     \
    .globl NAME(name), NAME(name##_end); \
NAME(name): .incbin file;           \
NAME(name##_end): .byte 0

    BLOB(quoin_blob_schema, "schema.bin")
    BLOB(quoin_blob_wire, "wire.bin")
    BLOB(quoin_blob_defs, "defs.bin")
    BLOB(quoin_blob_modules, "modules.bin")

#if defined(__linux__)
    .section .note.GNU-stack, "", %progbits
#endif

/* schemas/embed.S: the files of this folder inside the binary, each NUL-terminated. The C side is schemas/embed.h. */
    .section .rodata
    .macro embed name, file
    .global schema_\name
schema_\name:
    .incbin "\file"
    .byte 0
    .endm

    embed main_sql, "schemas/main.sql"
    embed shard_sql, "schemas/shard.sql"
    embed shard_002_sql, "schemas/shard-002.sql"

    .section .note.GNU-stack,"",@progbits

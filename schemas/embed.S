/* schemas/embed.S: the files of this folder and of clients/phones inside the binary, each NUL-terminated. The C side is schemas/embed.h. */
    .section .rodata
    .macro embed name, file
    .global schema_\name
schema_\name:
    .incbin "\file"
    .byte 0
    .endm

    embed main_sql, "schemas/main.sql"
    embed main_002_sql, "schemas/main-002.sql"
    embed main_003_sql, "schemas/main-003.sql"
    embed shard_sql, "schemas/shard.sql"
    embed shard_002_sql, "schemas/shard-002.sql"
    embed shard_003_sql, "schemas/shard-003.sql"
    embed shard_004_sql, "schemas/shard-004.sql"

    embed phones_nokia, "clients/phones/nokia.ini"
    embed phones_ericsson, "clients/phones/ericsson.ini"
    embed phones_motorola, "clients/phones/motorola.ini"
    embed phones_siemens, "clients/phones/siemens.ini"
    embed phones_funambol, "clients/phones/funambol.ini"
    embed phones_synthesis, "clients/phones/synthesis.ini"
    embed phones_other, "clients/phones/other.ini"

    .section .note.GNU-stack,"",@progbits

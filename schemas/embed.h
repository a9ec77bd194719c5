/* schemas/embed.h: the data of this folder as C strings (schemas/embed.S puts them into the binary). */
#ifndef SCAMBIO_SCHEMAS_EMBED_H
#define SCAMBIO_SCHEMAS_EMBED_H

extern const char schema_main_sql[];
extern const char schema_main_002_sql[];
extern const char schema_main_003_sql[];
extern const char schema_shard_sql[];
extern const char schema_shard_002_sql[];
extern const char schema_shard_003_sql[];
extern const char schema_shard_004_sql[];

/* clients/phones: profiles of SyncML devices; the files in syncml/phone_rows.c */
extern const char schema_phones_nokia[];
extern const char schema_phones_ericsson[];
extern const char schema_phones_motorola[];
extern const char schema_phones_siemens[];
extern const char schema_phones_funambol[];
extern const char schema_phones_synthesis[];
extern const char schema_phones_other[];

#endif

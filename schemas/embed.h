/* schemas/embed.h: the data of this folder as C strings (schemas/embed.S puts them into the binary). */
#ifndef SCAMBIO_SCHEMAS_EMBED_H
#define SCAMBIO_SCHEMAS_EMBED_H

extern const char schema_main_sql[];
extern const char schema_shard_sql[];
extern const char schema_shard_002_sql[];

#endif

/* store/config.c: the defaults of struct store_config. */
#include "store/store.h"

struct store_config store_config_default(const char *dir)
{
    return (struct store_config){
        .dir = dir,
        .shards = 1,
        .tombstone_days = 90,
        .keep_deleted = 14 * 86400,
        .inline_body = 64 << 10,
        .group_rows = 4000,
        .group_bytes = 16 << 20,
        .group_us = 50000,
        .queue_limit = 10000,
        .zoneinfo = "/usr/share/zoneinfo",
        .ical = ical_default_limits,
        .vcard = vcard_default_limits,
        .resource_size = 10 << 20,
        .collections = 500,
        .items = 200000,
        .acl_entries = 1000,
        .properties = 200,
        .property_size = 64 << 10,
        .devices = 50,
        .mailboxes = 1000,
        .mailbox_depth = 20,
        .mailbox_name = 1000,
        .message_size = 50 << 20,
        .message_batch = 100000,
        .mime = {.parts = 1000, .depth = 50, .addresses = 1000, .field = 64 << 10},
    };
}

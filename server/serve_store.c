/* server/serve_store.c: from the configuration to an open store. */
#include "server/serve.h"
#include "store/store.h"

struct limit_row { /* a key of the configuration and the field it fills */
    enum conf_key key;
    size_t offset;
};
#define SIZE_LIMIT(key_, field_)                                                                             \
    {                                                                                                        \
        key_, offsetof(struct store_config, field_)                                                          \
    }

static const struct limit_row sizes[] = {
    SIZE_LIMIT(CONF_LIMITS_WRITE_QUEUE, queue_limit),
    SIZE_LIMIT(CONF_LIMITS_RESOURCE_SIZE, resource_size),
    SIZE_LIMIT(CONF_LIMITS_COLLECTIONS, collections),
    SIZE_LIMIT(CONF_LIMITS_ITEMS, items),
    SIZE_LIMIT(CONF_LIMITS_PROPERTIES, properties),
    SIZE_LIMIT(CONF_LIMITS_PROPERTY_SIZE, property_size),
    SIZE_LIMIT(CONF_LIMITS_DEVICES, devices),
    SIZE_LIMIT(CONF_LIMITS_LINE, ical.line.line),
    SIZE_LIMIT(CONF_LIMITS_LINES, ical.line.lines),
    SIZE_LIMIT(CONF_LIMITS_COMPONENTS, ical.components),
    SIZE_LIMIT(CONF_LIMITS_ATTENDEES, ical.attendees),
    SIZE_LIMIT(CONF_LIMITS_OVERRIDES, ical.overrides),
    SIZE_LIMIT(CONF_LIMITS_INSTANCES, ical.instances),
    SIZE_LIMIT(CONF_LIMITS_LINE, vcard.line.line),
    SIZE_LIMIT(CONF_LIMITS_LINES, vcard.line.lines),
    SIZE_LIMIT(CONF_LIMITS_MESSAGE_SIZE, message_size),
    SIZE_LIMIT(CONF_LIMITS_MAILBOXES, mailboxes),
    SIZE_LIMIT(CONF_LIMITS_MAILBOX_DEPTH, mailbox_depth),
    SIZE_LIMIT(CONF_LIMITS_MAILBOX_NAME, mailbox_name),
    SIZE_LIMIT(CONF_LIMITS_MESSAGE_BATCH, message_batch),
    SIZE_LIMIT(CONF_LIMITS_MIME_PARTS, mime.parts),
    SIZE_LIMIT(CONF_LIMITS_MIME_DEPTH, mime.depth),
    SIZE_LIMIT(CONF_LIMITS_MIME_ADDRESSES, mime.addresses),
    SIZE_LIMIT(CONF_LIMITS_MIME_FIELD, mime.field),
};

enum { TRACE_ROOM = 64 * 1024 }; /* what this server puts on top of a message */

/* `dir` holds the folder's name as long as the result is used. */
static struct store_config config_of(const struct conf *conf, struct buf *dir)
{
    buf_add(dir, conf_str(conf, CONF_SERVER_DATA));
    struct store_config config = store_config_default(buf_c(dir));
    config.shards = (int)conf_int(conf, CONF_STORE_SHARDS);
    config.tombstone_days = conf_int(conf, CONF_STORE_TOMBSTONE_DAYS);
    config.keep_deleted = conf_int(conf, CONF_STORE_KEEP_DELETED);
    config.default_quota = conf_int(conf, CONF_STORE_DEFAULT_QUOTA);
    config.message_size = (size_t)conf_int(conf, CONF_LIMITS_MESSAGE_SIZE) + TRACE_ROOM;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        size_t value = (size_t)conf_int(conf, sizes[i].key);
        memcpy((char *)&config + sizes[i].offset, &value, sizeof value);
    }
    return config;
}

enum status serve_open_store(const struct conf *conf, struct store **out, struct buf *why)
{
    SCOPED_BUF(dir, 4096);
    struct store_config config = config_of(conf, &dir);
    return store_open(&config, out, why);
}

enum status serve_open_beside(const struct conf *conf, struct store **out, struct buf *why)
{
    SCOPED_BUF(dir, 4096);
    struct store_config config = config_of(conf, &dir);
    return store_open_beside(&config, out, why);
}

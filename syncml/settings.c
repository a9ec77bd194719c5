/* syncml/settings.c: what of the configuration the sync engine goes by. */
#include "syncml/engine.h"

static size_t size_of(const struct conf *conf, enum conf_key key)
{
    return (size_t)conf_int(conf, key);
}

static enum conflict_policy policy_of(const struct conf *conf, enum conf_key key)
{
    return (enum conflict_policy)conf_int(conf, conf_has(conf, key) ? key : CONF_SYNCML_CONFLICT);
}

void settings_load(struct syncml *s, const struct conf *conf)
{
    const struct store_config *store = store_config_of(s->store);
    s->conf = conf_ref(unconst(conf));
    s->message = (struct sml_limits){.size = size_of(conf, CONF_LIMITS_SYNCML_MESSAGE),
                                     .depth = size_of(conf, CONF_LIMITS_SYNCML_DEPTH),
                                     .nodes = size_of(conf, CONF_LIMITS_SYNCML_NODES),
                                     .commands = size_of(conf, CONF_LIMITS_SYNCML_COMMANDS),
                                     .name = size_of(conf, CONF_LIMITS_SYNCML_NAME),
                                     .address = size_of(conf, CONF_LIMITS_SYNCML_ADDRESS),
                                     .credential = size_of(conf, CONF_LIMITS_SYNCML_CREDENTIAL)};
    s->content =
        (struct content_limits){.ical = store->ical, .vcard = store->vcard, .size = store->resource_size};
    s->answer = size_of(conf, CONF_LIMITS_SYNCML_ANSWER);
    s->object = (int64_t)store->resource_size;
    if (conf_has(conf, CONF_LIMITS_SYNCML_OBJECT) && conf_int(conf, CONF_LIMITS_SYNCML_OBJECT) < s->object)
        s->object = conf_int(conf, CONF_LIMITS_SYNCML_OBJECT);
    s->turns = conf_int(conf, CONF_LIMITS_SYNCML_MESSAGES);
    s->idle = conf_int(conf, CONF_LIMITS_SYNCML_IDLE);
    s->sessions_most = size_of(conf, CONF_LIMITS_SYNCML_SESSIONS);
    s->policy[DB_CONTACTS] = policy_of(conf, CONF_SYNCML_CONFLICT_CONTACTS);
    s->policy[DB_CALENDAR] = policy_of(conf, CONF_SYNCML_CONFLICT_CALENDAR);
    s->policy[DB_TASKS] = policy_of(conf, CONF_SYNCML_CONFLICT_TASKS);
    s->policy[DB_NOTES] = policy_of(conf, CONF_SYNCML_CONFLICT_NOTES);
    s->trace = conf_str(conf, CONF_SYNCML_TRACE);
}

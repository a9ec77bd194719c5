/* mailcore/imap/settings.c: the bounds of sessions from the configuration. */
#include "mailcore/imap/service.h"

/* Who has not logged in needs a few short lines: a client's memory is bounded by this before we know him. */
static const struct imap_limits before = {.line = 4 << 10,
                                          .literal = 1 << 10,
                                          .literals = 4,
                                          .memory = 8 << 10,
                                          .stream = 0,
                                          .skip = 64 << 10,
                                          .depth = 4,
                                          .items = 64};

enum { SPARE = 64 << 10, ARENA_AN_ITEM = 256, ANSWERS_MOST = 160 << 20 };

enum status imap_settings_new(const struct conf *conf, bool tls, struct imap_settings **out)
{
    size_t message = (size_t)conf_int(conf, CONF_LIMITS_MESSAGE_SIZE);
    size_t memory = (size_t)conf_int(conf, CONF_LIMITS_IMAP_MEMORY);
    size_t items = (size_t)conf_int(conf, CONF_LIMITS_IMAP_ITEMS);
    if (memory < message + SPARE) /* a message of the size that is taken can always be appended */
        memory = message + SPARE;
    const struct imap_bounds bounds = {.before = before,
                                       .after = {.line = (size_t)conf_int(conf, CONF_LIMITS_IMAP_LINE),
                                                 .literal = message,
                                                 .literals = items,
                                                 .memory = memory,
                                                 .stream = 0,
                                                 .skip = memory,
                                                 .depth = (unsigned)conf_int(conf, CONF_LIMITS_IMAP_DEPTH),
                                                 .items = items},
                                       .arena = memory + items * ARENA_AN_ITEM,
                                       .out = ANSWERS_MOST,
                                       .errors = (unsigned)conf_int(conf, CONF_LIMITS_IMAP_ERRORS),
                                       .attempts = (unsigned)conf_int(conf, CONF_LIMITS_IMAP_ATTEMPTS),
                                       .login_s = (int)conf_int(conf, CONF_LIMITS_IMAP_LOGIN_IDLE),
                                       .idle_s = (int)conf_int(conf, CONF_LIMITS_IMAP_IDLE),
                                       .plain_password =
                                           (int)conf_int(conf, CONF_AUTH_PLAINTEXT_WITHOUT_TLS)};
    return imap_settings_make(&bounds, conf_str(conf, CONF_SERVER_HOSTNAME), tls, out);
}

/* mailcore/smtp/settings.c: what the configuration says to SMTP. */
#include "mailcore/smtp/int.h"

void smtp_limits_from(const struct conf *conf, struct smtp_limits *out)
{
    *out = (struct smtp_limits){
        .size = (uint64_t)conf_int(conf, CONF_LIMITS_MESSAGE_SIZE),
        .memory = (size_t)conf_int(conf, CONF_LIMITS_SMTP_MEMORY),
        .line = (size_t)conf_int(conf, CONF_LIMITS_SMTP_LINE),
        .recipients = (size_t)conf_int(conf, CONF_LIMITS_SMTP_RECIPIENTS),
        .errors = (unsigned)conf_int(conf, CONF_LIMITS_SMTP_ERRORS),
        .commands = (unsigned)conf_int(conf, CONF_LIMITS_SMTP_COMMANDS),
        .attempts = (unsigned)conf_int(conf, CONF_LIMITS_SMTP_ATTEMPTS),
        .hops = (unsigned)conf_int(conf, CONF_LIMITS_SMTP_HOPS),
        .command_s = (int)conf_int(conf, CONF_LIMITS_SMTP_IDLE),
        .text_s = (int)conf_int(conf, CONF_LIMITS_SMTP_TEXT_IDLE),
        .greet_ms = (int)conf_int(conf, CONF_SMTP_GREET_DELAY) * 1000,
        .tarpit_ms = (int)conf_int(conf, CONF_SMTP_TARPIT) * 1000,
        .refuse_bare = conf_int(conf, CONF_SMTP_BARE_NEWLINE) != 0,
        .plain_password = (int)conf_int(conf, CONF_AUTH_PLAINTEXT_WITHOUT_TLS),
    };
}

static bool copy(char *out, size_t room, struct str s)
{
    if (s.n >= room)
        return false;
    if (s.n)
        memcpy(out, s.p, s.n);
    out[s.n] = '\0';
    return true;
}

enum status smtp_settings_make(const struct smtp_limits *limits, enum smtp_role role, struct str hostname,
                               const char *folder, bool tls, struct smtp_settings **out)
{
    struct smtp_settings *s = calloc(1, sizeof *s);
    if (!s)
        return E_MEMORY;
    s->refs = 1;
    s->role = role;
    s->tls = tls && role != SMTP_ROLE_SUBMISSIONS;
    s->limits = *limits;
    if (!copy(s->hostname, sizeof s->hostname, hostname) ||
        !copy(s->folder, sizeof s->folder, str_c(folder))) {
        free(s);
        return TOO_LARGE;
    }
    *out = s;
    return OK;
}

enum status smtp_settings_new(const struct conf *conf, enum smtp_role role, const char *folder, bool tls,
                              struct smtp_settings **out)
{
    struct smtp_limits limits;
    smtp_limits_from(conf, &limits);
    return smtp_settings_make(&limits, role, conf_str(conf, CONF_SERVER_HOSTNAME), folder, tls, out);
}

struct smtp_settings *smtp_settings_ref(struct smtp_settings *s)
{
    atomic_fetch_add(&s->refs, 1);
    return s;
}

void smtp_settings_unref(struct smtp_settings *s)
{
    if (s && atomic_fetch_sub(&s->refs, 1) == 1)
        free(s);
}

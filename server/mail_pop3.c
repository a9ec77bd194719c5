/* server/mail_pop3.c: POP3, with TLS by STLS or from the first byte: the engine of mailcore/pop3/ over the store. */
#include "mailcore/pop3/mailbox.h"
#include "server/mail_inside.h"

static enum status load_role(const struct mail *m, const struct conf *conf, bool stls, void **out)
{
    struct pop3_settings *s = calloc(1, sizeof *s);
    if (!s)
        return E_MEMORY;
    pop3_settings_from(conf, stls && line_keys_ready(m->keys), s);
    *out = s;
    return OK;
}

static enum status load_pop3(const struct mail *m, const struct conf *conf, void **out)
{
    return load_role(m, conf, true, out);
}

static enum status load_pop3s(const struct mail *m, const struct conf *conf, void **out)
{
    return load_role(m, conf, false, out);
}

/* An engine has a copy of its settings. */
static struct line_engine *make(struct mail *m, void *settings, const struct line_peer *peer)
{
    struct line_engine *e = NULL;
    return pop3_mailbox_new(&m->base, settings, peer, &e) == OK ? e : NULL;
}

#define BUSY STR_INIT("-ERR [SYS/TEMP] too many connections\r\n")

const struct mail_service mail_pop3 = {.load = load_pop3, .drop = free, .make = make, .busy = BUSY};
const struct mail_service mail_pop3s = {
    .load = load_pop3s, .drop = free, .make = make, .busy = BUSY, .tls = true};

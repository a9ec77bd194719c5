/* server/mail_imap.c: the services that speak IMAP: the engine of mailcore/imap/ over the store. */
#include "mailcore/imap/service.h"
#include "server/mail_inside.h"

static enum status load(const struct mail *m, const struct conf *conf, void **out)
{
    struct imap_settings *s = NULL;
    enum status st = imap_settings_new(conf, line_keys_ready(m->keys), &s);
    *out = s;
    return st;
}

static void drop(void *settings)
{
    imap_settings_unref(settings);
}

static struct line_engine *make(struct mail *m, void *settings, const struct line_peer *peer)
{
    struct line_engine *e = NULL;
    return imap_new(settings, &imap_service_ops, m->imap, peer, &e) == OK ? e : NULL;
}

#define BUSY STR_INIT("* BYE [UNAVAILABLE] too many connections\r\n")
const struct mail_service mail_imap = {.load = load, .drop = drop, .make = make, .busy = BUSY};
const struct mail_service mail_imaps = {.load = load, .drop = drop, .make = make, .busy = BUSY, .tls = true};

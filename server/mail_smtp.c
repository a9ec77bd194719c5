/* server/mail_smtp.c: the services that speak SMTP: the engine of mailcore/smtp/ with the settings of each role, and what decides about
 * mail (mailcore/delivery/intake.h). */
#include "server/mail_inside.h"

static enum status load_role(const struct mail *m, const struct conf *conf, enum smtp_role role, void **out)
{
    SCOPED_BUF(folder, 4096);
    struct smtp_settings *s = NULL;
    buf_add(&folder, conf_str(conf, CONF_SERVER_DATA));
    enum status st = smtp_settings_new(conf, role, buf_c(&folder), line_keys_ready(m->keys), &s);
    *out = s;
    return st;
}

static enum status load_mx(const struct mail *m, const struct conf *conf, void **out)
{
    return load_role(m, conf, SMTP_ROLE_MX, out);
}

static enum status load_submission(const struct mail *m, const struct conf *conf, void **out)
{
    return load_role(m, conf, SMTP_ROLE_SUBMISSION, out);
}

static enum status load_submissions(const struct mail *m, const struct conf *conf, void **out)
{
    return load_role(m, conf, SMTP_ROLE_SUBMISSIONS, out);
}

static enum status load_lmtp(const struct mail *m, const struct conf *conf, void **out)
{
    return load_role(m, conf, SMTP_ROLE_LMTP, out);
}

static void drop(void *settings)
{
    smtp_settings_unref(settings);
}

static struct line_engine *make(struct mail *m, void *settings, const struct line_peer *peer)
{
    struct line_engine *e = NULL;
    return smtp_new(settings, &intake_ops, m->intake, peer, &e) == OK ? e : NULL;
}

#define BUSY STR_INIT("421 4.3.2 too many connections\r\n")
const struct mail_service mail_mx = {.load = load_mx, .drop = drop, .make = make, .busy = BUSY};
const struct mail_service mail_submission = {
    .load = load_submission, .drop = drop, .make = make, .busy = BUSY};
const struct mail_service mail_submissions = {
    .load = load_submissions, .drop = drop, .make = make, .busy = BUSY, .tls = true};
const struct mail_service mail_lmtp = {.load = load_lmtp, .drop = drop, .make = make, .busy = BUSY};

/* mailcore/delivery/settings.c: what the configuration says to mail that comes in, and the life of the whole. */
#include "core/clock.h"
#include "core/file.h"
#include "core/hash.h"
#include "mailcore/delivery/inside.h"

enum { ARENA_MOST = 1 << 20 };

/* ---- settings ---- */
static enum status refuse(struct buf *why, const char *key, struct str value, const char *instead)
{
    buf_addf(why, "[smtp] %s: '%.*s': write %s", key, STR_ARG(value), instead);
    return INVALID;
}

/* The key, otherwise the first master user. */
static enum status read_postmaster(struct intake_settings *s, const struct conf *conf,
                                   const struct domains *d, struct buf *why)
{
    size_t count;
    const struct str *masters = conf_list(conf, CONF_AUTH_MASTER_USERS, &count);
    bool set = conf_has(conf, CONF_SMTP_POSTMASTER);
    if (!set && !count)
        return OK;
    struct str value = set ? conf_str(conf, CONF_SMTP_POSTMASTER) : masters[0];
    enum status st = address_normalise(d, &s->arena, value, &s->postmaster);
    return st == INVALID && set ? refuse(why, "postmaster", value, "NAME@DOMAIN") : st == INVALID ? OK : st;
}

/* "DOMAIN: ADDRESS". */
static enum status read_catch_all(struct intake_settings *s, const struct conf *conf, const struct domains *d,
                                  struct buf *why)
{
    static const char form[] = "DOMAIN: ADDRESS, the domain one of ours and no alias of another";
    const struct str *list = conf_list(conf, CONF_SMTP_CATCH_ALL, &s->catch_all_count);
    struct catch_all *rows = ARENA_ARRAY(&s->arena, struct catch_all, s->catch_all_count + 1);
    s->catch_all = rows;
    for (size_t i = 0; rows && i < s->catch_all_count; i++) {
        struct str address = list[i], domain;
        if (!str_split(&address, ':', &domain) || !address.p)
            return refuse(why, "catch_all", list[i], form);
        enum status st = domain_normalise(&s->arena, str_trim(domain), &rows[i].domain);
        if (st == OK)
            st = address_normalise(d, &s->arena, str_trim(address), &rows[i].address);
        if (st == INVALID || (st == OK && !domain_is_own(d, rows[i].domain)))
            return refuse(why, "catch_all", list[i], form);
        if (st != OK)
            return st;
    }
    return s->arena.st;
}

static enum status settings_make(const struct domains *d, const struct conf *conf,
                                 struct intake_settings **out, struct buf *why)
{
    struct intake_settings *s = calloc(1, sizeof *s);
    if (!s)
        return E_MEMORY;
    *s = (struct intake_settings){
        .refs = 1,
        .arena = ARENA_INIT(ARENA_MOST),
        .quota_refuse = conf_int(conf, CONF_SMTP_OVER_QUOTA) == 1,
        .srs = conf_int(conf, CONF_SMTP_SRS) != 0,
        .senders = (enum sender_rule)conf_int(conf, CONF_SMTP_SENDERS),
        .queue_time = conf_int(conf, CONF_SMTP_QUEUE_TIME),
        .warn_first = conf_int(conf, CONF_QUOTA_WARN_FIRST),
        .warn_last = conf_int(conf, CONF_QUOTA_WARN_LAST),
        .list_members = (size_t)conf_int(conf, CONF_LIMITS_SMTP_LIST_MEMBERS),
        .account_messages = conf_int(conf, CONF_LIMITS_SMTP_ACCOUNT_MESSAGES),
        .account_recipients = conf_int(conf, CONF_LIMITS_SMTP_ACCOUNT_RECIPIENTS),
        .address_messages = conf_int(conf, CONF_LIMITS_SMTP_ADDRESS_MESSAGES),
    };
    s->hostname = arena_str(&s->arena, conf_str(conf, CONF_SERVER_HOSTNAME));
    enum status st = read_postmaster(s, conf, d, why);
    if (st == OK)
        st = read_catch_all(s, conf, d, why);
    if (st == OK)
        *out = s;
    else
        settings_drop(s);
    return st;
}

struct intake_settings *settings_take(const struct intake *in)
{
    pthread_mutex_t *lock = unconst(&in->lock);
    pthread_mutex_lock(lock);
    struct intake_settings *s = in->settings;
    atomic_fetch_add(&s->refs, 1);
    pthread_mutex_unlock(lock);
    return s;
}

void settings_drop(struct intake_settings *s)
{
    if (!s || atomic_fetch_sub(&s->refs, 1) != 1)
        return;
    arena_free(&s->arena);
    free(s);
}

/* ---- the key of rewritten senders ---- */
static enum status load_key(struct intake *in, struct buf *why)
{
    SCOPED_BUF(path, 8192);
    SCOPED_BUF(bytes, SRS_KEY);
    buf_addf(&path, "%s/srs.key", store_config_of(in->base->store)->dir);
    enum status st = file_read(buf_view(&path), SRS_KEY, &bytes, why);
    if (st == TOO_LARGE || (st == OK && bytes.n != SRS_KEY)) {
        buf_clear(why);
        buf_addf(why,
                 "%s: is not a key of %d bytes: restore it, or remove it: bounces under way are lost then",
                 buf_c(&path), SRS_KEY);
        return INVALID;
    }
    if (st == OK)
        memcpy(in->srs_key, bytes.p, SRS_KEY);
    if (st != NOT_FOUND)
        return st;
    buf_clear(why);
    random_bytes(in->srs_key, SRS_KEY);
    return file_write(buf_view(&path), str_n(in->srs_key, SRS_KEY), 0600, why);
}

/* ---- life ---- */
enum status intake_new(const struct mail_base *base, const struct conf *conf, struct intake **out,
                       struct buf *why)
{
    struct intake *in = calloc(1, sizeof *in);
    if (!in)
        return E_MEMORY;
    in->base = base;
    pthread_mutex_init(&in->lock, NULL);
    enum status st = rates_new(&in->rates);
    if (st == OK)
        st = load_key(in, why);
    if (st == OK)
        st = settings_make(directory_domains(base->dir), conf, &in->settings, why);
    if (st == OK)
        *out = in;
    else
        intake_free(in);
    return st;
}

void intake_free(struct intake *in)
{
    if (!in)
        return;
    settings_drop(in->settings);
    rates_free(in->rates);
    hash_wipe(in->srs_key, sizeof in->srs_key);
    pthread_mutex_destroy(&in->lock);
    free(in);
}

enum status intake_reload(struct intake *in, const struct conf *conf, struct buf *why)
{
    struct intake_settings *fresh = NULL;
    enum status st = settings_make(directory_domains(in->base->dir), conf, &fresh, why);
    if (st != OK)
        return st;
    pthread_mutex_lock(&in->lock);
    struct intake_settings *old = in->settings;
    in->settings = fresh;
    pthread_mutex_unlock(&in->lock);
    settings_drop(old);
    return OK;
}

enum status intake_check(const struct conf *conf, struct buf *mistakes)
{
    SCOPED_ARENA(a, ARENA_MOST);
    struct domains d;
    struct intake_settings *s = NULL;
    enum status st = domains_load(conf, &a, &d, mistakes);
    if (st == OK)
        st = settings_make(&d, conf, &s, mistakes);
    settings_drop(s);
    return st;
}

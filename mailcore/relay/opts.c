/* mailcore/relay/opts.c: two tables of words, each with how it is written and read. */
#include "mailcore/relay/opts.h"

enum { VALUE_MOST = 2048 };

struct word { /* a parameter */
    struct str key;
    /* Appends the value; false: there is nothing to say. */
    bool (*write)(struct buf *out, const void *opts);
    bool (*read)(struct arena *a, struct str value, void *opts);
};

/* ---- values that are names ---- */
static const struct str bodies[] = {
    [SMTP_BODY_8BITMIME] = STR_INIT("8BITMIME"), [SMTP_BODY_BINARYMIME] = STR_INIT("BINARYMIME")};
static const struct str returns[] = {
    [SMTP_RETURN_FULL] = STR_INIT("FULL"), [SMTP_RETURN_HEADERS] = STR_INIT("HDRS")};
static const struct {
    enum smtp_notify bit;
    struct str name;
} notifies[] = {{SMTP_NOTIFY_NEVER, STR_INIT("NEVER")},
                {SMTP_NOTIFY_SUCCESS, STR_INIT("SUCCESS")},
                {SMTP_NOTIFY_FAILURE, STR_INIT("FAILURE")},
                {SMTP_NOTIFY_DELAY, STR_INIT("DELAY")}};

/* Of a table that begins at 1; 0: not in it. */
static size_t place_of(const struct str *names, size_t count, struct str value)
{
    for (size_t i = 1; i < count; i++)
        if (str_eq(names[i], value))
            return i;
    return 0;
}

static bool decode(struct arena *a, struct str value, struct str *out)
{
    SCOPED_BUF(text, VALUE_MOST);
    if (!xtext_decode(&text, value) || text.st != OK)
        return false;
    *out = arena_str(a, buf_view(&text));
    return out->p != NULL;
}

/* ---- of the envelope ---- */
static bool write_body(struct buf *out, const void *opts)
{
    const struct envelope_opts *o = opts;
    if (o->body == SMTP_BODY_7BIT)
        return false;
    buf_add(out, bodies[o->body]);
    return true;
}

static bool read_body(struct arena *a, struct str value, void *opts)
{
    struct envelope_opts *o = opts;
    (void)a;
    o->body = (enum smtp_body)place_of(bodies, COUNT_OF(bodies), value);
    return o->body != SMTP_BODY_7BIT;
}

static bool write_ret(struct buf *out, const void *opts)
{
    const struct envelope_opts *o = opts;
    if (o->ret == SMTP_RETURN_ANY)
        return false;
    buf_add(out, returns[o->ret]);
    return true;
}

static bool read_ret(struct arena *a, struct str value, void *opts)
{
    struct envelope_opts *o = opts;
    (void)a;
    o->ret = (enum smtp_return)place_of(returns, COUNT_OF(returns), value);
    return o->ret != SMTP_RETURN_ANY;
}

static bool write_envid(struct buf *out, const void *opts)
{
    const struct envelope_opts *o = opts;
    xtext_encode(out, o->envid);
    return o->envid.n > 0;
}

static bool read_envid(struct arena *a, struct str value, void *opts)
{
    struct envelope_opts *o = opts;
    return decode(a, value, &o->envid);
}

static bool write_utf8(struct buf *out, const void *opts)
{
    const struct envelope_opts *o = opts;
    (void)out;
    return o->utf8;
}

static bool read_utf8(struct arena *a, struct str value, void *opts)
{
    struct envelope_opts *o = opts;
    (void)a;
    o->utf8 = true;
    return !value.p;
}

static bool write_require_tls(struct buf *out, const void *opts)
{
    const struct envelope_opts *o = opts;
    (void)out;
    return o->require_tls;
}

static bool read_require_tls(struct arena *a, struct str value, void *opts)
{
    struct envelope_opts *o = opts;
    (void)a;
    o->require_tls = true;
    return !value.p;
}

static const struct word envelope_words[] = {
    {STR_INIT("BODY"), write_body, read_body},
    {STR_INIT("RET"), write_ret, read_ret},
    {STR_INIT("ENVID"), write_envid, read_envid},
    {STR_INIT("SMTPUTF8"), write_utf8, read_utf8},
    {STR_INIT("REQUIRETLS"), write_require_tls, read_require_tls},
};

/* ---- of a recipient ---- */
static bool write_notify(struct buf *out, const void *opts)
{
    const struct rcpt_opts *o = opts;
    size_t from = out->n;
    for (size_t i = 0; i < COUNT_OF(notifies); i++)
        if (o->notify & notifies[i].bit) {
            buf_addz(out, out->n > from ? "," : "");
            buf_add(out, notifies[i].name);
        }
    return o->notify != 0;
}

static bool read_notify(struct arena *a, struct str value, void *opts)
{
    struct rcpt_opts *o = opts;
    struct str name;
    (void)a;
    while (str_split(&value, ',', &name)) {
        unsigned bit = 0;
        for (size_t i = 0; i < COUNT_OF(notifies); i++)
            bit |= str_eq(notifies[i].name, name) ? notifies[i].bit : 0;
        if (!bit)
            return false;
        o->notify |= bit;
    }
    return o->notify != 0;
}

static bool write_orcpt(struct buf *out, const void *opts)
{
    const struct rcpt_opts *o = opts;
    xtext_encode(out, o->orcpt);
    return o->orcpt.n > 0;
}

static bool read_orcpt(struct arena *a, struct str value, void *opts)
{
    struct rcpt_opts *o = opts;
    return decode(a, value, &o->orcpt);
}

static const struct word rcpt_words[] = {
    {STR_INIT("NOTIFY"), write_notify, read_notify},
    {STR_INIT("ORCPT"), write_orcpt, read_orcpt},
};

/* ---- the text ---- */
static void write_words(struct buf *out, const struct word *words, size_t count, const void *opts)
{
    const char *blank = "";
    for (size_t i = 0; i < count; i++) {
        SCOPED_BUF(value, VALUE_MOST * 3);
        if (!words[i].write(&value, opts))
            continue;
        buf_addf(out, "%s%.*s", blank, STR_ARG(words[i].key));
        buf_addz(out, value.n ? "=" : "");
        buf_add(out, buf_view(&value));
        if (value.st != OK && out->st == OK)
            out->st = value.st;
        blank = " ";
    }
}

static enum status read_words(struct arena *a, struct str text, const struct word *words, size_t count,
                              void *opts)
{
    struct smtp_param p;
    enum status st = OK;
    if (!text.n)
        return OK;
    struct str rest = arena_strf(a, " %.*s", STR_ARG(text)); /* a parameter begins with a blank */
    while (rest.p && (st = smtp_param_next(&rest, &p)) == OK)
        for (size_t i = 0; i < count; i++)
            if (str_eq(words[i].key, p.key) && !words[i].read(a, p.value, opts))
                return a->st != OK ? a->st : E_CORRUPT;
    return a->st != OK ? a->st : st == NOT_FOUND ? OK : E_CORRUPT;
}

void envelope_opts_write(struct buf *out, const struct envelope_opts *o)
{
    write_words(out, envelope_words, COUNT_OF(envelope_words), o);
}

void rcpt_opts_write(struct buf *out, const struct rcpt_opts *o)
{
    write_words(out, rcpt_words, COUNT_OF(rcpt_words), o);
}

enum status envelope_opts_read(struct arena *a, struct str text, struct envelope_opts *out)
{
    *out = (struct envelope_opts){0};
    return read_words(a, text, envelope_words, COUNT_OF(envelope_words), out);
}

enum status rcpt_opts_read(struct arena *a, struct str text, struct rcpt_opts *out)
{
    *out = (struct rcpt_opts){0};
    return read_words(a, text, rcpt_words, COUNT_OF(rcpt_words), out);
}

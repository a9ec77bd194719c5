/* mailcore/delivery/recipients.c: whom an address means: finders, asked in order until one knows. */
#include "mailcore/delivery/inside.h"

#include "core/clock.h"
#include "core/log.h"

struct search {
    const struct lookup *l;
    const struct smtp_path *path;
    struct str text;   /* local@domain */
    struct str domain; /* normalised; empty: the path has none */
    bool own;
    struct found *out;
};

struct str path_text(struct arena *a, const struct smtp_path *path)
{
    SCOPED_BUF(text, 4096);
    smtp_path_write(&text, path);
    return text.st == OK ? arena_str(a, buf_view(&text)) : STR_NONE;
}

struct smtp_path path_of(struct str address)
{
    size_t at = address.n;
    while (at && address.p[at - 1] != '@')
        at--;
    return at ? (struct smtp_path){str_slice(address, 0, at - 1), str_from(address, at)}
              : (struct smtp_path){address, STR("")};
}

/* Without quotes: as the directory has it. */
static struct str plain(struct arena *a, struct str local, struct str domain)
{
    return domain.n ? arena_strf(a, "%.*s@%.*s", STR_ARG(local), STR_ARG(domain)) : arena_str(a, local);
}

static enum status by_address(struct search *s, struct str address)
{
    enum status st = directory_find(s->l->in->base->dir, s->l->tx, s->l->a, address, &s->out->who);
    if (st == INVALID)
        return NOT_FOUND;
    s->out->kind = st == OK && s->out->who.kind == PRINCIPAL_GROUP ? FOUND_LIST : FOUND_USER;
    return st;
}

/* ---- finders: NOT_FOUND lets the next one try ---- */
static enum status find_somebody(struct search *s)
{
    return by_address(s, plain(s->l->a, s->path->local, s->path->domain));
}

/* "user+tag" is user's, unless somebody is called so. */
static enum status find_subaddress(struct search *s)
{
    size_t plus = str_chr(s->path->local, '+', 0);
    if (plus == SIZE_MAX || plus == 0)
        return NOT_FOUND;
    s->out->folder = str_from(s->path->local, plus + 1);
    return by_address(s, plain(s->l->a, str_slice(s->path->local, 0, plus), s->path->domain));
}

/* RFC 5321 section 4.5.1: postmaster is there at every domain, and without one; RFC 2142: abuse. */
static enum status find_role(struct search *s)
{
    bool postmaster = str_caseeq(s->path->local, STR("postmaster"));
    bool ours = s->own || (postmaster && !s->path->domain.n);
    if (!ours || (!postmaster && !str_caseeq(s->path->local, STR("abuse"))))
        return NOT_FOUND;
    enum status st = s->l->conf->postmaster.p ? by_address(s, s->l->conf->postmaster) : NOT_FOUND;
    if (st == OK && s->out->who.state != PRINCIPAL_ACTIVE)
        st = NOT_FOUND;
    if (st != NOT_FOUND)
        return st;
    if (s->l->conf->postmaster.p)
        log_warning("mail: postmaster is %.*s, whom nobody knows: set [smtp] postmaster to a user",
                    STR_ARG(s->l->conf->postmaster));
    s->out->kind = FOUND_USER;
    return principal_first_user(s->l->tx, s->l->a, &s->out->who);
}

static enum status set_outside(struct search *s, struct str local, struct str domain)
{
    struct smtp_path path = {local, domain};
    s->out->kind = FOUND_OUTSIDE;
    s->out->domain = domain;
    s->out->address = path_text(s->l->a, &path);
    return s->out->address.p ? OK : E_MEMORY;
}

/* A bounce to a sender that we rewrote. */
static enum status find_rewritten(struct search *s)
{
    SCOPED_BUF(address, 1024);
    struct str domain;
    if (!s->own || !s->l->bounce || !s->l->conf->srs || !srs_is(s->path->local))
        return NOT_FOUND;
    enum status st = srs_read(&address, s->l->in->srs_key, s->path->local, clock_now());
    struct str text = st == OK ? arena_str(s->l->a, buf_view(&address)) : STR_NONE;
    struct smtp_path path = path_of(text);
    if (st == OK)
        st = domain_normalise(s->l->a, path.domain, &domain);
    return st == OK ? set_outside(s, path.local, domain) : st == INVALID ? NOT_FOUND : st;
}

static enum status find_catch_all(struct search *s)
{
    struct str normal;
    if (!s->own || !s->l->conf->catch_all_count)
        return NOT_FOUND;
    enum status st = address_normalise(directory_domains(s->l->in->base->dir), s->l->a,
                                       plain(s->l->a, STR("x"), s->domain), &normal);
    if (st != OK)
        return st == INVALID ? NOT_FOUND : st;
    struct str domain = path_of(normal).domain;
    for (size_t i = 0; i < s->l->conf->catch_all_count; i++)
        if (str_eq(s->l->conf->catch_all[i].domain, domain) ||
            str_eq(s->l->conf->catch_all[i].domain, s->domain))
            return by_address(s, s->l->conf->catch_all[i].address);
    return NOT_FOUND;
}

/* Elsewhere: for own users, and mail of our own. Over LMTP whatever comes is meant for users of here. */
static enum status find_outside(struct search *s)
{
    if (s->own || !s->domain.n || s->l->role == SMTP_ROLE_LMTP)
        return NOT_FOUND;
    if (s->l->role == SMTP_ROLE_MX)
        return UNSUPPORTED;
    return set_outside(s, s->path->local, s->domain);
}

static enum status (*const finders[])(struct search *s) = {find_somebody,  find_subaddress, find_role,
                                                           find_rewritten, find_catch_all,  find_outside};

/* ---- */
/* Nobody's list is empty: it takes no mail. */
static enum status judge_list(const struct lookup *l, const struct found *f)
{
    int64_t *members;
    struct str *outside;
    size_t count, more = 0;
    enum status st = member_list(l->tx, l->a, f->who.id, &members, &count);
    if (st == OK)
        st = outside_members(l->tx, l->a, f->who.id, &outside, &more);
    return st == OK && count + more == 0 ? DENIED : st;
}

static enum status judge(const struct lookup *l, const struct found *f)
{
    if (f->kind == FOUND_OUTSIDE)
        return OK;
    if (f->who.state != PRINCIPAL_ACTIVE)
        return DENIED;
    if (f->kind == FOUND_LIST)
        return judge_list(l, f);
    return f->who.kind == PRINCIPAL_USER ? OK : DENIED;
}

enum status recipient_find(const struct lookup *l, const struct smtp_path *path, struct found *out)
{
    struct search s = {.l = l, .path = path, .domain = STR(""), .out = out};
    enum status st = path->domain.n ? domain_normalise(l->a, path->domain, &s.domain) : OK;
    if (st == INVALID) /* an address literal, or no host's name */
        return l->role == SMTP_ROLE_MX ? UNSUPPORTED : NOT_FOUND;
    s.own = path->domain.n && domain_is_own(directory_domains(l->in->base->dir), s.domain);
    if (st == OK)
        st = NOT_FOUND;
    for (size_t i = 0; st == NOT_FOUND && i < COUNT_OF(finders); i++) {
        *out = (struct found){.domain = s.domain};
        st = finders[i](&s);
    }
    return st == OK ? judge(l, out) : st;
}

/* directory/user.c: local users: adding, changing, removing.
 *
 * A user is rows in two databases: principal and credentials in main.db, account and collections in a shard; and mounts of
 * what is shared with him. The first commit promises the others (store/mend.c): a crash in between leaves a user whom the next
 * start of the store completes, and deleting for good promises itself in the same way (store/purge.c). Passwords are hashed before a closure begins. */
#include "core/fold_name.h"
#include "directory/internal.h"
#include "store/collection.h"

enum { STEP_BYTES = 4096, STEP_ARENA = 1 << 20 };

/* ---- passwords ---- */

struct secrets { /* both verifiers of one password */
    struct buf argon2, scram;
    bool given;
};

static void secrets_free(struct secrets *s)
{
    buf_free(&s->argon2);
    buf_free(&s->scram);
}

static enum status secrets_make(struct directory *d, struct str password, struct secrets *out,
                                struct buf *why)
{
    enum { FOLDED = 4 * PASSWORD_BYTES };
    SCOPED_BUF(folded, FOLDED);
    *out = (struct secrets){BUF_INIT(CREDENTIAL_BYTES), BUF_INIT(CREDENTIAL_BYTES), password.p != NULL};
    if (!out->given)
        return OK;
    if (!password.n || password.n > PASSWORD_BYTES || memchr(password.p, 0, password.n)) {
        buf_addf(why, "the password is empty, longer than %d bytes, or contains a NUL", PASSWORD_BYTES);
        return INVALID;
    }
    fold_password(&folded, password);
    if (folded.st != OK)
        return folded.st < 0 ? folded.st : INVALID;
    enum status st = hash_gate_enter(d->gate, false);
    if (st != OK)
        return st;
    st = password_make(buf_view(&folded), &out->argon2);
    hash_gate_leave(d->gate, false);
    if (st == OK)
        st = scram_make(buf_view(&folded), &out->scram);
    hash_wipe(folded.p, folded.n);
    return st;
}

/* Replaces both rows in the transaction that it is given. */
static enum status tx_secrets(struct tx *tx, int64_t id, const struct secrets *s)
{
    struct credential argon2 = {
        .kind = CREDENTIAL_ARGON2, .scope = SCOPE_ALL, .label = STR(""), .data = buf_view(&s->argon2)};
    struct credential scram = {
        .kind = CREDENTIAL_SCRAM_SHA256, .scope = SCOPE_ALL, .label = STR(""), .data = buf_view(&s->scram)};
    enum status st = tx_credential_remove_kind(tx, id, CREDENTIAL_ARGON2);
    if (st == OK)
        st = tx_credential_remove_kind(tx, id, CREDENTIAL_SCRAM_SHA256);
    if (st == OK && s->given)
        st = tx_credential_add(tx, id, &argon2);
    if (st == OK && s->given)
        st = tx_credential_add(tx, id, &scram);
    return st;
}

/* ---- adding ---- */

enum status new_address(struct directory *d, struct arena *a, struct str in, struct str *out, struct buf *why)
{
    const struct domains *domains = directory_domains(d);
    enum status st = address_normalise(domains, a, in, out);
    if (st == INVALID || (st == OK && !address_usable(*out))) {
        buf_addf(why, "'%.*s' is not an address: write NAME@DOMAIN", STR_ARG(in));
        return INVALID;
    }
    struct str domain = str_from(*out, str_chr(*out, '@', 0) + 1);
    if (st == OK && !domains->any && !domain_is_own(domains, domain)) {
        buf_addf(why, "the domain %.*s is not ours: add it to [server] domains", STR_ARG(domain));
        return INVALID;
    }
    return st;
}

enum status check_name(struct str name, struct buf *why)
{
    if (good_label(name, NAME_BYTES))
        return OK;
    buf_addf(why, "the name is empty, longer than %d bytes, or has control characters", NAME_BYTES);
    return INVALID;
}

struct add_op {
    struct write w;
    const struct user_new *in;
    const struct secrets *secrets;
    struct str address;
    int64_t unfinished; /* a user without an account, whom an earlier command left; 0: none */
    struct account_plan plan;
    int64_t id, job;
    bool took_over; /* an address that was somebody else's */
};

static enum status add_run(struct write *w, struct tx *tx)
{
    struct add_op *op = CONTAINER_OF(w, struct add_op, w);
    SCOPED_ARENA(a, STEP_ARENA);
    struct principal found, p = {.kind = PRINCIPAL_USER,
                                 .source = STR("local"),
                                 .name = op->in->name,
                                 .state = PRINCIPAL_ACTIVE,
                                 .lang = op->in->lang,
                                 .address = op->address};
    enum address_kind kind = ADDRESS_RETIRED;
    enum status st = principal_by_address(tx, &a, op->address, &found, &kind);
    if (st < 0)
        return st;
    op->took_over = st == OK && kind == ADDRESS_RETIRED;
    if (st == OK && kind != ADDRESS_RETIRED) {
        if (found.id != op->unfinished)
            return EXISTS;
        op->id = found.id;
        st = tx_principal_update(tx, op->id, op->in->name, PRINCIPAL_ACTIVE, op->in->lang);
    } else {
        st = tx_principal_create(tx, &p);
        op->id = p.id;
    }
    if (st == OK)
        st = tx_account_promise(tx, op->id, &op->plan, &op->job);
    return st == OK ? tx_secrets(tx, op->id, op->secrets) : st;
}

/* Whether the address is that of an active local user who never got his account; says why it is taken otherwise. */
static enum status find_unfinished(struct directory *d, struct str address, int64_t *id, struct buf *why)
{
    SCOPED_ARENA(a, STEP_ARENA);
    SCOPED_READ(tx, d->store);
    struct principal p;
    struct account account;
    enum address_kind kind;
    *id = 0;
    if (!tx)
        return E_MEMORY;
    enum status st = principal_by_address(tx, &a, address, &p, &kind);
    if (st == NOT_FOUND || (st == OK && kind == ADDRESS_RETIRED))
        return OK;
    if (st != OK)
        return st;
    if (p.state == PRINCIPAL_DELETED) {
        buf_addf(why,
                 "%.*s was deleted and the data kept: `user enable` brings it back, `user delete --purge` "
                 "removes it",
                 STR_ARG(address));
        return EXISTS;
    }
    st = p.kind == PRINCIPAL_USER && kind == ADDRESS_PRIMARY ? account_get(tx, p.id, &account) : OK;
    if (st == OK) {
        buf_addf(why, "the address %.*s is taken", STR_ARG(address));
        return EXISTS;
    }
    if (st == NOT_FOUND)
        *id = p.id;
    return st == NOT_FOUND ? OK : st;
}

enum status user_add(struct directory *d, const struct user_new *in, int64_t *id, struct buf *why)
{
    SCOPED_ARENA(a, STEP_ARENA);
    SCOPED(secrets_free) struct secrets secrets = {.given = false};
    struct add_op op = {.w = {.run = add_run, .bytes = STEP_BYTES},
                        .in = in,
                        .secrets = &secrets,
                        .plan = {in->collections, in->quota}};
    enum status st = new_address(d, &a, in->address, &op.address, why);
    if (st == OK && in->name.n)
        st = check_name(in->name, why);
    if (st == OK)
        st = find_unfinished(d, op.address, &op.unfinished, why);
    if (st == OK)
        st = secrets_make(d, in->password, &secrets, why);
    if (st != OK)
        return st;
    st = directory_write(d, &op.w);
    if (st == EXISTS)
        buf_addf(why, "the address %.*s is taken", STR_ARG(op.address));
    if (st != OK)
        return st;
    if (op.took_over)
        login_cache_clear(d->cache); /* log-ins with this address meant somebody else */
    *id = op.id;
    return account_make(d->store, op.id, &op.plan, op.job);
}

/* ---- changing ---- */

struct change_op {
    struct write w;
    int64_t id;
    const struct secrets *secrets;
    enum principal_state state;
    struct str address, name;
    int64_t quota;
    bool took_over;
};

static enum status need_local_user(struct tx *tx, struct arena *a, int64_t id, struct principal *p)
{
    enum status st = principal_get(tx, a, id, p);
    if (st != OK)
        return st;
    return p->kind == PRINCIPAL_USER && str_eq(p->source, STR("local")) ? OK : UNSUPPORTED;
}

static enum status passwd_run(struct write *w, struct tx *tx)
{
    struct change_op *op = CONTAINER_OF(w, struct change_op, w);
    SCOPED_ARENA(a, STEP_ARENA);
    struct principal p;
    enum status st = need_local_user(tx, &a, op->id, &p);
    return st == OK ? tx_secrets(tx, op->id, op->secrets) : st;
}

enum status user_passwd(struct directory *d, int64_t id, struct str password, struct buf *why)
{
    SCOPED(secrets_free) struct secrets secrets = {.given = false};
    struct change_op op = {.w = {.run = passwd_run, .bytes = STEP_BYTES}, .id = id, .secrets = &secrets};
    enum status st = secrets_make(d, password, &secrets, why);
    return st == OK ? directory_write(d, &op.w) : st;
}

static enum status name_run(struct write *w, struct tx *tx)
{
    const struct change_op *op = CONTAINER_OF(w, struct change_op, w);
    SCOPED_ARENA(a, STEP_ARENA);
    struct principal p;
    enum status st = need_local_user(tx, &a, op->id, &p);
    return st == OK ? tx_principal_update(tx, op->id, op->name, 0, STR_NONE) : st;
}

static enum status quota_run(struct write *w, struct tx *tx)
{
    const struct change_op *op = CONTAINER_OF(w, struct change_op, w);
    return tx_account_quota(tx, op->id, op->quota);
}

enum status user_set(struct directory *d, int64_t id, struct str name, int64_t quota, struct buf *why)
{
    struct change_op named = {.w = {.run = name_run, .bytes = STEP_BYTES}, .id = id, .name = name};
    struct change_op bounded = {
        .w = {.run = quota_run, .account = id, .bytes = STEP_BYTES}, .id = id, .quota = quota};
    enum status st = name.p ? check_name(name, why) : OK;
    if (st == OK && name.p)
        st = directory_write(d, &named.w);
    return st == OK && quota >= 0 ? store_run(d->store, &bounded.w) : st;
}

static enum status state_run(struct write *w, struct tx *tx)
{
    const struct change_op *op = CONTAINER_OF(w, struct change_op, w);
    int64_t job;
    enum status st = tx_purge_promised(tx, op->id, &job);
    if (st == NOT_FOUND)
        return tx_principal_update(tx, op->id, STR_NONE, op->state, STR_NONE);
    return st == OK ? GONE : st; /* he is being deleted for good: there is no way back */
}

static enum status set_state(struct directory *d, int64_t id, enum principal_state state)
{
    struct change_op op = {.w = {.run = state_run, .bytes = STEP_BYTES}, .id = id, .state = state};
    return directory_write(d, &op.w);
}

/* GONE: a purge took the data; there is nothing to come back to. */
static enum status data_there(struct directory *d, int64_t id)
{
    SCOPED_READ(tx, d->store);
    struct account account;
    enum status st = tx ? account_get(tx, id, &account) : E_MEMORY;
    return st == NOT_FOUND ? GONE : st;
}

enum status user_state(struct directory *d, int64_t id, enum principal_state state)
{
    enum status st = state == PRINCIPAL_ACTIVE ? data_there(d, id) : OK;
    if (st != OK)
        return st;
    return state == PRINCIPAL_ACTIVE || state == PRINCIPAL_DISABLED ? set_state(d, id, state) : INVALID;
}

static enum status rename_run(struct write *w, struct tx *tx)
{
    struct change_op *op = CONTAINER_OF(w, struct change_op, w);
    SCOPED_ARENA(a, STEP_ARENA);
    struct principal p;
    enum address_kind kind = ADDRESS_PRIMARY;
    enum status st = principal_by_address(tx, &a, op->address, &p, &kind);
    if (st < 0)
        return st;
    op->took_over = st == OK && p.id != op->id && kind == ADDRESS_RETIRED;
    st = need_local_user(tx, &a, op->id, &p);
    return st == OK ? tx_principal_rename(tx, op->id, op->address) : st;
}

enum status user_rename(struct directory *d, int64_t id, struct str new_name, struct buf *why)
{
    SCOPED_ARENA(a, STEP_ARENA);
    struct change_op op = {.w = {.run = rename_run, .bytes = STEP_BYTES}, .id = id};
    enum status st = new_address(d, &a, new_name, &op.address, why);
    if (st == OK)
        st = directory_write(d, &op.w);
    if (st == EXISTS)
        buf_addf(why, "the address %.*s is taken", STR_ARG(op.address));
    if (st == OK && op.took_over)
        login_cache_clear(d->cache);
    return st;
}

/* ---- deleting ---- */

struct delete_op {
    struct write w;
    int64_t id, job;
    bool purge;
};

static enum status delete_run(struct write *w, struct tx *tx)
{
    struct delete_op *op = CONTAINER_OF(w, struct delete_op, w);
    enum status st = tx_principal_update(tx, op->id, STR_NONE, PRINCIPAL_DELETED, STR_NONE);
    return st == OK && op->purge ? tx_purge_promise(tx, op->id, &op->job) : st;
}

enum status user_delete(struct directory *d, int64_t id, bool purge)
{
    struct delete_op op = {.w = {.run = delete_run, .bytes = STEP_BYTES}, .id = id, .purge = purge};
    enum status st = directory_write(d, &op.w); /* first of all: nobody logs in any more */
    if (st == OK && purge)
        st = account_purge(d->store, id, op.job);
    directory_changed(d);
    return st;
}

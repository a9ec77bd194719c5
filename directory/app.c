/* directory/app.c: the rows of app passwords: made, listed, revoked. */
#include "core/clock.h"
#include "directory/internal.h"

enum { APPS_MAX = 100, STEP_ARENA = 1 << 20, STEP_BYTES = 512 };

struct app_op {
    struct write w;
    int64_t id, credential;
    struct credential row;
    bool sealed; /* the clear text is kept too */
    struct str text;
    unsigned char key[SEAL_KEY];
};

static bool is_app(const struct credential *c)
{
    return c->kind == CREDENTIAL_APP;
}

static size_t keep_apps(struct credential *rows, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (is_app(&rows[i]))
            rows[kept++] = rows[i];
    return kept;
}

enum status app_password_list(struct directory *d, struct tx *tx, struct arena *a, int64_t id,
                              struct credential **out, size_t *count)
{
    (void)d;
    enum status st = credential_list(tx, a, id, out, count);
    if (st == OK)
        *count = keep_apps(*out, *count);
    return st;
}

/* The row that SyncML's MD5 needs, beside that of the app password. */
static enum status add_sealed(struct app_op *op, struct tx *tx)
{
    SCOPED_BUF(data, CREDENTIAL_BYTES);
    enum status st = sealed_make(op->key, op->id, op->row.id, op->text, &data);
    if (st == OK)
        st = data.st;
    struct credential c = {.kind = CREDENTIAL_SEALED,
                           .scope = SCOPE_SYNCML,
                           .label = STR(""),
                           .data = buf_view(&data),
                           .created = op->row.created,
                           .expires = op->row.expires};
    return st == OK ? tx_credential_add(tx, op->id, &c) : st;
}

static enum status add_run(struct write *w, struct tx *tx)
{
    struct app_op *op = CONTAINER_OF(w, struct app_op, w);
    SCOPED_ARENA(a, STEP_ARENA);
    struct credential *rows;
    struct principal p;
    size_t count;
    enum status st = principal_get(tx, &a, op->id, &p);
    if (st == OK && p.kind != PRINCIPAL_USER)
        st = UNSUPPORTED;
    if (st == OK)
        st = credential_list(tx, &a, op->id, &rows, &count);
    if (st == OK && keep_apps(rows, count) >= APPS_MAX)
        st = TOO_MANY;
    if (st == OK)
        st = tx_credential_add(tx, op->id, &op->row);
    return st == OK && op->sealed ? add_sealed(op, tx) : st;
}

enum status app_password_add(struct directory *d, int64_t id, struct str label, unsigned scope,
                             int64_t expires, struct buf *password)
{
    unsigned char hash[SHA256_SIZE];
    size_t before = password->n;
    if (!good_label(label, LABEL_BYTES_MAX) || !scope || (scope & ~(unsigned)SCOPE_ALL) ||
        (expires && expires <= clock_now()))
        return INVALID;
    app_password_make(password);
    if (password->st != OK)
        return password->st;
    if (!app_password_hash(str_from(buf_view(password), before), hash))
        return E_INTERNAL;
    struct app_op op = {.w = {.run = add_run, .bytes = STEP_BYTES}, .id = id};
    op.row = (struct credential){.kind = CREDENTIAL_APP,
                                 .scope = (int)scope,
                                 .label = label,
                                 .data = str_n(hash, sizeof hash),
                                 .created = clock_now(),
                                 .expires = expires};
    op.text = str_from(buf_view(password), before);
    op.sealed = (scope & SCOPE_SYNCML) != 0;
    enum status st = op.sealed ? sealing_key(d, true, op.key) : OK;
    if (st == OK)
        st = directory_write(d, &op.w);
    hash_wipe(op.key, sizeof op.key);
    if (st != OK)
        buf_cut(password, before);
    return st;
}

static enum status revoke_run(struct write *w, struct tx *tx)
{
    const struct app_op *op = CONTAINER_OF(w, struct app_op, w);
    SCOPED_ARENA(a, STEP_ARENA);
    struct credential *rows;
    size_t count;
    enum status st = credential_list(tx, &a, op->id, &rows, &count);
    if (st != OK)
        return st;
    bool found = false;
    for (size_t i = 0; i < count && st == OK; i++) {
        bool is_it = rows[i].id == op->credential && is_app(&rows[i]);
        found = found || is_it;
        if (is_it || (rows[i].kind == CREDENTIAL_SEALED && sealed_app(rows[i].data) == op->credential))
            st = tx_credential_remove(tx, op->id, rows[i].id);
    }
    return st == OK && !found ? NOT_FOUND : st;
}

enum status app_password_revoke(struct directory *d, int64_t id, int64_t credential)
{
    struct app_op op = {.w = {.run = revoke_run, .bytes = STEP_BYTES}, .id = id, .credential = credential};
    return directory_write(d, &op.w);
}

/* directory/app.c: the rows of app passwords: made, listed, revoked. */
#include "core/clock.h"
#include "directory/internal.h"

enum { APPS_MAX = 100, STEP_ARENA = 1 << 20, STEP_BYTES = 512 };

struct app_op {
    struct write w;
    int64_t id, credential;
    struct credential row;
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
    return st == OK ? tx_credential_add(tx, op->id, &op->row) : st;
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
    enum status st = directory_write(d, &op.w);
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
    for (size_t i = 0; i < count; i++)
        if (rows[i].id == op->credential && is_app(&rows[i]))
            return tx_credential_remove(tx, op->id, op->credential);
    return NOT_FOUND;
}

enum status app_password_revoke(struct directory *d, int64_t id, int64_t credential)
{
    struct app_op op = {.w = {.run = revoke_run, .bytes = STEP_BYTES}, .id = id, .credential = credential};
    return directory_write(d, &op.w);
}

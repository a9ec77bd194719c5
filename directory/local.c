/* directory/local.c: the users of `scambio user add`: principals and credentials of main.db. */
#include "directory/internal.h"

static enum status local_open(struct directory *d, const struct conf *conf, struct str name, void **state,
                              struct buf *why)
{
    (void)d, (void)conf, (void)name, (void)why;
    *state = NULL; /* its rows are in the store, which the directory has */
    return OK;
}

static void local_close(void *state)
{
    (void)state;
}

static enum status local_find(struct directory_source *s, struct tx *tx, struct arena *a, struct str user,
                              struct str address, struct principal *out)
{
    (void)user;
    if (!address.p)
        return NOT_FOUND;
    enum status st = principal_by_address(tx, a, address, out, NULL);
    if (st != OK)
        return st;
    return out->kind == PRINCIPAL_USER && str_eq(out->source, s->name) ? OK : NOT_FOUND;
}

static enum status local_verify(struct directory_source *s, const struct person *p, struct str password)
{
    const struct person_credential *c = person_credential(p, CREDENTIAL_ARGON2);
    if (c)
        return password_verify(c->data, password);
    password_verify(buf_view(&s->directory->decoy), password); /* for the time it takes */
    return UNAUTHENTICATED;
}

static uint64_t local_version(struct directory_source *s, const struct person *p)
{
    (void)s;
    const struct person_credential *c = person_credential(p, CREDENTIAL_ARGON2);
    return c ? c->version : 0;
}

static enum status local_verifier(struct directory_source *s, const struct person *p,
                                  struct scram_verifier *out)
{
    (void)s;
    const struct person_credential *c = person_credential(p, CREDENTIAL_SCRAM_SHA256);
    return c ? scram_read(c->data, out) : NOT_FOUND;
}

const struct directory_source_ops local_source_ops = {
    .type = "local",
    .open = local_open,
    .close = local_close,
    .find = local_find,
    .verify = local_verify,
    .version = local_version,
    .verifier = local_verifier,
};

/* store/principal.h: rows of main.db: principals, their addresses, group members and credentials. What they mean is
 * directory/'s business; here they are kept.
 *
 * Writes take `struct write` with account = STORE_MAIN. */
#ifndef SCAMBIO_STORE_PRINCIPAL_H
#define SCAMBIO_STORE_PRINCIPAL_H

#include "store/store.h"

enum principal_kind {
    PRINCIPAL_USER = 1,
    PRINCIPAL_GROUP,
    PRINCIPAL_ROOM,
    PRINCIPAL_RESOURCE,
    PRINCIPAL_SPECIAL
};
enum principal_state { PRINCIPAL_ACTIVE = 1, PRINCIPAL_DISABLED, PRINCIPAL_DELETED };
enum address_kind { ADDRESS_PRIMARY = 1, ADDRESS_ALIAS, ADDRESS_RETIRED };

struct principal {
    int64_t id; /* also the account's number */
    enum principal_kind kind;
    struct str source; /* "local", or the directory's name */
    struct str ext_id; /* bytes that identify it there */
    struct str name;   /* display name */
    enum principal_state state;
    int shard; /* where its account lives (the account's rows are keyed by this id) */
    struct str lang;
    struct str address; /* its primary one */
};

struct principal_address {
    struct str address;
    enum address_kind kind;
};

struct credential {
    int64_t id;
    int kind, scope; /* directory/credential.h */
    struct str label, data;
    int64_t created, expires /* 0: never */, used;
};

/* Addresses are given normalised (directory/address.h). */
enum status principal_by_address(struct tx *tx, struct arena *a, struct str address, struct principal *out,
                                 enum address_kind *kind);
enum status principal_get(struct tx *tx, struct arena *a, int64_t id, struct principal *out);
enum status principal_by_ext(struct tx *tx, struct arena *a, struct str source, struct str ext_id,
                             struct principal *out);
enum status principal_addresses(struct tx *tx, struct arena *a, int64_t id, struct principal_address **out,
                                size_t *count);
typedef enum status (*principal_fn)(void *ctx, const struct principal *p);
/* All but deleted ones, by primary address. */
enum status principal_each(struct tx *tx, principal_fn fn, void *ctx);
/* With those who are deleted and whose data is kept. */
enum status principal_each_kept(struct tx *tx, principal_fn fn, void *ctx);
/* Those whose name or address contains the text (folded), at most `limit`. */
enum status principal_search(struct tx *tx, struct str text, size_t limit, principal_fn fn, void *ctx);

/* Assigns id and shard. EXISTS when the address is somebody's (a retired one is taken over). */
enum status tx_principal_create(struct tx *tx, struct principal *p);
enum status tx_principal_update(struct tx *tx, int64_t id, struct str name, enum principal_state state,
                                struct str lang);
/* The old primary becomes retired; EXISTS when somebody else has the new one as primary or alias. */
enum status tx_principal_rename(struct tx *tx, int64_t id, struct str new_address);
enum status tx_address_add(struct tx *tx, int64_t id, struct str address, enum address_kind kind);
enum status tx_address_remove(struct tx *tx, struct str address);
enum status tx_principal_delete(struct tx *tx, int64_t id);

enum status member_list(struct tx *tx, struct arena *a, int64_t group, int64_t **out, size_t *count);
enum status groups_of(struct tx *tx, struct arena *a, int64_t principal, int64_t **out,
                      size_t *count); /* nested, cycles cut */
/* Members of a group who are somewhere else: addresses, that mail goes on to. */
enum status outside_members(struct tx *tx, struct arena *a, int64_t group, struct str **out, size_t *count);
enum status tx_outside_member_set(struct tx *tx, int64_t group, struct str address, bool in);
/* The active user who was made first. NOT_FOUND. */
enum status principal_first_user(struct tx *tx, struct arena *a, struct principal *out);
enum status tx_member_set(struct tx *tx, int64_t group, int64_t member, bool in);

enum status credential_list(struct tx *tx, struct arena *a, int64_t principal, struct credential **out,
                            size_t *count);
enum status tx_credential_add(struct tx *tx, int64_t principal, struct credential *c); /* assigns id */
enum status tx_credential_remove(struct tx *tx, int64_t principal, int64_t id);
/* Removes all of a kind (a new account password replaces argon2id and SCRAM in one commit). */
enum status tx_credential_remove_kind(struct tx *tx, int64_t principal, int kind);
enum status tx_credential_used(struct tx *tx, int64_t principal, int64_t id, int64_t at);

enum status setting_get(struct tx *tx, struct arena *a, struct str key, struct str *value);
enum status tx_setting_set(struct tx *tx, struct str key, struct str value);

#endif

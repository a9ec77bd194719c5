/* directory/directory.h: who is who: users by address, log-in, groups; over several sources asked in order.
 *
 * A source is a row of operations (struct directory_source_ops): "local" is one (directory/local.c, rows of main.db);
 * LDAP becomes another. Lookups read the store and never block for long; verifying a password does, so it is split:
 * auth_try() answers from the cache of verified log-ins without blocking; auth_verify() hashes and asks. */
#ifndef SCAMBIO_DIRECTORY_DIRECTORY_H
#define SCAMBIO_DIRECTORY_DIRECTORY_H

#include "directory/address.h"
#include "store/principal.h"
#include "store/rights.h"

struct directory;
struct login_cache;
struct credential;
struct scram_verifier;

struct directory_config {
    const struct conf *conf;   /* referenced */
    struct login_cache *cache; /* NULL: a private one */
};

enum status directory_open(struct store *store, const struct directory_config *config, struct directory **out,
                           struct buf *why);
void directory_close(struct directory *d);
/* SIGHUP; atomic: on failure it is logged and everything stays as it was. */
enum status directory_reload(struct directory *d, const struct conf *conf);
/* Valid until directory_close, also across a reload. */
const struct domains *directory_domains(const struct directory *d);
struct store *directory_store(const struct directory *d);

/* ---- looking up ---- */
/* By any spelling of an address (primary, alias, retired until taken). `a` holds the strings. NOT_FOUND, INVALID. */
enum status directory_find(struct directory *d, struct tx *tx, struct arena *a, struct str address,
                           struct principal *out);
enum status directory_get(struct directory *d, struct tx *tx, struct arena *a, int64_t id,
                          struct principal *out);
enum status directory_search(struct directory *d, struct tx *tx, struct str text, size_t limit,
                             principal_fn fn, void *ctx);
/* Somebody who was deleted but not purged too: for commands. */
enum status directory_find_any(struct directory *d, struct tx *tx, struct arena *a, struct str address,
                               struct principal *out, enum address_kind *kind);
/* The actor with groups as of now, in the arena. */
enum status directory_actor(struct directory *d, struct tx *tx, struct arena *a, int64_t id,
                            struct actor *out);

/* ---- log-in ---- */
enum scope { SCOPE_DAV = 1, SCOPE_MAIL = 2, SCOPE_SYNCML = 4, SCOPE_ALL = 7 };

struct login { /* strings in the arena given */
    struct actor actor;
    struct str address; /* primary */
    struct str name;
    int64_t credential; /* the app password's id, 0: the account password */
};

struct auth_request {
    struct str user, password; /* as sent */
    struct str peer;           /* address, for throttling */
    enum scope scope;          /* what it is for */
    bool secure;               /* TLS, or loopback where the configuration allows it */
    bool
        honours_read_only; /* nothing writes for an actor that is read_only; otherwise master users are refused */
};

/* Decides without blocking when it can: *decided = true and OK, UNAUTHENTICATED or THROTTLED. Otherwise *decided = false:
 * call auth_verify on a worker. */
enum status auth_try(struct directory *d, const struct auth_request *req, struct arena *a, struct login *out,
                     bool *decided);
/* May take 0.3 s: at most one hash a core runs at once. OK, UNAUTHENTICATED, THROTTLED, DENIED (disabled, wrong scope: the
 * answer to the client is the same as for a wrong password), E_UNAVAILABLE. */
enum status auth_verify(struct directory *d, const struct auth_request *req, struct arena *a,
                        struct login *out);
/* Seconds until this peer or account may try again; for Retry-After. */
int64_t auth_retry_after(struct directory *d, const struct auth_request *req);

/* ---- log-in by SCRAM-SHA-256 (RFC 5802, 7677): the account password alone; app passwords cannot be used so ---- */
/* Do all directories have verifiers of their users? Otherwise it is not offered. */
bool auth_scram_ready(struct directory *d);
/* What the proof of `req->user` is judged by. Of who has none, or does not exist, one that no password fits: not to be told apart. Reads the
 * store, but does not hash. OK, THROTTLED, UNAUTHENTICATED (no name), DENIED (not secure). */
enum status auth_scram_find(struct directory *d, const struct auth_request *req, struct arena *a,
                            struct scram_verifier *out);
/* The end of it: whether the proof was good by `judged`. OK, UNAUTHENTICATED also when the password is another by now, THROTTLED, DENIED. */
enum status auth_scram_end(struct directory *d, const struct auth_request *req,
                           const struct scram_verifier *judged, bool proved, struct arena *a,
                           struct login *out);

/* ---- log-in by the digests of SyncML: with an app password of scope syncml, whose clear text is kept (directory/sealed.c) ---- */
enum digest_form {
    DIGEST_MD5_1_0, /* MD5(user:password:nonce) */
    DIGEST_MD5,     /* MD5(B64(MD5(user:password)):nonce), from 1.1 on */
    DIGEST_MAC,     /* MD5(B64(MD5(user:password)):nonce:B64(MD5(message))), 1.2 */
};
struct digest_request {
    enum digest_form form; /* either form of MD5 is taken for the other: devices mix them up */
    struct str user;       /* as typed: it is part of the digest */
    struct str peer;
    const unsigned char *digest; /* 16 bytes */
    struct str nonce;            /* in force, raw */
    const struct str *old;       /* nonces of before */
    size_t old_count;
    struct str body; /* of a MAC */
};
/* OK; UNAUTHENTICATED; PRECONDITION: right, but over an old nonce (not counted as failure); THROTTLED; UNSUPPORTED: nobody, or
 * nothing of his is kept in clear: ask for the password itself. Does not hash for long, but reads the store. */
enum status auth_digest(struct directory *d, const struct digest_request *req, struct arena *a,
                        struct login *out);
/* Seconds, as auth_retry_after. */
int64_t auth_digest_retry_after(struct directory *d, const struct digest_request *req);

/* ---- local users: blocking (they hash and write); commands and tests ---- */
struct user_new {
    struct str address, name, password; /* password STR_NONE: none, log-in by app password only */
    struct str lang;                    /* "en", "it" */
    int64_t quota;                      /* -1: the default */
    bool collections;                   /* make the default ones */
};
/* INVALID (address, name or password; `why` says which), EXISTS. Steps: principal and credentials (main.db), account and
 * collections (its shard), mounts. After a crash in between, the next start of the store goes on. */
enum status user_add(struct directory *d, const struct user_new *in, int64_t *id, struct buf *why);
/* STR_NONE: no account password any more. UNSUPPORTED: not a local user. */
enum status user_passwd(struct directory *d, int64_t id, struct str password, struct buf *why);
/* Display name (STR_NONE: as it is) and quota in bytes (0: unlimited, -1: as it is). INVALID and `why`: the name. UNSUPPORTED: the name
 * of a user of another directory. */
enum status user_set(struct directory *d, int64_t id, struct str name, int64_t quota, struct buf *why);
/* ACTIVE or DISABLED. GONE: his data was purged. */
enum status user_state(struct directory *d, int64_t id, enum principal_state state);
/* The old address stays his (retired) until somebody else takes it: URLs, shares and clients go on. */
enum status user_rename(struct directory *d, int64_t id, struct str new_address, struct buf *why);
/* A purge that is cut off goes on at the next start; until then user_state() is GONE. Without `purge` the data and the address stay, and user_state(ACTIVE) brings the user back. */
enum status user_delete(struct directory *d, int64_t id, bool purge);

/* ---- app passwords: for users of every directory ---- */
/* `password` gets the new one: it is shown once. It is stored nowhere, but for scope syncml, whose log-in by MD5 needs it: then
 * encrypted under the key in data/syncml.key, which is made when it is missing. expires: 0 never. INVALID: label, scope or time. */
enum status app_password_add(struct directory *d, int64_t id, struct str label, unsigned scope,
                             int64_t expires, struct buf *password);
enum status app_password_revoke(struct directory *d, int64_t id, int64_t credential); /* NOT_FOUND */
/* Only app passwords; array in the arena. */
enum status app_password_list(struct directory *d, struct tx *tx, struct arena *a, int64_t id,
                              struct credential **out, size_t *count);

/* How many encrypted texts of app passwords data/syncml.key opens, and how many not. For doctor. */
enum status app_password_check(struct directory *d, size_t *kept, size_t *lost);

/* Asks each directory of [auth] directories for a user whom nobody has: `fn` hears OK of those that answer. For doctor; blocks as long
 * as a directory elsewhere takes to fail. */
typedef void (*directory_probe_fn)(void *ctx, struct str name, enum status st);
enum status directory_probe(struct directory *d, directory_probe_fn fn, void *ctx);

/* ---- groups and aliases of the local directory ---- */
enum status group_add(struct directory *d, struct str address, struct str name, int64_t *id, struct buf *why);
enum status group_delete(struct directory *d, int64_t group);
/* Members are users or groups; what is shared with the group appears with them or goes away. */
enum status group_set_member(struct directory *d, int64_t group, int64_t member, bool in);
/* A member who is somewhere else: mail to the group goes on to that address. INVALID and `why`: it is no address, or one of ours. */
enum status group_set_outside(struct directory *d, int64_t group, struct str address, bool in,
                              struct buf *why);
/* Another address of a local user or group. EXISTS, INVALID. */
enum status alias_add(struct directory *d, struct str address, int64_t target, struct buf *why);
enum status alias_delete(struct directory *d,
                         struct str address); /* NOT_FOUND; PROTECTED: a primary address */

#endif

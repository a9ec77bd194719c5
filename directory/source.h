/* directory/source.h: where users come from. [auth] directories names sources in the order they are asked; the first that
 * knows the user decides, whatever it then says about the password.
 *
 * A source of users is a row of operations. "local" (directory/local.c) are the rows of main.db. A source elsewhere (LDAP) keeps
 * a principal row for each of its users too (source = its name, ext_id = what identifies them there), since accounts, rights
 * and app passwords hang on it; it makes or refreshes the row in find(). */
#ifndef SCAMBIO_DIRECTORY_SOURCE_H
#define SCAMBIO_DIRECTORY_SOURCE_H

#include "directory/directory.h"
#include "directory/people.h"

struct directory_source;

struct directory_source_ops {
    const char *type;
    /* `name`: of [directory NAME]. `state` becomes source->state. INVALID: `why` says what is wrong in the section. */
    enum status (*open)(struct directory *d, const struct conf *conf, struct str name, void **state,
                        struct buf *why);
    void (*close)(void *state);
    /* `user` as sent, `address` normalised (STR_NONE when it is none). NOT_FOUND: ask the next. E_UNAVAILABLE: cannot tell, so
     * nobody else is asked. May block unless `local`. */
    enum status (*find)(struct directory_source *s, struct tx *tx, struct arena *a, struct str user,
                        struct str address, struct principal *out);
    /* Is this the account password? OK, UNAUTHENTICATED, E_UNAVAILABLE. Takes as long for a user without a password. Called
     * inside the hash gate, with no transaction open. */
    enum status (*verify)(struct directory_source *s, const struct person *p, struct str password);
    /* Changes whenever what verify() goes by does; 0: log-ins are not to be remembered. */
    uint64_t (*version)(struct directory_source *s, const struct person *p);
    /* What proves the account password by SCRAM-SHA-256; must not block. NOT_FOUND: he has none. NULL: the directory has none of anybody. */
    enum status (*verifier)(struct directory_source *s, const struct person *p, struct scram_verifier *out);
};

struct directory_source {
    const struct directory_source_ops *ops;
    struct directory *directory;
    struct str name;
    void *state;
};

extern const struct directory_source_ops local_source_ops;

#endif

/* mailcore/imap/search.h: does a message meet a search? The tree of imap_parse is made ready once and then asked of many messages;
 * what a message is and where its texts come from is its owner's affair, by callbacks that are called only when the cheaper keys
 * have not decided yet.
 *
 * Texts are found as substrings under i;unicode-casemap (RFC 5051, core/fold.h). */
#ifndef SCAMBIO_MAILCORE_IMAP_SEARCH_H
#define SCAMBIO_MAILCORE_IMAP_SEARCH_H

#include "mailcore/imap/parse.h"

/* ---- a substring in texts that come in pieces ---- */

struct imap_finder {
    struct str needle; /* folded; an empty one is found in any text */
    bool found;
    /* the rest is the finder's own */
    struct buf tail; /* the last folded bytes, fewer than the needle has */
    char cut[4];     /* a character that the piece did not end */
    unsigned char cut_n;
};

struct imap_finder imap_finder_new(struct str needle);
void imap_finder_free(struct imap_finder *f);
/* The next piece of a text in UTF-8; pieces may end within characters. E_MEMORY. */
enum status imap_find(struct imap_finder *f, struct str utf8);
/* The same for text that is folded already. */
enum status imap_find_folded(struct imap_finder *f, struct str folded);
/* The text is over: what follows is another, and nothing is found across the two. */
enum status imap_find_end(struct imap_finder *f);

/* ---- messages ---- */

enum imap_search_cost {
    IMAP_COST_ROW,    /* decided by the fields of struct imap_message and `keyword` */
    IMAP_COST_HEADER, /* asks `sent` or `field` */
    IMAP_COST_BODY,   /* asks `body` */
};

struct imap_message {
    uint32_t number, uid;
    unsigned flags; /* of enum imap_flag */
    uint64_t size, modseq;
    struct maildate received, saved; /* saved.at INT64_MIN: not known, `received` stands for it */
    struct str email_id, thread_id;
    void *ctx;
    bool (*keyword)(void *ctx, struct str name);
    /* The Date field. NOT_FOUND: none that can be read. */
    enum status (*sent)(void *ctx, struct maildate *out);
    /* Gives the finder each value of the fields of that name, decoded, each as a text; an empty needle is found when there is
     * one. name STR_NONE: all fields with their names, those of the parts too. */
    enum status (*field)(void *ctx, struct str name, struct imap_finder *f);
    /* Gives the finder the texts of the body, decoded. */
    enum status (*body)(void *ctx, struct imap_finder *f);
};

struct imap_search_world {
    uint32_t largest_number, largest_uid; /* what '*' stands for */
    const struct imap_set *saved;         /* UIDs: what '$' stands for; NULL: nothing */
    int64_t now;                          /* OLDER, YOUNGER */
    bool savedate;                        /* SAVEDATESUPPORTED */
};

/* Folds texts, resolves sets and dates, and puts cheap keys before dear ones, in place. E_MEMORY, TOO_LARGE: the arena is out. */
enum status imap_search_prepare(struct arena *a, struct imap_key *key, const struct imap_search_world *world);

/* Of a tree that is ready. The faults of the callbacks come back. */
enum status imap_search_match(const struct imap_key *key, const struct imap_message *m, bool *matches);

/* ---- the texts of a message that is in memory ---- */

struct mime_map;
/* What `field` and `body` have to give, from the message's bytes. E_MEMORY, TOO_LARGE. `memory` bounds what a decoded text may
 * take. */
enum status imap_search_field(struct str message, const struct mime_map *map, struct str name, size_t memory,
                              struct imap_finder *f);
enum status imap_search_body(struct str message, const struct mime_map *map, size_t memory,
                             struct imap_finder *f);

#endif

/* dav/sync_token.c: sync-tokens (RFC 6578 section 3.2): the store's epoch, whose token it is, and a place in
 * a number line. */
#include "dav/props.h"

static const struct str scheme = STR_INIT("urn:scambio:sync:");

void sync_token_write(struct buf *out, struct dav_request *r, int64_t id, int64_t seq, int64_t sum)
{
    buf_add(out, scheme);
    buf_add(out, store_epoch(r->dav->store));
    buf_addc(out, ':');
    buf_i64(out, id);
    buf_addc(out, ':');
    buf_i64(out, seq);
    if (sum >= 0) {
        buf_addc(out, ':');
        buf_i64(out, sum);
    }
}

enum status sync_token_parse(struct dav_request *r, struct str token, int64_t id, int64_t *seq, int64_t *sum)
{
    int64_t number[3] = {0, 0, -1};
    size_t n = 0;
    token = str_trim(token);
    if (!str_starts(token, scheme))
        return BAD_TOKEN;
    struct str rest = str_from(token, scheme.n), part;
    if (!str_split(&rest, ':', &part) || !str_eq(part, store_epoch(r->dav->store)))
        return BAD_TOKEN;
    while (str_split(&rest, ':', &part))
        if (n == COUNT_OF(number) || !part.n || !ascii_digit(part.p[0]) || !str_i64(part, &number[n++]))
            return BAD_TOKEN;
    if (n < 2 || number[0] != id)
        return BAD_TOKEN;
    *seq = number[1];
    *sum = number[2];
    return OK;
}

/* Who sees private items as busy only has other texts and ETags than who sees them in full, and other tokens: when the right is given
 * or taken, the old token is none of his any more.
 *
 * The two homes of an account share its number line: the last two bits of the id tell them apart from each
 * other. A home's token has a sum behind it, so that it is never taken for a collection's. */
enum status sync_state(struct tx *tx, const struct resource *res, int64_t *id, int64_t *seq, int64_t *sum)
{
    if (resource_is_collection(res)) {
        *id = res->collection.id;
        *seq = res->collection.seq;
        *sum = res->collection.kind == KIND_CALENDAR && !(res->collection.rights & RIGHT_PRIVATE) ? 1 : -1;
        return OK;
    }
    if (!resource_is_home(res))
        return NOT_FOUND;
    bool calendars = res->kind == DAV_CALENDAR_HOME;
    struct account account;
    enum status st = account_get(tx, res->owner.id, &account);
    if (st)
        return st;
    *id = res->owner.id * 4 + (calendars ? 1 : 2);
    *seq = account.seq;
    return home_mount_sum(tx, res->owner.id, calendars ? KIND_CALENDAR : KIND_ADDRESSBOOK, sum);
}

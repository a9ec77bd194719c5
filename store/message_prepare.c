/* store/message_prepare.c: everything about a new message that can be done before the writer's turn. */
#include "store/blob.h"
#include "store/message_rows.h"

enum status message_derive(const struct store_config *config, struct arena *a, struct str body,
                           struct mail_key *key, struct str *mime)
{
    struct mime_map map;
    SCOPED_BUF(packed, (size_t)256 << 20);
    enum status st = mime_scan(a, body, &config->mime, &map);
    if (st == OK)
        st = mime_pack(a, body, &map, &config->mime, &packed);
    if (st == OK)
        st = packed.st;
    if (st == OK)
        st = mail_key_make(a, body, &map, &config->mime, key);
    if (st != OK)
        return st;
    *mime = arena_str(a, buf_view(&packed));
    return a->st;
}

enum status prepare_message(struct store *s, struct arena *a, struct str body, struct message_prepared *out)
{
    const struct store_config *config = store_config_of(s);
    *out = (struct message_prepared){.store = s, .body = body.p ? body : STR("")};
    if (body.n > config->message_size)
        return TOO_LARGE;
    enum status st = message_derive(config, a, out->body, &out->key, &out->mime);
    if (st != OK)
        return st;
    sha256(out->body, out->hash);
    if (body.n <= config->inline_body)
        return OK;
    st = blob_put(s, out->hash, out->body);
    out->is_file = st == OK;
    return st;
}

void message_prepared_release(struct message_prepared *p)
{
    if (p->is_file)
        blob_unpin(p->store, p->hash);
    p->is_file = false;
}

/* What a server says: the first byte tells how many recipients there are, in which pieces it comes, and what the mail needs. Whatever it is, the
 * client ends, each recipient gets one result, nothing is said to be sent that the server did not take, and what is sent is whole lines. */
#include "mailcore/relay/relay.h"

#include <stdlib.h>

enum { RECIPIENTS = 4, TURNS = 100000 };

struct letter {
    struct mail mail;
    struct mail_recipient recipients[RECIPIENTS];
    int results[RECIPIENTS], done, pieces;
};

static void must(bool holds)
{
    if (!holds)
        abort();
}

static struct str next_piece(struct mail *m)
{
    return CONTAINER_OF(m, struct letter, mail)->pieces-- > 0 ? STR(".\r\nx") : STR("");
}

static void take_result(struct mail *m, size_t n, const struct mail_result *r)
{
    struct letter *l = CONTAINER_OF(m, struct letter, mail);
    must(n < m->count && !l->done && r->status && r->reply.p);
    must(r->outcome != MAIL_SENT || (r->remote && r->status[0] == '2'));
    l->results[n]++;
}

static void take_done(struct mail *m)
{
    CONTAINER_OF(m, struct letter, mail)->done++;
}

static void write_letter(struct letter *l, unsigned way)
{
    *l = (struct letter){.pieces = 3};
    l->mail = (struct mail){.sender = STR("a@b"),
                            .needs = way & 2 ? MAIL_BINARY : 0,
                            .recipients = l->recipients,
                            .count = 1 + way % RECIPIENTS,
                            .next = next_piece,
                            .result = take_result,
                            .done = take_done};
    for (size_t i = 0; i < RECIPIENTS; i++)
        l->recipients[i] = (struct mail_recipient){.path = STR("c@d")};
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct letter l;
    struct relay c;
    if (size < 1)
        return 0;
    const struct relay_config config = {.hostname = STR("h"),
                                        .lmtp = data[0] & 4,
                                        .tls = data[0] & 8 ? RELAY_TLS_OFFERED : RELAY_TLS_NEVER,
                                        .user = data[0] & 16 ? STR("u") : STR_NONE,
                                        .password = STR("p"),
                                        .auth_in_clear = true};
    struct str in = str_n(data + 1, size - 1);
    size_t piece = data[0] & 32 ? 3 : 4096;
    SCOPED_BUF(out, 1 << 20);
    enum relay_event event = RELAY_READ;
    bool sent = false;
    write_letter(&l, data[0]);
    relay_init(&c, &config);
    for (int turn = 0; turn < TURNS && event != RELAY_CLOSED && (in.n || event != RELAY_READ); turn++) {
        if (event == RELAY_TLS) {
            event = relay_secured(&c, &out);
        } else if (event == RELAY_PULL) {
            event = relay_push(&c, 5, &out);
        } else if (event == RELAY_READY && !sent) {
            sent = true;
            event = relay_send(&c, &l.mail, &out);
        } else if (event == RELAY_READY) {
            relay_quit(&c, &out);
            event = RELAY_READ;
        } else {
            struct str part = str_slice(in, 0, piece);
            in = str_from(in, part.n);
            event = relay_read(&c, part, &out);
        }
    }
    relay_lost(&c, STR("the end"));
    must(l.done == (sent ? 1 : 0));
    for (size_t i = 0; i < l.mail.count; i++)
        must(l.results[i] == (sent ? 1 : 0));
    relay_free(&c);
    return 0;
}

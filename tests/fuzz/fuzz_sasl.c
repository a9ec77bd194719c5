/* What a client says to log in: the first byte chooses the mechanism and the connection, the rest is its lines, in the clear: they are put into
 * base64 here unless the byte says that they are already. Whatever they are, an exchange ends, a name is UTF-8 without NUL, and nobody
 * proves a password that he does not know. */
#include "mailcore/sasl.h"

#include <stdlib.h>

enum { LINES = 8, CHALLENGE = 8192 };

static void must(bool holds)
{
    if (!holds)
        abort();
}

static enum status find(void *ctx, struct str user, struct scram_verifier *out)
{
    (void)ctx;
    if (!user.p)
        return OK;
    if (user.n && user.p[0] == 'x')
        return THROTTLED;
    *out = (struct scram_verifier){.iterations = 4096, .salt_n = 4, .salt = "salt"};
    memset(out->stored_key, 7, sizeof out->stored_key); /* of no password */
    return OK;
}

static bool next_line(struct str *rest, bool encoded, struct buf *out)
{
    struct str line;
    buf_clear(out);
    if (!rest->p || !str_split(rest, '\n', &line))
        return false;
    if (encoded)
        buf_add(out, line);
    else
        buf_base64(out, line);
    return true;
}

static void check_text(const struct buf *b)
{
    must(str_utf8(buf_view(b)));
    must(!b->n || !memchr(b->p, '\0', b->n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"};
    static const struct line_tls tls = {
        .version = "TLSv1.3", .exporter = {"12345678", 8}, .end_point = {"abcdefgh", 8}};
    struct sasl x = {0};
    if (size < 1 || size > 60000)
        return 0;
    const bool encoded = data[0] & 4, bound = (data[0] & 3) == 3;
    const struct sasl_world world = {.tls = data[0] & 8 || bound ? &tls : NULL, .verifier = find};
    const struct sasl_mechanism *mechanism = sasl_find(str_c(names[data[0] & 3]), &world);
    struct str rest = str_n((const char *)data + 1, size - 1);
    SCOPED_BUF(line, 1 << 18);
    SCOPED_BUF(challenge, CHALLENGE);
    must(mechanism != NULL);
    bool initial = data[0] & 16 && next_line(&rest, encoded, &line);
    enum sasl_result r = sasl_begin(&x, mechanism, &world, initial ? buf_view(&line) : STR_NONE, &challenge);
    for (int i = 0; r == SASL_CHALLENGE && i < LINES && next_line(&rest, encoded, &line); i++) {
        buf_clear(&challenge);
        r = sasl_next(&x, buf_view(&line), &challenge);
    }
    must(challenge.st == OK && !x.proof.good);
    if (r == SASL_CHECK) {
        check_text(&x.user);
        check_text(&x.authorize);
        must(mechanism->scram == x.proof.given && (x.user.n || mechanism->scram));
    }
    sasl_end(&x);
    must(!x.mechanism && !x.user.p);
    return 0;
}

/* mailcore/sasl_scram.c: SCRAM-SHA-256 and -PLUS (RFC 5802, 7677), the server's side. Channels are bound by tls-exporter (RFC 9266) and
 * tls-server-end-point (RFC 5929).
 *
 *     client: n,,n=user,r=NONCE          server: r=NONCE+OURS,s=salt,i=iterations
 *     client: c=biws,r=…,p=proof         server: v=signature, and what the client says to that is empty
 *
 * A wrong proof ends with SASL_CHECK like a good one: the directory counts it. */
#include "core/clock.h"
#include "mailcore/sasl.h"

enum { NAME_MOST = 1024, NONCE_MOST = 256, FIRST_MOST = 4096, NONCE_BYTES = 18 };

static bool keep(struct buf *b, struct str s, size_t most)
{
    *b = BUF_INIT(most);
    buf_add(b, s);
    return b->st == OK;
}

/* saslname: "=2C" and "=3D" are what they say, and nothing else stands behind a '='. */
static bool keep_name(struct buf *b, struct str s)
{
    *b = BUF_INIT(NAME_MOST);
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '=') {
            buf_addc(b, s.p[i]);
            continue;
        }
        struct str code = str_slice(s, i + 1, 2);
        if (!str_eq(code, STR("2C")) && !str_eq(code, STR("3D")))
            return false;
        buf_addc(b, str_eq(code, STR("2C")) ? ',' : '=');
        i += 2;
    }
    return b->st == OK && str_utf8(buf_view(b)) && !memchr(b->p ? b->p : "", '\0', b->n);
}

/* Cuts the next attribute off; its value, if it is that one. */
static bool attribute(struct str *rest, char name, struct str *value)
{
    struct str text;
    if (!str_split(rest, ',', &text) || text.n < 2 || text.p[0] != name || text.p[1] != '=')
        return false;
    *value = str_from(text, 2);
    return true;
}

static bool is_nonce(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 0x21 || s.p[i] > 0x7e)
            return false;
    return s.n && s.n <= NONCE_MOST;
}

/* Does the binding that the client names exist, or does it name none where it should? "y": it could, but believes that we can not. */
static bool binding_of(const struct sasl *x, struct str flag, const struct line_binding **out)
{
    const struct line_tls *tls = x->world.tls;
    bool have = tls && (tls->exporter.n || tls->end_point.n);
    *out = NULL;
    if (!x->mechanism->bound)
        return str_eq(flag, STR("n")) || (str_eq(flag, STR("y")) && !have);
    if (!tls)
        return false;
    if (str_eq(flag, STR("p=tls-exporter")))
        *out = &tls->exporter;
    else if (str_eq(flag, STR("p=tls-server-end-point")))
        *out = &tls->end_point;
    return *out && (*out)->n;
}

/* gs2-header client-first-message-bare */
static enum sasl_result take_first(struct sasl *x, struct str message, struct buf *challenge)
{
    const struct line_binding *binding;
    unsigned char random[NONCE_BYTES];
    struct str rest = message, flag, authorize, name, nonce;
    if (!str_split(&rest, ',', &flag) || !binding_of(x, flag, &binding) ||
        !str_split(&rest, ',', &authorize) || !rest.p)
        return SASL_MALFORMED;
    if (authorize.n && !str_starts(authorize, STR("a=")))
        return SASL_MALFORMED;
    if (!keep(&x->header, str_n(message.p, (size_t)(rest.p - message.p)), FIRST_MOST) ||
        !keep(&x->bare, rest, FIRST_MOST))
        return SASL_MALFORMED;
    if (!attribute(&rest, 'n', &name) || !attribute(&rest, 'r', &nonce) || !is_nonce(nonce) || !name.n)
        return SASL_MALFORMED;
    if (!keep_name(&x->user, name) || !keep_name(&x->authorize, str_from(authorize, 2)))
        return SASL_MALFORMED;
    if (x->world.verifier(x->world.ctx, buf_view(&x->user), &x->proof.judged) != OK) {
        x->proof.given = true; /* he cannot be let in; the directory says why */
        return SASL_CHECK;
    }
    x->first = BUF_INIT(FIRST_MOST);
    random_bytes(random, sizeof random);
    buf_addf(&x->first, "r=%.*s", STR_ARG(nonce));
    buf_base64(&x->first, str_n(random, sizeof random));
    buf_add(&x->first, STR(",s="));
    buf_base64(&x->first, str_n(x->proof.judged.salt, x->proof.judged.salt_n));
    buf_addf(&x->first, ",i=%d", x->proof.judged.iterations);
    if (x->first.st != OK)
        return SASL_MALFORMED;
    buf_base64(challenge, buf_view(&x->first));
    return SASL_CHALLENGE;
}

/* "c=": the header again, and what the channel is bound by. */
static bool is_bound(const struct sasl *x, struct str value)
{
    const struct line_binding *binding;
    SCOPED_BUF(wanted, FIRST_MOST + LINE_BINDING_MOST);
    SCOPED_BUF(text, 2 * FIRST_MOST);
    binding_of(x, str_slice(buf_view(&x->header), 0, str_chr(buf_view(&x->header), ',', 0)), &binding);
    buf_add(&wanted, buf_view(&x->header));
    if (binding)
        buf_add(&wanted, str_n(binding->bytes, binding->n));
    buf_base64(&text, buf_view(&wanted));
    return wanted.st == OK && text.st == OK && str_eq(buf_view(&text), value);
}

static enum sasl_result take_final(struct sasl *x, struct str message, struct buf *challenge)
{
    unsigned char signature[SHA256_SIZE];
    struct str rest = message, binding, nonce, ours = str_from(buf_view(&x->first), 2);
    SCOPED_BUF(proof, 2 * SHA256_SIZE);
    SCOPED_BUF(said, 3 * FIRST_MOST);
    SCOPED_BUF(final, 128);
    size_t at = message.n;
    while (at >= 3 && memcmp(message.p + at - 3, ",p=", 3) != 0)
        at--;
    if (at < 3 || !buf_unbase64(&proof, str_from(message, at)) || proof.n != SHA256_SIZE)
        return SASL_MALFORMED;
    if (!attribute(&rest, 'c', &binding) || !attribute(&rest, 'r', &nonce))
        return SASL_MALFORMED;
    buf_addf(&said, "%.*s,%.*s,%.*s", STR_ARG(buf_view(&x->bare)), STR_ARG(buf_view(&x->first)),
             STR_ARG(str_slice(message, 0, at - 3)));
    if (said.st != OK)
        return SASL_MALFORMED;
    x->proof.given = true;
    x->proof.good =
        str_eq(nonce, str_slice(ours, 0, str_chr(ours, ',', 0))) && is_bound(x, binding) &&
        scram_proves(&x->proof.judged, buf_view(&said), (const unsigned char *)proof.p, signature);
    if (!x->proof.good)
        return SASL_CHECK;
    buf_add(&final, STR("v="));
    buf_base64(&final, str_n(signature, sizeof signature));
    buf_base64(challenge, buf_view(&final));
    return SASL_CHALLENGE;
}

enum sasl_result sasl_step_scram(struct sasl *x, struct str message, struct buf *challenge)
{
    if (x->round == 0)
        return take_first(x, message, challenge);
    if (x->round == 1)
        return take_final(x, message, challenge);
    return message.n ? SASL_MALFORMED : SASL_CHECK;
}

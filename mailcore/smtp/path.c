/* mailcore/smtp/path.c: the grammar of RFC 5321 section 4.1.2, by hand, with its limits of 4.5.3.1. */
#include "mailcore/smtp/path.h"
#include "core/net.h"

enum { LOCAL_MOST = 64, DOMAIN_MOST = 255, ROUTE_MOST = 256 };

static bool is_atext(char c)
{
    return ascii_alpha(c) || ascii_digit(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool is_high(char c)
{
    return (unsigned char)c >= 0x80;
}

static size_t run(struct str s, bool utf8, bool (*is)(char))
{
    size_t n = 0;
    while (n < s.n && (is(s.p[n]) || (utf8 && is_high(s.p[n]))))
        n++;
    return n;
}

/* Dot-string: atoms with single dots between them; its bytes, 0 when there is none. */
static size_t dot_string(struct str s, bool utf8)
{
    size_t n = run(s, utf8, is_atext);
    while (n && n + 1 < s.n && s.p[n] == '.') {
        size_t more = run(str_from(s, n + 1), utf8, is_atext);
        if (!more)
            return 0;
        n += 1 + more;
    }
    return n;
}

/* Quoted-string at the front: the text into out. False: it does not end, or has what may not be in it. */
static bool quoted(struct str *rest, bool utf8, struct buf *out)
{
    size_t i = 1;
    for (; i < rest->n && rest->p[i] != '"'; i++) {
        i += rest->p[i] == '\\';
        if (i >= rest->n || (unsigned char)rest->p[i] < ' ' || rest->p[i] == 0x7f ||
            (is_high(rest->p[i]) && !utf8))
            return false;
        buf_addc(out, rest->p[i]);
    }
    if (i >= rest->n)
        return false;
    *rest = str_from(*rest, i + 1);
    return true;
}

static bool read_local(struct arena *a, struct str *rest, bool utf8, struct str *out)
{
    SCOPED_BUF(text, rest->n + 1);
    if (rest->n && rest->p[0] == '"') {
        if (!quoted(rest, utf8, &text))
            return false;
        *out = arena_str(a, buf_view(&text));
        return out->p != NULL;
    }
    size_t n = dot_string(*rest, utf8);
    *out = str_slice(*rest, 0, n);
    *rest = str_from(*rest, n);
    return n > 0;
}

static bool is_let_dig(char c)
{
    return ascii_alpha(c) || ascii_digit(c) || c == '-' ||
           c == '_'; /* underscores are no host name's and in use */
}

static size_t host_name(struct str s, bool utf8)
{
    size_t n = 0, more;
    do {
        more = run(str_from(s, n), utf8, is_let_dig);
        if (!more || s.p[n] == '-' || s.p[n + more - 1] == '-')
            return 0;
        n += more;
    } while (n < s.n && s.p[n] == '.' && n++ < s.n);
    return n;
}

/* "[192.0.2.1]" or "[IPv6:2001:db8::1]". */
static size_t address_literal(struct str s)
{
    size_t close = str_chr(str_slice(s, 0, DOMAIN_MOST), ']', 0);
    struct net_address address;
    if (close == SIZE_MAX)
        return 0;
    struct str text = str_slice(s, 1, close - 1);
    bool six = str_casestarts(text, STR("IPv6:"));
    if (!net_parse(six ? str_from(text, 5) : text, &address) || (!six && address.bits != 32))
        return 0;
    return close + 1;
}

static bool read_domain(struct str *rest, bool utf8, struct str *out)
{
    size_t n = rest->n && rest->p[0] == '[' ? address_literal(*rest) : host_name(*rest, utf8);
    *out = str_slice(*rest, 0, n);
    *rest = str_from(*rest, n);
    return n > 0;
}

/* "@a,@b:" before the mailbox. */
static bool skip_route(struct str *rest)
{
    if (!rest->n || rest->p[0] != '@')
        return true;
    size_t colon = str_chr(str_slice(*rest, 0, ROUTE_MOST), ':', 0);
    if (colon == SIZE_MAX)
        return false;
    *rest = str_from(*rest, colon + 1);
    return true;
}

static const char *read_path(struct arena *a, struct str *rest, unsigned flags, struct smtp_path *out)
{
    bool utf8 = flags & SMTP_PATH_UTF8;
    if (!rest->n || rest->p[0] != '<')
        return "the address must stand in angle brackets";
    *rest = str_from(*rest, 1);
    if ((flags & SMTP_PATH_NULL) && rest->n && rest->p[0] == '>')
        return NULL;
    if (!skip_route(rest))
        return "the source route does not end";
    if (!read_local(a, rest, utf8, &out->local))
        return "the local part is not well formed";
    if (out->local.n > LOCAL_MOST)
        return "the local part is too long";
    if ((flags & SMTP_PATH_POSTMASTER) && rest->n && rest->p[0] == '>' &&
        str_caseeq(out->local, STR("postmaster")))
        return NULL;
    if (!rest->n || rest->p[0] != '@')
        return "the address has no domain";
    *rest = str_from(*rest, 1);
    if (!read_domain(rest, utf8, &out->domain))
        return "the domain is not well formed";
    return out->domain.n > DOMAIN_MOST ? "the domain is too long" : NULL;
}

enum status smtp_path_parse(struct arena *a, struct str *rest, unsigned flags, struct smtp_path *out,
                            const char **why)
{
    *out = (struct smtp_path){STR(""), STR("")};
    while (rest->n && rest->p[0] == ' ')
        *rest = str_from(*rest, 1);
    *why = read_path(a, rest, flags, out);
    if (!*why && (!rest->n || rest->p[0] != '>'))
        *why = "the address does not end with an angle bracket";
    if (!*why && (flags & SMTP_PATH_UTF8) && (!str_utf8(out->local) || !str_utf8(out->domain)))
        *why = "the address is not UTF-8";
    if (*why)
        return a->st < 0 ? a->st : INVALID;
    *rest = str_from(*rest, 1);
    return OK;
}

void smtp_path_write(struct buf *out, const struct smtp_path *path)
{
    if (!path->local.n && !path->domain.n)
        return;
    if (dot_string(path->local, true) == path->local.n && path->local.n) {
        buf_add(out, path->local);
    } else {
        buf_addc(out, '"');
        for (size_t i = 0; i < path->local.n; i++) {
            if (path->local.p[i] == '"' || path->local.p[i] == '\\')
                buf_addc(out, '\\');
            buf_addc(out, path->local.p[i]);
        }
        buf_addc(out, '"');
    }
    if (path->domain.n) {
        buf_addc(out, '@');
        buf_add(out, path->domain);
    }
}

static bool is_key(char c)
{
    return ascii_alpha(c) || ascii_digit(c) || c == '-';
}

static bool is_value(char c)
{
    return c > ' ' && c != '=' && c != 0x7f;
}

enum status smtp_param_next(struct str *rest, struct smtp_param *out)
{
    if (!str_trim(*rest).n)
        return NOT_FOUND;
    if (rest->p[0] != ' ')
        return INVALID;
    while (rest->n && rest->p[0] == ' ')
        *rest = str_from(*rest, 1);
    size_t n = run(*rest, false, is_key);
    if (!n || rest->p[0] == '-')
        return INVALID;
    out->key = str_slice(*rest, 0, n);
    out->value = STR_NONE;
    *rest = str_from(*rest, n);
    if (rest->n && rest->p[0] == '=') {
        *rest = str_from(*rest, 1);
        n = run(*rest, true, is_value);
        if (!n)
            return INVALID;
        out->value = str_slice(*rest, 0, n);
        *rest = str_from(*rest, n);
    }
    return !rest->n || rest->p[0] == ' ' ? OK : INVALID;
}

static int hex(char c) /* upper case only, says the grammar */
{
    return ascii_digit(c) ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool xtext_decode(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != '+') {
            if (text.p[i] < '!' || text.p[i] > '~' || text.p[i] == '=')
                return false;
            buf_addc(out, text.p[i]);
            continue;
        }
        int high = i + 2 < text.n ? hex(text.p[i + 1]) : -1, low = high >= 0 ? hex(text.p[i + 2]) : -1;
        if (low < 0)
            return false;
        buf_addc(out, (char)(high * 16 + low));
        i += 2;
    }
    return true;
}

void xtext_encode(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < '!' || text.p[i] > '~' || text.p[i] == '+' || text.p[i] == '=')
            buf_addf(out, "+%02X", (unsigned char)text.p[i]);
        else
            buf_addc(out, text.p[i]);
}

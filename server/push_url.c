/* server/push_url.c: a package is posted to a gateway: one request of HTTP/1.1, with or without TLS, and its status line. */
#include "core/arena.h"
#include "core/clock.h"
#include "core/http.h"
#include "server/push.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>

enum { ARENA = 64 * 1024, STATUS_LINE = 64, PORT_TEXT = 5 };

struct url {
    bool tls;
    struct str login, host, port, path; /* login: "name:password"; STR_NONE */
};

struct line {
    int fd;
    int64_t end;          /* microseconds of the monotonic clock: no later */
    gnutls_session_t tls; /* NULL: none */
    gnutls_certificate_credentials_t trust;
};

/* ---- the URL ---- */

static struct str filled(struct arena *a, struct str url, const struct push *p)
{
    const struct {
        struct str name, value;
    } places[] = {{STR("{device}"), p->devid}, {STR("{user}"), p->user}};
    SCOPED_BUF(b, ARENA / 2);
    while (url.n) {
        size_t n = 1;
        for (size_t i = 0; i < COUNT_OF(places); i++)
            if (str_starts(url, places[i].name)) {
                http_escape(&b, places[i].value, "");
                n = places[i].name.n;
            }
        if (n == 1)
            buf_addc(&b, url.p[0]);
        url = str_from(url, n);
    }
    return b.st == OK ? arena_str(a, buf_view(&b)) : STR_NONE;
}

static bool split(struct arena *a, struct str text, struct url *u)
{
    *u = (struct url){.tls = str_casestarts(text, STR("https://"))};
    if (!u->tls && !str_casestarts(text, STR("http://")))
        return false;
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] <= ' ' || text.p[i] == 0x7f)
            return false;
    text = str_from(text, u->tls ? 8 : 7);
    size_t slash = 0;
    while (slash < text.n && text.p[slash] != '/' && text.p[slash] != '?')
        slash++;
    struct str host = str_slice(text, 0, slash), path = str_from(text, slash);
    size_t at = str_chr(host, '@', 0);
    if (at != SIZE_MAX) {
        if (http_unescape(a, str_slice(host, 0, at), true, &u->login) != OK)
            return false;
        host = str_from(host, at + 1);
    }
    bool six = str_starts(host, STR("["));
    size_t close = six ? str_chr(host, ']', 0) : 0,
           colon = close == SIZE_MAX ? close : str_chr(host, ':', close);
    u->port = colon == SIZE_MAX ? (u->tls ? STR("443") : STR("80")) : str_from(host, colon + 1);
    u->host = colon == SIZE_MAX ? host : str_slice(host, 0, colon);
    if (six && (close == SIZE_MAX || close != u->host.n - 1))
        return false;
    if (six)
        u->host = str_slice(u->host, 1, u->host.n - 2);
    u->host = arena_str(a, u->host);
    u->port = arena_str(a, u->port);
    u->path = path.n && path.p[0] == '/' ? path : arena_strf(a, "/%.*s", STR_ARG(path));
    uint64_t port;
    return u->host.n && str_u64(u->port, &port) && port > 0 && port < 65536 && u->port.n <= PORT_TEXT &&
           a->st == OK;
}

/* ---- the connection ---- */

static enum status connect_to(const struct url *u, int seconds, int *fd, struct buf *why)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    struct timeval limit = {.tv_sec = seconds};
    int code = getaddrinfo(u->host.p, u->port.p, &hints, &list);
    if (code != 0) {
        buf_addf(why, "%s: %s", u->host.p, gai_strerror(code));
        return E_UNAVAILABLE;
    }
    *fd = -1;
    for (struct addrinfo *at = list; at && *fd < 0; at = at->ai_next) {
        int s = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (s < 0)
            continue;
        setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit); /* counts for connect too */
        setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        if (connect(s, at->ai_addr, at->ai_addrlen) == 0)
            *fd = s;
        else {
            int kept = errno;
            close(s);
            errno = kept;
        }
    }
    if (*fd < 0)
        buf_addf(why, "%s port %s: %m", u->host.p, u->port.p);
    freeaddrinfo(list);
    return *fd >= 0 ? OK : errno == EINPROGRESS || errno == EAGAIN ? E_TIMEOUT : E_UNAVAILABLE;
}

static enum status tls_failed(int code, const struct url *u, const struct line *l, struct buf *why)
{
    gnutls_datum_t text = {0};
    if (code == GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR &&
        gnutls_certificate_verification_status_print(gnutls_session_get_verify_cert_status(l->tls),
                                                     GNUTLS_CRT_X509, &text, 0) == 0)
        buf_addf(why, "%s: %s", u->host.p, (const char *)text.data);
    else
        buf_addf(why, "%s: %s", u->host.p, gnutls_strerror(code));
    gnutls_free(text.data);
    return code == GNUTLS_E_AGAIN ? E_TIMEOUT : E_UNAVAILABLE;
}

/* Not only when time is out: a record of TLS 1.3 may hold no data, and the library says "again" for it. */
static bool again(const struct line *l, ssize_t code)
{
    return (code == GNUTLS_E_AGAIN || code == GNUTLS_E_INTERRUPTED) && clock_mono_us() < l->end;
}

/* The authorities whose certificates are good; before there is a connection. */
static enum status load_trust(struct line *l, struct str ca, struct buf *why)
{
    SCOPED_BUF(path, 4096);
    buf_add(&path, ca);
    int code = gnutls_certificate_allocate_credentials(&l->trust);
    if (code == 0 && ca.n)
        code = path.st ? GNUTLS_E_FILE_ERROR
                       : gnutls_certificate_set_x509_trust_file(l->trust, buf_c(&path), GNUTLS_X509_FMT_PEM);
    else if (code == 0)
        code = gnutls_certificate_set_x509_system_trust(l->trust);
    if (code < 0 || (ca.n && code == 0)) {
        buf_addf(why, "%s: %s", ca.n ? "notify_ca" : "the system's authorities",
                 code < 0 ? gnutls_strerror(code) : "the file holds no certificate");
        return INVALID;
    }
    return OK;
}

static enum status begin_tls(struct line *l, const struct url *u, struct buf *why)
{
    int code = gnutls_init(&l->tls, GNUTLS_CLIENT);
    if (code == 0)
        code = gnutls_set_default_priority(l->tls);
    if (code == 0)
        code = gnutls_server_name_set(l->tls, GNUTLS_NAME_DNS, u->host.p, u->host.n);
    if (code == 0)
        code = gnutls_credentials_set(l->tls, GNUTLS_CRD_CERTIFICATE, l->trust);
    if (code != 0)
        return tls_failed(code, u, l, why);
    gnutls_session_set_verify_cert(l->tls, u->host.p, 0);
    gnutls_transport_set_int(l->tls, l->fd);
    do
        code = gnutls_handshake(l->tls);
    while (again(l, code) || code == GNUTLS_E_WARNING_ALERT_RECEIVED);
    return code == 0 ? OK : tls_failed(code, u, l, why);
}

static ssize_t line_send(const struct line *l, struct str s)
{
    ssize_t n = l->tls ? 0 : send(l->fd, s.p, s.n, MSG_NOSIGNAL);
    if (l->tls)
        do
            n = gnutls_record_send(l->tls, s.p, s.n);
        while (again(l, n));
    return n;
}

static ssize_t line_recv(const struct line *l, char *p, size_t n)
{
    ssize_t got = l->tls ? 0 : recv(l->fd, p, n, 0);
    if (l->tls)
        do
            got = gnutls_record_recv(l->tls, p, n);
        while (again(l, got));
    return got;
}

static void line_close(struct line *l)
{
    if (l->tls) {
        gnutls_bye(l->tls, GNUTLS_SHUT_WR);
        gnutls_deinit(l->tls);
    }
    if (l->trust)
        gnutls_certificate_free_credentials(l->trust);
    if (l->fd >= 0)
        close(l->fd);
}

/* ---- the request ---- */

static void request_write(struct buf *b, const struct url *u, const struct push *p)
{
    bool six = str_chr(u->host, ':', 0) != SIZE_MAX;
    buf_addf(b, "POST %.*s HTTP/1.1\r\nHost: %s%s%s:%s\r\n", STR_ARG(u->path), six ? "[" : "", u->host.p,
             six ? "]" : "", u->port.p);
    if (u->login.n) {
        buf_addz(b, "Authorization: Basic ");
        buf_base64(b, u->login);
        buf_addz(b, "\r\n");
    }
    buf_addf(b, "User-Agent: Scambio/" SCAMBIO_VERSION "\r\nContent-Type: %.*s\r\nContent-Length: %zu\r\n",
             STR_ARG(p->media), p->package.n);
    buf_addz(b, "Connection: close\r\n\r\n");
    buf_add(b, p->package);
}

/* "HTTP/1.1 202 Accepted" */
static enum status answer_read(const struct line *l, const struct url *u, struct buf *why)
{
    char text[STATUS_LINE] = {0};
    size_t n = 0;
    ssize_t got = 1;
    while (n < sizeof text && got > 0 && !memchr(text, '\n', n)) {
        got = line_recv(l, text + n, sizeof text - n);
        n += got > 0 ? (size_t)got : 0;
    }
    struct str rest = str_n(text, n), line;
    uint64_t status;
    bool timeout = got < 0 && (errno == EAGAIN || got == GNUTLS_E_AGAIN);
    str_split(&rest, '\n', &line);
    line = str_trim(line);
    if (!str_starts(line, STR("HTTP/1.")) || line.n < 12 || !str_u64(str_slice(line, 9, 3), &status)) {
        buf_addf(why, "%s: %s", u->host.p, timeout ? "no answer in time" : "what answers is not HTTP");
        return timeout ? E_TIMEOUT : E_UNAVAILABLE;
    }
    if (status / 100 == 2)
        return OK;
    buf_addf(why, "%s: it answers %.*s", u->host.p, STR_ARG(str_from(line, 9)));
    return E_UNAVAILABLE;
}

static enum status exchange(const struct line *l, const struct url *u, const struct push *p, struct buf *why)
{
    SCOPED_BUF(b, 1 << 20);
    request_write(&b, u, p);
    if (b.st != OK)
        return b.st;
    for (struct str rest = buf_view(&b); rest.n;) {
        ssize_t n = line_send(l, rest);
        if (n <= 0) {
            buf_addf(why, "%s: %s", u->host.p,
                     l->tls && n < 0 ? gnutls_strerror((int)n) : "the connection broke");
            return E_UNAVAILABLE;
        }
        rest = str_from(rest, (size_t)n);
    }
    return answer_read(l, u, why);
}

enum status push_url(struct str url, const struct push *p, struct buf *why)
{
    SCOPED_ARENA(a, ARENA);
    struct url u;
    struct line l = {.fd = -1, .end = clock_mono_us() + (int64_t)p->seconds * 1000 * 1000};
    if (!split(&a, filled(&a, str_trim(url), p), &u)) {
        buf_addz(why, "notify_url: not an http or https URL");
        return INVALID;
    }
    enum status st = u.tls ? load_trust(&l, p->ca, why) : OK;
    if (st == OK)
        st = connect_to(&u, p->seconds, &l.fd, why);
    if (st == OK && u.tls)
        st = begin_tls(&l, &u, why);
    if (st == OK)
        st = exchange(&l, &u, p, why);
    line_close(&l);
    return st;
}

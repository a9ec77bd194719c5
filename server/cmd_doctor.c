/* server/cmd_doctor.c: `scambio doctor`: one line for each thing that was looked at: ok, warning or FAIL, and what to do. */
#include "core/clock.h"
#include "server/doctor.h"
#include "server/listen.h"
#include "store/doctor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/x509.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>

enum { CONNECT_MS = 2000, CERTIFICATE_MAX = 1 << 20, DAY = 86400, FINDINGS_MAX = 1000 };

void verdict(struct doctor *d, enum verdict v, const char *what, const char *format, ...)
{
    static const struct str words[] = {STR_INIT("ok"), STR_INIT("warning"), STR_INIT("FAIL")};
    va_list args;
    buf_clear(&d->line);
    va_start(args, format);
    buf_addv(&d->line, format, args);
    va_end(args);
    const struct str row[] = {words[v], str_c(what), buf_view(&d->line)};
    cmd_list_row(&d->list, row);
    d->failed += v == VERDICT_FAIL;
}

/* ---- configuration and disk ---- */
static void check_configuration(struct doctor *d)
{
    const struct conf *conf = d->call->conf;
    size_t domains;
    conf_list(conf, CONF_SERVER_DOMAINS, &domains);
    if (domains == 0)
        verdict(d, VERDICT_WARNING, "configuration",
                "no [server] domains: users need their full addresses to log in");
    if (!conf_has(conf, CONF_LISTEN_HTTP) && !conf_has(conf, CONF_LISTEN_HTTPS))
        verdict(d, VERDICT_FAIL, "configuration", "[listen] has neither http nor https: nobody can connect");
    if (!conf_has(conf, CONF_SERVER_USER))
        verdict(d, VERDICT_WARNING, "configuration",
                "no [server] user: started as root, the server stays root");
    verdict(d, VERDICT_OK, "configuration", "read without mistakes");
}

static void check_disk(struct doctor *d)
{
    struct statvfs fs;
    SCOPED_BUF(data, 4096);
    buf_add(&data, conf_str(d->call->conf, CONF_SERVER_DATA));
    if (statvfs(buf_c(&data), &fs) != 0) {
        verdict(d, VERDICT_FAIL, "disk", "%s: %s", buf_c(&data), strerrordesc_np(errno));
        return;
    }
    uint64_t free_mb = (uint64_t)fs.f_bavail * fs.f_frsize >> 20;
    unsigned percent = fs.f_blocks ? (unsigned)(fs.f_bavail * 100 / fs.f_blocks) : 0;
    enum verdict v = free_mb < 100 ? VERDICT_FAIL : percent < 5 ? VERDICT_WARNING : VERDICT_OK;
    verdict(d, v, "disk", "%llu MB (%u %%) free for %s%s", (unsigned long long)free_mb, percent, buf_c(&data),
            v == VERDICT_OK ? "" : ": make room, or writes will be refused");
}

/* ---- certificate ---- */
static bool read_whole(const char *path, struct buf *out)
{
    SCOPED(scoped_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    for (;;) {
        char *room = fd < 0 ? NULL : buf_reserve(out, 4096);
        ssize_t n = room ? read(fd, room, 4096) : -1;
        if (n <= 0)
            return n == 0;
        buf_commit(out, (size_t)n);
    }
}

static void judge_certificate(struct doctor *d, gnutls_x509_crt_t crt)
{
    SCOPED_BUF(host, 512);
    buf_add(&host, conf_str(d->call->conf, CONF_SERVER_HOSTNAME));
    int64_t left = (int64_t)gnutls_x509_crt_get_expiration_time(crt) - clock_now();
    if (left <= 0)
        verdict(d, VERDICT_FAIL, "certificate", "expired: renew it, then send SIGHUP");
    else if (left < 14 * DAY)
        verdict(d, VERDICT_WARNING, "certificate", "expires in %lld days: renew it, then send SIGHUP",
                (long long)(left / DAY));
    else
        verdict(d, VERDICT_OK, "certificate", "valid for %lld days", (long long)(left / DAY));
    if (host.n > 0 && !gnutls_x509_crt_check_hostname(crt, buf_c(&host)))
        verdict(d, VERDICT_FAIL, "certificate", "is not for %s: clients will refuse it", buf_c(&host));
}

static void check_certificate(struct doctor *d)
{
    SCOPED_BUF(path, 4096);
    SCOPED_BUF(pem, CERTIFICATE_MAX);
    gnutls_x509_crt_t crt;
    if (!listeners_tls(d->call->conf))
        return;
    if (!conf_has(d->call->conf, CONF_TLS_CERTIFICATE)) {
        verdict(d, VERDICT_WARNING, "certificate",
                "self-signed: clients will ask; name a pair in [tls] certificate and key");
        return;
    }
    buf_add(&path, conf_str(d->call->conf, CONF_TLS_CERTIFICATE));
    if (!read_whole(buf_c(&path), &pem)) {
        verdict(d, VERDICT_WARNING, "certificate", "%s: %s, so it was not looked at", buf_c(&path),
                strerrordesc_np(errno));
        return;
    }
    gnutls_datum_t datum = {.data = (unsigned char *)pem.p, .size = (unsigned)pem.n};
    if (gnutls_x509_crt_init(&crt) != 0)
        return;
    if (gnutls_x509_crt_import(crt, &datum, GNUTLS_X509_FMT_PEM) == 0)
        judge_certificate(d, crt);
    else
        verdict(d, VERDICT_FAIL, "certificate", "%s: is no PEM certificate", buf_c(&path));
    gnutls_x509_crt_deinit(crt);
}

/* ---- ports ---- */
/* 0, or an errno. */
static int try_connect(int fd, const struct sockaddr *to, socklen_t n)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int code = 0;
    socklen_t size = sizeof code;
    if (connect(fd, to, n) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return errno;
    if (poll(&p, 1, CONNECT_MS) <= 0)
        return ETIMEDOUT;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) != 0 ? errno : code;
}

/* Nobody answers there: could the server listen? */
static int try_bind(const struct addrinfo *a)
{
    int one = 1;
    SCOPED(scoped_close) int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    return bind(fd, a->ai_addr, a->ai_addrlen) == 0 ? 0 : errno;
}

static void check_address(struct doctor *d, const char *what, const char *text, const struct addrinfo *a)
{
    SCOPED(scoped_close) int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int code = fd < 0 ? errno : try_connect(fd, a->ai_addr, a->ai_addrlen);
    if (code == 0 && d->call->conf_path) { /* this is not the serving process: the server does not run */
        verdict(d, VERDICT_FAIL, what, "%s is taken by another program: end it, or listen elsewhere", text);
    } else if (code == 0) {
        verdict(d, VERDICT_OK, what, "%s answers", text);
    } else if (code == ECONNREFUSED && (code = try_bind(a)) == 0) {
        verdict(d, VERDICT_OK, what, "%s is free: the server does not run", text);
    } else {
        verdict(d, VERDICT_FAIL, what, "%s: %s", text, strerrordesc_np(code));
    }
}

/* "address:port" or "[v6]:port"; "unix:/path" is the caller's business. */
static void check_listener(struct doctor *d, const char *what, struct str where)
{
    char host[256], port[16];
    size_t colon = where.n;
    while (colon > 0 && where.p[colon - 1] != ':')
        colon--;
    struct str h = str_slice(where, 0, colon ? colon - 1 : 0), p = str_from(where, colon);
    if (str_starts(h, STR("[")) && str_ends(h, STR("]")))
        h = str_slice(h, 1, h.n - 2);
    snprintf(host, sizeof host, "%.*s", STR_ARG(h));
    snprintf(port, sizeof port, "%.*s", STR_ARG(p));
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV},
                    *found = NULL;
    SCOPED_BUF(text, 512);
    buf_add(&text, where);
    int code = getaddrinfo(h.n ? host : NULL, port, &hints, &found);
    if (code != 0 || !found)
        verdict(d, VERDICT_FAIL, what, "%s: %s", buf_c(&text), gai_strerror(code));
    else
        check_address(d, what, buf_c(&text), found);
    if (found)
        freeaddrinfo(found);
}

static void check_ports(struct doctor *d)
{
    for (size_t i = 0; i < COUNT_OF(listener_rows); i++) {
        const struct listener_row *row = &listener_rows[i];
        size_t count = 0;
        const struct str *list = row->name && conf_has(d->call->conf, row->key)
                                     ? conf_list(d->call->conf, row->key, &count)
                                     : NULL;
        for (size_t k = 0; k < count; k++)
            if (!str_starts(list[k], STR("unix:")))
                check_listener(d, row->name, list[k]);
    }
}

/* ---- directories ---- */
static void see_directory(void *ctx, struct str name, enum status st)
{
    struct doctor *d = ctx;
    if (st == OK)
        verdict(d, VERDICT_OK, "directory", "%.*s answers", STR_ARG(name));
    else
        verdict(d, VERDICT_FAIL, "directory", "%.*s: %s: its users cannot log in; see [directory %.*s]",
                STR_ARG(name), status_text(st), STR_ARG(name));
}

static void check_directories(struct doctor *d)
{
    enum status st = directory_probe(d->call->dir, see_directory, d);
    if (st != OK)
        verdict(d, VERDICT_FAIL, "directory", "%s", status_text(st));
}

/* ---- mail ---- */
static void check_postmaster(struct doctor *d)
{
    const struct conf *conf = d->call->conf;
    if (!conf_has(conf, CONF_SMTP_POSTMASTER))
        return;
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_READ(tx, d->call->store);
    struct str address = conf_str(conf, CONF_SMTP_POSTMASTER);
    struct principal p;
    enum status st = tx ? directory_find(d->call->dir, tx, &a, address, &p) : E_MEMORY;
    if (st == OK && p.state == PRINCIPAL_ACTIVE)
        verdict(d, VERDICT_OK, "mail", "postmaster and abuse are %.*s", STR_ARG(p.address));
    else
        verdict(d, VERDICT_WARNING, "mail",
                "[smtp] postmaster: nobody has the address %.*s, so that the first user gets this mail; name "
                "a user",
                STR_ARG(address));
}

/* ---- app passwords for SyncML ---- */
static void check_syncml(struct doctor *d)
{
    size_t kept, lost;
    enum status st = app_password_check(d->call->dir, &kept, &lost);
    if (st != OK)
        verdict(d, VERDICT_FAIL, "syncml", "app passwords: %s", status_text(st));
    else if (lost > 0)
        verdict(d, VERDICT_WARNING, "syncml",
                "data/syncml.key is missing or another: %zu app passwords work no more for log-in by MD5; "
                "bring the key "
                "back, or give out new ones",
                lost);
    else if (kept > 0)
        verdict(d, VERDICT_OK, "syncml",
                "data/syncml.key opens %zu app passwords; no backup holds it: keep a copy elsewhere", kept);
}

/* ---- the store ---- */
static void see_finding(void *ctx, struct str what, struct str where)
{
    struct doctor *d = ctx;
    if (d->findings++ < FINDINGS_MAX)
        verdict(d, VERDICT_FAIL, "store", "%.*s: %.*s", STR_ARG(what), STR_ARG(where));
}

static void see_progress(void *ctx, int64_t done, int64_t total)
{
    struct doctor *d = ctx;
    if (d->call->terminal)
        dprintf(d->call->err, "\r%lld of %lld items%s", (long long)done, (long long)total,
                done == total ? "\n" : "");
}

static void check_store(struct doctor *d, bool deep, bool rebuild)
{
    enum status st = rebuild ? store_rebuild(d->call->store, 0, see_progress, d) : OK;
    if (st != OK)
        verdict(d, VERDICT_FAIL, "store", "rebuilding: %s", status_text(st));
    else if (rebuild)
        verdict(d, VERDICT_OK, "store",
                "what is derived was computed anew; shares and accounts follow who exists");
    if (!deep)
        return;
    size_t findings = 0;
    st = store_check(d->call->store, true, see_finding, d, &findings);
    if (st != OK)
        verdict(d, VERDICT_FAIL, "store", "%s", status_text(st));
    else if (findings > 0)
        verdict(d, VERDICT_FAIL, "store",
                "findings: %zu; `scambio doctor --store --rebuild` mends what is derived, shares, and users "
                "that are not whole; for the rest restore a backup",
                findings);
    else
        verdict(d, VERDICT_OK, "store", "every rule holds, every body has its hash");
}

int cmd_doctor(struct command_call *c)
{
    static const char *const names[] = {"--store", "--rebuild", NULL}, *const columns[] = {"verdict", "what",
                                                                                           "why", NULL};
    struct cmd_args args;
    if (!cmd_args(c, names, &args))
        return 2;
    if (args.rest_count > 0)
        return usage(c, cmd_row(store_commands, "doctor"));
    struct doctor d = {.call = c, .line = BUF_INIT(4096)};
    cmd_list_begin(&d.list, c, columns);
    check_configuration(&d);
    check_disk(&d);
    check_certificate(&d);
    check_ports(&d);
    check_directories(&d);
    doctor_dns(&d);
    check_postmaster(&d);
    check_syncml(&d);
    check_store(&d, args.option[0].p != NULL, args.option[1].p != NULL);
    buf_free(&d.line);
    int code = cmd_list_end(&d.list);
    return code != 0 || d.failed > 0 ? 1 : 0;
}

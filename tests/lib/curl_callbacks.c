/* tests/lib/curl_callbacks.c: preloaded below SyncEvolution, the SyncML client of our tests.
 *
 * Debian 12's build of it hands lambdas without captures to curl_easy_setopt's "...", where they arrive as null pointers, and
 * crashes at the first message. Here they are put back. All messages pass here, so that this is also where a test cuts them off:
 *   PHONE_CUT=HOW:N   at the N-th request of the process; HOW:
 *     kill            the process is gone before the request is sent
 *     kill-answer     ... when the first bytes of its answer come: the server has done its work
 *     interrupt       as if the user pressed Ctrl-C before the request
 *     lose            the answer is lost on the way: the client must resend
 *   PHONE_LOG=FILE    "requests N sent BYTES received BYTES waited MICROSECONDS" at the end; waited: from each request to the
 *                     end of its answer
 *   PHONE_DUMP=DIR    every body: DIR/007-sent, DIR/007-received */
#include <dlfcn.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Of curl/curl.h, which need not be installed. */
enum { OPT_POSTFIELDSIZE = 60, OPT_WRITEFUNCTION = 20011, OPT_READFUNCTION = 20012 };

static struct {
    int requests, cut_at;
    char cut[32];
    unsigned long sent, received;
    int64_t waited;
    const char *log, *dump;
    bool ready;
} phone;

int curl_easy_setopt(void *handle, int option, ...);
int curl_easy_perform(void *handle);

static void report(void)
{
    FILE *f = phone.log ? fopen(phone.log, "a") : NULL;
    if (!f)
        return;
    fprintf(f, "requests %d sent %lu received %lu waited %lld\n", phone.requests, phone.sent, phone.received,
            (long long)phone.waited);
    fclose(f);
}

static void prepare(void)
{
    if (phone.ready)
        return;
    phone.ready = true;
    phone.log = getenv("PHONE_LOG");
    phone.dump = getenv("PHONE_DUMP");
    const char *cut = getenv("PHONE_CUT"), *colon = cut ? strchr(cut, ':') : NULL;
    if (colon && (size_t)(colon - cut) < sizeof phone.cut) {
        memcpy(phone.cut, cut, (size_t)(colon - cut));
        phone.cut_at = (int)strtol(colon + 1, NULL, 10);
    }
    atexit(report);
}

static bool cut(const char *how)
{
    return phone.requests == phone.cut_at && strcmp(phone.cut, how) == 0;
}

static void dump(const char *what, const char *data, size_t n)
{
    char name[4096];
    if (!phone.dump)
        return;
    snprintf(name, sizeof name, "%s/%03d-%s", phone.dump, phone.requests, what);
    FILE *f = fopen(name, "a");
    if (!f)
        return;
    fwrite(data, 1, n, f);
    fclose(f);
}

static void request_begins(void)
{
    prepare();
    phone.requests++;
    if (cut("kill")) {
        report();
        raise(SIGKILL);
    }
    if (cut("interrupt"))
        raise(SIGINT);
}

/* The functions that should have been given. */
typedef size_t (*transfer)(void *agent, void *data, size_t size);

static transfer find(const char *name)
{
    transfer f;
    void *symbol = dlsym(RTLD_DEFAULT, name);
    memcpy(&f, &symbol, sizeof f);
    return f;
}

static size_t read_body(char *data, size_t size, size_t count, void *agent)
{
    static transfer real;
    if (!real)
        real = find("_ZN7SyncEvo18CurlTransportAgent8readDataEPvm");
    size_t n = real(agent, data, size * count);
    phone.sent += n;
    dump("sent", data, n);
    return n;
}

static size_t write_body(char *data, size_t size, size_t count, void *agent)
{
    static transfer real;
    if (!real)
        real = find("_ZN7SyncEvo18CurlTransportAgent9writeDataEPvm");
    if (cut("kill-answer")) {
        report();
        raise(SIGKILL);
    }
    if (cut("lose"))
        return 0;
    phone.received += size * count;
    dump("received", data, size * count);
    return real(agent, data, size * count);
}

int curl_easy_setopt(void *handle, int option, ...)
{
    static int (*real)(void *, int, ...);
    if (!real) {
        void *symbol = dlsym(RTLD_NEXT, "curl_easy_setopt");
        memcpy(&real, &symbol, sizeof real);
    }
    va_list args;
    va_start(args, option);
    void *value = va_arg(args, void *);
    va_end(args);
    if (option == OPT_POSTFIELDSIZE)
        request_begins();
    if (option == OPT_WRITEFUNCTION)
        return real(handle, option, write_body);
    if (option == OPT_READFUNCTION)
        return real(handle, option, read_body);
    return real(handle, option, value);
}

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 * 1000 + t.tv_nsec / 1000;
}

int curl_easy_perform(void *handle)
{
    static int (*real)(void *);
    if (!real) {
        void *symbol = dlsym(RTLD_NEXT, "curl_easy_perform");
        memcpy(&real, &symbol, sizeof real);
    }
    int64_t began = now_us();
    int code = real(handle);
    phone.waited += now_us() - began;
    return code;
}

/* syncml/trace_file.c: [syncml] trace: a file for each session with its messages as readable XML, credentials blanked; for finding
 * out what a device does that nobody has seen before. Names of files are numbers: no device has a say in them. */
#include "core/clock.h"
#include "core/log.h"
#include "syncml/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

enum { TRACE_FILE_MOST = 64 << 20 };

static int trace_open(struct turn *t)
{
    char path[4096];
    struct session *s = t->s;
    struct caltime now = caltime_from_seconds(t->now);
    int n = snprintf(path, sizeof path, "%.*s/%04d%02d%02d-%02d%02d%02d-%lld-%.8s.xml",
                     STR_ARG(t->sml->trace), now.year, now.month, now.day, now.hour, now.minute, now.second,
                     (long long)s->account, s->cookie);
    SCOPED_BUF(folder, sizeof path);
    buf_add(&folder, t->sml->trace);
    mkdir(buf_c(&folder), 0700); /* it may be there */
    int fd = n > 0 && (size_t)n < sizeof path
                 ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600)
                 : -1;
    if (fd < 0)
        log_warning("syncml: the trace %.*s can not be written: %m%s", STR_ARG(t->sml->trace),
                    errno == EACCES ? "; a folder that was not named at start counts after a restart" : "");
    return fd;
}

void trace_message(struct turn *t, const char *from, struct str body)
{
    struct session *s = t->s;
    if (!t->sml->trace.n || !s)
        return;
    if (s->trace_fd == -1)
        s->trace_fd = trace_open(t);
    if (s->trace_fd < 0) {
        s->trace_fd = -2; /* told once */
        return;
    }
    SCOPED_BUF(text, body.n * 8 + (1 << 20));
    buf_addf(&text, "<!-- %s, message %lld -->\n", from, (long long)s->turns);
    if (sml_trace(t->a, t->encoding, body, &t->sml->message, &text) || text.st)
        buf_addz(&text, "<!-- can not be shown -->\n");
    buf_addc(&text, '\n');
    off_t end = lseek(s->trace_fd, 0, SEEK_END);
    if (end > TRACE_FILE_MOST)
        return;
    if (write(s->trace_fd, text.p, text.n) < 0)
        log_warning("syncml: writing a trace: %m");
}

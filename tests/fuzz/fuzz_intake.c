/* Texts of the queue and rewritten senders: what can be read is written again to the same text, and no sender that we did not write leads
 * anywhere. */
#include "mailcore/delivery/srs.h"
#include "mailcore/relay/opts.h"

#include <stdlib.h>

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void envelope(struct str text)
{
    struct envelope_opts once, twice;
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(out, 1 << 16);
    SCOPED_BUF(again, 1 << 16);
    if (envelope_opts_read(&a, text, &once) != OK)
        return;
    envelope_opts_write(&out, &once);
    must(out.st == OK && envelope_opts_read(&a, buf_view(&out), &twice) == OK);
    envelope_opts_write(&again, &twice);
    must(str_eq(buf_view(&out), buf_view(&again)));
}

static void recipient(struct str text)
{
    struct rcpt_opts once, twice;
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(out, 1 << 16);
    SCOPED_BUF(again, 1 << 16);
    if (rcpt_opts_read(&a, text, &once) != OK)
        return;
    rcpt_opts_write(&out, &once);
    must(out.st == OK && rcpt_opts_read(&a, buf_view(&out), &twice) == OK);
    rcpt_opts_write(&again, &twice);
    must(str_eq(buf_view(&out), buf_view(&again)) && once.notify == twice.notify);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static const unsigned char key[SRS_KEY] = "a key that no input can know";
    struct str text = str_n(data, size < 2000 ? size : 2000);
    SCOPED_BUF(out, 4096);
    SCOPED_BUF(local, 256);
    SCOPED_BUF(back, 4096);
    envelope(text);
    recipient(text);
    must(srs_read(&out, key, text, 0) == INVALID && !out.n);
    if (!text.n || memchr(text.p, '\0', text.n)) /* in no local part */
        return 0;
    if (srs_write(&local, key, text, STR("d.test"), 0) == OK) {
        enum status st = srs_read(&back, key, buf_view(&local), 0);
        must(local.n <= 64 && (st == OK || srs_is(text)));
    }
    return 0;
}

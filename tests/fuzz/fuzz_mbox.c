/* tests/fuzz/fuzz_mbox.c: a file cut into pieces anywhere is the same messages; and what is written of a message is read back as it was. */
#include "formats/mbox.h"

#include <stdlib.h>

enum { MOST = 4096, LARGEST = 32 << 20 };

static void must(bool holds)
{
    if (!holds)
        abort();
}

static size_t lengths(struct str in, size_t piece, size_t *out, size_t most)
{
    struct mbox box = {.most = MOST};
    SCOPED_BUF(window, LARGEST);
    size_t n = 0;
    for (;;) {
        struct str rest = buf_view(&window);
        struct mbox_message m;
        enum status st;
        while ((st = mbox_next(&box, &rest, in.n == 0, &m)) == OK || st == TOO_LARGE) {
            must(st != OK || m.text.n <= MOST);
            if (st == OK && n < most)
                out[n++] = m.text.n;
        }
        must(st == TRUNCATED ? in.n > 0 : st == NOT_FOUND || st == INVALID);
        if (st != TRUNCATED)
            return n;
        if (rest.n)
            memmove(window.p, rest.p, rest.n);
        buf_cut(&window, rest.n);
        buf_add(&window, str_slice(in, 0, piece));
        in = str_from(in, piece);
    }
}

/* A message that was unpacked survives being written and read. */
static void there_and_back(const struct mbox_message *m)
{
    unsigned marks, again;
    SCOPED_BUF(text, LARGEST);
    SCOPED_BUF(file, LARGEST);
    SCOPED_BUF(back, LARGEST);
    struct mbox box = {.most = LARGEST / 4};
    struct mbox_message read;
    if (!mbox_unpack(m, &text, &marks))
        return;
    mbox_write(&file, buf_view(&text), STR("a@b"), 1700000000, marks);
    struct str rest = buf_view(&file);
    must(mbox_next(&box, &rest, true, &read) == OK && read.date == 1700000000);
    must(mbox_next(&box, &rest, true, &(struct mbox_message){0}) == NOT_FOUND);
    (void)mbox_unpack(&read, &back, &again);
    must(again == marks && str_eq(buf_view(&back), buf_view(&text)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct str in = str_n(data + 1, size - 1);
    size_t whole[64], pieces[64];
    size_t n = lengths(in, SIZE_MAX, whole, 64);
    if (in.n <= MOST) { /* what is too large is passed over in pieces of another size */
        must(lengths(in, 1 + data[0], pieces, 64) == n);
        must(memcmp(whole, pieces, n * sizeof *whole) == 0);
    }
    struct mbox box = {.most = MOST};
    struct mbox_message m;
    enum status st;
    while ((st = mbox_next(&box, &in, true, &m)) == OK || st == TOO_LARGE)
        if (st == OK)
            there_and_back(&m);
    return 0;
}

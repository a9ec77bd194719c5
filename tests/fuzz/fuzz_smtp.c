/* The first byte says in which pieces the rest arrives. As DATA: the pieces change nothing, the text has no bare CR, LF or NUL, and sent again
 * it comes back the same with one end. As an argument of MAIL: a path that is read is written and read as the same. */
#include "mailcore/smtp/data.h"
#include "mailcore/smtp/path.h"

#include <stdlib.h>

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_text(struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        must(text.p[i] != '\0');
        must(text.p[i] != '\r' || (i + 1 < text.n && text.p[i + 1] == '\n'));
        must(text.p[i] != '\n' || (i && text.p[i - 1] == '\r'));
    }
}

static void check_data(struct str in, size_t piece)
{
    SCOPED_BUF(whole, 16 << 20);
    SCOPED_BUF(pieces, 16 << 20);
    SCOPED_BUF(sent, 32 << 20);
    SCOPED_BUF(back, 16 << 20);
    struct smtp_data one = {.max = 16 << 20}, two = one, three = one;
    struct str rest = in, left = in;
    smtp_data_read(&one, &rest, &whole);
    while (left.n && !two.ended) {
        struct str part = str_slice(left, 0, piece);
        size_t had = part.n;
        smtp_data_read(&two, &part, &pieces);
        left = str_from(left, had - part.n);
    }
    must(one.ended == two.ended && one.faults == two.faults && one.size == two.size && rest.n == left.n);
    must(str_eq(buf_view(&whole), buf_view(&pieces)));
    check_text(buf_view(&whole));
    smtp_data_write(&sent, buf_view(&whole));
    rest = buf_view(&sent);
    smtp_data_read(&three, &rest, &back);
    must(three.ended && !rest.n && !three.faults);
    must(str_starts(buf_view(&back), buf_view(&whole)) && back.n - whole.n <= 2);
}

static void check_path(struct str in, unsigned flags)
{
    SCOPED_ARENA(a, 16 << 20);
    SCOPED_BUF(b, 1 << 20);
    SCOPED_BUF(x, 1 << 20);
    struct smtp_path p, again;
    struct smtp_param param;
    const char *why;
    struct str rest = in;
    enum status st = smtp_path_parse(&a, &rest, flags, &p, &why);
    must(st == OK ? why == NULL : st == INVALID && why != NULL);
    if (st != OK)
        return;
    buf_addc(&b, '<');
    smtp_path_write(&b, &p);
    buf_addc(&b, '>');
    struct str text = buf_view(&b);
    must(smtp_path_parse(&a, &text, flags, &again, &why) == OK && !text.n);
    must(str_eq(p.local, again.local) && str_eq(p.domain, again.domain));
    while (smtp_param_next(&rest, &param) == OK)
        must(param.key.n > 0 && (!param.value.p || param.value.n > 0));
    xtext_encode(&x, in);
    buf_clear(&b);
    must(xtext_decode(&b, buf_view(&x)) && str_eq(buf_view(&b), in));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    const struct str in = str_n(data + 1, size - 1);
    check_data(in, 1 + (size_t)(data[0] & 31));
    check_path(in, data[0] & 7);
    return 0;
}

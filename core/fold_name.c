/* core/fold_name.c: names and passwords in one spelling, by utf8proc. */
#include "core/fold_name.h"

#include <utf8proc.h>

static bool is_ascii(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    return true;
}

static void add_lower(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        buf_addc(out, ascii_lower(s.p[i]));
}

/* False when utf8proc refuses (not UTF-8, out of memory). */
static bool add_mapped(struct buf *out, struct str s, utf8proc_option_t options)
{
    utf8proc_uint8_t *mapped = NULL;
    utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)s.p, (utf8proc_ssize_t)s.n, &mapped,
                                      options | UTF8PROC_STABLE);
    if (n < 0)
        return false;
    buf_add(out, str_n(mapped, (size_t)n));
    free(mapped);
    return true;
}

bool fold_name(struct buf *out, struct str s)
{
    if (is_ascii(s)) {
        add_lower(out, s);
        return true;
    }
    return add_mapped(out, s, UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
}

bool compose_name(struct buf *out, struct str s)
{
    if (!is_ascii(s))
        return add_mapped(out, s, UTF8PROC_COMPOSE);
    buf_add(out, s);
    return true;
}

void fold_password(struct buf *out, struct str s)
{
    if (is_ascii(s) || !add_mapped(out, s, UTF8PROC_COMPOSE | UTF8PROC_COMPAT))
        buf_add(out, s);
}

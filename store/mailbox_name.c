/* store/mailbox_name.c: names of mailboxes and keywords: what may be one, and how it is stored. */
#include "core/fold_name.h"
#include "store/mailbox.h"

/* C0, DEL, C1, and the line and paragraph separators (RFC 9051 section 5.1: Net-Unicode). */
static bool has_control(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i], next = i + 1 < s.n ? (unsigned char)s.p[i + 1] : 0;
        if (c < 0x20 || c == 0x7f || (c == 0xc2 && next < 0xa0))
            return true;
        if (c == 0xe2 && next == 0x80 && i + 2 < s.n && ((unsigned char)s.p[i + 2] & 0xfe) == 0xa8)
            return true;
    }
    return false;
}

static enum status judge(const struct store_config *config, struct str path)
{
    struct str rest = path, segment;
    size_t depth = 0;
    while (str_split(&rest, '/', &segment))
        if (segment.n == 0 || ++depth > config->mailbox_depth)
            return INVALID;
    return path.n > config->mailbox_name ? TOO_LARGE : OK;
}

enum status mailbox_name(const struct store_config *config, struct str name, struct buf *out)
{
    const struct str inbox = STR("INBOX");
    size_t start = out->n;
    if (str_ends(name, STR("/")))
        name.n--;
    if (!name.n || name.n > 4 * config->mailbox_name)
        return name.n ? TOO_LARGE : INVALID;
    if (!str_utf8(name) || has_control(name) || !compose_name(out, name))
        return INVALID;
    if (out->st != OK)
        return out->st;
    struct str path = str_from(buf_view(out), start);
    if (str_casestarts(path, inbox) && (path.n == inbox.n || path.p[inbox.n] == '/'))
        memcpy(out->p + start, inbox.p, inbox.n);
    enum status st = judge(config, path);
    if (st != OK)
        buf_cut(out, start);
    return st;
}

bool keyword_valid(struct str name)
{
    if (!name.n || name.n > KEYWORD_SIZE)
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] <= ' ' || name.p[i] == 0x7f || (name.p[i] & 0x80) || strchr("(){%*\"\\]", name.p[i]))
            return false;
    return true;
}

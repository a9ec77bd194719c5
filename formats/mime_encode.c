/* formats/mime_encode.c: see mime_encode.h. */
#include "formats/mime_encode.h"

enum { LINE = 76, ENCODED = 3, GROUP = LINE / 4 * 3 };

/* The line end at i: how many bytes, 0: none. */
static size_t line_end(struct str s, size_t i)
{
    if (i < s.n && s.p[i] == '\n')
        return 1;
    return i + 1 < s.n && s.p[i] == '\r' && s.p[i + 1] == '\n' ? 2 : 0;
}

void mime_quoted_encode(struct buf *out, struct str text)
{
    size_t column = 0;
    for (size_t i = 0; i < text.n;) {
        size_t end = line_end(text, i);
        if (end) {
            buf_addz(out, "\r\n");
            column = 0;
            i += end;
            continue;
        }
        unsigned char c = (unsigned char)text.p[i++];
        bool last = i == text.n || line_end(text, i);
        bool plain = (c > ' ' && c < 0x7f && c != '=') || ((c == ' ' || c == '\t') && !last);
        size_t width = plain ? 1 : ENCODED;
        if (column + width > LINE - (last ? 0 : 1)) { /* room for the "=" of a soft line break */
            buf_addz(out, "=\r\n");
            column = 0;
        }
        if (plain)
            buf_addc(out, (char)c);
        else
            buf_addf(out, "=%02X", c);
        column += width;
    }
}

void mime_base64_encode(struct buf *out, struct str bytes)
{
    while (bytes.n) {
        struct str line = str_slice(bytes, 0, GROUP);
        buf_base64(out, line);
        buf_addz(out, "\r\n");
        bytes = str_from(bytes, line.n);
    }
}

/* clients/setup_qr.c: a QR code as SVG: the only file that knows libqrencode. */
#include "clients/setup_int.h"

#include <errno.h>
#include <qrencode.h>

enum { QUIET = 4 }; /* modules of margin that the standard asks for */

/* The dark modules of a row, each run as one rectangle of the path. */
static void write_row(struct buf *out, const QRcode *code, int y)
{
    const unsigned char *row = code->data + (size_t)y * (size_t)code->width;
    for (int x = 0; x < code->width;) {
        int from = x;
        while (x < code->width && (row[x] & 1))
            x++;
        if (x > from)
            buf_addf(out, "M%d %dh%dv1h-%dz", from + QUIET, y + QUIET, x - from, x - from);
        else
            x++;
    }
}

enum status setup_qr(struct buf *out, struct str text, struct str label)
{
    if (text.n == 0 || text.n > INT32_MAX)
        return INVALID;
    QRcode *code = QRcode_encodeData((int)text.n, (const unsigned char *)text.p, 0, QR_ECLEVEL_M);
    if (!code)
        return errno == ENOMEM ? E_MEMORY : INVALID;
    int size = code->width + 2 * QUIET;
    buf_addf(out,
             "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\" "
             "role=\"img\" ",
             size, size);
    buf_addz(out, "aria-label=\"");
    html_escape(out, label);
    buf_addz(out, "\"><path fill=\"#000\" d=\"");
    for (int y = 0; y < code->width; y++)
        write_row(out, code, y);
    buf_addz(out, "\"/></svg>");
    QRcode_free(code);
    return out->st;
}

/* Fuzzes the handling of URLs and header values. Properties: what was decoded encodes and decodes to the same
 * bytes; no decoded name holds NUL or broken UTF-8; a date that is read is written and read as the same
 * second; no header value that is set holds a control character. */
#include "core/http.h"

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void paths(struct str in)
{
    SCOPED_ARENA(a, 1 << 20);
    SCOPED_BUF(b, 1 << 20);
    struct str once, twice;
    if (http_unescape(&a, in, true, &once) != OK)
        return;
    require(once.n <= in.n && !memchr(once.p, 0, once.n) && str_utf8(once));
    http_escape(&b, once, "/");
    require(http_unescape(&a, buf_view(&b), true, &twice) == OK && str_eq(once, twice));
}

static void dates(struct str in)
{
    SCOPED_BUF(b, 100);
    int64_t first, second;
    if (!http_parse_date(in, &first))
        return;
    http_date(&b, first);
    require(http_parse_date(buf_view(&b), &second) && first == second);
}

static void headers(struct str in)
{
    struct http_txn t = {.arena = ARENA_INIT(1 << 20)};
    http_set(&t, STR("X-Name"), in);
    require(t.resp.header_count == 1);
    struct str value = t.resp.headers[0].value;
    for (size_t i = 0; i < value.n; i++)
        require((unsigned char)value.p[i] >= 0x20 || value.p[i] == '\t');
    arena_free(&t.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_n(data, size);
    paths(in);
    dates(in);
    headers(in);
    return 0;
}

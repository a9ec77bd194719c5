/* Fuzz target: the configuration. Asserted: OK has no mistakes and every required key and default in its
 * range; INVALID has a line for each mistake, and each names the file. */
#include "core/conf.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_values(const struct conf *c)
{
    assert(conf_has(c, CONF_SERVER_HOSTNAME) && conf_has(c, CONF_SERVER_DATA));
    for (size_t i = 0; i < CONF_KEY_COUNT; i++) {
        const struct conf_row *r = &conf_rows[i];
        int64_t value = conf_int(c, (enum conf_key)i);
        bool number = r->type == CONF_INT || r->type == CONF_SIZE || r->type == CONF_TIME;
        if (r->fallback)
            assert(conf_has(c, (enum conf_key)i));
        if (number && conf_has(c, (enum conf_key)i))
            assert(value >= r->min && value <= r->max);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct conf *c = NULL;
    SCOPED_BUF(mistakes, 1 << 20);
    enum status st = conf_parse(str_n(data, size), "fuzz", &c, &mistakes);
    if (st == OK) {
        assert(c && mistakes.n == 0);
        check_values(c);
        conf_unref(c);
    } else if (st == INVALID && mistakes.st == OK) {
        struct str line, rest = buf_view(&mistakes);
        assert(!c && rest.n && rest.p[rest.n - 1] == '\n');
        while (str_split(&rest, '\n', &line) && rest.p)
            assert(str_starts(line, STR("fuzz:")));
    }
    return 0;
}

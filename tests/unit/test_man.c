/* The manual of the configuration names each key with its default. */
#include "tests/unit/test.h"

#include "core/conf.h"

#include <stdio.h>

/* The page as its reader sees the words: "\-" is "-", and font changes are nothing. */
static void read_page(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "r"); /* the tests run at the top of the tree */
    assert_non_null(f);
    for (int c; (c = getc(f)) != EOF;) {
        if (c != '\\') {
            buf_addc(out, (char)c);
            continue;
        }
        c = getc(f);
        if (c == 'f')
            (void)getc(f);
        else if (c == '-')
            buf_addc(out, '-');
    }
    fclose(f);
    assert_ok(out->st);
}

static void every_key_is_in_the_manual(void **state)
{
    (void)state;
    SCOPED_BUF(page, 1 << 20);
    read_page("doc/man/scambio.conf.5", &page);
    const char *at = buf_c(&page);
    for (size_t i = 0; i < CONF_KEY_COUNT; i++) { /* rows are grouped by section, as the page is */
        const struct conf_row *r = &conf_rows[i];
        SCOPED_BUF(want, 256);
        if (i == 0 || strcmp(r->section, conf_rows[i - 1].section) != 0) {
            buf_addf(&want, ".SH \"[%s]\"\n", r->section);
            at = strstr(buf_c(&page), buf_c(&want));
            if (!at)
                fail_msg("scambio.conf.5 lacks %s", buf_c(&want));
            buf_clear(&want);
        }
        buf_addf(&want, "\n.B %s\n(", r->key);
        const char *key = strstr(at, buf_c(&want));
        const char *end = strstr(at + 1, "\n.SH ");
        if (!key || (end && key > end))
            fail_msg("scambio.conf.5 lacks %s in [%s]", r->key, r->section);
        buf_clear(&want);
        if (r->fallback)
            buf_addf(&want, "default %s)", r->fallback);
        const char *line_end = strchr(key + strlen(r->key) + 6, '\n');
        const char *found = r->fallback ? strstr(key, buf_c(&want)) : key;
        if (!found || !line_end || found > line_end)
            fail_msg("scambio.conf.5: the default of [%s] %s is not %s", r->section, r->key, r->fallback);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_is_in_the_manual),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

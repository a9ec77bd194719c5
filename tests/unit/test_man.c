/* The manuals against the tables: each key of the configuration with its type, range and default; each command with its arguments, as
 * `scambio help` says them. */
#include "server/commands.h" /* first: cmocka makes a macro of fail */

#include "core/conf_value.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>

/* The page as its reader sees the words: "\\-" is "-", "\\(aq" an apostrophe, and font changes are nothing. */
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
        if (c == 'f') {
            (void)getc(f);
        } else if (c == '(') {
            (void)getc(f);
            (void)getc(f);
            buf_addc(out, '\'');
        } else if (c == '-') {
            buf_addc(out, '-');
        }
    }
    fclose(f);
    assert_ok(out->st);
}

/* ---- scambio.conf.5 ---- */

static const char *const type_words[] = {
    [CONF_STRING] = "text",
    [CONF_LIST] = "list",
    [CONF_BOOL] = "yes or no",
    [CONF_INT] = "number",
    [CONF_SIZE] = "size",
    [CONF_TIME] = "time",
    [CONF_NETWORKS] = "list of networks",
    [CONF_LISTEN] = "list of addresses",
    [CONF_SERVERS] = "list of servers",
    [CONF_PATH] = "absolute path",
};

/* "(size, 4K to 1M; default 16K)": what the manual says behind a key. */
static void describe(const struct conf_row *r, struct buf *out)
{
    buf_addc(out, '(');
    for (size_t i = 0; r->words && r->words[i]; i++)
        buf_addf(out, "%s%s", i ? " or " : "", r->words[i]);
    if (!r->words)
        buf_addz(out, type_words[r->type]);
    SCOPED_BUF(range, 100);
    if (conf_range(r, &range))
        buf_addf(out, ", %s", buf_c(&range));
    if (r->fallback)
        buf_addf(out, "; default %s)", r->fallback);
    else
        buf_addz(out, strstr(r->help, "required") ? "; required)" : "; no default)");
}

static void every_key_is_in_the_manual(void **state)
{
    (void)state;
    SCOPED_BUF(page, 1 << 20);
    read_page("doc/man/scambio.conf.5", &page);
    const char *at = buf_c(&page);
    size_t keys = 0;
    for (size_t i = 0; i < CONF_KEY_COUNT; i++) { /* rows are grouped by section, as the page is */
        const struct conf_row *r = &conf_rows[i];
        SCOPED_BUF(want, 1024);
        if (i == 0 || strcmp(r->section, conf_rows[i - 1].section) != 0) {
            buf_addf(&want, ".SH \"[%s]\"\n", r->section);
            at = strstr(buf_c(&page), buf_c(&want));
            if (!at)
                fail_msg("scambio.conf.5 lacks %s", buf_c(&want));
            buf_clear(&want);
        }
        buf_addf(&want, "\n.TP\n.B %s\n", r->key);
        describe(r, &want);
        buf_addc(&want, '\n');
        const char *key = strstr(at, buf_c(&want));
        const char *end = strstr(at + 1, "\n.SH ");
        if (!key || (end && key > end))
            fail_msg("scambio.conf.5 lacks in [%s]:%s", r->section, buf_c(&want));
    }
    for (const char *p = strstr(buf_c(&page), "\n.SH \"[server]\""); (p = strstr(p, "\n.TP\n.B ")); p++)
        keys++;
    assert_int_equal(keys, CONF_KEY_COUNT); /* and no others */
}

/* ---- scambio.1 ---- */

static void help_text(struct buf *out)
{
    int fd = memfd_create("help", MFD_CLOEXEC), words;
    char *argv[] = {(char[]){"help"}, NULL};
    struct command_call call = {.in = -1, .out = fd, .err = fd, .out_file = -1};
    assert_non_null(command_find(1, argv, &words));
    assert_int_equal(command_run(&call, 1, argv), 0);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    ssize_t n;
    char *room;
    while ((room = buf_reserve(out, 4096)) && (n = read(fd, room, 4096)) > 0)
        buf_commit(out, (size_t)n);
    close(fd);
    assert_ok(out->st);
}

/* The text without what only shows fonts, breaks lines, or differs in typesetting. */
static void plain(struct str in, struct buf *out)
{
    static const char *const macros[] = {".B ", ".BR ", ".RB ", ".I ", ".IR ", ".RI ", NULL};
    struct str line;
    while (str_split(&in, '\n', &line)) {
        for (size_t i = 0; macros[i]; i++)
            if (str_starts(line, str_c(macros[i])))
                line = str_from(line, strlen(macros[i]));
        for (size_t i = 0; i < line.n; i++)
            if (str_starts(str_from(line, i), STR("\xe2\x80\xa6"))) {
                buf_addz(out, "...");
                i += 2;
            } else {
                buf_addc(out, line.p[i]);
            }
        buf_addc(out, '\n');
    }
    assert_ok(out->st);
}

/* Each command of the help stands in the manual as it is written there, at the head of a paragraph. */
static void every_command_is_in_the_manual(void **state)
{
    (void)state;
    SCOPED_BUF(raw, 1 << 20);
    SCOPED_BUF(page, 1 << 20);
    SCOPED_BUF(text, 1 << 20);
    SCOPED_BUF(help, 1 << 20);
    size_t commands = 0, paragraphs = 0;
    read_page("doc/man/scambio.1", &raw);
    plain(buf_view(&raw), &page);
    help_text(&text);
    plain(buf_view(&text), &help);
    struct str rest = buf_view(&help), line;
    while (str_split(&rest, '\n', &line)) {
        if (!str_starts(line, STR("  ")) || str_starts(line, STR("   ")))
            continue;
        SCOPED_BUF(want, 1024);
        buf_addf(&want, "\n.TP\n%.*s\n", STR_ARG(str_from(line, 2)));
        if (!strstr(buf_c(&page), buf_c(&want)))
            fail_msg("scambio.1 lacks the command:%s", buf_c(&want));
        commands++;
    }
    const char *from = strstr(buf_c(&page), "\n.SH COMMANDS"),
               *end = strstr(buf_c(&page), "\n.SH EXIT STATUS");
    assert_true(from && end);
    for (const char *p = from; (p = strstr(p, "\n.TP\n")) && p < end; p++)
        paragraphs++;
    assert_int_equal(paragraphs, commands); /* and no others */
    assert_true(commands > 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_is_in_the_manual),
        cmocka_unit_test(every_command_is_in_the_manual),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tests of the configuration: values, every kind of mistake with its place, and the sample against the table.
 */
#include "tests/unit/test.h"

#include "core/conf.h"

#include <fcntl.h>
#include <stdio.h>

#define BARE "[server]\nhostname = h.example.test\ndata = /d\n[listen]\nhttp = 127.0.0.1:8080\n"

static struct conf *parse_good(const char *text)
{
    struct conf *c = NULL;
    SCOPED_BUF(mistakes, 65536);
    enum status st = conf_parse(str_c(text), "t.conf", &c, &mistakes);
    if (st != OK)
        print_error("%s", buf_c(&mistakes));
    assert_ok(st);
    assert_int_equal(mistakes.n, 0);
    return c;
}

static void bare_file_is_complete(void **state)
{
    (void)state;
    struct conf *c = parse_good(BARE);
    size_t count;
    for (size_t i = 0; i < CONF_KEY_COUNT; i++)
        if (conf_rows[i].fallback)
            assert_true(conf_has(c, (enum conf_key)i));
    assert_str(conf_str(c, CONF_SERVER_HOSTNAME), "h.example.test");
    assert_false(conf_has(c, CONF_TLS_KEY));
    assert_int_equal(conf_int(c, CONF_STORE_KEEP_DELETED), 14 * 86400);
    assert_int_equal(conf_int(c, CONF_STORE_TOMBSTONE_DAYS), 90);
    assert_int_equal(conf_int(c, CONF_STORE_SHARDS), 1);
    assert_int_equal(conf_int(c, CONF_LIMITS_HTTP_HEADER), 16 * 1024);
    assert_int_equal(conf_int(c, CONF_LIMITS_RESOURCE_SIZE), 10 << 20);
    assert_int_equal(conf_int(c, CONF_AUTH_PLAINTEXT_WITHOUT_TLS), 1);
    const struct str *dirs = conf_list(c, CONF_AUTH_DIRECTORIES, &count);
    assert_int_equal(count, 1);
    assert_str(dirs[0], "local");
    conf_list(c, CONF_LISTEN_HTTPS, &count);
    assert_int_equal(count, 0);
    struct conf *again = conf_ref(c);
    conf_unref(c);
    assert_int_equal(conf_int(again, CONF_LOG_LEVEL), 2);
    conf_unref(again);
}

static void values_have_their_types(void **state)
{
    (void)state;
    struct conf *c = parse_good(
        "\xef\xbb\xbf; a comment\r\n[server] ; here too\r\nhostname: a.b ; inline\r\n\tdata = /d;x\r\n"
        "# another\n[listen]\nhttp = 127.0.0.1:80, [::1]:80 ,unix:/run/s\n"
        "[http]\ntrusted_proxies = 10.0.0.0/8, ::1\n[limits]\nresource_size = 3m\n"
        "[auth]\nfailure_window = 2h\ncache_time=30\n[store]\ndefault_quota = 1T\n");
    size_t count;
    assert_str(conf_str(c, CONF_SERVER_HOSTNAME), "a.b");
    assert_str(conf_str(c, CONF_SERVER_DATA), "/d;x");
    const struct str *listen = conf_list(c, CONF_LISTEN_HTTP, &count);
    assert_int_equal(count, 3);
    assert_str(listen[1], "[::1]:80");
    assert_str(listen[2], "unix:/run/s");
    conf_list(c, CONF_HTTP_TRUSTED_PROXIES, &count);
    assert_int_equal(count, 2);
    assert_int_equal(conf_int(c, CONF_LIMITS_RESOURCE_SIZE), 3 << 20);
    assert_int_equal(conf_int(c, CONF_AUTH_FAILURE_WINDOW), 7200);
    assert_int_equal(conf_int(c, CONF_AUTH_CACHE_TIME), 30);
    assert_true(conf_int(c, CONF_STORE_DEFAULT_QUOTA) == 1LL << 40);
    conf_unref(c);
}

/* Each text is one mistake; the message holds both words: the place and the cause. */
static void mistakes_are_named_with_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *place, *cause;
    } cases[] = {
        {BARE "[nonsense]\nx = 1\ny = 2\n", "t.conf:6: ", "unknown section [nonsense]"},
        {BARE "[log]\nlevle = info\n", "t.conf:7: ", "did you mean 'level'?"},
        {BARE "[log]\nresource_size = 1\n", "t.conf:7: ", "it belongs to [limits]"},
        {BARE "[log]\nzzzzzzzzzz = 1\n", "t.conf:7: ", "unknown key 'zzzzzzzzzz' in [log]"},
        {BARE "[log]\nlevel = loud\n", "t.conf:7: ", "error or warning or info or debug"},
        {BARE "[log]\nlevel = Info\n", "t.conf:7: ", "not one of its words"},
        {BARE "[log]\nlevel =\n", "t.conf:7: ", "not one of its words"},
        {BARE "[store]\nshards = many\n", "t.conf:7: ", "not a whole number"},
        {BARE "[store]\nshards = 1K\n", "t.conf:7: ", "not a whole number"},
        {BARE "[store]\nshards = 32\n", "t.conf:7: ", "from 1 to 31"},
        {BARE "[store]\nshards = 0\n", "t.conf:7: ", "from 1 to 31"},
        {BARE "[store]\nshards = -1\n", "t.conf:7: ", "from 1 to 31"},
        {BARE "[store]\nshards = 99999999999999999999\n", "t.conf:7: ", "not a whole number"},
        {BARE "[store]\ndefault_quota = 9223372036854775807T\n", "t.conf:7: ", "out of range"},
        {BARE "[store]\ndefault_quota = 10X\n", "t.conf:7: ", "not a size"},
        {BARE "[store]\nkeep_deleted = soon\n", "t.conf:7: ", "not a time"},
        {BARE "[store]\nkeep_deleted = d\n", "t.conf:7: ", "not a time"},
        {BARE "[store]\nshards = 1\n\nshards = 2\n", "t.conf:9: ", "line 7 set it"},
        {BARE "[listen]\nhttps = localhost:1\n", "t.conf:7: ", "'localhost:1' is not a place to listen"},
        {BARE "[listen]\nhttps = 127.0.0.1\n", "t.conf:7: ", "not a place"},
        {BARE "[listen]\nhttps = 127.0.0.1:65536\n", "t.conf:7: ", "not a place"},
        {BARE "[listen]\nhttps = ::1:80\n", "t.conf:7: ", "not a place"},
        {BARE "[listen]\nhttps = [::1]\n", "t.conf:7: ", "not a place"},
        {BARE "[listen]\nhttps = unix:run/x\n", "t.conf:7: ", "not a place"},
        {BARE "[listen]\nhttps = 127.0.0.1:80,,127.0.0.1:81\n", "t.conf:7: ", "empty part"},
        {BARE "[server]\nresolver = ns.example.test\n", "t.conf:7: ", "not a server"},
        {BARE "[server]\nresolver = 127.0.0.1:x\n", "t.conf:7: ", "not a server"},
        {BARE "[server]\nresolver = ::1, unix:/run/x\n", "t.conf:7: ", "not a server"},
        {BARE "[server]\nresolver = 1.1.1.1, 1.1.1.2, 1.1.1.3, 1.1.1.4\n", "t.conf:7: ", "more than 3 parts"},
        {BARE "[http]\ntrusted_proxies = 10.0.0.0/33\n", "t.conf:7: ", "not a network"},
        {BARE "[http]\ntrusted_proxies = ten\n", "t.conf:7: ", "not a network"},
        {BARE "[tls]\ncertificate = cert.pem\nkey = /k\n", "t.conf:7: ", "not an absolute path"},
        {BARE "[tls]\ncertificate = /c\n", "t.conf:7: ", "needs key too"},
        {BARE "[tls]\nkey = /c\n", "t.conf:7: ", "needs certificate too"},
        {BARE "[limits]\nresource_size = 20M\n", "t.conf:7: ", "raise http_body too"},
        {BARE "[limits]\nhttp_body = 9M\n", "t.conf:7: ", "raise http_body too"},
        {BARE "[auth]\ndirectories = local, ad\n", "t.conf:7: ", "add a section [directory ad]"},
        {BARE "[auth]\ndirectories = local, local\n", "t.conf:7: ", "twice"},
        {BARE "[directory]\n", "t.conf:6: ", "unknown section [directory]"},
        {BARE "[directory a]\nx = 1\n[directory a]\n", "t.conf:8: ", "a second section"},
        {BARE "[directory a]\nx = 1\nx = 2\n", "t.conf:8: ", "line 7 set it"},
        {BARE "[domains]\nb.test = a.test\n", "t.conf:7: ", "alias of DOMAIN"},
        {BARE "[domains]\nb.test =\n", "t.conf:7: ", "empty value"},
        {BARE "[log\n", "t.conf:6: ", "not a section"},
        {BARE "[log] level = info\n", "t.conf:6: ", "not a section"},
        {BARE "[log]\nlevel info\n", "t.conf:7: ", "neither [section] nor key = value"},
        {BARE "just text", "t.conf:6: ", "neither [section] nor key = value"},
        {"x = 1\n" BARE, "t.conf:1: ", "before the first section"},
        {BARE "[log]\nlevel = \x01\n", "t.conf:7: ", "control characters"},
        {BARE "[log]\nlevel = \xff\n", "t.conf:7: ", "not UTF-8"},
        {"[server]\nhostname = h\n", "t.conf: ", "[server] data is missing"},
        {"[server]\ndata = /d\n", "t.conf: ", "[server] hostname is missing"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct conf *c = NULL;
        SCOPED_BUF(mistakes, 65536);
        assert_status(conf_parse(str_c(cases[i].text), "t.conf", &c, &mistakes), INVALID);
        assert_null(c);
        struct str line, rest = buf_view(&mistakes);
        assert_true(str_split(&rest, '\n', &line));
        if (!str_starts(line, str_c(cases[i].place)) ||
            str_find(line, str_c(cases[i].cause), 0) == SIZE_MAX || rest.n) {
            print_error("case %zu: \"%s\"\n", i, buf_c(&mistakes));
            fail();
        }
    }
}

static void all_mistakes_are_reported(void **state)
{
    (void)state;
    struct conf *c = NULL;
    SCOPED_BUF(mistakes, 65536);
    assert_status(conf_parse(STR("[bad]\n[log]\nlevel = x\nformat = y\njunk\n"), "f", &c, &mistakes),
                  INVALID);
    assert_non_null(strstr(buf_c(&mistakes), "f:1: "));
    assert_non_null(strstr(buf_c(&mistakes), "f:3: "));
    assert_non_null(strstr(buf_c(&mistakes), "f:4: "));
    assert_non_null(strstr(buf_c(&mistakes), "f:5: "));
    assert_non_null(strstr(buf_c(&mistakes), "hostname is missing"));
    assert_non_null(strstr(buf_c(&mistakes), "data is missing"));
}

static void long_lines_are_whole_or_refused(void **state)
{
    (void)state;
    struct conf *c = NULL;
    SCOPED_BUF(mistakes, 65536);
    SCOPED_BUF(text, 65536);
    buf_addz(&text, BARE "[directory ad]\nfilter = ");
    for (int i = 0; i < 4000; i++)
        buf_addc(&text, 'x');
    c = parse_good(buf_c(&text));
    conf_unref(c);
    for (int i = 0; i < 200; i++)
        buf_addc(&text, 'x');
    assert_status(conf_parse(buf_view(&text), "f", &c, &mistakes), INVALID);
    assert_non_null(strstr(buf_c(&mistakes), "f:7: a line of more than"));
}

static void count_entry(void *ctx, struct str name, struct str key, struct str value)
{
    buf_addf(ctx, "%.*s/%.*s/%.*s;", STR_ARG(name), STR_ARG(key), STR_ARG(value));
}

static void data_sections_are_kept(void **state)
{
    (void)state;
    struct conf *c =
        parse_good(BARE "[domains]\nb.test = alias of a.test\n[directory ad]\ntype = ldap\nBase = DC=a,DC=b\n"
                        "[directory empty]\n[auth]\ndirectories = local, ad, empty\n");
    SCOPED_BUF(seen, 1000);
    conf_each(c, "domains", count_entry, &seen);
    assert_str(buf_view(&seen), "/b.test/alias of a.test;");
    buf_clear(&seen);
    conf_each(c, "directory", count_entry, &seen);
    assert_str(buf_view(&seen), "ad/type/ldap;ad/Base/DC=a,DC=b;");
    assert_true(conf_has_section(c, "directory", STR("empty")));
    assert_false(conf_has_section(c, "directory", STR("other")));
    conf_unref(c);
}

static void file_is_read(void **state)
{
    (void)state;
    char path[] = "/tmp/scambio-conf-XXXXXX";
    int fd = mkstemp(path);
    struct conf *c = NULL;
    SCOPED_BUF(mistakes, 1000);
    assert_true(write(fd, BARE, sizeof BARE - 1) == sizeof BARE - 1);
    assert_ok(conf_load(path, &c, &mistakes));
    conf_unref(c);
    assert_int_equal(ftruncate(fd, CONF_FILE + 1), 0);
    assert_status(conf_load(path, &c, &mistakes), INVALID);
    close(fd);
    unlink(path);
    assert_status(conf_load(path, &c, &mistakes), NOT_FOUND);
    assert_status(conf_load("/", &c, &mistakes), E_IO);
}

/* ---- the sample ---- */

static void read_sample(struct buf *out)
{
    FILE *f = fopen("etc/scambio.conf", "r"); /* the tests run at the top of the tree */
    assert_non_null(f);
    char piece[4096];
    size_t n;
    while ((n = fread(piece, 1, sizeof piece, f)) > 0)
        buf_add(out, str_n(piece, n));
    fclose(f);
    assert_ok(out->st);
}

/* "key = value" or "; key = value" with a lower-case key: a setting; comments in prose are none. */
static bool sample_setting(struct str line, struct str *key, struct str *value)
{
    if (str_starts(line, STR("; ")))
        line = str_from(line, 2);
    size_t eq = str_find(line, STR(" = "), 0);
    if (eq == SIZE_MAX)
        return false;
    *key = str_slice(line, 0, eq);
    *value = str_trim(str_from(line, eq + 3));
    for (size_t i = 0; i < key->n; i++)
        if (!ascii_alpha(key->p[i]) && !ascii_digit(key->p[i]) && key->p[i] != '_')
            return false;
    return true;
}

static int row_of(struct str section, struct str key)
{
    for (int i = 0; i < CONF_KEY_COUNT; i++)
        if (str_eq(section, str_c(conf_rows[i].section)) && str_eq(key, str_c(conf_rows[i].key)))
            return i;
    return -1;
}

static void sample_and_table_agree(void **state)
{
    (void)state;
    SCOPED_BUF(sample, 1 << 20);
    SCOPED_BUF(open, 1 << 20); /* the sample with every setting in force */
    int seen[CONF_KEY_COUNT] = {0};
    struct str section = STR(""), line, key, value;
    read_sample(&sample);
    struct str rest = buf_view(&sample);
    while (str_split(&rest, '\n', &line)) {
        if (str_starts(line, STR("[")))
            section = str_slice(line, 1, str_chr(line, ']', 0) - 1);
        if (str_eq(section, STR("domains")) || !sample_setting(line, &key, &value)) {
            buf_add(&open, line);
        } else {
            int row = row_of(section, key);
            if (row < 0)
                print_error("etc/scambio.conf: %.*s\n", STR_ARG(line));
            assert_true(row >= 0);
            seen[row]++;
            if (conf_rows[row].fallback)
                assert_str(value, conf_rows[row].fallback);
            buf_addf(&open, "%.*s = %.*s", STR_ARG(key), STR_ARG(value));
        }
        buf_addc(&open, '\n');
    }
    for (int i = 0; i < CONF_KEY_COUNT; i++) {
        if (seen[i] != 1)
            print_error("etc/scambio.conf has [%s] %s %d times\n", conf_rows[i].section, conf_rows[i].key,
                        seen[i]);
        assert_int_equal(seen[i], 1);
    }
    conf_unref(parse_good(buf_c(&sample)));
    conf_unref(parse_good(buf_c(&open)));
}

static void rows_are_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONF_KEY_COUNT; i++) {
        const struct conf_row *r = &conf_rows[i];
        assert_non_null(r->section);
        assert_non_null(r->help);
        assert_true((r->type == CONF_CHOICE) == (r->words != NULL));
        assert_true(r->min <= r->max);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bare_file_is_complete),
        cmocka_unit_test(values_have_their_types),
        cmocka_unit_test(mistakes_are_named_with_their_place),
        cmocka_unit_test(all_mistakes_are_reported),
        cmocka_unit_test(long_lines_are_whole_or_refused),
        cmocka_unit_test(data_sections_are_kept),
        cmocka_unit_test(file_is_read),
        cmocka_unit_test(sample_and_table_agree),
        cmocka_unit_test(rows_are_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

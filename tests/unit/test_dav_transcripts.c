/* Plays the sessions in tests/transcripts/ against the DAV engine, without HTTP: each file in a world of its own.
 *
 *     AS alice@example.test           who asks from here on
 *     C: PROPFIND /dav/               request line, headers, an empty line, the body (lines end with CRLF)
 *     S: 207                          the status; then headers that must be there; after an empty line the whole body
 *     # …                             a remark
 *
 * In what S: says, {*} stands for anything and {name=} for anything that C: and S: may say later as {name}. Line ends of a body and
 * blanks around the lines of the file do not count. With TRANSCRIPT_RECORD set, what was answered is printed as S: lines. */
#include "tests/unit/dav_world.h"

#include <dirent.h>

static const char folder[] = "tests/transcripts";

struct variable {
    struct str name, value;
};

struct play {
    struct world world;
    struct arena arena;
    struct variable vars[64];
    size_t var_count;
    const char *file;
    size_t line;
    char user[128];
};

/* ---- variables and patterns ---- */

static struct variable *variable(struct play *p, struct str name)
{
    for (size_t i = 0; i < p->var_count; i++)
        if (str_eq(p->vars[i].name, name))
            return &p->vars[i];
    return NULL;
}

static void set_variable(struct play *p, struct str name, struct str value)
{
    struct variable *v = variable(p, name);
    if (!v) {
        assert_true(p->var_count < COUNT_OF(p->vars));
        v = &p->vars[p->var_count++];
        v->name = arena_str(&p->arena, name);
    }
    v->value = arena_str(&p->arena, value);
}

/* Replaces each {name} that is known. */
static struct str expand(struct play *p, struct str text)
{
    SCOPED_BUF(out, 1 << 20);
    while (text.n) {
        size_t open = str_chr(text, '{', 0), close = open == SIZE_MAX ? SIZE_MAX : str_chr(text, '}', open);
        struct variable *v =
            close == SIZE_MAX ? NULL : variable(p, str_slice(text, open + 1, close - open - 1));
        size_t upto = close == SIZE_MAX ? text.n : v ? open : close + 1;
        buf_add(&out, str_slice(text, 0, upto));
        if (v)
            buf_add(&out, v->value);
        text = str_from(text, v ? close + 1 : upto);
    }
    return arena_str(&p->arena, buf_view(&out));
}

/* A pattern of literals with wildcards between them, matched from left to right. */
static bool matches(struct play *p, struct str pattern, struct str text)
{
    size_t open = str_chr(pattern, '{', 0);
    struct str head = str_slice(pattern, 0, open);
    if (!str_starts(text, head))
        return false;
    if (open == SIZE_MAX)
        return text.n == head.n;
    text = str_from(text, head.n);
    size_t close = str_chr(pattern, '}', open);
    struct str name = str_slice(pattern, open + 1, close - open - 1), rest = str_from(pattern, close + 1);
    struct str next = str_slice(rest, 0, str_chr(rest, '{', 0));
    size_t at = !rest.n                                ? text.n
                : next.n == rest.n && text.n >= next.n ? text.n - next.n
                                                       : str_find(text, next, 0);
    if (at == SIZE_MAX)
        return false;
    if (str_ends(name, STR("=")))
        set_variable(p, str_slice(name, 0, name.n - 1), str_slice(text, 0, at));
    return matches(p, rest, str_from(text, at));
}

/* ---- a request and its answer ---- */

static void flatten(struct buf *out, struct str body)
{
    static const struct str cr = STR_INIT("&#13;");
    while (body.n) {
        if (str_starts(body, cr))
            body = str_from(body, cr.n);
        else if (body.p[0] == '\r' || body.p[0] == '\n')
            body = str_from(body, 1);
        else
            buf_addc(out, body.p[0]), body = str_from(body, 1);
    }
}

struct expectation {
    int status;
    struct str headers[16];
    size_t header_count;
    bool checks_body;
    struct buf body;
};

static bool header_holds(struct play *p, const struct exchange *x, struct str wanted)
{
    size_t colon = str_chr(wanted, ':', 0);
    struct str name = str_slice(wanted, 0, colon), value = str_trim(str_from(wanted, colon + 1));
    for (size_t i = 0; i < x->t.resp.header_count; i++)
        if (str_caseeq(x->t.resp.headers[i].name, name) &&
            matches(p, expand(p, value), x->t.resp.headers[i].value))
            return true;
    return false;
}

/* Prints what came; what the file captures is captured nevertheless. */
static void record(struct play *p, const struct exchange *x, struct expectation *e)
{
    SCOPED_BUF(flat, 4 << 20);
    flatten(&flat, answer_body(x));
    matches(p, expand(p, buf_view(&e->body)), buf_view(&flat));
    for (size_t i = 0; i < e->header_count; i++)
        header_holds(p, x, e->headers[i]);
    printf("S: %d\n", x->t.resp.status);
    for (size_t i = 0; i < x->t.resp.header_count; i++)
        printf("S: %.*s: %.*s\n", STR_ARG(x->t.resp.headers[i].name), STR_ARG(x->t.resp.headers[i].value));
    printf("S:\nS: ");
    for (size_t i = 0; i < flat.n; i++)
        printf("%s%c", i && flat.p[i] == '<' && flat.p[i - 1] == '>' ? "\nS: " : "", flat.p[i]);
    printf("\n");
}

static void expectation_line(struct play *p, struct expectation *e, struct str line)
{
    uint64_t status;
    line = str_trim(line);
    if (e->checks_body) {
        buf_add(&e->body, line);
    } else if (!e->status) {
        assert_true(str_u64(line, &status));
        e->status = (int)status;
    } else if (!line.n) {
        e->checks_body = true;
    } else {
        assert_true(e->header_count < COUNT_OF(e->headers));
        e->headers[e->header_count++] = arena_str(&p->arena, line);
    }
}

static void judge(struct play *p, const struct exchange *x, struct expectation *e)
{
    SCOPED_BUF(flat, 4 << 20);
    flatten(&flat, answer_body(x));
    struct str wanted = expand(p, buf_view(&e->body));
    bool good = x->t.resp.status == e->status;
    for (size_t i = 0; i < e->header_count; i++)
        if (!header_holds(p, x, e->headers[i])) {
            print_error("no header %.*s\n", STR_ARG(e->headers[i]));
            good = false;
        }
    if (good && (!e->checks_body || matches(p, wanted, buf_view(&flat))))
        return;
    print_error("%s/%s:%zu: %.*s %.*s\ngot    %d %.*s\nwanted %d %.*s\n", folder, p->file, p->line,
                STR_ARG(x->t.req.method), STR_ARG(x->t.req.path), x->t.resp.status, STR_ARG(buf_view(&flat)),
                e->status, STR_ARG(wanted));
    fail();
}

static void exchange_judged(struct play *p, struct buf *request, struct expectation *e)
{
    SCOPED_EXCHANGE(x) = ask(&p->world, p->user, expand(p, buf_view(request)));
    if (getenv("TRANSCRIPT_RECORD"))
        record(p, x, e);
    else
        judge(p, x, e);
    buf_clear(request);
    buf_free(&e->body);
    *e = (struct expectation){.body = BUF_INIT(1 << 20)};
}

/* ---- a file ---- */

static void request_line(struct buf *request, struct str line, bool *in_body)
{
    line = str_starts(line, STR(" ")) ? str_from(line, 1) : line;
    buf_add(request, line);
    buf_addz(request, *in_body ? "\r\n" : "\n");
    if (!line.n)
        *in_body = true;
}

static void play_text(struct play *p, struct str text)
{
    SCOPED_BUF(request, 1 << 20);
    struct expectation e = {.body = BUF_INIT(1 << 20)};
    struct str line;
    bool in_body = false;
    while (str_split(&text, '\n', &line)) {
        p->line++;
        bool client = str_starts(line, STR("C:"));
        if (request.n && e.status && !str_starts(line, STR("S:"))) {
            exchange_judged(p, &request, &e);
            in_body = false;
        }
        if (getenv("TRANSCRIPT_RECORD") && !str_starts(line, STR("S:")) && (text.p || line.n))
            printf("%.*s\n", STR_ARG(line));
        if (client)
            request_line(&request, str_from(line, 2), &in_body);
        else if (str_starts(line, STR("S:")))
            expectation_line(p, &e, str_from(line, 2));
        else if (str_starts(line, STR("AS ")))
            snprintf(p->user, sizeof p->user, "%.*s", STR_ARG(str_trim(str_from(line, 3))));
        else
            assert_true(!str_trim(line).n || line.p[0] == '#');
    }
    assert_true(!request.n || e.status);
    if (request.n)
        exchange_judged(p, &request, &e);
    buf_free(&e.body);
}

static void read_file(const char *name, struct buf *out)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    char *room;
    size_t n;
    while ((room = buf_reserve(out, 4096)) && (n = fread(room, 1, 4096, f)) > 0)
        buf_commit(out, n);
    fclose(f);
    assert_ok(out->st);
}

static void plays_a_session(void **state)
{
    struct play p = {.file = *state, .arena = ARENA_INIT(64 << 20)};
    SCOPED_BUF(text, 4 << 20);
    read_file(p.file, &text);
    world_start(&p.world, 1, NULL);
    play_text(&p, buf_view(&text));
    world_stop(&p.world);
    arena_free(&p.arena);
}

static int is_transcript(const struct dirent *d)
{
    const char *only = getenv("TRANSCRIPT");
    return str_ends(str_c(d->d_name), STR(".txt")) && (!only || strcmp(only, d->d_name) == 0);
}

/* Run from the top of the tree. */
int main(void)
{
    struct dirent **names;
    struct CMUnitTest tests[64];
    int n = scandir(folder, &names, is_transcript, alphasort);
    if (n <= 0 || n > (int)COUNT_OF(tests)) {
        fprintf(stderr, "%s: no transcripts (run from the top of the tree)\n", folder);
        return 1;
    }
    for (int i = 0; i < n; i++)
        tests[i] = (struct CMUnitTest){
            .name = names[i]->d_name, .test_func = plays_a_session, .initial_state = names[i]->d_name};
    int failed = _cmocka_run_group_tests("transcripts", tests, (size_t)n, NULL, NULL);
    for (int i = 0; i < n; i++)
        free(names[i]);
    free(names);
    return failed;
}

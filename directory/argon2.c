/* directory/argon2.c: argon2id, and its text form. libargon2 is used nowhere else.
 *
 * The 19 MiB of each hash are mapped and unmapped here: through malloc, glibc would raise its threshold for
 * mappings at the first free and keep the memory for good. */
#include "directory/credential.h"

#include "core/clock.h"

#include <argon2.h>
#include <sys/mman.h>

enum { SALT = 16, HASH = 32, SALT_MAX = 64, MEMORY_KB_MAX = 1 << 20, PASSES_MAX = 64, LANES_MAX = 16 };

struct argon2_text {
    uint32_t memory, passes, lanes;
    unsigned char salt[SALT_MAX], hash[HASH];
    size_t salt_n;
};

static int map(uint8_t **memory, size_t n)
{
    void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *memory = p == MAP_FAILED ? NULL : p;
    return p == MAP_FAILED ? ARGON2_MEMORY_ALLOCATION_ERROR : ARGON2_OK;
}

static void unmap(uint8_t *memory, size_t n)
{
    munmap(memory, n);
}

static enum status hash_of(struct str password, struct argon2_text *t, unsigned char out[HASH])
{
    argon2_context context = {
        .out = out,
        .outlen = HASH,
        .pwd = (uint8_t *)(uintptr_t)(password.p ? password.p : ""),
        .pwdlen = (uint32_t)password.n,
        .salt = t->salt,
        .saltlen = (uint32_t)t->salt_n,
        .t_cost = t->passes,
        .m_cost = t->memory,
        .lanes = t->lanes,
        .threads = 1,
        .version = ARGON2_VERSION_13,
        .allocate_cbk = map,
        .free_cbk = unmap,
        .flags = ARGON2_DEFAULT_FLAGS,
    };
    int error = argon2_ctx(&context, Argon2_id);
    if (error == ARGON2_OK)
        return OK;
    return error == ARGON2_MEMORY_ALLOCATION_ERROR ? E_MEMORY : E_CORRUPT;
}

/* Base64 without padding, as the form wants it. */
static void add_bare_base64(struct buf *out, const unsigned char *p, size_t n)
{
    buf_base64(out, str_n(p, n));
    while (out->n && out->p[out->n - 1] == '=')
        buf_cut(out, out->n - 1);
}

static bool read_bare_base64(struct str text, unsigned char *out, size_t max, size_t *n)
{
    SCOPED_BUF(padded, 256);
    SCOPED_BUF(bytes, 256);
    buf_add(&padded, text);
    while (padded.n % 4)
        buf_addc(&padded, '=');
    if (padded.st != OK || !buf_unbase64(&bytes, buf_view(&padded)) || bytes.n > max || !bytes.n)
        return false;
    memcpy(out, bytes.p, bytes.n);
    *n = bytes.n;
    return true;
}

/* "m=19456" in `text` for name 'm'. */
static bool read_cost(struct str *rest, char name, uint64_t max, uint32_t *out)
{
    struct str part;
    uint64_t value;
    if (!str_split(rest, ',', &part) || part.n < 3 || part.p[0] != name || part.p[1] != '=')
        return false;
    if (!str_u64(str_from(part, 2), &value) || !value || value > max)
        return false;
    *out = (uint32_t)value;
    return true;
}

static bool read_text(struct str data, struct argon2_text *t)
{
    struct str parts[6], rest = data, costs;
    size_t n = 0, hash_n;
    while (n < COUNT_OF(parts) && str_split(&rest, '$', &parts[n]))
        n++;
    if (n != COUNT_OF(parts) || rest.p || parts[0].n || !str_eq(parts[1], STR("argon2id")) ||
        !str_eq(parts[2], STR("v=19")))
        return false;
    costs = parts[3];
    return read_cost(&costs, 'm', MEMORY_KB_MAX, &t->memory) &&
           read_cost(&costs, 't', PASSES_MAX, &t->passes) && read_cost(&costs, 'p', LANES_MAX, &t->lanes) &&
           !costs.p && read_bare_base64(parts[4], t->salt, SALT_MAX, &t->salt_n) && t->salt_n >= 8 &&
           read_bare_base64(parts[5], t->hash, HASH, &hash_n) && hash_n == HASH;
}

static void write_text(const struct argon2_text *t, struct buf *out)
{
    buf_addf(out, "$argon2id$v=19$m=%u,t=%u,p=%u$", t->memory, t->passes, t->lanes);
    add_bare_base64(out, t->salt, t->salt_n);
    buf_addc(out, '$');
    add_bare_base64(out, t->hash, HASH);
}

static struct argon2_text new_text(void)
{
    struct argon2_text t = {.memory = ARGON2_MEMORY_KB, .passes = ARGON2_PASSES, .lanes = 1, .salt_n = SALT};
    random_bytes(t.salt, SALT);
    return t;
}

enum status password_make(struct str password, struct buf *out)
{
    struct argon2_text t = new_text();
    enum status st = hash_of(password, &t, t.hash);
    if (st != OK)
        return st;
    write_text(&t, out);
    return out->st;
}

void password_decoy(struct buf *out)
{
    struct argon2_text t = new_text();
    random_bytes(t.hash, HASH);
    write_text(&t, out);
}

enum status password_verify(struct str data, struct str password)
{
    struct argon2_text t;
    unsigned char hash[HASH];
    if (!read_text(data, &t))
        return E_CORRUPT;
    enum status st = hash_of(password, &t, hash);
    if (st != OK)
        return st;
    bool equal = hash_equal(hash, t.hash, HASH);
    hash_wipe(hash, sizeof hash);
    return equal ? OK : UNAUTHENTICATED;
}

/* Tests of credentials: argon2id text, SCRAM verifiers (with the exchange of RFC 7677), app passwords. */
#include "tests/unit/test.h"

#include "core/clock.h"
#include "directory/credential.h"

static void argon2_verifies(void **state)
{
    (void)state;
    SCOPED_BUF(data, CREDENTIAL_BYTES);
    SCOPED_BUF(other, CREDENTIAL_BYTES);
    assert_ok(password_make(STR("correct horse"), &data));
    assert_ok(password_make(STR("correct horse"), &other));
    assert_true(str_starts(buf_view(&data), STR("$argon2id$v=19$m=19456,t=2,p=1$")));
    assert_false(str_eq(buf_view(&data), buf_view(&other))); /* a salt of its own */
    assert_ok(password_verify(buf_view(&data), STR("correct horse")));
    assert_status(password_verify(buf_view(&data), STR("correct horsf")), UNAUTHENTICATED);
    assert_status(password_verify(buf_view(&data), STR("")), UNAUTHENTICATED);
}

/* Made by the reference program: echo -n password | argon2 somesalt -id -t 2 -k 256 -p 1 -e (its own test
 * vector). */
static void argon2_knows_the_reference(void **state)
{
    (void)state;
    struct str data =
        STR("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4");
    assert_ok(password_verify(data, STR("password")));
    assert_status(password_verify(data, STR("Password")), UNAUTHENTICATED);
}

static void broken_rows_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "x",
        "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=16$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=99999999,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=256,t=99,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=256,t=2,p=1,x=2$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=256,t=2,p=1$c2$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65",
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4$",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_status(password_verify(str_c(bad[i]), STR("password")), E_CORRUPT);
    static const char *const bad_scram[] = {
        "", "SCRAM-SHA-256$0:c2FsdA==$x:y",
        "SCRAM-SHA-1$4096:c2FsdA==$AA==:AA==", "SCRAM-SHA-256$4096:c2FsdA==$AA==:AA=="};
    struct scram_verifier v;
    for (size_t i = 0; i < COUNT_OF(bad_scram); i++)
        assert_status(scram_read(str_c(bad_scram[i]), &v), E_CORRUPT);
}

static void from_base64(const char *text, unsigned char out[SHA256_SIZE])
{
    SCOPED_BUF(b, 64);
    assert_true(buf_unbase64(&b, str_c(text)));
    assert_int_equal(b.n, SHA256_SIZE);
    memcpy(out, b.p, SHA256_SIZE);
}

/* RFC 7677 section 3: user "user", password "pencil". */
static void scram_knows_rfc7677(void **state)
{
    (void)state;
    struct scram_verifier v, again;
    unsigned char proof[SHA256_SIZE], signature[SHA256_SIZE];
    SCOPED_BUF(salt, 64);
    SCOPED_BUF(text, CREDENTIAL_BYTES);
    SCOPED_BUF(answer, 64);
    assert_true(buf_unbase64(&salt, STR("W22ZaJ0SNY7soEsUEjb6gQ==")));
    scram_derive(STR("pencil"), buf_view(&salt), 4096, &v);
    scram_write(&v, &text);
    assert_ok(scram_read(buf_view(&text), &again));
    from_base64("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", proof);
    struct str auth =
        STR("n=user,r=rOprNGfwEbeRWgbNEkqO,"
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
    assert_true(scram_proves(&again, auth, proof, signature));
    buf_base64(&answer, str_n(signature, sizeof signature));
    assert_str(buf_view(&answer), "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    proof[3] ^= 1;
    assert_false(scram_proves(&again, auth, proof, signature));
}

static void scram_rows_are_made(void **state)
{
    (void)state;
    struct scram_verifier v, w;
    SCOPED_BUF(data, CREDENTIAL_BYTES);
    assert_ok(scram_make(STR("secret"), &data));
    assert_ok(scram_read(buf_view(&data), &v));
    assert_int_equal(v.iterations, SCRAM_ITERATIONS);
    scram_derive(STR("secret"), str_n(v.salt, v.salt_n), v.iterations, &w);
    assert_memory_equal(v.stored_key, w.stored_key, SHA256_SIZE);
    assert_memory_equal(v.server_key, w.server_key, SHA256_SIZE);
}

static void app_passwords_are_readable_and_random(void **state)
{
    (void)state;
    unsigned char one[SHA256_SIZE], two[SHA256_SIZE];
    SCOPED_BUF(text, 100);
    SCOPED_BUF(second, 100);
    app_password_make(&text);
    app_password_make(&second);
    assert_int_equal(text.n, APP_PASSWORD_CHARS + 6);
    assert_int_equal(text.p[4], '-');
    assert_false(str_eq(buf_view(&text), buf_view(&second)));
    assert_true(app_password_hash(buf_view(&text), one));
    assert_true(app_password_hash(buf_view(&second), two));
    assert_memory_not_equal(one, two, SHA256_SIZE);
    SCOPED_BUF(typed, 200); /* upper case, blanks for hyphens */
    for (size_t i = 0; i < text.n; i++)
        buf_addc(&typed, text.p[i] == '-' ? ' ' : ascii_upper(text.p[i]));
    assert_true(app_password_hash(buf_view(&typed), two));
    assert_memory_equal(one, two, SHA256_SIZE);
    buf_addc(&typed, 'a');
    assert_false(app_password_hash(buf_view(&typed), two));
    assert_false(app_password_hash(STR("secret"), two));
    assert_false(app_password_hash(STR("abcd-efgh-ijkl-mnop-qrst-uvwx-y1"), two));
    assert_false(app_password_hash(str_n("abcdefghijklmnopqrstuvwxy\0", 26), two));
}

/* All 128 bits reach the text: over many draws each of the first 25 letters takes all 32 values, the last one
 * eight. */
static void app_passwords_use_every_bit(void **state)
{
    (void)state;
    uint32_t seen[APP_PASSWORD_CHARS] = {0};
    random_seed(11);
    for (int draw = 0; draw < 2000; draw++) {
        SCOPED_BUF(text, 100);
        size_t n = 0;
        app_password_make(&text);
        for (size_t i = 0; i < text.n; i++)
            if (text.p[i] != '-')
                seen[n++] |= 1U << (text.p[i] >= 'a' ? text.p[i] - 'a' : text.p[i] - '2' + 26);
    }
    random_seed(0);
    for (size_t i = 0; i < APP_PASSWORD_CHARS - 1; i++)
        assert_int_equal(seen[i], UINT32_MAX);
    assert_int_equal(__builtin_popcount(seen[APP_PASSWORD_CHARS - 1]), 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(argon2_verifies),
        cmocka_unit_test(argon2_knows_the_reference),
        cmocka_unit_test(broken_rows_are_refused),
        cmocka_unit_test(scram_knows_rfc7677),
        cmocka_unit_test(scram_rows_are_made),
        cmocka_unit_test(app_passwords_are_readable_and_random),
        cmocka_unit_test(app_passwords_use_every_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
